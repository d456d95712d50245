"""From figures to verdicts: statistics, the matrix and its limits, the report and the plots."""

import argparse
import dataclasses
import unittest
import unittest.mock
import xml.etree.ElementTree

from runner import generator, rows, servers
from runner.measure import Result, estimate, remarks
from runner.plot import picture
from runner.report import page
from runner.selection import select
from runner.statistics import (FAILED, MET, MISSED, NOT_MEASURED, differences, judge, ratios,
                               summarize)

SERVERS = {server.name: server for server in servers.TABLE}


def figures(cpu=None, p99=None, memory=None, peak=None, waiting=0.0, bound='server'):
    """What the generator tells."""
    return {'limit': bound, 'latency_us': {'p99': p99},
            'server': {'cpu_us_per_operation': cpu, 'busy_percent': 90.0,
                       'waiting_percent': waiting, 'bytes_per_connection': memory,
                       'peak_growth_bytes': peak}}


def result(name, *rounds, failure=None):
    return Result(SERVERS.get(name, servers.Command(name)), dict(enumerate(rounds, 1)), failure)


def results_for(row, limit, ours, theirs):
    """Three rounds of subject and baseline in which a limit's figure has these values."""
    found = {row.subject: result(row.subject, *[figures(**{limit.figure: ours})] * 3)}
    if limit.baseline:
        found[limit.baseline] = result(limit.baseline, *[figures(**{limit.figure: theirs})] * 3)
    return found


class StatisticsTest(unittest.TestCase):

    def test_a_summary_is_the_median_with_the_lowest_and_highest(self):
        summary = summarize([5.0, 1.0, 3.0, 100.0, 2.0])
        self.assertEqual((summary.median, summary.low, summary.high, summary.rounds),
                         (3.0, 1.0, 100.0, 5))
        self.assertIsNone(summarize([]))

    def test_ratios_are_taken_within_a_round(self):
        self.assertEqual(ratios({1: 2.0, 2: 30.0}, {1: 1.0, 2: 10.0}), [2.0, 3.0])
        self.assertEqual(differences({1: 2.0, 2: 30.0}, {1: 1.0, 2: 10.0}), [1.0, 20.0])

    def test_rounds_that_only_one_has_do_not_count(self):
        self.assertEqual(ratios({1: 2.0, 2: 4.0, 3: 9.0}, {2: 2.0, 3: 0.0}), [2.0])
        self.assertEqual(ratios({1: None, 2: 4.0}, {1: 2.0, 2: None}), [])
        self.assertEqual(differences({1: 2.0, 2: None}, {1: 2.0, 2: 2.0, 3: 1.0}), [0.0])


