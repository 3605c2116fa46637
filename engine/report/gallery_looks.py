"""The messages of one card: the one that went, and beside it those that would have gone in another case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.report.gallery_letters import Email, Letter

MICROS = 1_000_000
LEAST_DIGITS = 2


@dataclass(frozen=True, slots=True)
class Beside:
    """A message that did not go: `words` say in which case it would have. Without a letter, `wrong` says why not.

    `cost` is its price in millionths of the currency.
    """

    words: str
    letter: Letter | None
    wrong: str = ""
    cost: int = 0
    own: bool = False  # of the delivery itself, which was held back; else of another arm


Besides = Mapping[int, Sequence[Beside]]
"""By delivery id."""


@dataclass(frozen=True, slots=True)
class Look:
    """One message as a card shows it. `href` is the page of an email, from the pages' folder; `words` are "" for the
    message that went; `price` is "" where nothing is known of prices.
    """

    words: str
    letter: Letter | None
    wrong: str
    href: str
    file: str  # under the outbox folder
    price: str


def looks(delivery_id: int, sent: Letter | None, cost: int, besides: Sequence[Beside], currency: str) -> list[Look]:
    """All the messages of a delivery, the one that went first."""
    each = [Beside("", sent, cost=cost)] if sent is not None else []
    return [
        Look(
            beside.words,
            beside.letter,
            beside.wrong,
            f"mail/{delivery_id:06d}{f'-{place}' * bool(place)}.html" if isinstance(beside.letter, Email) else "",
            _file(beside.letter),
            price(beside.cost, currency),
        )
        for place, beside in enumerate([*each, *besides], start=0 if each else 1)
    ]


def _file(letter: Letter | None) -> str:
    if letter is None:
        return ""
    return letter.file.name if letter.inside == "" else f"{letter.inside}/{letter.file.name}"


def price(cost: int, currency: str) -> str:
    """Such as `USD 0.0158`: no digit is rounded away, and cents are always shown. "" for nothing."""
    if not cost or not currency:
        return ""
    digits = f"{cost / MICROS:.6f}".rstrip("0")
    whole, _, rest = digits.partition(".")
    return f"{currency} {whole}.{rest.ljust(LEAST_DIGITS, '0')}"
