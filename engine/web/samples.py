"""Couples' pages as files, just as they would be served: for a gallery, and for whoever wants to see them."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI
from starlette.types import Message, Scope

from engine.app import Engine
from engine.render.links import Purpose
from engine.render.sandbox import environment
from engine.report.examples import Example, examples
from engine.shipped import shipped
from engine.web.app import create_app

FOLDER = "pages"


def write_pages(engine: Engine, out: Path, campaign: str) -> Path:
    """Write `out/pages/index.html` and the pages it shows, by what has happened by now; the path of the index.

    Nothing is changed: each is what a GET is answered with.
    """
    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    app = create_app(engine)
    open_questions = {each.id for each in engine.library.activities.values() if each.text("en").question}
    with engine.database.read() as connection:
        found = examples(connection, open_questions)
    shown = []
    for file, title, path in _paths(engine, found, campaign):
        (folder / f"{file}.html").write_text(asyncio.run(_get(app, path)), encoding="utf-8")
        shown.append({"file": f"{file}.html", "title": title})
    sandbox = environment([shipped("templates") / "web" / "gallery"], html=True)
    index = folder / "index.html"
    index.write_text(sandbox.rendered(sandbox.compiled("pages.html"), {"title": "The pages", "pages": shown}))
    return index


def _paths(engine: Engine, found: dict[str, Example], campaign: str) -> list[tuple[str, str, str]]:
    """(file, title, path) of each page that there is something to show on."""
    today = engine.clock.now().date()

    def of(kind: str, page: str, purpose: Purpose = Purpose.MESSAGE) -> str:
        about = found[kind]
        row = about.partner_id if purpose is Purpose.PREFERENCES else about.delivery_id
        return f"/{page}/{engine.links.sign(purpose, row, about.epoch, today)}"

    wanted: list[tuple[str, str, Callable[[], str]]] = [
        ("join", "Signing up", lambda: f"/join/{campaign}"),
        ("join-es", "The same in Spanish", lambda: f"/join/{campaign}?lang=es"),
        ("answer", "Answering, for oneself or for both", lambda: of("question", "a")),
        ("revealed", "Both have shared their answers", lambda: of("revealed", "a")),
        ("pulse", "How close the weeks felt", lambda: of("pulse", "pulse")),
        ("activity", "What became of it", lambda: of("activity", "n")),
        ("answer-es", "A question in Spanish", lambda: of("spanish", "a")),
        ("own", "One's own part", lambda: of("activity", "p", Purpose.PREFERENCES)),
    ]
    paths = []
    for file, title, path in wanted:
        try:
            paths.append((file, title, path()))
        except KeyError:  # nothing like it has happened
            continue
    return paths


async def _get(app: FastAPI, path: str) -> str:
    """What a GET is answered with; AssertionError for anything but a page."""
    where, _, query = path.partition("?")
    status = 0
    pieces: list[bytes] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            pieces.append(message.get("body", b""))

    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": where,
        "raw_path": where.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 443),
    }
    await app(scope, receive, send)
    if status != 200:
        raise AssertionError(f"{where.split('/')[1]} answered {status}")
    return b"".join(pieces).decode()