class JudgeTest(unittest.TestCase):

    ROW = next(row for row in rows.TABLE if row.name == 'echo-20B-x16')
    LIMIT = rows.against('raw_echo', 1.06)

    def judge(self, ours, theirs):
        found = {'wsrelayd': result('wsrelayd', *[figures(cpu=value) for value in ours]),
                 'raw_echo': result('raw_echo', *[figures(cpu=value) for value in theirs])}
        return judge(self.ROW, self.LIMIT, found)

    def test_the_median_of_the_rounds_decides(self):
        self.assertEqual(self.judge([1.0, 1.0, 9.0], [1.0, 1.0, 1.0]).state, MET)
        self.assertEqual(self.judge([1.0, 1.1, 1.2], [1.0, 1.0, 1.0]).state, MISSED)

    def test_a_limit_within_the_spread_is_remarked(self):
        self.assertEqual(self.judge([1.0, 1.1], [1.0, 1.0]).remark, 'the limit is within the noise')
        self.assertEqual(self.judge([1.1, 1.2], [1.0, 1.0]).remark, '')
        self.assertEqual(self.judge([1.0, 1.05], [1.0, 1.0]).remark, '')

    def test_a_disturbed_measurement_is_remarked(self):
        found = {'wsrelayd': result('wsrelayd', figures(cpu=1.0), figures(cpu=1.0, waiting=2.5)),
                 'raw_echo': result('raw_echo', figures(cpu=1.0), figures(cpu=1.0))}
        verdict = judge(self.ROW, self.LIMIT, found)
        self.assertEqual((verdict.state, verdict.remark), (MET, 'the core was shared'))

    def test_two_that_were_bound_on_different_sides_are_remarked(self):
        found = {'wsrelayd': result('wsrelayd', figures(cpu=1.0, bound='generator')),
                 'raw_echo': result('raw_echo', figures(cpu=1.0, bound='server'))}
        self.assertEqual(judge(self.ROW, self.LIMIT, found).remark, 'not bound on the same side')
        self.assertTrue(any('wsrelayd by generator' in remark
                            for remark in remarks(self.ROW, found)))

    def test_an_absent_baseline_leaves_the_limit_open(self):
        verdict = judge(self.ROW, self.LIMIT, {'wsrelayd': result('wsrelayd', figures(cpu=1.0))})
        self.assertEqual((verdict.state, verdict.remark), (NOT_MEASURED, 'raw_echo is missing'))

    def test_whoever_failed_fails_the_limit(self):
        good = result('wsrelayd', figures(cpu=1.0))
        bad = result('raw_echo', figures(cpu=1.0), failure='lost one')
        verdict = judge(self.ROW, self.LIMIT, {'wsrelayd': good, 'raw_echo': bad})
        self.assertEqual((verdict.state, verdict.remark), (FAILED, 'raw_echo: lost one'))

    def test_a_figure_that_was_not_told_fails_the_limit(self):
        self.assertEqual(self.judge([None], [1.0]).state, FAILED)


class MatrixTest(unittest.TestCase):

    def test_every_limit_of_the_matrix_is_met_at_it_and_missed_beyond(self):
        for row in rows.TABLE:
            for limit in row.limits:
                with self.subTest(row=row.name, limit=str(limit)):
                    most = {'ratio': 1000 * limit.at_most, 'difference': 1000 + limit.at_most,
                            'value': limit.at_most}[limit.compare]
                    found = results_for(row, limit, most * (1 - 1e-9), 1000)
                    self.assertEqual(judge(row, limit, found).state, MET)
                    found = results_for(row, limit, most * 1.01, 1000)
                    self.assertEqual(judge(row, limit, found).state, MISSED)

    def test_every_row_has_limits_and_whom_they_name_takes_part(self):
        for row in rows.TABLE:
            with self.subTest(row=row.name):
                self.assertTrue(row.limits)
                taking = {server.name for server in rows.takers(row, servers.TABLE)}
                self.assertLessEqual(row.judged(), taking)

    def test_a_narrow_ratio_takes_seven_rounds_of_those_it_names(self):
        row = next(row for row in rows.TABLE if row.name == 'echo-1KiB-x16')
        rounds = {name: row.rounds_of(SERVERS[name]) for name in ('wsrelayd', 'raw_echo', 'ws')}
        self.assertEqual(rounds, {'wsrelayd': 7, 'raw_echo': 7, 'ws': 3})
        wide = next(row for row in rows.TABLE if row.name == 'echo-1MiB-x1')
        self.assertEqual(wide.rounds_of(SERVERS['wsrelayd']), 3)
        self.assertEqual(row.rounds_of(SERVERS['wsrelayd'], fixed=1), 1)

    def test_names_are_unique_and_words_are_known(self):
        names = [row.name for row in rows.TABLE]
        self.assertEqual(len(names), len(set(names)))
        for row in rows.TABLE:
            self.assertLessEqual(set(row.needs), set(servers.NEEDS), row.name)
            self.assertIn(row.group, rows.GROUPS)
        for server in servers.TABLE:
            self.assertLessEqual(set(server.lacks), set(servers.NEEDS), server.name)

    def test_a_server_stays_out_of_what_it_cannot_do(self):
        taking = {row.name: {server.name for server in rows.takers(row, servers.TABLE)}
                  for row in rows.TABLE}
        self.assertNotIn('raw_echo', taking['tls-1KiB-x1'])
        self.assertNotIn('websocketd', taking['echo-20B-x16'])
        self.assertNotIn('raw_echo', taking['room-100B-x1'])
        self.assertNotIn('nchan', taking['echo-20B-x1'])
        self.assertIn('nchan', taking['room-16KiB-x1'])
        self.assertNotIn('wsrelayd, two workers', taking['echo-20B-x1'])

    def test_patterns_choose_rows(self):
        chosen = select(rows.TABLE, ['room-*', 'connect'], '--only')
        self.assertEqual([row.name for row in chosen],
                         ['connect', 'room-100B-x1', 'room-100B-x8', 'room-16KiB-x1'])
        with self.assertRaisesRegex(ValueError, '--only nothing: nothing has such a name'):
            select(rows.TABLE, ['room-*', 'nothing'], '--only')

    def test_the_estimate_counts_every_round_of_every_server(self):
        row = dataclasses.replace(rows.TABLE[0], servers=('wsrelayd', 'raw_echo'), connections=0)
        options = argparse.Namespace(seconds=10.0, rounds=2)
        self.assertAlmostEqual(estimate(row, servers.TABLE, options), 2 * 2 * 11.5)


