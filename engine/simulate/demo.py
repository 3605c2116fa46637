"""The main job on sample couples and a virtual clock: eight weeks in seconds, left in a folder to look at."""

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from engine.app import Engine
from engine.clock import VirtualClock
from engine.model.couple import Consent
from engine.operating import Operator
from engine.parts import load_vault
from engine.report.deliveries import counts
from engine.report.gallery import write_gallery
from engine.report.report import report_on
from engine.report.report_page import page
from engine.settings import load
from engine.shipped import shipped
from engine.simulate.acts import Acts, agree
from engine.simulate.folder import begin
from engine.simulate.life import live
from engine.store import couples
from engine.store.database import IN_MEMORY, open_database
from engine.store.migrate import upgrade
from engine.workspace import make

CAMPAIGN = "eight-weeks"
START = date(2026, 3, 2)  # a Monday; eight weeks from here cross the DST change of both hemispheres
OPENS = datetime(2026, 3, 1, 9, tzinfo=UTC)
COUPLE_WHO_STOPS = "siobhan-and-mia"
STOPS_AT = datetime(2026, 3, 27, 12, tzinfo=UTC)  # in the middle of the fourth week
CONSENT = Consent("Yes, send me prompts for the two of us. I can stop at any time.", "demo")


@dataclass(frozen=True, slots=True)
class Demonstrated:
    """What a demo left behind."""

    counts: dict[str, int]
    gallery: Path
    outbox: Path


def run(out: Path, midway: Callable[[Engine], object] | None = None) -> Demonstrated:
    """Run the demo into `out`. Refused when that folder holds anything that no demo made.

    `midway` may look at the engine in the middle of the fourth week.
    """
    begin(out, "demo")
    make(out)
    # Eight weeks of commits to a disk take longer than the rest: live them in memory, then keep the database whole.
    settings = load(out, environment={})
    kept = out / "rekindle.sqlite3"
    kept.unlink()
    database = open_database(IN_MEMORY)
    upgrade(database)
    clock = VirtualClock(OPENS)
    engine = Engine(settings, database, load_vault(settings), clock)
    people = Path(shutil.copy(shipped("examples") / "couples.csv", out))
    engine.import_couples(people, CONSENT)
    campaign = engine.campaign(CAMPAIGN)
    engine.enroll(campaign, START)
    with database.read() as connection:
        refs = [couple.ref for couple in couples.list_couples(connection)]
    agree(engine, refs)
    acts = Acts(engine)
    asyncio.run(live(engine, clock, STOPS_AT, acts))
    clock.move_to(STOPS_AT)
    if midway is not None:
        midway(engine)
    Operator(engine).stop_couple(COUPLE_WHO_STOPS)
    asyncio.run(live(engine, clock, None, acts))
    with database.read() as connection:
        found = counts(connection)
        more = {"pages/index.html": "The pages behind the links"} if (out / "pages" / "index.html").exists() else {}
        more["report.html"] = "The report on what came of it"
        report = report_on(connection, CAMPAIGN, now=clock.now(), currency=settings.prices.currency)
        (out / "report.html").write_text("".join(page(report)), encoding="utf-8")
        gallery = write_gallery(connection, out / "outbox", out, title=campaign.title, more=more).index
    with database.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None  # noqa: S101 - an open connection has a driver's
        raw.execute("VACUUM INTO ?", (str(kept),))
    kept.chmod(0o600)  # as a database that `open_database` makes
    database.close()
    return Demonstrated(found, gallery, out / "outbox")
