"""What counts a server's work: callgrind its instructions, strace its system calls.

Both run the server as their caller's own child, so that it is stopped and looked at as it is
without them. What they counted is of the whole process; the difference of two runs, one of them
with twice the operations, is that of the operations alone, without start, handshakes and stop."""

import dataclasses
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from harness.deadline import wait_until

from runner import generator, servers
from runner.failure import Failure

SERVER = servers.Relay('wsrelayd')

# What the generator may take: valgrind's programs are fifty times as slow, strace's a hundred.
RUN_SECONDS = 120

# strace ends after the process that it watches.
WRITE_SECONDS = 15

# callgrind's last line; a line of strace's table, where there is a number of errors or none, and
# its last one.
INSTRUCTIONS = re.compile(r'^totals: (\d+)$', re.MULTILINE)
SYSTEM_CALL = re.compile(r'^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)$', re.MULTILINE)
TABLE_END = 'total'


def instructions(text):
    """What callgrind has written; nothing when it is not complete."""
    return {'instructions': int(number) for number in INSTRUCTIONS.findall(text)}


def system_calls(text):
    """What strace has written, by the names of the calls; nothing when it is not complete."""
    calls = {name: int(number) for number, name in SYSTEM_CALL.findall(text)}
    return calls if calls.pop(TABLE_END, None) is not None else {}


@dataclasses.dataclass(frozen=True)
class Counter:
    """A program that runs the server and writes into {file} what it has counted."""

    program: str
    options: tuple
    parse: Callable

    def is_missing(self):
        return shutil.which(self.program) is None

    def command(self, file):
        return (self.program, *(option.replace('{file}', str(file)) for option in self.options))

    def read(self, file):
        """What was counted by name, once it is there. Raises Failure."""
        def complete():
            return self.parse(file.read_text(encoding='utf-8')) if file.is_file() else {}
        try:
            return wait_until(complete, f'what {self.program} has counted', WRITE_SECONDS)
        except AssertionError as error:
            raise Failure(str(error)) from None


CALLGRIND = Counter('valgrind', ('-q', '--tool=callgrind', '--callgrind-out-file={file}'),
                    instructions)
STRACE = Counter('strace', ('-D', '-f', '-c', '-o', '{file}'), system_calls)
TABLE = (CALLGRIND, STRACE)


def count_run(counter, row):
    """How many operations a run had, and what was counted. Raises Failure."""
    with tempfile.TemporaryDirectory(prefix='wsrelayd-counts-') as directory:
        file = Path(directory) / 'counts'
        server = dataclasses.replace(SERVER, under=counter.command(file))
        process = server.start()
        try:
            figures = generator.run(row, server, process, RUN_SECONDS)
        finally:
            process.stop()
        return figures['operations'], counter.read(file)


def difference(shorter, longer):
    """What was counted for each operation that one of two runs had more than the other."""
    (few, before), (many, after) = shorter, longer
    return {name: (after.get(name, 0) - before.get(name, 0)) / (many - few)
            for name in {**before, **after}}


def count(counter, load):
    """What a load's operation takes, by name. Raises Failure."""
    return difference(count_run(counter, load.of(load.operations)),
                      count_run(counter, load.of(2 * load.operations)))
