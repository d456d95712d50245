"""The log: what its lines say, in which format, at which level and where; that nothing from the
network can forge one; and that writing it never holds anything up."""

import fcntl
import os
import re
import shutil
import signal
import tempfile
from pathlib import Path

from harness import certificates, configuration, frames
from harness.case import DaemonTest
from harness.client import Client
from harness.connection import LOCAL, PLAIN, SECURE, Connection, client_hello, connect_socket
from harness.daemon import Daemon
from harness.deadline import Deadline, Stopwatch, wait_until
from harness.frames import TEXT
from harness.handshake import Request, read_response
from harness.log import Event, Log

OPENED = ['time', 'level', 'message', 'remote', 'route', 'tls', 'subprotocol']
CLOSED = [*OPENED, 'code', 'reason', 'duration_ms', 'messages_in', 'messages_out', 'bytes_in',
          'bytes_out']
TIME = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z')


class LogTest(DaemonTest):
    """A directory for files, and daemons on every transport."""

    def setUp(self):
        super().setUp()
        self.directory = Path(tempfile.mkdtemp(prefix='wsrelayd-test-'))
        self.addCleanup(shutil.rmtree, self.directory)

    def configured(self, log=None, **top):
        secure = configuration.tls_listener([certificates.get('localhost')])
        local = configuration.unix_listener(self.directory / 'ws.sock')
        return configuration.configuration(listeners=[configuration.PLAIN, secure, local], log=log,
                                           **top)

    def start_logging(self, log=None, arguments=(), **top):
        return self.start(self.configured(log, **top), arguments=arguments)

    def launch_on_unix_socket(self, log, **options):
        """A daemon whose log does not say when it listens."""
        path = self.directory / 'ws.sock'
        listener = {'name': 'plain', 'address': f'unix:{path}'}
        self.daemon = Daemon(configuration.configuration(listeners=[listener], log=log), **options)
        self.addCleanup(self.daemon.remove)
        self.daemon.launch()
        self.daemon.addresses['plain'] = [str(path)]
        wait_until(lambda: self.listens(path), f'somebody to listen on {path}')
        self.check_serving()

    @staticmethod
    def listens(path):
        """The socket is there before it listens."""
        try:
            connect_socket(str(path)).close()
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True

    def open_and_close(self, code=1000):
        with Client(connect_socket(self.daemon.address())).open() as client:
            client.close_orderly(code)


