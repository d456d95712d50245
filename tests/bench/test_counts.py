"""What counts instructions and system calls: reading valgrind and strace, and one load for real."""

import contextlib
import dataclasses
import io
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from harness.tools import daemon_binary, require

from runner import counters, counts, loads
from runner.failure import Failure

LOADS = {load.name: load for load in loads.TABLE}
ALONE = LOADS['echo-20B-x1-1']

STRACE_TABLE = """\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 67.80    0.004263        1065      4000         2 recvfrom
 32.20    0.000702          10      2001           sendto
  0.00    0.000000           0         1           rt_sigaction
------ ----------- ----------- --------- --------- ----------------
100.00    0.006288          18      6002         2 total
"""

CALLGRIND_FILE = """\
# callgrind format
events: Ir
summary: 127062

fn=(1) main
totals: 127062
"""


class ReadingTest(unittest.TestCase):

    def test_strace_tells_calls_by_name_with_and_without_errors(self):
        self.assertEqual(counters.system_calls(STRACE_TABLE),
                         {'recvfrom': 4000, 'sendto': 2001, 'rt_sigaction': 1})

    def test_a_table_without_its_end_is_not_complete(self):
        self.assertEqual(counters.system_calls(STRACE_TABLE[:STRACE_TABLE.index('100.00')]), {})

    def test_callgrind_tells_instructions_at_its_files_end(self):
        self.assertEqual(counters.instructions(CALLGRIND_FILE), {'instructions': 127062})
        self.assertEqual(counters.instructions(CALLGRIND_FILE[:CALLGRIND_FILE.index('totals')]), {})

    def test_a_counter_that_writes_nothing_is_a_failure(self):
        with mock.patch('runner.counters.WRITE_SECONDS', 0.01), \
                self.assertRaisesRegex(Failure, 'in vain for what strace has counted'):
            counters.STRACE.read(Path('/nowhere/counts'))


class DifferenceTest(unittest.TestCase):

    def test_what_both_runs_have_does_not_count(self):
        self.assertEqual(counters.difference((100, {'recvfrom': 150, 'openat': 20, 'getpid': 1}),
                                             (300, {'recvfrom': 350, 'openat': 20, 'sendto': 400})),
                         {'recvfrom': 1.0, 'openat': 0.0, 'sendto': 2.0, 'getpid': -0.005})

    def test_the_longer_run_has_twice_the_operations(self):
        with mock.patch('runner.counters.count_run') as count_run:
            count_run.side_effect = [(20_000, {'sendto': 20_050}), (40_000, {'sendto': 40_050})]
            self.assertEqual(counters.count(counters.STRACE, ALONE), {'sendto': 1.0})
        rows = [call.args[1] for call in count_run.call_args_list]
        self.assertEqual([row.arguments[-2:] for row in rows],
                         [('--count', '20000'), ('--count', '40000')])
        self.assertFalse(any(row.timed for row in rows))


class ProgramTest(unittest.TestCase):
    """The program with counters that are fakes."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix='wsrelayd-counts-test-')
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def run_program(self, *arguments, count=None):
        """Runs it with this function in place of counting; returns the status and what it said."""
        output = io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output), \
                mock.patch('runner.counts.missing', lambda: None), \
                mock.patch('runner.counts.check_binaries'), \
                mock.patch('runner.counters.count', count):
            try:
                status = counts.main(arguments, directory=self.directory)
            except SystemExit as end:
                status = end.code
        return status, output.getvalue()

    def report(self):
        return (self.directory / 'counts.md').read_text(encoding='utf-8')

    @staticmethod
    def counted(counter, _):
        if counter is counters.CALLGRIND:
            return {'instructions': 764.4}
        return {'sendto': 1.0, 'epoll_wait': 1.253, 'recvfrom': 1.0, 'openat': 0.0019}

    def test_a_row_has_the_instructions_and_the_frequent_calls(self):
        status, output = self.run_program('--only', ALONE.name, count=self.counted)
        self.assertEqual(status, 0, output)
        self.assertIn(f'| {ALONE.title} | 764 | 1.253 epoll_wait, 1.000 recvfrom, 1.000 sendto |',
                      self.report())
        self.assertIn(self.report(), output)

    def test_calls_that_are_all_rare_are_said_to_be(self):
        self.assertEqual(counts.shown_calls({'sendto': 0.001}), 'each fewer than 0.002')

    def test_a_load_that_fails_takes_nothing_from_the_others(self):
        def count(counter, load):
            if load is ALONE:
                raise Failure('one is lost')
            return self.counted(counter, load)
        status, output = self.run_program('--only', 'echo-20B-x1*', count=count)
        self.assertEqual(status, 1)
        self.assertIn(f'counts: {ALONE.name}: one is lost', output)
        self.assertNotIn(ALONE.title, self.report())
        self.assertIn(LOADS['echo-20B-x1'].title, self.report())

    def test_loads_can_be_listed_without_counting(self):
        status, output = self.run_program('--list', '--only', 'tls-*')
        self.assertEqual((status, len(output.splitlines())), (0, 2))
        self.assertIn('tls-64KiB-x1-1: echo over TLS, 64 KiB', output)

    def test_a_pattern_that_chooses_nothing_is_refused_with_status_2(self):
        status, output = self.run_program('--only', 'none')
        self.assertEqual(status, 2)
        self.assertIn('--only none: nothing has such a name', output)


class MissingTest(unittest.TestCase):
    """Without the programs that count it says what installs them, in one line."""

    def missing(self, *present):
        with tempfile.TemporaryDirectory(prefix='wsrelayd-counts-test-') as directory, \
                mock.patch.dict(os.environ, PATH=directory), \
                contextlib.redirect_stderr(io.StringIO()) as errors:
            for name in present:
                path = Path(directory, name)
                path.touch(0o755)
            status = counts.main([], directory=Path(directory))
        return status, errors.getvalue()

    def test_status_2_and_what_installs_it(self):
        install = 'run: make bench-deps\n'
        for present, words in (((), f'counts: valgrind and strace are not installed; {install}'),
                               (('valgrind',), f'counts: strace is not installed; {install}'),
                               (('strace',), f'counts: valgrind is not installed; {install}')):
            with self.subTest(present=present):
                self.assertEqual(self.missing(*present), (2, words))


class EchoTest(unittest.TestCase):
    """The promise that everything else rests on, kept by the daemon itself."""

    OPERATIONS = 1000

    # Of a call for each message: the log's thread is woken a few times, whatever is echoed.
    NOW_AND_THEN = 0.02

    EXPECTED = {'recvfrom': 1, 'recvmsg': 0, 'read': 0, 'readv': 0,
                'sendto': 1, 'sendmsg': 0, 'write': 0, 'writev': 0}

    def test_a_message_that_comes_alone_takes_one_recv_and_one_send(self):
        require('strace')
        # A sanitizer that looks for leaks wants to trace the process itself.
        environment = {'ASAN_OPTIONS': f'{os.environ.get("ASAN_OPTIONS", "")}:detect_leaks=0',
                       'WSRELAY_BENCH': str(daemon_binary().parent / 'wsrelay-bench')}
        load = dataclasses.replace(ALONE, operations=self.OPERATIONS)
        with mock.patch.dict(os.environ, environment):
            calls = counters.count(counters.STRACE, load)
        for name, expected in self.EXPECTED.items():
            with self.subTest(call=name):
                self.assertAlmostEqual(calls.get(name, 0), expected, delta=self.NOW_AND_THEN)


if __name__ == '__main__':
    unittest.main()
