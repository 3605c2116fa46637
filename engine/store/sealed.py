"""Every column that holds something sealed, and what it is sealed for: what opens with which key, and what does not."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, String, func, literal_column, select, true

from engine.errors import StoreError
from engine.model.campaign import Channel
from engine.store.answers import SEALED_ANSWER
from engine.store.couples_schema import answers, confirmations
from engine.store.intake import SEALED_CALL
from engine.store.keeping_schema import leftovers
from engine.store.leftovers import SEALED_LEFTOVER
from engine.store.replies import SEALED_TEXT
from engine.store.schema import deliveries, intake, partners, replies
from engine.store.vault import SEALED_EMAIL, SEALED_PHONE, Vault, key_of

PAGE = 500


def _address(channel: str | None) -> str:
    return SEALED_EMAIL if channel == Channel.EMAIL else SEALED_PHONE


@dataclass(frozen=True, slots=True)
class Sealed:
    """One column; `purpose` of a row's channel, where the table has one."""

    column: Column[Any]
    purpose: Callable[[str | None], str]

    def __str__(self) -> str:
        return f"{self.column.table.name}.{self.column.name}"

    def page(
        self,
        connection: Connection,
        after: int,
        limit: int,
        only: ColumnElement[bool] = true(),  # noqa: B008 - a constant
        *,
        newest: bool = False,
    ) -> list[Row[Any]]:
        """Rows that have something sealed: id, cipher, channel. In order of their ids, or the newest of them."""
        table = self.column.table
        channel = table.c.channel if "channel" in table.c else literal_column("NULL", String)
        found = select(table.c.id, self.column.label("cipher"), channel.label("channel"))
        found = found.where(self.column.is_not(None), table.c.id > after, only).limit(limit)
        return [*connection.execute(found.order_by(table.c.id.desc() if newest else table.c.id))]


COLUMNS = (
    Sealed(partners.c.email_cipher, lambda _: SEALED_EMAIL),
    Sealed(partners.c.phone_cipher, lambda _: SEALED_PHONE),
    Sealed(confirmations.c.address_cipher, _address),
    Sealed(deliveries.c.to_cipher, _address),
    Sealed(answers.c.draft_cipher, lambda _: SEALED_ANSWER),
    Sealed(answers.c.text_cipher, lambda _: SEALED_ANSWER),
    Sealed(replies.c.text_cipher, lambda _: SEALED_TEXT),
    Sealed(intake.c.cipher, lambda _: SEALED_CALL),
    Sealed(leftovers.c.cipher, lambda _: SEALED_LEFTOVER),
)
"""A test finds every binary column of the schema that is not among them and should be."""


def faults_of(connection: Connection, vault: Vault, newest: int | None) -> Iterator[str]:
    """What does not open with these keys, by column: of all, or of the `newest` of each."""
    for each in COLUMNS:
        bad, first, after = 0, None, 0
        while page := each.page(connection, after, PAGE if newest is None else newest, newest=newest is not None):
            for row in page:
                try:
                    vault.open_bytes(bytes(row.cipher), each.purpose(row.channel))
                except StoreError:
                    bad, first = bad + 1, first or row.id
            if newest is not None:
                break
            after = page[-1].id
        if bad:
            yield f"{bad} values of {each} do not open with these keys, such as row {first}"


def by_key(connection: Connection) -> Mapping[str, int]:
    """How many values each key has sealed; reads the beginning of every one. "?" for what is no sealed value."""
    found: Counter[str] = Counter()
    for each in COLUMNS:
        begins = func.substr(each.column, 1, 2)  # the header: version, and the length of the key's id that follows
        lengths = connection.execute(select(begins).where(each.column.is_not(None)).distinct()).scalars().all()
        for begin in map(bytes, lengths):
            header = func.substr(each.column, 1, 2 + begin[1])
            counted = select(header.label("header"), func.count()).where(begins == begin).group_by("header")
            for said, number in connection.execute(counted):
                found[key_of(bytes(said)) or "?"] += number
    return found
