"""What the service manager is told, in which order, and that it is told of life only while all
threads live."""

import signal
import socket
from pathlib import Path

from harness import configuration, frames
from harness.case import DaemonTest
from harness.daemon import Daemon
from harness.deadline import wait_until
from harness.manager import Manager
from harness.threads import HeldThread

WATCHDOG = 'WATCHDOG=1'
LATE = 'a worker does not turn: the watchdog is not fed'


class NotifyTest(DaemonTest):
    """A daemon that a manager has started."""

    def start_under(self, manager, content=None, environment=None, **options):
        self.manager = manager
        self.addCleanup(manager.close)
        environment = {**manager.environment(), **(environment or {})}
        return self.start(content, environment=environment, passed=[], **options)

    def ready(self, connections=0):
        return f'READY=1\nSTATUS=serving, connections: {connections}\nMAINPID={self.daemon.pid}'

    def assert_next(self, text):
        self.assertEqual(self.manager.next(f'the message {text!r}'), text)


class StateTest(NotifyTest):
    """Start, status, stop."""

    def test_start_and_stop_without_connections(self):
        for abstract in (False, True):
            for workers in (1, 3):
                with self.subTest(abstract=abstract, workers=workers):
                    self.start_under(Manager(abstract),
                                     configuration.configuration(workers=workers))
                    self.assert_next(self.ready())
                    self.assertEqual(self.daemon.stop(), 0)
                    self.assert_next('STOPPING=1\nSTATUS=stopping, connections: 0')
                    self.assertEqual(self.manager.waiting(), [])

    def test_it_serves_when_it_says_that_it_is_ready(self):
        self.manager = Manager()
        self.addCleanup(self.manager.close)
        listener = socket.create_server(('127.0.0.1', 0))
        port = listener.getsockname()[1]
        listener.close()
        self.daemon = Daemon(configuration.configuration(
            listeners=[{'name': 'plain', 'address': f'127.0.0.1:{port}'}]),
            environment=self.manager.environment())
        self.addCleanup(self.daemon.remove)
        self.daemon.launch()
        self.assert_next(self.ready())
        self.daemon.wait_listening()
        self.check_serving()
        self.check_stop()

    def test_a_stop_that_takes_long_asks_for_more_time_until_it_ends(self):
        self.start_under(Manager(), configuration.configuration(
            timeouts={'close': '1h', 'drain': '1h'}))
        client = self.client()
        self.assert_next(self.ready())
        self.assert_next('STATUS=serving, connections: 1')
        self.daemon.signal(signal.SIGTERM)
        self.assert_next('STOPPING=1\nSTATUS=stopping, connections: 1')
        for _ in range(2):
            self.assert_next('EXTEND_TIMEOUT_USEC=15000000\nSTATUS=stopping, connections: 1')
        client.expect_close(1001)
        client.send(frames.close(1001))
        client.expect_end()
        client.close()
        self.assertEqual(self.daemon.wait_exit(), 0)
        self.check_stop()

    def test_the_status_follows_the_connections_and_is_sent_when_it_changes_only(self):
        self.start_under(Manager(watchdog_seconds=1))
        self.manager.wait_for(self.ready())
        clients = [self.client(path) for path in ('/', '/room/x') * 2]
        self.manager.wait_for('STATUS=serving, connections: 4')
        # Signs of life are the clock here: these take longer than two statuses do.
        for _ in range(10):
            self.assert_next(WATCHDOG)
        for client in clients:
            client.close_orderly()
        before = self.manager.wait_for('STATUS=serving, connections: 0')
        self.assertLessEqual(set(before), {WATCHDOG, *(f'STATUS=serving, connections: {count}'
                                                       for count in (1, 2, 3))})

    def test_no_manager_that_can_be_understood_is_no_reason_not_to_serve(self):
        for name in ('relative', '', '@', '/' + 'x' * 108, 'vsock:2:1234'):
            with self.subTest(name):
                self.start(environment={'NOTIFY_SOCKET': name})
                self.assertEqual(self.warnings('NOTIFY_SOCKET'), 1)
                self.check_serving()
                self.check_stop()

    def test_a_manager_that_is_gone_is_no_reason_not_to_serve(self):
        self.start(environment={'NOTIFY_SOCKET': '/nonexistent/notify'})
        self.daemon.log.wait_for('cannot tell the service manager of a change', level='warning')

    def warnings(self, part):
        return sum(event.level == 'warning' and part in event.message
                   for event in self.daemon.log.since(0))

    def test_a_socket_without_room_holds_nothing_up_and_gets_the_state_later(self):
        manager = Manager(watchdog_seconds=0.2)
        manager.fill()
        self.start_under(manager)
        self.client().close_orderly()
        self.assertLessEqual(set(manager.wait_for(self.ready())), {'FILLER=1'})
        manager.wait_for(WATCHDOG)
        manager.fill()
        self.check_serving()
        self.check_stop()


