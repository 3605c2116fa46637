"""Reads a request's body within bounds of size and time, whatever its Content-Length says."""

import asyncio

from fastapi import HTTPException, Request

SECONDS = 30.0
"""The longest that a body may take to arrive; Twilio itself gives up after 15 (its webhooks' connection settings)."""


async def read_body(request: Request, most: int, seconds: float = SECONDS) -> bytes:
    """The whole body, raw. 413 as soon as it is longer than `most` bytes, 408 when it does not end in time.

    Both close the connection: what is still to come of the body is not waited for.
    """
    pieces: list[bytes] = []
    room = most
    try:
        async with asyncio.timeout(seconds):
            async for piece in request.stream():
                room -= len(piece)
                if room < 0:
                    raise HTTPException(413, f"More than {most} bytes.", {"Connection": "close"})
                pieces.append(piece)
    except TimeoutError:
        raise HTTPException(408, "The body did not end in time.", {"Connection": "close"}) from None
    return b"".join(pieces)
