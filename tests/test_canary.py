"""Unique words live a whole life in the engine, and are then looked for wherever somebody looks who may not read them.

Names, addresses, answers and texts come in by a file, the sign-up page, webhooks and pages; messages go out by each
transport, through failures of each kind. A table says, for each surface, which of these may be seen there.
"""

import asyncio
import io
import logging
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from joining import Visitor
from operating import HASH, PASSWORD, AtDesk
from shell import Shell
from sqlalchemy import select
from wire import Wire, call, signed, told
from world import at

from engine.app import Engine
from engine.clock import VirtualClock
from engine.deliver.messages import Letters
from engine.deliver.routes import Routes
from engine.hear.intake import Hearing
from engine.model.campaign import Channel
from engine.parts import load_vault
from engine.render.links import Purpose
from engine.report.report import report_on
from engine.run.logs import Style, logging_to
from engine.settings import load
from engine.store import couples_schema, schema
from engine.store.database import open_database
from engine.testing.situations import Situation
from engine.transport.base import EmailMessage, Message, Outcome, OutcomeUnknown, Transport
from engine.web.app import create_app

CANARIES: Mapping[str, str] = {
    "name": "quillonette",
    "other's name": "brackenwold",
    "newcomer's name": "thistledown",
    "address": "heronmail",
    "phone": "2025550187",
    "other's phone": "2025550188",
    "answer": "ottermarsh",
    "text": "saltwhistle",
    "danger": "kestrelgate",
}
NAMES = frozenset({"name", "other's name", "newcomer's name"})
SHEET = """couple,given_name,email,phone,timezone,channel
oak,Quillonette,quillon.heronmail@example.com,+12025550187,Europe/Lisbon,email
oak,Brackenwold,bracken.heronmail@example.com,+12025550188,Europe/Lisbon,sms
elm,Quillonette,heronmail-without-domain,+12025550187,Nowhere/AtAll,email
"""
TOKEN = "a-token-for-figures"
METRICS = f'\n[metrics]\ntoken = "{TOKEN}"\n'
WAYS = (
    ("sendgrid", Situation.ACCEPTED),
    ("smtp", Situation.ACCEPTED),
    ("sendgrid", Situation.BAD_MESSAGE),
    ("smtp", Situation.BAD_MESSAGE),
    ("sendgrid", Situation.SERVER_ERROR),
    ("smtp", Situation.RESET),
    ("sendgrid", Situation.BAD_KEY),
    ("smtp", Situation.BAD_RECIPIENT),
)
"""How messages fare, one time after the other; those by text at Twilio in the same situation."""


@dataclass
class Life:
    """A workspace in which all of it has happened; `logs` is what was logged, raw and as `rekindle run` writes it."""

    shell: Shell
    engine: Engine
    clock: VirtualClock
    logs: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)  # by commands
    messages: list[Message] = field(default_factory=list)

    def rows(self, table: Any = schema.deliveries) -> Any:
        with self.engine.database.read() as connection:
            return connection.execute(select(table)).all()


class Faulty(Wire):
    """Keeps messages, hears calls, and has bugs that quote people."""

    def parse(self, hook: Any) -> Any:
        if hook.body == b"bug":
            raise LookupError("told by quillon.heronmail@example.com: saltwhistle")
        return super().parse(hook)


class Raising(Wire):
    """Fails in a way that no transport should, with the message in what it says."""

    async def send(self, batch: Any) -> list[Outcome]:
        raise RuntimeError(f"cannot send to {[each.to for each in batch]}: quillonette")


def live(shell: Shell) -> Life:
    """The whole of it."""
    shell.run("init")
    (shell.folder / "couples.csv").write_text(SHEET, encoding="utf-8")
    settings = (shell.folder / "rekindle.toml").read_text(encoding="utf-8")
    operator = f'\n[operator]\npassword_hash = "{HASH}"\n'
    (shell.folder / "rekindle.toml").write_text(settings + operator + METRICS, encoding="utf-8")
    clock = VirtualClock(at("2026-03-01T09:00"))
    life = Life(shell, engine(shell, clock, Wire()), clock)
    life.said.append(shell.run("couples", "import", str(shell.folder / "couples.csv"), "--consent", "Yes.", code=1))
    life.said.append(shell.run("enroll", "eight-weeks", "--all", "--start", "2026-03-02"))
    written, raw = io.StringIO(), io.StringIO()
    handler = logging.StreamHandler(raw)
    logging.getLogger("engine").addHandler(handler)
    try:
        with logging_to(written, Style.JSON, clock):
            logging.getLogger().setLevel(logging.DEBUG)
            logging.getLogger("engine").setLevel(logging.DEBUG)
            for way, situation in WAYS:
                wake_up(life)
                asyncio.run(sent_by(life, way, situation))
            life.engine = engine(shell, clock, Raising())
            with life.engine.database.begin() as connection:
                connection.execute(schema.suppressions.delete())
            wake_up(life)
            asyncio.run(life.engine.tick())
            heard(life)
    finally:
        logging.getLogger("engine").removeHandler(handler)
        logging.getLogger("engine").setLevel(logging.NOTSET)
        logging.getLogger().setLevel(logging.WARNING)
    life.logs += [written.getvalue(), raw.getvalue()]
    return life


