"""One of two leaves: everything ends for them, and nothing tells the other."""

from collections.abc import Callable
from dataclasses import fields
from datetime import time, timedelta
from typing import Any

import pytest
from sqlalchemy import insert
from world import CONSENT, VAULT, World, at, person, talk

from engine.deliver.definitions import Definitions
from engine.deliver.forecast import schedule
from engine.enroll.latecomers import seat_latecomers
from engine.model.campaign import END_DAY, Caps, Channel, OnLeaving, StepPurpose, Wait
from engine.model.notice import Notice
from engine.store import couples, enrollments, leaving, schema
from engine.store.couples_schema import answers, reveals
from engine.store.enrollments import NewEnrollment
from engine.store.notices import Posted, sealed_to

SENT = ("sent", None)
WEEKS = tuple(range(1, 5))
GOODBYE = talk("goodbye", template="goodbye", weeks=(4,), days=(END_DAY,), draw=None, purpose=StepPurpose.NOTE)


def together(*steps: Any, **campaign: Any) -> World:
    world = World(*(steps or (talk(weeks=WEEKS), talk("pulse", weeks=WEEKS, days=(6,)), GOODBYE)), weeks=4, **campaign)
    world.join("x", person("Ana"), person("Ben"))
    world.enroll()
    return world


def leave(world: World, partner: int = 1) -> bool:
    with world.database.begin() as connection:
        return leaving.leave(connection, partner, world.clock.now())


def silence(world: World, partner: int = 1) -> None:
    with world.database.begin() as connection:
        leaving.silenced(connection, partner, world.clock.now())


def of(world: World, name: str) -> list[tuple[str, str, str, str | None]]:
    return [
        (line.step, line.local_time[5:16], line.status, line.reason) for line in world.lines() if line.partner == name
    ]


def ahead(world: World) -> list[tuple[str, str, str]]:
    with world.database.read() as connection:
        found = schedule(connection, Definitions(), until=None, couple=None, limit=100)
        return [(each.who.given_name, each.step, each.local_time[5:16]) for each in found]


def test_nothing_more_comes_to_who_has_left_and_what_was_planned_is_withdrawn() -> None:
    world = together(talk("a"), talk("b", at=time(15)), talk("c", days=(4,)))
    world.go_to("2026-03-03T15:00")  # one a day: `b` waits for tomorrow
    assert leave(world)
    world.live()
    assert of(world, "Ana") == [("a", "03-03T09:00", *SENT), ("b", "03-04T09:00", "cancelled", "left")]
    assert [step for step, *_ in of(world, "Ben")] == ["a", "b", "c"]


def test_leaving_again_changes_nothing() -> None:
    world = together()
    assert leave(world)
    before = [world.rows(table) for table in (schema.partners, schema.places, schema.enrollments)]
    world.clock.fast_forward(timedelta(hours=1))
    assert not leave(world)
    assert not leave(world, 99)
    assert [world.rows(table) for table in (schema.partners, schema.places, schema.enrollments)] == before


def test_every_link_they_were_sent_is_worthless_from_then_on() -> None:
    world = together()
    leave(world)
    ana, ben = world.rows(schema.partners)
    assert (ana.left_at, ana.epoch, ben.left_at, ben.epoch) == (world.clock.now(), 1, None, 0)


def test_what_is_on_its_way_to_them_meets_the_gates() -> None:
    world = together(talk())
    world.go_to("2026-03-03T09:00")
    with world.database.begin() as connection:
        connection.execute(
            schema.deliveries.update().where(schema.deliveries.c.partner_id == 1).values(status="planned")
        )
    world.alter("Ana", left_at=world.clock.now())
    world.tick()
    assert of(world, "Ana") == [("talk", "03-03T09:00", "skipped", "left")]


def test_the_campaign_is_over_once_nobody_is_left_in_it() -> None:
    world = together()
    leave(world, 1)
    assert world.rows(schema.enrollments)[0].status == "active"
    leave(world, 2)
    assert world.rows(schema.enrollments)[0].status == "completed"
    world.live()
    assert world.lines() == []


