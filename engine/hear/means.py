"""What reacting to people needs beside a connection: keys, a way to say something, whom to alert, and drawing anew."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from engine.store.notices import Post, To
from engine.store.vault import Vault

Redraw = Callable[[Connection, int, datetime], object]
"""Brings the draws of the couple with this id up to what it has told us (enroll.redraw), in the same transaction."""


def _as_it_was(connection: Connection, couple_id: int, now: datetime) -> None:
    """Draws nothing anew."""


@dataclass(frozen=True, slots=True)
class Means:
    """`operator` is where alerts go; None where no address is set up: then they are listed only."""

    vault: Vault
    post: Post
    operator: To | None = None
    redraw: Redraw = _as_it_was
