"""Limits, times and the log at a reload."""

import os
import signal

from harness import configuration, frames
from harness.connection import LOCAL
from harness.deadline import wait_until
from harness.handshake import Request, check_refusal, read_response
from harness.reloading import ReloadTest

KIB = 1 << 10


class ProcessTest(ReloadTest):
    """Limits, times and the log change for everybody."""

    def test_limits_of_connections_change(self):
        for _ in self.each_number_of_workers():
            self.reload(limits={'connections': 1})
            client = self.client()
            self.assert_refused(Request('/').encode(), 503)
            self.reload(limits={'connections': 3})
            other = self.client()
            other.close_orderly()
            client.close_orderly()

    def test_limits_of_handshakes_change_also_for_one_that_has_begun(self):
        for _ in self.each_number_of_workers():
            long = Request('/?' + 'q' * 2000).encode()
            begun = {length: self.connect() for length in (1500, 2040)}  # in the line, behind it
            for length, connection in begun.items():
                connection.send(long[:length])
            self.client().close_orderly()
            self.reload(limits={'request_line': '1KiB', 'header_size': '64KiB'})
            for length, connection in begun.items():
                connection.send(long[length:])
                response = read_response(connection)
                self.assertEqual(response.status, 414)
                check_refusal(response)
                connection.close()
            self.reload(limits={'request_line': '4KiB', 'header_size': '1KiB'})
            self.assert_refused(long, 431)
            self.reload(limits={})
            self.assert_accepted(Request('/?' + 'q' * 2000)).close_orderly()

    def test_a_shorter_send_time_ends_who_takes_nothing(self):
        for _ in self.each_number_of_workers(defaults={'send_queue': {'size': '64MiB'}},
                                             timeouts={'send': '1h'}):
            member = self.client('/room/unread', LOCAL)
            sender = self.client('/room/unread')
            for _ in range(1000):
                sender.send(frames.binary(b'u' * 16 * KIB))
            sender.send(frames.ping(b'all accepted'))
            sender.expect_pong(b'all accepted')
            self.reload(timeouts={'send': '100ms'})
            self.daemon.log.wait_for('closed', reason='the peer took nothing for timeouts.send')
            member.close()
            sender.close_orderly()
            self.reload(timeouts={})

    def test_level_and_access_log_change(self):
        self.start_everywhere()
        old = self.client()
        old.echo()
        self.reload(log={'level': 'notice', 'format': 'json', 'access': False})
        position = self.daemon.log.position()
        self.assert_refused(Request('/nowhere').encode(), 404)
        self.client().close_orderly()
        self.reload(log={'level': 'info', 'format': 'json', 'access': True})
        messages = [event.message for event in self.daemon.log.since(position)]
        self.assertEqual(messages, ['reloaded'])
        old.close_orderly()
        self.daemon.log.wait_for('closed')

    def test_the_target_and_its_format_change(self):
        for _ in self.each_number_of_workers():
            file = self.directory / 'new.log'
            self.client().close_orderly()
            self.daemon.log.wait_for('started')
            self.daemon.log.wait_for('closed')
            position = self.daemon.log.position()
            content = {**self.daemon.content,
                       'log': {'level': 'info', 'format': 'text', 'access': True,
                               'target': str(file)}}
            configuration.write(content, self.daemon.file)
            self.daemon.signal(signal.SIGHUP)
            wait_until(lambda: file.exists() and ' reloaded ' in file.read_text(), 'the new file')
            self.client().close_orderly()
            wait_until(lambda: ' closed ' in file.read_text(), 'the access log to go there')
            self.assertEqual(self.daemon.log.since(position), [])
            self.reload(dict(self.daemon.content))
            self.assertNotIn('reloaded', file.read_text().splitlines()[-1])
            self.client().close_orderly()
            file.unlink()

    def test_a_fifo_is_a_target_only_while_somebody_reads_it(self):
        self.expect_error_line('No such device or address')
        self.start_everywhere()
        fifo = self.directory / 'fifo'
        os.mkfifo(fifo)
        log = {**self.daemon.content['log'], 'target': str(fifo)}
        self.reload_in_vain(log=log)
        client = self.client()
        client.close_orderly()
        client.close()
        self.daemon.log.wait_for_count('closed', 1)
        with open(os.open(fifo, os.O_RDONLY | os.O_NONBLOCK), 'rb') as reader:
            configuration.write({**self.daemon.content, 'log': log}, self.daemon.file)
            self.daemon.signal(signal.SIGHUP)
            wait_until(lambda: b'"reloaded"' in (reader.read() or b''), 'the log to go there')
            self.reload(self.daemon.content)

    def test_the_level_of_the_command_line_stays(self):
        self.start(arguments=['-l', 'notice'])
        self.reload(log={'level': 'debug', 'format': 'json', 'access': False})
        self.client().close_orderly()
        levels = {event.level for event in self.daemon.log.since(0)}
        self.assertNotIn('debug', levels)