def test_their_answers_die_with_their_leaving_unless_both_have_seen_them() -> None:
    world = together()
    words = {"enrollment_id": 1, "step": "talk", "text_cipher": b"words", "draft_cipher": b"more"}
    with world.database.begin() as connection:
        for partner in (1, 2):
            for occurrence in (1, 8):
                connection.execute(insert(answers).values(partner_id=partner, occurrence=occurrence, **words))
        connection.execute(insert(reveals).values(enrollment_id=1, step="talk", occurrence=1, at=world.clock.now()))
    leave(world)
    assert [(row.partner_id, row.occurrence, row.draft_cipher) for row in world.rows(answers)] == [
        (1, 1, None),
        (2, 1, b"more"),
        (2, 8, b"more"),
    ]


def test_an_alert_about_them_still_reaches_the_operator() -> None:
    world = together()
    means = world.engine.means
    with world.database.begin() as connection:
        operator = sealed_to(VAULT, Channel.EMAIL, "operator@example.org")
        means.post.post(connection, Posted(Notice.ALERT, 1, 1, to=operator), world.clock.now())
        means.post.post(connection, Posted(Notice.LINK, 1, 1), world.clock.now())
    leave(world)
    assert {(row.step, row.status) for row in world.rows()} == {("alert", "planned"), ("link", "cancelled")}


def test_for_who_stays_nothing_changes_where_the_campaign_does_not_say_so() -> None:
    worlds = [together(), together()]
    for world in worlds:
        world.go_to("2026-03-11T12:00")
    leave(worlds[0])
    for world in worlds:
        world.live()
    assert of(worlds[0], "Ben") == of(worlds[1], "Ben")


Act = Callable[[World], object]


@pytest.mark.parametrize("act", [leave, silence])
def test_where_the_campaign_is_to_finish_it_ends_with_their_week_and_the_goodbye(act: Act) -> None:
    world = together(on_leaving=OnLeaving.FINISH, caps=Caps(2, 9))
    world.go_to("2026-03-11T12:00")
    act(world)
    before = of(world, "Ben")
    world.tick()
    assert of(world, "Ben") == before  # nothing happens at that instant
    assert [each for each in ahead(world) if each[0] == "Ben"] == [
        ("Ben", "pulse", "03-15T12:00"),
        ("Ben", "goodbye", "03-15T12:00"),
    ]
    world.live()
    assert [(step, *rest) for step, *rest in of(world, "Ben")[len(before) :]] == [
        ("pulse", "03-15T12:00", *SENT),
        ("goodbye", "03-15T12:00", *SENT),
    ]
    assert {row.moved_because for row in world.rows() if row.step == "goodbye"} <= {None, "window"}
    assert world.rows(schema.enrollments)[0].status == "completed"


@pytest.mark.parametrize(
    ("moment", "zone", "goodbye"),
    [
        ("2026-02-27T12:00", "UTC", "2026-03-08"),  # before it began: its first week is theirs
        ("2026-03-02T00:00", "UTC", "2026-03-08"),
        ("2026-03-07T23:59", "UTC", "2026-03-08"),
        ("2026-03-08T00:00", "UTC", "2026-03-15"),  # on the last day a goodbye within hours would tell
        ("2026-03-07T12:00", "Pacific/Auckland", "2026-03-15"),  # where that day has begun
        ("2026-03-08T05:00", "America/Los_Angeles", "2026-03-08"),  # where it has not
        ("2026-03-20T12:00", "UTC", "2026-03-22"),
        ("2026-03-23T12:00", "UTC", "2026-03-29"),  # the last week ends as it would have
    ],
)
def test_the_week_is_that_of_the_one_who_stays(moment: str, zone: str, goodbye: str) -> None:
    world = World(talk(weeks=WEEKS), GOODBYE, weeks=4, on_leaving=OnLeaving.FINISH, begins=at("2026-02-26T00:00"))
    world.join("x", person("Ana"), person("Ben", zone))
    world.enroll()
    world.live(moment)
    world.clock.move_to(at(moment))
    leave(world)
    world.live()
    bens = [line for line in world.lines() if line.partner == "Ben"]
    assert bens[-1].step == "goodbye"
    assert bens[-1].local_time[:10] == goodbye
    assert all(line.local_time[:10] <= goodbye for line in bens)


