"""RFC 6455 sections 5.5.1, 7 and 8: how connections close, and text that is not UTF-8."""

import itertools
import random

from harness import configuration, frames
from harness.case import SharedDaemonTest, in_every_mode
from harness.connection import FIN, PLAIN, SECURE, remote_name
from harness.deadline import Deadline
from harness.frames import CONTINUATION, TEXT
from harness.handshake import Request, check_refusal

VALID_CODES = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999,
               4000, 4999)
INVALID_CODES = (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)

INVALID_TEXTS = {
    'overlong 2': b'\xc0\x80', 'overlong 2 high': b'\xc1\xbf', 'overlong 3': b'\xe0\x80\x80',
    'overlong 3 high': b'\xe0\x9f\xbf', 'overlong 4': b'\xf0\x80\x80\x80',
    'overlong 4 high': b'\xf0\x8f\xbf\xbf', 'first surrogate': b'\xed\xa0\x80',
    'last surrogate': b'\xed\xbf\xbf', 'above U+10FFFF': b'\xf4\x90\x80\x80',
    'F5': b'\xf5\x80\x80\x80', 'FF': b'\xff', 'FE': b'\xfe', 'continuation': b'\x80',
    'two leads': b'\xc3\xc3', 'cut short by ASCII': b'\xe2\x82a',
}
TRUNCATED_TEXTS = (b'\xc3', b'\xe2\x82', b'\xf0\x9d\x84', b'hello \xf0\x9d')
VALID_TEXTS = ('\0', '\x7f', '\x80', '\u07ff', '\u0800', '\ud7ff', '\ue000', '\ufffe', '\uffff',
               '\U00010000', '\U0010ffff', 'κόσμε')

# Bytes on both sides of every border in the table of RFC 3629 section 4.
BORDERS = (0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1,
           0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF)
LONG_LEADS = (0xE0, 0xED, 0xF0, 0xF4)
CONTINUATION_BORDERS = (0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0)


def border_strings():
    """Every string of one byte, of two at borders, and of three behind leads with a rule of
    their own."""
    yield from (bytes([byte]) for byte in range(256))
    yield from map(bytes, itertools.product(BORDERS, repeat=2))
    yield from map(bytes, itertools.product(LONG_LEADS, CONTINUATION_BORDERS, (0x7F, 0x80, 0xBF)))


def is_utf8(data):
    try:
        data.decode('utf-8', 'strict')
    except UnicodeDecodeError:
        return False
    return True


class ClosingTest(SharedDaemonTest):
    """Closes in every mode against one echo."""

    def fails(self, data, *codes):
        client = self.client()
        client.send(data)
        client.expect_failure(*codes)
        client.close()


