"""The report as one page that needs nothing else: no network, no script, its style sheet and plots within.

It is written in pieces, each of them bounded by the sandbox, so that a report may be as long as it has figures.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from markupsafe import Markup

from engine.render.sandbox import Sandbox, environment
from engine.report.cells import FEWEST, Hidden
from engine.report.figure import Column, Figure, Form, Line, written
from engine.report.plots import svg
from engine.report.report import Report
from engine.shipped import shipped

POLICY = "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'"
ROWS = 100
"""To a piece."""
FEW_ROWS = 20
"""A table of no more is open where nothing is drawn."""
_END = Markup("</tbody>\n</table>\n</div>\n</details>\n")


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it is written: (text, class) of each cell. `whole` sums up the others."""

    cells: Sequence[tuple[str, str]]
    whole: bool


def page(report: Report) -> Iterator[str]:
    """The page, piece by piece."""
    folder = shipped("templates") / "report"
    sandbox = environment([folder], html=True)
    style = (folder / "report.css").read_text(encoding="utf-8")
    digest = b64encode(sha256(style.encode()).digest()).decode()
    parts = [{"id": f"part-{number}", "title": part.title} for number, part in enumerate(report.parts, start=1)]
    more = [{"id": "experiments", "title": "Experiments"}] if report.experiments else []
    yield _written(
        sandbox,
        "head.html",
        {
            "report": report,
            "policy": f"{POLICY}; style-src 'sha256-{digest}'",
            "style": Markup(style),  # noqa: S704 - a file of ours
            "made_at": f"{report.made_at:%Y-%m-%d %H:%M}",
            "couples": _couples(report.couples),
            "versions": list(report.versions),
            "fewest": FEWEST,
            "enough": report.enough,
            "parts": [*parts, *more],
        },
    )
    if report.enough:
        for part, about in zip(report.parts, parts, strict=True):
            yield Markup('<h2 id="{id}">{title}</h2>\n').format_map(about)
            for figure in part.figures:
                yield from _figure(sandbox, figure)
        if report.experiments:
            yield _written(sandbox, "experiments.html", {"experiments": report.experiments})
    yield Markup(
        "</main>\n<footer><p>Made by Rekindle from its own database. No name, address or answer is in it;"
        " docs/report.md defines every figure.</p></footer>\n</body>\n</html>\n"
    )


def _figure(sandbox: Sandbox, figure: Figure) -> Iterator[str]:
    plot = figure.plot if figure.enough else None
    yield _written(
        sandbox,
        "figure.html",
        {
            "figure": figure,
            "n": _couples(figure.couples),
            "plot": None if plot is None else Markup(svg(plot.spec)),  # noqa: S704 - vl-convert escapes its texts
            "words": "" if plot is None else f"{plot.words} The numbers are in the table that follows.",
            "headings": [(column.heading, _kind(column)) for column in figure.columns],
            "few_rows": len(figure.rows) <= FEW_ROWS,
            "fewest": FEWEST,
        },
    )
    if figure.enough:
        for begin in range(0, len(figure.rows), ROWS):
            rows = [_row(figure.columns, row) for row in figure.rows[begin : begin + ROWS]]
            yield _written(sandbox, "rows.html", {"rows": rows})
        yield _END
    yield Markup("</section>\n")


def _row(columns: Sequence[Column], row: Line) -> Row:
    cells = [
        (written(row[each.key], each.form), "hidden number" if isinstance(row[each.key], Hidden) else _kind(each))
        for each in columns
    ]
    return Row(cells, whole="all" in (row[columns[0].key], row[columns[1].key]))


def _kind(column: Column) -> str:
    if column.form is not Form.TEXT:
        return "number"
    return "prose" if column.key == "means" else "text"


def _couples(number: int) -> str:
    return f"fewer than {FEWEST} couples" if 0 < number < FEWEST else f"{number:,} couples"


def _written(sandbox: Sandbox, name: str, variables: Mapping[str, Any]) -> str:
    return sandbox.rendered(sandbox.compiled(name), variables)
