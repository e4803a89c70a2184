"""Draws a curve of growth as SVG: sizes on a logarithmic axis, medians joined, each with its lowest and highest."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

_WIDTH: Final = 560
_HEIGHT: Final = 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 20, 44, 50
_LINE: Final = "#b3261e"
_INK: Final = "#1f2328"
_GRID: Final = "#d8dee4"
_STEPS: Final = (1, 2, 2.5, 5, 10)
_TICKS: Final = 5


@dataclass(frozen=True, slots=True)
class Point:
    """One size with the median of its rounds, their lowest and their highest."""

    size: int
    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Curve:
    """What was measured at several sizes; `unit` of the figures, `of` what the sizes count."""

    name: str
    title: str
    unit: str
    of: str
    points: Sequence[Point]


def svg(curve: Curve) -> str:
    """Draw a curve; the vertical axis begins at nought."""
    step, top = _scale(max(point.high for point in curve.points))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
        f"<title>{escape(curve.title)}</title>",
        f'<g font-family="sans-serif" font-size="12" fill="{_INK}">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="22" font-size="14" font-weight="bold">{escape(curve.title)}</text>',
        f'<text x="{_WIDTH - _RIGHT}" y="22" text-anchor="end">{escape(curve.unit)}</text>',
        *(_tick(number * step, top) for number in range(round(top / step) + 1)),
    ]
    places = [(_across(point.size, curve.points), point) for point in curve.points]
    line = " ".join(f"{x:.1f},{_up(point.median, top):.1f}" for x, point in places)
    parts.append(f'<polyline points="{line}" fill="none" stroke="{_LINE}" stroke-width="2"/>')
    parts += [_marked(x, point, top) for x, point in places]
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{_HEIGHT - 10}" text-anchor="middle">{escape(curve.of)}</text>')
    return "\n".join([*parts, "</g>", "</svg>"]) + "\n"


def _tick(value: float, top: float) -> str:
    y = _up(value, top)
    return (
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{_GRID}"/>'
        f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:,.12g}</text>'
    )


def _marked(x: float, point: Point, top: float) -> str:
    low, high, middle = (_up(value, top) for value in (point.low, point.high, point.median))
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}" stroke="{_LINE}"/>'
        f'<circle cx="{x:.1f}" cy="{middle:.1f}" r="4" fill="{_LINE}"/>'
        f'<text x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{point.size:,}</text>'
    )


def _across(size: int, points: Sequence[Point]) -> float:
    first, last = math.log(points[0].size), math.log(points[-1].size)
    share = 0.5 if first == last else (math.log(size) - first) / (last - first)
    inset = 40
    return _LEFT + inset + share * (_WIDTH - _LEFT - _RIGHT - 2 * inset)


def _up(value: float, top: float) -> float:
    return _HEIGHT - _BOTTOM - value / top * (_HEIGHT - _TOP - _BOTTOM)


def _scale(highest: float) -> tuple[float, float]:
    """Return a round step of the vertical axis, and where it ends."""
    wanted = highest / _TICKS or 1.0
    power = 10.0 ** math.floor(math.log10(wanted))
    step = next(one * power for one in _STEPS if one * power >= wanted * (1 - 1e-9))
    return step, step * math.ceil(highest / step or 1)
