"""A WebSocket client over a raw connection: speaks frames, and lints every frame it receives."""

from harness import frames
from harness.connection import FIN, Connection
from harness.deadline import Deadline
from harness.handshake import Request, check_accepted, read_response


class Client(Connection):
    """An open WebSocket whose every received frame has been checked."""

    def __init__(self, sock, drip=False):
        super().__init__(sock, drip)
        self.reader = frames.FrameReader()
        self.response = None
        self.seen = []

    def open(self, request=None, early=b''):
        """The handshake; `early` is sent in the same segment, behind the head."""
        request = request or Request()
        self.send(request.encode() + early)
        self.response = read_response(self)
        check_accepted(self.response, request.key)
        self._move_buffer()
        return self

    def _move_buffer(self):
        data = bytes(self.buffer)
        self.buffer.clear()
        self.reader.feed(data)

    # ---- receiving ----

    def next_frame(self, what='a frame', seconds=15.0):
        """The next frame; fails when the connection ends before it."""
        frame = self.next_frame_or_end(Deadline(what, seconds))
        if frame is None:
            raise AssertionError(f'{self.ending} instead of {what}')
        return frame

    def next_frame_or_end(self, deadline):
        """The next frame, or None when the connection has ended."""
        while True:
            frame = self.reader.next()
            if frame is not None:
                self.seen.append(frame.opcode)
                return frame
            data = self.receive(deadline)
            if not data:
                return None
            self.reader.feed(data)

    def next_message(self, seconds=15.0, pongs=None):
        """The next data message; Pongs on the way are collected in `pongs`, others are an error."""
        message = None
        while True:
            frame = self.next_frame('a message', seconds)
            if frame.opcode == frames.PONG and pongs is not None:
                pongs.append(frame.payload)
                continue
            if frame.opcode in frames.CONTROL_OPCODES:
                raise AssertionError(f'opcode {frame.opcode:#x} {frame.payload[:60]!r} '
                                     'instead of a message')
            if message is None:
                message = frames.Message(frame.opcode, b'')
                parts = []
            parts.append(frame.payload)
            message.sizes.append(len(frame.payload))
            if frame.fin:
                message.payload = b''.join(parts)
                return message

    def expect(self, opcode, payload, seconds=15.0):
        """Fails unless the next message is this one; returns it."""
        if isinstance(payload, str):
            payload = payload.encode()
        message = self.next_message(seconds)
        if (message.opcode, message.payload) != (opcode, payload):
            raise AssertionError(f'got opcode {message.opcode} with {len(message.payload)} bytes '
                                 f'{message.payload[:60]!r}, expected opcode {opcode} with '
                                 f'{len(payload)} bytes {payload[:60]!r}')
        return message

    def expect_pong(self, payload, seconds=15.0):
        frame = self.next_frame('a Pong', seconds)
        if (frame.opcode, frame.payload) != (frames.PONG, payload):
            raise AssertionError(f'opcode {frame.opcode:#x} {frame.payload[:60]!r} '
                                 f'instead of a Pong with {payload[:60]!r}')

    def echo(self, payload='still here', opcode=frames.TEXT):
        """One message there and back: proof that the connection lives and is in step."""
        self.send(frames.frame(opcode, payload))
        return self.expect(opcode, payload)

    def echo_large(self, data, seconds=60.0):
        """Sends the frames of one message while receiving it; returns what came back."""
        parts = []

        def take(received):
            self.reader.feed(received)
            while (frame := self.reader.next()) is not None:
                if frame.opcode in frames.CONTROL_OPCODES:
                    raise AssertionError(f'opcode {frame.opcode:#x} {frame.payload!r} in an echo')
                parts.append(frame)
            return bool(parts) and parts[-1].fin

        self.exchange(data, take, 'the end of the echo', seconds)
        return frames.Message(parts[0].opcode, b''.join(part.payload for part in parts),
                              [len(part.payload) for part in parts])

    # ---- ending ----

    def expect_close(self, *codes, seconds=15.0):
        """The next frame is a Close with one of these codes; returns it."""
        frame = self.next_frame(f'a Close with {codes}', seconds)
        return self._check_close(frame, codes)

    def skip_to_close(self, *codes, seconds=15.0):
        """As expect_close, with any other frames before it."""
        deadline = Deadline(f'a Close with {codes}', seconds)
        while True:
            frame = self.next_frame_or_end(deadline)
            if frame is None:
                raise AssertionError(f'{self.ending} instead of {deadline.what}')
            if frame.opcode == frames.CLOSE:
                return self._check_close(frame, codes)

    @staticmethod
    def _check_close(frame, codes):
        if frame.opcode != frames.CLOSE or frame.code not in codes:
            raise AssertionError(f'opcode {frame.opcode:#x}, {frame.payload[:80]!r} '
                                 f'(code {frame.code}) instead of a Close with {codes}')
        return frame

    def expect_end(self, *endings, seconds=15.0):
        """Nothing more comes but the end, by default an orderly one."""
        deadline = Deadline('the end of the connection', seconds)
        frame = self.next_frame_or_end(deadline)
        if frame is not None:
            raise AssertionError(f'opcode {frame.opcode:#x} instead of the end')
        if self.reader.buffer:
            raise AssertionError(f'the connection ended inside a frame: {self.reader.buffer!r}')
        if self.ending not in (endings or (FIN,)):
            raise AssertionError(f'the connection ended with {self.ending}')

    def expect_failure(self, *codes, seconds=15.0):
        """The server fails the connection: Close with a sentence, then its FIN, nothing else."""
        frame = self.expect_close(*codes, seconds=seconds)
        if not frame.reason:
            raise AssertionError(f'a Close with {frame.code} that does not say why')
        self.expect_end(seconds=seconds)
        return frame

    def close_orderly(self, code=1000):
        """Our Close, the server's answer, the server's FIN, ours."""
        self.send(frames.close(code))
        self.expect_close(code)
        self.expect_end()
        self.close()
