"""Members of rooms: they publish, receive, and record both for tests/checker/check-delivery."""

import hashlib
import itertools
import json
import time

from harness import frames
from harness.client import Client

# Without a Close from the server (RFC 6455 section 7.1.5).
ABNORMAL = 1006


FILLER_TEXT = 'aß€𝄞'.encode()
FILLER_BYTES = bytes(range(256))


def filler(opcode, size, start):
    """So many bytes of text with characters of all lengths, or of any bytes."""
    size = max(size, 0)
    if opcode == frames.TEXT:
        return FILLER_TEXT * (size // len(FILLER_TEXT)) + b'.' * (size % len(FILLER_TEXT))
    start %= len(FILLER_BYTES)
    return (FILLER_BYTES * (size // len(FILLER_BYTES) + 2))[start:start + size]


def digest(opcode, payload):
    """What identifies a message's type and bytes in the records."""
    return hashlib.sha256(bytes([opcode]) + payload).hexdigest()[:16]


class Records:
    """A file that events are appended to."""

    def __init__(self, path):
        self.path = path
        self.file = open(path, 'w', encoding='utf-8')

    def write(self, **fields):
        self.file.write(json.dumps({'t': time.monotonic(), **fields}) + '\n')

    def close(self):
        self.file.close()


class Member:
    """A client that is in a room. Nothing here waits, but the constructor for the handshake."""

    # The n of a message must rise from one connection of a client to its next, too.
    numbers = itertools.count(1)

    def __init__(self, name, sock, request, room, records, own=False):
        self.name = name
        self.room = room
        self.own = own
        self.records = records
        self.unsent = bytearray()
        self.parts = []
        self.received = 0
        self.leaving = False
        self.ended = False
        self.code = None    # of the Close that ended it
        asked = time.monotonic()
        self.client = Client(sock).open(request)
        self._record('joined', room=room, asked=asked, own=own)
        sock.setblocking(False)

    def fileno(self):
        return self.client.sock.fileno()

    def _record(self, event, **fields):
        self.records.write(client=self.name, conn=self.name, ev=event, **fields)

    # ---- sending ----

    def publish(self, opcode, size, pieces=1):
        """Sends a message of that size, which begins with sender and number; returns the number.
        Pings go between its fragments."""
        n = next(self.numbers)
        header = f'{self.name} {n} '.encode()
        payload = header + filler(opcode, size - len(header), n)
        self._record('send', n=n, sha=digest(opcode, payload))
        parts = frames.fragments(opcode, frames.cut(payload, pieces))
        self.send(frames.ping(b'between').join(parts))
        return n

    def send(self, data):
        """Sends what the kernel takes, and keeps the rest."""
        self.unsent += data
        self.flush()

    def flush(self):
        while self.unsent and (sent := self.client.send_some(self.unsent)):
            del self.unsent[:sent]

    def record_left(self, owed=True):
        """From now on nothing that is published has to arrive; `owed`: all from before has."""
        self._record('left', owed=owed)

    def leave(self, owed=False):
        """Our Close; the end comes when the server's has come. Unless all is at rest, what waits
        between the daemon's workers is not owed any more."""
        self.leaving = True
        self.record_left(owed)
        self.send(frames.close(1000))

    def kill(self):
        """An RST."""
        self._record('closed', code=ABNORMAL)
        self.code = ABNORMAL
        self.ended = True
        self.client.reset()

    # ---- receiving ----

    def receive(self):
        """Takes all that has come; returns the keys of the messages in it."""
        keys = []
        while data := self.client.receive_some():
            self.client.reader.feed(data)
            while (frame := self.client.reader.next()) is not None:
                self._take(frame, keys)
        if self.client.ending is not None:
            self._finish()
        return keys

    def _take(self, frame, keys):
        if frame.opcode == frames.CLOSE:
            self._take_close(frame.code)
        elif frame.opcode == frames.PING:
            self.send(frames.pong(frame.payload))
        elif frame.opcode != frames.PONG:
            self.parts.append(frame)
            if frame.fin:
                keys.append(self._take_message())

    def _take_message(self):
        opcode = self.parts[0].opcode
        payload = b''.join(part.payload for part in self.parts)
        self.parts.clear()
        self.received += 1
        sender, n = read_header(payload)
        self._record('recv', sender=sender, n=n, sha=digest(opcode, payload))
        return sender, n

    def _take_close(self, code):
        self.code = code
        self._record('closed', code=code)
        if not self.leaving:
            self.leaving = True
            self.send(frames.close(code))

    def _finish(self):
        """The end of the connection, with or without a Close before it."""
        if self.code is None:
            self.code = ABNORMAL
            self._record('closed', code=ABNORMAL)
        self.ended = True
        self.client.close()


def read_header(payload):
    """Sender and number of a message, or two times None when it does not say."""
    try:
        sender, n, _ = payload.split(b' ', 2)
        return sender.decode(), int(n)
    except ValueError:
        return None, None
