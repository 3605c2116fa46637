"""A folder of pages in which every message of a campaign can be looked at as the couple saw it, week by week.

The pages need nothing but the folder: no network, no server; the few lines of script may be missing. Each email is a
page of its own, in a frame that runs and loads nothing. No page shows an address.
"""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import copyfile
from unicodedata import normalize
from urllib.parse import quote

from sqlalchemy import Connection

from engine.render.sandbox import environment
from engine.report.gallery_figures import Figures, listed, names
from engine.report.gallery_journeys import Journey, journeys
from engine.report.gallery_letters import Email, Letters
from engine.report.gallery_weeks import Week, weeks
from engine.shipped import shipped

PAGES = "gallery"
MAIL = "mail"
ASSETS = ("gallery.css", "gallery.js")


def write_gallery(
    connection: Connection, outbox: Path, out: Path, *, title: str, more: Mapping[str, str] | None = None
) -> Path:
    """Write `out/index.html`, and a page for each couple under `out/gallery`; the path of the index.

    `more` are links to further pages, by path. `outbox` is where the outbox transport left its messages; pages link to
    those files where they are. Pages of an earlier gallery in `out` are replaced. RenderError past about a hundred
    couples, or about 250 messages to one of them: the sandbox bounds a page, and a gallery is for looking.
    """
    pages = out / PAGES
    (pages / MAIL).mkdir(parents=True, exist_ok=True)
    source = shipped("templates") / "web" / "gallery"
    for asset in ASSETS:
        copyfile(source / asset, pages / asset)
    sandbox = environment([source], html=True)
    couple_page, index_page = sandbox.compiled("couple.html"), sandbox.compiled("index.html")
    letters = Letters(outbox)
    figures = Figures()
    found = journeys(connection)
    files = [_file(number, journey) for number, journey in enumerate(found, start=1)]
    couples = []
    for place, journey in enumerate(found):
        lived = weeks(journey, letters.find)
        figures.add(journey, lived)
        couples.append(listed(journey, f"{PAGES}/{files[place]}" if journey.way else "", lived))
        if journey.way is None:
            continue
        _write_mail(pages / MAIL, lived)
        around = {"before": _neighbour(found, files, place, -1), "after": _neighbour(found, files, place, +1)}
        variables = {
            "title": title,
            "couple": couples[-1],
            "way": journey.way,
            "weeks": lived,
            "outbox": quote(Path(os.path.relpath(outbox, pages)).as_posix()),
            **around,
        }
        (pages / files[place]).write_text(sandbox.rendered(couple_page, variables), encoding="utf-8")
    index = out / "index.html"
    shown = {"title": title, "couples": couples, "figures": figures, "more": more or {}}
    index.write_text(sandbox.rendered(index_page, shown), encoding="utf-8")
    return index


def _write_mail(folder: Path, lived: Sequence[Week]) -> None:
    for week in lived:
        for moment in week.moments:
            for card in moment.cards:
                if card is not None and isinstance(card.letter, Email):
                    (folder / f"{card.id:06d}.html").write_text(card.letter.page, encoding="utf-8")


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
