"""Whoever changes their zone, time or days on the way gets what was still to come by the new ones: all of it, once."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from world import CONSENT, MONDAY, VAULT, World, at, person, plain_templates, talk

from engine.deliver.definitions import Definitions
from engine.deliver.forecast import schedule
from engine.enroll.changes import Changes
from engine.enroll.latecomers import seat_latecomers
from engine.errors import Refused
from engine.model.campaign import END_DAY, Audience, Caps
from engine.plan.calendar import occurrences
from engine.plan.local import wall_time
from engine.plan.window import narrowed
from engine.store import couples, schema
from engine.transport.memory import MemoryTransport

SENT = ("sent", None)


def change(world: World, partner: int = 1, **changes: Any) -> None:
    world.engine.change_partner(partner, Changes(**changes))


def alone(*steps: Any, **given: Any) -> World:
    world = World(*steps)
    world.join("x", person("Ana", **given))
    world.enroll()
    return world


def days(world: World) -> list[str]:
    return [day for _, day, *_ in world.became()]


def test_an_earlier_hour_holds_from_the_very_next_step() -> None:
    world = alone(talk(weeks=(1, 2)), send_at=time(18, 30))
    change(world, send_at="10:00")
    world.live()
    assert world.became() == [("Ana", "2026-03-03T10:00", *SENT), ("Ana", "2026-03-10T10:00", *SENT)]


def test_an_hour_that_is_over_today_is_now_and_not_late() -> None:
    world = alone(talk(weeks=(1, 2), late_after=timedelta(hours=1)), send_at=time(18, 30))
    world.go_to("2026-03-03T15:00")
    change(world, send_at="10:00")
    world.live()
    assert [row.sent_at.isoformat()[:16] for row in world.rows()] == ["2026-03-03T15:00", "2026-03-10T10:00"]


def test_who_flies_east_gets_the_step_of_the_day_that_is_over_there_when_it_may_next_be_sent() -> None:
    world = alone(talk(weeks=(1, 2)), zone="Europe/London", send_at=time(19))
    world.go_to("2026-03-03T13:00")
    change(world, timezone="Asia/Tokyo")  # where it is ten in the evening
    world.live()
    walls = [wall_time(row.sent_at, "Asia/Tokyo").isoformat()[:16] for row in world.rows()]
    assert walls == ["2026-03-04T09:00", "2026-03-10T19:00"]


def test_days_that_are_taken_back_lose_no_step_that_had_been_put_off() -> None:
    world = alone(talk(weeks=(1, 2)))
    change(world, days="fri")
    world.go_to("2026-03-05T12:00")
    change(world, days="any")
    world.live()
    assert [row.sent_at.isoformat()[:16] for row in world.rows()] == ["2026-03-05T12:00", "2026-03-10T09:00"]


def test_what_was_late_before_the_change_is_as_late_after_it() -> None:
    world = alone(talk(weeks=(1, 2)))
    world.clock.move_to(at("2026-03-06T12:00"))  # nothing ran since Monday
    change(world, send_at="11:00")
    world.live()
    assert world.ends() == [("skipped", "too_late"), SENT]


def test_a_step_that_changed_places_with_one_that_came_already_does_not_bring_it_back() -> None:
    world = World(talk("noon", at=time(12)), talk("own", at=None), talk("later", days=(4,)))
    world.join("x", person("Ana", send_at=time(18)))
    world.enroll()
    world.go_to("2026-03-03T13:00")
    change(world, send_at="10:00")  # now `own` is before `noon`, which has come
    with world.database.read() as connection:
        ahead = [each.step for each in schedule(connection, Definitions(), until=None, couple="x", limit=9)]
    assert ahead == ["own", "later"]
    world.live()
    assert [line.step for line in world.lines()] == ["noon", "own", "later"]


def test_nothing_of_the_time_before_they_joined_comes_back() -> None:
    world = World(talk("noon", at=time(12)), talk("own", at=None), talk("later", days=(4,)), caps=Caps(3, 9))
    world.join("x", person("Ana"))
    world.enroll()
    world.go_to("2026-03-03T13:00")
    with world.database.begin() as connection:
        couples.join(connection, VAULT, "x", person("Ben", send_at=time(18)), CONSENT, world.clock.now())
    seat_latecomers(world.database, world.clock.now())
    change(world, 2, send_at="10:00")
    change(world, 2, send_at="09:30")
    world.live()
    assert [line.step for line in world.lines() if line.partner == "Ben"] == ["own", "later"]


def test_hours_alone_move_no_place() -> None:
    world = alone(talk())
    before = world.rows(schema.places)
    change(world, reach_from="11:00")
    assert world.rows(schema.places) == before


def test_nobody_elses_place_moves() -> None:
    world = World(talk())
    world.join("x", person("Ana"), person("Ben"))
    world.enroll()
    _, bens = world.rows(schema.places)
    change(world, send_at="15:00")
    assert world.rows(schema.places)[1] == bens


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Templates that are quick to compile."""
    return plain_templates(tmp_path_factory.mktemp("templates"))


