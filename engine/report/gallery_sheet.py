"""Contact sheets: every message of a gallery small, as wide as a phone and in light, with its week, step and partner.

A sheet is a page like the others. A browser that lets its script measure the frames gives each email its own length;
`data-height` on the root then says how tall the page is, for whoever takes its picture.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile

from engine.render.sandbox import Sandbox
from engine.report.gallery_looks import Look
from engine.report.gallery_weeks import Card, Week
from engine.shipped import shipped

MOST = 150
"""Messages on one sheet: a browser takes no picture that is taller than some 16,000 pixels."""
SCRIPT = "sheet.js"


@dataclass(frozen=True, slots=True)
class Cell:
    """One message on a sheet."""

    week: int
    weekday: str
    step: str
    card: Card
    look: Look


def cells(weeks: Sequence[Week]) -> Iterator[Cell]:
    """Every message of a couple: first those of one partner, in their order, then the other's."""
    found = [
        Cell(week.number, moment.weekday, moment.step, card, look)
        for week in weeks
        for moment in week.moments
        for card in moment.cards
        if card is not None
        for look in card.looks
        if look.letter is not None
    ]
    yield from sorted(found, key=lambda cell: cell.card.side.position)


def write_sheets(sandbox: Sandbox, pages: Path, found: Sequence[Cell], shown: Mapping[str, object]) -> tuple[Path, ...]:
    """Write `sheet.html`, or as many as it takes, into `pages`; their paths. None where there is no message."""
    copyfile(shipped("templates") / "web" / "gallery" / SCRIPT, pages / SCRIPT)
    template = sandbox.compiled("sheet.html")
    parts = [found[first : first + MOST] for first in range(0, len(found), MOST)]
    written = []
    for number, part in enumerate(parts, start=1):
        file = pages / ("sheet.html" if len(parts) == 1 else f"sheet-{number}.html")
        variables = {**shown, "cells": part, "number": number, "of": len(parts)}
        file.write_text(sandbox.rendered(template, variables), encoding="utf-8")
        written.append(file)
    return tuple(written)


def columns(file: Path) -> int:
    """How many columns make a sheet about as wide as it is tall."""
    number = file.read_text(encoding="utf-8").count('<li class="cell')
    return next(columns for columns in range(3, 30) if columns * columns >= 3 * number or columns == 20)
