"""The program that counts: from the command line to the page and the exit status."""

import argparse
import sys

from harness.tools import REPOSITORY

from runner import counters, loads
from runner.failure import Failure
from runner.program import check_binaries
from runner.report import machine_part
from runner.report import table as markdown_table
from runner.selection import select

REPORTS = REPOSITORY / 'build' / 'bench'
INSTALL = 'run: make bench-deps'

# Of a system call for each operation: less is what happens now and then, whatever the load.
LEAST = 0.002

HOW = """\
Each load is run twice under `valgrind --tool=callgrind` and twice under `strace -f -c`, with one
worker, without pings and access log; one of the two runs has twice the operations of the other.
What it took more, divided by the operations it had more, is what is shown: start and stop do not
count, nor do handshakes, but where an operation is a connection. Instructions are those in user
space, on the CPU that valgrind offers, which has AVX2 and no AVX-512. System calls of which there
are fewer than 0.002 for each operation are left out. How many waits there are, `epoll_wait` or the
like, depends on how busy the server is, which under strace and valgrind is more than otherwise;
the other calls depend on it where several messages or connections come at once.
"""


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog='counts', description='Counts the instructions and system calls of wsrelayd for each '
                                   'operation, with valgrind and strace.')
    parser.add_argument('--only', action='append', default=[], metavar='PATTERN',
                        help='loads whose names match this shell pattern; may be repeated')
    parser.add_argument('--list', action='store_true', help='show the loads')
    return parser, parser.parse_args(arguments)


def show_list(chosen):
    for load in chosen:
        print(f'{load.name}: {load.title}; {load.operations} and {2 * load.operations} operations')


def missing():
    """What is not installed and what installs it, or None."""
    names = [counter.program for counter in counters.TABLE if counter.is_missing()]
    if not names:
        return None
    return f'{" and ".join(names)} {"are" if len(names) > 1 else "is"} not installed; {INSTALL}'


# ---- counting ----

def count(load):
    """Everything that is counted of a load. Raises Failure."""
    print(f'{load.name}: {load.title}', file=sys.stderr, flush=True)
    return tuple(counters.count(counter, load) for counter in counters.TABLE)


def count_all(chosen):
    """Pairs of a load and what was counted; a load of which nothing could be is not among them."""
    for load in chosen:
        try:
            yield load, count(load)
        except Failure as failure:
            print(f'counts: {load.name}: {failure}', file=sys.stderr, flush=True)


# ---- the page ----

def shown_calls(calls):
    """The system calls that matter, the most frequent first."""
    frequent = sorted((-round(number, 3), name) for name, number in calls.items()
                      if number >= LEAST)
    shown = ', '.join(f'{-number:.3f} {name}' for number, name in frequent)
    return shown or f'each fewer than {LEAST}'


def page(counted):
    """The whole text."""
    lines = ['# What an operation costs wsrelayd', '', HOW]
    lines += markdown_table(('load', 'instructions for each operation',
                             'system calls for each operation'), [
        (load.title, f'{instructions["instructions"]:.0f}', shown_calls(calls))
        for load, (instructions, calls) in counted])
    return '\n'.join(lines + machine_part((counters.SERVER,)))


def run(chosen, directory):
    """Counts, writes and prints; returns the exit status."""
    check_binaries((counters.SERVER,))
    counted = list(count_all(chosen))
    text = page(counted)
    directory.mkdir(parents=True, exist_ok=True)
    report = directory / 'counts.md'
    report.write_text(text, encoding='utf-8')
    print(text)
    print(report)
    return 0 if len(counted) == len(chosen) else 1


def main(arguments=None, table=loads.TABLE, directory=REPORTS):
    parser, options = parse(arguments)
    try:
        chosen = select(table, options.only, '--only')
    except ValueError as error:
        parser.error(str(error))
    if options.list:
        show_list(chosen)
        return 0
    lacking = missing()
    if lacking is not None:
        print(f'counts: {lacking}', file=sys.stderr)
        return 2
    try:
        return run(chosen, directory)
    except (Failure, AssertionError) as error:
        print(f'counts: {error}', file=sys.stderr)
        return 1
