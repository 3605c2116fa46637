"""How the dashboard answers: a look or an act of somebody who may be here, in a thread, as a page of ours.

A look reads in one consistent view and changes nothing. An act is a form of ours, and goes back to a page once it is
done, so that no reload does it again; what it may not do is said on a page, with the mend.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from engine.app import Engine
from engine.errors import NotFound, RekindleError, StoreError
from engine.model.strategy import DEFAULT_LOCALE
from engine.operating import Operator
from engine.parts import sender_of, template_folders
from engine.render.pages import Pages
from engine.store import alerts, holds
from engine.store.database import Transaction
from engine.web.forms import Form, FormRefused, read_form
from engine.web.guard import AWAY_SECONDS, policy
from engine.web.operator.gate import Gate, Visit
from engine.web.turn import Turn

HOME = "/operator"
PAGE = 50
"""Rows on a page."""


@dataclass(frozen=True, slots=True)
class View:
    """A page to be shown: `operator/PAGE.html` and what it sees."""

    page: str
    variables: Mapping[str, object] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody who may be here asks for."""

    request: Request
    visit: Visit
    operator: Operator
    form: Form = field(default_factory=lambda: Form({}))

    def number(self, name: str) -> int | None:
        """A whole number of the path or the query; None when it is missing or none."""
        return _number(str(self.request.path_params.get(name) or self.request.query_params.get(name, "")))

    def given(self, name: str) -> int | None:
        """A whole number of the form; None when it is missing or none."""
        return _number(self.form.line(name))


Look = Callable[[Transaction, Asked], View | None]
"""None: there is no such thing."""
Act = Callable[[Asked], View | str]
"""A page, or the path of one under /operator to go to."""


class Board:
    """One for the app."""

    def __init__(self, engine: Engine, turn: Turn) -> None:
        self.engine = engine
        self.gate = Gate(engine)
        self.router = APIRouter(include_in_schema=False)
        self._turn = turn
        self._root = urlsplit(engine.settings.public_url).path.rstrip("/")
        self._pages = Pages(template_folders(engine.settings), sender_of(engine.settings), "operator")

    def look_at(self, path: str, look: Look) -> None:
        """`look` answers GET and HEAD at a path under /operator."""

        async def answer(request: Request) -> Response:
            return await asyncio.to_thread(partial(self._look, request, look))

        self.router.add_route(HOME + path, answer, methods=["GET", "HEAD"])

    def act_at(self, path: str, act: Act) -> None:
        """`act` answers a form that is posted to a path under /operator."""

        async def answer(request: Request) -> Response:
            try:
                form = await read_form(request, self.engine.settings.public_url)
            except FormRefused as refused:
                return self.stranger("refused", refused.status, what="This form was not sent by the dashboard.")
            visit = await asyncio.to_thread(self.visit, request)
            if visit is None:
                return self.turned_away(request)
            if not self.gate.may_act(visit, form.line("token")):
                return self.stranger("refused", 403, what="This form is too old, or not from the dashboard.")
            return await self._turn.take(partial(self._act, Asked(request, visit, self._operator(visit), form), act))

        self.router.add_route(HOME + path, answer, methods=["POST"])

    def visit(self, request: Request) -> Visit | None:
        """Whoever asks, if they may be here."""
        with self.engine.database.read() as connection:
            return self.gate.visit(request, connection)

    def go(self, path: str, status: int = 303) -> Response:
        """To another page of the dashboard."""
        return Response(status_code=status, headers={"Location": f"{self._root}{HOME}{path}"})

    def turned_away(self, request: Request) -> Response:
        """Who may not be here signs in first, where there is a password; where a proxy asks, it said no name."""
        if not self.gate.has_password:
            return self.stranger("refused", 403, what="The proxy in front did not say who you are.")
        return self.go("/sign-in") if request.method != "POST" else self.stranger("sign-in", 403, told="over")

    def stranger(self, page: str, status: int = 200, **variables: object) -> Response:
        """A page for who is not, or need not be, known."""
        return self._write(View(page, variables, status), {})

    def _operator(self, visit: Visit) -> Operator:
        return Operator(self.engine, visit.actor)

    def _look(self, request: Request, look: Look) -> Response:
        try:
            with self.engine.database.read() as connection:
                visit = self.gate.visit(request, connection)
                if visit is None:
                    return self.turned_away(request)
                view = look(connection, Asked(request, visit, self._operator(visit)))
                frame = self._frame(connection, visit, request)
        except StoreError as error:
            return self.stranger("refused", 503, what=str(error), fix=error.fix)
        return self._answered(view or _none(), frame, visit)

    def _act(self, asked: Asked, act: Act) -> Response:
        try:
            made = act(asked)
        except RekindleError as error:
            status = 404 if isinstance(error, NotFound) else 503 if isinstance(error, StoreError) else 409
            made = View("refused", {"what": str(error), "fix": error.fix}, status)
        if isinstance(made, str):
            response = self.go(made)
            self.gate.renew(response, asked.visit)
            return response
        with self.engine.database.read() as connection:
            frame = self._frame(connection, asked.visit, asked.request)
        return self._answered(made, frame, asked.visit)

    def _frame(self, connection: Transaction, visit: Visit, request: Request) -> dict[str, Any]:
        """What stands around every page: who is here, what waits most urgently, what is paused."""
        standing = holds.standing(connection)
        path = request.url.path
        return {
            "visit": visit,
            "alerts_waiting": alerts.waiting(connection),
            "holds": standing,
            "everything": next((each for each in standing if not each.name), None),
            "now": self.engine.clock.now(),
            "here": path.partition(HOME)[2].strip("/").partition("/")[0],
            "done": request.query_params.get("done", "") if request.method != "POST" else "",
        }

    def _answered(self, view: View, frame: Mapping[str, Any], visit: Visit) -> Response:
        response = self._write(view, frame)
        self.gate.renew(response, visit)
        return response

    def _write(self, view: View, frame: Mapping[str, Any]) -> Response:
        made = self._pages.write(view.page, DEFAULT_LOCALE, **{"home": self._root + HOME, **frame, **view.variables})
        headers = {"Content-Security-Policy": policy(made.styles, made.scripts)}
        if view.status == 503:
            headers["Retry-After"] = str(AWAY_SECONDS)
        return HTMLResponse(made.html, view.status, headers)


def _none() -> View:
    return View("refused", {"what": "There is no such thing here.", "fix": "It may have been erased."}, 404)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
