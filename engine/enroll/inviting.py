"""Inviting the other: a link to share, or one message from us; and the no of whoever gets it, which nobody is told."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from engine.enroll.confirming import seat_for
from engine.enroll.signup import asked_by, too_often
from engine.model.notice import Notice
from engine.model.suppression import SuppressReason
from engine.store import confirmations, invitations, notices, stops, suppressions
from engine.store.invitations import Invitation
from engine.store.notices import Post, Posted, To
from engine.store.vault import Vault


def invite(
    connection: Connection, vault: Vault, post: Post, inviter: int, to: To, caller: str, now: datetime
) -> timedelta | None:
    """Send the one message there is for the partner's invitation, in the caller's transaction.

    Nothing is sent a second time, nor to who has said no, has left, or told us in any way to stop: whoever invites sees
    the same. Returns how long `caller` has to wait when too much was asked: then it is as if they had not.
    """
    wait = asked_by(connection, vault, caller, now)
    if wait is not None:
        return wait
    invitation = invitations.make(connection, inviter, now)
    if invitation.messaged or seat_for(connection, invitation) is None:
        return None
    invitations.mark(connection, invitation.id, "messaged", now)
    if not (too_often(connection, vault, to, now) or invitation.declined or _is_unwelcome(connection, to)):
        posted = Posted(Notice.INVITE, inviter, invitation.id, about=invitation.id, to=to)
        post.post(connection, posted, now)
    return None


def _is_unwelcome(connection: Connection, to: To) -> bool:
    """Whether whoever reads the address has ever ended messages to it: this one they did not ask for."""
    return stops.reason(connection, to.index) is not None or confirmations.has_left(connection, to.channel, to.index)


def decline_invitation(connection: Connection, invitation: Invitation, source: str, now: datetime) -> None:
    """Whoever was invited says no: no message is sent for it any more, and none to where one went, ever."""
    invitations.mark(connection, invitation.id, "declined", now)
    went = invitations.went_to(connection, invitation)
    if went is not None:
        stops.decline(connection, went.index, went.channel, source, now)


def decline_notice(connection: Connection, delivery_id: int, source: str, now: datetime) -> bool:
    """Whoever got a notice says no: nothing is ever sent to that address again. False when there is no such notice.

    Only the operator takes it back, or START from that phone. Done again, it changes nothing. Who has confirmed since
    that the address is theirs unsubscribes by it, as by any message, and may confirm anew.
    """
    found = notices.asked_of(connection, delivery_id)
    if found is None:
        return False
    asked = confirmations.find(connection, found.about) if found.notice is Notice.CONFIRM and found.about else None
    if asked is not None and asked.confirmed:
        unsubscribed = SuppressReason.UNSUBSCRIBED.value
        suppressions.add_index(connection, found.to.index, found.to.channel, unsubscribed, source, now)
        return True
    stops.decline(connection, found.to.index, found.to.channel, source, now)
    if found.notice is Notice.INVITE and found.about is not None:
        invitations.mark(connection, found.about, "declined", now)
    return True