class AccessTest(LogTest):
    """Two lines for each connection, with the fields of the manual, in both formats."""

    ROUTES = [{**configuration.ECHO_ROUTE, 'subprotocols': ['chat.v2']}, configuration.ROOM_ROUTE]
    FORMATS = ('json', 'text')

    def in_each_format(self):
        for log_format in self.FORMATS:
            self.start_logging({'format': log_format}, routes=self.ROUTES)
            yield log_format
            self.assertEqual(self.daemon.stop(), 0)

    def lines(self):
        """The one line `opened` and the one line `closed`, once it is there."""
        closed, = self.daemon.log.wait_for_count('closed', 1)
        opened, = self.daemon.log.with_message('opened')
        return opened, closed

    def assert_fields(self, event, **wanted):
        for name, value in wanted.items():
            self.assertEqual(str(event.get(name)), str(value), f'{name} in {event}')

    def test_all_fields_in_order(self):
        for _ in self.in_each_format():
            self.client().close_orderly()
            opened, closed = self.lines()
            self.assertEqual(list(opened.fields), OPENED)
            self.assertEqual(list(closed.fields), CLOSED)
            for event in (opened, closed):
                self.assertRegex(event.get('time'), TIME)
                self.assertEqual(event.level, 'info')

    def test_who_and_how_on_each_transport(self):
        for mode, tls in ((PLAIN, 'none'), (SECURE, 'TLSv1.3'), (LOCAL, 'none')):
            for _ in self.in_each_format():
                client = self.client(mode=mode, request=Request().add('Sec-WebSocket-Protocol',
                                                                      'chat.v2'))
                name = client.sock.getsockname()
                remote = f'{name[0]}:{name[1]}' if isinstance(name, tuple) else 'unix:'
                client.close_orderly()
                for event in self.lines():
                    self.assert_fields(event, remote=remote, tls=tls, route='/',
                                       subprotocol='chat.v2')

    def test_messages_and_payload_bytes_each_way(self):
        for _ in self.in_each_format():
            client = self.client()
            for size in (0, 10, 200, 70000):
                client.send(frames.binary(b'x' * size))
                self.assertEqual(len(client.next_message().payload), size)
            client.send(frames.ping(b'is no message'))
            client.expect_pong(b'is no message')
            client.close_orderly()
            self.assert_fields(self.lines()[1], messages_in=4, messages_out=4, bytes_in=70210,
                               bytes_out=70210)

    def test_messages_of_rooms_count_where_they_go(self):
        self.start_logging(routes=self.ROUTES)
        sender, member = self.client('/room/log'), self.client('/room/log')
        for number in range(3):
            sender.send(frames.text(f'{number}'))
            member.expect(TEXT, f'{number}')
        sender.close_orderly()
        self.assert_fields(self.daemon.log.wait_for('closed'), messages_in=3, messages_out=0,
                           bytes_in=3, bytes_out=0, route='/room/{name}')
        member.close_orderly()
        self.assert_fields(self.daemon.log.wait_for_count('closed', 2)[1], messages_in=0,
                           messages_out=3, bytes_in=0, bytes_out=3)

    def test_code_and_reason_of_every_end(self):
        ends = [
            (lambda client: client.send(frames.close(1000, 'work is done')), 1000, 'work is done'),
            (lambda client: client.send(frames.close(4321)), 4321, ''),
            (lambda client: client.send(frames.close()), 1005, ''),
            (lambda client: client.finish_sending(), 1006, None),
            (lambda client: client.reset(), 1006, None),
            (lambda client: client.send(frames.frame(0x7)), 1002, None),
            (lambda client: client.send(frames.text(b'\xff')), 1007, None),
            (lambda client: client.send(frames.binary(b'', declared=1 << 40)), 1009, None),
        ]
        for end, code, reason in ends:
            for log_format in self.in_each_format():
                client = self.client()
                end(client)
                client.close()
                with self.subTest(code=code, format=log_format):
                    closed = self.lines()[1]
                    self.assert_fields(closed, code=code)
                    if reason is None:
                        self.assertRegex(closed.get('reason'), r'\w+ \w+', 'a sentence')
                    else:
                        self.assert_fields(closed, reason=reason)

    def test_the_duration(self):
        self.start_logging()
        since_before = Stopwatch()
        client = self.client()
        since_opened = Stopwatch()
        wait_until(lambda: since_opened.seconds() > 0.2, 'some time to pass')
        client.close_orderly()
        duration = self.lines()[1].get('duration_ms')
        self.assertGreaterEqual(duration, 199)  # both ends are cut to whole milliseconds
        self.assertLessEqual(duration, since_before.seconds() * 1000 + 1)


class LevelTest(LogTest):
    """log.level and -l."""

    def levels(self):
        return {event.level for event in self.daemon.log.since(0)}

    def test_lines_below_the_level_are_not_written(self):
        for level, expected in (('debug', {'debug', 'notice'}), ('notice', {'notice'})):
            self.start_logging({'level': level, 'access': False})
            self.open_and_close()
            self.assertEqual(self.daemon.stop(), 0)
            self.assertEqual(self.levels() - {'warning'}, expected)

    def test_at_level_error_a_good_run_says_nothing(self):
        self.launch_on_unix_socket({'level': 'error', 'access': False})
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(self.daemon.log.since(0), [])

    def test_the_access_log_does_not_depend_on_the_level(self):
        self.launch_on_unix_socket({'level': 'error', 'access': True})
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual([event.message for event in self.daemon.log.since(0)],
                         ['opened', 'closed'])

    def test_the_command_line_has_the_last_word(self):
        self.start_logging({'level': 'error', 'access': False}, arguments=['-l', 'debug'])
        self.open_and_close()
        self.daemon.log.wait_for('closed', level='debug')

    def test_ends_that_matter_are_told_without_an_access_log(self):
        self.start_logging({'access': False})
        self.open_and_close()
        client = self.client()
        client.send(frames.frame(0x7))
        client.expect_failure(1002)
        client.close()
        self.assertEqual(self.daemon.log.wait_for('closed').get('code'), 1002)
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(len(self.daemon.log.with_message('closed')), 1)

    def test_refused_handshakes_are_told_with_their_status(self):
        self.start_logging({'access': False})
        self.assert_refused(Request('/nowhere').encode(), 404)
        line = self.daemon.log.wait_for('refused', status=404, listener='plain')
        self.assertRegex(line.get('remote'), r'127\.0\.0\.1:\d+')
        self.assertRegex(line.get('reason'), r'\w+ \w+')


