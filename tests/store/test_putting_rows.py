"""Thousands of people go in at once as they are, into either store."""

from datetime import time

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from world import World, at

from engine.model.campaign import Channel
from engine.model.couple import Consent, NewPartner
from engine.store import couples, joining
from engine.store.schema import consents, partners
from engine.store.sealing import sealed
from engine.store.vault import SEALED_EMAIL

NOW = at("2026-03-01T12:00")
CONSENT = Consent("Signed up.", "fair.csv")
NAMES = ("Dóra", "tab\tand\nline", "back\\slash \\N", "%s 'quoted\" {curly}", "\\.")


def arrival(world: World, number: int, name: str) -> joining.Arrival:
    partner = NewPartner(name, f"p{number}@example.com", None, "Europe/Lisbon", "en", Channel.EMAIL, send_at=time(19))
    return joining.Arrival(f"r{number}", partner, sealed(world.engine.vault, partner), 1)


def test_whatever_is_in_a_name_or_a_sealed_address_is_stored_as_it_is() -> None:
    """Each name and address is read back as it was given, whatever characters it is made of."""
    world = World()
    arrivals = [arrival(world, number, name) for number, name in enumerate(NAMES)]
    with world.database.begin() as connection:
        added = joining.put_in(connection, arrivals, CONSENT, NOW)
    with world.database.read() as connection:
        listed = {each.ref: each.partners[0].given_name for each in couples.list_couples(connection, limit=99)}
        sealed = {row.given_name: row.email_cipher for row in connection.execute(select(partners))}
    assert added == len(NAMES)
    assert {ref: listed[ref] for ref in (each.ref for each in arrivals)} == {
        each.ref: each.partner.given_name for each in arrivals
    }
    for number, name in enumerate(NAMES):
        assert world.engine.vault.open(sealed[name], SEALED_EMAIL) == f"p{number}@example.com"


def test_consent_is_stored_for_each_channel_that_somebody_has_an_address_on() -> None:
    """Email and texts by what they gave; WhatsApp only where it is what they prefer; each with its words and source."""
    world = World()
    given = {
        "mail": ("a@example.com", None, Channel.EMAIL),
        "phone": (None, "+12025550101", Channel.SMS),
        "both": ("b@example.com", "+12025550102", Channel.EMAIL),
        "whatsapp": ("c@example.com", "+12025550103", Channel.WHATSAPP),
    }
    arrivals = []
    for ref, (email, phone, channel) in given.items():
        partner = NewPartner(ref, email, phone, "UTC", "en", channel, send_at=time(19))
        arrivals.append(joining.Arrival(ref, partner, sealed(world.engine.vault, partner), 1))
    with world.database.begin() as connection:
        joining.put_in(connection, arrivals, CONSENT, NOW)
    names = {row.id: row.given_name for row in world.rows(partners)}
    stored = world.rows(consents)
    assert sorted((names[row.partner_id], row.channel) for row in stored) == [
        ("both", "email"), ("both", "sms"), ("mail", "email"), ("phone", "sms"),
        ("whatsapp", "email"), ("whatsapp", "sms"), ("whatsapp", "whatsapp"),
    ]  # fmt: skip
    assert {(row.given, row.words, row.source, row.at) for row in stored} == {
        (True, CONSENT.words, CONSENT.source, NOW)
    }


def test_the_couple_that_has_an_address_is_found_among_many() -> None:
    """Of a whole batch of addresses only those that somebody has are answered, each with its couple."""
    world = World()
    arrivals = [arrival(world, number, "Ana") for number in range(3)]
    with world.database.begin() as connection:
        joining.put_in(connection, arrivals[:2], CONSENT, NOW)
        indexes = [each.addresses.email_index for each in arrivals if each.addresses.email_index]
        assert joining.owners(connection, indexes, []) == {indexes[0]: "r0", indexes[1]: "r1"}
        assert joining.owners(connection, [], []) == {}


def test_a_seat_that_is_taken_undoes_the_whole_batch() -> None:
    """A person for a seat that somebody has is refused, as one row would be, and nobody of the batch stays."""
    world = World()
    arrivals = [arrival(world, 1, "Ana"), arrival(world, 2, "Ben"), arrival(world, 2, "Cy")]
    with pytest.raises(IntegrityError), world.database.begin() as connection:
        joining.put_in(connection, arrivals, CONSENT, NOW)
    with world.database.read() as connection:
        assert couples.list_couples(connection, limit=99) == []
