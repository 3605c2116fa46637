"""Couples one at a time: find, list, add, join, pause, and what a partner consented to.

Addresses leave here decrypted only from `find`; every other answer says at most that there is one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, bindparam, func, insert, select, update

from engine.errors import NotFound, Refused
from engine.model.campaign import Channel
from engine.model.couple import Consent, Couple, NewPartner, Partner
from engine.model.notice import NOTICES
from engine.model.strategy import Cause
from engine.store import joining
from engine.store.pausing import OPEN_ENDED
from engine.store.schema import consents, couples, enrollments, partners
from engine.store.sealing import sealed
from engine.store.vault import SEALED_EMAIL, SEALED_PHONE, Vault, address_index

_CONSENT_FLAG = {channel: f"{channel}_consent" for channel in Channel}
_INDEX_COLUMN = {channel: partners.c[f"{channel.address}_index"] for channel in Channel}


@dataclass(frozen=True, slots=True)
class ListedPartner:
    """A partner as a list may show them: whether there is an address, never which."""

    position: int
    given_name: str
    timezone: str
    channel: Channel
    has_email: bool
    has_phone: bool
    paused_until: datetime | None
    left_at: datetime | None


@dataclass(frozen=True, slots=True)
class ListedCouple:
    """A couple as a list may show it. `campaigns` are those it is in now (active or paused), in alphabetical order."""

    id: int
    ref: str
    paused_until: datetime | None
    life_event_at: datetime | None
    campaigns: tuple[str, ...]
    partners: tuple[ListedPartner, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many there are."""

    couples: int
    partners: int


def find(connection: Connection, vault: Vault, ref: str) -> Couple:
    """The couple called `ref`, addresses decrypted. NotFound when there is none."""
    couple_id = id_of(connection, ref)
    found = connection.execute(
        select(partners).where(partners.c.couple_id == couple_id).order_by(partners.c.position)
    ).all()
    return Couple(couple_id, ref, tuple(_partner(vault, row) for row in found))


_id_of = select(couples.c.id).where(couples.c.ref == bindparam("ref"))


def id_of(connection: Connection, ref: str) -> int:
    """The id of the couple called `ref`. NotFound when there is none."""
    couple_id: int | None = connection.execute(_id_of, {"ref": ref}).scalar()
    if couple_id is None:
        raise NotFound(f"There is no couple {ref!r}.", fix="`rekindle couples list` shows every couple.")
    return couple_id


def find_by_address(connection: Connection, vault: Vault, channel: Channel, address: str) -> list[tuple[str, int, int]]:
    """Whose address this is, in normal form: (couple ref, position, partner id) for each; both when they share it."""
    return [
        (ref, position, partner_id)
        for ref, position, partner_id in connection.execute(
            select(couples.c.ref, partners.c.position, partners.c.id)
            .join_from(partners, couples)
            .where(_INDEX_COLUMN[channel] == address_index(vault, channel, address))
            .order_by(partners.c.couple_id, partners.c.position)
        )
    ]


def locale(connection: Connection, partner_id: int) -> str | None:
    """The language of a partner; None when there is no such partner any more."""
    found: str | None = connection.execute(select(partners.c.locale).where(partners.c.id == partner_id)).scalar()
    return found


def count(connection: Connection) -> Counts:
    """How many couples and partners are stored."""
    return Counts(
        connection.execute(select(func.count()).select_from(couples)).scalar_one(),
        connection.execute(select(func.count()).select_from(partners)).scalar_one(),
    )


def list_couples(connection: Connection, after: int = 0, limit: int = 100) -> list[ListedCouple]:
    """A page: the next `limit` couples whose id is above `after`, in order of joining. Nothing is decrypted."""
    return _with_people(connection, _page.where(couples.c.id > after).order_by(couples.c.id).limit(limit))


def list_by_ref(connection: Connection, prefix: str, limit: int = 100) -> list[ListedCouple]:
    """The first `limit` couples whose ref begins so, by ref. Nothing is decrypted."""
    begins = (couples.c.ref >= prefix) & (couples.c.ref < prefix + _LAST)
    return _with_people(connection, _page.where(begins).order_by(couples.c.ref).limit(limit))


_page = select(couples.c.id, couples.c.ref, couples.c.paused_until, couples.c.life_event_at)
_LAST = "\U0010ffff"


def _with_people(connection: Connection, wanted: Select[Any]) -> list[ListedCouple]:
    page = connection.execute(wanted).all()
    ids = [row.id for row in page]
    people: dict[int, list[ListedPartner]] = {}
    for row in connection.execute(select(partners).where(partners.c.couple_id.in_(ids)).order_by(partners.c.position)):
        people.setdefault(row.couple_id, []).append(_listed(row))
    running: dict[int, list[str]] = {}
    for couple_id, campaign in connection.execute(
        select(enrollments.c.couple_id, enrollments.c.campaign)
        .where(
            enrollments.c.couple_id.in_(ids),
            enrollments.c.status.in_(["active", "paused"]),
            enrollments.c.campaign != NOTICES,
        )
        .order_by(enrollments.c.campaign)
    ):
        running.setdefault(couple_id, []).append(campaign)
    return [
        ListedCouple(
            row.id,
            row.ref,
            row.paused_until,
            row.life_event_at,
            tuple(running.get(row.id, ())),
            tuple(people.get(row.id, ())),
        )
        for row in page
    ]


