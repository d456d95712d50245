"""RFC 6455 section 5: frames, one test for each requirement. Every frame received is linted."""

import os

from harness import frames
from harness.case import SharedDaemonTest, in_every_mode
from harness.frames import BINARY, CONTINUATION, PING, PONG, TEXT
from harness.handshake import Request

OPCODES = (CONTINUATION, TEXT, BINARY, frames.CLOSE, PING, PONG)
RESERVED_OPCODES = (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)

# Declared lengths that have broken other servers: wraps of 32 and 64 bits, negative when signed.
HUGE_LENGTHS = ((1 << 63) - 1, 1 << 63, (1 << 63) + 1, (1 << 64) - 1, (1 << 64) - 4,
                (1 << 64) - 10, (1 << 32) - 1, 1 << 32, (1 << 32) + 1)


class FramingTest(SharedDaemonTest):
    """Frames in every mode against one echo."""

    def fails(self, data, *codes):
        """These bytes on a fresh connection fail it with one of the codes."""
        client = self.client()
        client.send(data)
        client.expect_failure(*codes)
        client.close()

    def each_fails(self, cases, *codes):
        for label, data in cases:
            with self.subTest(label):
                self.fails(data, *codes)

    def each_echoes(self, cases):
        """For each (label, opcode, payload, wire): on one connection the message comes back."""
        client = self.client()
        for label, opcode, payload, wire in cases:
            with self.subTest(label):
                client.send(wire)
                client.expect(opcode, payload)
        client.close_orderly()


class HeaderTest(FramingTest):
    """Sections 5.1 and 5.2."""

    @in_every_mode
    def test_rfc6455_5_1_01(self):
        """An unmasked frame from a client is a protocol error, whatever it is."""
        self.each_fails([(opcode, frames.frame(opcode, b'', masked=False)) for opcode in OPCODES],
                        1002)
        self.fails(frames.text('hello', masked=False), 1002)
        self.fails(frames.text('a', fin=False) + frames.frame(0, 'b', masked=False), 1002)

    @in_every_mode
    def test_rfc6455_5_1_02(self):
        """Frames from the server are never masked: every frame here went through the lint."""
        client = self.client()
        client.send(frames.text('data') + frames.ping(b'ping'))
        client.expect(TEXT, 'data')
        client.expect_pong(b'ping')
        client.close_orderly()

    @in_every_mode
    def test_rfc6455_5_2_01(self):
        """Reserved bits without an extension are a protocol error: all seven with all opcodes."""
        for rsv in range(1, 8):
            self.each_fails([((rsv, opcode), frames.frame(opcode, b'x', rsv=rsv))
                             for opcode in range(16)], 1002)

    @in_every_mode
    def test_rfc6455_5_2_02(self):
        """Reserved opcodes fail before any payload has come."""
        self.each_fails([(opcode, frames.frame(opcode, b'', declared=100))
                         for opcode in RESERVED_OPCODES], 1002)

    @in_every_mode
    def test_rfc6455_5_2_03(self):
        """A 64-bit length with the top bit set is 1002; huge ones without it are too big."""
        for length in HUGE_LENGTHS:
            code = 1002 if length >> 63 else 1009
            with self.subTest(length):
                self.fails(frames.binary(b'', declared=length, form=64), code)
                self.fails(frames.binary(b'a', fin=False) +
                           frames.frame(CONTINUATION, b'', declared=length, form=64), code)

    @in_every_mode
    def test_rfc6455_5_2_04(self):
        """Lengths must be written in their shortest form."""
        self.each_fails([((size, form), frames.binary(b'x' * size, form=form))
                         for size, form in ((0, 16), (125, 16), (0, 64), (126, 64), (65535, 64))],
                        1002)

    @in_every_mode
    def test_rfc6455_5_2_05(self):
        """The server writes lengths in their shortest form; the lint looks at each."""
        self.each_echoes([(size, BINARY, payload, frames.binary(payload))
                          for size in (0, 125, 126, 127, 65535, 65536)
                          for payload in [os.urandom(size)]])

    @in_every_mode
    def test_rfc6455_5_2_06(self):
        """Every opcode may come without a payload."""
        client = self.client()
        client.send(frames.text('') + frames.binary(b'') + frames.ping() + frames.pong())
        client.expect(TEXT, '')
        client.expect(BINARY, b'')
        client.expect_pong(b'')
        client.send(frames.close())
        client.expect_close(None, 1000)
        client.expect_end()


class MaskingTest(FramingTest):
    """Section 5.3."""

    @in_every_mode
    def test_rfc6455_5_3_01(self):
        """Every length unmasks right, with a zero key, too."""
        cases = []
        for size in range(68):
            for key in (None, bytes(4)):
                payload = os.urandom(size)
                cases.append(((size, key), BINARY, payload, frames.binary(payload, key=key)))
        self.each_echoes(cases)

    @in_every_mode
    def test_rfc6455_5_3_01_split(self):
        """A payload that arrives in two reads unmasks right wherever it is cut."""
        client = self.client()
        payload = os.urandom(16)
        wire = frames.binary(payload)
        for cut in range(1, len(wire)):
            client.send(wire[:cut])
            client.send(wire[cut:])
            client.expect(BINARY, payload)
        client.close_orderly()

    @in_every_mode
    def test_rfc6455_5_3_02(self):
        """Each fragment is unmasked with its own key."""
        client = self.client()
        client.send(frames.text('ab', fin=False, key=b'\x01\x02\x03\x04') +
                    frames.frame(CONTINUATION, 'cdefg', key=b'\xff\x00\x80\x7f'))
        client.expect(TEXT, 'abcdefg')
        client.close_orderly()


