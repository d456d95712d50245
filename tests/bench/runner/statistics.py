"""From the figures of rounds to one number with its spread, and to a verdict on a limit."""

import dataclasses
import statistics


# A server that was ready to run for this share of the time but did not get its core was disturbed.
WAITING_PERCENT = 2.0


@dataclasses.dataclass(frozen=True)
class Summary:
    """The median of some rounds, and the lowest and highest."""

    median: float
    low: float
    high: float
    rounds: int


def summarize(values):
    """None when there are no values."""
    if not values:
        return None
    return Summary(statistics.median(values), min(values), max(values), len(values))


def ratios(ours, theirs):
    """Round by round, by mappings of a round's number to a figure; only rounds that both have."""
    return [ours[number] / theirs[number] for number in ours
            if theirs.get(number) and ours[number] is not None]


def differences(ours, theirs):
    return [ours[number] - theirs[number] for number in ours
            if theirs.get(number) is not None and ours[number] is not None]


MET = 'met'
MISSED = 'MISSED'
FAILED = 'FAILED'               # it could not be measured, although everything is there
NOT_MEASURED = 'not measured'   # the baseline is not installed


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What came out for one limit of a row."""

    row: object
    limit: object
    summary: Summary | None
    state: str
    remark: str = ''


def judge(row, limit, results):
    """A verdict from a row's results, which are by the server's name."""
    needed = [row.subject, *([limit.baseline] if limit.baseline else [])]
    absent = [name for name in needed if name not in results]
    if absent:
        return Verdict(row, limit, None, NOT_MEASURED, f'{absent[0]} is missing')
    failures = [f'{name}: {results[name].failure}' for name in needed if results[name].failure]
    if failures:
        return Verdict(row, limit, None, FAILED, failures[0])

    summary = summarize(compared(limit, row.subject, results))
    if summary is None:
        return Verdict(row, limit, None, FAILED, f'no {limit.figure} was told')
    state = MET if summary.median <= limit.at_most else MISSED
    disturbed = row.timed and any(results[name].waited_percent() > WAITING_PERCENT
                                  for name in needed)
    one_sided = not row.timed or len({frozenset(results[name].bounds()) for name in needed}) == 1
    return Verdict(row, limit, summary, state,
                   ', '.join(doubts(limit, summary, disturbed, one_sided)))


def doubts(limit, summary, disturbed, one_sided):
    """Why a verdict may be another one next time."""
    if limit.compare == 'ratio' and summary.low <= limit.at_most < summary.high:
        yield 'the limit is within the noise'
    if disturbed:
        yield 'the core was shared'
    if not one_sided:
        yield 'not bound on the same side'


def compared(limit, subject, results):
    """The values that the limit is about, one a round."""
    ours = results[subject].values(limit.figure)
    if limit.compare == 'value':
        return [value for value in ours.values() if value is not None]
    theirs = results[limit.baseline].values(limit.figure)
    return ratios(ours, theirs) if limit.compare == 'ratio' else differences(ours, theirs)