class CloseFrameTest(ClosingTest):
    """Section 5.5.1. No time-out ends anything here: what ends does so at once."""

    @classmethod
    def configuration(cls):
        return configuration.configuration(listeners=cls.plain_and_secure(),
                                           timeouts={'close': '1h', 'linger': '1h'})

    @in_every_mode
    def test_rfc6455_5_5_1_01(self):
        """A Close without a code is answered with one without a code."""
        client = self.client()
        client.send(frames.close())
        frame = client.expect_close(None, 1000)
        self.assertIn(frame.payload, (b'', b'\x03\xe8'))
        client.expect_end()

    @in_every_mode
    def test_rfc6455_5_5_1_02(self):
        """A Close with a body of one byte is a protocol error."""
        self.fails(frames.frame(frames.CLOSE, b'\x03'), 1002)

    @in_every_mode
    def test_rfc6455_5_5_1_03(self):
        """The reason of a Close must be UTF-8, to its last byte."""
        for reason in (b'\xff', b'ok \xc0\x80', b'x' * 122 + b'\xc3', b'\xed\xa0\x80'):
            with self.subTest(reason):
                self.fails(frames.close(1000, reason), 1007)
        client = self.client()
        client.send(frames.close(1000, 'ä' * 61))
        client.expect_close(1000)
        client.expect_end()

    @in_every_mode
    def test_rfc6455_5_5_1_04(self):
        """After its Close the server sends no data: messages behind ours are not answered."""
        client = self.client()
        client.send(frames.close(1000) + frames.text('too late'))
        client.expect_close(1000)
        client.expect_end()

    @in_every_mode
    def test_rfc6455_5_5_1_04_room(self):
        """A member that is closing gets nothing of what is published meanwhile."""
        member, sender = self.client('/room/closing'), self.client('/room/closing')
        publications = b''.join(frames.binary(b'%d' % number) for number in range(50))
        sender.send(publications)
        member.send(frames.close(1000))
        sender.send(publications)
        member.skip_to_close(1000)
        member.expect_end()
        sender.close_orderly()

    @in_every_mode
    def test_rfc6455_5_5_1_05(self):
        """A Close is answered with the code that it had."""
        for code in VALID_CODES:
            with self.subTest(code):
                client = self.client()
                client.send(frames.close(code, 'bye'))
                client.expect_close(code)
                client.expect_end()

    @in_every_mode
    def test_rfc6455_5_5_1_06(self):
        """A Close inside a message of ours ends it there."""
        client = self.client()
        client.send(frames.text('begun', fin=False) + frames.close(1000))
        client.expect_close(1000)
        client.expect_end()

    @in_every_mode
    def test_rfc6455_5_5_1_07(self):
        """After both Closes the server ends the connection at once, in an orderly way."""
        client = self.client()
        client.send(frames.text('last') + frames.close(3000))
        client.expect(TEXT, 'last')
        client.expect_close(3000)
        client.expect_end(FIN)


class EndTest(ClosingTest):
    """Section 7.1."""

    @in_every_mode
    def test_rfc6455_7_1_1_01(self):
        """The server sends its FIN first and reads on up to ours: no reset for late bytes."""
        client = self.client()
        client.send(frames.close(1000))
        client.expect_close(1000)
        client.expect_end(FIN)
        if self.mode.transport == 'plain':
            client.send(b'x' * 1000)
            client.sock.settimeout(0.2)
            self.assertEqual(client.sock.recv(10), b'', 'no reset, still the end')
        client.close()

    def test_rfc6455_7_1_1_02(self):
        """Over TLS close_notify is sent before the FIN: its lack would be seen as truncation."""
        client = self.client(mode=SECURE)
        client.close_orderly()

    @in_every_mode
    def test_rfc6455_7_1_2_01(self):
        """A Close that the server begins has a legal code and a reason that fits; the lint
        looks at both."""
        client = self.client()
        client.send(frames.frame(0xF, b''))
        frame = client.expect_failure(1002)
        self.assertLessEqual(len(frame.payload), 125)

    def test_rfc6455_7_1_5_01(self):
        """The log says 1005 for a Close without a code and 1006 for none, never the wire."""
        for code in (1005, 1006):
            client = self.client(mode=PLAIN)
            remote = remote_name(client.sock)
            if code == 1005:
                client.send(frames.close())
                client.expect_close(None)
            client.close()
            self.daemon.log.wait_for('closed', remote=remote, code=code)

    @in_every_mode
    def test_rfc6455_7_1_7_01(self):
        """After a failure nothing more is processed: a good frame behind a bad one is ignored."""
        client = self.client()
        client.send(frames.frame(3, b'') + frames.text('ignored') + frames.ping(b'ignored'))
        client.expect_failure(1002)
        client.close()

    @in_every_mode
    def test_rfc6455_7_1_7_01_before(self):
        """What was right before the failure has been answered."""
        client = self.client()
        client.send(frames.text('right') + frames.frame(3, b''))
        client.expect(TEXT, 'right')
        client.expect_failure(1002)
        client.close()

    @in_every_mode
    def test_rfc6455_7_2_2_01(self):
        """No end is abrupt: a client that does not answer the failure Close still sees a FIN."""
        client = self.client()
        client.send(frames.text(b'\xff'))
        client.expect_failure(1007)
        client.send(frames.close(1007))
        client.close()


