"""Passes: what a signed link opens, and a fresh one for whoever comes with one that is too old.

A pass is good while its partner's epoch is the one it was signed for, and they have not left. One that is not is as
unknown as one we never signed: nobody learns from it that there is, or was, anybody.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from engine.hear.means import Means
from engine.model.notice import Notice
from engine.render.links import Links, Purpose
from engine.store import holders
from engine.store.holders import Holder
from engine.store.notices import Posted

_HOLDERS: Mapping[Purpose, Callable[[Connection, int], Holder | None]] = {
    Purpose.CONFIRM: holders.of_confirmation,
    Purpose.INVITE: holders.of_invitation,
    Purpose.DECLINE: holders.of_delivery,
    Purpose.MESSAGE: holders.of_delivery,
    Purpose.PREFERENCES: holders.of_partner,
    Purpose.CALENDAR: holders.of_partner,
}
"""Whose a pass is, by what it is good for; an unsubscribe link is no pass."""

LASTING = frozenset({Purpose.DECLINE})
"""These outlive an epoch, and the partner's leaving: whoever wants no message from us is always heard."""

RENEWED = frozenset({Purpose.MESSAGE, Purpose.PREFERENCES, Purpose.CALENDAR})
"""For these a fresh link goes to the partner's own address. The others are about addresses that are not theirs yet."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A pass that we signed and have not revoked: about the row `id`, which is `holder`'s.

    One that has `expired` opens no page, but may ask for a fresh one.
    """

    purpose: Purpose
    id: int
    holder: Holder
    expired: bool


def opened(
    connection: Connection, links: Links, purpose: Purpose, token: str, now: datetime, *, left: bool = False
) -> Opened | None:
    """What a token opens; None for one that is not ours, is for something else, or is revoked, and for rows gone.

    With `left` one that was signed since its partner has left opens as well: there is a last page for them.
    """
    found = links.open(purpose, token, now.date())
    if found is None:
        return None
    holder = _HOLDERS[purpose](connection, found.id)
    if holder is None:
        return None
    # A pass has room for the last sixteen bits of an epoch (see Links.sign).
    if purpose not in LASTING and ((holder.left and not left) or holder.epoch % 65_536 != found.epoch):
        return None
    return Opened(purpose, found.id, holder, found.expired)


def renew(connection: Connection, means: Means, old: Opened, now: datetime) -> None:
    """Send a fresh link in the place of one that is too old, at most one a day, to the partner's own address.

    The gates see to it that nobody is written to who has stopped us. Whoever asked is never told whether it was sent.
    """
    if old.expired and old.purpose in RENEWED:
        about = old.id if old.purpose is Purpose.MESSAGE else None
        today = now.date().toordinal()
        means.post.post(connection, Posted(Notice.LINK, old.holder.partner_id, today, about=about), now)
