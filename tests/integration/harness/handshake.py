"""Opening handshakes: requests with any flaw, and responses read strictly."""

import base64
import hashlib
import os
import re
from dataclasses import dataclass

GUID = b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
SAMPLE_KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
SAMPLE_ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='

STATUS_LINE = re.compile(r'HTTP/1\.1 ([1-5][0-9]{2}) [ -~]+')
FIELD_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([ -~]*?)[ \t]*")


def accept_for(key):
    digest = hashlib.sha1(key.encode('latin-1').strip() + GUID).digest()
    return base64.b64encode(digest).decode()


def random_key():
    return base64.b64encode(os.urandom(16)).decode()


class Request:
    """An opening handshake as a list of fields, each of which a test may change."""

    def __init__(self, target='/', host='localhost', method='GET', version='HTTP/1.1', key=None):
        self.line = f'{method} {target} {version}'
        self.fields = [
            ('Host', host),
            ('Upgrade', 'websocket'),
            ('Connection', 'Upgrade'),
            ('Sec-WebSocket-Key', key or random_key()),
            ('Sec-WebSocket-Version', '13'),
        ]

    def without(self, name):
        self.fields = [(one, value) for one, value in self.fields if one != name]
        return self

    def add(self, name, value):
        self.fields.append((name, value))
        return self

    def replace(self, name, value):
        self.fields = [(one, value if one == name else old) for one, old in self.fields]
        return self

    def value(self, name):
        return next(value for one, value in self.fields if one == name)

    @property
    def key(self):
        return self.value('Sec-WebSocket-Key')

    def encode(self):
        """The head's bytes; characters stand for bytes (latin-1)."""
        lines = [self.line, *(f'{name}: {value}' for name, value in self.fields), '', '']
        return '\r\n'.join(lines).encode('latin-1')


@dataclass
class Response:
    status: int
    fields: list
    body: bytes = b''

    def values(self, name):
        return [value for one, value in self.fields if one.lower() == name.lower()]

    def value(self, name):
        """The only value of a field; None when it is absent."""
        values = self.values(name)
        if len(values) > 1:
            raise AssertionError(f'{len(values)} fields {name}: {values}')
        return values[0] if values else None


def parse_response(head):
    """Parses a response head (without its empty line) or fails on any looseness."""
    lines = head.decode('latin-1').split('\r\n')
    status = STATUS_LINE.fullmatch(lines[0])
    if status is None:
        raise AssertionError(f'not a status line: {lines[0]!r}')
    fields = []
    for line in lines[1:]:
        parsed = FIELD_LINE.fullmatch(line)
        if parsed is None:
            raise AssertionError(f'not a field line: {line!r}')
        fields.append((parsed[1], parsed[2]))
    return Response(int(status[1]), fields)


def read_response(connection, seconds=15.0):
    """Reads one response; a body only as far as Content-Length says."""
    connection.read_until(lambda buffer: b'\r\n\r\n' in buffer, 'a response head', seconds)
    head, _, rest = bytes(connection.buffer).partition(b'\r\n\r\n')
    response = parse_response(head)
    connection.buffer[:] = rest
    length = int(response.value('Content-Length') or 0)
    connection.read_until(lambda buffer: len(buffer) >= length, 'a response body', seconds)
    response.body = bytes(connection.buffer[:length])
    del connection.buffer[:length]
    return response


def check_accepted(response, key):
    """Fails unless this is the 101 that RFC 6455 section 4.2.2 asks for."""
    if response.status != 101:
        raise AssertionError(f'{response.status} instead of 101: {response.body!r}')
    wanted = {'Upgrade': 'websocket', 'Connection': 'upgrade'}
    for name, value in wanted.items():
        if (response.value(name) or '').lower() != value:
            raise AssertionError(f'{name}: {response.value(name)!r} in the 101')
    if response.value('Sec-WebSocket-Accept') != accept_for(key):
        raise AssertionError(f'wrong Sec-WebSocket-Accept for {key!r}: '
                             f'{response.value("Sec-WebSocket-Accept")!r}')
    for name in ('Content-Length', 'Transfer-Encoding'):
        if response.value(name) is not None:
            raise AssertionError(f'{name} in the 101')


def check_refusal(response):
    """Fails unless this is how every request is refused: one line of text, then the end."""
    if response.status == 101:
        raise AssertionError('101 for a request that must be refused')
    if response.value('Content-Length') is None:
        raise AssertionError(f'a {response.status} without Content-Length')
    options = (response.value('Connection') or '').lower().split(',')
    if 'close' not in [option.strip() for option in options]:
        raise AssertionError(f'a {response.status} without "Connection: close"')
    if not (response.value('Content-Type') or '').startswith('text/plain'):
        raise AssertionError(f'Content-Type: {response.value("Content-Type")} in a refusal')
    if re.fullmatch(rb'[ -~]+\r?\n?', response.body) is None:
        raise AssertionError(f'not one line of text: {response.body!r}')
