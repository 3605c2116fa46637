"""Heat-maps of volume: rows of counts, and how dark each is. A picture of one is five paths and some words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from markupsafe import Markup

LEVELS = 4
"""Shades above nothing."""
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
HOURS = tuple(f"{hour:02d}" for hour in range(24))


@dataclass(frozen=True, slots=True)
class Heat:
    """Rows of counts with a label each, under `heads`."""

    title: str
    heads: Sequence[str]
    rows: Sequence[tuple[str, Sequence[int]]]

    @property
    def most(self) -> int:
        """The highest count."""
        return max((number for _, counts in self.rows for number in counts), default=0)

    def level(self, number: int) -> int:
        """How dark: 0 for nothing, else 1 to LEVELS, by equal parts of the highest count."""
        return 0 if number <= 0 else -(-number * LEVELS // self.most)


def weekly(entry: Mapping[str, Any]) -> Heat:
    """A calendar: a row for each week, a column for each weekday, on people's own calendars."""
    weeks: dict[date, list[int]] = {}
    for row in entry["volume"]["local"]:
        day = date.fromisoformat(row["day"])
        monday = date.fromordinal(day.toordinal() - day.weekday())
        weeks.setdefault(monday, [0] * 7)[day.weekday()] = sum(row["hours"])
    rows = [(f"{monday:%d %b}", counts) for monday, counts in weeks.items()]
    return Heat("Messages by day, on people's own calendars", WEEKDAYS, rows)


def by_weekday(entry: Mapping[str, Any], where: str, title: str) -> Heat:
    """A row for each weekday and a column for each hour; `where` is `utc` or `local`."""
    rows = [[0] * 24 for _ in WEEKDAYS]
    for row in entry["volume"][where]:
        weekday = date.fromisoformat(row["day"]).weekday()
        rows[weekday] = [a + b for a, b in zip(rows[weekday], row["hours"], strict=True)]
    return Heat(title, HOURS, list(zip(WEEKDAYS, rows, strict=True)))


def by_day(entry: Mapping[str, Any], where: str, title: str) -> Heat:
    """A row for each day and a column for each hour; `where` is `utc` or `local`."""
    days = ((date.fromisoformat(row["day"]), row["hours"]) for row in entry["volume"][where])
    return Heat(title, HOURS, [(f"{day:%a %d %b}", hours) for day, hours in days])


def by_zone(entry: Mapping[str, Any], most: int | None = None) -> Heat:
    """A row for each zone, fullest first, and a column for each hour on the walls there."""
    found = sorted(entry["volume"]["zones"], key=lambda zone: (-zone["messages"], zone["timezone"]))
    return Heat("By zone and hour, on the walls there", HOURS, [(z["timezone"], z["hours"]) for z in found[:most]])


LABEL, CELL, HEAD, GAP = 96, 24, 18, 2  # of a picture's units; 672 of them are the width of a day


def picture(heat: Heat, *, every: int = 1) -> Markup:
    """An SVG of it, whose colours are classes `heat-0` to `heat-4` of the page; `every` so many columns is named."""
    width, row = LABEL + CELL * len(heat.heads), 18
    height = HEAD + row * len(heat.rows)
    paths: list[list[str]] = [[] for _ in range(LEVELS + 1)]
    words = [
        Markup('<text x="{}" y="12" text-anchor="middle">{}</text>').format(LABEL + CELL * n + CELL // 2, head)
        for n, head in enumerate(heat.heads)
        if n % every == 0
    ]
    for place, (label, counts) in enumerate(heat.rows):
        top = HEAD + row * place
        words.append(Markup('<text x="0" y="{}">{}</text>').format(top + 13, _short(label)))
        for column, number in enumerate(counts):
            left = LABEL + CELL * column
            paths[heat.level(number)].append(f"M{left} {top}h{CELL - GAP}v{row - GAP}h{GAP - CELL}z")
    drawn = [Markup('<path class="heat-{}" d="{}"/>').format(n, "".join(path)) for n, path in enumerate(paths) if path]
    size = "small" if len(heat.heads) < len(HOURS) else "hours"
    said = f"{heat.title}. The highest is {heat.most:,}."
    return Markup('<svg class="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>').format(
        size, width, height, said, Markup("").join(drawn), Markup("").join(words)
    )


def _short(label: str) -> str:
    """A zone by its last name: the picture has no room for continents."""
    return label.rpartition("/")[2].replace("_", " ")[:15]
