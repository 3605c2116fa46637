"""One message on one session, and what the parts that carry it need of one another."""

import asyncio
from collections import deque
from typing import Protocol

from engine.transport.base import Message, Outcome
from engine.transport.smtp_envelope import Offer, Ready
from engine.transport.smtp_reply import Reply, Stage


class Feed(Protocol):
    """Where a session gets its messages, by their numbers, and where it tells what became of them."""

    def take(self) -> tuple[int, Message] | None: ...

    def give_back(self, number: int) -> bool:
        """Take back a message that is known to have gone nowhere; False when it was given back before."""

    def accepted(self, number: int, queue_id: str) -> None:
        """The relay has it. `queue_id` is its own name for it, or empty."""

    def settle(self, number: int, outcome: Outcome) -> None: ...


class Wire(Protocol):
    """What a pipeline needs of its session."""

    offer: Offer
    signed_in: bool
    due: "Due"

    def write(self, octets: bytes) -> None: ...
    def finished(self) -> None: ...
    def end(self, why: str) -> None: ...


class Transaction:
    """One message on this session."""

    __slots__ = ("number", "ready", "refusal", "to", "written")

    def __init__(self, number: int, to: str, ready: Ready) -> None:
        self.number = number
        self.to = to
        self.ready = ready
        self.refusal: Outcome | None = None  # of MAIL, RCPT or DATA: known not to be accepted
        self.written = False  # its last octet was given to the socket


Due = deque[tuple[Stage, Transaction | asyncio.Future[Reply]]]
"""What the answers to come are about, in order."""
