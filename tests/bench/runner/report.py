"""The page that a run writes: Markdown."""

from runner.machine import describe
from runner.measure import remarks
from runner.rows import FIGURES, GROUPS
from runner.servers import NEEDS
from runner.statistics import ratios, summarize

UWS = """\
uWebSockets is compared from its public sources, which are built outside this tree. They are the
repositories uNetworking/uWebSockets and, as its submodule, uNetworking/uSockets:

    git clone --recurse-submodules --shallow-submodules SOURCES/uWebSockets
    cd uWebSockets
    make -C uSockets WITH_OPENSSL=1
    c++ -std=c++20 -O3 -flto=auto -DLIBUS_USE_OPENSSL -DUWS_NO_ZLIB -Isrc -IuSockets/src \\
        WSRELAYD/tests/bench/peers/uws_server.cpp uSockets/uSockets.a -lssl -lcrypto -o uws_server

Then, in this tree:

    make bench BENCH="--peer 'uws=PATH/uws_server {port} {tls_port} {certificate} {key}'"
"""


def table(titles, lines):
    """A Markdown table."""
    rule = ['---'] * len(titles)
    return [f'| {" | ".join(cells)} |' for cells in (titles, rule, *lines)] + ['']


def number(value, decimals):
    """Rounded, but not to fewer than three figures that mean something."""
    if value is None:
        return ''
    return f'{value:.{decimals}f}' if decimals == 0 or abs(value) < 10 else f'{value:.1f}'


def spread(summary, decimals):
    if summary is None:
        return ''
    low, high = number(summary.low, decimals), number(summary.high, decimals)
    return number(summary.median, decimals) + (f' ({low} to {high})' if summary.rounds > 1 else '')


# ---- the parts of the page ----

def verdict_lines(verdicts):
    for verdict in verdicts:
        decimals = 3 if verdict.limit.compare == 'ratio' else 0
        figure = FIGURES[verdict.limit.figure].title
        yield (verdict.row.name, figure, str(verdict.limit), spread(verdict.summary, decimals),
               verdict.state, verdict.remark)


def group_lines(row, results):
    """One line for each server of a row."""
    figure = FIGURES[row.figure]
    subject = results.get(row.subject)
    for name, result in results.items():
        if result.failure:
            yield row.title, name, 'failed', *[''] * 5
            continue
        summary = summarize([value for value in result.values(row.figure).values()
                             if value is not None])
        ratio = '' if name == row.subject or subject is None else spread(summarize(
            ratios(subject.values(row.figure), result.values(row.figure))), 3)
        yield (row.title, name, spread(summary, figure.decimals), ratio,
               number(median_of(result, 'p99'), 0), percent(result.of_server('busy_percent')),
               percent(result.of_server('waiting_percent')), ' or '.join(sorted(result.bounds())))


def median_of(result, figure):
    summary = summarize([value for value in result.values(figure).values() if value is not None])
    return None if summary is None else summary.median


def percent(values):
    return f'{max(values):.1f} %' if values else ''


def group_part(group, measured, plots):
    rows = [(row, results) for row, results in measured if row.group == group]
    if not rows:
        return []
    units = sorted({f'{FIGURES[row.figure].title} in {FIGURES[row.figure].unit}'
                    for row, _ in rows})
    titles = ('load', 'server', ', '.join(units), 'ratio', 'p99 µs',
              'its core used, at most', 'waited for it, at most', 'bound by')
    lines = [f'## {GROUPS[group]}', '']
    if group in plots:
        lines += [f'![{GROUPS[group]}, as multiples]({plots[group]})', '']
    lines += table(titles, [line for row, results in rows for line in group_lines(row, results)])
    said = [f'- {row.title}: {remark}.' for row, results in rows for remark in remarks(row, results)]
    return lines + said + ([''] if said else [])


def machine_part(servers):
    lines = ['## What it was measured on', '']
    lines += table(('what', 'which'), describe())
    present = [(server.name, server.version(), server.note)
               for server in servers if server.missing() is None and not server.only_if_named]
    return lines + table(('server', 'version', ''), present)


def missing_part(servers):
    missing = [(server.name, server.missing()) for server in servers if server.missing()]
    lines = ['## Who is not here', '']
    if not missing:
        return [*lines, 'Nobody is missing.', '']
    return lines + table(('server', 'how to get it'), missing)


def lacks_part(servers):
    lines = ['## Who does not take part in what', '']
    return lines + table(('server', 'rows that ask for', 'why not'), [
        (server.name, NEEDS[need], reason)
        for server in servers for need, reason in server.lacks.items()])


def rounds_part(measured):
    """Every round, so that nobody has to believe in medians."""
    lines = ['## Every round', '']
    return lines + table(('row', 'server', 'figure', 'rounds'), [
        (row.name, name, FIGURES[figure].title,
         ', '.join(number(value, FIGURES[figure].decimals)
                   for value in result.values(figure).values()))
        for row, results in measured for name, result in results.items() if not result.failure
        for figure in shown_figures(row)])


def shown_figures(row):
    return dict.fromkeys((row.figure, *(limit.figure for limit in row.limits)))


HOW = """\
Every figure but memory is the server's CPU time per operation, or a ratio of two servers that were
measured in turn, every other round backwards, each alone on its core; two workers have that core
between them unless the machine has a third. A ratio is that of the figure of the line without one,
wsrelayd as a rule, to the figure of the line at hand, within a round. What is shown is the median
and, in brackets, the lowest and the highest. Where a limit lies within the noise, instructions per
message (callgrind) and system calls per message decide.
"""


def page(measured, verdicts, servers, plots):
    """The whole text."""
    lines = ['# wsrelayd measured', '', HOW, '## Limits', '']
    lines += table(('row', 'figure', 'at most', 'measured', '', 'remark'), verdict_lines(verdicts))
    for group in GROUPS:
        lines += group_part(group, measured, plots)
    lines += missing_part(servers) + lacks_part(servers)
    lines += ['## uWebSockets', '', UWS]
    lines += machine_part(servers) + rounds_part(measured)
    return '\n'.join(lines)
