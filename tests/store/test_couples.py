"""Couples in the store: addresses sealed, pauses apart, consent append-only, suppressions once."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select
from world import opened

from engine.errors import NotFound, Refused
from engine.model.campaign import Channel
from engine.model.couple import Consent, NewPartner
from engine.model.strategy import Cause
from engine.store import couples, suppressions
from engine.store.schema import consents, partners
from engine.store.vault import Vault

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONSENT = Consent("I agree to weekly messages.", "spring fair")
VAULT = Vault({"k1": b"k" * 32}, "k1", b"l" * 32)


def person(name: str = "Ana", **given: Any) -> NewPartner:
    """Someone with an email address, unless told otherwise."""
    values = {"email": f"{name.lower()}@example.com", "phone": None, "timezone": "Europe/Lisbon", "locale": "en"}
    return NewPartner(given_name=name, **{"channel": Channel.EMAIL, **values, **given})


@pytest.fixture
def connection() -> Iterator[Connection]:
    database = opened(None)
    with database.begin() as connection:
        yield connection
    database.close()


def add(connection: Connection, ref: str, *people: NewPartner) -> int:
    return couples.add(connection, VAULT, ref, people, CONSENT, NOW)


def test_a_couple_is_found_as_it_was_added(connection: Connection) -> None:
    ana = person(send_at=time(9, 30), causes=frozenset({Cause.SELF_ESTEEM, Cause.LIMITED_AFFECTION}))
    ben = person("Ben", email=None, phone="+12025550123", channel=Channel.SMS, timezone="Asia/Kolkata")
    couple_id = add(connection, "c-1", ana, ben)
    found = couples.find(connection, VAULT, "c-1")
    assert found.id == couple_id
    assert [partner.position for partner in found.partners] == [1, 2]
    for stored, given in zip(found.partners, (ana, ben), strict=True):
        names = ("given_name", "email", "phone", "timezone", "locale", "channel", "send_at", "causes")
        assert [getattr(stored, name) for name in names] == [getattr(given, name) for name in names]


def test_no_address_is_stored_in_the_clear(connection: Connection) -> None:
    add(connection, "c-1", person(phone="+12025550123"))
    row = connection.execute(select(partners)).one()
    stored = b"".join(value for value in row if isinstance(value, bytes))
    assert b"example" not in stored
    assert b"2025550123" not in stored
    assert stored


@pytest.mark.parametrize("count", [0, 3])
def test_a_couple_is_one_or_two_people(connection: Connection, count: int) -> None:
    with pytest.raises(Refused):
        add(connection, "c-1", *(person(name) for name in ("Ana", "Ben", "Cat")[:count]))


def test_a_name_is_taken_once(connection: Connection) -> None:
    add(connection, "c-1", person())
    with pytest.raises(Refused, match="'c-1' already"):
        add(connection, "c-1", person("Ben"))


def test_an_address_of_another_couple_is_refused_without_saying_it(connection: Connection) -> None:
    add(connection, "c-1", person())
    with pytest.raises(Refused, match="already used by couple 'c-1'") as refused:
        add(connection, "c-2", person(email="ANA@example.com"))
    assert "example.com" not in str(refused.value).lower()
    with pytest.raises(NotFound):
        couples.find(connection, VAULT, "c-2")


def test_the_second_partner_joins_later_and_may_share_the_phone(connection: Connection) -> None:
    add(connection, "c-1", person(phone="+12025550123"))
    ben = couples.join(connection, VAULT, "c-1", person("Ben", phone="+12025550123"), CONSENT, NOW)
    assert (ben.position, ben.given_name) == (2, "Ben")
    with pytest.raises(Refused, match="already has two"):
        couples.join(connection, VAULT, "c-1", person("Cat"), CONSENT, NOW)
    found = couples.find_by_address(connection, VAULT, Channel.SMS, "+12025550123")
    assert [(ref, position) for ref, position, _ in found] == [("c-1", 1), ("c-1", 2)]


@pytest.mark.parametrize("act", [lambda c: couples.find(c, VAULT, "c-9"), lambda c: couples.pause(c, 9, None)])
def test_what_is_not_there_is_not_found(connection: Connection, act: Any) -> None:
    with pytest.raises(NotFound) as missing:
        act(connection)
    assert missing.value.fix


def test_pages_hold_every_couple_once_in_order(connection: Connection) -> None:
    for number in range(7):
        add(connection, f"c-{number}", person(f"Ana{number}"))
    seen: list[str] = []
    after = 0
    while page := couples.list_couples(connection, after, limit=3):
        seen += [couple.ref for couple in page]
        after = page[-1].id
    assert seen == [f"c-{number}" for number in range(7)]
    assert couples.count(connection) == couples.Counts(7, 7)


def test_a_list_says_that_there_is_an_address_and_never_which(connection: Connection) -> None:
    add(connection, "c-1", person())
    listed = couples.list_couples(connection)[0]
    assert (listed.partners[0].has_email, listed.partners[0].has_phone) == (True, False)
    assert "example.com" not in repr(listed)


def test_one_partners_pause_is_not_the_couples(connection: Connection) -> None:
    couple_id = add(connection, "c-1", person(), person("Ben"))
    until = NOW + timedelta(days=3)
    couples.pause(connection, couple_id, until, position=2)
    listed = couples.list_couples(connection)[0]
    assert (listed.paused_until, [p.paused_until for p in listed.partners]) == (None, [None, until])
    couples.pause(connection, couple_id, None)
    couples.resume(connection, couple_id, position=2)
    listed = couples.list_couples(connection)[0]
    assert (listed.paused_until, [p.paused_until for p in listed.partners]) == (couples.OPEN_ENDED, [None, None])


def test_joining_records_consent_for_each_channel_with_an_address(connection: Connection) -> None:
    add(connection, "c-1", person(phone="+12025550123"), person("Ben"))
    kept = connection.execute(select(consents.c.partner_id, consents.c.channel, consents.c.given, consents.c.words))
    assert sorted(map(tuple, kept)) == [
        (1, "email", True, CONSENT.words),
        (1, "sms", True, CONSENT.words),
        (2, "email", True, CONSENT.words),
    ]
    flags = connection.execute(select(partners.c.email_consent, partners.c.sms_consent).order_by(partners.c.id)).all()
    assert [tuple(each) for each in flags] == [(True, True), (True, False)]


def test_withdrawn_consent_is_appended_and_the_gate_sees_it(connection: Connection) -> None:
    add(connection, "c-1", person())
    couples.record_consent(connection, 1, Channel.EMAIL, False, Consent("STOP", "reply"), NOW + timedelta(days=1))
    kept = connection.execute(select(consents.c.given, consents.c.at).order_by(consents.c.id)).all()
    assert [tuple(each) for each in kept] == [(True, NOW), (False, NOW + timedelta(days=1))]
    assert connection.execute(select(partners.c.email_consent)).scalar_one() is False
    with pytest.raises(NotFound):
        couples.record_consent(connection, 99, Channel.EMAIL, False, CONSENT, NOW)


def test_suppressing_twice_keeps_the_first_reason_and_removing_twice_is_harmless(connection: Connection) -> None:
    def add_once(reason: str) -> bool:
        return suppressions.add(connection, VAULT, Channel.EMAIL, "Ana@example.com", reason, "test", NOW)

    assert [add_once("bounced"), add_once("complained")] == [True, False]
    assert suppressions.is_suppressed(connection, VAULT, Channel.EMAIL, "ana@example.com")
    assert [each.reason for each in suppressions.list_suppressions(connection)] == ["bounced"]
    removed = [suppressions.remove(connection, VAULT, Channel.EMAIL, "ana@example.com") for _ in range(2)]
    assert removed == [True, False]
    assert not suppressions.is_suppressed(connection, VAULT, Channel.EMAIL, "ana@example.com")


@pytest.mark.parametrize(
    ("before", "after"),
    [("stop", "operator"), ("unsubscribed", "operator"), ("soft_bounces", "operator"), ("invalid", "invalid")],
)
def test_what_the_operator_suppresses_only_the_operator_frees(connection: Connection, before: str, after: str) -> None:
    for reason in (before, "operator"):
        suppressions.add(connection, VAULT, Channel.EMAIL, "Ana@example.com", reason, "test", NOW)
    assert [each.reason for each in suppressions.list_suppressions(connection)] == [after]


def test_suppressions_page_through_equal_instants(connection: Connection) -> None:
    for number in range(5):
        suppressions.add(connection, VAULT, Channel.SMS, f"+1202555010{number}", "stop", "reply", NOW)
    seen: list[bytes] = []
    after = None
    while page := suppressions.list_suppressions(connection, after, limit=2):
        seen += [each.address_index for each in page]
        after = (page[-1].at, page[-1].address_index)
    assert len(seen) == len(set(seen)) == 5