def engine(shell: Shell, clock: VirtualClock, transport: Transport, texts: Transport | None = None) -> Engine:
    settings = load(shell.folder)
    routes = Routes.of({Channel.EMAIL: transport, Channel.SMS: texts or transport})
    return Engine(settings, open_database(settings.resolved_database_url), load_vault(settings), clock, routes)


def wake_up(life: Life) -> None:
    """Let time pass until something falls due, with everybody's breakers closed again."""
    life.clock.fast_forward(timedelta(hours=3))
    wake = life.engine.next_wake(life.clock.now())
    assert wake is not None
    life.clock.move_to(wake)


async def sent_by(life: Life, way: str, situation: Situation) -> None:
    """One pass, with providers of this kind in this situation."""
    texting = situation if situation is not Situation.RESET else Situation.SERVER_ERROR
    mail, text = import_module(f"rig_{way}").RIG.stage(situation), import_module("rig_twilio").RIG.stage(texting)
    async with mail as post, text as twilio:
        made = engine(life.shell, life.clock, post.transport, twilio.transport)
        await made.tick()
        await made.look()
        await made.aclose()


def heard(life: Life) -> None:
    """What people say by text and on pages, and a newcomer; bugs of ours on the way."""
    wire = Faulty()
    life.engine = engine(life.shell, life.clock, wire)
    wake_up(life)
    asyncio.run(life.engine.tick())
    assert any(isinstance(each, EmailMessage) for each in wire.messages)
    visitor = Visitor(life)  # type: ignore[arg-type]
    with life.engine.database.begin() as connection:
        answering = {"answers_consent": True, "share_texts": True, "share_pulse": True}
        connection.execute(schema.partners.update().values(**answering))
    for number, words in (("187", "saltwhistle, what is this about?"), ("188", "He will kill me, kestrelgate.")):
        said = told({"key": words[:4], "sender": f"+12025550{number}", "text": words})
        path = "/webhooks/memory/inbound"
        call(visitor.app, "POST", path.replace("memory", wire.name), content=said, headers=good(wire, said))
    call(visitor.app, "POST", f"/webhooks/{wire.name}/inbound", content=b"bug", headers=good(wire, b"bug"))
    visitor.sign_up(name="Thistledown", email="thistle.heronmail@example.com")
    visitor.sign_up(name="Thistledown", email="not-an-heronmail")
    asyncio.run(life.engine.tick())
    number = next(row.id for row in life.rows() if row.partner_id == 1 and row.activity and row.status == "sent")
    page = "/a/" + life.engine.links.sign(Purpose.MESSAGE, number, 0, life.clock.now().date())
    visitor.get(page)
    visitor.post(page, answer="It was the ottermarsh evening.", share="private")
    life.messages += wire.messages


def good(wire: Wire, body: bytes) -> dict[str, str]:
    return signed(f"/webhooks/{wire.name}/inbound", body)


def the_logs(life: Life) -> str:
    return "\n".join(life.logs)


def the_metrics(life: Life) -> str:
    app, shown = create_app(life.engine), {"Authorization": f"Bearer {TOKEN}"}
    return "\n".join(call(app, "GET", path, headers=shown).text for path in ("/metrics", "/healthz", "/readyz"))


PAGES = ("", "/alerts", "/doubts", "/couples", "/campaigns", "/transports", "/suppressions", "/replies", "/audit")


def the_dashboard(life: Life) -> str:
    desk = AtDesk(life)  # type: ignore[arg-type]
    assert desk.sign_in(PASSWORD).status_code == 303
    found = "\n".join(desk.get(path).text for path in (*PAGES, "/couples/1", "/couples/2", "/alerts/1"))
    return re.sub(r"<style>.*?</style>", "", found, flags=re.DOTALL)


def the_urls(life: Life) -> str:
    """Every address of a page of ours: in messages, in pages, and where pages lead."""
    written = [
        f"{each.text}\n{each.html}\n{each.headers}" if isinstance(each, EmailMessage) else each.body
        for each in life.messages
    ]
    ours = re.findall(r"https://rekindle\.example\S*", "\n".join(written))
    shown = re.findall(r'(?:href|src|action)="([^"]*)"', the_dashboard(life))
    return "\n".join([*ours, *shown])


def the_file(life: Life) -> str:
    """The database as it is on the disk, and every text in it."""
    life.engine.database.close()
    file = life.shell.folder / "rekindle.sqlite3"
    with closing(sqlite3.connect(file)) as opened:
        return file.read_bytes().decode("latin-1") + "\n".join(opened.iterdump())


def the_commands(*commands: str) -> Callable[[Life], str]:
    def said(life: Life) -> str:
        return "\n".join([*life.said, *(ended(life.shell, each) for each in commands)])

    return said


