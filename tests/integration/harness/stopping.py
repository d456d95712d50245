"""Daemons that are told to end, and what their clients see of it."""

import os
import signal

from harness import certificates, configuration, frames
from harness.case import DaemonTest
from harness.connection import LOCAL, PLAIN, SECURE, connect_socket
from harness.deadline import Stopwatch, wait_until

EVERY_TRANSPORT = (PLAIN, SECURE, LOCAL)
KIB = 1 << 10

# What is waited for by mistake is noticed.
LONG_TIMES = {'drain': '1h', 'close': '1h', 'handshake': '1h', 'tls': '1h'}


class SignalTest(DaemonTest):
    """Daemons on every transport."""

    def start_everywhere(self, timeouts=None, **top):
        path = certificates.directory() / f'stopping-{os.getpid()}.sock'
        secure = configuration.tls_listener([certificates.get('localhost')])
        return self.start_with(
            listeners=[configuration.PLAIN, secure, configuration.unix_listener(path)],
            timeouts={**LONG_TIMES, **(timeouts or {})}, **top)

    def assert_refuses_connections(self):
        """The listeners are closed, though the process still runs."""
        for name in ('plain', 'secure', 'local'):
            wait_until(lambda name=name: self.is_refused(name), f'listener {name} to be closed')
        self.assertIsNone(self.daemon.process.poll(), 'the process has ended too early')

    def is_refused(self, name):
        try:
            connect_socket(self.daemon.address(name)).close()
        except (ConnectionRefusedError, FileNotFoundError):
            return True
        return False

    def assert_exits(self, least=0, most=None):
        """Exit status 0, with the counters in the last line, in this time from the stopwatch."""
        status = self.daemon.wait_exit()
        self.stopwatch.check(least, most)
        self.assertEqual(status, 0, self.daemon.log.tail())
        self.assertEqual(self.daemon.log.events[-1].message, 'stopped', self.daemon.log.tail())
        self.check_stop()

    def signal(self, number=signal.SIGTERM):
        self.stopwatch = Stopwatch()
        self.daemon.signal(number)

    def end_with(self, code, client):
        """The server closes with a code and a reason, and the client answers."""
        self.assertTrue(client.expect_close(code).reason)
        client.send(frames.close(code))
        client.expect_end()
        client.close()

    def unread(self, mode):
        """A member with more waiting than the kernel takes, who reads nothing."""
        member = self.client('/room/unread', mode, receive_buffer=4 * KIB)
        sender = self.client('/room/unread')
        for _ in range(1000):
            sender.send(frames.binary(b'u' * 16 * KIB))
        sender.send(frames.ping(b'all accepted'))
        sender.expect_pong(b'all accepted')
        sender.close_orderly()
        return member

    def start_with_queue(self, **timeouts):
        self.start_everywhere({'send': '1h', **timeouts},
                              defaults={'send_queue': {'size': '64MiB'}})
