"""wsrelayctl watch: in blocks, and on a terminal."""

import fcntl
import itertools
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import unittest

from harness.control import DONE, UNREACHABLE, control, environment
from harness.deadline import wait_until
from harness.fake_admin import answer, error
from test_wsrelayctl import CONNECTION, STATUS, FakeTest

ENTER = '\x1b[?1049h\x1b[?25l'
HOME = '\x1b[H'
LEAVE = '\x1b[?25h\x1b[?1049l'
SEQUENCE = re.compile(r'\x1b\[[?0-9]*[A-Za-z]')


def connection(number, queue):
    return {**CONNECTION, 'id': f'0-{number}', 'queue_bytes': queue}


def room(name, members):
    return {'namespace': 'n', 'name': name, 'members': members}


class WatchTest(FakeTest):
    """A listener whose counters rise with every question."""

    def start_counting(self, rooms=(), connections=(), **changes):
        counter = itertools.count()

        def status(_):
            number = next(counter)
            return answer({**STATUS, 'messages_in': 1000 * number, 'bytes_in': 1 << 20,
                           'messages_out': 5, 'bytes_out': 0, **changes})
        return self.start({'GET /v1/status': status,
                           'GET /v1/rooms': answer({'rooms': list(rooms), 'next': None}),
                           'GET /v1/connections': answer({'connections': list(connections),
                                                          'next': None})})


class BlocksTest(WatchTest):
    """Standard output is no terminal."""

    def blocks(self, *arguments):
        output = self.control.output('watch', '--interval', '0.05', *arguments)
        self.assertNotIn('\x1b', output)
        return [part for part in re.split(r'(?m)^(?=\d\d:\d\d:\d\d  )', output) if part]

    def test_there_are_as_many_blocks_as_were_asked_for(self):
        self.start_counting()
        self.assertEqual(len(self.blocks('--count', '3')), 3)
        self.assertEqual(sum(request.path == '/v1/status' for request in self.fake.requests), 4)

    def test_a_block_tells_the_state_and_the_rates(self):
        self.start_counting()
        block = self.blocks('--count', '1')[0]
        self.assertIn('  wsrelayd 0.1.0  serving  up 2h03m  process 4711\n'
                      'connections 12  pending 3  rooms 4  listeners 2  memory 12.0MiB  '
                      'open files 34/1024\n', block)
        self.assertIn('NO ANSWER from worker 1 for 2.5 s\n', block)
        titles, incoming, outgoing = re.search(r'\n(A SECOND.*)\n(in .*)\n(out .*)\n', block).groups()
        self.assertEqual(titles.split(), ['A', 'SECOND', 'MESSAGES', 'PAYLOAD'])
        rate = int(incoming.split()[1])
        self.assertTrue(100 < rate <= 20000, rate)
        self.assertEqual(incoming.split()[2], '0B')
        self.assertEqual(outgoing.split(), ['out', '0.0', '0B'])

    def test_rates_that_are_not_known_are_not_told(self):
        self.start_counting(messages_in=None, bytes_in=None)
        block = self.blocks('--count', '1')[0]
        self.assertRegex(block, r'\nin +- +-\nout +0.0 +0B\n')

    def test_what_another_process_has_counted_gives_no_rates(self):
        changes = {'another start': lambda number: {'started_at': f'{number}'},
                   'another process': lambda number: {'pid': number},
                   'smaller numbers': lambda number: dict.fromkeys(
                       ('messages_in', 'messages_out', 'bytes_in', 'bytes_out'), 100 - number)}
        for name, change in changes.items():
            with self.subTest(name):
                self.start_counting()
                counter = itertools.count()
                self.fake.answers['GET /v1/status'] = (
                    lambda _, change=change, counter=counter:
                    answer({**STATUS, **change(next(counter))}))
                self.assertRegex(self.blocks('--count', '1')[0], r'\nin +- +-\nout +- +-\n')

    def test_the_largest_rooms_and_the_slowest_readers_come_first(self):
        self.start_counting([room(f'r{number}', number) for number in (3, 20, 1, 4)],
                            [connection(1, 0), connection(2, 100), connection(3, 5000)])
        block = self.blocks('--count', '1')[0]
        self.assertRegex(block, r'\nLargest rooms\n.*\n +20  n          r20\n +4  .*\n +3  .*\n +1 ')
        self.assertEqual(re.findall(r'\n *([\d.]+\w+)  (0-\d)  ', block),
                         [('4.9KiB', '0-3'), ('100B', '0-2')])

    def test_only_so_many_are_shown(self):
        self.start_counting([room(f'r{number}', number + 1) for number in range(100)])
        block = self.blocks('--count', '1')[0]
        self.assertEqual(re.findall(r' (r\d+)\n', block), [f'r{n}' for n in range(99, 89, -1)])
        self.assertIn('\nSlow readers\nnone\n', block)

    def test_very_many_are_not_looked_at_and_that_is_said(self):
        self.start_counting()
        places = itertools.count(1)
        self.fake.answers['GET /v1/connections'] = lambda request: answer(
            {'connections': [CONNECTION] * int(request.query['limit']), 'next': str(next(places))})
        block = self.blocks('--count', '1')[0]
        self.assertIn('\nSlow readers, of the first 20000\n', block)
        self.assertIn('\nLargest rooms\n', block)
        self.assertEqual(next(places), 41)

    def test_a_daemon_that_goes_is_waited_for(self):
        self.start_counting()
        real = self.fake.answers['GET /v1/status']
        counter = itertools.count()
        self.fake.answers['GET /v1/status'] = lambda request: (
            error(503, 'Worker 1 does not answer.') if next(counter) == 1 else real(request))
        blocks = self.blocks('--count', '3')
        self.assertRegex(blocks[0], r'\A[\d:]{8}  Worker 1 does not answer.\n\n\Z')
        self.assertRegex(blocks[1], r'\nin +- +-\n')
        self.assertRegex(blocks[2], r'\nin +\d+ +0B\n')

    def test_the_exit_status_tells_how_it_was_at_the_end(self):
        self.start_counting()
        counter = itertools.count()
        real = self.fake.answers['GET /v1/status']
        self.fake.answers['GET /v1/status'] = lambda request: (
            b'' if next(counter) > 1 else real(request))
        process = self.control.run('watch', '--interval', '0.01', '--count', '2')
        self.assertEqual(process.returncode, UNREACHABLE)
        self.assertIn('ends before it is complete', process.stdout)


