"""Poison is quarantined alone: what cannot be worked with is set aside, told, and taken up again once it is mended."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from made import campaign as made_campaign
from sqlalchemy import text, update
from world import MONDAY, World, person, talk

from engine.define.digest import freeze, identified
from engine.deliver.messages import Letters
from engine.model.incident import IncidentKind
from engine.operating import Operator
from engine.render.compose import Composer
from engine.store import schema

OTHER = identified(replace(made_campaign(talk("other")), id="other"))
AT = "2026-03-03T09:00"


def two_campaigns() -> World:
    """Ana is in the world's campaign, Eve in another; both are due on Tuesday at nine."""
    world = World()
    world.join("good", person("Ana"))
    world.join("bad", person("Eve"))
    world.enroll(MONDAY, "good")
    world.engine.enroll(OTHER, MONDAY, ["bad"])
    return world


def store_body(world: World, body: str | None) -> None:
    """Have the other campaign's definition read so, and every process begin anew."""
    with world.database.begin() as connection:
        which = schema.definitions.c.digest == OTHER.digest
        connection.execute(update(schema.definitions).where(which).values(body=body or freeze(OTHER)))
    world.engine = world.another_engine()


def reworded() -> str:
    body = json.loads(freeze(OTHER))
    body["campaign"]["title"] = "Another title"
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


BROKEN: list[tuple[str, Callable[[], str]]] = [
    ("cut off", lambda: freeze(OTHER)[:100]),
    ("no JSON", lambda: "\x01\x02"),
    ("other JSON", lambda: "[]"),
    ("not a campaign", lambda: '{"format":1,"campaign":{}}'),
    ("a later format", lambda: '{"format":99,"campaign":{}}'),
    ("changed since", reworded),
]


