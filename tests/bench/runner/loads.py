"""The loads under which instructions and system calls are counted."""

import dataclasses

from runner import rows


@dataclasses.dataclass(frozen=True)
class Load:
    """A row of the matrix, or one like it, and how much of it is enough to be counted."""

    title: str
    row: rows.Row
    operations: int     # of the shorter run: whole rounds of all that is in flight

    @property
    def name(self):
        return self.row.name

    def of(self, operations):
        """The row that takes so many operations instead of some time."""
        return dataclasses.replace(self.row, timed=False, arguments=(
            *self.row.arguments, '--count', str(operations)))


TABLE = (
    Load('echo, 20 B, 1 in flight, 1 connection', rows.echo('20 B', 1, connections=1), 20_000),
    Load('echo, 20 B, 1 in flight, 64 connections', rows.echo('20 B', 1), 32_000),
    Load('echo, 20 B, 256 in flight, 1 connection', rows.echo('20 B', 256, connections=1), 256_000),
    Load('echo, 1 KiB, 16 in flight, 1 connection', rows.echo('1 KiB', 16, connections=1), 64_000),
    Load('echo over TLS, 1 KiB, 1 in flight, 1 connection',
         rows.secure('1 KiB', 1, connections=1), 8_000),
    Load('echo over TLS, 64 KiB, 1 in flight, 1 connection',
         rows.secure('64 KiB', 1, connections=1), 500),
    Load('delivery in a room, 100 B, 1 in flight, 100 members',
         rows.room('100 B', 1, members=100), 50_000),
    Load('connect, echo, close, 8 connections at a time',
         rows.connect('connect-8', 'connect, echo, close', connections=8), 2_000),
)
