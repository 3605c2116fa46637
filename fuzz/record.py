"""What truly happened in a life, as those outside saw it, and what the store says at its end.

All of it is told by what stands around the engine: the provider writes down what it accepts before it answers, whoever
acts writes down when they were told "done". `n` counts everything in the order in which it happened, so that before and
after are certain. Plain values: the checker reads this and the script, and nothing of the engine.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Intent:
    """A committed intent to send, noted when its transaction had been committed."""

    n: int
    at: float
    delivery: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message that a provider took. `asked` is the `n` at which the hand-over of its batch began."""

    n: int
    asked: int
    at: float
    delivery: int
    channel: str
    to: str
    text: str  # all of it that a reader could see: subject, text, HTML
    answered: bool  # whether the engine was told


@dataclass(frozen=True, slots=True)
class Called:
    """The provider's call that a message of the delivery has arrived was answered with 200."""

    n: int
    delivery: int


@dataclass(frozen=True, slots=True)
class Done:
    """Happening number `happening` was acted out: `told` at `n` that it was done (False: it was refused, or died)."""

    n: int
    at: float
    happening: int
    told: bool
    about: dict[str, Any] = field(default_factory=dict)  # such as the delivery that an answer is to


@dataclass(frozen=True, slots=True)
class Shown:
    """A page, or an export, that a person was shown."""

    n: int
    at: float
    person: int
    what: str
    text: str


@dataclass(frozen=True, slots=True)
class Record:
    """Everything, in the order of `n`."""

    intents: tuple[Intent, ...]
    accepted: tuple[Accepted, ...]
    done: tuple[Done, ...]
    shown: tuple[Shown, ...]
    said: str  # logs, errors and metrics: all that was written anywhere
    partners: dict[int, int]  # the store's id of each person's row, by their number (also of who was erased)
    enrollments: dict[int, int]  # the couple's number, by the store's id of its enrollment
    rows: tuple[dict[str, Any], ...]  # the deliveries table at the end, read by SQL alone
    tables: dict[str, tuple[dict[str, Any], ...]]  # every other table by its name, as SQL alone reads it
    faults: dict[str, int]  # how many of each were injected
    forgotten: tuple[dict[str, Any], ...] = ()  # deliveries as they were when a restore put a copy in their place
    troubled: tuple[float, ...] = ()  # when a fault befell that had been made ready before
    called: tuple[Called, ...] = ()
    fates: dict[int, frozenset[str]] = field(default_factory=dict)  # how hand-overs of each delivery went wrong
    refused: frozenset[str] = frozenset()  # addresses of which a provider has said that there is no such recipient
    blank: frozenset[int] = frozenset()  # deliveries of which the provider was asked later, and does not know
    courses: dict[str, int] = field(default_factory=dict)  # which of Script.courses a definition's digest stands for
