"""The program: from the command line to the page and the exit status."""

import argparse
import sys
from pathlib import Path

from harness.tools import REPOSITORY, daemon_binary, is_sanitized

from runner import generator, rows, servers
from runner.failure import Failure
from runner.measure import estimate, measure_row
from runner.plot import picture
from runner.processes import raise_descriptor_limit
from runner.report import page, verdict_lines
from runner.selection import select
from runner.statistics import FAILED, MISSED, judge

REPORTS = REPOSITORY / 'build' / 'bench'
INTERRUPTED = 130


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog='bench', description='Measures wsrelayd and what it is compared with.')
    parser.add_argument('--only', action='append', default=[], metavar='PATTERN',
                        help='rows whose names match this shell pattern; may be repeated')
    parser.add_argument('--rounds', type=positive(int), help='instead of each row\'s own number')
    parser.add_argument('--seconds', type=positive(float), default=5.0,
                        help='of one measurement (5)')
    parser.add_argument('--peer', action='append', default=[], metavar='NAME=COMMAND',
                        help='a server that echoes on / and has a room on each /room/NAME; {port}, '
                             '{tls_port}, {certificate} and {key} are filled in')
    parser.add_argument('--servers', action='append', default=[], metavar='PATTERN',
                        help='only servers whose names match this shell pattern; may be repeated')
    parser.add_argument('--against', type=Path, metavar='BINARY',
                        help='another build of wsrelayd, measured as well')
    parser.add_argument('--list', action='store_true', help='show the rows and who takes part')
    return parser, parser.parse_args(arguments)


def positive(number):
    def convert(text):
        value = number(text)
        if value <= 0:
            raise argparse.ArgumentTypeError(f'{text} is not more than 0')
        return value
    return convert


def complete_table(table, options):
    """The table of servers with those of the command line. Raises ValueError."""
    for peer in options.peer:
        name, equals, command = peer.partition('=')
        if not name or not equals:
            raise ValueError(f'--peer {peer}: NAME=COMMAND is needed')
        table = servers.with_peer(table, name, command)
    if options.against is not None:
        if not options.against.is_file():
            raise ValueError(f'--against {options.against}: there is no such file')
        table = servers.with_other_build(table, options.against.resolve())
    return select(table, options.servers, '--servers')


def show_list(chosen, present, options):
    for row in chosen:
        limits = ', '.join(f'{rows.FIGURES[limit.figure].title} at most {limit}'
                           for limit in row.limits)
        taking = ', '.join(f'{server.name} ×{row.rounds_of(server, options.rounds)}'
                           for server in rows.takers(row, present))
        print(f'{row.name}: {row.title}\n    {limits}\n    {taking}')


def announce(chosen, table, present, options):
    seconds = sum(estimate(row, present, options) for row in chosen)
    taking = {server.name for row in chosen for server in rows.takers(row, present)}
    print(f'{len(chosen)} rows, {len(taking)} servers: about {seconds / 60:.1f} minutes',
          file=sys.stderr)
    for server in table:
        if server.missing():
            print(f'{server.name} is missing: {server.missing()}', file=sys.stderr)


def check_binaries(table):
    """What has to be there before anything is measured. Raises Failure."""
    generator.binary()
    if any(isinstance(server, servers.Relay) for server in table) and is_sanitized():
        raise Failure(f'{daemon_binary()} is a sanitizer\'s build, of which nothing can be '
                      'measured; run: make')


def write_plots(measured, directory):
    """One picture for each group that has something to compare; their names by group."""
    written = {}
    for group in rows.GROUPS:
        text = picture([(row, results) for row, results in measured if row.group == group])
        if text is not None:
            written[group] = f'{group}.svg'
            (directory / written[group]).write_text(text, encoding='utf-8')
    return written


def finish(measured, table, directory):
    """Writes everything; returns the exit status."""
    verdicts = [judge(row, limit, results) for row, results in measured for limit in row.limits]
    directory.mkdir(parents=True, exist_ok=True)
    plots = write_plots(measured, directory)
    report = directory / 'report.md'
    report.write_text(page(measured, verdicts, table, plots), encoding='utf-8')
    for line in verdict_lines(verdicts):
        print('  '.join(filter(None, line)))
    print(report)
    return 1 if any(verdict.state in (MISSED, FAILED) for verdict in verdicts) else 0


def run(chosen, table, options, directory):
    present = tuple(server for server in table if server.missing() is None)
    if options.list:
        show_list(chosen, present, options)
        return 0
    check_binaries(present)
    raise_descriptor_limit()
    announce(chosen, table, present, options)
    measured = []
    try:
        for row in chosen:
            measured.append((row, measure_row(row, present, options)))
    except KeyboardInterrupt:
        print(f'interrupted: the report has {len(measured)} of {len(chosen)} rows',
              file=sys.stderr)
        return INTERRUPTED
    finally:
        status = finish(measured, table, directory)
    return status


def main(arguments=None, table=servers.TABLE, matrix=rows.TABLE, directory=REPORTS):
    parser, options = parse(arguments)
    try:
        chosen = select(matrix, options.only, '--only')
        return run(chosen, complete_table(table, options), options, directory)
    except ValueError as error:
        parser.error(str(error))
    except (Failure, AssertionError) as error:
        print(f'bench: {error}', file=sys.stderr)
        return 1
