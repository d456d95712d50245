"""Descriptors: too few of them are survived, none is lost, and none is inherited."""

import os
import resource
import time
from pathlib import Path

from harness import certificates, configuration, frames
from harness.case import DaemonTest
from harness.connection import LOCAL, PLAIN, SECURE
from harness.daemon import Daemon
from harness.deadline import Stopwatch, wait_until
from harness.handshake import Request, read_response

EVERY_TRANSPORT = (PLAIN, SECURE, LOCAL)
CLOSE_ON_EXEC = 0o2000000


class DescriptorTest(DaemonTest):
    """Daemons on every transport."""

    def start_everywhere(self, **options):
        path = certificates.directory() / 'descriptors.sock'
        secure = configuration.tls_listener([certificates.get('localhost')])
        top = {name: options.pop(name) for name in ('workers', 'limits', 'log') if name in options}
        content = configuration.configuration(
            listeners=[configuration.PLAIN, secure, configuration.unix_listener(path)], **top)
        return self.start(content, **options)


class ShortageTest(DescriptorTest):
    """EMFILE: who is connected is served on, the CPU rests, and accepting goes on by itself."""

    # Accepting pauses for at most a second at a time.
    IDLE_SECONDS = 1.2

    def exhaust(self):
        """No new descriptor from here on."""
        self.daemon.limit_descriptors(1)

    def relieve(self):
        self.daemon.limit_descriptors(resource.prlimit(self.daemon.pid,
                                                       resource.RLIMIT_NOFILE)[1])

    def knock(self, mode=PLAIN):
        """A connection that waits in the backlog, its request sent."""
        connection = self.connect(mode)
        connection.send(Request().encode())
        return connection

    def each_worker_count(self, **options):
        for workers in (1, 2):
            self.start_everywhere(workers=workers, **options)
            yield workers
            self.assertEqual(self.daemon.stop(), 0)

    def test_those_connected_are_served_and_the_others_later(self):
        for workers in self.each_worker_count():
            clients = [self.client(path, mode) for mode in EVERY_TRANSPORT
                       for path in ('/', '/room/x')]
            self.exhaust()
            waiting = [self.knock(mode) for mode in (PLAIN, LOCAL) for _ in range(3)]
            self.wait_for_shortage()
            for client in clients[::2]:
                client.echo('served all the while')
            clients[1].send(frames.text('to the room'))
            clients[3].expect(frames.TEXT, 'to the room')
            self.relieve()
            for connection in waiting:
                self.assertEqual(read_response(connection).status, 101, f'{workers} workers')
            for connection in [*waiting, *clients]:
                connection.close()

    def wait_for_shortage(self):
        self.daemon.log.wait_for('cannot accept connections for the moment', level='warning')

    def test_accepting_resumes_when_others_have_left(self):
        for _ in self.each_worker_count():
            leaving = [self.client() for _ in range(3)]
            self.daemon.limit_descriptors(self.daemon.descriptor_count())
            waiting = [self.knock() for _ in range(3)]
            self.wait_for_shortage()
            for client, connection in zip(leaving, waiting):
                client.close_orderly()
                self.assertEqual(read_response(connection).status, 101)
            self.relieve()
            for connection in waiting:
                connection.close()

    def test_the_cpu_rests_meanwhile(self):
        for _ in self.each_worker_count():
            self.exhaust()
            waiting = [self.knock() for _ in range(20)]
            self.wait_for_shortage()
            before = self.daemon.cpu_seconds()
            time.sleep(self.IDLE_SECONDS)  # the time over which its use of the CPU is measured
            used = self.daemon.cpu_seconds() - before
            self.assertLess(used, 0.25 * self.IDLE_SECONDS, 'seconds of CPU time')
            self.assertLess(len(self.daemon.log.with_message(
                'cannot accept connections for the moment')), 30)
            self.relieve()
            for connection in waiting:
                self.assertEqual(read_response(connection).status, 101)
                connection.close()

    def test_it_can_be_stopped_meanwhile(self):
        # The leak check at the end would want descriptors of its own.
        environment = {'ASAN_OPTIONS': 'detect_leaks=0:exitcode=99'}
        for _ in self.each_worker_count(environment=environment):
            client = self.client()
            self.exhaust()
            self.knock()
            self.wait_for_shortage()
            stopwatch = Stopwatch()
            client.close()
            self.assertEqual(self.daemon.stop(), 0)
            stopwatch.check(0, 1)


class LimitTest(DescriptorTest):
    """limits.connections and the limit of the system."""

    def warnings(self):
        return [event for event in self.daemon.log.since(0)
                if event.level == 'warning' and 'limits.connections' in event.message]

    def limit_in_force(self):
        text = Path(f'/proc/{self.daemon.pid}/limits').read_text(encoding='ascii')
        line = next(line for line in text.splitlines() if line.startswith('Max open files'))
        return [int(number) for number in line.split()[3:5]]

    def test_the_soft_limit_is_raised_to_the_hard_one(self):
        self.start_everywhere(descriptors=(64, 1000), limits={'connections': 100})
        self.assertEqual(self.limit_in_force(), [1000, 1000])
        self.assertEqual(self.warnings(), [])

    def test_connections_are_lowered_to_what_it_allows_with_one_warning(self):
        self.start_everywhere(descriptors=(200, 200))
        warning, = self.warnings()
        in_force = warning.get('in_force')
        self.assertTrue(100 <= in_force <= 200 - 32, warning)
        clients = [self.client() for _ in range(in_force)]
        refused = [self.request(Request().encode())[1].status for _ in range(5)]
        self.assertEqual(refused, [503] * 5)
        for client in clients[:5]:
            client.echo('served')
        self.assertEqual(self.daemon.log.with_message('cannot accept connections for the moment'),
                         [])
        self.assertEqual(len(self.warnings()), 1)
        for client in clients:
            client.close()
        self.daemon.log.wait_for_count('closed', in_force)


