"""Two people, two wills: whatever one of them does, nothing that the other can see tells of it until both have shared.

The same weeks are lived twice with Ana doing the same: once beside a Ben who does this, once beside one who does
something else. All that reaches her is compared: pages, their status and headers, every message, how many there are.
"""

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection
from wire import calling
from world import VAULT, World, person, talk

from engine.hear import answers as answering
from engine.hear import feedback, pulses
from engine.model.campaign import Channel, StepPurpose
from engine.model.reply import Feedback
from engine.render.links import Purpose
from engine.store import answers, erasing, leaving, pausing, questions, schema, stops
from engine.store.metadata import metadata
from engine.transport.base import EmailMessage, SmsMessage
from engine.web.app import create_app

CANARY = "quetzalcoatlus"
MOMENTS = ("2026-03-03T09:00", "2026-03-05T09:00", "2026-03-10T09:00", "2026-03-12T09:00", "2026-03-17T09:00")
TOKEN = re.compile(r"[A-Za-z0-9_-]{32,}|\d+\.[0-9a-f]{32}")
PAGES = ("a", "n", "pulse")

ask = talk("ask", weeks=(1, 2), activity="a1", draw=None)
pulse = talk("pulse", weeks=(1, 2), days=(3,), purpose=StepPurpose.PULSE, template="pulse", draw=None)

Act = Callable[[Connection, World, int, Any, Any], object]
"""Done in a transaction, by Ben, about his latest question and his latest pulse (either may be missing)."""


def _give(text: str, *, share: bool) -> Act:
    def act(connection: Connection, world: World, ben: int, question: Any, _: Any) -> None:
        if question is not None:
            answering.give(
                connection, world.engine.means, question, text, share=share, source="page", now=world.clock.now()
            )

    return act


def _say(verdict: Feedback) -> Act:
    def act(connection: Connection, world: World, ben: int, question: Any, _: Any) -> None:
        if question is not None:
            feedback.give(connection, world.engine.means, question, verdict, world.clock.now())

    return act


def _draft(connection: Connection, world: World, ben: int, question: Any, _: Any) -> None:
    if question is not None:
        answers.draft(connection, VAULT, question, f"{CANARY} hm")


def _delete(connection: Connection, world: World, ben: int, question: Any, _: Any) -> None:
    if question is not None:
        answers.remove(connection, question)


def _rate(connection: Connection, world: World, ben: int, _: Any, asked: Any) -> None:
    if asked is not None:
        pulses.rate(connection, world.engine.means, asked, 1, world.clock.now())


ACTS: Mapping[str, Act] = {
    "private": _give(f"{CANARY} mine", share=False),
    "danger": _give(f"{CANARY} she hits me and I am afraid of her", share=True),
    "draft": _draft,
    "delete": _delete,
    "rate": _rate,
    "did": _say(Feedback.DID),
    "smaller": _say(Feedback.SMALLER),
    "never": _say(Feedback.NOT_FOR_US),
    "pause": lambda connection, world, ben, question, pulse: pausing.pause_partner(connection, ben, None),
    "resume": lambda connection, world, ben, question, pulse: pausing.resume_partner(connection, ben),
    "unsubscribe": lambda connection, world, ben, question, pulse: stops.unsubscribe(
        connection, ben, Channel.EMAIL, "page", world.clock.now()
    ),
    "leave": lambda connection, world, ben, question, pulse: leaving.leave(connection, ben, world.clock.now()),
    "erase": lambda connection, world, ben, question, pulse: erasing.erase(
        connection, world.engine.vault, ben, world.clock.now()
    ),
}
SHARED = {"share": _give(f"{CANARY} ours", share=True)}


def test_ben_can_do_every_one_of_these_things() -> None:
    """An act that fails would compare nothing."""
    for name, act in {**ACTS, **SHARED}.items():
        world = lived_until(MOMENTS[1])
        before = everything(world)
        do(world, act)
        assert everything(world) != before or name in ("delete", "resume"), name


def everything(world: World) -> str:
    return repr([world.rows(table) for table in metadata.sorted_tables])


def lived_until(moment: str, **given: Any) -> World:
    world = World(ask, pulse, weeks=3, **given)
    world.join("a-b", person("Ana"), person("Ben"))
    for name in ("Ana", "Ben"):
        world.alter(name, answers_consent=True)
    world.enroll()
    for each in MOMENTS[: MOMENTS.index(moment) + 1]:
        world.go_to(each)
    return world


def latest(world: World, name: str, step: str) -> Any:
    partner = next((row.id for row in world.rows(schema.partners) if row.given_name == name), None)
    mine = [row.id for row in world.rows() if row.partner_id == partner and row.step == step and row.status == "sent"]
    with world.database.read() as connection:
        return questions.find(connection, mine[-1]) if mine else None


