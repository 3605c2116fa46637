"""Reads a request's body within bounds of size, time and memory, whatever its Content-Length says."""

import asyncio
from types import TracebackType

from fastapi import HTTPException, Request

SECONDS = 30.0
"""The longest that a body may take to arrive; Twilio itself gives up after 15 (its webhooks' connection settings)."""

SMALL = 64_000
"""A body of so many bytes is read at once. Whoever sends more waits for room, within SECONDS; texts never do."""
MOST_LARGE = 8
"""So many large bodies are held at a time: nothing of a body is believed before all of it has been read."""


class Room:
    """Room for one body: a large one has one of a few places until the block ends."""

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places = places
        self._taken = False

    async def take(self) -> None:
        if not self._taken:
            await self._places.acquire()
            self._taken = True

    def __enter__(self) -> "Room":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._taken:
            self._places.release()


async def read_body(request: Request, most: int, seconds: float = SECONDS, room: Room | None = None) -> bytes:
    """The whole body, raw. 413 as soon as it is longer than `most` bytes, 408 when it does not end in time.

    Both close the connection: what is still to come of the body is not waited for. More than SMALL bytes take `room`.
    """
    pieces: list[bytes] = []
    left = most
    try:
        async with asyncio.timeout(seconds):
            async for piece in request.stream():
                left -= len(piece)
                if left < 0:
                    raise HTTPException(413, f"More than {most} bytes.", {"Connection": "close"})
                if room is not None and most - left > SMALL:
                    await room.take()
                pieces.append(piece)
    except TimeoutError:
        raise HTTPException(408, "The body did not end in time.", {"Connection": "close"}) from None
    return b"".join(pieces)
