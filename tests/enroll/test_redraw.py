"""What a couple tells us changes what it has not been given yet, and nothing else."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from made import mixed
from sqlalchemy import event, insert
from world import MONDAY, World, at, person, talk

from engine.define.digest import freeze, identified, thaw
from engine.define.load import find_campaign, load_library
from engine.enroll.redraw import redraw
from engine.model.campaign import Campaign
from engine.model.delivery import LATER
from engine.model.notice import Notice
from engine.model.reply import Feedback
from engine.plan.draw import Tastes, draw_all
from engine.plan.epoch import read
from engine.plan.explain import explain
from engine.shipped import shipped
from engine.store import feedback, pulses, schema
from engine.store.notices import Posted

WEEKS = tuple(range(1, 10))


def living(*steps: Any, each: int = 1, zone: str = "UTC") -> World:
    """Ana and Ben, enrolled in nine Tuesdays that mix seven strategies; with one activity each, all come again."""
    world = World()
    world.campaign = identified(mixed(*(steps or (talk(weeks=WEEKS),)), each=each))
    world.join("a-b", person("Ana"), person("Ben", zone))
    world.enroll()
    return world


def partner(world: World, name: str) -> int:
    (found,) = [row.id for row in world.rows(schema.partners) if row.given_name == name]
    return int(found)


def say(world: World, verdict: Feedback, name: str = "Ana", week: int = 1, enrollment: int = 1) -> str:
    """Let a partner say this of what a week gave them; the activity."""
    who = partner(world, name)
    (row,) = [
        row
        for row in world.rows()
        if (row.partner_id, row.enrollment_id, row.week, row.occurrence < LATER) == (who, enrollment, week, True)
    ]
    with world.database.begin() as connection:
        assert feedback.give(connection, row.id, who, row.activity, verdict, world.clock.now())
    return str(row.activity)


def rate(world: World, week: int, value: int, name: str = "Ana") -> None:
    """Let a partner rate a week on its Sunday."""
    who = partner(world, name)
    with world.database.begin() as connection:
        pulses.rate(connection, 1, who, "pulse", 7 * week - 1, week, value, world.clock.now())


def stored(world: World, connection: Any, digest: str) -> Campaign:
    return world.engine.definitions.get(connection, digest).campaign


def drawn_anew(world: World) -> int:
    with world.database.begin() as connection:
        return redraw(connection, 1, world.clock.now(), lambda *asked: stored(world, *asked))


def enrollment(world: World, number: int = 1) -> Any:
    (row,) = [row for row in world.rows(schema.enrollments) if row.id == number]
    return row


def by_week(world: World, number: int = 1) -> dict[int, str]:
    """What each week gives, as it is drawn now."""
    return {int(key.split("/")[1]) // 7 + 1: each for key, each in enrollment(world, number).draws.items()}


def test_not_for_us_in_week_one_changes_what_comes_and_leaves_what_came() -> None:
    world = living()
    before = by_week(world)
    assert before[8] == before[1]
    world.live("2026-03-04T00:00")
    barred = say(world, Feedback.NOT_FOR_US)
    assert drawn_anew(world) == 1
    world.live()
    given = {line.week: line.activity for line in world.lines()}
    assert given[1] == barred == before[1]
    assert barred not in {given[week] for week in WEEKS[1:]}
    assert given == by_week(world)


def test_both_get_the_new_activity_whoever_said_it() -> None:
    world = living()
    world.live("2026-03-04T00:00")
    say(world, Feedback.NOT_FOR_US, "Ben")
    drawn_anew(world)
    world.live()
    for week in WEEKS:
        assert len({line.activity for line in world.lines() if line.week == week}) == 1


def test_what_they_did_makes_its_strategy_likelier_from_then_on() -> None:
    world = living(each=4)
    world.live("2026-03-04T00:00")
    strategy = world.campaign.activities[say(world, Feedback.DID)].strategy
    say(world, Feedback.DID, "Ben")
    drawn_anew(world)
    (first, second) = read(enrollment(world).learned)
    assert (first.since, first.learned.tilt) == (0, {})
    assert (second.since, second.at, set(second.learned.tilt)) == (2, at("2026-03-03T09:00"), {strategy})
    assert 1 < second.learned.tilt[strategy] <= 2


def test_a_pulse_that_rose_leans_towards_what_was_sent_since_the_one_before() -> None:
    world = living(each=4)
    world.live("2026-03-09T00:00")
    rate(world, 1, 2)
    assert drawn_anew(world) == 0  # nothing to hold it against
    world.live("2026-03-16T00:00")
    rate(world, 2, 4)
    assert drawn_anew(world) == 1
    strategy = world.campaign.activities[by_week(world)[2]].strategy
    assert set(read(enrollment(world).learned)[-1].learned.tilt) == {strategy}


def test_a_pulse_says_nothing_of_what_was_never_sent() -> None:
    world = living()
    world.alter("Ana", timezone="Mars/Olympus")
    world.alter("Ben", timezone="Mars/Olympus")
    world.live("2026-03-16T00:00")
    rate(world, 1, 1)
    rate(world, 2, 5)
    assert drawn_anew(world) == 0


def test_drawing_again_with_nothing_new_changes_nothing() -> None:
    world = living()
    assert drawn_anew(world) == 0
    world.live("2026-03-04T00:00")
    say(world, Feedback.NOT_FOR_US)
    assert drawn_anew(world) == 1
    before = enrollment(world)
    world.live("2026-03-20T00:00")
    assert drawn_anew(world) == 0
    assert enrollment(world) == before


def test_a_day_that_has_come_for_one_of_them_stays_for_the_other_too() -> None:
    world = living(zone="Pacific/Auckland")
    world.live("2026-03-04T00:00")
    for week in range(2, 8):
        world.live(f"{date(2026, 3, 2) + timedelta(days=7 * week - 7)}T21:00")  # Ben has had his message, Ana has not
        before = by_week(world)
        say(world, Feedback.DID, "Ben", week)
        assert drawn_anew(world) == 1
        assert read(enrollment(world).learned)[-1].since == 7 * (week - 1) + 2
        assert by_week(world)[week] == before[week]
    world.live()
    for week in WEEKS:
        assert len({line.activity for line in world.lines() if line.week == week}) == 1


def test_a_copy_that_was_asked_for_later_does_not_close_the_days_to_come() -> None:
    world = living()
    world.live("2026-03-04T00:00")
    row = world.rows()[0]
    with world.database.begin() as connection:
        values = {**row._mapping, "id": 99, "occurrence": row.occurrence + LATER}
        connection.execute(insert(schema.deliveries).values(values))
    barred = say(world, Feedback.NOT_FOR_US)
    drawn_anew(world)
    assert read(enrollment(world).learned)[-1].since == 2
    assert by_week(world)[8] != barred


def test_said_again_of_a_copy_it_counts_once() -> None:
    world = living(each=4)
    world.live("2026-03-04T00:00")
    say(world, Feedback.DID)
    drawn_anew(world)
    row = world.rows()[0]
    with world.database.begin() as connection:
        values = {**row._mapping, "id": 99, "occurrence": row.occurrence + LATER}
        connection.execute(insert(schema.deliveries).values(values))
        assert feedback.give(connection, 99, row.partner_id, row.activity, Feedback.DID, world.clock.now())
    assert drawn_anew(world) == 0


def test_notices_are_no_enrollment_to_draw_for() -> None:
    world = living()
    world.live("2026-03-04T00:00")
    say(world, Feedback.NOT_FOR_US)
    with world.database.begin() as connection:
        assert world.engine.means.post.post(connection, Posted(Notice.LINK, 1, 500), world.clock.now())
    assert drawn_anew(world) == 1
    assert enrollment(world, 2).learned is None


def test_what_is_not_for_them_is_drawn_in_no_other_campaign_running_or_later() -> None:
    world = living(talk(weeks=(1,)))
    other = identified(replace(mixed(talk("b", weeks=WEEKS), each=1), id="other"))
    world.engine.enroll(other, MONDAY)
    world.live("2026-03-04T00:00")
    barred = say(world, Feedback.NOT_FOR_US)
    drawn_anew(world)
    later = identified(replace(mixed(talk("c", weeks=WEEKS), each=1), id="later"))
    world.engine.enroll(later, date(2026, 6, 1))
    came = by_week(world, 2)
    assert barred not in {came[week] for week in WEEKS[1:]}
    assert barred not in by_week(world, 3).values()
    (only,) = read(enrollment(world, 3).learned)
    assert only.learned.banned == {barred}


def test_who_joins_an_enrollment_without_history_is_drawn_for_as_ever() -> None:
    world = living()
    world.join("c-d", person("Cem"))
    world.live("2026-03-04T00:00")
    say(world, Feedback.NOT_FOR_US)
    world.enroll()
    assert [epoch.learned.banned for epoch in read(enrollment(world, 2).learned)] == [frozenset()]


def test_taking_back_the_consent_to_touch_is_minded_at_the_next_drawing() -> None:
    world = World()
    world.campaign = identified(mixed(talk(weeks=WEEKS), strategies=("affection",)))
    world.join("a-b", person("Ana"))
    world.alter("Ana", touch=True)
    world.enroll()
    assert "a2" in by_week(world).values()
    world.alter("Ana", touch=False)
    assert drawn_anew(world) == 1
    assert "a2" not in by_week(world).values()


@pytest.mark.parametrize("end", ["stopped", "completed"])
def test_an_enrollment_that_has_ended_stays_as_it_is(end: str) -> None:
    world = living()
    world.live("2026-03-04T00:00")
    say(world, Feedback.NOT_FOR_US)
    if end == "stopped":
        world.stop("a-b")
    else:
        world.live()
    before = enrollment(world)
    assert before.status == end
    assert drawn_anew(world) == 0
    assert enrollment(world) == before


def test_it_is_part_of_its_callers_transaction() -> None:
    world = living()
    world.live("2026-03-04T00:00")
    say(world, Feedback.NOT_FOR_US)
    before = enrollment(world)
    with pytest.raises(ZeroDivisionError), world.database.begin() as connection:  # noqa: PT012
        redraw(connection, 1, world.clock.now(), lambda *asked: stored(world, *asked))
        raise ZeroDivisionError
    assert enrollment(world) == before


def test_however_often_it_was_drawn_every_draw_can_be_made_again() -> None:
    world = living(each=2)
    for week, verdict in zip(WEEKS[:-1], [*Feedback] * 3, strict=False):
        world.fast_forward(days=2 if week == 1 else 7)
        say(world, verdict, "Ana" if week % 2 else "Ben", week)
        drawn_anew(world)
    row = enrollment(world)
    found = explain(world.campaign, 0, row.seed, read(row.learned), row.draws, row.variants)
    assert {each.turn.key: each.activity for each in found} == row.draws
    assert all(each.choice is not None for each in found)
    assert len(row.learned) == len(WEEKS)


@pytest.mark.parametrize("name", ["date-nights", "eight-weeks", "steady-ground", "twenty-one-days"])
def test_a_stored_campaign_draws_as_the_file_it_came_from(name: str) -> None:
    """Enrolling draws from the file, drawing anew from the store."""
    folders = [shipped("campaigns")]
    campaign = find_campaign(name, folders, load_library(folders))
    for seed in map(str, range(20)):
        assert draw_all(thaw(freeze(campaign)), 0, seed, Tastes()) == draw_all(campaign, 0, seed, Tastes())


def test_enrolling_many_asks_once_what_all_of_them_said() -> None:
    world = World()
    for number in range(30):
        world.join(f"x{number}", person(f"Ana{number}"), person(f"Ben{number}"))
    seen: list[str] = []
    event.listen(world.database.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    world.enroll()
    assert len([statement for statement in seen if "feedback" in statement]) == 1
