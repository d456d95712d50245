"""The runner from its command line to its exit status, with a generator and servers that are fakes:
what they tell is given, everything around them is real."""

import contextlib
import dataclasses
import io
import json
import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from runner import program, rows, servers
from runner.measure import measure_row

FAKES = Path(__file__).resolve().parent / 'fakes'


def fake(name, **more):
    return servers.Command(name, command=(sys.executable, str(FAKES / 'server.py'), '{port}', name),
                           **more)


ROW = dataclasses.replace(rows.TABLE[0], name='row', subject='ours',
                          limits=(rows.against('theirs', 1.5),))


class ProgramTest(unittest.TestCase):

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix='wsrelayd-bench-test-')
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def run_program(self, figures, *arguments, table=None, matrix=(ROW,), rounds=1):
        """Runs it with these figures by server; returns the exit status and what it printed."""
        (self.directory / 'figures').write_text(json.dumps(figures), encoding='utf-8')
        (self.directory / 'record').touch()
        environment = {'WSRELAY_BENCH': str(FAKES / 'generator.py'),
                       'FAKE_FIGURES': str(self.directory / 'figures'),
                       'FAKE_RECORD': str(self.directory / 'record')}
        output = io.StringIO()
        with mock.patch.dict(os.environ, environment), contextlib.redirect_stdout(output), \
                contextlib.redirect_stderr(output):
            try:
                status = program.main(['--rounds', str(rounds), *arguments],
                                      table or (fake('ours'), fake('theirs')), matrix,
                                      self.directory)
            except SystemExit as end:
                status = end.code
        return status, output.getvalue()

    def records(self):
        text = (self.directory / 'record').read_text(encoding='utf-8')
        return [json.loads(line) for line in text.splitlines()]

    def report(self):
        return (self.directory / 'report.md').read_text(encoding='utf-8')

    def test_status_0_when_every_limit_is_met(self):
        status, output = self.run_program({'ours': 1.4, 'theirs': 1.0})
        self.assertEqual(status, 0, output)
        self.assertIn('| row | CPU time | 1.50 × theirs | 1.400', self.report())
        self.assertTrue((self.directory / 'echo.svg').is_file())

    def test_status_1_when_a_limit_is_missed(self):
        status, output = self.run_program({'ours': 1.6, 'theirs': 1.0})
        self.assertEqual(status, 1, output)
        self.assertIn('row  CPU time  1.50 × theirs  1.600  MISSED', output)

    def test_status_1_when_something_was_lost(self):
        status, output = self.run_program({'ours': None, 'theirs': 1.0})
        self.assertEqual(status, 1, output)
        self.assertIn('FAILED', self.report())
        self.assertIn('1 lost: one is lost; the server still runs', self.report())

    def test_what_was_measured_is_reported_when_something_breaks(self):
        def breaking(row, *arguments):
            if row.name == 'broken':
                raise AssertionError('the runner is at its end')
            return measure_row(row, *arguments)
        with mock.patch('runner.program.measure_row', breaking):
            status, output = self.run_program(
                {'ours': 1.4, 'theirs': 1.0}, matrix=(ROW, dataclasses.replace(ROW, name='broken')))
        self.assertEqual(status, 1)
        self.assertIn('bench: the runner is at its end', output)
        self.assertIn('| row | CPU time | 1.50 × theirs | 1.400', self.report())

    def test_what_has_failed_once_is_not_measured_again(self):
        self.run_program({'ours': None, 'theirs': 1.0}, rounds=3)
        self.assertEqual([entry['server'] for entry in self.records()],
                         ['ours', 'theirs', 'theirs', 'theirs'])

    def test_a_peer_that_fails_misses_no_limit(self):
        table = (fake('ours'), fake('theirs'), fake('peer'))
        status, output = self.run_program({'ours': 1.0, 'theirs': 1.0, 'peer': None}, table=table)
        self.assertEqual(status, 0, output)
        self.assertIn('peer failed: 1 lost', self.report())

    def test_a_server_that_does_not_start_is_reported(self):
        broken = servers.Command('theirs', command=('sh', '-c', 'echo no {port} >&2; exit 3'))
        status, output = self.run_program({'ours': 1.0}, table=(fake('ours'), broken))
        self.assertEqual(status, 1, output)
        self.assertIn('did not start: ended with status 3, said last: no ', self.report())

    def test_a_missing_peer_is_reported_with_what_installs_it(self):
        missing = fake('theirs', find=lambda: None, install='make these-deps')
        status, output = self.run_program({'ours': 1.0}, table=(fake('ours'), missing))
        self.assertEqual(status, 0, output)
        self.assertIn('theirs is missing: make these-deps', output)
        self.assertIn('| theirs | make these-deps |', self.report())
        self.assertIn('| not measured | theirs is missing |', self.report())

    def test_a_peer_of_the_command_line_is_measured(self):
        command = f'peer={sys.executable} {FAKES}/server.py {{port}} peer'
        status, output = self.run_program({'ours': 1.0, 'theirs': 1.0, 'peer': 4.0},
                                          '--peer', command)
        self.assertEqual(status, 0, output)
        self.assertIn('| peer | 4.0000', self.report())

    def test_servers_are_measured_in_turn_to_and_fro_on_cores_of_their_own(self):
        self.run_program({'ours': 1.0, 'theirs': 1.0}, '--seconds', '0.5', rounds=2)
        records = self.records()
        self.assertEqual([entry['server'] for entry in records],
                         ['ours', 'theirs', 'theirs', 'ours'])
        allowed = os.sched_getaffinity(0)
        for entry in records:
            self.assertEqual(set(entry['server_cores']), {0} & allowed or allowed)
            self.assertEqual(set(entry['cores']), {1} & allowed or allowed)
            self.assertIn('--duration 0.5', ' '.join(entry['arguments']))

    def test_half_the_capacity_is_measured_first(self):
        row = dataclasses.replace(ROW, half_rate=True)
        self.run_program({'ours': 1.0, 'theirs': 1.0}, matrix=(row,))
        arguments = [' '.join(entry['arguments']) for entry in self.records()]
        self.assertEqual(['--rate 100' in line for line in arguments], [False, False, True, True])

    def test_rows_can_be_chosen_and_listed_without_measuring(self):
        other = dataclasses.replace(ROW, name='other')
        status, output = self.run_program({}, '--list', '--only', 'o*', matrix=(ROW, other))
        self.assertEqual((status, self.records()), (0, []))
        self.assertIn('other: 20 B, 1 in flight', output)
        self.assertNotIn('row:', output)

    def test_servers_can_be_chosen(self):
        _, output = self.run_program({}, '--list', '--servers', 'our*', matrix=(ROW,))
        self.assertIn('ours ×1', output)
        self.assertNotIn('theirs ×1', output)

    def test_wrong_arguments_are_refused_with_status_2(self):
        for arguments, words in ((('--only', 'none'), '--only none: nothing has such a name'),
                                 (('--servers', 'none'), '--servers none: nothing has'),
                                 (('--peer', 'x'), 'NAME=COMMAND is needed'),
                                 (('--peer', 'x=y'), 'has no {port} in it'),
                                 (('--against', '/nowhere'), 'there is no such file'),
                                 (('--rounds', '0'), '0 is not more than 0')):
            with self.subTest(arguments=arguments):
                status, output = self.run_program({}, *arguments)
                self.assertEqual(status, 2)
                self.assertIn(words, output)

    def test_without_a_generator_it_says_what_builds_it(self):
        with mock.patch.dict(os.environ), contextlib.redirect_stderr(io.StringIO()) as errors:
            os.environ['WSRELAY_BENCH'] = str(self.directory / 'nothing')
            status = program.main([], (fake('ours'),), (ROW,), self.directory)
        self.assertEqual(status, 1)
        self.assertIn('nothing does not exist; run: make', errors.getvalue())

    def test_a_sanitizers_build_is_not_measured(self):
        build = self.directory / 'wsrelayd'
        build.write_bytes(b'\0__asan_init\0')
        with mock.patch.dict(os.environ, {'WSRELAYD': str(build)}), \
                mock.patch('runner.program.is_sanitized', program.is_sanitized.__wrapped__):
            status, output = self.run_program({}, table=(servers.Relay('ours'),))
        self.assertEqual(status, 1)
        self.assertIn('sanitizer\'s build', output)


if __name__ == '__main__':
    unittest.main()
