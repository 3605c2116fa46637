"""What is logged: one line an event, with a stable action and facts, and nothing of anybody."""

import asyncio
import json
import logging
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from world import Answering, World, person

from engine.clock import VirtualClock
from engine.model.action import Action, note
from engine.run.journal import Journal, did_anything
from engine.run.logs import Style, logging_to
from engine.store import breakers
from engine.store.breakers import Breaker
from engine.transport.base import Misconfigured

CLOCK = VirtualClock(datetime(2026, 3, 3, 9, tzinfo=UTC))
log = logging.getLogger("engine.a_test")


def lines(style: Style, act: object) -> list[str]:
    """What `act` logs, line by line."""
    out = StringIO()
    with logging_to(out, style, CLOCK):
        act()  # type: ignore[operator]
    return out.getvalue().splitlines()


def test_an_event_is_one_line_with_its_action_and_facts_in_both_styles() -> None:
    def act() -> None:
        until = datetime(2026, 3, 3, 10, tzinfo=UTC)
        note(log, Action.HOLD, 'Some "wait".\nHere', logging.WARNING, held=2, until=until, name="", yes=True, s=0.12345)

    (as_json,) = lines(Style.JSON, act)
    assert json.loads(as_json) == {
        "at": "2026-03-03T09:00:00Z",
        "level": "warning",
        "action": "hold",
        "said": 'Some "wait".\nHere',
        "held": 2,
        "until": "2026-03-03T10:00:00Z",
        "name": "",
        "yes": True,
        "s": 0.123,
    }
    (as_text,) = lines(Style.TEXT, act)
    assert as_text == (
        'at=2026-03-03T09:00:00Z level=warning action=hold said="Some \\"wait\\".\\nHere" held=2 '
        'until=2026-03-03T10:00:00Z name="" yes=true s=0.123'
    )


def test_of_what_a_library_logs_its_words_are_left_out() -> None:
    def act() -> None:
        try:
            raise ValueError("ana@example.com")
        except ValueError:
            logging.getLogger("aiohttp.client").exception("GET /u/token for %s", "ana@example.com")

    for style in (Style.JSON, Style.TEXT):
        (line,) = lines(style, act)
        assert "ana@" not in line
        assert "token" not in line
        assert "ValueError" in line
        assert "aiohttp" in line


def test_nothing_is_written_where_the_live_view_is(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_to(None, Style.LIVE, CLOCK):
        note(log, Action.MEND, "Mend this.", logging.WARNING)
    assert capsys.readouterr() == ("", "")


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The actions that were logged since the last time."""
    found = [record.action for record in caplog.records if hasattr(record, "action")]  # type: ignore[attr-defined]
    caplog.clear()
    return found


def test_a_pass_says_what_it_planned_and_sent_and_what_is_to_be_mended(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    wrong = Misconfigured("The key is wrong.")
    world = World(transport=Answering(lambda message, attempt: wrong if attempt == 1 else None))
    world.join("rivera", person("Ana"))
    world.enroll()
    journal = Journal()
    journal.ticked(world.go_to("2026-03-03T09:00"))
    assert said(caplog) == ["plan", "send", "mend", "tick"]
    done = world.go_to("2026-03-03T09:10")
    assert did_anything(done)
    journal.ticked(done)
    assert said(caplog) == ["send", "tick"]
    assert not did_anything(world.tick())


def test_breakers_that_open_and_close_are_said_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    world = World()
    journal = Journal()

    def look() -> list[str]:
        journal.looked(world.engine.watch.look())
        return said(caplog)

    assert look() == []
    with world.database.begin() as connection:
        breakers.trip(connection, "smtp", Breaker(5, world.clock.now() + timedelta(minutes=1), "No."))
    assert look() == ["breaker_opened", "incident_began"]
    assert look() == []
    world.clock.fast_forward(timedelta(minutes=2))
    assert look() == []
    with world.database.begin() as connection:
        breakers.reset(connection, "smtp")
    assert look() == ["breaker_closed", "incident_ended"]


def test_what_telling_came_to_is_said_without_an_address(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    world = World(settings={"alerts": {"email": "op@nudge.test"}})
    with world.database.begin() as connection:
        breakers.trip(connection, "smtp", Breaker(5, world.clock.now() + timedelta(minutes=1), "No."))
    world.engine.watch.look()
    Journal().told(asyncio.run(world.engine.watch.tell()))
    assert said(caplog) == ["told"]
    assert "op@" not in caplog.text
