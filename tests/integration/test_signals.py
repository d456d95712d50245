"""Signals: TERM and INT stop the daemon with nothing lost and nobody waited for too long."""

import errno
import os
import shutil
import signal
import struct
import tempfile
from pathlib import Path

from harness import certificates, configuration, frames
from harness.connection import (FIN, LOCAL, PLAIN, RESET, SECURE, TRUNCATED, Connection,
                                connect_socket)
from harness.daemon import Daemon
from harness.deadline import wait_until
from harness.frames import BINARY, TEXT
from harness.handshake import check_refusal, read_response
from harness.stopping import EVERY_TRANSPORT, KIB, SignalTest

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopTest(SignalTest):
    """The first TERM or INT."""

    def test_open_connections_are_closed_with_1001(self):
        for number in STOP_SIGNALS:
            for workers in (1, 3):
                with self.subTest(signal=number.name, workers=workers):
                    self.start_everywhere(workers=workers)
                    clients = [self.client(path, mode) for mode in EVERY_TRANSPORT
                               for path in ('/', '/room/signals')]
                    self.signal(number)
                    for client in clients:
                        self.end_with(1001, client)
                    self.assert_exits()
                    line = self.daemon.log.wait_for('told to end', signal=number.name)
                    self.assertEqual(line.get('sender'), os.getpid())

    def test_listeners_close_before_connections_do(self):
        for workers in (1, 3):
            with self.subTest(workers=workers):
                self.start_everywhere(workers=workers)
                client = self.client()
                self.signal()
                client.expect_close(1001)
                self.assert_refuses_connections()
                client.send(frames.close(1001))
                client.expect_end()
                client.close()
                self.assert_exits()

    def test_many_connections_are_closed(self):
        self.start_everywhere(workers=2)
        clients = [self.client(path) for path in ('/', '/room/many') * 100]
        self.signal()
        for client in clients:
            self.end_with(1001, client)
        self.assert_exits()

    def test_an_idle_daemon_ends_at_once(self):
        for number in STOP_SIGNALS:
            self.start_everywhere()
            self.signal(number)
            self.assert_exits()

    def test_echoes_that_were_accepted_are_sent_before_the_close(self):
        self.start_everywhere()
        count = 200
        clients = [self.client(mode=mode) for mode in EVERY_TRANSPORT]
        for client in clients:
            client.send(b''.join(frames.text(f'{number}') for number in range(count)))
            client.expect(TEXT, '0')
        self.signal()
        for client in clients:
            for number in range(1, count):
                client.expect(TEXT, f'{number}')
            self.end_with(1001, client)
        self.assert_exits()

    def test_publications_that_were_accepted_are_sent_before_the_close(self):
        self.start_everywhere(defaults={'send_queue': {'size': '64MiB'}})
        members = [self.client('/room/accepted', mode, receive_buffer=4 * KIB)
                   for mode in EVERY_TRANSPORT]
        sender = self.client('/room/accepted')
        payloads = [struct.pack('!I', number) * (4 * KIB) for number in range(500)]
        for payload in payloads:
            sender.send(frames.binary(payload))
        sender.send(frames.ping(b'all accepted'))
        sender.expect_pong(b'all accepted')
        self.signal()
        self.end_with(1001, sender)
        for member in members:
            for payload in payloads:
                member.expect(BINARY, payload)
            self.end_with(1001, member)
        self.assert_exits()

    def test_a_message_that_is_only_half_there_does_not_hold_it_up(self):
        self.start_everywhere()
        clients = [self.client(path, mode) for mode in EVERY_TRANSPORT
                   for path in ('/', '/room/half')]
        for client in clients:
            client.send(frames.binary(b'x' * 1000, fin=False) +
                        frames.frame(frames.CONTINUATION, b'', declared=500000)[:-2])
        self.signal()
        for client in clients:
            client.expect_close(1001)
            client.close()
        self.assert_exits()

    def test_peers_that_leave_without_an_answer_are_not_waited_for(self):
        self.start_everywhere()
        ends = [(self.client(mode=mode), end) for mode in EVERY_TRANSPORT
                for end in ('close', 'reset', 'finish_sending')]
        self.signal()
        for client, end in ends:
            client.expect_close(1001)
            getattr(client, end)()
        self.assert_exits()


