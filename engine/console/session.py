"""What a command works with: the workspace's settings and engine, opened when first asked for."""

from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

if TYPE_CHECKING:
    from engine.app import Engine
    from engine.settings import Settings

Day = TypeVar("Day", bound=date)


MOST = 2**63 - 1  # the largest number that a database holds


@dataclass
class Session:
    """One run of the command line in one workspace."""

    folder: Path

    @cached_property
    def settings(self) -> "Settings":
        from engine.settings import load

        return load(self.folder)

    @cached_property
    def engine(self) -> "Engine":
        from engine.app import build

        return build(self.settings)

    def left_by(self, pid: int) -> int:
        """How many deliveries a process of this machine was sending when it ended; see `store.owners`."""
        from engine.store import owners
        from engine.store.database import open_database

        with closing(open_database(self.settings.resolved_database_url)) as database, database.read() as connection:
            return owners.left_by(connection, pid)

    def refuse_unless_server(self) -> None:
        """Refused where the workspace keeps a file: it is one process's at a time."""
        from engine.run.process import refuse_unless_server
        from engine.store.database import open_database

        refuse_unless_server(open_database(self.settings.resolved_database_url))


def session(context: typer.Context) -> Session:
    """The session that the root command made."""
    found: Session = context.obj
    return found


def a_date(text: str) -> date:
    """A calendar day, YYYY-MM-DD."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date; write it as 2026-03-02.") from None
    return _in_our_time(day, text)


def an_instant(text: str) -> datetime:
    """An instant with its UTC offset, such as 2026-03-02T09:00:00Z."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not an instant; write it as 2026-03-02T09:00:00Z.") from None
    if moment.tzinfo is None:
        raise typer.BadParameter(f"{text!r} has no UTC offset; write it as {text}Z if you mean UTC.")
    return _in_our_time(moment, text)


def _in_our_time(day: Day, text: str) -> Day:
    """`day`, unless its year must be a slip: near the ends of the calendar there is no room to reckon either."""
    if not 1970 <= day.year <= 2999:
        raise typer.BadParameter(f"{text!r} is in the year {day.year}; write the year as in 2026-03-02.")
    return day
