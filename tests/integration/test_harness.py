"""The harness itself: its lints find every fault that they are there to find."""

import signal
import subprocess
import sys
import unittest
from pathlib import Path

import programs
from harness import frames
from harness.deadline import wait_until
from harness.frames import BINARY, CLOSE, CONTINUATION, PING, TEXT, FrameReader, LintError
from harness.handshake import check_accepted, check_refusal, parse_response
from harness.log import Event, lint


def sent(opcode, payload=b'', **options):
    """A frame as a server sends it."""
    return frames.frame(opcode, payload, masked=False, **options)


def read(data):
    """Every frame in the bytes, each linted."""
    reader = FrameReader()
    reader.feed(data)
    found = []
    while (frame := reader.next()) is not None:
        found.append(frame)
    return found


class FrameLintTest(unittest.TestCase):

    GOOD = {
        'nothing': b'',
        'empty messages': sent(TEXT) + sent(BINARY),
        'every length': b''.join(sent(BINARY, bytes(size)) for size in (125, 126, 65535, 65536)),
        'fragments around a Ping': sent(TEXT, b'\xc3', fin=False) + sent(PING, b'x' * 125) +
                                   sent(CONTINUATION, b'\xa4'),
        'a Close': sent(CLOSE, b'\x03\xe8' + 'ä'.encode() * 61),
        'an empty Close': sent(CLOSE),
        'the answer to an application\'s Close': sent(CLOSE, (4999).to_bytes(2, 'big')),
    }

    BAD = {
        'masked': frames.text('x'),
        'reserved bit': sent(TEXT, b'x', rsv=4),
        'reserved opcode': sent(3),
        'reserved control opcode': sent(11),
        '16 bits for 125 bytes': sent(BINARY, bytes(125), form=16),
        '64 bits for 65535 bytes': sent(BINARY, bytes(65535), form=64),
        'top bit of the length': sent(BINARY, declared=1 << 63, form=64),
        'a Ping of 126 bytes': sent(PING, bytes(126)),
        'a Ping in fragments': sent(PING, fin=False),
        'a continuation of nothing': sent(CONTINUATION),
        'a message in a message': sent(TEXT, fin=False) + sent(TEXT),
        'text that is not UTF-8': sent(TEXT, b'\xff'),
        'text that ends inside a character': sent(TEXT, b'\xc3'),
        'a Close of one byte': sent(CLOSE, b'\x03'),
        'a reason that is not UTF-8': sent(CLOSE, b'\x03\xe8\xff'),
        'data behind a Close': sent(CLOSE) + sent(TEXT),
        'a second Close': sent(CLOSE) + sent(CLOSE),
        **{f'code {code}': sent(CLOSE, code.to_bytes(2, 'big'))
           for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)},
    }

    def test_what_is_right_passes(self):
        for name, data in self.GOOD.items():
            with self.subTest(name):
                read(data)

    def test_every_fault_is_found(self):
        for name, data in self.BAD.items():
            with self.subTest(name), self.assertRaises(LintError):
                read(data)

    def test_bytes_behind_a_close_are_found_when_they_come_later(self):
        reader = FrameReader()
        reader.feed(sent(CLOSE))
        self.assertEqual(reader.next().opcode, CLOSE)
        with self.assertRaises(LintError):
            reader.feed(b'x')

    def test_a_header_is_checked_before_its_payload_has_come(self):
        with self.assertRaises(LintError):
            read(sent(BINARY, declared=125, form=16))


