"""What one call says, entry by entry: all events at once, and when that fails each by itself.

One bad entry does not drop the others. When nothing but failures is left the first of them is raised: that is our bug,
and the provider's next try may meet a better version.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from engine.hear import reactions
from engine.hear.texting import Texting
from engine.model.event import Event, Heard, Inbound
from engine.render.notices import Response

T = TypeVar("T")


@dataclass
class Taken:
    """What one call came to. `response` is for whoever wrote it, if one person did."""

    response: Response | None = None
    entries: int = 0
    unreadable: int = 0
    failures: list[Exception] = field(default_factory=list)

    def error(self) -> str | None:
        """What went wrong with some of its entries: how many, and the exceptions' names."""
        said = []
        if self.failures:
            kinds = ", ".join(sorted({type(each).__name__ for each in self.failures}))
            said.append(f"{len(self.failures)} of {self.entries} entries failed ({kinds})")
        if self.unreadable:
            said.append(f"{self.unreadable} of {self.entries} entries unreadable")
        return "; ".join(said) or None


def take(
    connection: Connection,
    texting: Texting,
    heard: Sequence[Heard],
    source: str,
    received_at: datetime,
    *,
    signed: bool,
) -> Taken:
    """Store what is news and react to it. `signed`: whether the source's calls prove who makes them."""
    taken = Taken(entries=len(heard))
    told = [each for each in heard if isinstance(each, Event)]
    texts = [each for each in heard if isinstance(each, Inbound)]
    taken.unreadable = len(heard) - len(told) - len(texts)
    vault = texting.means.vault
    take_events = partial(reactions.take, connection, vault, source=source, received_at=received_at, signed=signed)
    if told and len(heard) == 1:
        take_events(told)  # when it fails, nothing is left of the call, as below
    elif told and isinstance(_tried(connection, partial(take_events, told)), Exception):
        outcomes = [_tried(connection, partial(take_events, [each])) for each in told]
        taken.failures += [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    if texts:
        from engine.hear import inbound  # all that reads people's words: not for who only catches up with events
    for text in texts:
        answer = _tried(connection, partial(inbound.take, connection, texting, text, source, received_at))
        if isinstance(answer, Exception):
            taken.failures.append(answer)
        elif len(texts) == 1:  # an answer to the call goes to one person
            taken.response = answer
    if taken.failures and len(taken.failures) + taken.unreadable == taken.entries:
        raise taken.failures[0]
    return taken


def _tried(connection: Connection, act: Callable[[], T]) -> T | Exception:
    """Do something inside the transaction; when it fails, all of it is undone and the exception handed back."""
    try:
        with connection.begin_nested():
            return act()
    except Exception as error:
        return error