class CloseCodeTest(ClosingTest):
    """Section 7.4."""

    @in_every_mode
    def test_rfc6455_7_4_1_01(self):
        """Codes that must not be on the wire are not answered with themselves."""
        for code in (1004, 1005, 1006, 1015):
            with self.subTest(code):
                self.fails(frames.close(code), 1002)

    @in_every_mode
    def test_rfc6455_7_4_1_02(self):
        """Each cause has its code: 1002 protocol, 1007 data, 1008 policy, 1009 size."""
        self.fails(frames.frame(5, b''), 1002)
        self.fails(frames.text(b'\x80'), 1007)
        self.fails(frames.binary(b'', fin=False) +
                   frames.frame(CONTINUATION, b'', fin=False) * 65536, 1008)
        self.fails(frames.binary(b'', declared=1 << 40, form=64), 1009)

    @in_every_mode
    def test_rfc6455_7_4_2_01(self):
        """Codes that nobody may send are a protocol error."""
        for code in INVALID_CODES:
            with self.subTest(code):
                self.fails(frames.close(code), 1002)

    @in_every_mode
    def test_rfc6455_7_4_2_02(self):
        """Codes of the registry, of libraries and of applications are accepted."""
        for code in VALID_CODES:
            with self.subTest(code):
                client = self.client()
                client.close_orderly(code)


class TextTest(ClosingTest):
    """Section 8.1."""

    @in_every_mode
    def test_rfc6455_8_1_01(self):
        """Text that is not UTF-8 fails with 1007: alone, behind other text, and cut in two."""
        for label, bad in INVALID_TEXTS.items():
            with self.subTest(label):
                self.fails(frames.text(bad), 1007)
                self.fails(frames.text(b'x' * 70 + bad + b'y' * 70), 1007)
                self.fails(frames.text(bad[:1], fin=False) +
                           frames.frame(CONTINUATION, bad[1:] + b'z'), 1007)

    @in_every_mode
    def test_rfc6455_8_1_01_truncated(self):
        """Text that ends inside a character fails at its end."""
        for bad in TRUNCATED_TEXTS:
            with self.subTest(bad):
                self.fails(frames.text(bad), 1007)
                self.fails(frames.text(bad, fin=False) + frames.frame(CONTINUATION, b''), 1007)

    @in_every_mode
    def test_rfc6455_8_1_02(self):
        """The first and last character of every length are accepted, noncharacters, too."""
        client = self.client()
        for text in VALID_TEXTS:
            with self.subTest(text.encode('unicode_escape')):
                client.echo(text)
        client.close_orderly()

    @in_every_mode
    def test_rfc6455_8_1_03(self):
        """The first impossible byte fails, before its frame or its message has ended."""
        self.fails(frames.text(b'ok\xff', fin=False), 1007)
        whole = frames.text(b'ok\xff' + b'x' * 100)
        self.fails(whole[:len(whole) - 50], 1007)
        long = frames.text(b'x' * 200000 + b'\xff' + b'x' * 100000)
        client = self.client()
        client.send(long[:200100])
        client.skip_to_close(1007)
        client.expect_end()


    def test_rfc6455_8_1_04(self):
        """What is text and what is not agrees with another decoder at every border."""
        strings = list(border_strings())
        client = self.client(mode=PLAIN)
        for text in filter(is_utf8, strings):
            client.echo(text)
        client.close_orderly()
        for bad in itertools.filterfalse(is_utf8, strings):
            with self.subTest(bad):
                self.fails(frames.text(bad), 1007)


