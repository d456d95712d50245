"""RFC 6455 frames: building any that a client might send, and reading a server's strictly."""

import codecs
import os
import struct
from dataclasses import dataclass, field

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
CONTROL_OPCODES = (CLOSE, PING, PONG)
SERVER_OPCODES = (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG)

# What a server may send: RFC 6455 section 7.4.1 and the registry, without 1004-1006, 1010, 1015.
SERVER_CLOSE_CODES = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013}


class LintError(AssertionError):
    """The server sent what a server must not send."""


def mask(payload, key):
    """RFC 6455 section 5.3, for any length quickly."""
    if not payload:
        return b''
    repeated = (key * (len(payload) // 4 + 1))[:len(payload)]
    masked = int.from_bytes(payload, 'big') ^ int.from_bytes(repeated, 'big')
    return masked.to_bytes(len(payload), 'big')


def length_field(length, masked, form=None):
    """The second byte and what follows of the length; `form` 7, 16 or 64 forces an encoding."""
    bit = 0x80 if masked else 0
    if form is None:
        form = 7 if length <= 125 else 16 if length <= 65535 else 64
    if form == 7:
        return bytes([bit | length])
    if form == 16:
        return bytes([bit | 126]) + struct.pack('!H', length)
    return bytes([bit | 127]) + struct.pack('!Q', length)


def frame(opcode, payload=b'', fin=True, rsv=0, key=None, masked=True, form=None, declared=None):
    """One client frame; every rule can be broken. `declared` is a length that may be a lie."""
    if isinstance(payload, str):
        payload = payload.encode()
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    length = len(payload) if declared is None else declared
    head = bytes([first]) + length_field(length, masked, form)
    if not masked:
        return head + payload
    key = os.urandom(4) if key is None else key
    return head + key + mask(payload, key)


def text(payload, **options):
    return frame(TEXT, payload, **options)


def binary(payload, **options):
    return frame(BINARY, payload, **options)


def ping(payload=b'', **options):
    return frame(PING, payload, **options)


def pong(payload=b'', **options):
    return frame(PONG, payload, **options)


def close(code=None, reason='', **options):
    """A Close frame; without a code its body is empty."""
    reason = reason.encode() if isinstance(reason, str) else reason
    body = b'' if code is None else struct.pack('!H', code) + reason
    return frame(CLOSE, body, **options)


def fragments(opcode, pieces, **options):
    """The frames of one message that is cut into these pieces."""
    last = len(pieces) - 1
    return [frame(opcode if index == 0 else CONTINUATION, piece, fin=index == last, **options)
            for index, piece in enumerate(pieces)]


def cut(payload, count):
    """Cuts bytes into so many pieces of nearly equal size (empty ones when there are too few)."""
    edges = [len(payload) * index // count for index in range(count + 1)]
    return [payload[start:end] for start, end in zip(edges, edges[1:])]


@dataclass
class Frame:
    """A frame that the server sent."""
    opcode: int
    payload: bytes
    fin: bool = True

    @property
    def code(self):
        """Of a Close frame: its code, or None."""
        return struct.unpack('!H', self.payload[:2])[0] if len(self.payload) >= 2 else None

    @property
    def reason(self):
        return self.payload[2:].decode()


@dataclass
class Message:
    """A data message, with the sizes of the frames that it came in."""
    opcode: int
    payload: bytes
    sizes: list = field(default_factory=list)

    def __eq__(self, other):
        return (self.opcode, self.payload) == (other.opcode, other.payload)


class FrameReader:
    """Cuts a server's bytes into frames and lints every one of them."""

    def __init__(self):
        self.buffer = bytearray()
        self.in_message = None
        self.closed = False
        self.decoder = None

    def feed(self, data):
        if data and self.closed:
            raise LintError(f'{len(data)} bytes after the Close frame: {bytes(data[:40])!r}')
        self.buffer += data

    def next(self):
        """The next complete frame, or None."""
        header = self._header()
        if header is None:
            return None
        offset, length = header
        if len(self.buffer) < offset + length:
            return None
        first = self.buffer[0]
        found = Frame(first & 0x0F, bytes(self.buffer[offset:offset + length]), bool(first & 0x80))
        del self.buffer[:offset + length]
        self._check(found)
        return found

    def _header(self):
        """Header size and payload length once the header is there, checked at the first byte."""
        if len(self.buffer) < 2:
            return None
        self._check_first_bytes(self.buffer[0], self.buffer[1])
        short = self.buffer[1] & 0x7F
        size = {126: 4, 127: 10}.get(short, 2)
        if len(self.buffer) < size:
            return None
        length = short if size == 2 else int.from_bytes(self.buffer[2:size], 'big')
        if (size == 4 and length <= 125) or (size == 10 and not 65535 < length < 1 << 63):
            raise LintError(f'length {length} in a field of {size - 2} bytes')
        return size, length

    def _check_first_bytes(self, first, second):
        opcode = first & 0x0F
        if first & 0x70:
            raise LintError(f'reserved bits set: first byte {first:#04x}')
        if opcode not in SERVER_OPCODES:
            raise LintError(f'unknown opcode {opcode:#x}')
        if second & 0x80:
            raise LintError('a masked frame from the server')
        if opcode in CONTROL_OPCODES and not (first & 0x80 and second <= 125):
            raise LintError(f'a control frame in fragments or over 125 bytes: {first:#x} {second}')

    def _check(self, found):
        if found.opcode == CLOSE:
            self._check_close(found)
        elif found.opcode not in CONTROL_OPCODES:
            self._check_data(found)

    def _check_close(self, found):
        self.closed = True
        if len(found.payload) == 1:
            raise LintError('a Close frame with a body of one byte')
        if found.payload and found.code not in SERVER_CLOSE_CODES:
            self._check_echoed_code(found.code)
        try:
            found.payload[2:].decode('utf-8', 'strict')
        except UnicodeDecodeError as error:
            raise LintError(f'the reason of a Close frame: {error}') from None
        if self.buffer:
            raise LintError(f'bytes after the Close frame: {bytes(self.buffer[:40])!r}')

    @staticmethod
    def _check_echoed_code(code):
        """An answer repeats the peer's code (section 5.5.1), which has a wider choice."""
        if not (code in (1010, 1014) or 3000 <= code <= 4999):
            raise LintError(f'close code {code} on the wire')

    def _check_data(self, found):
        if (found.opcode == CONTINUATION) != (self.in_message is not None):
            raise LintError(f'opcode {found.opcode} while in message {self.in_message}')
        if found.opcode != CONTINUATION:
            self.in_message = found.opcode
            self.decoder = codecs.getincrementaldecoder('utf-8')('strict')
        if self.in_message == TEXT:
            try:
                self.decoder.decode(found.payload, found.fin)
            except UnicodeDecodeError as error:
                raise LintError(f'a text message: {error}') from None
        if found.fin:
            self.in_message = None
