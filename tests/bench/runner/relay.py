"""wsrelayd itself as one of the servers: started by the harness of the tests."""

import contextlib
import os
import re
import socket

from harness import certificates
from harness.configuration import ECHO_ROUTE, PLAIN, ROOM_ROUTE, configuration, tls_listener
from harness.daemon import Daemon

from runner.failure import Failure
from runner.processes import SECOND_SERVER_CORES, SERVER_CORES, pinned_to

LARGE_ROUTE = {'path': '/large', 'handler': 'echo', 'max_message_size': '256MiB'}

UPGRADE = (b'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
           b'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n')


@contextlib.contextmanager
def binary(path):
    """The daemon that is started inside is this one; None: the usual one."""
    before = os.environ.get('WSRELAYD')
    if path is not None:
        os.environ['WSRELAYD'] = str(path)
    try:
        yield
    finally:
        if path is not None:
            os.environ.pop('WSRELAYD')
            os.environ.update({} if before is None else {'WSRELAYD': before})


class RelayProcess:
    """A wsrelayd at its defaults, but for the number of workers. Nobody is pinged, because idle
    connections are there to be idle. `under` is a command that runs it, and counts what it does."""

    def __init__(self, workers=1, idle=0, path=None, under=()):
        self.sockets = []
        self.daemon = Daemon(configuration(
            workers=workers, log={'access': False}, defaults={'ping_interval': '0s'},
            routes=[ECHO_ROUTE, LARGE_ROUTE, ROOM_ROUTE],
            listeners=[PLAIN, tls_listener([certificates.get('localhost')])]), under=under)
        try:
            with binary(path), pinned_to(SERVER_CORES if workers == 1 else SECOND_SERVER_CORES):
                self.daemon.start()
            for _ in range(idle):
                self.sockets.append(self._open_idle())
        except (AssertionError, OSError) as error:
            self.daemon.remove()
            raise Failure(f'did not start: {error}') from None
        self.pid = self.daemon.pid

    def _open_idle(self):
        sock = socket.create_connection(self.daemon.address())
        sock.sendall(UPGRADE)
        answer = sock.recv(4096)
        while re.search(rb'\r\n\r\n', answer) is None:
            more = sock.recv(4096)
            if not more:
                raise ConnectionError(f'an idle connection was refused: {answer[:80]!r}')
            answer += more
        return sock

    def state(self):
        ended = self.has_ended()
        return f'{"ended" if ended else "still runs"}, logged last: {self.daemon.log.tail(1)}'

    def has_ended(self):
        return self.daemon.process.poll() is not None

    def address(self, tls):
        host, port = self.daemon.address('secure' if tls else 'plain')
        return f'{host}:{port}'

    def stop(self):
        for sock in self.sockets:
            sock.close()
        self.daemon.stop()
        self.daemon.remove()