class UnreadFailureTest(ClosingTest):
    """A failure that the peer does not read."""

    ROOM = '/room/unread'

    @classmethod
    def configuration(cls):
        return configuration.configuration(
            listeners=cls.plain_and_secure(), timeouts={'close': '300ms'},
            defaults={'send_queue': {'size': '64MiB'}})

    @in_every_mode
    def test_rfc6455_7_1_7_02(self):
        """A peer that fails and reads nothing is dropped after the close time-out all the same."""
        member = self.client(self.ROOM, receive_buffer=4096)
        sender = self.client(self.ROOM)
        for _ in range(128):
            sender.send(frames.binary(bytes(65536)))
        sender.send(frames.ping(b'all published'))
        sender.expect_pong(b'all published')
        remote = remote_name(member.sock)
        member.send(frames.frame(3, b''))
        self.daemon.log.wait_for('closed', code=1002, remote=remote)
        sender.close_orderly()


class FullServerTest(ClosingTest):
    """A server that takes one connection."""

    @classmethod
    def configuration(cls):
        return configuration.configuration(listeners=cls.plain_and_secure(),
                                           limits={'connections': 1})

    @in_every_mode
    def test_rfc6455_7_2_3_01(self):
        """Clients should wait before they come again: who is refused is told how long."""
        closed = len(self.daemon.log.with_message('closed'))
        client = self.client()
        _, response = self.request(Request())
        self.assertEqual(response.status, 503)
        check_refusal(response)
        self.assertRegex(response.value('Retry-After') or '', '^[1-9][0-9]*$')
        client.close_orderly()
        client.close()
        self.daemon.log.wait_for_count('closed', closed + 1)


class SecurityTest(ClosingTest):
    """Section 10."""

    def random_bytes(self):
        """The same ones in every run."""
        chance = random.Random(6455)
        return [chance.randbytes(size) for size in range(1, 201, 2)]

    def test_rfc6455_10_1_01(self):
        """Whatever comes for frames, what goes back is right, and the connection ends."""
        for mode in (PLAIN, SECURE):
            for data in self.random_bytes():
                with self.subTest(data.hex(), mode=mode.name):
                    client = self.client(mode=mode)
                    client.send(data)
                    client.finish_sending()
                    deadline = Deadline('the end')
                    while client.next_frame_or_end(deadline):
                        pass
                    self.assertEqual(client.ending, FIN)
                    client.close()

    def test_rfc6455_10_1_01_handshake(self):
        """Whatever comes for a handshake gets at most a refusal, and the connection ends."""
        for mode in (PLAIN, SECURE):
            for data in self.random_bytes():
                with self.subTest(data.hex(), mode=mode.name):
                    connection = self.connect(mode)
                    connection.send(data)
                    connection.finish_sending()
                    ending, rest = connection.read_end()
                    self.assertEqual(ending, FIN)
                    self.assertRegex(rest, rb'\A(HTTP/1\.1 400 |\Z)')
                    connection.close()

    @in_every_mode
    def test_rfc6455_10_4_01(self):
        """The size limit acts on what is declared, over all fragments, before it has come."""
        limit = 1 << 20
        self.fails(frames.binary(b'', declared=limit + 1, form=64), 1009)
        client = self.client()
        client.send(frames.binary(b'x' * 1000, fin=False) +
                    frames.frame(CONTINUATION, b'', declared=limit - 999, form=64))
        client.skip_to_close(1009)
        client.expect_end()

    def test_rfc6455_10_6_01(self):
        """TLS works."""
        client = self.client(mode=SECURE)
        client.echo('over TLS')
        client.close_orderly()

    @in_every_mode
    def test_rfc6455_10_7_02(self):
        """An error after the handshake is a Close with a fitting code, not a mere end."""
        self.fails(b'\xff\xff\xff\xff\xff\xff\xff\xff', 1002)
        self.fails(b'GET / HTTP/1.1\r\n\r\n', 1002)