class TerminalTest(WatchTest):
    """A terminal of its own."""

    def open(self, *arguments, rows=24, columns=80, stdin=True):
        self.master, self.slave = pty.openpty()
        self.addCleanup(os.close, self.master)
        self.addCleanup(os.close, self.slave)
        self.resize(rows, columns)
        self.before = termios.tcgetattr(self.slave)
        self.screen = ''
        self.process = subprocess.Popen(
            [control(), '-s', self.fake.address, 'watch', *arguments],
            stdin=self.slave if stdin else subprocess.DEVNULL, stdout=self.slave,
            stderr=subprocess.PIPE, env=environment(TERM='xterm'), start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(1, termios.TIOCSCTTY, 0))
        self.addCleanup(self.process.stderr.close)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)
        os.set_blocking(self.master, False)

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))

    def read(self):
        try:
            self.screen += os.read(self.master, 1 << 16).decode()
        except BlockingIOError:
            pass
        return self.screen

    def wait_for(self, text, count=1):
        wait_until(lambda: self.read().count(text) >= count, f'{count} times {text!r}')

    def press(self, keys):
        os.write(self.master, keys)

    def assert_ended(self, status):
        self.assertEqual(self.process.wait(20), status)
        self.assertTrue(self.read().endswith(LEAVE), self.screen[-60:])
        self.assertEqual(self.screen.count(ENTER), 1)
        self.assertEqual(termios.tcgetattr(self.slave), self.before)
        self.assertEqual(self.process.stderr.read(), b'')

    def frames(self):
        """What was drawn, each time from the top left, each a list of lines."""
        return [[SEQUENCE.sub('', line) for line in frame.removesuffix(LEAVE).split('\r\n')]
                for frame in self.read().split(HOME)[1:]]

    def test_it_is_drawn_at_once_and_q_ends_it(self):
        self.start_counting()
        self.open('--interval', '60')
        self.wait_for('Slow readers')
        self.assertTrue(self.screen.startswith(ENTER))
        during = termios.tcgetattr(self.slave)
        self.assertFalse(during[3] & (termios.ICANON | termios.ECHO))
        self.press(b'xq')
        self.assert_ended(DONE)
        self.assertNotIn('x', SEQUENCE.sub('', self.screen).partition('wsrelayd')[0])

    def test_a_figure_that_does_not_fit_is_left_out_as_a_whole(self):
        self.start_counting()
        inventory = 'connections 12  pending 3  rooms 4  listeners 2  memory 12.0MiB  open files 34/1024'
        without = inventory.removesuffix('  open files 34/1024')
        for columns, expected in ((len(inventory), inventory), (len(inventory) - 1, without),
                                  (len(without), without), (30, 'connections 12  pending 3')):
            with self.subTest(columns):
                self.open('--count', '1', columns=columns)
                self.assert_ended(DONE)
                self.assertEqual(self.frames()[0][1], expected)

    def test_it_is_drawn_again_and_again(self):
        self.start_counting()
        self.open('--interval', '0.05')
        self.wait_for(HOME, 4)
        self.press(b'Q')
        self.assert_ended(DONE)

    def test_a_count_ends_it(self):
        self.start_counting()
        self.open('--interval', '0.01', '--count', '3')
        self.wait_for(LEAVE)
        self.assert_ended(DONE)
        self.assertEqual(len(self.frames()), 3)

    def test_an_interrupt_ends_it_and_gives_the_terminal_back(self):
        self.start_counting()
        self.open('--interval', '60')
        self.wait_for('Slow readers')
        self.press(b'\x03')
        self.assert_ended(DONE)

    def test_an_interrupt_ends_it_while_the_daemon_does_not_answer(self):
        self.start_counting()
        self.open('--interval', '0.01')
        self.wait_for('Slow readers')
        self.fake.answers['GET /v1/rooms'] = lambda request: None
        wait_until(lambda: self.fake.waiting, 'a question without an answer')
        self.press(b'\x03')
        self.assert_ended(DONE)

    def test_other_signals_give_the_terminal_back(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            with self.subTest(number):
                self.start_counting()
                self.open('--interval', '60')
                self.wait_for('Slow readers')
                self.process.send_signal(number)
                self.assert_ended(-number)

    def test_nothing_goes_beyond_the_edge(self):
        self.start_counting([room('部屋' * 40, 5), *(room(f'r{n}', n) for n in range(1, 60))],
                            [connection(n, n) for n in range(1, 60)])
        for rows, columns in ((24, 80), (10, 21), (50, 300), (1, 1)):
            with self.subTest(rows=rows, columns=columns):
                self.open('--interval', '60', rows=rows, columns=columns)
                self.wait_for(HOME)
                self.press(b'q')
                self.assert_ended(DONE)
                lines = self.frames()[0]
                self.assertLessEqual(len(lines), rows)
                for line in lines:
                    wide = sum(character in '部屋' for character in line)
                    self.assertLessEqual(len(line) + wide, columns, line)

    def test_both_lists_fit_on_the_screen(self):
        self.start_counting([room(f'r{n}', n) for n in range(1, 60)],
                            [connection(n, n) for n in range(1, 60)])
        self.open('--interval', '60', rows=40)
        self.wait_for(HOME)
        self.press(b'q')
        self.assert_ended(DONE)
        lines = self.frames()[0]
        self.assertLessEqual(len(lines), 40)
        self.assertEqual(sum(bool(re.search(r' r\d+$', line)) for line in lines), 12)
        self.assertEqual(sum(bool(re.search(r' 0-\d+ ', line)) for line in lines), 12)

    def test_another_size_is_drawn_for_at_once(self):
        self.start_counting()
        self.open('--interval', '60', columns=80)
        self.wait_for('Slow readers')
        self.resize(24, 20)
        self.wait_for(HOME, 2)
        self.press(b'q')
        self.assert_ended(DONE)
        self.assertEqual(len(self.fake.requests), 3)
        self.assertEqual(max(len(line) for line in self.frames()[1][:3]), 20)

    def test_without_a_keyboard_it_goes_on(self):
        self.start_counting()
        self.open('--interval', '0.01', '--count', '5', stdin=False)
        self.wait_for(LEAVE)
        self.assert_ended(DONE)

    def test_a_problem_is_shown_until_it_has_gone(self):
        self.start_counting()
        self.open('--interval', '0.05')
        self.wait_for('Slow readers')
        real = self.fake.answers['GET /v1/status']
        self.fake.answers['GET /v1/status'] = error(503, 'Worker 1 \x1b[m does not answer.')
        self.wait_for('Worker 1 \\x1b[m does')
        self.fake.answers['GET /v1/status'] = real
        seen = self.read().count('Slow readers')
        self.wait_for('Slow readers', seen + 1)
        self.press(b'q')
        self.assert_ended(DONE)


if __name__ == '__main__':
    unittest.main()
