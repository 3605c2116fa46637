"""The operator's word on deliveries that nobody else can settle."""

from collections.abc import Callable, Sequence
from datetime import datetime

from engine.errors import NotFound, Refused
from engine.model.delivery import DeliveryStatus, FailReason, MovedBecause, Verdict
from engine.store import ledger, verdicts
from engine.store.database import Database, Transaction
from engine.store.places import millis
from engine.store.verdicts import Standing

Keep = Callable[[Transaction, Sequence[int]], None]
"""Told of the deliveries by id, in the transaction that settles them."""

BY_HAND = "operator"
"""The receipt of what the operator found in the provider's log."""


def resolve(
    database: Database,
    ids: Sequence[int] | None,
    verdict: Verdict,
    now: datetime,
    *,
    dry_run: bool = False,
    keep: Keep = lambda connection, ids: None,
) -> int:
    """Settle these deliveries, or all that are in doubt; how many. NotFound or Refused, and nothing done, for the first
    that is not there, not in doubt, or too late to be sent again.
    """
    with database.begin() as connection:
        found = verdicts.doubtful(connection) if ids is None else verdicts.standing(connection, ids)
        _refuse_missing(found, ids or ())
        for each in found:
            if each.status != DeliveryStatus.IN_DOUBT:
                raise Refused(f"Delivery {each.id} is {each.status}, not in doubt.", fix=_SHOWS.format(each.id))
            if verdict is Verdict.RESEND:
                _refuse_late(each, now)
        if dry_run:
            return len(found)
        keep(connection, [each.id for each in found])
        match verdict:
            case Verdict.SENT:
                return ledger.accept(connection, [(each.id, each.fence, BY_HAND) for each in found], now)
            case Verdict.RESEND:
                planned = DeliveryStatus.PLANNED, None, None, millis(now), MovedBecause.RETRY
                return ledger.settle(connection, [(each.id, each.fence, *planned) for each in found])
            case Verdict.DROP:
                dropped = DeliveryStatus.FAILED, FailReason.DROPPED, None, None, None
                return ledger.settle(connection, [(each.id, each.fence, *dropped) for each in found])


def retry(
    database: Database,
    ids: Sequence[int],
    now: datetime,
    *,
    dry_run: bool = False,
    keep: Keep = lambda connection, ids: None,
) -> int:
    """Plan failed deliveries again; how many. NotFound or Refused, and nothing done, for the first that cannot be."""
    with database.begin() as connection:
        found = verdicts.standing(connection, ids)
        _refuse_missing(found, ids)
        for each in found:
            if each.status != DeliveryStatus.FAILED:
                raise Refused(
                    f"Delivery {each.id} is {each.status}; only a failed one is retried.", fix=_SHOWS.format(each.id)
                )
            _refuse_late(each, now)
        if dry_run:
            return len(found)
        keep(connection, [each.id for each in found])
        return verdicts.reopen(connection, [each.id for each in found], now)


_SHOWS = "`rekindle deliveries show {}` says why."


def _refuse_missing(found: Sequence[Standing], ids: Sequence[int]) -> None:
    known = {each.id for each in found}
    for wanted in ids:
        if wanted not in known:
            raise NotFound(f"There is no delivery {wanted}.", fix="`rekindle deliveries list` shows their ids.")


def _refuse_late(each: Standing, now: datetime) -> None:
    if each.expires_at <= now:
        raise Refused(
            f"Delivery {each.id} is too late: its step allows it until {each.expires_at:%Y-%m-%d %H:%M} UTC.",
            fix="A nudge that comes days late does more harm than none; leave it.",
        )