class PendingStopTest(SignalTest):
    """TERM while handshakes are under way: 503, or the end; never 101."""

    def test_pending_handshakes_are_refused_or_ended(self):
        self.start_everywhere()
        pending = [self.connect(mode) for mode in EVERY_TRANSPORT for _ in range(2)]
        for connection in pending[::2]:
            connection.send(b'GET / HTTP/1.1\r\nHost: localhost\r\n')
        self.client().close_orderly()
        self.signal()
        for connection in pending:
            self.assert_refused_or_ended(connection)
        self.assert_exits()

    def assert_refused_or_ended(self, connection):
        connection.sock.settimeout(15)
        try:
            response = read_response(connection)
        except AssertionError:
            self.assertIn(connection.ending, (FIN, RESET, TRUNCATED))
        else:
            self.assertEqual(response.status, 503)
            check_refusal(response)
            self.assertEqual(connection.read_end(), (FIN, b''))
        connection.close()

    def test_pending_tls_handshakes_are_ended(self):
        self.start_everywhere()
        socks = [connect_socket(self.daemon.address('secure')) for _ in range(3)]
        socks[0].send(b'\x16\x03\x01')
        self.client(mode=SECURE).close_orderly()
        self.signal()
        for sock in socks:
            ending, rest = Connection(sock).read_end()
            self.assertIn(ending, (FIN, RESET))
            self.assertEqual(rest, b'')
            sock.close()
        self.assert_exits()


class BoundedStopTest(SignalTest):
    """What ends a stop that peers hold up."""

    def test_a_peer_that_never_reads_does_not_hold_it_past_the_drain_time(self):
        for mode in EVERY_TRANSPORT:
            with self.subTest(mode=mode.name):
                self.start_with_queue(drain='500ms')
                self.unread(mode)
                self.signal()
                self.assert_exits(0.5)

    def test_peers_that_never_answer_do_not_hold_it_past_the_drain_time(self):
        self.start_everywhere({'drain': '500ms'})
        clients = [self.client(mode=mode) for mode in EVERY_TRANSPORT]
        self.signal()
        for client in clients:
            client.expect_close(1001)
        self.assert_exits(0.5)

    def test_peers_that_never_answer_hold_it_for_the_close_time_only(self):
        self.start_everywhere({'close': '3500ms'})  # longer than by default
        clients = [self.client(mode=mode) for mode in EVERY_TRANSPORT]
        self.signal()
        for client in clients:
            client.expect_close(1001)
        self.assert_exits(3.5)

    def test_a_second_signal_ends_it_at_once(self):
        for first in STOP_SIGNALS:
            for second in STOP_SIGNALS:
                with self.subTest(first=first.name, second=second.name):
                    self.start_with_queue()
                    client = self.client()
                    self.unread(LOCAL)
                    self.signal(first)
                    client.expect_close(1001)
                    self.signal(second)
                    self.assert_exits()


class EarlyTest(SignalTest):
    """HUP, USR1 and USR2 while nobody handles them yet: they end nothing, and are not lost."""

    def launch_half_way(self):
        """A daemon that waits for its key; returns the descriptor that the key is written to."""
        directory = Path(tempfile.mkdtemp(prefix='wsrelayd-test-'))
        self.addCleanup(shutil.rmtree, directory)
        certificate, self.key = certificates.get('localhost')
        self.fifo = directory / 'server.key'
        os.mkfifo(self.fifo)
        listeners = [configuration.PLAIN,
                     configuration.tls_listener([(certificate, self.fifo)])]
        self.daemon = Daemon(configuration.configuration(listeners=listeners))
        self.addCleanup(self.daemon.remove)
        self.daemon.launch()
        return wait_until(self.open_fifo, 'the daemon to wait for its key')

    def open_fifo(self):
        try:
            return os.open(self.fifo, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            self.assertEqual(error.errno, errno.ENXIO)  # nobody reads it
            return None

    def go_on(self, descriptor):
        """The key comes, and any later reading finds a file."""
        renamed = self.fifo.with_suffix('.new')
        shutil.copy(self.key, renamed)
        renamed.replace(self.fifo)
        with open(descriptor, 'wb') as stream:
            stream.write(self.key.read_bytes())

    def test_those_that_come_during_the_start_wait_for_its_end(self):
        descriptor = self.launch_half_way()
        for number in (signal.SIGHUP, signal.SIGUSR1):
            self.daemon.signal(number)
        self.go_on(descriptor)
        self.daemon.wait_listening()
        self.daemon.log.wait_for('reloaded')
        self.check_serving()
        self.check_stop()
        self.check_log()

    def test_a_drain_that_is_asked_for_during_the_start_follows_it(self):
        descriptor = self.launch_half_way()
        self.signal(signal.SIGUSR2)
        self.go_on(descriptor)
        self.assert_exits()
        self.daemon.log.wait_for('draining')
