"""wsrelayctl, run against a daemon or something that pretends to be one."""

import json
import os
import subprocess

from harness.tools import daemon_binary

SECONDS = 30

# Exit statuses.
DONE, FAILED, USAGE, UNREACHABLE = range(4)


def control():
    path = daemon_binary().parent / 'wsrelayctl'
    if not path.is_file():
        raise AssertionError(f'{path} does not exist; run: make')
    return path


def environment(**changes):
    """The environment without an address of the user's, and with these changes."""
    names = {name: value for name, value in os.environ.items() if name != 'WSRELAYCTL_ADDRESS'}
    return {**names, **changes}


def run(*arguments, data=b'', text=True, seconds=SECONDS, **changes):
    """Runs it to its end with `data` as standard input; returns the finished process, whose output
    is bytes if it is no text."""
    if isinstance(data, str):
        data = data.encode()
    try:
        process = subprocess.run([control(), *map(str, arguments)], input=data,
                                 capture_output=True, timeout=seconds, check=False,
                                 env=environment(**changes))
    except subprocess.TimeoutExpired as error:
        raise AssertionError(f'still running after {seconds} s: {error.stderr}') from None
    if text:
        process.stdout = process.stdout.decode()
    process.stderr = process.stderr.decode()
    return process


class Control:
    """wsrelayctl with options that lead to one daemon."""

    def __init__(self, *options):
        self.options = options

    def run(self, *arguments, **options):
        return run(*self.options, *arguments, **options)

    def output(self, *arguments, **options):
        """What it prints; fails unless all was well."""
        process = self.run(*arguments, **options)
        if process.returncode != DONE or process.stderr:
            raise AssertionError(f'{arguments}: {process.returncode}, {process.stderr}')
        return process.stdout

    def json(self, *arguments):
        return json.loads(self.output(*arguments, '--json'))

    def rows(self, *arguments):
        """The rows of a table, each a mapping of titles to texts that hold no blanks."""
        titles, *lines = self.output(*arguments).splitlines()
        return [dict(zip(titles.split(), line.split(), strict=True)) for line in lines]

    def refusal(self, status, *arguments, **options):
        """The complaint, when this is the exit status: one line without the program's name."""
        process = self.run(*arguments, **options)
        if process.returncode != status:
            raise AssertionError(f'{arguments}: {process.returncode} instead of {status}; '
                                 f'{process.stdout} {process.stderr}')
        name, _, complaint = process.stderr.partition(': ')
        if name != 'wsrelayctl' or complaint.count('\n') != 1 or not complaint.endswith('\n'):
            raise AssertionError(f'{arguments}: {process.stderr!r}')
        return complaint.rstrip('\n')