ZONES = st.sampled_from(["UTC", "Pacific/Auckland", "America/Los_Angeles", "Asia/Kathmandu", "America/New_York"])
TIMES = st.sampled_from(["07:00", "09:00", "12:00", "12:30", "17:45", "19:00", "21:00"])
DAYS = st.sampled_from(["any", "mon", "tue,fri", "sat,sun", "mon,tue,wed,thu,fri", "wed"])
HOURS = st.sampled_from([("", ""), ("10:00", ""), ("", "18:00"), ("11:00", "16:00"), ("17:00", "20:00")])
CHANGES = st.builds(
    lambda timezone, send_at, days, hours: {
        "timezone": timezone,
        # With days of their own nobody chooses an hour at which those are over.
        "send_at": "12:30" if days not in {"any", None} and hours is not None else send_at,
        "days": days,
        "reach_from": hours and hours[0],
        "reach_until": hours and hours[1],
    },
    st.none() | ZONES,
    st.none() | TIMES,
    st.none() | DAYS,
    st.none() | HOURS,
)
LIVES = st.lists(st.tuples(st.integers(1, 24 * 9), CHANGES), max_size=4)
LATE = timedelta(days=3)
STEPS = (
    talk("own", weeks=(1, 2, 3), days=(1, 4), late_after=LATE),
    talk("noon", weeks=(1, 2, 3), days=(0, 1, 3), at=time(12), late_after=LATE),
    talk("turn", weeks=(1, 2, 3), days=(5, 6), audience=Audience.ALTERNATING, late_after=LATE),
    talk("end", weeks=(3,), days=(END_DAY,), late_after=LATE),
)
"""Several a day, so that their order changes with a partner's own time, and days on which they pile up."""


@given(start=st.dates(MONDAY, date(2026, 3, 29)), timezone=ZONES, send_at=TIMES, lives=LIVES)
@examples(max_examples=examples.default.max_examples // 4)
def test_whatever_changes_and_whenever_each_occurrence_ends_once_and_within_the_hours_then_wanted(
    templates: Path, start: date, timezone: str, send_at: str, lives: list[tuple[int, dict[str, Any]]]
) -> None:
    begins = datetime(start.year, start.month, start.day, tzinfo=UTC) - timedelta(days=1)
    made = {"begins": begins, "caps": Caps(2, 6), "weeks": 3}
    world = World(*STEPS, transport=MemoryTransport(keep=False), templates=[templates], **made)
    world.join("x", person("Ana", timezone, time.fromisoformat(send_at)), person("Ben"))
    world.enroll(start)
    said: list[tuple[datetime, Any]] = [(world.clock.now(), world.rows(schema.partners)[0])]
    for hours, changes in lives:
        # Never at an instant at which something is sent: that was by what they had said before.
        moment = world.clock.now().replace(minute=7, second=0) + timedelta(hours=hours)
        world.live(moment.isoformat()[:16])
        world.clock.move_to(moment)
        try:
            change(world, 1, **changes)
        except Refused:
            continue
        said.append((moment, world.rows(schema.partners)[0]))
    world.live("2026-12-31T00:00")
    rows = world.rows()
    for position in (1, 2):
        ends = Counter((row.step, row.occurrence) for row in rows if row.partner_id == position)
        assert ends == {
            (step.key, occurrence): 1
            for step in STEPS
            for turn, occurrence in enumerate(occurrences(step, start.weekday()))
            if step.key != "turn" or turn % 2 == position - 1
        }
    assert {row.status for row in rows} <= {"sent", "skipped"}
    # The engine never stood still: nothing is too late but for what the partner wants and the caps allow.
    assert {row.reason for row in rows} <= {None, "frequency_cap", "outside_window", "too_late"}
    for row in rows:
        if row.status == "sent" and row.partner_id == 1:
            then = next(who for moment, who in reversed(said) if moment <= row.sent_at)
            wall = wall_time(row.sent_at, then.timezone)
            open_then = narrowed(world.campaign.window, then.reach_days, then.reach_from, then.reach_until)
            today = open_then[wall.weekday()]
            assert today is not None
            assert today.opens <= wall.time() < today.closes