class FileTest(LogTest):
    """A file as target, and its reopening after a rotation."""

    def start_in_file(self):
        self.path = self.directory / 'ws.log'
        self.path.write_text('from before\n', encoding='ascii')
        self.launch_on_unix_socket({'target': str(self.path)})

    def events(self, path=None):
        text = (path or self.path).read_text(encoding='ascii')
        return [Event(line) for line in text.splitlines()]

    def wait_for_closed(self, count, path=None):
        path = path or self.path
        wait_until(lambda: path.exists() and
                   [event.message for event in self.events(path)].count('closed') == count,
                   f'{count} lines "closed" in {path}')

    def test_lines_are_appended_and_standard_error_stays_empty(self):
        self.start_in_file()
        self.assertEqual(self.daemon.stop(), 0)
        events = self.events()
        self.assertEqual(events[0].text, 'from before')
        self.assertEqual(events[-1].message, 'stopped')
        self.assertEqual(self.daemon.log.since(0), [])

    def test_usr1_goes_on_in_a_new_file_and_loses_no_line(self):
        self.start_in_file()
        self.wait_for_closed(1)
        renamed = self.directory / 'ws.log.1'
        self.path.rename(renamed)
        self.open_and_close()
        self.wait_for_closed(2, renamed)
        self.daemon.signal(signal.SIGUSR1)
        wait_until(self.path.exists, 'the new file')
        self.open_and_close()
        self.wait_for_closed(1)
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(len([event for event in self.events(renamed)
                              if event.message == 'closed']), 2)
        self.assertEqual(self.events()[-1].message, 'stopped')
        self.assertEqual([event for event in self.events() if event.fields is None], [])

    def test_rotation_under_load_neither_loses_nor_tears_a_line(self):
        self.start_in_file()
        count = 200
        for number in range(count):
            if number % 40 == 20:
                self.path.rename(self.directory / f'ws.log.{number}')
                self.daemon.signal(signal.SIGUSR1)
                wait_until(self.path.exists, 'the new file')
            self.open_and_close()
        self.assertEqual(self.daemon.stop(), 0)
        events = [event for path in self.directory.glob('ws.log*') for event in self.events(path)]
        for message in ('opened', 'closed'):
            self.assertEqual(len([event for event in events if event.message == message]),
                             count + 1)
        self.assertEqual([event.text for event in events if event.fields is None],
                         ['from before'])

    def test_when_it_cannot_be_reopened_the_old_file_stays(self):
        self.start_in_file()
        moved = self.directory / 'moved.log'
        self.path.rename(moved)
        self.path.mkdir()
        self.daemon.signal(signal.SIGUSR1)
        wait_until(lambda: [event for event in self.events(moved) if event.level == 'error'],
                   'an error in the old file')
        self.open_and_close()
        self.wait_for_closed(2, moved)
        self.assertEqual(self.daemon.stop(), 0)


class JournalTest(LogTest):
    """Under systemd the lines carry the journal's priority."""

    PRIORITIES = {'error': 3, 'warning': 4, 'notice': 5, 'info': 6, 'debug': 7}

    def test_lines_to_the_journal_start_with_their_priority(self):
        ours, theirs = os.pipe()
        self.addCleanup(os.close, ours)
        status = os.fstat(theirs)
        stream = f'{status.st_dev}:{status.st_ino}'
        self.launch_on_unix_socket({'format': 'text'}, standard_error=theirs,
                                   environment={'JOURNAL_STREAM': stream})
        os.close(theirs)
        self.assertEqual(self.daemon.stop(), 0)
        lines = os.read(ours, 1 << 16).decode('ascii').splitlines()
        self.assertGreater(len(lines), 3)
        for line in lines:
            priority, level = re.match(r'<(\d)>(\w+) ', line).groups()
            self.assertEqual(int(priority), self.PRIORITIES[level], line)

    def test_elsewhere_they_do_not(self):
        self.start_logging(arguments=['-l', 'debug'])
        self.assertEqual([event for event in self.daemon.log.since(0)
                          if event.text.startswith('<')], [])