def test_the_first_who_is_lost_counts() -> None:
    world = together(on_leaving=OnLeaving.FINISH)
    silence(world, 2)
    world.go_to("2026-03-18T12:00")
    silence(world, 1)
    assert world.rows(schema.enrollments)[0].left_week == 1


def test_a_place_that_is_due_is_no_less_late_for_it() -> None:
    world = together(on_leaving=OnLeaving.FINISH)
    world.clock.move_to(at("2026-03-05T12:00"))  # nothing ran since Sunday
    leave(world)
    world.tick()
    assert of(world, "Ben") == [("talk", "03-03T09:00", "skipped", "too_late")]


def test_where_two_weeks_are_empty_the_goodbye_does_not_wait_for_the_next_step() -> None:
    world = together(talk(weeks=(1, 4)), GOODBYE, on_leaving=OnLeaving.FINISH)
    world.go_to("2026-03-11T12:00")
    leave(world)
    world.live()
    assert [(step, day) for step, day, *_ in of(world, "Ben")] == [("talk", "03-03T09:00"), ("goodbye", "03-15T12:00")]


def test_what_waits_for_their_answer_waits_as_long_as_it_would_have() -> None:
    world = together(talk(), talk("read", days=(3,), wait=Wait("talk", timedelta(days=2))))
    world.go_to("2026-03-05T09:00")
    leave(world)
    world.live()
    assert of(world, "Ben")[-1] == ("read", "03-07T09:00", *SENT)


def test_nobody_who_has_left_is_enrolled_or_seated() -> None:
    world = World(talk(weeks=WEEKS))
    world.join("x", person("Ana"), person("Ben"))
    world.join("y", person("Cem"))
    world.join("z", person("Dee"))
    leave(world, 1)
    leave(world, 3)
    assert vars(world.enroll()) == {"enrolled": 2, "already": 0}
    assert vars(world.engine.enroll(world.campaign, at("2026-03-02T00:00").date(), ["y"]))["enrolled"] == 0
    seat_latecomers(world.database, world.clock.now())
    assert [row.partner_id for row in world.rows(schema.places)] == [2, 4]


def test_whoever_leaves_between_reading_and_storing_gets_no_place() -> None:
    world = World(talk())
    world.join("x", person("Ana"), person("Ben"))
    world.join("y", person("Cem"))
    world.enroll()
    drawn = {row.couple_id: row for row in world.rows(schema.enrollments)}
    with world.database.begin() as connection:
        connection.execute(schema.enrollments.delete())
        leaving.leave(connection, 1, world.clock.now())
        leaving.leave(connection, 3, world.clock.now())
        batch = [_as_new(drawn[1], 1, 2), _as_new(drawn[2], 3)]
        assert enrollments.add(connection, batch, world.clock.now()) == 1
    assert [row.partner_id for row in world.rows(schema.places)] == [2]


def _as_new(row: Any, *partners: int) -> NewEnrollment:
    first = [(partner, at("2026-03-03T09:00"), "talk", 1) for partner in partners]
    given = {
        each.name: getattr(row, each.name) for each in fields(NewEnrollment) if each.name not in ("first", "assigned")
    }
    return NewEnrollment(**given, first=first)


def test_an_order_about_everyone_leaves_out_a_sign_up_that_was_never_confirmed() -> None:
    world = World(talk())
    for ref, name in (("x", "Ana"), ("y", "Ben"), ("z", "Cem")):
        world.join(ref, person(name))
    nowhere = {"email_cipher": None, "email_index": None, "phone_cipher": None, "phone_index": None}
    world.alter("Ana", **nowhere)
    world.alter("Ben", **nowhere)
    with world.database.begin() as connection:
        couples.join(connection, VAULT, "y", person("Bo"), CONSENT, world.clock.now())
    assert world.enroll().enrolled == 2  # of `y`, one has confirmed
    assert [row.couple_id for row in world.rows(schema.enrollments)] == [2, 3]
    assert world.enroll(at("2026-03-02T00:00").date(), "x").enrolled == 1
