"""A call that cannot be worked with holds up no other: it is kept, told, and reacted to once that is mended."""

from datetime import timedelta

import pytest
from hearing import SOURCE, Couple, Line
from sqlalchemy import update
from world import World, person

from engine.errors import Unreadable
from engine.model.incident import IncidentKind
from engine.store import intake as calls
from engine.store import schema


@pytest.fixture
def line() -> Line:
    """Ana had an email on Tuesday at nine: delivery 1."""
    world = World()
    world.join("x", person("Ana"))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    return Line(world)


def statuses(line: Line) -> list[tuple[str, str | None]]:
    return [(row.status, row.error) for row in line.world.rows(schema.intake)]


def test_a_stored_call_that_cannot_be_opened_holds_up_no_other(line: Line) -> None:
    first = line.hearing.receive(SOURCE, line.hook(line.event("delivered", 1)))
    line.hearing.receive(SOURCE, line.hook(line.event("opened", 1)))
    with line.world.database.begin() as connection:
        connection.execute(update(schema.intake).where(schema.intake.c.id == first).values(cipher=bytes(40)))
    line.world.clock.fast_forward(timedelta(minutes=5))
    caught = line.another().catch_up()
    assert (caught.failed, caught.reacted) == (1, 1)
    assert statuses(line) == [("failed", "Unreadable"), ("done", None)]


def test_texts_of_a_couple_whose_campaign_is_broken_hold_up_nobody_elses_and_are_heard_once_it_is_mended() -> None:
    line = Couple()
    line.world.join("y", person("Eve"))
    line.world.go_to("2026-03-03T09:00")
    body = line.world.rows(schema.definitions)[0].body
    digest = line.world.campaign.digest
    which = schema.definitions.c.digest == digest

    def store(text: str) -> None:
        with line.world.database.begin() as connection:
            connection.execute(update(schema.definitions).where(which).values(body=text))
        line.hearing = line.another()

    store("[]")
    with pytest.raises(Unreadable):
        line.text(_phone("Ana"), "We talked until midnight.")
    line.text(_phone("Eve"), "STOP")
    assert [status for status, _ in statuses(line)][-2:] == ["failed", "done"]
    assert len(line.stopped()) == 1
    store(body)
    assert line.hearing.retry(dry_run=True).reacted == 1
    assert line.hearing.retry().failed == 0
    assert line.answer("Ana") == "We talked until midnight."


def _phone(name: str) -> str:
    found = person(name).phone
    assert found is not None
    return found


def test_a_call_that_fails_is_told_and_taken_up_by_the_operator_however_old_it_is(line: Line) -> None:
    line.provider.broken = True
    with pytest.raises(LookupError):
        line.tell(line.event("delivered", 1))
    line.world.clock.fast_forward(timedelta(days=5))
    assert line.hearing.catch_up().failed == 0  # it is not tried for ever
    (waits,) = [each for each in line.world.engine.watch.look().began if each.kind is IncidentKind.ASIDE]
    assert waits.number == 1
    with line.world.database.read() as connection:
        (why,) = calls.why_failed(connection)
    assert (why.source, why.kind, why.error, why.number) == (SOURCE, "events", "LookupError", 1)
    assert line.hearing.retry().failed == 1
    line.provider.broken = False
    assert line.hearing.retry().reacted == 1
    assert statuses(line) == [("done", None)]
    assert [each.kind for each in line.world.engine.watch.look().ended] == [IncidentKind.ASIDE]


def test_a_call_that_says_nothing_sensible_fails_alone(line: Line) -> None:
    broken = {**line.event("opened", 1), "at": "yesterday"}
    with pytest.raises(ValueError, match="yesterday"):
        line.tell(broken)
    line.tell(line.event("delivered", 1))
    assert [status for status, _ in statuses(line)] == ["failed", "done"]
