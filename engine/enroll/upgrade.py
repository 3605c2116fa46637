"""Moves couples in the middle of a campaign to another version of it: on command, and never otherwise.

What a partner has stays as it is, and in the version it was begun by: a message that was claimed, sent, skipped or
failed is never sent again, whatever became of its step. What is still to come follows the new version (plan.moving),
and what was not given yet is drawn anew by the same seed. Each batch of couples is one transaction, beside a running
engine; whoever is moved already is left alone, so a move that was interrupted is finished by giving it again.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection

from engine.define.digest import freeze
from engine.enroll.history import CampaignOf, said_by, stored_campaigns
from engine.enroll.mover import Found, Mover, Upgraded
from engine.model.campaign import Campaign
from engine.store import assignments, audit, couples, definitions, moving, places, seats
from engine.store.database import Database
from engine.store.facts import Facts

BATCH = 100


def upgrade(
    database: Database,
    campaign: Campaign,
    digests: Sequence[str],
    *,
    now: datetime,
    actor: str,
    refs: Collection[str] | None = None,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda couples: None,
) -> list[Upgraded]:
    """Move the couples that are under way in the versions `digests`, all or those called `refs`, to `campaign`.

    What each version's couples met, version by version. NotFound, before anything is done, names the first couple that
    does not exist. `progress` is told how many couples each batch had.
    """
    with database.read() as connection:
        for ref in refs or ():
            couples.id_of(connection, ref)
    campaign_of = stored_campaigns(campaign)
    done = []
    for digest in digests:
        if digest == campaign.digest:
            continue
        with database.read() as connection:
            mover = Mover(campaign_of(connection, digest), campaign, now)
        after: int | None = 0
        while after is not None:
            with database.read() if dry_run else database.begin() as connection:
                before = mover.done.couples
                after = _batch(connection, mover, campaign_of, after, refs, None if dry_run else actor)
            progress(mover.done.couples - before)
            if after is not None and not dry_run:
                database.let_others_write()
        done.append(mover.done)
    return done


def _batch(
    connection: Connection,
    mover: Mover,
    campaign_of: CampaignOf,
    after: int,
    refs: Collection[str] | None,
    actor: str | None,
) -> int | None:
    """Move a batch (without an actor: only see what would come of it); the last one's id, None when it was the last."""
    rows = moving.under_way(connection, mover.old.digest, after, BATCH, refs)
    if not rows:
        return None
    ids = [row.id for row in rows]
    people, have = _by_enrollment(moving.people(connection, ids)), _by_enrollment(moving.have(connection, ids))
    said = said_by(connection, campaign_of, [row.couple_id for row in rows])
    found = [
        mover.enrollment(connection, row, people.get(row.id, []), have.get(row.id, []), said.get(row.couple_id, []))
        for row in rows
    ]
    if actor is not None:
        _write(connection, mover, found)
        act = f"upgrade {mover.old.digest[:12]} to {mover.new.digest[:12]}"
        about = [f"couple {row.couple_id}" for row in rows] if refs is not None else []
        for each in [f"campaign {mover.new.id}", *about] if after == 0 else about:
            audit.record(connection, mover.now, actor, act, each)
    return ids[-1] if len(rows) == BATCH else None


def _write(connection: Connection, mover: Mover, found: Sequence[Found]) -> None:
    new = mover.new
    definitions.keep(connection, digest=new.digest, campaign=new.id, title=new.title, body=freeze(new), now=mover.now)
    moving.stay(connection, [each for one in found for each in one.stay], mover.old.digest)
    moving.forget(connection, [each for one in found for each in one.forget])
    moving.withdraw(connection, [each for one in found for each in one.withdraw])
    assignments.keep(connection, new.id, {one.onward.id: one.assigned for one in found}, mover.now)
    moving.go_on(connection, [one.onward for one in found], new.digest)
    seats.put(connection, [seat for one in found for seat in one.seats])
    moving.reopen(connection, [one.onward.id for one in found])
    places.complete(connection, [one.onward.id for one in found])


def _by_enrollment(rows: Sequence[Facts]) -> dict[int, list[Facts]]:
    found: dict[int, list[Facts]] = defaultdict(list)
    for row in rows:
        found[row.enrollment_id].append(row)
    return found