class LeakTest(DescriptorTest):
    """Connections that end in every way at every point leave no descriptor behind."""

    ENDS = ('close', 'reset', 'finish_sending')

    # How far a connection comes: bytes sent before the 101, then bytes sent after it.
    HEADS = {'nothing sent': b'', 'half a head': Request().encode()[:50],
             'a bad head': b'GET / HTTP/1.1\r\n\r\n', 'no route': Request('/nowhere').encode()}
    AFTER = {
        'open': b'', 'half a header': b'\x82', 'half a frame': frames.binary(b'x' * 100)[:50],
        'half a message': frames.binary(b'x' * 5000, fin=False),
        'half a large message': frames.binary(b'x' * 200000)[:150000],
        'echoes unread': frames.binary(b'x' * 10000) * 15,
        'our Close': frames.close(1000), 'a failure': frames.frame(0x7),
        'a failure and more': frames.frame(0x7) + frames.text('x') * 1000,
    }

    def connections(self):
        """One (name, connection) for each transport and point."""
        for mode in EVERY_TRANSPORT:
            for name, data in self.HEADS.items():
                connection = self.connect(mode)
                connection.send(data)
                yield f'{name}, {mode.name}', connection
            for path in ('/', '/room/leak'):
                for name, data in self.AFTER.items():
                    client = self.client(path, mode)
                    client.send(data)
                    yield f'{name} on {path}, {mode.name}', client

    def end(self, connection, how):
        getattr(connection, how)()
        if how == 'finish_sending':
            self.read_away(connection)
        connection.close()

    @staticmethod
    def read_away(connection):
        """Up to the server's end."""
        connection.sock.settimeout(15)
        try:
            while connection.sock.recv(1 << 16):
                pass
        except TimeoutError:
            raise AssertionError('the server does not end a connection after our FIN') from None
        except OSError:
            pass

    def test_no_end_leaks_a_descriptor(self):
        self.start_everywhere()
        self.client().close_orderly()
        wait_until(lambda: self.daemon.log.with_message('closed'), 'the first close')
        before = self.daemon.descriptor_count()
        for how in self.ENDS:
            for name, connection in self.connections():
                with self.subTest(name, end=how):
                    self.end(connection, how)
        wait_until(lambda: self.daemon.descriptor_count() <= before,
                   f'only {before} descriptors to be open')
        self.check_one_close_each()

    def check_one_close_each(self):
        opened = self.daemon.log.with_message('opened')
        closed = self.daemon.log.wait_for_count('closed', len(opened))
        self.assertEqual(sorted(event.get('remote') for event in opened),
                         sorted(event.get('remote') for event in closed))

    def test_refused_ones_over_a_limit_leave_none(self):
        self.start_everywhere(limits={'connections': 2})
        clients = [self.client() for _ in range(2)]
        before = self.daemon.descriptor_count()
        for how in self.ENDS:
            for _ in range(30):
                self.end(self.connect(PLAIN), how)
        wait_until(lambda: self.daemon.descriptor_count() <= before,
                   f'only {before} descriptors to be open')
        for client in clients:
            client.close_orderly()
        self.daemon.log.wait_for_count('closed', 2)

    def test_everything_is_released_after_a_crowd(self):
        self.start_everywhere()
        before = self.daemon.descriptor_count()
        clients = [self.client(mode=mode) for mode in EVERY_TRANSPORT for _ in range(100)]
        self.assertEqual(self.daemon.descriptor_count(), before + len(clients))
        for client in clients:
            client.reset()
        wait_until(lambda: self.daemon.descriptor_count() <= before,
                   f'only {before} descriptors to be open')


class InheritanceTest(DescriptorTest):
    """Every descriptor is close-on-exec."""

    def flags(self):
        """What each open descriptor is, and its flags."""
        directory = Path(f'/proc/{self.daemon.pid}')
        for number in os.listdir(directory / 'fd'):
            text = (directory / 'fdinfo' / number).read_text(encoding='ascii')
            flags = next(line.split()[1] for line in text.splitlines() if line.startswith('flags:'))
            yield int(number), os.readlink(directory / 'fd' / number), int(flags, 8)

    def test_every_descriptor_is_close_on_exec(self):
        self.start_everywhere()
        clients = [self.client(path, mode) for mode in EVERY_TRANSPORT for path in ('/', '/room/x')]
        found = list(self.flags())
        self.assertGreater(len(found), 3 + 3 + len(clients), found)
        for number, target, flags in found:
            if number > 2:
                self.assertTrue(flags & CLOSE_ON_EXEC, f'descriptor {number}: {target}')
        for client in clients:
            client.close_orderly()

    def test_the_log_file_is_close_on_exec(self):
        directory = certificates.directory()
        log, path = directory / 'descriptors.log', directory / 'descriptors.sock'
        self.daemon = Daemon(configuration.configuration(
            listeners=[configuration.unix_listener(path)], log={'target': str(log)}))
        self.addCleanup(self.daemon.remove)
        self.daemon.launch()
        wait_until(lambda: log.exists() and 'started' in log.read_text(encoding='ascii'), 'a start')
        flags = [flags for _, target, flags in self.flags() if target == str(log)]
        self.assertEqual([bool(one & CLOSE_ON_EXEC) for one in flags], [True])
        self.assertEqual(self.daemon.stop(), 0)
