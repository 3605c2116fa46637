"""What is to come, in messages, segments and money, before anything is sent."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from sqlalchemy import Connection

from engine.deliver.costs import MICROS, Prices, parts_of
from engine.deliver.definitions import Definitions
from engine.deliver.forecast import Upcoming
from engine.model.campaign import Channel
from engine.render.compose import Composer
from engine.render.recipient import MessageKey, MessageLinks, Person, Recipient
from engine.store.vault import SEALED_PHONE, Vault
from engine.transport.base import SmsMessage

SOMEWHEN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Estimate:
    """One campaign on one channel: how many messages, the parts they are charged for, and their price in MICROS."""

    campaign: str
    channel: str
    messages: int = 0
    segments: int = 0
    micros: int = 0

    def price(self) -> float:
        """In whole units of the currency."""
        return self.micros / MICROS


def estimate(
    connection: Connection,
    definitions: Definitions,
    composer: Composer,
    vault: Vault,
    prices: Prices,
    upcoming: Iterable[Upcoming],
) -> list[Estimate]:
    """What the messages to come will cost, by campaign and channel: each text is written and its segments counted.

    A number is looked at only for its prefix. What cannot be rendered is not counted: it will fail, not be charged.
    """
    found: dict[tuple[str, Channel], Estimate] = {}
    begun: set[tuple[int, Channel]] = set()

    @lru_cache(maxsize=100_000)
    def parts_in(key: MessageKey, name: str, other: str, first: bool, week: int) -> int | None:
        campaign = definitions.get(connection, key.digest).campaign
        (message,) = composer.compose(campaign, key, [_reader(name, other, first, week)])
        return parts_of(message) if isinstance(message, SmsMessage) else None

    @lru_cache(maxsize=10_000)
    def number(cipher: bytes) -> str:
        return vault.open(cipher, SEALED_PHONE)

    for each in upcoming:
        if each.skip is not None:
            continue
        who, definition = each.who, definitions.get(connection, each.who.digest)
        line = found.get((definition.campaign.id, each.channel))
        if line is None:
            line = Estimate(definition.campaign.id, each.channel.value)
            found[definition.campaign.id, each.channel] = line
        parts, micros = 1, prices.email
        if each.channel is not Channel.EMAIL:
            first = (who.partner_id, each.channel) not in begun
            begun.add((who.partner_id, each.channel))
            key = definition.key(each.step, each.variant, each.activity, who.locale, each.channel)
            written = parts_in(key, _as_long(who.given_name), _as_long(who.other_name or ""), first, each.week)
            if written is None:
                continue
            to = number(who.phone_cipher) if who.phone_cipher and prices.by_prefix else ""
            parts, micros = written, prices.of_parts(each.channel, written, to)
        line.messages += 1
        line.segments += parts
        line.micros += micros
    return [found[key] for key in sorted(found)]


@lru_cache(maxsize=10_000)
def _as_long(name: str) -> str:
    """A name that takes as much room in a text: of names in plain letters only the length counts."""
    return "n" * len(name) if name.isascii() and name.isalpha() else name


def _reader(name: str, other: str, first: bool, week: int) -> Recipient:
    return Recipient(
        delivery_id=0,
        address="",
        message_id="<0@localhost>",
        date=SOMEWHEN,
        valid_for=timedelta(hours=1),
        partner=Person(name),
        other_name=other,
        solo=not other,
        first=first,
        week=week,
        links=MessageLinks("https://localhost/u/" + "A" * 32),
    )
