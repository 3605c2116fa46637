"""Trying transports out: what is wrong with one before a couple's message finds out, and one message to oneself."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from engine.errors import Refused
from engine.model.campaign import Channel
from engine.model.sender import Sender
from engine.render.mime import Skeleton
from engine.render.mime_header import mailbox
from engine.store import breakers, suppressions
from engine.store.database import Database
from engine.store.vault import Vault
from engine.transport.base import (
    Checkable,
    EmailMessage,
    Finding,
    Message,
    Outcome,
    OutcomeUnknown,
    SmsMessage,
    Transport,
)

WORDS = "This is a test from Rekindle. If you can read it, messages arrive."
NOTHING_TO_TRY = Finding(True, "It has nothing that could be tried without sending.")


def look_at_workspace(public_url: str, sender: Sender) -> list[Finding]:
    """What the workspace still has from the example: every transport would carry it to real people."""
    shown = (
        ("public_url", urlsplit(public_url).hostname or "", "Where your pages are: unsubscribe links lead there."),
        ("sender.email", sender.email.rpartition("@")[2], "The address that your emails come from."),
    )
    findings = [
        Finding(False, f"`{name}` is still the example.", f"Set it in rekindle.toml. {mend}")
        for name, host, mend in shown
        if host == "example" or host.endswith(".example")
    ]
    if "Exampletown" in sender.postal_address:
        mend = "Set your own in rekindle.toml: the law wants one in every email."
        findings.append(Finding(False, "`sender.postal_address` is still the example.", mend))
    if not public_url.startswith("https://"):
        findings.append(Finding(False, "`public_url` is not https.", "Mailbox providers follow no other (RFC 8058)."))
    return findings or [Finding(True, "The public URL and the sender are your own.")]


async def examine(database: Database, transports: Mapping[str, Transport]) -> dict[str, Sequence[Finding]]:
    """What each transport finds of itself; one that finds only good is no longer left alone by any process."""
    found: dict[str, Sequence[Finding]] = {}
    for name, transport in transports.items():
        found[name] = await transport.check() if isinstance(transport, Checkable) else [NOTHING_TO_TRY]
        if all(each.good for each in found[name]):
            with database.begin() as connection:
                breakers.reset(connection, name)
    return found


async def send_one(
    database: Database,
    vault: Vault,
    transport: Transport,
    channel: Channel,
    address: str,
    sender: Sender,
    now: datetime,
) -> Outcome:
    """Hand over one message to `address` (in normal form). Refused when the address is on the suppression list."""
    with database.read() as connection:
        if suppressions.is_suppressed(connection, vault, channel, address):
            raise Refused(
                "That address is on the suppression list, so nothing is sent to it, not even a test.",
                fix="Use another address, or see `rekindle suppressions --help`.",
            )
    (outcome,) = await transport.send([_message(channel, address, sender, now)]) or [OutcomeUnknown("No answer.")]
    return outcome


def _message(channel: Channel, address: str, sender: Sender, now: datetime) -> Message:
    reference = f"0.{secrets.token_hex(8)}"
    if channel is not Channel.EMAIL:
        return SmsMessage(0, address, f"{sender.sms_name}: {WORDS}", timedelta(hours=1), reference, channel)
    who = mailbox(sender.name, sender.email)
    return EmailMessage(
        delivery_id=0,
        to=address,
        sender=who,
        subject="A test from Rekindle",
        html=f"<!doctype html><html lang=en><title>A test</title><p>{WORDS}</p></html>",
        text=f"{WORDS}\n",
        message_id=f"<{reference}@{sender.email.rpartition('@')[2]}>",
        date=now,
        headers=(("Auto-Submitted", "auto-generated"),),
        assemble=Skeleton("test", who, ()).assemble,
    )
