"""From claimed rows to messages: opens addresses, groups what is rendered alike, and sets the poisoned ones apart."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from operator import attrgetter
from typing import NamedTuple

from engine.clock import UnknownZone
from engine.deliver.definitions import Definition
from engine.errors import RekindleError
from engine.model.campaign import Campaign, Channel, Step, Urgency
from engine.model.notice import Notice
from engine.plan.window import Window, closes_at, narrowed
from engine.render.compose import Composer
from engine.render.links import Links, Purpose, message_id
from engine.render.recipient import MessageKey, MessageLinks, Person, Recipient
from engine.store.facts import Facts
from engine.store.vault import SEALED_EMAIL, SEALED_PHONE, Vault
from engine.transport.base import Message


class Letter(NamedTuple):
    """A rendered message and what the protocol needs to know about its delivery."""

    id: int
    fence: int
    attempts: int
    partner_id: int
    campaign: Campaign
    step: Step
    channel: Channel
    due_at: datetime
    expires_at: datetime
    address_index: bytes | None
    written_at: datetime
    message: Message


Poisoned = tuple[int, int, str]  # (delivery id, fence, why)

_ACTS: Mapping[str, tuple[str, Purpose]] = {
    Notice.CONFIRM: ("c", Purpose.CONFIRM),
    Notice.INVITE: ("i", Purpose.INVITE),
}
_OWN = ("a", Purpose.MESSAGE)
"""Where a notice leads: to its page, with a pass for what it is about. Most are about one of the reader's messages."""

_likeness = attrgetter("digest", "step", "variant", "activity", "locale", "channel")
"""Rows of which these are equal have one MessageKey."""


class Letters:
    """Writes messages for claimed deliveries."""

    def __init__(self, vault: Vault, composer: Composer, links: Links, domain: str) -> None:
        self._vault = vault
        self._composer = composer
        self._links = links
        self._domain = domain

    def write(
        self, rows: Sequence[Facts], definitions: Mapping[str, Definition], now: datetime
    ) -> tuple[list[Letter], list[Poisoned]]:
        """A letter for each row that can be rendered, in row order; the others with what is wrong, never whose."""
        alike: dict[object, list[tuple[int, Facts]]] = defaultdict(list)
        for place, row in enumerate(rows):
            alike[_likeness(row)].append((place, row))
        written: list[tuple[int, Letter]] = []
        poisoned: list[Poisoned] = []
        for group in alike.values():
            self._write_group(group, definitions[group[0][1].digest], now, written, poisoned)
        written.sort(key=lambda pair: pair[0])
        return [letter for _, letter in written], poisoned

    def _write_group(
        self,
        group: Sequence[tuple[int, Facts]],
        definition: Definition,
        now: datetime,
        written: list[tuple[int, Letter]],
        poisoned: list[Poisoned],
    ) -> None:
        """As `_write_alike`; where that fails in a way of its own, in halves, so that one message fails and not all."""
        before = len(written), len(poisoned)
        try:
            self._write_alike(group, definition, now, written, poisoned)
        except Exception as error:
            del written[before[0] :], poisoned[before[1] :]
            if len(group) == 1:
                row = group[0][1]
                poisoned.append((row.id, row.fence, f"Writing it fails with {type(error).__name__}."))
                return
            half = len(group) // 2
            for some in (group[:half], group[half:]):
                self._write_group(some, definition, now, written, poisoned)

    def _write_alike(
        self,
        group: Sequence[tuple[int, Facts]],
        definition: Definition,
        now: datetime,
        written: list[tuple[int, Letter]],
        poisoned: list[Poisoned],
    ) -> None:
        """Write to recipients of the same step, activity, language and channel."""
        key, step = _key(group[0][1], definition)
        # By what there are few of: a window would take longer to look up than to work out.
        closing = cache(lambda timezone, *own: _closing(now, timezone, narrowed(definition.campaign.window, *own)))
        readable: list[tuple[int, Facts]] = []
        recipients: list[Recipient] = []
        for place, row in group:
            closes = closing(row.timezone, row.reach_days, row.reach_from, row.reach_until)
            until = row.expires_at if step.urgency is Urgency.ASKED else min(closes, row.expires_at)
            try:
                recipients.append(self._recipient(row, step, key.channel, max(until - now, timedelta(0)), now))
                readable.append((place, row))
            except RekindleError as error:
                poisoned.append((row.id, row.fence, str(error)))
        messages = self._composer.compose(definition.campaign, key, recipients)
        for (place, row), message in zip(readable, messages, strict=True):
            if isinstance(message, RekindleError):
                poisoned.append((row.id, row.fence, str(message)))
            else:
                written.append((place, _letter(row, definition.campaign, step, key.channel, now, message)))

    def _links_of(self, row: Facts, step: Step, channel: Channel, today: date) -> MessageLinks:
        links, epoch = self._links, row.epoch
        preferences = links.at("p", links.sign(Purpose.PREFERENCES, row.partner_id, epoch, today))
        if row.to_index is not None:
            # Whoever reads it is not the partner, or not yet: they can decline and do what it asks, and nothing else.
            return MessageLinks(
                links.at("d", links.sign(Purpose.DECLINE, row.id, epoch, today)),
                act=self._act(row, *_ACTS[step.key], today) if step.key in _ACTS else "",
            )
        if step.urgency is not Urgency.PLANNED:
            act = self._act(row, *_OWN, today) if row.about else preferences
            return MessageLinks(links.unsubscribe(row.partner_id, channel), preferences, act=act)
        message = links.sign(Purpose.MESSAGE, row.id, epoch, today)
        return MessageLinks(
            links.unsubscribe(row.partner_id, channel),
            preferences,
            links.at("a", message),
            links.at("n", message),
            links.at("pulse", message),
        )

    def _act(self, row: Facts, page: str, purpose: Purpose, today: date) -> str:
        return self._links.at(page, self._links.sign(purpose, row.about, row.epoch, today))

    def _recipient(self, row: Facts, step: Step, channel: Channel, valid_for: timedelta, now: datetime) -> Recipient:
        purpose = SEALED_EMAIL if channel is Channel.EMAIL else SEALED_PHONE
        return Recipient(
            delivery_id=row.id,
            address=self._vault.open(row.address_cipher, purpose),
            message_id=message_id(row.seed, row.id, self._domain),
            date=now,
            valid_for=valid_for,
            partner=Person(row.given_name),
            other_name=row.other_name or "",
            solo=row.other_name is None,
            first=row.first,
            week=row.week,
            links=self._links_of(row, step, channel, now.date()),
            about=row.about,
        )


def _key(row: Facts, definition: Definition) -> tuple[MessageKey, Step]:
    _, step = definition.steps[row.step]
    return definition.key(row.step, row.variant, row.activity, row.locale, Channel(row.channel)), step


def _letter(row: Facts, campaign: Campaign, step: Step, channel: Channel, now: datetime, message: Message) -> Letter:
    return Letter(
        id=row.id,
        fence=row.fence,
        attempts=row.attempts,
        partner_id=row.partner_id,
        campaign=campaign,
        step=step,
        channel=channel,
        due_at=row.due_at,
        expires_at=row.expires_at,
        address_index=row.address_index,
        written_at=now,
        message=message,
    )


def _closing(now: datetime, timezone: str, window: Window) -> datetime:
    """Until when a provider may keep a message queued; `now` where no local hour is known."""
    try:
        return closes_at(now, timezone, window)
    except UnknownZone:
        return now