def ended(shell: Shell, command: str) -> str:
    """What a command says, whether it finds problems or not."""
    try:
        return shell.run(*command.split())
    except AssertionError:
        return shell.run(*command.split(), code=1)


SURFACES: Mapping[str, tuple[Callable[[Life], str], frozenset[str]]] = {
    "logs": (the_logs, frozenset()),
    "metrics and health": (the_metrics, frozenset()),
    "dashboard": (the_dashboard, NAMES),
    "addresses of pages": (the_urls, frozenset()),
    "database file": (the_file, NAMES),
    "doctor, checks, audit, standing": (
        the_commands("doctor --offline", "db check --all", "audit list --json", "audit check", "paused", "keys list"),
        frozenset(),
    ),
    "report": (the_commands("report eight-weeks --json"), frozenset()),
    "lists for the operator": (
        the_commands(
            "couples list --json",
            "couples show oak --json",
            "schedule --json",
            "deliveries list --json",
            "suppressions list --json",
            "replies list --json",
            "alerts list --json",
            "transports list",
        ),
        NAMES,
    ),
}
"""What is looked at, and which canaries may be there."""


def seen(text: str, allowed: frozenset[str] = frozenset()) -> set[str]:
    """The canaries in a text that may not be there."""
    lower = text.lower()
    return {what for what, word in CANARIES.items() if what not in allowed and word in lower}


@pytest.fixture
def life(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Life]:
    found = live(Shell(tmp_path / "work", capsys, monkeypatch))
    yield found
    found.engine.database.close()


@pytest.mark.store("sqlite")
def test_no_surface_shows_what_it_should_not(life: Life) -> None:
    lived_through(life)
    for name, (look, allowed) in SURFACES.items():
        text = look(life)
        assert len(text) > 100, name
        assert seen(text, allowed) == set(), name


def lived_through(life: Life) -> None:
    """All that is looked for did come in, else finding nothing would say nothing."""
    kept = {row.read_as for row in life.rows(schema.replies)}
    assert "danger" in kept
    assert {row.status for row in life.rows()} >= {"sent", "failed", "in_doubt"}
    assert {row.given_name for row in life.rows(schema.partners)} >= {"Quillonette", "Brackenwold", "Thistledown"}
    assert [row.text_cipher is not None for row in life.rows(couples_schema.answers)] == [True]
    assert "LookupError" in the_logs(life)


def leaking_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sending says in the log to whom."""
    send = Wire.send

    async def telling(self: Wire, batch: Any) -> Any:
        logging.getLogger("engine.transport").debug("sending to %s", [each.to for each in batch])
        return await send(self, batch)

    monkeypatch.setattr(Wire, "send", telling)


def leaking_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page of a couple shows whole addresses."""
    monkeypatch.setattr("engine.report.operator_couples.masked_email", lambda address: address)


def leaking_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """A transport says in its outcome to whom it was."""

    async def telling(self: Wire, batch: Any) -> Any:
        return [OutcomeUnknown(f"no answer about {each.to}") for each in batch]

    monkeypatch.setattr(Raising, "send", telling)


def leaking_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A metric has what a bug said for a label."""

    def telling(self: Hearing, call_id: int, name: str, error: Exception) -> None:
        self.taken[name, str(error)] += 1

    monkeypatch.setattr(Hearing, "_failed", telling)


def leaking_link(monkeypatch: pytest.MonkeyPatch) -> None:
    """A link greets its reader by name."""
    links_of = Letters._links_of

    def telling(self: Letters, row: Any, *rest: Any) -> Any:
        links = links_of(self, row, *rest)
        return replace(links, unsubscribe=f"{links.unsubscribe}?for={row.given_name}")

    monkeypatch.setattr(Letters, "_links_of", telling)


def leaking_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report counts people, and names them."""

    def telling(connection: Any, *rest: Any, **named: Any) -> Any:
        names = connection.execute(select(schema.partners.c.given_name)).scalars()
        return replace(report_on(connection, *rest, **named), title=", ".join(names))

    monkeypatch.setattr("engine.report.report.report_on", telling)


def leaking_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that is read over a shoulder shows whole addresses."""
    monkeypatch.setattr("engine.console.couples._masked", lambda address: address)


@pytest.mark.store("sqlite")
@pytest.mark.parametrize(
    ("plant", "surface", "what"),
    [
        (leaking_log, "logs", "address"),
        (leaking_page, "dashboard", "address"),
        (leaking_row, "database file", "address"),
        (leaking_figure, "metrics and health", "text"),
        (leaking_link, "addresses of pages", "name"),
        (leaking_report, "report", "name"),
        (leaking_command, "lists for the operator", "address"),
    ],
    ids=lambda each: getattr(each, "__name__", each),
)
def test_a_leak_that_is_planted_is_seen(
    plant: Callable[[pytest.MonkeyPatch], None],
    surface: str,
    what: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(monkeypatch)
    found = live(Shell(tmp_path / "work", capsys, monkeypatch))
    look, allowed = SURFACES[surface]
    assert what in seen(look(found), allowed)
    found.engine.database.close()
