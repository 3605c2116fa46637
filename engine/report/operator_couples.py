"""One couple as the dashboard shows it, with all that became of it.

Of what the two wrote only this is told: that a question was answered, or a week rated. Never what, nor how.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, exists, select

from engine.model.campaign import Channel
from engine.model.delivery import LATER, DeliveryStatus, FailReason, SkipReason
from engine.report.deliveries import local_time
from engine.store.couples_schema import answers, pulses
from engine.store.schema import couples, deliveries, enrollments, heard, partners
from engine.store.vault import SEALED_EMAIL, SEALED_PHONE, Vault

HEARD = ("delivered", "deferred", "bounced", "complained", "opened", "clicked", "unsubscribed", "replied", "failed")


@dataclass(frozen=True, slots=True)
class Person:
    """One of the two, addresses masked: enough to tell two apart, not enough to write to one."""

    id: int
    position: int
    given_name: str
    email: str | None
    phone: str | None
    channel: str
    timezone: str
    locale: str
    consents: tuple[str, ...]
    paused_until: datetime | None
    left_at: datetime | None


@dataclass(frozen=True, slots=True)
class Whole:
    """A couple. Instants are aware, UTC."""

    id: int
    ref: str
    created_at: datetime
    paused_until: datetime | None
    life_event_at: datetime | None
    people: Sequence[Person]


def couple(connection: Connection, vault: Vault, couple_id: int) -> Whole | None:
    """The couple with this id."""
    row = connection.execute(select(couples).where(couples.c.id == couple_id)).one_or_none()
    if row is None:
        return None
    people = connection.execute(
        select(partners).where(partners.c.couple_id == couple_id).order_by(partners.c.position)
    ).all()
    return Whole(
        row.id,
        row.ref,
        row.created_at,
        row.paused_until,
        row.life_event_at,
        [
            Person(
                each.id,
                each.position,
                each.given_name,
                masked_email(None if each.email_cipher is None else vault.open(each.email_cipher, SEALED_EMAIL)),
                masked_phone(None if each.phone_cipher is None else vault.open(each.phone_cipher, SEALED_PHONE)),
                each.channel,
                each.timezone,
                each.locale,
                tuple(channel.value for channel in Channel if getattr(each, f"{channel}_consent")),
                each.paused_until,
                each.left_at,
            )
            for each in people
        ],
    )


def masked_email(address: str | None) -> str | None:
    """`a•••@e•••.com`."""
    if address is None:
        return None
    name, _, domain = address.rpartition("@")
    host, _, end = domain.rpartition(".")
    return f"{name[:1]}•••@{host[:1]}•••.{end}"


def masked_phone(number: str | None) -> str | None:
    """`•••43`."""
    return None if number is None else f"•••{number[-2:]}"


@dataclass(frozen=True, slots=True)
class Moment:
    """What became of one delivery. `local` is when it goes or went, on the partner's wall; `meaning` says why."""

    id: int
    position: int
    given_name: str
    campaign: str
    week: int
    step: str
    activity: str | None
    channel: str
    local: str
    status: str
    reason: str | None
    meaning: str
    heard: tuple[str, ...]
    answered: bool
    rated: bool


_occurrence = deliveries.c.occurrence % LATER
_moments = (
    select(
        deliveries.c.id,
        partners.c.position,
        partners.c.given_name,
        enrollments.c.campaign,
        deliveries.c.week,
        deliveries.c.step,
        deliveries.c.activity,
        deliveries.c.channel,
        deliveries.c.send_at,
        deliveries.c.timezone,
        deliveries.c.status,
        deliveries.c.reason,
        *(heard.c[f"{name}_at"] for name in HEARD),
        exists(
            select(1).where(
                answers.c.enrollment_id == deliveries.c.enrollment_id,
                answers.c.partner_id == deliveries.c.partner_id,
                answers.c.step == deliveries.c.step,
                answers.c.occurrence == _occurrence,
                answers.c.text_cipher.is_not(None),
            )
        ).label("answered"),
        exists(
            select(1).where(
                pulses.c.enrollment_id == deliveries.c.enrollment_id,
                pulses.c.partner_id == deliveries.c.partner_id,
                pulses.c.step == deliveries.c.step,
                pulses.c.occurrence == _occurrence,
            )
        ).label("rated"),
    )
    .join(enrollments, enrollments.c.id == deliveries.c.enrollment_id)
    .join(partners, partners.c.id == deliveries.c.partner_id)
    .outerjoin(heard, heard.c.delivery_id == deliveries.c.id)
)


def timeline(connection: Connection, couple_id: int, before: int | None, limit: int) -> list[Moment]:
    """The couple's deliveries, newest first, notices included; those whose id is below `before`."""
    page = _moments.where(
        deliveries.c.enrollment_id.in_(select(enrollments.c.id).where(enrollments.c.couple_id == couple_id)),
        partners.c.couple_id == couple_id,  # a notice's enrollment may outlast a move to another couple
    )
    if before is not None:
        page = page.where(deliveries.c.id < before)
    rows = connection.execute(page.order_by(deliveries.c.id.desc()).limit(limit)).all()
    return [
        Moment(
            row.id,
            row.position,
            row.given_name,
            row.campaign,
            row.week,
            row.step,
            row.activity,
            row.channel,
            local_time(row.send_at, row.timezone)[:16].replace("T", " "),
            row.status,
            row.reason,
            meaning(row.status, row.reason),
            tuple(name for name in HEARD if getattr(row, f"{name}_at") is not None),
            row.answered,
            row.rated,
        )
        for row in rows
    ]


def meaning(status: str, reason: str | None) -> str:
    """What a status and its reason mean, in a sentence; nothing for words of a newer version."""
    for words, word in ((SkipReason, reason), (FailReason, reason), (DeliveryStatus, status)):
        found = next((member for member in words if member == word), None)
        if found is not None:
            return found.sentence
    return ""
