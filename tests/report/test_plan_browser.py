"""The plan's page in a real browser: readable at any width, in light and dark, by everybody, with nothing loaded."""

from datetime import date
from pathlib import Path

import pytest
from browser import WIDTHS, Opener, flaws, overflows, shoot

from engine.report.plan_page import page as written
from engine.settings import Settings
from engine.simulate.faults import Faults, Moment, Spell
from engine.simulate.planning import Planning
from engine.simulate.rehearsal import Terms
from engine.simulate.simulation import find_campaign_for
from engine.transport.outages import OutageKind


@pytest.fixture(scope="module")
def html() -> str:
    """Four couples, an outage, and another version."""
    from datetime import time

    settings = Settings(workspace=Path("nowhere"))
    spell = Spell(OutageKind.DOWN, Moment(1, time(9)), Moment(2, time(12)), week=2)
    before, after = (find_campaign_for(settings, name) for name in ("twenty-one-days", "eight-weeks"))
    return written(
        Planning(Terms(settings, "0", date(2026, 3, 2), 4)).plan(after, Faults(spells=(spell,)), before).entry
    )


def test_nothing_is_wrong_with_it_for_who_sees_or_hears_it(html: str, open_page: Opener) -> None:
    page = open_page()
    page.set_content(html)
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert flaws(page, WIDTHS) == []
    assert overflows(page) == []
    shoot(page, "plan")
