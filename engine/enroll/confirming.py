"""Confirming an address: from then on it is the partner's own, what they ticked holds, and what they chose begins."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from engine.clock import UnknownZone
from engine.model.campaign import Channel
from engine.model.reply import ConsentPurpose
from engine.model.suppression import SuppressReason
from engine.model.words import Described
from engine.plan.local import local_day
from engine.store import confirmations, consents, holders, invitations, parting, preferences, signups, stops
from engine.store.confirmations import Confirmation
from engine.store.invitations import Invitation


class Outcome(Described):
    """What became of it."""

    DONE = "done", "The address is confirmed; what was asked for has begun."
    AGAIN = "again", "It was confirmed before: nothing has changed."
    GONE = "gone", "There is nothing to confirm any more."
    TAKEN = "taken", "The address has become another couple's meanwhile."
    SHUT = "shut", "The address told us never to write to it."
    CLOSED = "closed", "What was to begin is not there any more: the campaign, or whoever invited."


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The outcome, and whose address it is. `joined` by an invitation; `moved`: a change of address."""

    outcome: Outcome
    partner_id: int = 0
    couple_id: int = 0
    joined: bool = False
    moved: bool = False


@dataclass(frozen=True, slots=True)
class Beginning:
    """What confirming sets going, each in the same transaction.

    `is_open(campaign)`; `enroll(connection, campaign, ref, today)`; `seat(connection, couple_id)` gives who joins a
    couple their place in what it is in.
    """

    is_open: Callable[[str], bool]
    enroll: Callable[[Connection, str, str, date], object]
    seat: Callable[[Connection, int], object]


def confirm(connection: Connection, confirmation_id: int, beginning: Beginning, now: datetime) -> Confirmed:
    """Make an address that was asked about its partner's own, in the caller's transaction.

    It happens once, or not at all: any outcome but DONE changes nothing.
    """
    asked = confirmations.find(connection, confirmation_id)
    if asked is None:
        return Confirmed(Outcome.GONE)
    if asked.confirmed:
        return Confirmed(Outcome.AGAIN, asked.partner_id, asked.couple_id)
    invitation = None if asked.invitation_id is None else invitations.find(connection, asked.invitation_id)
    seat = None if invitation is None else seat_for(connection, invitation)
    if asked.new and (not beginning.is_open(asked.campaign) if asked.campaign else seat is None):
        return Confirmed(Outcome.CLOSED)
    if stops.reason(connection, asked.to.index) not in (None, SuppressReason.UNSUBSCRIBED):
        return Confirmed(Outcome.SHUT)
    couple_id = asked.couple_id if invitation is None else invitation.couple_id
    if any(couple != couple_id for _, couple in confirmations.owners(connection, asked.to.channel, asked.to.index)):
        return Confirmed(Outcome.TAKEN)
    _settle(connection, asked, now)
    if invitation is not None and seat is not None:
        signups.move_in(connection, asked.partner_id, couple_id, seat)
        invitations.mark(connection, invitation.id, "accepted", now)
        beginning.seat(connection, couple_id)
    elif asked.campaign:
        invitations.make(connection, asked.partner_id, now)
        ref, today = signups.ref_of(connection, couple_id), _today(connection, asked.partner_id, now)
        beginning.enroll(connection, asked.campaign, ref, today)
    signups.share_phone(connection, couple_id)
    return Confirmed(Outcome.DONE, asked.partner_id, couple_id, invitation is not None, not asked.new)


def seat_for(connection: Connection, invitation: Invitation) -> int | None:
    """The seat that whoever takes up an invitation would have; None once nobody can.

    Whoever invites must be there, alone, and must not have told us of a parting.
    """
    inviter = holders.of_partner(connection, invitation.partner_id)
    if inviter is None or inviter.left or invitation.accepted or parting.ended_at(connection, invitation.couple_id):
        return None
    return signups.free_seat(connection, invitation.couple_id)


def _settle(connection: Connection, asked: Confirmation, now: datetime) -> None:
    confirmations.settle(connection, asked, now)
    confirmations.forget_others(connection, asked.to.index)
    stops.welcome_back(connection, asked.to.index)
    if asked.new:
        consents.hold(connection, asked.partner_id, consents.latest(connection, asked.partner_id))
        return
    # Consent to messages on one phone is no consent to messages on another.
    same_address = [channel for channel in Channel if channel.address == asked.to.channel.address]
    flags = {consents.flag(ConsentPurpose.MESSAGES, channel): channel is asked.to.channel for channel in same_address}
    consents.hold(connection, asked.partner_id, flags)
    signups.raise_epoch(connection, asked.partner_id)  # old mail may lie where they no longer read


def _today(connection: Connection, partner_id: int, now: datetime) -> date:
    try:
        return local_day(now, preferences.of(connection, partner_id).timezone)
    except UnknownZone:
        return now.date()


def starts_on(when: str, today: date) -> date:
    """The start date of a campaign for who confirms `today`, by `join.starts`; it is never today."""
    return today + timedelta(days=1 if when == "tomorrow" else 7 - today.weekday())
