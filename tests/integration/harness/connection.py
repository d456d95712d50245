"""A raw socket client: sends any bytes, whole or one at a time, and says how the end looked."""

import os
import select
import socket
import ssl
import struct
from dataclasses import dataclass

from harness.deadline import Deadline

# Beyond so many bytes the rest of a dripped send goes out whole, to keep the tests quick.
DRIP_BYTES = 400
RECEIVE_BYTES = 1 << 18
SEND_BYTES = 1 << 16
SEND_SECONDS = 15

# How a connection ended, from the reader's view.
FIN = 'FIN'
RESET = 'reset'
TRUNCATED = 'FIN without close_notify'


@dataclass(frozen=True)
class Mode:
    """One way to talk to the daemon."""
    transport: str
    drip: bool = False

    @property
    def name(self):
        return f'{self.transport}, {"one byte at a time" if self.drip else "whole"}'


PLAIN = Mode('plain')
PLAIN_DRIPPED = Mode('plain', drip=True)
SECURE = Mode('secure')
SECURE_DRIPPED = Mode('secure', drip=True)
LOCAL = Mode('local')
EVERY_MODE = (PLAIN, PLAIN_DRIPPED, SECURE, SECURE_DRIPPED)


def connect_socket(address, receive_buffer=None, source=None):
    """A TCP socket to (host, port), or a unix socket to a path."""
    if isinstance(address, tuple):
        family = socket.AF_INET6 if ':' in address[0] else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    else:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    if receive_buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(15)
    try:
        if source is not None:
            sock.bind(source)
        sock.connect(address)
    except OSError:
        sock.close()
        raise
    return sock


def free_port():
    """A TCP port that nobody listened on just now."""
    with socket.socket() as sock:
        sock.bind(('127.0.0.1', 0))
        return sock.getsockname()[1]


def answers(address):
    """Whether somebody listens there."""
    try:
        connect_socket(address).close()
    except OSError:
        return False
    return True


def remote_name(sock):
    """What the daemon's log calls a client with this TCP socket."""
    host, port = sock.getsockname()
    return f'{host}:{port}'


def client_context(**settings):
    """A TLS client context that takes any certificate; settings are attributes to change."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for name, value in settings.items():
        setattr(context, name, value)
    return context


def wrap(sock, context=None, server_name=None):
    """TLS over a connected socket; a missing close_notify will be seen as an error."""
    context = context or client_context()
    return context.wrap_socket(sock, server_hostname=server_name, suppress_ragged_eofs=False)


def client_hello(server_name='localhost'):
    """The first flight of a TLS client; the name, of any bytes, is not checked."""
    stand_in = 'n' * len(server_name)
    outgoing = ssl.MemoryBIO()
    tls = client_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=stand_in)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read().replace(stand_in.encode(), server_name.encode('latin-1'))


class Connection:
    """A connected socket, the bytes not yet looked at, and the end once it was seen."""

    def __init__(self, sock, drip=False):
        self.sock = sock
        self.drip = drip
        self.buffer = bytearray()
        self.ending = None

    # ---- sending ----

    def send(self, data):
        """Sends all of it. A connection that the server has reset shows in `ending`."""
        try:
            self._send(data)
        except (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            self.ending = self.ending or RESET
        except TimeoutError:
            raise AssertionError(f'the server took nothing for {SEND_SECONDS} s') from None

    def _send(self, data):
        self.sock.settimeout(SEND_SECONDS)
        start = 0
        if self.drip:
            start = min(len(data), DRIP_BYTES)
            for index in range(start):
                self.sock.sendall(data[index:index + 1])
        if start < len(data):
            self.sock.sendall(memoryview(data)[start:])

    # ---- receiving ----

    def receive(self, deadline):
        """Some bytes, or b'' at the end, which is then in `ending`."""
        self.sock.settimeout(deadline.remaining())
        try:
            data = self.sock.recv(RECEIVE_BYTES)
        except TimeoutError:
            raise AssertionError(deadline.message()) from None
        except ssl.SSLEOFError:
            return self._ended(TRUNCATED)
        except ConnectionResetError:
            return self._ended(RESET)
        return data or self._ended(FIN)

    def _ended(self, how):
        self.ending = how
        return b''

    def read_until(self, condition, what, seconds=15.0):
        """Receives until condition(buffer) is true; fails when the connection ends before."""
        deadline = Deadline(what, seconds)
        while not condition(self.buffer):
            data = self.receive(deadline)
            if not data:
                raise AssertionError(f'{self.ending} instead of {what}; got before it: '
                                     f'{bytes(self.buffer[:300])!r}')
            self.buffer += data

    def read_end(self, seconds=15.0):
        """Receives until the end; returns how it looked and the bytes that came before it."""
        deadline = Deadline('the end of the connection', seconds)
        while True:
            data = self.receive(deadline)
            if not data:
                rest = bytes(self.buffer)
                self.buffer.clear()
                return self.ending, rest
            self.buffer += data

    # ---- both at once ----

    def exchange(self, data, take, what, seconds=60.0):
        """Sends all of `data` and gives received bytes to take(), until that returns true."""
        deadline = Deadline(what, seconds)
        unsent = memoryview(data)
        self.sock.setblocking(False)
        done = False
        while not done or unsent:
            moved = self.send_some(unsent)
            unsent = unsent[moved:]
            received = self.receive_some()
            if received:
                done = take(received)
            elif self.ending is not None:
                raise AssertionError(f'{self.ending} instead of {what}')
            elif not moved:
                self._wait_ready(bool(unsent), deadline)

    def send_some(self, unsent):
        """Sends, on a socket that does not block, what is taken at once; returns how much."""
        if not unsent:
            return 0
        try:
            return self.sock.send(unsent[:SEND_BYTES])
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0
        except (ConnectionResetError, BrokenPipeError):
            self.ending = RESET
            return 0

    def receive_some(self):
        """What is there at once, or b''; the end is then in `ending`."""
        try:
            return self.sock.recv(RECEIVE_BYTES) or self._ended(FIN)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return b''
        except ssl.SSLEOFError:
            return self._ended(TRUNCATED)
        except ConnectionResetError:
            return self._ended(RESET)

    def _wait_ready(self, writable, deadline):
        outgoing = [self.sock] if writable else []
        select.select([self.sock], outgoing, [], deadline.remaining())

    # ---- ending ----

    def finish_sending(self):
        """A FIN, without close_notify when it is TLS."""
        duplicate = socket.socket(fileno=os.dup(self.sock.fileno()))
        duplicate.shutdown(socket.SHUT_WR)
        duplicate.close()

    def reset(self):
        """Ends the connection with an RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.close()

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
