"""Measures rows: one server after the other, round after round, so that whatever else happens on
the machine meets all of them; every other round backwards, so that none is always the first."""

import dataclasses
import sys

from runner import generator
from runner.failure import Failure
from runner.rows import FIGURES, takers
from runner.statistics import WAITING_PERCENT

# For starting a server, for connecting, and of the warm-up's share: what a measurement takes.
START_SECONDS = 0.5
CONNECT_SECONDS = 0.0003
WARM_UP = 1.1
WORK_SECONDS = 2

CALIBRATION_SECONDS = 1


def pick(figures, name):
    """A figure of the generator's JSON by its name here; None when it was not told."""
    value = figures
    for part in FIGURES[name].place:
        value = (value or {}).get(part)
    return value


@dataclasses.dataclass
class Result:
    """What one server did in a row."""

    server: object
    rounds: dict = dataclasses.field(default_factory=dict)   # number: the generator's JSON
    failure: str | None = None

    def values(self, name):
        """A figure of each round, by the round's number."""
        return {number: pick(figures, name) for number, figures in self.rounds.items()}

    def bounds(self):
        return {figures.get('limit', 'unknown') for figures in self.rounds.values()}

    def of_server(self, name):
        """The server's own figures of a name, without the rounds in which there were none."""
        values = ((figures.get('server') or {}).get(name) for figures in self.rounds.values())
        return [value for value in values if value is not None]

    def waited_percent(self):
        """The most that it was ready to run in a round but did not get its core."""
        return max(self.of_server('waiting_percent'), default=0)


def estimate(row, servers, options):
    """Seconds that a row will take."""
    one = START_SECONDS + row.connections * CONNECT_SECONDS
    one += options.seconds * WARM_UP if row.timed else WORK_SECONDS
    taking = takers(row, servers)
    return sum(row.rounds_of(server, options.rounds) * one for server in taking)


class Stage:
    """The servers that run at the moment; those of a row that stay are started once."""

    def __init__(self, row):
        self.row = row
        self.running = {}

    def process(self, server):
        if server.name not in self.running:
            self.running[server.name] = server.start()
        return self.running[server.name]

    def release(self, server):
        if self.row.fresh:
            self.stop(server.name)

    def stop(self, name):
        if name in self.running:
            self.running.pop(name).stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for name in list(self.running):
            self.stop(name)


def measure_once(stage, server, seconds, rate=None):
    figures = generator.run(stage.row, server, stage.process(server), seconds, rate)
    stage.release(server)
    return figures


def half_rate(stage, servers):
    """Half of what the slowest of the servers does when it is left to."""
    rates = []
    for server in servers:
        figures = measure_once(stage, server, CALIBRATION_SECONDS)
        rates.append(figures['operations_per_second'])
    return min(rates) / 2


def measure_row(row, servers, options):
    """The results of all servers that take part, by name."""
    taking = takers(row, servers)
    results = {server.name: Result(server) for server in taking}
    with Stage(row) as stage:
        try:
            rate = half_rate(stage, taking) if row.half_rate else None
        except Failure as failure:
            for result in results.values():
                result.failure = f'no rate to measure at: {failure}'
            return results
        total = max((row.rounds_of(server, options.rounds) for server in taking), default=0)
        for number in range(1, total + 1):
            for server in taking if number % 2 else reversed(taking):
                if number <= row.rounds_of(server, options.rounds):
                    add_round(stage, results[server.name], number, options.seconds, rate)
            print(f'{row.name}: round {number} of {total}', file=sys.stderr, flush=True)
    return results


def add_round(stage, result, number, seconds, rate):
    """What has failed once is not tried again."""
    if result.failure:
        return
    try:
        result.rounds[number] = measure_once(stage, result.server, seconds, rate)
    except Failure as failure:
        result.failure = str(failure)
        print(f'{stage.row.name}: {result.server.name}: {failure}', file=sys.stderr, flush=True)
        stage.stop(result.server.name)


def remarks(row, results):
    """What has to be known before these figures are believed, as sentences."""
    for name, result in results.items():
        if result.failure:
            yield f'{name} failed: {result.failure}'
    if row.timed:
        yield from remarks_on_waiting(results)
        yield from remarks_on_bounds(row, results)


def remarks_on_waiting(results):
    """Something else took the core, or the server has more threads than one."""
    long = [f'{name} {result.waited_percent():.1f} %' for name, result in results.items()
            if result.waited_percent() > WAITING_PERCENT]
    if long:
        yield ('ready, but not running because another process or its own other thread had the core: '
               + ', '.join(long))


def remarks_on_bounds(row, results):
    """The side that is waited for finds more to do at a time, and so needs less time for each; with
    thousands of connections, it works on cold memory."""
    sides = {name: results[name].bounds() for name in sorted(row.judged())
             if name in results and results[name].rounds}
    if len({frozenset(side) for side in sides.values()}) > 1:
        yield 'not bound on the same side, which makes a difference here: ' + ', '.join(
            f'{name} by {" or ".join(sorted(side))}' for name, side in sides.items())