class FragmentationTest(FramingTest):
    """Section 5.4."""

    @in_every_mode
    def test_rfc6455_5_4_01(self):
        """Messages are taken whole and in any number of fragments."""
        payload = bytes(range(256))
        self.each_echoes([(count, BINARY, payload,
                           b''.join(frames.fragments(BINARY, frames.cut(payload, count))))
                          for count in (1, 2, 3, 64, 300)])

    @in_every_mode
    def test_rfc6455_5_4_02(self):
        """A control frame between fragments is handled at once; the message goes on."""
        client = self.client()
        client.send(frames.text('one ', fin=False) + frames.ping(b'now'))
        client.expect_pong(b'now')
        client.send(frames.pong(b'unasked') + frames.frame(CONTINUATION, 'two'))
        client.expect(TEXT, 'one two')
        client.close_orderly()

    @in_every_mode
    def test_rfc6455_5_4_03(self):
        """A control frame in fragments is a protocol error."""
        self.each_fails([(opcode, frames.frame(opcode, b'', fin=False))
                         for opcode in frames.CONTROL_OPCODES], 1002)

    @in_every_mode
    def test_rfc6455_5_4_04(self):
        """A continuation needs a message to continue."""
        self.each_fails([(fin, frames.frame(CONTINUATION, 'x', fin=fin)) for fin in (True, False)],
                        1002)
        client = self.client()
        client.send(frames.text('whole'))
        client.expect(TEXT, 'whole')
        client.send(frames.frame(CONTINUATION, 'more'))
        client.expect_failure(1002)

    @in_every_mode
    def test_rfc6455_5_4_05(self):
        """A new message inside a message is a protocol error."""
        self.each_fails([((first, second), frames.frame(first, 'x', fin=False) +
                          frames.frame(second, 'y'))
                         for first in (TEXT, BINARY) for second in (TEXT, BINARY)], 1002)

    @in_every_mode
    def test_rfc6455_5_4_06(self):
        """A streamed reply is not interleaved with anything but control frames."""
        client = self.client()
        payload = os.urandom(200000)
        pieces = frames.fragments(BINARY, frames.cut(payload, 5))
        client.send(pieces[0] + frames.ping(b'in the middle') + b''.join(pieces[1:]) +
                    frames.text('after'))
        pongs = []
        message = client.next_message(pongs=pongs)
        self.assertEqual((message.opcode, message.payload), (BINARY, payload))
        self.assertEqual(pongs, [b'in the middle'])
        client.expect(TEXT, 'after')
        client.close_orderly()

    @in_every_mode
    def test_rfc6455_5_4_06_room(self):
        """Messages of two senders do not mix in a room, though their fragments arrive in turn."""
        members = [self.client('/room/fragments') for _ in range(3)]
        payloads = [os.urandom(3000) for _ in members[1:]]
        pieces = [frames.fragments(BINARY, frames.cut(payload, 10)) for payload in payloads]
        for parts in zip(*pieces):
            for sender, part in zip(members[1:], parts):
                sender.send(part)
        received = {members[0].next_message().payload for _ in payloads}
        self.assertEqual(received, set(payloads))
        members[1].expect(BINARY, payloads[1])
        members[2].expect(BINARY, payloads[0])
        for member in members:
            member.close_orderly()

    @in_every_mode
    def test_rfc6455_5_4_07(self):
        """The type of a message is the opcode of its first fragment."""
        self.each_echoes([(opcode, opcode, b'abc',
                           b''.join(frames.fragments(opcode, [b'a', b'b', b'c'])))
                          for opcode in (TEXT, BINARY)])

    @in_every_mode
    def test_rfc6455_5_4_08(self):
        """First, middle and last fragments may be empty."""
        self.each_echoes([(pieces, TEXT, b''.join(pieces),
                           b''.join(frames.fragments(TEXT, pieces)))
                          for pieces in ([b'', b'a', b'b'], [b'a', b'', b'b'], [b'a', b'b', b''],
                                         [b'', b'', b''])])


