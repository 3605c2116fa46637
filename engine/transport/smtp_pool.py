"""Spreads a batch over a few kept sessions: a task for each session, none for a message.

Sessions take from one feed, so that a quick one does more. One that ends is replaced as long as it was of use; when no
session can be had, what is left comes to the reason why.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence

from engine.transport import lease
from engine.transport.base import Accepted, ConnectionFailed, EmailMessage, Message, Outcome
from engine.transport.smtp_connection import Session
from engine.transport.smtp_opening import NotOpen, Relay, open_session

MESSAGES_FOR_ANOTHER = 4
"""A further session is worth opening from so many messages a session."""
IDLE_SECONDS = 60.0
"""A session is not used again after so long: relays, and NATs on the way, forget it without a word."""
GOODBYE_SECONDS = 2.0


class Batch:
    """The messages of one hand-over: who is next, and what became of each."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.outcomes: list[Outcome | None] = [None] * len(messages)
        self.left_because: Outcome = ConnectionFailed("No session with the relay.")
        self._messages = messages
        self._waiting = deque(range(len(messages)))
        self._given_back: set[int] = set()
        self._receipts: set[str] = set()
        self._still_ours = lease.question()

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self) -> tuple[int, Message] | None:
        """The next message, with its number; none any more once others may have taken over what is left."""
        if self._waiting and not self._still_ours():
            self._waiting.clear()
            self.left_because = lease.OVERTAKEN
        if not self._waiting:
            return None
        number = self._waiting.popleft()
        return number, self._messages[number]

    def give_back(self, number: int) -> bool:
        """Put a message first in line again; only once each."""
        if number in self._given_back:
            return False
        self._given_back.add(number)
        self._waiting.appendleft(number)
        return True

    def accepted(self, number: int, queue_id: str) -> None:
        """The relay's own id for it is the receipt; its Message-ID, where that is missing or not its alone."""
        message = self._messages[number]
        if (not queue_id or queue_id in self._receipts) and isinstance(message, EmailMessage):
            queue_id = message.message_id
        self._receipts.add(queue_id)
        self.outcomes[number] = Accepted(queue_id)

    def settle(self, number: int, outcome: Outcome) -> None:
        """What became of a message that was not accepted."""
        self.outcomes[number] = outcome

    def all_outcomes(self) -> list[Outcome]:
        """One for each message; those nobody could take come to `left_because`."""
        return [outcome or self.left_because for outcome in self.outcomes]


class Pool:
    """At most `connections` sessions at a time, whoever sends. Bound to one event loop."""

    def __init__(self, relay: Relay, connections: int) -> None:
        self.loop = asyncio.get_running_loop()
        self._relay = relay
        self._connections = connections
        self._free = asyncio.Semaphore(connections)
        self._idle: list[Session] = []
        self._guard = self._until_the_loop_ends()
        self._guarded = False

    async def send(self, batch: Batch) -> None:
        """Settle every message of `batch` but those that no session could be had for."""
        if not self._guarded:
            self._guarded = True
            await anext(self._guard)
        sessions = min(self._connections, -(-len(batch) // MESSAGES_FOR_ANOTHER))
        if sessions == 1:
            return await self._work(batch)
        async with asyncio.TaskGroup() as workers:
            for _ in range(sessions):
                workers.create_task(self._work(batch))
        return None

    async def _work(self, batch: Batch) -> None:
        async with self._free:
            while len(batch):
                kept = self._kept()
                try:
                    session = kept or await open_session(self._relay)
                except NotOpen as failed:
                    batch.left_because = failed.outcome
                    return
                await session.run(batch)
                if session.reusable:
                    self._idle.append(session)
                    return
                await session.quit(GOODBYE_SECONDS)
                if session.answered == 0 and kept is None:
                    batch.left_because = session.ended_as
                    return

    def _kept(self) -> Session | None:
        """A session that lies idle, the one used last; those that died or lay too long are let go."""
        while self._idle:
            session = self._idle.pop()
            if session.reusable and self.loop.time() - session.idle_since < IDLE_SECONDS:
                return session
            session.end("It lay idle too long.")
        return None

    async def aclose(self) -> None:
        """Say good-bye to all idle sessions at once."""
        idle, self._idle = self._idle, []
        await asyncio.gather(*(session.quit(GOODBYE_SECONDS) for session in idle))

    async def _until_the_loop_ends(self) -> AsyncGenerator[None, None]:
        """Closes what is idle when the loop shuts its generators down, in case nobody called `aclose`."""
        try:
            yield
        finally:
            for session in self._idle:
                session.end("The event loop ended.")
