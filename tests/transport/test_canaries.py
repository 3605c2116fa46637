"""Whatever befalls a transport, no address, word or secret gets into a log, an outcome, or what is printed of it."""

import asyncio
import logging
import re
from collections.abc import Sequence
from importlib import import_module

import pytest

from engine.model.campaign import Channel
from engine.testing.situations import Rig, Situation
from engine.testing.transports import email, sms
from engine.transport.base import Accepted, Message, Outcome, Transport

RIGS = {"sendgrid": Channel.EMAIL, "twilio": Channel.SMS, "smtp": Channel.EMAIL}
WORDS = "the heron at the canal"
NAME = "canary.heron"
NUMBER = "+12025550199"
SECRETS = ("SG.a-key.of-ours", "an-auth-token", "swordfish")
LEAK = re.compile(rf"heron|{re.escape(NAME)}|12025550199|{'|'.join(map(re.escape, SECRETS))}")
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.\w+|\+\d{7,}")


def batch(channel: Channel) -> list[Message]:
    return [
        email(number, WORDS, f"{NAME}{number}@example.com") if channel is Channel.EMAIL else sms(number, WORDS, NUMBER)
        for number in (1, 2, 3)
    ]


@pytest.mark.parametrize("situation", list(Situation), ids=str)
@pytest.mark.parametrize("name", RIGS)
def test_nothing_of_a_message_is_logged_or_told(
    name: str, situation: Situation, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    rig: Rig = import_module(f"rig_{name}").RIG

    async def told() -> tuple[Sequence[Outcome], Transport] | None:
        staged = rig.stage(situation)
        if staged is None:
            return None
        async with staged as stage:
            outcomes = await stage.transport.send(batch(RIGS[name]))
            await stage.transport.aclose()
            return outcomes, stage.transport

    found = asyncio.run(told())
    if found is None:
        return
    outcomes, transport = found
    said = [repr(outcome) for outcome in outcomes] + [repr(transport)]
    printed = capfd.readouterr()
    assert not LEAK.search("\n".join([*said, caplog.text, printed.out, printed.err]))
    details = [outcome.detail for outcome in outcomes if not isinstance(outcome, Accepted)]
    assert not ADDRESS.search("\n".join(details))
