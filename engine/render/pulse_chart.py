"""A partner's pulses over the weeks, drawn: their own line and, where both have agreed to it, the joint one.

What is drawn stands inside an <svg class="chart"> of the page, which says in the reader's words what it shows and has
the colours (style.css). The two lines are told apart without colour: one is whole and has round marks, the other is
broken and has square ones.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

LOWEST, HIGHEST = 1, 5
_WIDTH, _HEIGHT = 340.0, 196.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 26.0, 14.0, 12.0, 30.0
_MOST_LABELS = 9
_MARK = 4.5  # half of its size


@dataclass(frozen=True, slots=True)
class Week:
    """What there is of one week: one's own pulse, and what both felt on average."""

    week: int
    own: float | None = None
    both: float | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn, and the box that it fills: `viewBox`."""

    box: str
    drawn: Markup


def pulse_chart(weeks: Sequence[Week]) -> Chart:
    """The lines of these weeks, in their order, with an axis of 1 to 5 and one of weeks from the first."""
    last = max((each.week for each in weeks), default=1)
    own = [(each.week, each.own) for each in weeks if each.own is not None]
    both = [(each.week, each.both) for each in weeks if each.both is not None]
    pieces = (*_axes(last), *_line(both, last, joint=True), *_line(own, last, joint=False))
    return Chart(f"0 0 {_number(_WIDTH)} {_number(_HEIGHT)}", Markup("\n").join(pieces))


def _axes(last: int) -> Iterator[Markup]:
    line = Markup('<line class="axis" x1="{}" x2="{}" y1="{y}" y2="{y}"/>')
    text = Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>')
    for value in range(LOWEST, HIGHEST + 1):
        yield line.format(_number(_LEFT), _number(_WIDTH - _RIGHT), y=_number(_y(value)))
        yield text.format(_number(_LEFT - 10), _number(_y(value) + 5), "end", value)
    for week in range(1, last + 1, -(-last // _MOST_LABELS)):
        yield text.format(_number(_x(week, last)), _number(_HEIGHT - 6), "middle", week)


def _line(values: Sequence[tuple[int, float]], last: int, *, joint: bool) -> Iterator[Markup]:
    if not values:
        return
    other = " other" if joint else ""
    places = [(_x(week, last), _y(value)) for week, value in values]
    points = " ".join(f"{_number(x)},{_number(y)}" for x, y in places)
    yield Markup('<polyline class="line{}" points="{}"/>').format(other, points)
    for x, y in places:
        if joint:
            yield Markup('<rect class="mark other" x="{}" y="{}" width="{size}" height="{size}"/>').format(
                _number(x - _MARK), _number(y - _MARK), size=_number(2 * _MARK)
            )
        else:
            yield Markup('<circle class="mark" cx="{}" cy="{}" r="{}"/>').format(_number(x), _number(y), _number(_MARK))


def _x(week: int, last: int) -> float:
    """Where a week stands; the only one there is stands in the middle."""
    room = _WIDTH - _LEFT - _RIGHT - 2 * _MARK
    share = 0.5 if last <= 1 else (week - 1) / (last - 1)
    return _LEFT + _MARK + room * share


def _y(value: float) -> float:
    room = _HEIGHT - _TOP - _BOTTOM
    return _TOP + room * (HIGHEST - min(max(value, LOWEST), HIGHEST)) / (HIGHEST - LOWEST)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
