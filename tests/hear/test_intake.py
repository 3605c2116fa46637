"""A call is verified, stored once, and reacted to once, whatever the provider repeats and wherever we stop."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hearing import SOURCE, TABLES, Line, Provider
from sqlalchemy import event
from world import World, person, phone

from engine.hear.intake import UnknownSource
from engine.model.campaign import Channel
from engine.store import schema
from engine.transport.source import Forged, NotOurs


@pytest.fixture
def line() -> Line:
    """Ana had an email on Tuesday at nine: delivery 1."""
    return Line(sent_world())


def sent_world(**given: Any) -> World:
    world = World(**given)
    world.join("x", person("Ana"))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    return world


def counts(line: Line) -> list[int]:
    return [len(line.world.rows(table)) for table in TABLES]


@pytest.mark.parametrize(
    ("name", "given", "refusal", "counted"),
    [
        ("nobody", {}, UnknownSource, ("", "unknown_source")),
        (SOURCE, {"signature": "bad"}, Forged, (SOURCE, "forged")),
        (SOURCE, {"kind": "elsewhere"}, NotOurs, (SOURCE, "not_ours")),
    ],
)
def test_a_call_that_is_not_believed_is_counted_and_leaves_nothing(
    line: Line, name: str, given: dict[str, str], refusal: type[Exception], counted: tuple[str, str]
) -> None:
    for times in (1, 2):
        with pytest.raises(refusal):
            line.hearing.receive(name, line.hook(line.event("bounced", 1, suppress="hard_bounce"), **given))
        assert line.hearing.refused == {counted: times}
    assert counts(line) == [0] * len(TABLES)


def test_a_replay_is_the_same_call_and_changes_nothing(line: Line) -> None:
    hook = line.hook(line.event("delivered", 1), line.event("bounced", 1, suppress="invalid"))
    first = line.hearing.receive(SOURCE, hook)
    line.hearing.react(first)
    before = line.stored()
    line.world.clock.fast_forward(timedelta(hours=3))
    assert line.hearing.receive(SOURCE, line.hook(*[])) != first  # another call is another
    assert line.hearing.receive(SOURCE, hook) == first
    line.hearing.react(first)
    assert line.stored()[1:] == before[1:]


def test_the_same_body_of_another_kind_is_another_call(line: Line) -> None:
    entry = line.event("delivered", 1)
    assert line.hearing.receive(SOURCE, line.hook(entry)) != line.hearing.receive(
        SOURCE, line.hook(entry, kind="inbound")
    )


def test_our_bug_keeps_nothing_but_the_call_and_a_retry_reacts_again(line: Line) -> None:
    number = line.hearing.receive(SOURCE, line.hook(line.event("delivered", 1)))
    line.provider.broken = True
    with pytest.raises(LookupError):
        line.hearing.react(number)
    assert [(row.status, row.error) for row in line.world.rows(schema.intake)] == [("failed", "LookupError")]
    assert counts(line) == [1, 0, 0, 0, 0]
    line.provider.broken = False
    assert line.hearing.receive(SOURCE, line.hook(line.event("delivered", 1))) == number
    line.hearing.react(number)
    assert [(row.status, row.error) for row in line.world.rows(schema.intake)] == [("done", None)]
    assert counts(line) == [1, 1, 1, 0, 0]


def test_what_failed_is_tried_again_once_an_hour_for_two_days(line: Line) -> None:
    line.provider.broken = True
    with pytest.raises(LookupError):
        line.tell(line.event("delivered", 1))
    failed = []
    for _ in range(60):
        line.world.clock.fast_forward(timedelta(hours=1))
        failed.append(line.hearing.catch_up().failed + line.hearing.catch_up().failed)
    assert failed == [1] * 48 + [0] * 12
    line.provider.broken = False
    assert line.another().catch_up().reacted == 0

    line.provider.broken = True
    with pytest.raises(LookupError):
        line.tell(line.event("opened", 1))
    line.provider.broken = False
    line.world.clock.fast_forward(timedelta(hours=1))
    assert line.another().catch_up().reacted == 1
    assert [row.status for row in line.world.rows(schema.intake)] == ["failed", "done"]


def test_what_a_crash_left_between_storing_and_reacting_is_caught_up_with_once(line: Line) -> None:
    line.hearing.receive(SOURCE, line.hook(line.event("delivered", 1)))
    restarted = line.another()
    assert restarted.catch_up().reacted == 0  # whoever stored it may be about to react, and to answer
    line.world.clock.fast_forward(timedelta(minutes=2))
    assert restarted.catch_up().reacted == 1
    assert restarted.catch_up().reacted == 0
    assert counts(line) == [1, 1, 1, 0, 0]


def test_a_call_that_cannot_be_read_does_not_hold_up_the_others(line: Line) -> None:
    line.hearing.receive(SOURCE, line.hook({"at": "never"}))
    line.hearing.receive(SOURCE, line.hook(line.event("delivered", 1)))
    line.world.clock.fast_forward(timedelta(minutes=2))
    caught = line.hearing.catch_up()
    assert (caught.reacted, caught.failed) == (1, 1)
    assert line.hearing.catch_up().failed == 0


def test_a_bounce_is_unsigned_whatever_its_source_says(line: Line) -> None:
    line.world.join("y", person("Ben"))
    told = line.event("bounced", 1, suppress="hard_bounce", address="ben@example.com")
    line.hearing.react(line.hearing.read(SOURCE, line.hook(told, kind="bounce")))
    assert line.world.rows(schema.suppressions) == []


def test_a_call_to_a_transport_that_was_taken_out_since_is_marked_and_left(line: Line) -> None:
    line.hearing.receive(SOURCE, line.hook(line.event("delivered", 1)))
    line.world.clock.fast_forward(timedelta(minutes=2))
    assert line.world.engine.hearing.catch_up().failed == 1
    assert [row.error for row in line.world.rows(schema.intake)] == ["KeyError"]


def test_catching_up_takes_no_lock_when_there_is_nothing_to_do(line: Line) -> None:
    line.tell(line.event("delivered", 1))
    begun: list[str] = []
    event.listen(
        line.world.database.engine, "before_cursor_execute", lambda *given: begun.append(str(given[2])), named=False
    )
    line.hearing.catch_up()
    assert begun
    assert not [statement for statement in begun if "IMMEDIATE" in statement or "UPDATE" in statement]


def test_one_bad_entry_does_not_drop_the_rest(line: Line) -> None:
    bad = line.event("opened", 1) | {"naive": True}
    line.tell(line.event("delivered", 1), bad, {"senseless": True}, line.event("clicked", 1))
    (call,) = line.world.rows(schema.intake)
    assert (call.status, call.error) == ("done", "1 of 4 entries failed (StatementError); 1 of 4 entries unreadable")
    assert {row.type for row in line.world.rows(schema.events)} == {"delivered", "clicked"}
    (heard,) = line.world.rows(schema.heard)
    assert None not in (heard.delivered_at, heard.clicked_at)
    assert heard.opened_at is None


def test_a_call_of_nothing_but_failures_is_our_bug(line: Line) -> None:
    with pytest.raises(Exception, match="UTC"):
        line.tell(line.event("opened", 1) | {"naive": True})
    assert [row.status for row in line.world.rows(schema.intake)] == ["failed"]


def test_nothing_that_came_in_is_readable_in_the_database_file(tmp_path: Path) -> None:
    world = World(database=tmp_path / "x.sqlite3")
    world.join("x", person("Ana", channel=Channel.SMS))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    line = Line(world)
    line.tell(line.event("bounced", 1, address="canary@example.com", suppress="hard_bounce"))
    line.text(phone("Ana"), "the heron at the canal told me")
    line.text(phone("Ana"), "please stop texting me")
    world.database.close()
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for secret in (b"canary@", b"heron", phone("Ana").encode()[2:], b"texting me", line.reference(1).encode()):
        assert secret not in written


def test_a_source_that_takes_no_answer_gets_none(line: Line) -> None:
    class Mute(Provider):
        answer = None  # type: ignore[assignment]

    line.provider = Mute()
    line.hearing = line.another()
    assert line.tell(line.event("delivered", 1)) is None


def test_the_tick_of_a_world_without_webhooks_hears_nothing() -> None:
    world = sent_world()
    assert world.engine.hearing.catch_up().reacted == 0


def test_calls_are_forgotten_after_a_month_and_what_they_said_is_not(line: Line) -> None:
    line.tell(line.event("delivered", 1))
    line.world.clock.fast_forward(timedelta(days=31))
    line.tell(line.event("opened", 1))
    line.hearing.catch_up()
    assert len(line.world.rows(schema.intake)) == 1
    assert {row.type for row in line.world.rows(schema.events)} == {"delivered", "opened"}


def test_a_bug_in_attaching_does_not_hold_up_the_tick(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> int:
        raise LookupError

    line.tell(line.event("delivered", 1) | {"reference": None, "receipt": "memory-1"})
    with line.world.database.begin() as connection:
        connection.execute(schema.events.update().values(delivery_id=None))
    monkeypatch.setattr("engine.hear.reactions.attach", broken)
    assert line.hearing.catch_up().failed == 1
