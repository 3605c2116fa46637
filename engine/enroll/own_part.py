"""What a partner does to their own part, on their own page: each act in the caller's transaction, told to nobody."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from engine.enroll.signup import asked_by, too_often
from engine.model.campaign import Channel
from engine.model.notice import Notice
from engine.model.reply import ConsentPurpose
from engine.model.signup import Ticked
from engine.model.suppression import SuppressReason
from engine.store import answers, confirmations, consents, invitations, parting, preferences, stops
from engine.store.notices import Post, Posted, To
from engine.store.vault import Vault

SOURCE = "own page"
"""Where consents that are given or taken back come from."""


def stamp(connection: Connection, vault: Vault, partner_id: int) -> str:
    """What a form was shown with: another whenever something it might change has changed. NotFound: they are gone."""
    person = preferences.of(connection, partner_id)
    invitation = invitations.by(connection, partner_id)
    # What they are told of the other stays out: that it has changed would tell that the other has erased themselves.
    own = {name: value for name, value in person._mapping.items() if name != "calls_other"}
    state = (
        tuple(own.items()),
        parting.ended_at(connection, person.couple_id),
        confirmations.waiting(connection, partner_id),
        invitation and (invitation.id, invitation.messaged),
    )
    return vault.index(repr(state), "own page").hex()


def agree(
    connection: Connection, partner_id: int, offered: Iterable[Ticked], given: Iterable[ConsentPurpose], now: datetime
) -> frozenset[ConsentPurpose]:
    """Bring the optional consents that were offered to what is given now; which of them changed.

    Whoever takes back that answers are kept has them deleted, but for those that both have seen.
    """
    person = preferences.of(connection, partner_id)
    channel, wanted = Channel(person.channel), frozenset(given)
    changed = set()
    for ticked in offered:
        holds = bool(person._mapping[consents.flag(ticked.purpose, channel)])
        if holds != (ticked.purpose in wanted):
            consents.record(connection, partner_id, channel, [ticked], SOURCE, now, given=not holds)
            changed.add(ticked.purpose)
            if holds and ticked.purpose is ConsentPurpose.ANSWERS:
                answers.forget_unseen(connection, [partner_id])
    return frozenset(changed)


@dataclass(frozen=True, slots=True)
class Move:
    """A change of address: where to, and the consent to messages there, as it was ticked."""

    to: To
    ticked: Ticked


def ask_new_address(
    connection: Connection, vault: Vault, post: Post, partner_id: int, move: Move, caller: str, now: datetime
) -> timedelta | None:
    """Ask whoever reads an address to confirm that it is this partner's; the old one stays until they have.

    Nothing is sent to another couple's address, nor to one that told us never to write; whoever asks sees the same.
    Returns how long `caller` has to wait when too much was asked: then nothing was done.
    """
    wait = asked_by(connection, vault, caller, now)
    if wait is not None:
        return wait
    couple_id = preferences.of(connection, partner_id).couple_id
    to = move.to
    elsewhere = any(couple != couple_id for _, couple in confirmations.owners(connection, to.channel, to.index))
    shut = stops.reason(connection, to.index) not in (None, SuppressReason.UNSUBSCRIBED)
    asked = confirmations.ask(connection, partner_id, to, now)
    consents.note(connection, partner_id, to.channel, [move.ticked], SOURCE, now)
    if not (too_often(connection, vault, to, now) or elsewhere or shut):
        post.post(connection, Posted(Notice.CONFIRM, partner_id, asked, about=asked, to=to), now)
    return None
