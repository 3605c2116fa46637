"""`POST /webhooks/NAME/KIND`: what providers tell us. Verified, stored once, answered, then reacted to.

200, 204   stored; the same call again changes nothing
403        not signed by the provider, or not for this address; nothing is kept
404        no transport of this name here hears calls of this kind
408, 413   the body came too slowly, or is too long
500        our mistake; SendGrid tries again for a day, Twilio does not
503, 429   not stored: too much of it, or the database is busy, full or gone; Retry-After says when to come again

Storing comes before all else that this process writes: a call that was answered with 2xx is stored, whatever becomes of
the reaction to it.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from functools import partial
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from starlette.background import BackgroundTask

from engine.app import Engine
from engine.errors import StoreError, Unreadable
from engine.hear.intake import UnknownSource
from engine.model.action import Action, note
from engine.transport.source import Forged, Hook, NotOurs
from engine.web.body import MOST_LARGE, Room, read_body
from engine.web.turn import Turn

log = logging.getLogger(__name__)

LIMITS: Mapping[str, int] = {
    "status": 1_000_000,
    "inbound": 1_000_000,
    "events": 8_000_000,  # SendGrid posts batches
    "bounce": 1_000_000,
}
"""The kinds of calls there are, and the longest body of each, in bytes."""

INBOUND = "inbound"
ANSWER_SECONDS = 10.0
"""So long a text waits for the words that it is answered with, as Twilio gives up after 15. Then the reaction goes on,
and only its words are not sent."""

PARAMETERS: list[dict[str, Any]] = [
    {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}, "description": "The transport."},
    {"name": "kind", "in": "path", "required": True, "schema": {"enum": list(LIMITS)}},
]
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Stored; the body is what the provider is to say to whoever wrote."},
    204: {"description": "Stored."},
    403: {"description": "Not signed by the provider for this address."},
    404: {"description": "Nothing here hears such calls."},
    408: {"description": "The body did not end in time."},
    413: {"description": "The body is too long."},
    429: {"description": "Too many calls from one address at once; Retry-After says when to call again."},
    503: {"description": "Not stored; Retry-After says when to call again."},
}


class Webhooks:
    """The route. Calls are heard one at a time; what cannot be stored at once is tried again."""

    def __init__(self, engine: Engine, turn: Turn) -> None:
        self._engine = engine
        self._hearing = engine.hearing
        self._public = engine.settings.public_url.rstrip("/")
        self._turn = turn
        self._large = asyncio.Semaphore(MOST_LARGE)
        self._said: dict[tuple[str, str], int] = {}
        self._left: deque[int] = deque()  # stored and answered; whoever put the first one there sees to all of them
        self.router = APIRouter()
        self.router.add_api_route(
            "/webhooks/{name}/{kind}",
            self.receive,
            methods=["POST"],
            response_class=Response,
            responses=ANSWERS,
            openapi_extra={
                "parameters": PARAMETERS,
                "requestBody": {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}},
            },
        )

    async def receive(self, request: Request) -> Response:
        """Hear one call."""
        name, kind = request.path_params["name"], request.path_params["kind"]
        if kind not in LIMITS:
            raise HTTPException(404)
        try:
            with Room(self._large) as room:
                body = await read_body(request, LIMITS[kind], room=room)
                hook = Hook(kind, self._url(request), dict(request.headers), body, self._engine.clock.now())
                number = await self._turn.insist(partial(self._hearing.receive, name, hook), first=True)
        except (UnknownSource, NotOurs, Forged) as refusal:
            self._say_refused()
            raise HTTPException(403 if isinstance(refusal, Forged) else 404) from None
        if kind != INBOUND:
            return Response(status_code=204, background=BackgroundTask(self.react_later, number))
        answer = await self._answer(name, number)  # it may carry a text back to whoever wrote
        return Response(status_code=204) if answer is None else Response(answer.body, 200, media_type=answer.media_type)

    async def _answer(self, name: str, number: int) -> Any:
        """What to answer a stored text; nothing in words where the reaction is late or the database cannot be used: the
        call is kept, and reacted to by us or by the next tick.
        """
        reacting = asyncio.create_task(self.react(number))
        done, _ = await asyncio.wait({reacting}, timeout=ANSWER_SECONDS)
        if not done:
            reacting.add_done_callback(_say_failed)
            return self._hearing.silence(name)
        try:
            return reacting.result()
        except StoreError as error:
            if isinstance(error, Unreadable):
                raise
            _note_failed(error)
            return self._hearing.silence(name)

    async def react(self, number: int) -> Any:
        """React to a stored call in its turn; what its provider is answered."""
        return await self._turn.take(partial(self._hearing.react, number))

    async def react_later(self, number: int) -> None:
        """A failure here is kept with the stored call, where the next tick finds it; the provider has its answer.

        One at a time, so that a flood of events holds up a text that waits for its answer by one reaction at most.
        """
        self._left.append(number)
        if len(self._left) > 1:
            return
        try:
            while self._left:
                try:
                    await self.react(self._left[0])
                except Exception as error:
                    _note_failed(error)
                self._left.popleft()
        finally:
            self._left.clear()  # cancelled at the end of the process: the next tick finds them

    def _say_refused(self) -> None:
        """Log the first, second, fourth, eighth … of each kind: whoever calls in vain must not fill a disk."""
        for (name, why), number in list(self._hearing.refused.items()):
            if number & (number - 1) == 0 and self._said.get((name, why)) != number:
                self._said[name, why] = number
                facts = {"source": name, "why": why, "number": number}
                note(log, Action.WEBHOOK_REFUSED, "A call was refused.", logging.WARNING, **facts)

    def _url(self, request: Request) -> str:
        """The address that the provider signed: ours by the settings, path and query as they came over the wire."""
        path: bytes = request.scope.get("raw_path") or request.url.path.encode()
        query: bytes = request.scope["query_string"]
        wire = path.partition(b"?")[0] + (b"?" + query if query else b"")
        return self._public + wire.decode("latin-1")


def _say_failed(reacting: asyncio.Task[Any]) -> None:
    error = None if reacting.cancelled() else reacting.exception()
    if error is not None:
        _note_failed(error)


def _note_failed(error: BaseException) -> None:
    said = f"Reacting to a stored call failed with {type(error).__name__}."
    note(log, Action.REACT_FAILED, said, logging.ERROR, error=type(error).__name__)