class InjectionTest(LogTest):
    """C13: whatever comes in on the network, one event is one line of printable ASCII."""

    FORGED = b'{"time":"x","level":"error","message":"forged"}'
    TEXT_FORGED = b'2026-01-01T00:00:00.000Z error forged'
    PAYLOADS = {
        'CRLF': b'a\r\n' + FORGED + b'\r\n' + TEXT_FORGED + b'\r\nb',
        'LF': b'a\n' + FORGED + b'\n' + TEXT_FORGED + b'\nb', 'CR': b'a\r' + FORGED,
        'ESC': b'\x1b[2J\x1b]0;title\x07', 'NUL': b'a\0b', 'U+2028': '\u2028\u2029\x85'.encode(),
        '0xFF': b'\xff\xfe', 'quotes': b'"\\","level":"error","x":"', 'DEL': b'\x7f\x08',
        'long': b'L' * (64 << 10),
    }
    FIELDS = ('Host', 'Upgrade', 'Connection', 'Sec-WebSocket-Key', 'Sec-WebSocket-Version',
              'Origin', 'Sec-WebSocket-Protocol', 'Sec-WebSocket-Extensions', 'User-Agent',
              'X-Forwarded-For', 'Cookie')
    MESSAGES = {'opened', 'closed', 'refused', 'ended before the upgrade', 'state changed',
                'listening', 'started', 'told to end', 'stopping', 'stopped',
                'more lines were left out'}

    def start_strict(self, log_format):
        self.start_logging({'format': log_format, 'level': 'debug'},
                           defaults={'subprotocols': ['a'], 'origins': ['https://example.org']})

    def in_each_format(self):
        for log_format in ('json', 'text'):
            self.start_strict(log_format)
            yield log_format
            self.assertEqual(self.daemon.stop(), 0)
            self.check_lines(log_format)

    def check_lines(self, log_format):
        for event in self.daemon.log.since(0):
            self.assertRegex(event.text, r'\A[ -~]+\Z', 'not printable ASCII')
            self.assertIsNotNone(event.fields, f'not an event: {event.text}')
            self.assertEqual(event.text.startswith('{'), log_format == 'json', event.text)
            if event.level != 'warning':
                self.assertIn(event.message, self.MESSAGES)
            self.assertLess(len(event.text), 16384)

    def requests(self):
        """Heads with a payload in each place that a client chooses."""
        for payload in self.PAYLOADS.values():
            for field in self.FIELDS:
                yield Request().without(field).add(field, payload.decode('latin-1')).encode()
            good = Request().encode()
            yield good.replace(b'GET /', b'GET /' + payload, 1)
            yield good.replace(b'GET /', b'GET /room/x?' + payload, 1)
            yield payload + good
            yield good.replace(b'HTTP/1.1', b'HTTP/1.1' + payload, 1)
            yield good.replace(b'Host', payload, 1)

    def test_requests(self):
        for _ in self.in_each_format():
            for head in self.requests():
                with Connection(connect_socket(self.daemon.address())) as connection:
                    connection.send(head)
                    response = read_response(connection)
                    self.assertIn(response.status, (101, 400, 403, 404, 405, 414, 426, 431, 505))

    def test_requests_are_one_line_each(self):
        self.start_logging({'level': 'info', 'access': False})
        count = 40
        for number, head in zip(range(count), self.requests()):
            connection, response = self.request(head)
            self.assertEqual(response.status == 101, False, f'{number}: {head[:200]}')
            connection.close()
        self.daemon.log.wait_for_count('refused', count)
        self.assertEqual(len(self.daemon.log.with_message('refused')), count)

    def test_close_reasons(self):
        good = [payload for payload in self.PAYLOADS.values() if len(payload) <= 123]
        for log_format in self.in_each_format():
            for number, payload in enumerate(good):
                client = self.client(request=Request().add('Origin', 'https://example.org'))
                client.send(frames.close(1000, payload))
                client.skip_to_close(1000, 1007)
                client.close()
                closed = self.daemon.log.wait_for_count('closed', number + 1)[number]
                if payload[:1] != b'\xff' and log_format == 'json':
                    self.assertEqual(closed.get('reason').encode('latin-1'), payload)

    def test_addresses_of_unix_peers_and_server_names(self):
        for _ in self.in_each_format():
            sock = connect_socket(self.daemon.address('local'), source='\0a\r\nb\x1b[2J"\\')
            with Client(sock).open(Request()) as client:
                client.echo('from an odd address')
            for name in ('a\r\n{"x":1}\r\nb', '\x1b[2J\0\xff"\\ab', 'x' * 60):
                with Connection(connect_socket(self.daemon.address('secure'))) as connection:
                    connection.send(client_hello(name))
                    connection.receive(Deadline('the answer to a ClientHello'))


