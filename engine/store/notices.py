"""Puts notices on their way: each is a delivery like any other, at most one for each thing there is to say."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Connection, Integer, bindparam, func, select, update

from engine.clock import TZDATA_VERSION
from engine.model.campaign import Campaign, Channel
from engine.model.job import Job
from engine.model.notice import NOTICES, Notice
from engine.store import definitions, jobs
from engine.store.portable import insert
from engine.store.schema import deliveries, enrollments, partners
from engine.store.vault import SEALED_EMAIL, SEALED_PHONE, Vault, address_index


@dataclass(frozen=True, slots=True)
class To:
    """An address that is not the partner's own, sealed and indexed as theirs; `locale` if its reader has another."""

    channel: Channel
    cipher: bytes
    index: bytes
    locale: str | None = None


def sealed_to(vault: Vault, channel: Channel, address: str, locale: str | None = None) -> To:
    """An address in normal form, as a notice takes it."""
    purpose = SEALED_EMAIL if channel is Channel.EMAIL else SEALED_PHONE
    return To(channel, vault.seal(address, purpose), address_index(vault, channel, address), locale)


@dataclass(frozen=True, slots=True)
class Posted:
    """One thing to say. It is said once for each `number` (of this notice, to this partner).

    `about` is the row that it is about, which its link leads to. Without `to` it goes to the partner, on the channel
    they prefer.
    """

    notice: Notice
    partner_id: int
    number: int
    about: int | None = None
    to: To | None = None


class Post:
    """Posts notices. `campaign` is their definition (define.notices), `frozen` its stored form."""

    def __init__(self, campaign: Campaign, frozen: str, vault: Vault) -> None:
        self._campaign = campaign
        self._frozen = frozen
        self._vault = vault

    def post(self, connection: Connection, posted: Posted, now: datetime) -> bool:
        """Plan it for now, in the caller's transaction; whether that is news. False as well when the partner is gone.

        The gates are asked before it is sent: see Urgency for which.
        """
        person = connection.execute(_person, {"partner_id": posted.partner_id}).one_or_none()
        if person is None:
            return False
        step = self._campaign.step(posted.notice.value)
        channel = posted.to.channel if posted.to else Channel(person.channel)
        row = {
            "enrollment_id": self._enrollment(connection, person.couple_id, now),
            "partner_id": posted.partner_id,
            "step": step.key,
            "occurrence": posted.number,
            "channel": channel.value,
            "week": 1,
            "due_at": now,
            "send_at": now,
            "expires_at": now + step.late_after,
            "timezone": person.timezone,
            "tzdata": TZDATA_VERSION,
            "status": "planned",
            "to_cipher": posted.to.cipher if posted.to else None,
            "to_index": posted.to.index if posted.to else None,
            "to_locale": posted.to.locale if posted.to else None,
            "about": posted.about,
        }
        news = connection.execute(insert(deliveries).on_conflict_do_nothing(), row).rowcount == 1
        if news:
            jobs.defer(connection, Job.DRAIN)
        return news

    def _enrollment(self, connection: Connection, couple_id: int, now: datetime) -> int:
        """The couple's place in the notices, made when first needed and brought to this version's definition."""
        found = connection.execute(_standing, {"couple_id": couple_id}).one_or_none()
        if found is not None and found.digest == self._campaign.digest:
            return int(found.id)
        definitions.keep(
            connection,
            digest=self._campaign.digest,
            campaign=NOTICES,
            title=self._campaign.title,
            body=self._frozen,
            now=now,
        )
        if found is not None:
            connection.execute(_renew, {"enrollment_id": found.id, "new_digest": self._campaign.digest})
            return int(found.id)
        values = {
            "couple_id": couple_id,
            "campaign": NOTICES,
            "digest": self._campaign.digest,
            "start": now.date(),
            # It proves that we wrote a message: nobody may guess it, and it draws nothing.
            "seed": self._vault.index(str(couple_id), "notices.seed").hex(),
            "status": "active",
            "variants": {},
            "draws": {},
            "created_at": now,
        }
        made: int = connection.execute(insert(enrollments).values(values).returning(enrollments.c.id)).scalar_one()
        return made


@dataclass(frozen=True, slots=True)
class AskedOf:
    """A notice that asked something of whoever reads an address that is no partner's, or not yet."""

    notice: Notice
    about: int | None
    to: To
    locale: str  # the language it was in


def asked_of(connection: Connection, delivery_id: int) -> AskedOf | None:
    """The notice that a delivery was; None when it is gone, or asks nobody anything, as what the operator gets."""
    row = connection.execute(_asked_of, {"delivery_id": delivery_id}).one_or_none()
    if row is None:
        return None
    return AskedOf(Notice(row.step), row.about, To(Channel(row.channel), row.to_cipher, row.to_index), row.locale)


_asked_of = (
    select(
        deliveries.c.step,
        deliveries.c.channel,
        deliveries.c.about,
        deliveries.c.to_cipher,
        deliveries.c.to_index,
        func.coalesce(deliveries.c.to_locale, partners.c.locale).label("locale"),
    )
    .join(enrollments, enrollments.c.id == deliveries.c.enrollment_id)
    .join(partners, partners.c.id == deliveries.c.partner_id)
    .where(
        deliveries.c.id == bindparam("delivery_id", type_=Integer),
        deliveries.c.to_index.is_not(None),
        deliveries.c.step.in_([Notice.CONFIRM.value, Notice.INVITE.value]),
        enrollments.c.campaign == NOTICES,
    )
)
_person = select(partners.c.couple_id, partners.c.channel, partners.c.timezone).where(
    partners.c.id == bindparam("partner_id", type_=Integer)
)
_standing = select(enrollments.c.id, enrollments.c.digest).where(
    enrollments.c.couple_id == bindparam("couple_id", type_=Integer),
    enrollments.c.campaign == NOTICES,
    enrollments.c.status == "active",  # one that came along with somebody who joined is over
)
_renew = (
    update(enrollments)
    .where(enrollments.c.id == bindparam("enrollment_id", type_=BigInteger))
    .values(digest=bindparam("new_digest"))
)
