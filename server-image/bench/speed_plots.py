"""Lines over logarithmic axes, as SVG."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 80, 220, 40, 50
COLOURS = ("#0b6e99", "#5aa9c4", "#c0392b", "#8e5ea2", "#e08e0b", "#6b8e23")
HEAD = (
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
    'font-family="sans-serif" font-size="12" fill="#222">'
)
ROOM = 1.15
"""Beyond the outermost points."""
POINT = 3.5
TICKS = (1, 2, 5)


@dataclass(frozen=True)
class Series:
    """A line by its points, all positive."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class _Axis:
    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """Return where ``value`` is, in pixels."""
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Return round values on the axis."""
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        values = [digit * 10.0**power for power in powers for digit in TICKS]
        return [value for value in values if self.low <= value <= self.high]


def line_plot(title: str, x_label: str, y_label: str, series: Sequence[Series]) -> str:
    """Return the plot of ``series``; those without points are named alone."""
    points = [point for each in series for point in each.points] or [(1.0, 1.0)]
    across = _axis([x for x, _ in points], LEFT, WIDTH - RIGHT)
    up = _axis([y for _, y in points], HEIGHT - BOTTOM, TOP)
    parts = [
        HEAD,
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        _text(LEFT, TOP - 18, title, 'font-size="15"'),
        _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x_label, 'text-anchor="middle"'),
        _text(LEFT - 8, TOP - 4, y_label, 'text-anchor="end"'),
    ]
    for tick in across.ticks():
        x = across.place(tick)
        parts.append(_line(x, TOP, x, HEIGHT - BOTTOM))
        parts.append(_text(x, HEIGHT - BOTTOM + 16, f"{tick:,g}", 'text-anchor="middle"'))
    for tick in up.ticks():
        y = up.place(tick)
        parts.append(_line(LEFT, y, WIDTH - RIGHT, y))
        parts.append(_text(LEFT - 8, y + 4, f"{tick:,g}", 'text-anchor="end"'))
    for number, each in enumerate(series):
        parts += _drawn(each, COLOURS[number % len(COLOURS)], number, across, up)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _axis(values: Sequence[float], start: float, end: float) -> _Axis:
    return _Axis(min(values) / ROOM, max(values) * ROOM, start, end)


def _drawn(series: Series, colour: str, number: int, across: _Axis, up: _Axis) -> list[str]:
    places = [(across.place(x), up.place(y)) for x, y in series.points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    below = TOP + 14 + 20 * number
    return [
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>',
        *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{POINT}" fill="{colour}"/>' for x, y in places),
        f'<rect x="{WIDTH - RIGHT + 16}" y="{below - 9}" width="12" height="4" fill="{colour}"/>',
        _text(WIDTH - RIGHT + 34, below - 2, series.name),
    ]


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'


def _text(x: float, y: float, text: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{escape(text)}</text>'