class FailedStartTest(NotifyTest):
    """ERRNO and STATUS."""

    def fail(self, **settings):
        """The messages of a start that fails."""
        self.manager = Manager()
        self.addCleanup(self.manager.close)
        self.daemon = Daemon(configuration.configuration(**settings),
                             environment=self.manager.environment())
        self.addCleanup(self.daemon.remove)
        self.daemon.launch()
        self.assertEqual(self.daemon.wait_exit(), 1)
        return self.manager.waiting()

    def test_the_first_error_of_the_file_is_the_status(self):
        message, = self.fail(workers='many', limits={'headers': 0})
        self.assertRegex(message, r'^ERRNO=22\nSTATUS=[^\n]*wsrelayd\.yaml:2:\d+: error: workers: ')

    def test_an_address_that_is_taken(self):
        with socket.create_server(('127.0.0.1', 0)) as taken:
            port = taken.getsockname()[1]
            messages = self.fail(listeners=[{'name': 'a', 'address': f'127.0.0.1:{port}'}])
        self.assertEqual(messages, ['ERRNO=99\nSTATUS=cannot listen: the log says where, and why'])

    def test_files_that_cannot_be_written(self):
        self.assertEqual(self.fail(pid_file='/nonexistent/pid'),
                         ['ERRNO=2\nSTATUS=cannot write pid_file: the log says why'])
        self.assertEqual(self.fail(log={'target': '/nonexistent/log'}),
                         ['ERRNO=2\nSTATUS=cannot open the log file'])

    def test_checking_tells_nothing(self):
        manager = Manager()
        self.addCleanup(manager.close)
        daemon = Daemon(arguments=['-t'], environment=manager.environment())
        self.addCleanup(daemon.remove)
        daemon.launch()
        self.assertEqual(daemon.wait_exit(), 0)
        self.assertEqual(manager.waiting(), [])


class WatchdogTest(NotifyTest):
    """Signs of life."""

    SECONDS = 0.4

    def start_watched(self, workers=2, **options):
        content = configuration.configuration(workers=workers)
        return self.start_under(Manager(watchdog_seconds=self.SECONDS), content, **options)

    def test_they_come_while_idle_and_under_load(self):
        for workers in (1, 3):
            self.start_watched(workers)
            self.assert_next(self.ready())
            for _ in range(5):
                self.assert_next(WATCHDOG)
            client = self.client()
            for _ in range(5):
                client.send(frames.text('x' * 1000) * 200)
                for _ in range(200):
                    client.next_message()
                self.manager.wait_for(WATCHDOG)
            client.close_orderly()

    def test_they_go_on_while_it_stops(self):
        self.start_under(Manager(watchdog_seconds=self.SECONDS), configuration.configuration(
            timeouts={'close': '1h', 'drain': '1h'}, workers=3))
        client = self.client()
        self.daemon.signal(signal.SIGTERM)
        self.manager.wait_for('STOPPING=1\nSTATUS=stopping, connections: 1')
        # Two of the three workers have ended.
        for _ in range(4):
            self.manager.wait_for(WATCHDOG)
        client.close()
        self.assertEqual(self.daemon.wait_exit(), 0)

    def test_none_come_when_another_process_is_watched(self):
        self.start_watched(environment={'WATCHDOG_PID': '1'})
        self.assert_next(self.ready())
        client = self.client()
        self.assert_next('STATUS=serving, connections: 1')
        client.close_orderly()

    def test_a_stopped_process_sends_none(self):
        self.start_watched()
        self.manager.wait_for(WATCHDOG)
        self.daemon.signal(signal.SIGSTOP)
        wait_until(self.is_stopped, 'the process to be stopped')
        self.manager.waiting()
        self.assert_silence(4 * self.SECONDS)
        self.daemon.signal(signal.SIGCONT)
        self.manager.wait_for(WATCHDOG)

    def is_stopped(self):
        text = Path(f'/proc/{self.daemon.pid}/stat').read_text(encoding='ascii')
        return text.rsplit(')', 1)[1].split()[0] == 'T'

    def assert_silence(self, seconds):
        """The time in which a manager would have acted goes by without a message."""
        with self.assertRaisesRegex(AssertionError, 'in vain for a message'):
            self.manager.next('a message', seconds)

    def test_one_blocked_worker_stops_them_and_they_resume_with_it(self):
        for workers in (1, 3):
            for blocked in range(workers):
                with self.subTest(workers=workers, blocked=blocked):
                    self.start_watched(workers)
                    self.manager.wait_for(WATCHDOG)
                    with HeldThread(self.daemon.pid, f'worker-{blocked}'):
                        self.daemon.log.wait_for(LATE, worker=blocked)
                        self.manager.waiting()
                        self.assert_silence(4 * self.SECONDS)
                        told = len(self.daemon.log.with_message(LATE))
                        self.assert_silence(2 * self.SECONDS)
                        self.assertEqual(len(self.daemon.log.with_message(LATE)), told)
                    self.manager.wait_for(WATCHDOG)
                    self.check_serving()
                    self.check_stop()