def add(
    connection: Connection, vault: Vault, ref: str, people: Sequence[NewPartner], consent: Consent, now: datetime
) -> int:
    """Store a new couple of one or two people, and their consent; its id.

    Refused when the ref is taken, or another couple has one of the addresses.
    """
    if connection.execute(select(couples.c.id).where(couples.c.ref == ref)).scalar() is not None:
        raise Refused(f"There is a couple {ref!r} already.", fix="Choose another name, or join a partner to it.")
    if len(people) not in (1, 2):
        raise Refused(f"A couple is one or two people, not {len(people)}.", fix="Give one or two partners.")
    _put(connection, vault, ref, [(position, person) for position, person in enumerate(people, 1)], consent, now)
    return id_of(connection, ref)


def join(
    connection: Connection, vault: Vault, ref: str, person: NewPartner, consent: Consent, now: datetime
) -> Partner:
    """Store the second partner of the couple called `ref`, and their consent.

    NotFound when there is no such couple; Refused when it has two partners, or another couple has the address.
    """
    taken = {partner.position for partner in find(connection, vault, ref).partners}
    free = {1, 2} - taken
    if not free:
        raise Refused(f"Couple {ref!r} already has two partners.", fix="Check the couple's name.")
    seat = min(free)
    _put(connection, vault, ref, [(seat, person)], consent, now)
    return next(partner for partner in find(connection, vault, ref).partners if partner.position == seat)


def pause(connection: Connection, couple_id: int, until: datetime | None, position: int | None = None) -> None:
    """Send nothing before `until` (None: until resumed) to the couple, or to the one partner at `position`.

    NotFound when there is no such couple or partner.
    """
    _set_pause(connection, couple_id, until or OPEN_ENDED, position)


def resume(connection: Connection, couple_id: int, position: int | None = None) -> None:
    """End the pause of the couple, or of the one partner at `position`; the other kind of pause stays as it is."""
    _set_pause(connection, couple_id, None, position)


def record_consent(
    connection: Connection, partner_id: int, channel: Channel, given: bool, consent: Consent, at: datetime
) -> None:
    """Append what a partner said of a channel, and set the flag that the gate reads. NotFound: no such partner."""
    changed = connection.execute(
        update(partners).where(partners.c.id == partner_id).values({_CONSENT_FLAG[channel]: given})
    ).rowcount
    if not changed:
        raise NotFound(f"There is no partner {partner_id}.", fix="`rekindle couples show` names a couple's partners.")
    connection.execute(
        insert(consents).values(
            partner_id=partner_id, channel=channel.value, given=given, words=consent.words, source=consent.source, at=at
        )
    )


def _put(
    connection: Connection,
    vault: Vault,
    ref: str,
    seated: Sequence[tuple[int, NewPartner]],
    consent: Consent,
    now: datetime,
) -> None:
    arrivals = [joining.Arrival(ref, person, sealed(vault, person), position) for position, person in seated]
    emails = [each.addresses.email_index for each in arrivals if each.addresses.email_index]
    phones = [each.addresses.phone_index for each in arrivals if each.addresses.phone_index]
    elsewhere = set(joining.owners(connection, emails, phones).values()) - {ref}
    if elsewhere:
        raise Refused(
            f"An address of couple {ref!r} is already used by couple {min(elsewhere)!r}.",
            fix="A person is in one couple: check the address, or stop and erase the other couple first.",
        )
    joining.put_in(connection, arrivals, consent, now)


def _set_pause(connection: Connection, couple_id: int, until: datetime | None, position: int | None) -> None:
    table: Table = couples if position is None else partners
    which = (
        couples.c.id == couple_id
        if position is None
        else (partners.c.couple_id == couple_id) & (partners.c.position == position)
    )
    if not connection.execute(update(table).where(which).values(paused_until=until)).rowcount:
        who = "such couple" if position is None else f"partner {position} in that couple"
        raise NotFound(f"There is no {who}.", fix="`rekindle couples list` shows every couple.")


def _partner(vault: Vault, row: Row[Any]) -> Partner:
    return Partner(
        id=row.id,
        couple_id=row.couple_id,
        position=row.position,
        given_name=row.given_name,
        email=None if row.email_cipher is None else vault.open(row.email_cipher, SEALED_EMAIL),
        phone=None if row.phone_cipher is None else vault.open(row.phone_cipher, SEALED_PHONE),
        timezone=row.timezone,
        locale=row.locale,
        channel=Channel(row.channel),
        send_at=row.send_at,
        causes=frozenset(Cause(cause) for cause in row.causes),
        touch=row.touch,
        days=row.reach_days or frozenset(),
        hours=(row.reach_from, row.reach_until),
        paused_until=row.paused_until,
        left_at=row.left_at,
    )


def _listed(row: Row[Any]) -> ListedPartner:
    return ListedPartner(
        row.position,
        row.given_name,
        row.timezone,
        Channel(row.channel),
        row.email_index is not None,
        row.phone_index is not None,
        row.paused_until,
        row.left_at,
    )
