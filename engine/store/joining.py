"""Statements for people who join, many at a time: who is here already, whose address is it, put these in.

Each takes a whole batch in a handful of statements, so that a million rows cost what their bytes cost.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, time
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Dialect,
    Integer,
    Select,
    String,
    Text,
    bindparam,
    exists,
    insert,
    literal,
    literal_column,
    select,
    union_all,
)

from engine.model.campaign import Channel
from engine.model.couple import Consent, NewPartner
from engine.store.portable import among, put_rows
from engine.store.rowset import rows, rowset
from engine.store.schema import consents, couples, partners
from engine.store.sealing import SealedAddresses
from engine.store.types import Instant

IN_LIMIT = 10_000  # values in one IN list; SQLite takes 32,766


class Person(NamedTuple):
    """Someone already in a couple, as far as telling people apart needs: addresses are hashes."""

    position: int
    given_name: str
    email_index: bytes | None
    phone_index: bytes | None
    timezone: str
    locale: str
    channel: str
    send_at: time
    causes: frozenset[str]


class Arrival(NamedTuple):
    """A person about to be stored in the couple called `ref`, which need not exist yet, at `position` 1 or 2."""

    ref: str
    partner: NewPartner
    addresses: SealedAddresses
    position: int


_REFS = rowset("refs", ref=String)
_PEOPLE = (
    select(
        couples.c.ref,
        partners.c.position,
        partners.c.given_name,
        partners.c.email_index,
        partners.c.phone_index,
        partners.c.timezone,
        partners.c.locale,
        partners.c.channel,
        partners.c.send_at,
        partners.c.causes,
    )
    .join_from(_REFS, couples, couples.c.ref == _REFS.c.ref)
    .join(partners, partners.c.couple_id == couples.c.id)
    .order_by(couples.c.id, partners.c.position)
)
_COUPLE_IDS = select(couples.c.ref, couples.c.id).join_from(_REFS, couples, couples.c.ref == _REFS.c.ref)
_NEW_COUPLES = insert(couples).from_select(
    ["ref", "created_at"],
    select(_REFS.c.ref, bindparam("now", type_=Instant)).where(~exists().where(couples.c.ref == _REFS.c.ref)),
)
_SEATS = rowset("seats", couple_id=Integer, position=Integer)


def people(connection: Connection, refs: Iterable[str]) -> dict[str, list[Person]]:
    """Who is in each of these couples, first partner first; a couple that does not exist is not in the answer."""
    found: dict[str, list[Person]] = {}
    for ref, *rest in connection.execute(_PEOPLE, {"refs": rows([ref] for ref in refs)}).all():
        found.setdefault(ref, []).append(Person(*rest))
    return found


def owners(connection: Connection, email_indexes: Iterable[bytes], phone_indexes: Iterable[bytes]) -> dict[bytes, str]:
    """The ref of the couple that has each of these addresses; one that nobody has is not in the answer."""
    return {
        index: ref
        for column, wanted in ((partners.c.email_index, email_indexes), (partners.c.phone_index, phone_indexes))
        for some in _in_parts(wanted)
        for index, ref in connection.execute(_owners_by(column, connection.dialect), {"some": some}).all()
    }


def put_in(connection: Connection, arrivals: Sequence[Arrival], consent: Consent, now: datetime) -> int:
    """Store these people, their couples where new, and their consent on each channel they gave an address for
    (WhatsApp: only who prefers it).

    Returns how many couples were new. The caller has seen to it that every seat is free.
    """
    if not arrivals:
        return 0
    refs = rows([ref] for ref in dict.fromkeys(arrival.ref for arrival in arrivals))
    added = connection.execute(_NEW_COUPLES, {"refs": refs, "now": now}).rowcount
    ids = {row.ref: row.id for row in connection.execute(_COUPLE_IDS, {"refs": refs})}
    put_rows(connection, partners, _ROW_COLUMNS, [_row(arrival, ids[arrival.ref]) for arrival in arrivals])
    seats = rows((ids[arrival.ref], arrival.position) for arrival in arrivals)
    given = {"seats": seats, "words": consent.words, "source": consent.source, "now": now}
    connection.execute(_CONSENTED, given)
    return added


_ROW_COLUMNS = [
    "couple_id",
    "position",
    "given_name",
    "email_cipher",
    "email_index",
    "phone_cipher",
    "phone_index",
    "timezone",
    "locale",
    "channel",
    "send_at",
    "causes",
    "email_consent",
    "sms_consent",
    "whatsapp_consent",
]


def _row(arrival: Arrival, couple_id: int) -> tuple[object, ...]:
    """The values of _ROW_COLUMNS, as the driver takes them."""
    partner, addresses = arrival.partner, arrival.addresses
    return (
        couple_id,
        arrival.position,
        partner.given_name,
        addresses.email_cipher,
        addresses.email_index,
        addresses.phone_cipher,
        addresses.phone_index,
        partner.timezone,
        partner.locale,
        partner.channel._value_,
        partner.send_at.isoformat("minutes"),
        ",".join(sorted(partner.causes)),
        partner.email is not None,
        partner.phone is not None,
        partner.channel is Channel.WHATSAPP,
    )


_SEATED = (
    select(partners.c.id, *(partners.c[f"{each}_consent"] for each in Channel))
    .join_from(
        _SEATS,
        partners,
        (partners.c.couple_id == _SEATS.c.couple_id) & (partners.c.position == _SEATS.c.position),
    )
    .cte("seated")
)


def _consented_on(channel: Channel) -> Select[Any]:
    return select(
        _SEATED.c.id,
        literal_column(f"'{channel.value}'", String),
        literal(True, Boolean),
        bindparam("words", type_=Text),
        bindparam("source", type_=Text),
        bindparam("now", type_=Instant),
    ).where(_SEATED.c[f"{channel}_consent"])


_CONSENTED = insert(consents).from_select(
    ["partner_id", "channel", "given", "words", "source", "at"],
    union_all(*(_consented_on(channel) for channel in Channel)),
)


def _owners_by(column: Column[bytes], dialect: Dialect) -> Select[bytes, str]:
    return select(column, couples.c.ref).join_from(partners, couples).where(among(dialect, column, "some"))


def _in_parts(values: Iterable[bytes]) -> Iterator[Sequence[bytes]]:
    remaining = iter(values)
    while some := list(islice(remaining, IN_LIMIT)):
        yield some
