"""The base classes of all tests: a daemon for each test, or one for all tests of a class.

At the end of every test the daemon still serves a fresh client, has logged nothing unexpected,
and, when it is stopped, ends with exit status 0, without a sanitizer's report, with one line
`closed` for each line `opened`.
"""

import functools
import os
import unittest

from harness import certificates, configuration
from harness.client import Client
from harness.connection import (EVERY_MODE, FIN, PLAIN, Connection, client_context,
                                connect_socket, wrap)
from harness.daemon import Daemon
from harness.handshake import Request, check_refusal, read_response
from harness.log import lint

os.environ.setdefault('ASAN_OPTIONS', 'detect_leaks=1:exitcode=99')
os.environ.setdefault('UBSAN_OPTIONS', 'print_stacktrace=1:halt_on_error=1')
os.environ.setdefault('TSAN_OPTIONS', 'exitcode=99')


def in_every_mode(test):
    """Runs a test over plain TCP and TLS, whole and one byte at a time."""
    @functools.wraps(test)
    def run(self):
        for mode in EVERY_MODE:
            with self.subTest(mode=mode.name):
                self.mode = mode
                test(self)
        self.mode = PLAIN
    return run


class DaemonCase(unittest.TestCase):
    """What tests can do with a running daemon, however it was started."""

    daemon = None
    mode = PLAIN
    expected_errors = ()
    fresh_listener = 'plain'
    fresh_path = '/'

    # ---- clients; all are closed at the end of the test ----

    def socket(self, mode=None, **options):
        """A connected socket in a mode's transport, TLS handshake included."""
        mode = mode or self.mode
        sock = connect_socket(self.daemon.address(mode.transport), **options)
        if mode.transport == 'secure':
            sock = wrap(sock, self.tls_context())
        self.addCleanup(sock.close)
        return sock

    @classmethod
    @functools.cache
    def tls_context(cls):
        return client_context()

    def connect(self, mode=None, **options):
        """A raw connection in a mode."""
        mode = mode or self.mode
        return Connection(self.socket(mode, **options), mode.drip)

    def client(self, path='/', mode=None, request=None, **options):
        """An open WebSocket in a mode."""
        mode = mode or self.mode
        request = request or Request(path)
        return Client(self.socket(mode, **options), mode.drip).open(request)

    def request(self, head, mode=None):
        """Sends a request's bytes on a new connection; returns the connection and response."""
        connection = self.connect(mode)
        connection.send(head if isinstance(head, bytes) else head.encode())
        return connection, read_response(connection)

    # ---- handshakes that are refused or not ----

    def assert_refused(self, head, *statuses, mode=None):
        """One complete response with one of these statuses, then the end and nothing else."""
        connection, response = self.request(head, mode)
        self.assertIn(response.status, statuses, response.body)
        check_refusal(response)
        ending, rest = connection.read_end()
        self.assertEqual((ending, rest), (FIN, b''), 'after the response')
        connection.close()
        return response

    def assert_accepted(self, request, mode=None):
        """101, and the connection works; returns the client."""
        client = self.client(request=request, mode=mode)
        client.echo('accepted')
        return client

    # ---- the end of every test ----

    def expect_error_line(self, pattern):
        """Lines of level error that match are part of the test."""
        self.expected_errors = (*self.expected_errors, pattern)

    def check_serving(self):
        """A fresh client connects and gets an echo."""
        mode = PLAIN
        sock = connect_socket(self.daemon.address(self.fresh_listener))
        with Client(sock, mode.drip).open(Request(self.fresh_path)) as client:
            client.echo('a fresh client')
            client.close_orderly()

    def check_log(self, since=0):
        problems = lint(self.daemon.log.since(since), self.expected_errors)
        self.assertEqual(problems, [], 'in the log')

    def check_stop(self):
        """SIGTERM ends the process cleanly; every connection that opened has also closed."""
        status = self.daemon.stop()
        self.assertEqual(status, 0, f'exit status; the log ended:\n{self.daemon.log.tail()}')
        opened = len(self.daemon.log.with_message('opened'))
        closed = len(self.daemon.log.with_message('closed'))
        # Lines for which there was no room, because nobody read fast enough, are told of.
        held_up = self.daemon.log.with_message('the log was held up')
        lost = sum(int(line.get('lost')) for line in held_up)
        self.assertLessEqual(abs(opened - closed), lost,
                             f'{closed} lines "closed" for {opened} "opened"; the log ended:\n'
                             f'{self.daemon.log.tail()}')


class DaemonTest(DaemonCase):
    """A daemon for each test, started by the test itself with start()."""

    def setUp(self):
        self.sockets = []

    def socket(self, mode=None, **options):
        sock = super().socket(mode, **options)
        self.sockets.append(sock)
        return sock

    def start(self, content=None, **options):
        """Starts a daemon that is checked and stopped at the end of the test."""
        if content is None:
            content = configuration.configuration()
        self.daemon = Daemon(content, **options)
        self.addCleanup(self.daemon.remove)
        self.daemon.start()
        self.addCleanup(self._finish, self.daemon)
        return self.daemon

    def start_with(self, routes=None, listeners=None, log=None, **top):
        """A daemon with these top-level settings."""
        return self.start(configuration.configuration(routes, listeners, log, **top))

    def stopped_counter(self, name):
        """Ends the clients, stops the daemon and returns what it has counted."""
        for sock in self.sockets:
            sock.close()
        self.check_serving()
        self.check_stop()
        return self.daemon.log.with_message('stopped')[0].get(name)

    def _finish(self, daemon):
        self.daemon = daemon
        if daemon.process.poll() is None:
            self.check_serving()
            self.check_stop()
        self.check_log()


class SharedDaemonTest(DaemonCase):
    """One daemon for all tests of the class; after each it must serve as before."""

    @classmethod
    def configuration(cls):
        """The configuration of the class: plain and TLS, echo and rooms."""
        return configuration.configuration(listeners=cls.plain_and_secure())

    @classmethod
    def plain_and_secure(cls):
        return [configuration.PLAIN, configuration.tls_listener([certificates.get('localhost')])]

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(cls.configuration())
        cls.addClassCleanup(cls.daemon.remove)
        cls.daemon.start()

    @classmethod
    def tearDownClass(cls):
        checker = cls()
        checker.check_stop()
        checker.check_log()

    def setUp(self):
        position = self.daemon.log.position()
        self.addCleanup(self._finish_test, position)

    def _finish_test(self, position):
        self.check_serving()
        self.check_log(position)
