"""Answers with pages: in the reader's language, with a policy that allows what is in the page and nothing else."""

import asyncio
import logging
import re
from collections.abc import Mapping
from math import ceil

from fastapi import FastAPI, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException

from engine.app import Engine
from engine.model.locale import places
from engine.model.strategy import DEFAULT_LOCALE
from engine.parts import sender_of, template_folders
from engine.render.pages import Page, Pages
from engine.web.forms import LONGEST, Form, FormRefused, read_form
from engine.web.guard import MISTAKE, policy

log = logging.getLogger(__name__)

BUSY = "It is too much at the moment; try again later."

_WANTED = re.compile(r"([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\s*(?:;\s*q=([01](?:\.\d{0,3})?))?")
_MOST_WANTED = 20


class Screen:
    """What the routes of pages answer with; one for the whole app. `no-store` and `noindex` are the guard's part."""

    def __init__(self, engine: Engine) -> None:
        self._site = engine.settings.public_url
        self._pages = Pages(template_folders(engine.settings), sender_of(engine.settings))
        self._sorries: dict[tuple[int, str, int], Page] = {}

    @property
    def languages(self) -> frozenset[str]:
        """The languages that pages speak."""
        return self._pages.languages

    async def show(
        self,
        page: str,
        locale: str | None,
        /,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **variables: object,
    ) -> Response:
        """`web/PAGE.html` for a reader of `locale` (English for None), with these variables.

        It is written in a thread, and answers a HEAD as it does a GET.
        """
        return await asyncio.to_thread(self._write, page, locale, status, headers or {}, variables)

    async def problem(
        self, status: int, locale: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Response:
        """A page that says what went wrong and what to do; its words are [problem.STATUS]."""
        return await self.show("problem", locale, status=status, headers=headers, problem=status, wait=_wait(headers))

    async def form(self, request: Request, most: int = LONGEST, *, from_anywhere: bool = False) -> Form:
        """What was posted to this site: see forms.read_form. What is refused becomes a page by itself."""
        return await read_form(request, self._site, most, from_anywhere=from_anywhere)

    def locale(self, request: Request) -> str:
        """What the reader speaks: what the route put into `request.state.locale`, else what the browser asks for."""
        known: str | None = getattr(request.state, "locale", None)
        return known or self._asked(request.headers.get("accept-language", ""))

    def catch(self, app: FastAPI) -> None:
        """Show a page wherever reading a form was refused, and to browsers for whatever else there is not."""

        @app.exception_handler(FormRefused)
        async def refused(request: Request, error: FormRefused) -> Response:
            return await self.problem(error.status, self.locale(request), error.headers)

        @app.exception_handler(HTTPException)
        async def failed(request: Request, error: HTTPException) -> Response:
            if not _wants_page(request):
                return await http_exception_handler(request, error)
            return await self.problem(error.status_code, self.locale(request), error.headers)

    async def sorry(self, request: Request, status: int, seconds: int) -> Response:
        """Our mistake (500) or that it is too much (429, 503; come again after so many seconds), said with a page to a
        browser and in JSON to anybody else. A page is written once: there may be many to tell, and no thread free.
        """
        headers = {"Retry-After": str(seconds)} if seconds else {}
        if _wants_page(request):
            try:
                return self._kept(status, self.locale(request), headers)
            except Exception as error:  # such as a page that cannot be rendered, which may be the mistake itself
                log.error("The page about a mistake failed with %s.", type(error).__name__)
        return JSONResponse({"detail": MISTAKE if status == 500 else BUSY}, status, headers)

    def _kept(self, status: int, locale: str, headers: Mapping[str, str]) -> Response:
        language = next((place for place in places(locale) if place in self.languages), DEFAULT_LOCALE)
        key = status, language, _wait(headers)
        if key not in self._sorries:
            self._sorries[key] = self._pages.write("problem", language, problem=status, wait=key[2])
        return _shown(self._sorries[key], status, headers)

    def _write(
        self, page: str, locale: str | None, status: int, headers: Mapping[str, str], variables: dict[str, object]
    ) -> Response:
        return _shown(self._pages.write(page, locale or DEFAULT_LOCALE, **variables), status, headers)

    def _asked(self, header: str) -> str:
        """The first of an Accept-Language that pages speak; English when they speak none (RFC 9110, 12.5.4)."""
        wanted = [found for part in header.split(",")[:_MOST_WANTED] if (found := _WANTED.fullmatch(part.strip()))]
        for each in sorted(wanted, key=lambda found: -float(found[2] or 1)):
            if float(each[2] or 1) > 0 and any(place in self._pages.languages for place in places(each[1])):
                return each[1]
        return DEFAULT_LOCALE


def _shown(made: Page, status: int, headers: Mapping[str, str]) -> Response:
    return HTMLResponse(made.html, status, {**headers, "Content-Security-Policy": policy(made.styles, made.scripts)})


def _wait(headers: Mapping[str, str] | None) -> int:
    """In how many minutes to try again: those of Retry-After, which a page is written once for, so an hour at most."""
    seconds = (headers or {}).get("Retry-After", "")
    return min(60, max(1, ceil(int(seconds) / 60))) if seconds.isdecimal() else 1


def _wants_page(request: Request) -> bool:
    """Browsers ask for HTML by name; providers do not."""
    return "text/html" in request.headers.get("accept", "")
