"""Asking the admin listener: one request a connection, as any HTTP client does."""

import http.client
import json
import socket
from dataclasses import dataclass

TOKEN = 'a-token.of~this_test+0123456789/=='
SECONDS = 15


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path):
        super().__init__('localhost', timeout=SECONDS)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


@dataclass
class Answer:
    """A response, its content read."""

    status: int
    headers: dict
    content: bytes

    @property
    def text(self):
        return self.content.decode()

    @property
    def json(self):
        return json.loads(self.content)

    @property
    def error(self):
        return self.json['error']


class Admin:
    """A client of one address: a path, or host and port."""

    def __init__(self, address, token=None):
        self.address = address
        self.token = token

    def connection(self):
        if isinstance(self.address, str):
            return UnixConnection(self.address)
        return http.client.HTTPConnection(*self.address, timeout=SECONDS)

    def request(self, method, path, body=None, headers=None):
        """`body` is bytes, or what becomes JSON."""
        headers = dict(headers or {})
        if self.token is not None:
            headers.setdefault('Authorization', f'Bearer {self.token}')
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        connection = self.connection()
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def get(self, path, **options):
        return self.request('GET', path, **options)

    def post(self, path, body=None, **options):
        return self.request('POST', path, body, **options)

    def put(self, path, body=None, **options):
        return self.request('PUT', path, body, **options)

    def raw(self, data):
        """Sends bytes; returns all that comes back until the end."""
        sock = self.open()
        with sock:
            sock.sendall(data)
            return read_all(sock)

    def open(self):
        """A connected socket."""
        if isinstance(self.address, str):
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(SECONDS)
            sock.connect(self.address)
            return sock
        return socket.create_connection(self.address, timeout=SECONDS)


def read_all(sock):
    parts = []
    while part := sock.recv(65536):
        parts.append(part)
    return b''.join(parts)


def status_of(response):
    """The status of a response's bytes."""
    return int(response.split(b' ', 2)[1])
