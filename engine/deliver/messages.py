"""From claimed rows to messages: opens addresses, groups what is rendered alike, and sets the poisoned ones apart."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.clock import UnknownZone
from engine.deliver.definitions import Definition
from engine.errors import RekindleError
from engine.model.campaign import Campaign, Channel, Step
from engine.plan.window import closes_at
from engine.render.compose import Composer
from engine.render.links import Links, message_id
from engine.render.recipient import MessageKey, MessageLinks, Person, Recipient
from engine.store.facts import Facts
from engine.store.vault import SEALED_EMAIL, SEALED_PHONE, Vault
from engine.transport.base import Message


@dataclass(frozen=True, slots=True)
class Letter:
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
    message: Message


Poisoned = tuple[int, int, str]  # (delivery id, fence, why)


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
        alike: dict[MessageKey, list[tuple[int, Facts, Recipient]]] = defaultdict(list)
        poisoned: list[Poisoned] = []
        for place, row in enumerate(rows):
            try:
                alike[_key(row, definitions[row.digest])].append((place, row, self._recipient(row, definitions, now)))
            except RekindleError as error:
                poisoned.append((row.id, row.fence, str(error)))
        written: list[tuple[int, Letter]] = []
        for key, group in alike.items():
            definition = definitions[key.digest]
            messages = self._composer.compose(definition.campaign, key, [recipient for _, _, recipient in group])
            for (place, row, _), message in zip(group, messages, strict=True):
                if isinstance(message, RekindleError):
                    poisoned.append((row.id, row.fence, str(message)))
                else:
                    written.append((place, _letter(row, definition, key.channel, message)))
        written.sort(key=lambda pair: pair[0])
        return [letter for _, letter in written], poisoned

    def _recipient(self, row: Facts, definitions: Mapping[str, Definition], now: datetime) -> Recipient:
        channel = Channel(row.channel)
        cipher, purpose = (
            (row.email_cipher, SEALED_EMAIL) if channel is Channel.EMAIL else (row.phone_cipher, SEALED_PHONE)
        )
        return Recipient(
            delivery_id=row.id,
            address=self._vault.open(cipher, purpose),
            message_id=message_id(row.seed, row.position, row.step, row.occurrence, self._domain),
            date=now,
            valid_for=_valid_for(row, definitions[row.digest].campaign, now),
            partner=Person(row.given_name),
            other_name=row.other_name or "",
            solo=row.other_name is None,
            first=row.first,
            week=row.week,
            links=MessageLinks(self._links.unsubscribe(row.partner_id, channel)),
        )


def _key(row: Facts, definition: Definition) -> MessageKey:
    _, step = definition.steps[row.step]
    template = next((arm.template for arm in step.variants if arm.name == row.variant), None) or step.template
    return MessageKey(row.digest, row.step, template, row.activity, row.locale, Channel(row.channel))


def _letter(row: Facts, definition: Definition, channel: Channel, message: Message) -> Letter:
    _, step = definition.steps[row.step]
    return Letter(
        id=row.id,
        fence=row.fence,
        attempts=row.attempts,
        partner_id=row.partner_id,
        campaign=definition.campaign,
        step=step,
        channel=channel,
        due_at=row.due_at,
        expires_at=row.expires_at,
        address_index=row.email_index if channel is Channel.EMAIL else row.phone_index,
        message=message,
    )


def _valid_for(row: Facts, campaign: Campaign, now: datetime) -> timedelta:
    """How long the provider may keep it queued: what is left of the window, and never past its lateness."""
    try:
        closing = closes_at(now, row.timezone, campaign.window)
    except UnknownZone:
        return timedelta(0)
    expires_at: datetime = row.expires_at
    return max(min(closing, expires_at) - now, timedelta(0))
