"""The fake transport that writes real files: one `.eml` per email and one `.txt` per text, named by delivery id.

A second hand-over of a delivery gets a file of its own (`000042.2.eml`): a double send would be seen, not hidden.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from engine.model.campaign import Channel
from engine.transport import lease
from engine.transport.base import (
    Accepted,
    Asked,
    ConnectionFailed,
    EmailMessage,
    Finding,
    Message,
    Misconfigured,
    Outcome,
    SmsMessage,
)
from engine.transport.setup import Setup

_OURS = re.compile(r"\d{6,}(\.\d+)?\.(eml|txt)", re.ASCII)


class OutboxTransport:
    """Writes to `folder`, which it creates; a file is there whole or not at all."""

    channels = frozenset(Channel)

    def __init__(self, folder: Path, name: str = "outbox") -> None:
        self.name = name
        self.folder = folder

    @classmethod
    def configure(cls, setup: Setup) -> Self:
        """Option `folder`: where to write (default `outbox`)."""
        setup.refuse_unknown("folder")
        return cls(setup.folder / setup.text("folder", "outbox"), setup.name)

    async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        """Accepted with the file's name as its receipt; Misconfigured when the folder cannot be written."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            return [Misconfigured(f"Cannot write to the outbox folder: {error.strerror}.")] * len(batch)
        still_ours = lease.question()
        return [self._write(message) if still_ours() else lease.OVERTAKEN for message in batch]

    def _write(self, message: Message) -> Outcome:
        content, suffix = (message.mime(), ".eml") if isinstance(message, EmailMessage) else (_text(message), ".txt")
        stem = f"{message.delivery_id:06d}"
        partial = self.folder / f".{stem}.{os.getpid()}"
        try:
            partial.touch(mode=0o600)
            partial.write_bytes(content)
            name = _publish(partial, self.folder, stem, suffix)
        except OSError as error:
            partial.unlink(missing_ok=True)
            return Misconfigured(f"Cannot write to the outbox folder: {error.strerror}.")
        return Accepted(name)

    async def find(self, asked: Asked) -> Accepted | ConnectionFailed | None:
        """Whether the file is there: a folder always knows."""
        for suffix in (".eml", ".txt"):
            if (self.folder / f"{asked.delivery_id:06d}{suffix}").exists():
                return Accepted(f"{asked.delivery_id:06d}{suffix}")
        return ConnectionFailed("No file was written.")

    async def forget(self, receipts: Sequence[str]) -> Sequence[bool | None]:
        """Delete the files of these names."""
        gone: list[bool | None] = []
        for name in receipts:
            try:
                if _OURS.fullmatch(name):
                    (self.folder / name).unlink(missing_ok=True)
                gone.append(_OURS.fullmatch(name) is not None)
            except OSError:
                gone.append(None)
        return gone

    async def check(self) -> Sequence[Finding]:
        """Whether the folder can be written."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            probe = self.folder / f".probe.{os.getpid()}"
            probe.touch(mode=0o600)
            probe.unlink()
        except OSError as error:
            return [Finding(False, f"The folder cannot be written: {error.strerror}.", "Mend it, or set `folder`.")]
        return [Finding(True, "It writes files to its folder, and sends nothing.")]

    async def aclose(self) -> None:
        """Nothing is held open."""


def _publish(partial: Path, folder: Path, stem: str, suffix: str) -> str:
    """Give the finished file the first free name; a hard link fails rather than replace another."""
    copy = 1
    while True:
        name = f"{stem}{suffix}" if copy == 1 else f"{stem}.{copy}{suffix}"
        try:
            os.link(partial, folder / name)
        except FileExistsError:
            copy += 1
        else:
            partial.unlink()
            return name


def _text(message: SmsMessage) -> bytes:
    seconds = int(message.valid_for.total_seconds())
    return f"To: {message.to}\nValid-For: {seconds} s\n\n{message.body}\n".encode()
