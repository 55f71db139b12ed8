"""The Bland-Altman plot as SVG, for paper and for a dark page: its ink is the text's own colour."""

from __future__ import annotations

import math
from dataclasses import dataclass
from xml.sax.saxutils import escape

from hemavision.agreement.bland_altman import BlandAltman
from hemavision.words import _

WIDTH, HEIGHT = 640, 380
#: Room around the plot for its labels: left, top, right, bottom.
LEFT, TOP, RIGHT, BOTTOM = 58, 34, 98, 46
#: A line of text.
LABEL_PX = 15
#: Legible on white and on near black alike.
ACCENT, LIMIT = "#4f7fd6", "#c26a3d"


@dataclass(frozen=True)
class _Axes:
    """What the plot's edges stand for, in the unit of the readings."""

    x: tuple[float, float]
    y: tuple[float, float]

    def across(self, value: float) -> float:
        """Return where a mean lies, in pixels from the left."""
        share = (value - self.x[0]) / (self.x[1] - self.x[0])
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def down(self, value: float) -> float:
        """Return where a difference lies, in pixels from the top."""
        share = (value - self.y[0]) / (self.y[1] - self.y[0])
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def draw_bland_altman(found: BlandAltman, title: str, unit: str = "%") -> str:
    """Return the plot as one SVG element, without any style sheet or script.

    Args:
        found: the limits of agreement.
        title: what was compared, such as "Neutrophils: first reader - second reader".
        unit: of the readings.
    """
    axes = _axes(found)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" role="img" font-family="system-ui, sans-serif" font-size="12" '
        'fill="currentColor">',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(_words(found, unit))}</desc>",
        f'<text x="{LEFT}" y="18" font-size="14" font-weight="600">{escape(title)}</text>',
        *_grid(axes, unit),
        *_line(axes, found.bias, found.bias_interval, ACCENT),
        *_line(axes, found.upper, found.upper_interval, LIMIT),
        *_line(axes, found.lower, found.lower_interval, LIMIT),
        *_labels(axes, found),
        *(_point(axes, mean, difference) for mean, difference in found.points),
        "</svg>",
    ]
    return "\n".join(parts)


def _words(found: BlandAltman, unit: str) -> str:
    return _(
        "{n} slides: bias {bias}, limits of agreement {lower} to {upper}.",
        n=len(found.points),
        bias=format(found.bias, ".1f") + unit,
        lower=format(found.lower, ".1f"),
        upper=format(found.upper, ".1f") + unit,
    )


def _axes(found: BlandAltman) -> _Axes:
    means = [mean for mean, _ in found.points]
    differences = [difference for _, difference in found.points]
    bands = [*found.lower_interval, *found.upper_interval, 0.0]
    return _Axes(_padded(means), _padded(differences + bands))


def _padded(values: list[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    # Two readers who never differ have a plot too.
    room = 0.06 * (high - low) or 1.0
    return low - room, high + room


def _grid(axes: _Axes, unit: str) -> list[str]:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = [
        f'<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="currentColor" '
        'stroke-opacity="0.5"/>'
    ]
    for value in _ticks(*axes.x):
        x = axes.across(value)
        parts.append(
            f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{_tick(value)}</text>'
        )
    for value in _ticks(*axes.y):
        y = axes.down(value)
        parts.append(
            f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_tick(value)}</text>'
        )
        parts.append(
            f'<path d="M{LEFT} {y:.1f}H{right}" stroke="currentColor" '
            f'stroke-opacity="{0.35 if value == 0 else 0.1}"/>'
        )
    middle_x, middle_y = (LEFT + right) / 2, (TOP + bottom) / 2
    parts.append(
        f'<text x="{middle_x:.1f}" y="{HEIGHT - 8}" text-anchor="middle">'
        + escape(_("mean of the two ({unit})", unit=unit))
        + "</text>"
    )
    parts.append(
        f'<text transform="translate(15 {middle_y:.1f}) rotate(-90)" text-anchor="middle">'
        + escape(_("difference ({unit})", unit=unit))
        + "</text>"
    )
    return parts


def _line(axes: _Axes, value: float, interval: tuple[float, float], colour: str) -> list[str]:
    """Return a line with its interval as a band."""
    right, y = WIDTH - RIGHT, axes.down(value)
    top, bottom = axes.down(interval[1]), axes.down(interval[0])
    return [
        f'<rect x="{LEFT}" y="{top:.1f}" width="{right - LEFT}" height="{bottom - top:.1f}" '
        f'fill="{colour}" fill-opacity="0.13"/>',
        f'<path d="M{LEFT} {y:.1f}H{right}" stroke="{colour}" stroke-width="1.5"'
        + ("/>" if colour == ACCENT else ' stroke-dasharray="6 4"/>'),
    ]


def _labels(axes: _Axes, found: BlandAltman) -> list[str]:
    """Return what the lines are, at their right ends, moved apart where the lines nearly meet."""
    bias_y = axes.down(found.bias)
    upper_y = min(axes.down(found.upper), bias_y - LABEL_PX)
    lower_y = max(axes.down(found.lower), bias_y + LABEL_PX)
    rows = (
        (upper_y, _("+1.96 s: {value}", value=_signed(found.upper))),
        (bias_y, _("bias: {value}", value=_signed(found.bias))),
        (lower_y, _("−1.96 s: {value}", value=_signed(found.lower))),
    )
    return [
        f'<text x="{WIDTH - RIGHT + 6}" y="{y + 4:.1f}">{escape(words)}</text>' for y, words in rows
    ]


def _signed(value: float) -> str:
    return f"{value:.1f}".replace("-", "−")


def _point(axes: _Axes, mean: float, difference: float) -> str:
    return (
        f'<circle cx="{axes.across(mean):.1f}" cy="{axes.down(difference):.1f}" r="3.5" '
        'fill="currentColor" fill-opacity="0.65"/>'
    )


def _tick(value: float) -> str:
    return f"{value:g}".replace("-", "−")


def _ticks(low: float, high: float) -> list[float]:
    """Return about five round numbers between two."""
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * round_ for round_ in (1, 2, 5, 10) if power * round_ >= rough)
    first = math.ceil(low / step)
    last = math.floor(high / step)
    return [round(number * step, 10) for number in range(first, last + 1)]
