"""Couples copied into a database that lives no longer than a look at them: all that steers their messages, no address.

Each address becomes a made-up one, the same where two people share one. What was suppressed stays so.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select

from engine.model.campaign import Channel
from engine.store.couples import id_of
from engine.store.schema import couples, partners, suppressions
from engine.store.vault import SEALED_EMAIL, SEALED_PHONE, Vault, address_index

_PURPOSES = {Channel.EMAIL: SEALED_EMAIL, Channel.SMS: SEALED_PHONE}


def copy_couples(
    source: Connection,
    target: Connection,
    vault: Vault,
    refs: Sequence[str],
    made_up: Callable[[Channel, bytes], str],
    locale: str | None = None,
) -> list[int]:
    """Copy the couples called `refs`, ids and all; their ids. NotFound names the first that does not exist.

    `made_up(channel, sealed)` gives what takes an address's place; it is sealed with `vault`, the target's own. They
    all read `locale` where one is named.
    """
    ids = [id_of(source, ref) for ref in dict.fromkeys(refs)]
    target.execute(insert(couples), _rows(source, select(couples).where(couples.c.id.in_(ids)).order_by(couples.c.id)))
    known: dict[bytes, tuple[Channel, str]] = {}
    people = _rows(source, select(partners).where(partners.c.couple_id.in_(ids)).order_by(partners.c.id))
    for person in people:
        person["locale"] = locale or person["locale"]
        for channel, purpose in _PURPOSES.items():
            cipher, index = f"{channel.address}_cipher", f"{channel.address}_index"
            if person[index] is None or person[cipher] is None:
                continue
            if person[index] not in known:
                known[person[index]] = channel, made_up(channel, person[cipher])
            _, address = known[person[index]]
            person[cipher] = vault.seal(address, purpose)
            person[index] = address_index(vault, channel, address)
    target.execute(insert(partners), people)
    for held in _rows(source, select(suppressions).where(suppressions.c.address_index.in_(list(known)))):
        channel, address = known[held["address_index"]]
        target.execute(insert(suppressions), [{**held, "address_index": address_index(vault, channel, address)}])
    return ids


def _rows(connection: Connection, statement: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(statement).mappings()]
