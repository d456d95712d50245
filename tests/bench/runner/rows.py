"""The matrix: what is measured, with which servers, and what wsrelayd has to keep."""

import dataclasses

from runner.servers import IDLE

KIB = 1 << 10
MIB = 1 << 20
LARGE_BYTES = 16 * KIB

# How long idle connections are held; their memory is that of the end.
HOLD = ('--duration', '1')

# Where a limit is this near to its baseline, noise decides unless there are more rounds.
NARROW_RATIO = 1.10
NARROW_ROUNDS = 7
ROUNDS = 3


@dataclasses.dataclass(frozen=True)
class Figure:
    """Something that the generator tells of a measurement."""

    place: tuple    # in its JSON
    title: str
    unit: str
    decimals: int


FIGURES = {
    'cpu': Figure(('server', 'cpu_us_per_operation'), 'CPU time', 'µs', 4),
    'p99': Figure(('latency_us', 'p99'), 'p99 latency', 'µs', 0),
    'memory': Figure(('server', 'bytes_per_connection'), 'memory of a connection', 'bytes', 0),
    'peak': Figure(('server', 'peak_growth_bytes'), 'memory meanwhile', 'bytes', 0),
}


@dataclasses.dataclass(frozen=True)
class Limit:
    """What a figure of wsrelayd may be: so many times a baseline's, so much more, or so much."""

    figure: str
    at_most: float
    baseline: str | None = None
    compare: str = 'ratio'      # ratio, difference, value

    def __str__(self):
        number = f'{self.at_most:.2f} ×' if self.compare == 'ratio' else f'{self.at_most:.0f}'
        words = {'ratio': f'{number} {self.baseline}', 'value': number,
                 'difference': f'{self.baseline} + {number}'}
        return words[self.compare]


@dataclasses.dataclass(frozen=True)
class Row:
    """One load."""

    name: str
    title: str
    group: str
    mode: str
    arguments: tuple
    limits: tuple
    needs: tuple = ()
    figure: str = 'cpu'         # what the table and the plot show
    path: str = '/'             # for what is not a room
    tls: bool = False
    servers: tuple = ()         # only these; empty: all that can
    subject: str = 'wsrelayd'
    connections: int = 64
    timed: bool = True          # takes as long as it is told to, not as long as the work takes
    half_rate: bool = False     # at half of what the slower of subject and baseline can do
    fresh: bool = False         # a new server for each measurement, because memory remembers

    @property
    def room(self):
        return 'room' in self.needs

    def narrow(self):
        return any(limit.compare == 'ratio' and limit.at_most <= NARROW_RATIO
                   for limit in self.limits)

    def judged(self):
        """The servers that a limit names, which have to be measured most carefully."""
        return {self.subject, *(limit.baseline for limit in self.limits if limit.baseline)}

    def rounds_of(self, server, fixed=None):
        if fixed is not None:
            return fixed
        return NARROW_ROUNDS if self.narrow() and server.name in self.judged() else ROUNDS


def against(baseline, at_most, figure='cpu'):
    return Limit(figure, at_most, baseline)


def below(figure, at_most):
    return Limit(figure, at_most, compare='value')


def size_of(text):
    number, _, unit = text.partition(' ')
    return int(number) * {'B': 1, 'KiB': KIB, 'MiB': MIB}[unit]


def echo(size, in_flight, *limits, text=False, connections=64, group='echo', **more):
    """64 connections that each keep so many messages under way."""
    name = '-'.join([group, size.replace(' ', ''), f'x{in_flight}', *(['text'] if text else []),
                     *([str(connections)] if connections != 64 else [])])
    title = ', '.join([f'{size}{" UTF-8 text" if text else ""}', f'{in_flight} in flight',
                       *([f'{connections} connections'] if connections != 64 else [])])
    needs = ('echo', *(['pipelining'] if in_flight > 1 else []),
             *(['large'] if size_of(size) >= LARGE_BYTES else []),
             *(['crowd'] if connections > 1000 else []), *more.pop('needs', ()))
    arguments = ('--size', str(size_of(size)), '--in-flight', str(in_flight),
                 '--connections', str(connections), *(['--text'] if text else []))
    return Row(name, title, group, 'echo', arguments, limits, needs, connections=connections,
               **more)


def secure(size, in_flight, *limits, connections=64):
    row = echo(size, in_flight, *limits, connections=connections, group='tls',
               needs=('tls', 'upgrade'), tls=True)
    return dataclasses.replace(row, title=f'{row.title}, TLS')


def arena(connections):
    """HttpArena's profile of a WebSocket echo."""
    return echo('5 B', 1, against('raw_echo', 1.05), against('raw_echo', 1.10, 'p99'), text=True,
                connections=connections, group='arena')


def room(size, in_flight, *limits, members=1000):
    name = '-'.join(['room', size.replace(' ', ''), f'x{in_flight}',
                     *([str(members)] if members != 1000 else [])])
    arguments = ('--connections', str(members), '--size', str(size_of(size)),
                 '--in-flight', str(in_flight))
    return Row(name, f'{size}, {in_flight} in flight, {members} members', 'room', 'fanout',
               arguments, limits, ('room', *(['large'] if size_of(size) >= LARGE_BYTES else [])),
               connections=members)


