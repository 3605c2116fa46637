"""Tries a relay without sending anything: one finding for each step, and the mend of the first that fails."""

from collections.abc import Sequence
from dataclasses import replace

from engine.transport.base import Finding
from engine.transport.smtp_connection import Lost, Session
from engine.transport.smtp_opening import NotOpen, Relay, Security, open_session
from engine.transport.smtp_reply import scrubbed

PATIENCE = 15.0  # seconds for each answer: somebody is watching, and nothing is lost by asking again


async def look_at(relay: Relay, goodbye_seconds: float) -> Sequence[Finding]:
    """Connects, secures the line, signs in, and has the sender looked at."""
    findings: list[Finding] = []
    relay = replace(relay, answer_seconds=min(relay.answer_seconds, PATIENCE))
    try:
        session = await open_session(relay, lambda step: findings.append(Finding(True, step)))
    except NotOpen as failed:
        return [*findings, Finding(False, str(failed), failed.fix)]
    try:
        if relay.security is Security.NONE:
            findings.append(Finding(True, "The line is in clear text, as `security` says."))
        if relay.secret is None and session.offer.mechanisms:
            findings.append(Finding(True, "Not signed in: there is no `username`, though the relay offers it."))
        findings.append(await _sender(session, relay))
        findings.append(Finding(True, f"Extensions: {session.offer}."))
    except Lost as lost:
        findings.append(Finding(False, str(lost), "Try again; if it stays so, ask the relay's operator."))
    finally:
        await session.quit(goodbye_seconds)
    return findings


async def _sender(session: Session, relay: Relay) -> Finding:
    """Whether the relay takes our sender; nothing is begun that is not reset."""
    sender, name = (relay.return_path, "return_path") if relay.return_path else (relay.mailbox, "sender.email")
    if not sender:
        return Finding(True, "The sender is first seen when a message is sent.")
    answer = await session.ask(f"MAIL FROM:<{sender}>".encode())
    if answer.good:
        await session.ask(b"RSET")
        return Finding(True, f"The relay takes `{name}` as the sender.")
    said = f"{answer.said} {scrubbed(answer.text, sender)}".rstrip()
    if answer.code == 530:
        return Finding(False, f"The relay wants us to sign in: {said}", "Set `username` and a password or token.")
    mend = f"Set `{name}` to an address that this account may send from."
    return Finding(False, f"The relay refuses `{name}` as the sender: {said}", mend)
