"""The operator's word to hold something back, and to let it go on. Effective within a batch, in every process.

What is planned stays planned, and planning goes on: what resumes too late is skipped as too late. A message that was
handed over before the hold was committed cannot be called back.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from engine.deliver.traffic import SET_ASIDE
from engine.errors import NotFound, Refused
from engine.model.act import Act
from engine.model.action import Action, note
from engine.model.hold import HoldKind
from engine.model.notice import NOTICES
from engine.store import audit, definitions, holds, restores
from engine.store.database import Database

log = logging.getLogger(__name__)

AT_ONCE = 2_000
"""Deliveries that are brought back in one transaction, so that whoever sends is not kept waiting."""


@dataclass(frozen=True, slots=True)
class What:
    """What is to be held back or to go on: everything, or one campaign or transport by its `name`."""

    kind: HoldKind
    name: str = ""

    def __str__(self) -> str:
        return self.kind.value if self.kind is HoldKind.EVERYTHING else f"{self.kind.value} {self.name}"


EVERYTHING = What(HoldKind.EVERYTHING)


def pause(
    database: Database, what: What, transports: Collection[str], actor: str, now: datetime, *, dry_run: bool = False
) -> bool:
    """Hold it back from now on; whether that is news. NotFound for a campaign or transport that there is not."""
    with database.begin() as connection:
        news = not _is_held(connection, what)
        if news:
            _refuse_unknown(connection, what, transports)
        if news and not dry_run:
            holds.hold(connection, what.kind, what.name, actor=actor, now=now)
            audit.record(connection, now, actor, Act.PAUSE, str(what))
    if news and not dry_run:
        note(log, Action.PAUSED, f"Paused: {what}.", kind=what.kind.value, about=what.name)
    return news


def resume(database: Database, what: What, actor: str, now: datetime, *, dry_run: bool = False) -> bool:
    """Let it go on; whether it was held back. Other holds stay, also where this one was of everything.

    Refused for everything while a backup was put back and nobody has confirmed what would then be sent.
    """
    with database.begin() as connection:
        held = _is_held(connection, what)
        if held and what == EVERYTHING and restores.pending(connection) is not None:
            raise Refused(
                "A backup was put back, and what it has yet to send may have been sent since it was made.",
                fix="`rekindle db restored` shows what would go out; with --confirm it lets go what is safe.",
            )
        if held and not dry_run:
            holds.release(connection, what.kind, what.name)
            audit.record(connection, now, actor, Act.RESUME, str(what))
    if held and not dry_run:
        note(log, Action.RESUMED, f"Resumed: {what}.", kind=what.kind.value, about=what.name)
        while what.kind is not HoldKind.EVERYTHING and _bring_back(database, now) == AT_ONCE:
            database.let_others_write()
    return held


def _bring_back(database: Database, now: datetime) -> int:
    with database.begin() as connection:
        return holds.bring_back(connection, now, now + SET_ASIDE, AT_ONCE)


def _is_held(connection: Connection, what: What) -> bool:
    return any((each.kind, each.name) == (what.kind, what.name) for each in holds.standing(connection))


def _refuse_unknown(connection: Connection, what: What, transports: Collection[str]) -> None:
    """What was sent once may be held, though nothing of it is in the folders or settings any more."""
    if what.kind is HoldKind.CAMPAIGN:
        known = sorted(definitions.campaigns(connection) - {NOTICES})
        if what.name not in known:
            raise NotFound(
                f"No couple was ever enrolled in a campaign {what.name!r}, so there is nothing to pause.",
                fix=f"Those there are: {', '.join(known) or 'none'}. `rekindle pause --all` pauses everything.",
            )
    elif what.kind is HoldKind.TRANSPORT and what.name not in transports:
        raise NotFound(
            f"There is no transport {what.name!r} here.",
            fix=f"Those there are: {', '.join(sorted(transports))}. `rekindle pause --all` pauses everything.",
        )
