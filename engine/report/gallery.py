"""A folder of pages in which every message of a campaign can be looked at as the couple saw it, week by week.

The pages need nothing but the folder: no network, no server; the few lines of script may be missing. Each email is a
page of its own, in a frame that runs and loads nothing. No page shows an address.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copyfile
from unicodedata import normalize
from urllib.parse import quote

from sqlalchemy import Connection

from engine.render.sandbox import Sandbox, environment
from engine.report.gallery_figures import Figures, listed, names
from engine.report.gallery_journeys import Journey, journeys
from engine.report.gallery_letters import Email, Letters
from engine.report.gallery_looks import Besides, price
from engine.report.gallery_sheet import Cell, cells, write_sheets
from engine.report.gallery_weeks import Source, Week, weeks
from engine.shipped import shipped

PAGES = "gallery"
MAIL = "mail"
ASSETS = ("gallery.css", "gallery.js")
WATCHING = "watching.js"
HERE_WEEKS = "<!-- weeks -->"
"""Where a couple's page takes its weeks: each is rendered by itself, since the sandbox bounds what it renders."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a gallery of messages that have not gone yet says besides.

    `besides` are messages that would not go as things stand, by delivery id; only the week called `week` is shown where
    one is named; `made` is a mark of this gallery, by which a page that is being watched knows a newer one.
    """

    besides: Besides = field(default_factory=dict)
    week: int | None = None
    made: str = ""
    sentences: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """A gallery: its first page, its contact sheets, and what is wrong in its messages, with how many have it."""

    index: Path
    sheets: tuple[Path, ...]
    wrong: Mapping[str, int]
    emails: int
    texts: int
    unsent: int


def write_gallery(
    connection: Connection,
    outbox: Path,
    out: Path,
    *,
    title: str,
    more: Mapping[str, str] | None = None,
    currency: str = "",
    preview: Preview | None = None,
) -> Written:
    """Write `out/index.html`, and a page for each couple under `out/gallery`.

    `more` are links to further pages, by path. `outbox` is where the outbox transport left its messages; pages link to
    those files where they are. Prices are shown where anything is known of them, in `currency`. A `preview` has contact
    sheets too. Pages of an earlier gallery in `out` are replaced. RenderError past about a hundred couples, or about
    250 messages to one of them in a week: the sandbox bounds a page, and a gallery is for looking.
    """
    pages = out / PAGES
    (pages / MAIL).mkdir(parents=True, exist_ok=True)
    assets = shipped("templates") / "web" / "gallery"
    for asset in (*ASSETS, WATCHING) if preview is not None and preview.made else ASSETS:
        copyfile(assets / asset, pages / asset)
    sandbox = environment([assets], html=True)
    look = preview or Preview()
    source = Source(Letters(outbox).find, look.besides, currency, silent=preview is not None)
    shown = {"title": title, "previewed": preview is not None, "week_only": look.week, "made": look.made}
    figures = Figures()
    found = journeys(connection)
    files = [_file(number, journey) for number, journey in enumerate(found, start=1)]
    couples = []
    on_sheet: list[Cell] = []
    for place, journey in enumerate(found):
        lived = [week for week in weeks(journey, source) if look.week in (None, week.number)]
        figures.add(journey, lived)
        couples.append(listed(journey, f"{PAGES}/{files[place]}" if journey.way else "", lived))
        if journey.way is None:
            continue
        _write_mail(pages, lived)
        on_sheet += cells(lived)
        variables = shown | {
            "couple": couples[-1],
            "way": journey.way,
            "weeks": lived,
            "outbox": quote(Path(os.path.relpath(outbox, pages)).as_posix()),
            "before": _neighbour(found, files, place, -1),
            "after": _neighbour(found, files, place, +1),
        }
        (pages / files[place]).write_text(_couple_page(sandbox, variables), encoding="utf-8")
    sheets = write_sheets(sandbox, pages, on_sheet, shown) if preview is not None else ()
    links = {path.relative_to(out).as_posix(): _sheet_words(number, sheets) for number, path in enumerate(sheets, 1)}
    first = shown | {
        "couples": couples,
        "figures": figures,
        "cost": price(figures.cost, currency),
        "more": {**(more or {}), **links},
        "sentences": look.sentences,
    }
    index = out / "index.html"
    index.write_text(sandbox.rendered(sandbox.compiled("index.html"), first), encoding="utf-8")
    unsent = sum(figures.unsent.values())
    return Written(index, sheets, dict(figures.wrong), figures.emails, figures.texts, unsent)


def _couple_page(sandbox: Sandbox, variables: Mapping[str, object]) -> str:
    page, week_part = sandbox.compiled("couple.html"), sandbox.compiled("week.html")
    whole = sandbox.rendered(page, variables)
    parts = (sandbox.rendered(week_part, {**variables, "week": week}) for week in variables["weeks"])  # type: ignore[attr-defined]
    return whole.replace(HERE_WEEKS, "\n".join(parts), 1)


def _write_mail(pages: Path, lived: Sequence[Week]) -> None:
    for week in lived:
        for moment in week.moments:
            for look in (look for card in moment.cards if card is not None for look in card.looks):
                if isinstance(look.letter, Email):
                    (pages / look.href).write_text(look.letter.page, encoding="utf-8")


def _sheet_words(number: int, sheets: Sequence[Path]) -> str:
    return "All of it on one sheet" if len(sheets) == 1 else f"All of it on sheets: {number} of {len(sheets)}"


def _file(number: int, journey: Journey) -> str:
    """A file name that is the same on every system, whatever the couple's ref holds."""
    plain = normalize("NFKD", journey.ref).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain)[:40].strip("-")
    return f"{number:03d}-{words}.html" if words else f"{number:03d}.html"


def _neighbour(found: Sequence[Journey], files: Sequence[str], place: int, by: int) -> dict[str, str]:
    """The next page in a direction, as href and names; empty when there is none."""
    place += by
    while 0 <= place < len(found):
        if found[place].way is not None:
            return {"href": files[place], "names": names(found[place])}
        place += by
    return {}
