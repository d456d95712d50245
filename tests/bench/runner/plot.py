"""Bars as SVG: how many times the floor each server takes, by row, on a logarithmic scale."""

import math
from xml.sax.saxutils import escape

from runner.statistics import ratios, summarize

# Of middling lightness, so that they can be told apart on white and on black.
COLOURS = {
    'wsrelayd': '#3f7fbf',
    'uws': '#d0702c',
    'bun': '#c9973a',
    'ws': '#5f9e4c',
    'websockets': '#3d9a94',
    'websocketd': '#b0569a',
    'nchan': '#7b68b8',
    'lws': '#c25450',
}
OTHERS = '#8a8a8a'
TEXT = '#808080'
GRID = '#80808060'

LABELS = 190
WIDTH = 760
BAR = 14
GAP = 12
TOP = 34
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)

# What the others are multiples of: the first of these that took part, else whom the row is about.
FLOORS = ('raw_echo', 'raw_fanout')


def multiples(row, results):
    """By server: its figure as a multiple of the floor's; and the floor's name."""
    good = {name: result for name, result in results.items() if not result.failure}
    floor = next((name for name in (*FLOORS, row.subject) if name in good), None)
    if floor is None:
        return {}, None
    found = {}
    for name, result in good.items():
        summary = summarize(ratios(result.values(row.figure), good[floor].values(row.figure)))
        if summary is not None and summary.median > 0:
            found[name] = summary.median
    return found, floor


class Scale:
    """From a multiple to a place on the picture."""

    def __init__(self, values):
        self.low = max((tick for tick in TICKS if tick <= min(values, default=1)),
                       default=TICKS[0])
        self.high = min((tick for tick in TICKS if tick >= max(values, default=1)),
                        default=TICKS[-1])
        if self.low == self.high:
            self.high = self.low * 2

    def x(self, value):
        value = min(max(value, self.low), self.high)
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return LABELS + share * (WIDTH - LABELS - 60)

    def ticks(self):
        return [tick for tick in TICKS if self.low <= tick <= self.high]


def text(x, y, words, anchor='start'):
    return (f'<text x="{x:.1f}" y="{y:.1f}" fill="{TEXT}" text-anchor="{anchor}">'
            f'{escape(words)}</text>')


def bar(scale, y, name, value):
    """From 1, which is the floor, to the value."""
    left, right = sorted((scale.x(1), scale.x(value)))
    width = max(right - left, 1.5)
    return [text(LABELS - 8, y + BAR - 3, name, 'end'),
            f'<rect x="{left:.1f}" y="{y:.1f}" width="{width:.1f}" height="{BAR - 3}" '
            f'fill="{COLOURS.get(name, OTHERS)}"/>',
            text(right + 5, y + BAR - 3, f'{value:.2f}')]


def row_parts(scale, y, row, found, floor):
    """The bars of one row, and where the next one begins."""
    parts = [text(8, y + 11, f'{row.title} (1 = {floor})')]
    y += BAR + 4
    for name, value in found.items():
        parts += bar(scale, y, name, value)
        y += BAR
    return parts, y + GAP


def picture(rows):
    """An SVG of these (row, results); None when there is nothing to compare."""
    shown = [(row, *multiples(row, results)) for row, results in rows]
    shown = [(row, found, floor) for row, found, floor in shown if len(found) > 1]
    if not shown:
        return None
    scale = Scale([1, *(value for _, found, _ in shown for value in found.values())])
    parts, y = [], TOP
    for row, found, floor in shown:
        more, y = row_parts(scale, y, row, found, floor)
        parts += more
    return '\n'.join([head(y), *grid(scale, y), *parts, '</svg>', ''])


def head(height):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="11">')


def grid(scale, height):
    for tick in scale.ticks():
        x = scale.x(tick)
        yield text(x, 14, f'{tick:g}×', 'middle')
        yield (f'<line x1="{x:.1f}" y1="20" x2="{x:.1f}" y2="{height}" stroke="{GRID}" '
               f'stroke-width="{2 if tick == 1 else 1}"/>')
