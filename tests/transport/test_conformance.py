"""One suite for every transport: the same rows for the outbox, the memory, and chaos that lets all through."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import pytest

from engine.model.campaign import Channel
from engine.testing.transports import CHECKS, Check, Nonconforming
from engine.transport.base import Accepted, Asked, ConnectionFailed, EmailMessage, Message, Outcome, Transport
from engine.transport.chaos import ChaosTransport, Rates
from engine.transport.memory import MemoryTransport
from engine.transport.outbox import OutboxTransport

TRANSPORTS: dict[str, Callable[[Path], Transport]] = {
    "outbox": lambda folder: OutboxTransport(folder / "deep" / "outbox"),
    "memory": lambda folder: MemoryTransport(),
    "null": lambda folder: MemoryTransport(keep=False),
    "chaos over memory": lambda folder: ChaosTransport(MemoryTransport(), rates=Rates()),
    "chaos over outbox": lambda folder: ChaosTransport(OutboxTransport(folder), rates=Rates()),
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", TRANSPORTS)
def test_every_transport_keeps_the_contract(name: str, check: Check, tmp_path: Path) -> None:
    asyncio.run(check(lambda: TRANSPORTS[name](tmp_path)))


def _words(message: Message) -> str:
    return message.text if isinstance(message, EmailMessage) else message.body


class Faulty(MemoryTransport):
    """A memory that breaks the contract in one way."""

    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault
        self.closed = 0
        if fault == "nameless":
            self.name = ""
        if fault == "channel":
            self.channels = cast(frozenset[Channel], frozenset({Channel.EMAIL, "pigeon"}))

    async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        outcomes = list(await super().send(batch))
        match self.fault:
            case "short":
                return outcomes[1:]
            case "never empty":
                return outcomes or [Accepted("x")]
            case "not an outcome":
                return [None for _ in outcomes]  # type: ignore[misc]
            case "one receipt":
                return [Accepted("x")] * len(outcomes)
            case "reversed":
                return outcomes[::-1]
            case "ascii only":
                return [
                    outcome if _words(message).isascii() else ConnectionFailed()
                    for message, outcome in zip(batch, outcomes, strict=True)
                ]
        return outcomes

    async def find(self, asked: Asked) -> Accepted | ConnectionFailed | None:
        if self.fault == "forgetful":
            return ConnectionFailed()
        return Accepted(f"memory-{asked.delivery_id}") if self.fault == "boastful" else await super().find(asked)

    async def aclose(self) -> None:
        self.closed += 1
        if self.fault == "closes once" and self.closed > 1:
            raise Nonconforming("closed already")


@pytest.mark.parametrize(
    "fault",
    [
        "nameless",
        "channel",
        "short",
        "never empty",
        "not an outcome",
        "one receipt",
        "reversed",
        "ascii only",
        "forgetful",
        "boastful",
        "closes once",
    ],
)
def test_the_suite_finds_a_transport_that_breaks_the_contract(fault: str) -> None:
    async def broken_rules() -> list[str]:
        failed = []
        for check in CHECKS:
            try:
                await check(lambda: Faulty(fault))
            except Nonconforming as broken:
                failed.append(str(broken))
        return failed

    assert asyncio.run(broken_rules())


def test_the_suite_passes_a_transport_without_a_fault() -> None:
    for check in CHECKS:
        asyncio.run(check(lambda: Faulty("none")))
