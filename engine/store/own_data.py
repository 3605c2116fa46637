"""What is kept of one partner, in the clear, for themselves: to look at, and to take along (GDPR articles 15 and 20).

Nothing here is of the other partner's, nor may be: texts from a phone that two share are left out. So are words that
may speak of danger, and that they were noticed, for a page or a file can be seen by somebody else in the house: the
operator tells the person themselves, when they ask.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from engine.model.campaign import Channel
from engine.model.notice import NOTICES
from engine.model.reply import ReadAs
from engine.store import consents, preferences
from engine.store.answers import SEALED_ANSWER
from engine.store.couples_schema import answers, confirmations, feedback, invitations, pulses
from engine.store.events import FUNNEL
from engine.store.facts import VERSION
from engine.store.metadata import Id
from engine.store.replies import SEALED_TEXT
from engine.store.schema import deliveries, enrollments, heard, replies, suppressions
from engine.store.vault import SEALED_EMAIL, SEALED_PHONE, Vault

Entry = dict[str, Any]
_SEALED = {"email": SEALED_EMAIL, "phone": SEALED_PHONE}
_PARTNER = bindparam("partner_id", type_=Id)

_stopped = select(suppressions.c.reason, suppressions.c.at).where(suppressions.c.address_index == bindparam("index"))
_asked = (
    select(confirmations)
    .where(confirmations.c.partner_id == _PARTNER, confirmations.c.confirmed_at.is_(None))
    .order_by(confirmations.c.id)
)
_enrolled = (
    select(enrollments)
    .where(enrollments.c.couple_id == bindparam("couple_id"), enrollments.c.campaign != NOTICES)
    .order_by(enrollments.c.id)
)
_sent = (  # what was sent for them to others is not theirs
    select(deliveries, heard, VERSION.label("version"), enrollments.c.campaign)
    .join(enrollments, enrollments.c.id == deliveries.c.enrollment_id)
    .outerjoin(heard, heard.c.delivery_id == deliveries.c.id)
    .where(deliveries.c.partner_id == _PARTNER, deliveries.c.to_index.is_(None))
    .order_by(deliveries.c.send_at, deliveries.c.id)
)
_answered = (
    select(answers, enrollments.c.campaign)
    .join(enrollments, enrollments.c.id == answers.c.enrollment_id)
    .where(answers.c.partner_id == _PARTNER, ~answers.c.withheld)
    .order_by(answers.c.id)
)
_texted = (
    select(replies)
    .where(replies.c.partner_id == _PARTNER, replies.c.read_as != ReadAs.DANGER.value)
    .order_by(replies.c.id)
)
_rated = select(pulses).where(pulses.c.partner_id == _PARTNER).order_by(pulses.c.id)
_judged = (
    select(feedback, VERSION)
    .join(deliveries, deliveries.c.id == feedback.c.delivery_id)
    .join(enrollments, enrollments.c.id == deliveries.c.enrollment_id)
    .where(feedback.c.partner_id == _PARTNER)
    .order_by(feedback.c.id)
)
_invited = select(invitations).where(invitations.c.partner_id == _PARTNER)


def of_partner(connection: Connection, vault: Vault, partner_id: int) -> dict[str, Any]:
    """It, by kind; instants are aware UTC datetimes. NotFound when there is no such partner."""
    person = preferences.of(connection, partner_id)
    return {
        "about_you": _about(person),
        "addresses": [*_addresses(connection, vault, person), *_asked_about(connection, vault, partner_id)],
        "consents": _consents(connection, partner_id),
        "campaigns": _campaigns(connection, person.couple_id),
        "messages": _messages(connection, partner_id),
        "answers": _answers(connection, vault, partner_id),
        "texts": [] if person.shared_phone else _texts(connection, vault, partner_id),
        "ratings": _ratings(connection, partner_id),
        "feedback": _feedback(connection, partner_id),
        "invitation": _invitation(connection, partner_id),
    }


def _about(person: Row[Any]) -> Entry:
    return {
        "given_name": person.given_name,
        "timezone": person.timezone,
        "language": person.locale,
        "channel": person.channel,
        "time_of_day": person.send_at.isoformat("minutes"),
        "days": sorted(person.reach_days or ()),
        "not_before": person.reach_from and person.reach_from.isoformat("minutes"),
        "not_after": person.reach_until and person.reach_until.isoformat("minutes"),
        "working_on": sorted(person.causes),
        "touch": person.touch,
        "answers_kept": person.answers_consent,
        "texted_answers_shared": person.share_texts,
        "ratings_counted": person.share_pulse,
        "shared_phone": person.shared_phone,
        "paused_until": person.paused_until,
        "left_at": person.left_at,
    }


def _addresses(connection: Connection, vault: Vault, person: Row[Any]) -> list[Entry]:
    kept = []
    for kind, purpose in _SEALED.items():
        cipher, index = person._mapping[f"{kind}_cipher"], person._mapping[f"{kind}_index"]
        if cipher is not None:
            stopped = connection.execute(_stopped, {"index": index}).one_or_none()
            entry = {"kind": kind, "address": vault.open(cipher, purpose), "confirmed": True}
            kept.append(entry | ({} if stopped is None else {"stopped": stopped.reason, "stopped_at": stopped.at}))
    return kept


def _asked_about(connection: Connection, vault: Vault, partner_id: int) -> list[Entry]:
    return [
        {
            "kind": (kind := Channel(row.channel).address),
            "address": vault.open(row.address_cipher, _SEALED[kind]),
            "confirmed": False,
            "asked_at": row.asked_at,
        }
        for row in connection.execute(_asked, {"partner_id": partner_id})
    ]


def _consents(connection: Connection, partner_id: int) -> list[Entry]:
    names = ("purpose", "channel", "given", "at", "source", "version", "words")
    return [{name: row._mapping[name] for name in names} for row in consents.all_of(connection, partner_id)]


def _campaigns(connection: Connection, couple_id: int) -> list[Entry]:
    return [
        {"campaign": row.campaign, "digest": row.digest, "start": row.start, "status": row.status}
        for row in connection.execute(_enrolled, {"couple_id": couple_id})
    ]


def _messages(connection: Connection, partner_id: int) -> list[Entry]:
    """Each message, with what was heard of it."""
    return [_message(row._mapping) for row in connection.execute(_sent, {"partner_id": partner_id})]


def _message(row: Any) -> Entry:
    known: dict[str, datetime | None] = {f"{name}_at": row[f"{name}_at"] for name in FUNNEL}
    entry = {
        "campaign": row["campaign"],
        "digest": row["version"],
        "step": row["step"],
        "activity": row["activity"],
        "channel": row["channel"],
        "at": row["sent_at"] or row["send_at"],
        "status": row["status"],
    }
    return entry | {name: at for name, at in known.items() if at is not None}


def _answers(connection: Connection, vault: Vault, partner_id: int) -> list[Entry]:
    return [
        {
            "campaign": row.campaign,
            "step": row.step,
            "given_at": row.given_at,
            "shared": row.shared,
            "text": None if row.text_cipher is None else vault.open(row.text_cipher, SEALED_ANSWER),
            "draft": None if row.draft_cipher is None else vault.open(row.draft_cipher, SEALED_ANSWER),
        }
        for row in connection.execute(_answered, {"partner_id": partner_id})
    ]


def _texts(connection: Connection, vault: Vault, partner_id: int) -> list[Entry]:
    return [
        {"at": row.at, "channel": row.channel, "text": vault.open(row.text_cipher, SEALED_TEXT)}
        for row in connection.execute(_texted, {"partner_id": partner_id})
    ]


def _ratings(connection: Connection, partner_id: int) -> list[Entry]:
    found = connection.execute(_rated, {"partner_id": partner_id})
    return [{"at": row.at, "week": row.week, "closeness": row.value} for row in found]


def _feedback(connection: Connection, partner_id: int) -> list[Entry]:
    return [
        {"at": row.at, "digest": row.digest, "activity": row.activity, "said": row.verdict}
        for row in connection.execute(_judged, {"partner_id": partner_id})
    ]


def _invitation(connection: Connection, partner_id: int) -> Entry | None:
    """That they made one, and asked us to send it; not what came of it."""
    row = connection.execute(_invited, {"partner_id": partner_id}).one_or_none()
    return None if row is None else {"made_at": row.made_at, "message_asked_for_at": row.messaged_at}