@pytest.mark.parametrize("broken", [row[1] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_a_campaign_whose_stored_definition_is_broken_is_set_aside_alone_and_goes_on_when_it_is_mended(
    broken: Callable[[], str],
) -> None:
    world = two_campaigns()
    store_body(world, broken())
    world.go_to(AT)
    assert world.ends() == [("sent", None)]
    (waits,) = world.engine.watch.look().began
    assert (waits.kind, waits.number) == (IncidentKind.ASIDE, 1)
    assert world.engine.next_wake() is None  # it does not fall due again and again
    given, _ = Operator(world.engine).retry_aside()
    assert (given.back, given.still) == (0, 1)

    store_body(world, None)
    assert Operator(world.engine).retry_aside(dry_run=True)[0].back == 1
    given, _ = Operator(world.engine).retry_aside()
    assert (given.back, given.still) == (1, 0)
    world.fast_forward(hours=1)
    assert world.ends() == [("sent", None)] * 2
    assert [each.kind for each in world.engine.watch.look().ended] == [IncidentKind.ASIDE]


def test_what_is_mended_too_late_is_skipped_and_says_so() -> None:
    world = two_campaigns()
    store_body(world, "[]")
    world.go_to(AT)
    world.go_to("2026-03-13T09:00")
    store_body(world, None)
    Operator(world.engine).retry_aside()
    world.tick()
    assert sorted(world.ends(), key=str) == [("sent", None), ("skipped", "too_late")]


def test_a_campaign_that_breaks_between_planning_and_sending_fails_its_own_deliveries_and_no_others() -> None:
    world = two_campaigns()
    world.clock.move_to(world.clock.now().replace(day=3, hour=9))
    world.engine._planner.plan_due(world.clock.now())
    store_body(world, "[]")
    world.tick()
    assert sorted(world.ends(), key=str) == [("failed", "poison"), ("sent", None)]
    bad = next(row for row in world.rows() if row.status == "failed")
    assert "cannot be read" in bad.detail
    store_body(world, None)
    Operator(world.engine).retry([bad.id])
    world.tick()
    assert world.ends() == [("sent", None)] * 2


def test_an_enrollment_of_which_something_is_set_aside_is_not_over() -> None:
    world = two_campaigns()
    store_body(world, "[]")
    world.go_to(AT)
    statuses = {row.campaign: row.status for row in world.rows(schema.enrollments)}
    assert (statuses["other"], statuses[world.campaign.id]) == ("active", "completed")


def spoil(world: World, statement: str, **given: Any) -> None:
    with world.database.begin() as connection:
        assert connection.execute(text(statement), given).rowcount == 1


SPOILED = [
    ("a time that is none", "UPDATE partners SET send_at = 'noon' WHERE given_name = 'Eve'"),
    ("a zone that is none", "UPDATE partners SET timezone = 'Mars/Olympus' WHERE given_name = 'Eve'"),
    ("reach days that are none", "UPDATE partners SET reach_days = 'often' WHERE given_name = 'Eve'"),
    ("variants that are none", "UPDATE enrollments SET variants = '[' WHERE couple_id = 2"),
    ("a step that there is not", "UPDATE places SET next_step = 'gone' WHERE partner_id = 2"),
    ("a day that there is not", "UPDATE places SET next_occurrence = 5 WHERE partner_id = 2"),
]


@pytest.mark.parametrize("statement", [row[1] for row in SPOILED], ids=[row[0] for row in SPOILED])
def test_a_partner_whose_row_cannot_be_worked_with_holds_up_nobody(statement: str) -> None:
    world = World()
    for ref, name in (("a", "Ana"), ("b", "Eve"), ("c", "Mel")):
        world.join(ref, person(name))
    world.enroll()
    spoil(world, statement)
    world.go_to(AT)
    ended = {row.partner_id: row.status for row in world.rows()}
    assert (ended[1], ended[3]) == ("sent", "sent")
    assert ended.get(2, "set aside") in ("set aside", "skipped")
    assert world.tick().delivered.sent == 0
    assert len(world.inbox.messages) == 2


def test_a_row_that_cannot_be_read_when_it_is_claimed_fails_alone() -> None:
    world = World()
    for ref, name in (("a", "Ana"), ("b", "Eve"), ("c", "Mel")):
        world.join(ref, person(name))
    world.enroll()
    world.clock.move_to(world.clock.now().replace(day=3, hour=9))
    world.engine._planner.plan_due(world.clock.now())
    spoil(world, "UPDATE partners SET reach_from = 'noon' WHERE given_name = 'Eve'")
    world.tick()
    assert [(row.partner_id, row.status, row.reason) for row in world.rows()] == [
        (1, "sent", None), (2, "failed", "poison"), (3, "sent", None),
    ]  # fmt: skip


def test_an_address_that_cannot_be_opened_fails_alone_and_tells_nothing_of_it() -> None:
    world = World()
    for ref, name in (("a", "Ana"), ("b", "Eve"), ("c", "Mel")):
        world.join(ref, person(name))
    world.enroll()
    world.alter("Eve", email_cipher=b"\x00" * 40)
    world.go_to(AT)
    assert [row.status for row in world.rows()] == ["sent", "failed", "sent"]
    detail = world.rows()[1].detail
    assert "sealed value" in detail
    assert "eve" not in detail.lower()


def test_a_message_whose_writing_fails_in_a_way_of_its_own_is_found_in_its_batch_and_fails_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compose = Composer.compose

    def composed(composer: Composer, campaign: Any, key: Any, recipients: Any) -> Any:
        if any(each.partner.given_name == "Canary" for each in recipients):
            raise ZeroDivisionError("of Canary")
        return compose(composer, campaign, key, recipients)

    monkeypatch.setattr(Composer, "compose", composed)
    world = World()
    for number in range(9):
        name = "Canary" if number == 4 else f"Ana{'abcdefghi'[number]}"
        world.join(f"c{number}", person(name))
    world.enroll()
    world.go_to(AT)
    assert [row.status for row in world.rows()] == ["sent"] * 4 + ["failed"] + ["sent"] * 4
    assert world.rows()[4].detail == "Writing it fails with ZeroDivisionError."
    assert len(world.inbox.messages) == 8


def test_gates_that_cannot_be_asked_about_one_delivery_fail_it_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    for ref, name in (("a", "Ana"), ("b", "Eve"), ("c", "Mel")):
        world.join(ref, person(name))
    world.enroll()
    write = Letters.write

    def written(letters: Letters, *given: Any) -> Any:
        """What changes between claiming and the last look."""
        made = write(letters, *given)
        spoil(world, "UPDATE enrollments SET status = 'dancing' WHERE couple_id = 2")
        return made

    monkeypatch.setattr(Letters, "write", written)
    world.go_to(AT)
    assert [(row.status, row.reason) for row in world.rows()] == [("sent", None), ("failed", "poison"), ("sent", None)]
    assert world.rows()[1].detail == "Asking the gates fails with ValueError."
