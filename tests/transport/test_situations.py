"""What may befall a transport, and what it makes of it: the same rows for each, in front of a provider of its own."""

import asyncio
from importlib import import_module

import pytest

from engine.testing.situations import Rig, Situation, face

RIGS = ("sendgrid", "twilio", "smtp")

CANNOT_ARISE = {("sendgrid", Situation.OPTED_OUT)}  # it accepts such an email, drops it later, and tells by an event
"""What a provider has no way to do."""


@pytest.mark.parametrize("situation", list(Situation), ids=str)
@pytest.mark.parametrize("name", RIGS)
def test_a_transport_says_what_became_of_each_message(name: str, situation: Situation) -> None:
    rig: Rig = import_module(f"rig_{name}").RIG
    assert asyncio.run(face(rig, situation)) is ((name, situation) not in CANNOT_ARISE)