class GeneratorCommandTest(unittest.TestCase):

    def command(self, row_name, server_name, **more):
        """The command line without the program, as one text."""
        row = next(row for row in rows.TABLE if row.name == row_name)
        process = argparse.Namespace(pid=7, address=lambda tls: f'host:{443 if tls else 80}')
        with unittest.mock.patch('runner.generator.binary', lambda: 'program'):
            command = generator.command(row, SERVERS[server_name], process, 2.5, **more)
        return ' '.join(command).removeprefix('program ')

    def test_the_url_is_the_servers(self):
        self.assertEqual(self.command('echo-1KiB-x16', 'wsrelayd'),
                         'echo --json --pid 7 --size 1024 --in-flight 16 --connections 64 '
                         '--duration 2.5 ws://host:80/')
        self.assertTrue(self.command('echo-1KiB-x16', 'raw_echo').endswith(' tcp://host:80'))
        self.assertTrue(self.command('tls-1KiB-x1', 'ws').endswith(' --insecure wss://host:443/'))

    def test_rooms_are_where_the_server_has_them(self):
        self.assertTrue(self.command('room-100B-x8', 'uws').endswith(' ws://host:80/room/bench'))
        self.assertIn('--subprotocol lws-mirror-protocol --text',
                      self.command('room-100B-x8', 'lws'))
        self.assertIn(' --publish-url ws://host:80/publish/bench ws://host:80/room/bench',
                      self.command('room-100B-x8', 'nchan'))
        self.assertNotIn('publish', self.command('memory-member', 'nchan'))

    def test_a_count_takes_its_time_and_a_rate_is_told(self):
        self.assertNotIn('--duration', self.command('memory-64MiB', 'wsrelayd'))
        self.assertIn('--rate 1234 ', self.command('latency-half', 'wsrelayd', rate=1234.4))


class PeerTest(unittest.TestCase):

    def test_another_build_of_wsrelayd_takes_part_like_the_first(self):
        table = servers.with_other_build(servers.TABLE, '/other/wsrelayd')
        for name in ('echo-20B-x1', 'tls-1KiB-x1', 'room-100B-x1', 'memory-idle'):
            row = next(row for row in rows.TABLE if row.name == name)
            self.assertIn('other wsrelayd', [server.name for server in rows.takers(row, table)])

    def test_a_peer_of_the_command_line_joins_the_table(self):
        table = servers.with_peer(servers.TABLE, 'mine', 'mine --port {port}')
        mine = next(server for server in table if server.name == 'mine')
        self.assertEqual(mine.command, ('mine', '--port', '{port}'))
        self.assertIsNone(mine.missing())
        self.assertIn('tls', mine.lacks)

    def test_a_known_name_gets_the_command_and_keeps_what_is_known(self):
        table = servers.with_peer(servers.TABLE, 'uws', 'uws {port} {tls_port}')
        uws = next(server for server in table if server.name == 'uws')
        self.assertEqual((uws.missing(), uws.note), (None, SERVERS['uws'].note))
        self.assertNotIn('tls', uws.lacks)
        self.assertEqual(len(table), len(servers.TABLE))

    def test_a_command_without_a_port_is_refused(self):
        with self.assertRaisesRegex(ValueError, 'has no {port} in it'):
            servers.with_peer(servers.TABLE, 'mine', 'mine')
        with self.assertRaisesRegex(ValueError, 'choose another'):
            servers.with_peer(servers.TABLE, 'wsrelayd', 'mine {port}')


