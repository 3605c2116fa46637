"""What is old is forgotten, but for what steers or proves something; and looking ahead forgets nothing."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update
from world import VAULT, World, person, talk

from engine.deliver.halting import EVERYTHING
from engine.errors import SettingsError
from engine.operating import Operator
from engine.sections import RetentionSettings
from engine.settings import load
from engine.store import audit, chain, retention, schema
from engine.store.couples_schema import answers
from engine.store.retention import Forgetting

YEAR = timedelta(days=365)
ALL = RetentionSettings(deliveries_days=90, events_days=31, attempts_days=30)


def lived() -> World:
    """Ana and Ben have had their campaign, of two weeks; something was heard of the first message, and tried."""
    world = World(talk(weeks=(1, 2)))
    world.join("x", person("Ana"), person("Ben"))
    world.enroll()
    world.live("2026-03-11T00:00")
    heard(world, "delivered", delivery_id=1)
    with world.database.begin() as connection:
        tried = {"delivery_id": 1, "transport": "memory", "at": world.clock.now(), "outcome": "Throttled"}
        connection.execute(insert(schema.attempts).values(tried))
        connection.execute(insert(schema.heard).values(delivery_id=1, delivered_at=world.clock.now()))
    return world


def heard(world: World, kind: str, **given: Any) -> None:
    now = world.clock.now()
    values = {"source": "memory", "key": f"{kind}{given}", "type": kind, "channel": "email", "at": now}
    with world.database.begin() as connection:
        connection.execute(insert(schema.events).values(received_at=now, **values, **given))


def forgotten(world: World, kept: RetentionSettings = ALL, **given: Any) -> dict[str, int]:
    world.clock.fast_forward(YEAR)
    return dict(Forgetting(world.database, kept).forget(world.clock.now(), **given))


def left(world: World) -> dict[str, int]:
    tables = schema.deliveries, schema.events, schema.attempts, schema.heard
    return {table.name: len(world.rows(table)) for table in tables}


def test_a_campaign_that_has_ended_goes_with_all_that_hangs_on_it() -> None:
    world = lived()
    assert world.rows(schema.enrollments)[0].status == "completed"
    assert forgotten(world) == {"deliveries": 4}
    assert left(world) == {"deliveries": 0, "events": 0, "attempts": 0, "heard": 0}
    assert len(world.rows(schema.enrollments)) == 1


def test_what_still_runs_keeps_its_deliveries_and_loses_what_was_heard() -> None:
    """Else an occurrence could be planned again."""
    world = lived()
    with world.database.begin() as connection:
        connection.execute(update(schema.enrollments).values(status="active"))
    assert forgotten(world) == {"events": 1, "attempts": 1}
    assert left(world) == {"deliveries": 4, "events": 0, "attempts": 0, "heard": 1}


def test_a_doubt_keeps_its_campaign() -> None:
    world = lived()
    with world.database.begin() as connection:
        connection.execute(update(schema.deliveries).where(schema.deliveries.c.id == 2).values(status="in_doubt"))
    assert "deliveries" not in forgotten(world)


@pytest.mark.parametrize(
    ("kind", "given"),
    [("bounced", {"suppress": "hard_bounce"}), ("replied", {}), ("unsubscribed", {}), ("complained", {})],
)
def test_why_an_address_is_stopped_can_always_be_told(kind: str, given: dict[str, Any]) -> None:
    world = World()
    heard(world, kind, **given)
    heard(world, "opened")
    assert forgotten(world) == {"events": 1}
    assert [row.type for row in world.rows(schema.events)] == [kind]


def test_notices_stay_since_each_is_said_once() -> None:
    world = lived()
    with world.database.begin() as connection:
        connection.execute(update(schema.enrollments).values(campaign="notices"))
    assert "deliveries" not in forgotten(world)


def test_what_is_young_stays() -> None:
    world = lived()
    assert dict(Forgetting(world.database, ALL).forget(world.clock.now() + timedelta(days=29))) == {}


def test_by_default_deliveries_are_kept_for_ever() -> None:
    world = lived()
    world.clock.fast_forward(YEAR)
    assert forgotten(world, RetentionSettings()) == {"events": 1, "attempts": 1}


def test_a_dry_run_counts_and_forgets_nothing() -> None:
    world = lived()
    before = left(world)
    assert forgotten(world, dry_run=True) == {"deliveries": 4, "events": 1, "attempts": 1}
    assert left(world) == before


def test_a_round_that_has_looked_at_enough_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention._CLASSES["events"], "size", 2)
    world = World()
    for number in range(5):
        heard(world, "opened", code=str(number))
    world.clock.fast_forward(YEAR)
    heard(world, "opened", code="young")
    forgetting = Forgetting(world.database, ALL)
    assert [dict(forgetting.forget(world.clock.now(), most=2)).get("events", 0) for _ in range(4)] == [2, 2, 1, 0]
    assert len(world.rows(schema.events)) == 1


def test_the_hourly_round_forgets() -> None:
    world = lived()
    world.settings.retention.deliveries_days = 90
    world.restart()
    world.fast_forward(days=365)
    assert left(world)["deliveries"] == 0


@pytest.mark.parametrize("said", ["deliveries_days = 7", "events_days = 30", "attempts_days = -1", "replies_days = 5"])
def test_a_time_that_would_forget_what_is_still_needed_is_refused(tmp_path: Any, said: str) -> None:
    (tmp_path / "rekindle.toml").write_text(f"[retention]\n{said}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="retention"):
        load(tmp_path)


def test_answers_of_a_campaign_that_is_over_and_texts_go_by_their_own_ages() -> None:
    world = lived()
    now = world.clock.now()
    with world.database.begin() as connection:
        key = {"enrollment_id": 1, "step": "talk", "occurrence": 1, "partner_id": 1}
        connection.execute(insert(answers).values(**key, text_cipher=b"sealed", given_at=now))
        said = {"source": "twilio", "key": "r1", "channel": "sms", "at": now, "text_cipher": b"sealed"}
        connection.execute(insert(schema.replies).values(partner_id=1, **said))
    assert forgotten(world, RetentionSettings(answers_days=400, replies_days=31, events_days=0)) == {"replies": 1}
    assert len(world.rows(answers)) == 1
    assert forgotten(world, RetentionSettings(answers_days=400, events_days=0)) == {"answers": 1, "attempts": 1}
    assert world.rows(schema.replies) == world.rows(answers) == []


def test_answers_of_a_campaign_that_still_runs_stay() -> None:
    world = World(talk(weeks=(1, 2)))
    world.join("x", person("Ana"), person("Ben"))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    with world.database.begin() as connection:
        key = {"enrollment_id": 1, "step": "talk", "occurrence": 1, "partner_id": 1}
        connection.execute(insert(answers).values(**key, text_cipher=b"sealed", given_at=world.clock.now()))
    assert forgotten(world, RetentionSettings(answers_days=90)) == {}


def test_acts_go_and_what_is_left_of_the_audit_is_still_whole() -> None:
    world = lived()
    operator = Operator(world.engine)
    operator.pause(EVERYTHING)
    world.clock.fast_forward(YEAR)
    operator.resume(EVERYTHING)
    kept = RetentionSettings(audit_days=90, events_days=0, attempts_days=0)
    forgetting = Forgetting(world.database, kept)
    assert dict(forgetting.forget(world.clock.now(), dry_run=True)) == {"acts": 1}
    assert dict(forgetting.forget(world.clock.now())) == {"acts": 1}
    with world.database.read() as connection:
        found = chain.check(connection, VAULT.subkey(chain.PURPOSE))
        assert [each.act for each in audit.read(connection)] == ["resume"]
    assert (found.kept, found.broken) == (1, "")