def connect(name, title, connections=64, **more):
    return Row(name, title, 'connect', 'connect', ('--connections', str(connections)),
               (against('uws', 1.0),), ('echo', 'upgrade', *(['tls'] if more else [])),
               connections=connections, **more)


def idle(name, count, *limits, tls=False, **more):
    """Connections that have each echoed once."""
    return Row(f'memory-{name}', f'each of {count} idle {"TLS " if tls else ""}connections',
               'memory', 'idle', ('--connections', str(count), *HOLD), limits,
               ('echo', 'crowd', *(['tls', 'upgrade'] if tls else [])), tls=tls,
               connections=count, figure='memory', timed=False, fresh=True, **more)


def two_workers(row, name, title):
    """The same load, at half of what either can do, on one worker and on two."""
    return dataclasses.replace(row, name=name, title=title, group='scale', half_rate=True,
                               limits=(against('wsrelayd', 1.15),),
                               servers=('wsrelayd', 'wsrelayd, two workers'),
                               subject='wsrelayd, two workers')


TABLE = (
    echo('20 B', 1, against('raw_echo', 1.03), against('libevent_echo', 1.10)),
    echo('20 B', 16, against('raw_echo', 1.06), against('libevent_echo', 1.10)),
    echo('20 B', 256, against('raw_echo', 1.4)),
    echo('1 KiB', 1, against('raw_echo', 1.03)),
    echo('1 KiB', 16, against('raw_echo', 1.10)),
    echo('64 KiB', 1, against('raw_echo', 1.08)),
    echo('1 MiB', 1, against('raw_echo', 1.3)),
    echo('20 B', 1, against('raw_echo', 1.04), connections=5000),
    echo('1 KiB', 16, against('raw_echo', 1.3), text=True),

    secure('1 KiB', 1, against('uws', 0.95)),
    secure('1 KiB', 16, against('uws', 0.90)),
    secure('64 KiB', 1, against('uws', 0.80)),

    connect('connect', 'connect, echo, close'),
    connect('connect-tls', 'connect, echo, close, TLS', tls=True),

    arena(512),
    arena(4096),
    arena(16384),

    room('100 B', 1, against('uws', 0.97), against('raw_fanout', 1.05)),
    room('100 B', 8, against('uws', 0.90), against('raw_fanout', 1.05)),
    room('16 KiB', 1, against('uws', 0.90), against('raw_fanout', 1.05)),

    idle('idle', 10000, below('memory', 400)),
    idle('idle-15000', 15000, below('memory', 600), servers=('wsrelayd',)),
    idle('tls', 2000, below('memory', 16000), tls=True),
    idle('tls-5000', 5000, below('memory', 18 * KIB), tls=True, servers=('wsrelayd',)),
    Row('memory-member', 'each of 10000 members of a room', 'memory', 'idle',
        ('--no-echo', '--connections', '10000', *HOLD),
        (Limit('memory', 64, 'wsrelayd, in no room', 'difference'),), ('room', 'crowd', 'upgrade'),
        figure='memory', connections=10000, timed=False, fresh=True),
    Row('memory-64MiB', 'a message of 64 MiB while it is echoed', 'memory', 'echo',
        ('--connections', '1', '--size', str(64 * MIB), '--count', '1'),
        (below('peak', 2 * MIB),), ('echo', 'large', 'upgrade'), figure='peak', path='/large',
        connections=1, timed=False, fresh=True),

    dataclasses.replace(
        echo('20 B', 1, Limit('cpu', 1.03, 'wsrelayd'), group='scale', needs=('upgrade',),
             servers=('wsrelayd', 'wsrelayd, others idle'), subject='wsrelayd, others idle'),
        name='scale-idle', title=f'20 B, 1 in flight, 64 active with {IDLE} idle ones'),
    two_workers(echo('20 B', 1), 'scale-workers', '20 B, at half capacity, two workers'),
    two_workers(room('100 B', 1), 'scale-workers-room',
                '100 B, 1000 members, at half capacity, two workers'),
    Row('latency-half', '20 B, at half capacity', 'latency', 'echo', ('--size', '20'),
        (against('raw_echo', 1.2, 'p99'),), ('echo',), half_rate=True, figure='p99',
        servers=('raw_echo', 'wsrelayd')),
)

GROUPS = {
    'echo': 'Echo',
    'tls': 'Echo over TLS',
    'connect': 'Connections',
    'arena': 'HttpArena\'s echo: 5 bytes of text',
    'room': 'Rooms: a delivery',
    'memory': 'Memory',
    'scale': 'Scale',
    'latency': 'Latency',
}


def takers(row, servers):
    """The servers that take part in a row, in the table's order."""
    return tuple(server for server in servers if takes_part(row, server))


def takes_part(row, server):
    if row.servers:
        return server.name in row.servers
    if server.only_if_named and server.name not in row.judged():
        return False
    return server.reason_against(row) is None