class ControlFrameTest(FramingTest):
    """Section 5.5 without Close, which test_closing.py has."""

    @in_every_mode
    def test_rfc6455_5_5_01(self):
        """More than 125 bytes in a control frame fail on the header alone."""
        for opcode in frames.CONTROL_OPCODES:
            self.each_fails([((opcode, form), frames.frame(opcode, b'', declared=126, form=form))
                             for form in (16, 64)], 1002)

    @in_every_mode
    def test_rfc6455_5_5_2_01(self):
        """Every Ping is answered, in order, with data around it."""
        client = self.client()
        client.send(b''.join(frames.ping(b'%d' % number) for number in range(10)))
        for number in range(10):
            client.expect_pong(b'%d' % number)
        client.close_orderly()

    @in_every_mode
    def test_rfc6455_5_5_2_02(self):
        """A Ping behind a Close gets no Pong."""
        client = self.client()
        client.send(frames.close(1000) + frames.ping(b'late'))
        client.expect_close(1000)
        client.expect_end()

    @in_every_mode
    def test_rfc6455_5_5_3_01(self):
        """A Pong carries the Ping's bytes, whatever they are."""
        client = self.client()
        for size in (0, 1, 2, 31, 124, 125):
            payload = os.urandom(size)
            client.send(frames.ping(payload))
            client.expect_pong(payload)
        client.close_orderly()

    @in_every_mode
    def test_rfc6455_5_5_3_02(self):
        """Of Pings that come faster than Pongs are read only the last has to be answered, and
        none is answered twice or late."""
        client = self.client()
        client.send(b''.join(frames.ping(b'%d' % number) for number in range(1000)))
        answered = []
        while not answered or answered[-1] < 999:
            frame = client.next_frame('the last Pong')
            self.assertEqual(frame.opcode, PONG)
            answered.append(int(frame.payload))
        self.assertEqual(answered, sorted(set(answered)))
        client.close_orderly()

    @in_every_mode
    def test_rfc6455_5_5_3_03(self):
        """A Pong that nobody asked for is not answered and does no harm."""
        client = self.client()
        client.send(frames.pong(b'unasked') + frames.pong() + frames.text('still'))
        client.expect(TEXT, 'still')
        client.close_orderly()


class DataFrameTest(FramingTest):
    """Sections 5.6 to 5.8 and 6."""

    @in_every_mode
    def test_rfc6455_5_6_01(self):
        """A text is checked as a whole: fragments may end inside a character."""
        text = 'aß€𝄞 ĸ'.encode()
        self.each_echoes([(count, TEXT, text,
                           b''.join(frames.fragments(TEXT, frames.cut(text, count))))
                          for count in (2, 3, 5, len(text))])

    @in_every_mode
    def test_rfc6455_5_6_02(self):
        """Binary messages may hold any bytes."""
        every = bytes(range(256)) + b'\xff\xfe\x00\xc0\x80\xed\xa0\x80'
        self.each_echoes([('every byte', BINARY, every, frames.binary(every))])

    @in_every_mode
    def test_rfc6455_5_7_01(self):
        """The examples of section 5.7, to the letter, and the frames that answer them."""
        connection = self.client()
        connection.send(bytes.fromhex('818537fa213d7f9f4d5158'))
        connection.expect(TEXT, 'Hello')
        connection.send(frames.text('Hel', fin=False) + frames.frame(CONTINUATION, 'lo'))
        connection.expect(TEXT, 'Hello')
        connection.send(bytes.fromhex('898537fa213d7f9f4d5158'))
        connection.expect_pong(b'Hello')
        for size in (256, 65536):
            connection.echo(bytes(size), BINARY)
        connection.close_orderly()

    @in_every_mode
    def test_rfc6455_5_7_01_bytes(self):
        """What the server sends for "Hello" is the unmasked example, byte for byte."""
        connection, response = self.request(Request())
        self.assertEqual(response.status, 101)
        connection.send(bytes.fromhex('818537fa213d7f9f4d5158'))
        connection.read_until(lambda data: len(data) >= 7, 'the frame')
        self.assertEqual(bytes(connection.buffer), bytes.fromhex('810548656c6c6f'))
        connection.buffer.clear()
        connection.send(frames.close(1000))
        self.assertEqual(connection.read_end(), ('FIN', bytes.fromhex('880203e8')))

    @in_every_mode
    def test_rfc6455_5_8_01(self):
        """Offered extensions that were not accepted do not exist: their bits are an error."""
        request = Request().add('Sec-WebSocket-Extensions', 'permessage-deflate')
        client = self.client(request=request)
        self.assertIsNone(client.response.value('Sec-WebSocket-Extensions'))
        client.send(frames.text('x', rsv=4))
        client.expect_failure(1002)

    @in_every_mode
    def test_rfc6455_6_1_01(self):
        """Data is sent while the connection is open only: none to a member that has failed."""
        member, sender = self.client('/room/open'), self.client('/room/open')
        publications = b''.join(frames.text(f'{number} €') for number in range(50))
        sender.send(publications)
        member.send(frames.frame(3, b''))
        sender.send(publications)
        member.skip_to_close(1002)
        member.expect_end()
        sender.close_orderly()

    @in_every_mode
    def test_rfc6455_6_2_01(self):
        """Each message is delivered once, with its type, in order."""
        client = self.client()
        messages = [(TEXT if number % 3 else BINARY, b'%d' % number) for number in range(50)]
        client.send(b''.join(frames.frame(opcode, payload) for opcode, payload in messages))
        for opcode, payload in messages:
            client.expect(opcode, payload)
        client.close_orderly()