class ResponseLintTest(unittest.TestCase):

    ACCEPTED = ('HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade',
                'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
    REFUSED = ('HTTP/1.1 404 Not Found', 'Content-Type: text/plain', 'Content-Length: 3',
               'Connection: close')
    KEY = 'dGhlIHNhbXBsZSBub25jZQ=='

    def accept(self, *lines):
        check_accepted(parse_response('\r\n'.join(lines).encode('latin-1')), self.KEY)

    def refuse(self, body, *lines):
        response = parse_response('\r\n'.join(lines).encode('latin-1'))
        response.body = body
        check_refusal(response)

    def test_what_is_right_passes(self):
        self.accept(*self.ACCEPTED)
        self.refuse(b'No.\n', *self.REFUSED)

    def test_a_101_without_one_of_its_fields_is_found(self):
        for line in self.ACCEPTED[1:]:
            with self.subTest(line), self.assertRaises(AssertionError):
                self.accept(*(one for one in self.ACCEPTED if one != line))

    def test_a_101_with_a_field_too_many_is_found(self):
        for line in ('Content-Length: 0', 'Transfer-Encoding: chunked', 'Upgrade: websocket',
                     'no field', 'name : value', 'name: \x01'):
            with self.subTest(line), self.assertRaises(AssertionError):
                self.accept(*self.ACCEPTED, line)

    def test_a_loose_status_line_is_found(self):
        for line in ('HTTP/1.0 404 Not Found', 'HTTP/1.1 404', 'HTTP/1.1 4040 x', 'http/1.1 404 x',
                     'HTTP/1.1  404 x', 'HTTP/1.1 101 Switching Protocols'):
            with self.subTest(line), self.assertRaises(AssertionError):
                self.refuse(b'No.\n', line, *self.REFUSED[1:])

    def test_a_refusal_without_one_of_its_fields_is_found(self):
        for line in self.REFUSED[1:]:
            with self.subTest(line), self.assertRaises(AssertionError):
                self.refuse(b'No.\n', *(one for one in self.REFUSED if one != line))

    def test_a_body_that_is_not_one_line_of_text_is_found(self):
        for body in (b'', b'\n', b'two\nlines\n', b'\x1b[2J', b'\xff'):
            with self.subTest(body), self.assertRaises(AssertionError):
                self.refuse(body, *self.REFUSED)


class LogLintTest(unittest.TestCase):

    GOOD = '{"level": "info", "message": "listening"}'
    BAD = ('{"level": "error", "message": "x"}', '{"message": "x"}', 'the rest of a torn line',
           '{"level": "info", "mess', '==1==ERROR: AddressSanitizer: heap-use-after-free',
           'src/x.c:1:2: runtime error: signed integer overflow',
           'WARNING: ThreadSanitizer: data race')

    def test_events_pass(self):
        self.assertEqual(lint([Event(self.GOOD)], ()), [])

    def test_every_fault_is_found(self):
        for line in self.BAD:
            with self.subTest(line):
                self.assertEqual(len(lint([Event(self.GOOD), Event(line)], ())), 1)

    def test_an_error_that_is_expected_passes_but_a_report_never_does(self):
        self.assertEqual(lint([Event(self.BAD[0])], ('"x"',)), [])
        self.assertEqual(len(lint([Event(self.BAD[4])], ('ERROR',))), 1)


class DeadlineTest(unittest.TestCase):

    def test_a_wait_ends_and_says_what_it_waited_for(self):
        with self.assertRaisesRegex(AssertionError, 'in vain for the impossible'):
            wait_until(lambda: False, 'the impossible', seconds=0.01)


class ProgramsTest(unittest.TestCase):
    """tests/programs.py: nothing that a run has started outlives it."""

    PROGRAM = ['sh', '-c', 'sleep 1000 & echo ready >&2; wait']
    SECONDS = 60

    @staticmethod
    def runner(command, seconds_allowed=1000):
        """A program that runs this one twice, one after the other."""
        return [sys.executable, '-c', f"""
import sys
sys.path.insert(0, {str(Path(programs.__file__).parent)!r})
import programs
programs.end_on_signals()
programs.run_all(2 * [lambda: programs.run({command!r}, {seconds_allowed})], 1, print)
"""]

    def start(self, command):
        """All that runs below it holds the pipe that standard error is."""
        started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   text=True)
        self.addCleanup(started.kill)
        self.assertEqual(started.stderr.readline(), 'ready\n')
        return started

    def test_a_signal_ends_all_that_runs_and_starts_nothing_more(self):
        for number in programs.STOP_SIGNALS:
            with self.subTest(number.name):
                runner = self.start(self.runner(self.runner(self.PROGRAM)))
                runner.send_signal(number)
                self.assertEqual(runner.communicate(timeout=self.SECONDS)[1], '')
                self.assertEqual(runner.returncode, 128 + number)

    def test_what_takes_too_long_is_ended_with_all_that_it_has_started(self):
        runner = self.start(self.runner(self.PROGRAM, seconds_allowed=2))
        self.assertEqual(runner.communicate(timeout=self.SECONDS)[1], 'ready\n')
        self.assertEqual(runner.returncode, 0)


if __name__ == '__main__':
    unittest.main()
