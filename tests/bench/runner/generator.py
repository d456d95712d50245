"""Runs wsrelay-bench, the generator of load, and reads what it tells."""

import json
import os
import subprocess
from pathlib import Path

from harness.tools import REPOSITORY

from runner.failure import Failure
from runner.processes import GENERATOR_CORES, pinned_to

# For what a measurement needs beside its time: connecting, warming up, and losing hope.
MORE_SECONDS = 120


def binary():
    """Where the generator is. Raises Failure."""
    path = Path(os.environ.get('WSRELAY_BENCH', REPOSITORY / 'build' / 'wsrelay-bench')).resolve()
    if not path.is_file():
        raise Failure(f'{path} does not exist; run: make')
    return path


def url(row, server, process):
    scheme = server.scheme + ('s' if row.tls else '')
    path = server.room if row.room else row.path
    return f'{scheme}://{process.address(row.tls)}{path if server.scheme == "ws" else ""}'


def command(row, server, process, seconds, rate=None):
    """The generator's command line for a row against a running server."""
    parts = [str(binary()), row.mode, '--json', '--pid', str(process.pid), *row.arguments,
             *server.arguments]
    if row.timed:
        parts += ['--duration', f'{seconds:g}']
    if rate is not None:
        parts += ['--rate', f'{rate:.0f}']
    if row.tls:
        parts.append('--insecure')
    if row.mode == 'fanout' and server.publish:
        parts += ['--publish-url', f'{server.scheme}://{process.address(row.tls)}{server.publish}']
    return [*parts, url(row, server, process)]


def run(row, server, process, seconds, rate=None):
    """The figures of one measurement. Raises Failure when anything was lost, wrong or refused."""
    with pinned_to(GENERATOR_CORES):
        try:
            result = subprocess.run(command(row, server, process, seconds, rate),
                                    capture_output=True, text=True, check=False,
                                    stdin=subprocess.DEVNULL, timeout=seconds * 2 + MORE_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise Failure(f'the generator still ran after {error.timeout:.0f} s') from None
    figures = parse(result.stdout)
    if figures is None:
        said = result.stderr.strip() or 'nothing'
        raise Failure(f'the generator ended with status {result.returncode} and said {said}; '
                      f'the server {process.state()}')
    problem = problem_of(figures)
    if problem or result.returncode != 0:
        raise Failure(f'{problem or result.stderr.strip()}; the server {process.state()}')
    return figures


def parse(text):
    try:
        figures = json.loads(text)
    except json.JSONDecodeError:
        return None
    return figures if isinstance(figures, dict) else None


def problem_of(figures):
    """Why these figures count for nothing, or None."""
    errors = {name: count for name, count in figures['errors'].items() if count}
    if errors:
        counts = ', '.join(f'{count} {name}' for name, count in errors.items())
        return f'{counts}: {figures.get("first_error")}'
    if figures['operations'] == 0:
        return 'not one operation was completed'
    if figures.get('server') is None:
        return 'the generator could not look at the server\'s process'
    return None
