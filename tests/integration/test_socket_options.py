"""What the kernel is told of TCP connections."""

import ctypes
import os
import socket

from harness import certificates, configuration
from harness.connection import PLAIN, SECURE
from harness.manager import descriptors_of
from harness.reloading import ReloadTest

PIDFD_GETFD = 438
LIBC = ctypes.CDLL(None, use_errno=True)


def borrow(pid, number):
    """A descriptor of another process, as a socket of ours."""
    pidfd = os.pidfd_open(pid)
    try:
        copy = LIBC.syscall(PIDFD_GETFD, pidfd, number, 0)
    finally:
        os.close(pidfd)
    if copy < 0:
        raise AssertionError(f'descriptor {number}: {os.strerror(ctypes.get_errno())}')
    return socket.socket(fileno=copy)


class SocketOptionsTest(ReloadTest):
    """Options of the sockets of connections, in the daemon."""

    def options(self, client):
        """TCP_NODELAY and TCP_USER_TIMEOUT of the daemon's end."""
        address = client.sock.getsockname()
        for number, target in descriptors_of(self.daemon.pid).items():
            if target.startswith('socket:'):
                with borrow(self.daemon.pid, number) as sock:
                    if self.peer_of(sock) == address:
                        return (sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY),
                                sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT))
        raise AssertionError(f'no descriptor is connected to {address}')

    @staticmethod
    def peer_of(sock):
        try:
            return sock.getpeername()
        except OSError:
            return None

    def test_nothing_waits_for_more_and_silence_has_an_end(self):
        listeners = [configuration.PLAIN,
                     configuration.tls_listener([certificates.get('localhost')])]
        for workers in (1, 2):
            with self.subTest(workers=workers):
                self.start_with(listeners=listeners, workers=workers, timeouts={'send': '17s'})
                for mode in (PLAIN, SECURE):
                    self.assertEqual(self.options(self.client(mode=mode)), (1, 17000))
                self.check_stop()

    def test_a_reload_changes_it_for_those_who_are_there_and_those_who_come(self):
        for workers in (1, 2):
            with self.subTest(workers=workers):
                self.start_with(workers=workers, timeouts={'send': '17s'})
                before = self.client()
                self.reload(timeouts={'send': '18s'})
                self.assertEqual(self.options(before), (1, 18000))
                self.assertEqual(self.options(self.client()), (1, 18000))
                self.check_stop()
