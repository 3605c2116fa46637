"""One session with a relay, as an asyncio protocol: questions in order, answers in order, every wait bounded.

A session is talked to (`ask`) and given messages (`run`); what happens to messages is `smtp_pipeline`'s. Answers are
read in bulk, what follows from them is one write, and one timer watches the answer that is next.
"""

import asyncio
from collections import deque
from typing import cast

from engine.transport.base import ConnectionFailed, Outcome, Throttled
from engine.transport.smtp_envelope import Offer, Sign
from engine.transport.smtp_pipeline import Pipeline
from engine.transport.smtp_reply import NotSmtp, Reply, ReplyReader, Stage
from engine.transport.smtp_transaction import Due, Feed, Transaction


class Lost(Exception):
    """The session ended, or did not answer in time, before the answer that was waited for; says how."""


class Session(asyncio.Protocol):
    """At most `most` messages go over it. `answer_seconds` bounds the wait for a whole answer, however it trickles."""

    def __init__(
        self, *, answer_seconds: float, most: int = 1000, return_path: str = "", sign: Sign | None = None
    ) -> None:
        self.offer = Offer()
        self.signed_in = False
        self.alive = False
        self.idle_since = 0.0  # by the loop's clock
        self.due: Due = deque()
        self._pipeline = Pipeline(self, most=most, return_path=return_path, sign=sign)
        self._loop = asyncio.get_running_loop()
        self._stream: asyncio.Transport | None = None
        self._greeting: asyncio.Future[Reply] = self._loop.create_future()
        self._reader = ReplyReader()
        self._finished: asyncio.Future[None] | None = None
        self._why = "The relay closed the connection."
        self._answer_seconds = answer_seconds
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def reusable(self) -> bool:
        """Whether messages may be given to it."""
        return self.alive and not self.due and self._pipeline.open

    @property
    def answered(self) -> int:
        """How many messages of the last run have an answer that was not the relay's good-bye."""
        return self._pipeline.answered

    @property
    def ended_as(self) -> Outcome:
        """What a session that was of no use means for messages that never got to it."""
        if self._pipeline.open:
            return ConnectionFailed(self._why)
        return Throttled(detail="The relay ended the session with 421.")

    @property
    def stream(self) -> asyncio.Transport:
        """The stream below; Lost when it is gone."""
        if self._stream is None or not self.alive:
            raise Lost(self._why)
        return self._stream

    def secured(self, stream: asyncio.Transport) -> None:
        """Go on over TLS, and forget what was offered before it."""
        self._stream = stream
        self.offer = Offer()

    def nothing_more_said(self) -> None:
        """Lost when there is more than was asked for: before TLS that is somebody else's (RFC 3207 section 6)."""
        if not self._reader.empty:
            self.end("Something was said in clear text that would have been taken for the relay's own words over TLS.")
        if not self.alive:
            raise Lost(self._why)

    async def ask(self, line: bytes | None) -> Reply:
        """The answer to one command, or with None the greeting. Lost when there is none in time."""
        self._watch()
        if line is None:
            return await self._greeting
        stream = self.stream
        reply: asyncio.Future[Reply] = self._loop.create_future()
        self.due.append((Stage.TALK, reply))
        stream.write(line + b"\r\n")
        return await reply

    async def run(self, feed: Feed) -> None:
        """Send from `feed` until it is empty or the session ends; whatever was taken from it is settled by then."""
        self._finished = self._loop.create_future()
        self._watch()
        try:
            self._pipeline.begin(feed)
            await self._finished
        except BaseException:  # called off: an answer that comes now would be taken for another message's
            self.end("Sending was called off.")
            raise
        finally:
            self._finished = None
            self.idle_since = self._loop.time()

    async def quit(self, seconds: float) -> None:
        """Say good-bye and close: best effort, within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                if not self.due:
                    await self.ask(b"QUIT")
        except (Lost, TimeoutError):
            pass
        finally:
            self.end("We closed the connection.")

    def end(self, why: str) -> None:
        """Close at once; what is on its way is settled, and who waits for an answer gets Lost."""
        if self.alive:
            self._why = why
            if self._stream is not None and not self._loop.is_closed():
                self._stream.abort()
            self.connection_lost(None)

    # What the pipeline needs.

    def write(self, octets: bytes) -> None:
        """Give octets to the socket: from here on they may have left."""
        if self._stream is not None:
            self._stream.write(octets)

    def finished(self) -> None:
        """Nothing is on its way and nothing is left to send."""
        if self._finished is not None and not self._finished.done():
            self._finished.set_result(None)

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._stream = cast(asyncio.Transport, transport)  # uvloop's is one by its methods, not by its class
        self.alive = True
        # It may come before whoever connects gets their turn to ask for it, as on uvloop.
        self.due.append((Stage.TALK, self._greeting))

    def data_received(self, data: bytes) -> None:
        """Give each whole answer to what it is about, then write what follows from all of them."""
        due, hear = self.due, self._pipeline.hear
        try:
            for heard in self._reader.feed(data):
                if not due:
                    return self.end(f"The relay said {heard[0]} unasked.")
                stage, about = due.popleft()
                if isinstance(about, Transaction):
                    hear(stage, about, heard)
                    if not self.alive:
                        return None
                elif not about.done():
                    about.set_result(Reply.of(heard))
                self._deadline = 0.0
        except NotSmtp:
            return self.end("The relay's answer makes no sense.")
        if not self._deadline:  # something whole has come: the next answer has its own time
            self._deadline = self._loop.time() + self._answer_seconds
        if self._finished is not None:
            self._pipeline.go_on()
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        """Settle what is on its way by how far it had gone."""
        if not self.alive:
            return
        self.alive = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for _, about in self.due:
            if isinstance(about, asyncio.Future) and not about.done():
                about.set_exception(Lost(self._why))
        self._pipeline.lost(self._why)
        self.finished()

    def _watch(self) -> None:
        """From now, an answer is due in time; one timer a session sees to it."""
        self._deadline = self._loop.time() + self._answer_seconds
        if self._timer is None:
            self._timer = self._loop.call_at(self._deadline, self._look_at_the_clock)

    def _look_at_the_clock(self) -> None:
        self._timer = None
        if not self.alive or not (self.due or self._finished):
            return
        if self._loop.time() >= self._deadline:
            self.end(f"The relay did not answer in {self._answer_seconds:g} s.")
        else:
            self._timer = self._loop.call_at(self._deadline, self._look_at_the_clock)