def what_ana_sees(hers: str, his: list[list[str]], also: Mapping[str, Act] = ACTS) -> Iterator[Any]:
    """All that reaches Ana, moment by moment; `hers` is what she does with each question."""
    world = lived_until(MOMENTS[0])
    app = create_app(world.engine)
    for place, moment in enumerate(MOMENTS):
        world.go_to(moment)
        for name in his[place] if place < len(his) else ():
            do(world, also[name])
        mine, rated = latest(world, "Ana", "ask"), latest(world, "Ana", "pulse")
        with world.database.begin() as connection:
            if hers != "nothing" and mine is not None:
                answering.give(
                    connection, world.engine.means, mine, "The mornings.", share=hers == "share", source="page",
                    now=world.clock.now(),
                )  # fmt: skip
            if rated is not None:
                pulses.rate(connection, world.engine.means, rated, 4, world.clock.now())
        world.fast_forward(minutes=30)
        yield moment, pages(world, app)
        yield moment, messages(world)


def do(world: World, act: Act) -> None:
    """Ben does it, if he is still here."""
    him = [row.id for row in world.rows(schema.partners) if row.given_name == "Ben"]
    asked = latest(world, "Ben", "ask"), latest(world, "Ben", "pulse")
    if him:
        with world.database.begin() as connection:
            act(connection, world, *him, *asked)


def pages(world: World, app: Any) -> list[tuple[int, list[tuple[str, str]], str]]:
    links, today = world.engine.links, world.clock.now().date()
    (ana,) = [row for row in world.rows(schema.partners) if row.given_name == "Ana"]
    own = [row.id for row in world.rows() if row.partner_id == ana.id and row.status == "sent"]
    paths = [f"/{page}/{links.sign(Purpose.MESSAGE, row, ana.epoch, today)}" for row in own for page in PAGES]
    paths.append(f"/p/{links.sign(Purpose.PREFERENCES, ana.id, ana.epoch, today)}")

    async def look(client: httpx.AsyncClient) -> list[httpx.Response]:
        return [await client.get(path) for path in paths]

    return [
        (answer.status_code, sorted(answer.headers.items()), TOKEN.sub("T", answer.text))
        for answer in calling(app, look)
    ]


def messages(world: World) -> list[str]:
    told = []
    for message in world.inbox.messages:
        if message.to != "ana@example.com":
            continue
        assert isinstance(message, EmailMessage | SmsMessage)
        whole = (
            f"{message.subject}\n{message.text}\n{message.html}\n{message.headers}"
            if isinstance(message, EmailMessage)
            else message.body
        )
        told.append(TOKEN.sub("T", whole))
    return told


HERS = st.sampled_from(["nothing", "private", "share"])
HIS = st.lists(st.lists(st.sampled_from(sorted(ACTS)), max_size=3), max_size=len(MOMENTS))


@cache
def alone_with(hers: str) -> list[Any]:
    """What she sees beside a Ben who does nothing at all."""
    return list(what_ana_sees(hers, []))


@settings(max_examples=settings.default.max_examples // 2)
@given(HERS, HIS)
def test_whatever_ben_does_ana_sees_what_she_would_have_seen(hers: str, his: list[list[str]]) -> None:
    """Beside a Ben who does nothing at all."""
    for beside_him, alone in zip(what_ana_sees(hers, his), alone_with(hers), strict=True):
        assert beside_him == alone
        assert CANARY not in repr(beside_him)


@settings(max_examples=settings.default.max_examples // 5)
@given(st.sampled_from(["nothing", "private"]), HIS)
def test_nor_does_she_see_what_ben_shares_as_long_as_she_does_not(hers: str, his: list[list[str]]) -> None:
    sharing = [[*acts, "share"] for acts in (*his, [], [])][: len(MOMENTS)]
    both = {**ACTS, **SHARED}
    for beside_him, alone in zip(what_ana_sees(hers, sharing, both), alone_with(hers), strict=True):
        assert beside_him == alone


def test_every_page_of_hers_is_there_to_be_compared() -> None:
    seen = [pages for _, pages in what_ana_sees("private", [])][::2]
    assert {status for each in seen for status, _, _ in each} == {200}


def test_once_both_have_shared_she_sees_it() -> None:
    """Or else the tests above would prove nothing."""
    seen = [each for _, each in what_ana_sees("share", [["share"]], {**ACTS, **SHARED})]
    assert f"{CANARY} ours" in repr(seen)


def test_no_log_line_holds_a_word_of_theirs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    both = {**ACTS, **SHARED}
    for name in ("private", "danger", "draft", "share"):
        for _ in what_ana_sees("share", [[name], [name]], both):
            pass
    logged = [record.getMessage() for record in caplog.records if not record.name.startswith("asyncio")]
    assert not [line for line in logged if CANARY in line or "mornings" in line or "example.com" in line]
