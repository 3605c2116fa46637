"""Signing up: one person, one message to confirm by, and the same to be seen whoever's the address is.

What is done with an address that is known, suppressed or asked about too often costs what the rest costs, one write
transaction, and is answered alike: nobody can ask us who is here.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from engine.model.notice import Notice
from engine.model.signup import SignUp
from engine.model.suppression import SuppressReason
from engine.store import confirmations, consents, invitations, rates, signups, stops
from engine.store.notices import Post, Posted, To, sealed_to
from engine.store.rates import Limit
from engine.store.vault import Vault

SOURCE = "join page"
"""Where the consents of a sign-up come from."""

PER_CALLER, PER_WORKSPACE = 20, 500
"""Sign-ups an hour: by one client address, and by all."""
PER_ADDRESS = 3
"""A day, for one address that messages would go to; and one in SOON."""
SOON = timedelta(minutes=10)

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


def sign_up(
    connection: Connection,
    vault: Vault,
    post: Post,
    signup: SignUp,
    caller: str,
    now: datetime,
    *,
    campaign: str | None = None,
    invitation_id: int | None = None,
) -> timedelta | None:
    """Take in somebody's sign-up for a campaign, or by an invitation, in the caller's transaction.

    The address gets one message that asks it to confirm; what is ticked holds from then on. An address that is with us
    already gets a word of that instead, at most once a day; one that told us never to write gets nothing. Returns how
    long `caller`, a client address, has to wait when too much was asked: then nothing was done.
    """
    to = sealed_to(vault, signup.channel, signup.address)
    wait = asked_by(connection, vault, caller, now)
    if wait is not None:
        return wait
    if not too_often(connection, vault, to, now) and not _is_shut(connection, to):
        owner = _owner(connection, to, invitation_id)
        if owner is None:
            _begin(connection, post, signup, to, now, campaign, invitation_id)
        else:
            post.post(connection, Posted(Notice.KNOWN, owner, now.date().toordinal()), now)
    return None


def asked_by(connection: Connection, vault: Vault, caller: str, now: datetime) -> timedelta | None:
    """Count one asking by a client address for a message to somebody; how long to wait when it was one too many."""
    limits = [Limit("caller", caller, PER_CALLER, _HOUR), Limit("workspace", "", PER_WORKSPACE, _HOUR)]
    return rates.ask(connection, vault, limits, now)


def too_often(connection: Connection, vault: Vault, to: To, now: datetime) -> bool:
    """Count one asking for a message to an address; whether it was one too many. Nobody is told."""
    subject = to.index.hex()
    limits = Limit("address soon", subject, 1, SOON), Limit("address a day", subject, PER_ADDRESS, _DAY)
    # One by one: who presses a button three times has not had three messages.
    return any(rates.ask(connection, vault, [limit], now) is not None for limit in limits)


def _is_shut(connection: Connection, to: To) -> bool:
    """Whether its owner said never to write, or nothing arrives; who only unsubscribed may sign up anew."""
    return stops.reason(connection, to.index) not in (None, SuppressReason.UNSUBSCRIBED)


def _owner(connection: Connection, to: To, invitation_id: int | None) -> int | None:
    """The partner whose address it is; none where it is only the inviter's, for two people may share one."""
    invitation = None if invitation_id is None else invitations.find(connection, invitation_id)
    at_home = None if invitation is None else invitation.couple_id
    known = [partner for partner, couple in confirmations.owners(connection, to.channel, to.index) if couple != at_home]
    return known[0] if known else None


def _begin(
    connection: Connection,
    post: Post,
    signup: SignUp,
    to: To,
    now: datetime,
    campaign: str | None,
    invitation_id: int | None,
) -> None:
    partner_id = signups.begin(connection, signup, now)
    consents.note(connection, partner_id, signup.channel, signup.ticked, SOURCE, now)
    asked = confirmations.ask(connection, partner_id, to, now, campaign=campaign, invitation_id=invitation_id)
    post.post(connection, Posted(Notice.CONFIRM, partner_id, asked, about=asked, to=to), now)