class FloodTest(LogTest):
    """Lines that come in floods are thinned, and the missing ones are counted."""

    def test_refusals_are_thinned_and_counted(self):
        self.start_logging({'access': False})
        stopwatch = Stopwatch()
        count = 400
        for _ in range(count):
            connection, response = self.request(Request('/nowhere').encode())
            self.assertEqual(response.status, 404)
            connection.close()
        seconds = stopwatch.seconds()
        self.daemon.log.wait(lambda events: self.told(events) == count,
                             f'{count} refusals, told or counted')
        written = len(self.daemon.log.with_message('refused'))
        self.assertGreaterEqual(written, 50)
        self.assertLessEqual(written, 50 + 10 * (seconds + 1))

    @staticmethod
    def told(events):
        return sum(int(event.get('count')) if event.message == 'more lines were left out' else 1
                   for event in events
                   if event.message == 'refused' or event.get('like') == 'refused')

    def test_access_lines_are_never_thinned(self):
        self.start_logging()
        for _ in range(200):
            self.open_and_close()
        self.assertEqual(len(self.daemon.log.wait_for_count('closed', 200)), 200)
        self.assertEqual(len(self.daemon.log.with_message('opened')), 200)


class BlockedTest(LogTest):
    """Nobody reads standard error: the daemon serves, and stops, as ever."""

    # More lines than the daemon's own buffer takes, which is a MiB.
    CONNECTIONS = 2500

    def start_deaf(self):
        self.ours, theirs = os.pipe()
        fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, 4096)
        self.launch_on_unix_socket({'level': 'debug'}, standard_error=theirs)
        os.close(theirs)

    def flood(self):
        """Many connections, quickly, with two access lines and several others each."""
        request = Request().encode()
        for _ in range(self.CONNECTIONS):
            with connect_socket(self.daemon.address()) as sock:
                sock.sendall(request + frames.close(1000, 'r' * 123))
                while sock.recv(4096):
                    pass

    def test_service_and_stop_go_on(self):
        self.start_deaf()
        self.addCleanup(os.close, self.ours)
        self.flood()
        with Client(connect_socket(self.daemon.address())).open() as client:
            stopwatch = Stopwatch()
            client.echo('as ever')
            stopwatch.check(0, 0)
        stopwatch = Stopwatch()
        self.assertEqual(self.daemon.stop(), 0)
        stopwatch.check(0, 1)

    def test_signals_that_nobody_handles_any_more_do_not_end_it(self):
        """The end waits a second for the log: nothing else is left of the daemon by then."""
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
            with self.subTest(number.name):
                self.start_deaf()
                self.addCleanup(os.close, self.ours)
                for _ in range(20):
                    self.open_and_close()
                self.daemon.signal(signal.SIGTERM)
                wait_until(lambda number=number: not self.catches(number), 'the last second')
                self.daemon.signal(number)
                self.assertEqual(self.daemon.wait_exit(), 0)

    def catches(self, number):
        """Whether the daemon has a handler for a signal."""
        status = Path(f'/proc/{self.daemon.pid}/status').read_text(encoding='ascii')
        caught = re.search(r'SigCgt:\s+([0-9a-f]+)', status)
        return caught is not None and int(caught[1], 16) >> (number - 1) & 1 == 1

    def test_what_was_lost_meanwhile_is_counted(self):
        self.start_deaf()
        self.flood()
        log = Log(os.fdopen(self.ours, 'rb'))
        lost = log.wait_for('the log was held up')
        self.assertGreater(lost.get('lost'), 0, 'no line was lost: the flood was too small')
        self.assertEqual(self.daemon.stop(), 0)
        log.wait_for('stopped')
        self.assertEqual([event.text for event in log.join() if event.fields is None], [])

    def test_a_closed_pipe_is_no_hindrance(self):
        self.start_deaf()
        os.close(self.ours)
        for _ in range(20):
            self.open_and_close()
        self.assertEqual(self.daemon.stop(), 0)