class ReportTest(unittest.TestCase):

    ROW = next(row for row in rows.TABLE if row.name == 'echo-20B-x1-5000')

    def measured(self, ours=1.02):
        found = {'wsrelayd': result('wsrelayd', *[figures(cpu=ours, p99=70)] * 3),
                 'raw_echo': result('raw_echo', *[figures(cpu=1.0, p99=60, waiting=7.5,
                                                          bound='generator')] * 3),
                 'ws': result('ws', figures(cpu=12.5), failure='2 lost: gone')}
        return [(self.ROW, found)]

    def page(self, measured, plots=None):
        verdicts = [judge(row, limit, found) for row, found in measured for limit in row.limits]
        return page(measured, verdicts, (SERVERS['wsrelayd'],), plots or {})

    def test_it_has_limits_figures_and_every_round(self):
        text = self.page(self.measured())
        self.assertIn('| echo-20B-x1-5000 | CPU time | 1.04 × raw_echo | 1.020 (1.020 to 1.020) '
                      '| met | the core was shared, not bound on the same side |', text)
        self.assertIn('| wsrelayd | 1.0200 (1.0200 to 1.0200) |  | 70 | 90.0 %', text)
        self.assertIn('| raw_echo | 1.0000 (1.0000 to 1.0000) | 1.020 (1.020 to 1.020) | 60', text)
        self.assertIn('| echo-20B-x1-5000 | wsrelayd | CPU time | 1.0200, 1.0200, 1.0200 |', text)
        self.assertIn('MISSED', self.page(self.measured(ours=1.05)))

    def test_it_says_what_to_know_before_believing(self):
        text = self.page(self.measured())
        self.assertIn('ws failed: 2 lost: gone.', text)
        self.assertIn('its own other thread had the core: raw_echo 7.5 %.', text)
        self.assertIn('raw_echo by generator, wsrelayd by server.', text)

    def test_it_names_the_machine_and_how_to_build_uwebsockets(self):
        text = self.page(self.measured())
        self.assertRegex(text, r'\| kernel \| Linux ')
        self.assertIn('tests/bench/peers/uws_server.cpp', text)
        self.assertTrue((servers.PEERS / 'uws_server.cpp').is_file())

    def test_it_lists_who_is_missing_and_how_to_get_it(self):
        gone = servers.Command('gone', command=('x', '{port}'), find=lambda: None,
                               install='make gone-deps')
        text = page([], [], (gone,), {})
        self.assertIn('| gone | make gone-deps |', text)

    def test_a_plot_is_svg_with_a_bar_for_each_server_that_did_not_fail(self):
        text = picture(self.measured())
        root = xml.etree.ElementTree.fromstring(text)
        bars = root.findall('{http://www.w3.org/2000/svg}rect')
        words = [node.text for node in root.findall('{http://www.w3.org/2000/svg}text')]
        self.assertEqual(len(bars), 2)
        self.assertIn('1.02', words)
        self.assertNotIn('ws', words)
        self.assertIn('![Echo, as multiples](echo.svg)',
                      self.page(self.measured(), {'echo': 'echo.svg'}))

    def test_there_is_no_plot_of_one_server(self):
        self.assertIsNone(picture([(self.ROW, {'wsrelayd': result('wsrelayd', figures(cpu=1))})]))


if __name__ == '__main__':
    unittest.main()
