"""Verdicts and pulses in the store, and what of them may be known to whom."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, event, insert, select, update
from sqlalchemy.exc import IntegrityError
from world import opened

from engine.model.campaign import Channel
from engine.model.couple import Consent, NewPartner
from engine.model.delivery import LATER
from engine.model.reply import Feedback
from engine.store import couples, feedback, pulses
from engine.store import schema as s
from engine.store.couples_schema import answers, reveals
from engine.store.couples_schema import feedback as verdicts
from engine.store.pulses import Joint, Rated
from engine.store.told import SILENT, Told, told
from engine.store.vault import Vault

NOW = datetime(2026, 3, 8, 12, tzinfo=UTC)
VAULT = Vault({"k1": b"k" * 32}, "k1", b"l" * 32)
ANA, BEN, OTHERS = (1, 1), (1, 2), (2, 3)  # enrollment and partner


@pytest.fixture
def connection() -> Iterator[Connection]:
    """Ana and Ben in one enrollment, Cem and Dan in another; one delivery each, with the number of its partner."""
    yield from _connections()


def _connections() -> Iterator[Connection]:
    database = opened(None)
    with database.begin() as connection:
        for ref, names in (("a-b", ("Ana", "Ben")), ("c-d", ("Cem", "Dan"))):
            people = [
                NewPartner(name, f"{name.lower()}@example.com", None, "UTC", "en", Channel.EMAIL) for name in names
            ]
            couples.add(connection, VAULT, ref, people, Consent("Yes.", "a test"), NOW)
        values = {"digest": "d", "campaign": "c", "title": "C", "body": "{}", "stored_at": NOW}
        connection.execute(insert(s.definitions).values(values))
        for number in (1, 2):
            row = {"campaign": "c", "digest": "d", "start": date(2026, 3, 2), "seed": "0", "status": "active"}
            connection.execute(
                insert(s.enrollments).values(id=number, couple_id=number, variants={}, draws={}, created_at=NOW, **row)
            )
        for partner in (1, 2, 3, 4):
            connection.execute(
                insert(s.deliveries).values(
                    id=partner,
                    enrollment_id=(partner + 1) // 2,
                    partner_id=partner,
                    step="talk",
                    occurrence=1,
                    channel="email",
                    week=1,
                    due_at=NOW,
                    send_at=NOW,
                    expires_at=NOW,
                    timezone="UTC",
                    tzdata="2026a",
                    status="sent",
                )
            )
        yield connection
    database.close()


def rate(connection: Connection, whose: tuple[int, int], week: int, value: int, minutes: int = 0, **given: Any) -> bool:
    values = {"step": "pulse", "occurrence": 7 * week - 1, **given}
    at = NOW + timedelta(minutes=minutes)
    return pulses.rate(connection, *whose, week=week, value=value, at=at, **values)


def share(connection: Connection, *partners: int) -> None:
    connection.execute(update(s.partners).where(s.partners.c.id.in_(partners)).values(share_pulse=True))


def test_a_verdict_is_news_once_and_another_on_the_same_message_is_news_too(connection: Connection) -> None:
    assert feedback.give(connection, 1, 1, "a1", Feedback.DID, NOW)
    assert not feedback.give(connection, 1, 1, "a1", Feedback.DID, NOW + timedelta(hours=1))
    assert feedback.give(connection, 1, 1, "a1", Feedback.NOT_FOR_US, NOW)
    assert [row.verdict for row in connection.execute(select(verdicts))] == ["did", "not_for_us"]


def test_rating_a_week_again_replaces_what_was_rated_and_says_whether_that_changed_anything(
    connection: Connection,
) -> None:
    assert rate(connection, ANA, 1, 3)
    assert not rate(connection, ANA, 1, 3, minutes=1)
    assert rate(connection, ANA, 1, 4, minutes=2)
    assert pulses.line(connection, 1) == [Rated(1, 1, NOW + timedelta(minutes=2), 4)]


@given(st.permutations([(0, 3), (5, 1), (9, 4)]))
def test_the_rating_given_last_holds_in_whichever_order_they_are_told(order: list[tuple[int, int]]) -> None:
    for connection in _connections():
        for minutes, value in order:
            rate(connection, ANA, 1, value, minutes)
        assert pulses.line(connection, 1) == [Rated(1, 1, NOW + timedelta(minutes=9), 4)]


def test_a_copy_that_was_asked_for_later_asks_about_the_same_week(connection: Connection) -> None:
    rate(connection, ANA, 1, 2)
    assert rate(connection, ANA, 1, 5, minutes=1, occurrence=6 + 2 * LATER)
    assert [rated.value for rated in pulses.line(connection, 1)] == [5]


@pytest.mark.parametrize("value", [0, 6])
def test_nothing_but_one_to_five_is_kept(connection: Connection, value: int) -> None:
    with pytest.raises(IntegrityError):
        rate(connection, ANA, 1, value)


def test_ones_own_line_is_ones_own(connection: Connection) -> None:
    for week, value in ((1, 2), (2, 4)):
        rate(connection, ANA, week, value)
        rate(connection, BEN, week, 1)
    assert [(rated.week, rated.value) for rated in pulses.line(connection, 1)] == [(1, 2), (2, 4)]


@pytest.mark.parametrize(
    ("sharing", "line"), [((), []), ((1,), []), ((2,), []), ((1, 2), [Joint(1, 1, 3.5), Joint(1, 3, 1.0)])]
)
def test_the_joint_line_is_of_weeks_that_both_rated_and_only_when_both_agree(
    connection: Connection, sharing: tuple[int, ...], line: list[Joint]
) -> None:
    share(connection, *sharing)
    for whose, week, value in ((ANA, 1, 3), (BEN, 1, 4), (ANA, 2, 5), (ANA, 3, 1), (BEN, 3, 1), (OTHERS, 1, 5)):
        rate(connection, whose, week, value)
    assert pulses.joint(connection, 1) == line
    assert pulses.joint(connection, 2) == []


def test_in_a_week_with_two_pulses_neither_partner_counts_for_more(connection: Connection) -> None:
    share(connection, 1, 2)
    for value in (1, 2, 3):
        rate(connection, ANA, 1, value, step=f"pulse-{value}")
    rate(connection, BEN, 1, 5)
    assert pulses.joint(connection, 1) == [Joint(1, 1, 3.5)]


def everything(connection: Connection) -> None:
    """Ana says one of each, and Ben another."""
    for partner, step in ((1, "talk"), (2, "try")):
        key = {"enrollment_id": 1, "partner_id": partner, "occurrence": 1}
        connection.execute(insert(answers).values(step=step, text_cipher=b"sealed", given_at=NOW, **key))
        connection.execute(insert(answers).values(step="drafted", draft_cipher=b"sealed", **key))
        for verdict in Feedback:
            feedback.give(connection, partner, partner, f"{verdict}-{partner}", verdict, NOW)
    for whose, values in ((ANA, (5, 2)), (BEN, (1, 3))):
        for week, value in enumerate(values, 1):
            rate(connection, whose, week, value)


def test_a_partner_is_known_by_what_they_told_us_themself(connection: Connection) -> None:
    everything(connection)
    assert told(connection, [ANA, OTHERS]) == {
        ANA: Told(
            pulses=(5, 2),
            answered=frozenset({"talk"}),
            did=frozenset({"did-1"}),
            smaller=frozenset({"smaller-1"}),
            not_for_us=frozenset({"not_for_us-1"}),
        ),
        OTHERS: SILENT,
    }


def test_of_the_other_partner_only_what_both_know_is_known(connection: Connection) -> None:
    everything(connection)
    alone = told(connection, [ANA])[ANA]
    share(connection, 1, 2)
    connection.execute(insert(reveals).values(enrollment_id=1, step="talk", occurrence=1, at=NOW))
    after = told(connection, [ANA, BEN])
    assert after[ANA].revealed == after[BEN].revealed == {"talk"}
    assert after[ANA].joint == after[BEN].joint == 2.5
    own = ("pulses", "answered", "did", "smaller", "not_for_us")
    assert [getattr(after[ANA], name) for name in own] == [getattr(alone, name) for name in own]


def test_nothing_that_the_other_says_and_does_not_share_changes_what_is_known_of_one(connection: Connection) -> None:
    before = told(connection, [ANA])
    share(connection, 1)
    for week, value in enumerate((5, 1, 3), 1):
        rate(connection, BEN, week, value)
    for verdict in Feedback:
        feedback.give(connection, 2, 2, "a1", verdict, NOW)
    connection.execute(
        insert(answers).values(
            enrollment_id=1, partner_id=2, step="talk", occurrence=1, text_cipher=b"x", shared=True, given_at=NOW
        )
    )
    assert told(connection, [ANA]) == before == {ANA: SILENT}


def test_verdicts_hold_in_every_campaign_but_pulses_and_answers_in_their_own(connection: Connection) -> None:
    everything(connection)
    again = {"couple_id": 1, "campaign": "other", "digest": "d", "start": date(2026, 6, 1), "seed": "0"}
    connection.execute(
        insert(s.enrollments).values(id=3, variants={}, draws={}, created_at=NOW, status="active", **again)
    )
    (found,) = told(connection, [(3, 1)]).values()
    assert (found.pulses, found.answered, found.not_for_us) == ((), frozenset(), {"not_for_us-1"})


@pytest.mark.parametrize(("asked", "statements"), [([], 0), ([ANA], 1), ([ANA, BEN, OTHERS], 1)])
def test_however_many_are_asked_about_it_is_one_statement_and_for_nobody_none(
    connection: Connection, asked: list[tuple[int, int]], statements: int
) -> None:
    seen: list[str] = []
    event.listen(connection.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    told(connection, asked)
    assert len(seen) == statements
