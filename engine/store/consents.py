"""Consents: what a partner agreed to or took back, append-only, and the flags on their row that say what holds now."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from engine.errors import NotFound
from engine.model.campaign import Channel
from engine.model.reply import ConsentPurpose
from engine.model.signup import Ticked
from engine.store.schema import consents, partners

_FLAGS = {
    ConsentPurpose.ANSWERS: "answers_consent",
    ConsentPurpose.PULSE: "share_pulse",
    ConsentPurpose.TOUCH: "touch",
}


def flag(purpose: ConsentPurpose, channel: Channel) -> str:
    """The column of partners that says whether this consent holds."""
    return f"{channel.value}_consent" if purpose is ConsentPurpose.MESSAGES else _FLAGS[purpose]


def note(
    connection: Connection,
    partner_id: int,
    channel: Channel,
    ticked: Iterable[Ticked],
    source: str,
    at: datetime,
    *,
    given: bool = True,
) -> None:
    """Append consents without making them hold: they wait until the address they came with is confirmed."""
    rows = [
        {
            "partner_id": partner_id,
            "channel": channel.value,
            "given": given,
            "words": each.words,
            "source": source,
            "at": at,
            "purpose": each.purpose.value,
            "version": each.version,
        }
        for each in ticked
    ]
    if rows:
        connection.execute(insert(consents), rows)


def record(
    connection: Connection,
    partner_id: int,
    channel: Channel,
    ticked: Iterable[Ticked],
    source: str,
    at: datetime,
    *,
    given: bool,
) -> None:
    """Append consents, given or taken back, and make them hold. NotFound when there is no such partner."""
    each = tuple(ticked)
    note(connection, partner_id, channel, each, source, at, given=given)
    hold(connection, partner_id, {flag(one.purpose, channel): given for one in each})


def hold(connection: Connection, partner_id: int, flags: dict[str, bool]) -> None:
    """Set the flags that planning and pages read. NotFound when there is no such partner."""
    changed = update(partners).where(partners.c.id == partner_id)
    if flags and not connection.execute(changed.values(**flags)).rowcount:
        raise NotFound(f"There is no partner {partner_id}.", fix="`rekindle couples show` names a couple's partners.")


def latest(connection: Connection, partner_id: int) -> dict[str, bool]:
    """What the partner said last of each thing, by the flag that it sets."""
    said = connection.execute(
        select(consents.c.purpose, consents.c.channel, consents.c.given)
        .where(consents.c.partner_id == partner_id)
        .order_by(consents.c.id)
    ).all()
    return {flag(ConsentPurpose(purpose), Channel(channel)): given for purpose, channel, given in said}


_all_of = select(consents).where(consents.c.partner_id == bindparam("partner_id")).order_by(consents.c.id)


def all_of(connection: Connection, partner_id: int) -> list[Row[Any]]:
    """Everything the partner agreed to or took back, oldest first."""
    return list(connection.execute(_all_of, {"partner_id": partner_id}).all())
