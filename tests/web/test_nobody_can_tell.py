"""Until both have shared, nothing that one partner can ask of us tells whether, when or what the other wrote."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opening import FORM, PRIVATE, SHARE, Couple
from sqlalchemy import event
from wire import calling

from engine.model.reply import ConsentPurpose
from engine.render.links import Purpose
from engine.store import couples_schema
from engine.web.app import create_app

DANGER = "I want to kill myself"
ACTS: dict[str, Callable[[Couple], object]] = {
    "look": lambda it: it.get(it.path("Ben")),
    "draft": lambda it: it.post(it.path("Ben") + "/draft", {"draft": "hm"}),
    "private": lambda it: it.answer("Ben", "For me", **PRIVATE),
    "share": lambda it: it.answer("Ben", "For both", **SHARE),
    "danger": lambda it: it.answer("Ben", DANGER, **SHARE),
    "delete": lambda it: it.post(it.path("Ben") + "/delete"),
    "pulse": lambda it: it.post(it.path("Ben", "pulse", "close"), {"n": "2"}),
    "did": lambda it: it.post(it.path("Ben", "n") + "/did"),
    "smaller": lambda it: it.post(it.path("Ben", "n", "date") + "/smaller"),
    "never": lambda it: it.post(it.path("Ben", "n", "date") + "/never", {"sure": "yes"}),
    "later": lambda it: it.post(it.path("Ben", "n") + "/later"),
    "together": lambda it: it.agree("Ben", purpose=ConsentPurpose.PULSE),
    "pause": lambda it: it.world.alter("Ben", paused_until=it.world.clock.now()),
}
"""What Ben may do."""
OWN = {"nothing": None, "draft": "draft", "private": PRIVATE, "share": SHARE}
"""What Ana has done before."""


def everything(couple: Couple) -> list[tuple[int, object, bytes]]:
    """All that Ana can see: every page of every message of hers, as status, headers and bytes."""
    paths = [
        couple.path("Ana", page, key) for page in ("a", "n", "pulse") for key in ("talk", "alone", "date", "close")
    ]
    paths.append(f"/calendar/{couple.token('Ana', purpose=Purpose.CALENDAR)}.ics")
    answers = [couple.get(path) for path in paths]
    # What her own acts are answered, done again.
    answers += [
        couple.post(couple.path("Ana") + "/draft", {"draft": "again"}),
        couple.post(couple.path("Ana"), {"answer": "", **PRIVATE}),
        couple.post(couple.path("Ana", "n") + "/did"),
    ]
    return [(each.status_code, sorted(each.headers.items()), each.content) for each in answers]


def prepared(own: str) -> Couple:
    couple = Couple()
    couple.agree()
    if own == "draft":
        couple.post(couple.path("Ana") + "/draft", {"draft": "again"})
    elif own != "nothing":
        couple.answer("Ana", "Mine", share=own)
        couple.post(couple.path("Ana") + "/draft", {"draft": "again"})
    couple.post(couple.path("Ana", "n") + "/did")
    couple.post(couple.path("Ana", "pulse", "close"), {"n": "4"})
    return couple


@settings(max_examples=settings.default.max_examples // 5)
@given(st.sampled_from(sorted(OWN)), st.lists(st.sampled_from(sorted(ACTS)), min_size=1, max_size=6))
def test_whatever_the_other_does_short_of_a_reveal_every_byte_stays_as_it_was(own: str, acts: list[str]) -> None:
    couple = prepared(own)
    everything(couple)  # her own acts have been answered once
    before = everything(couple)
    for act in acts:
        ACTS[act](couple)
        if couple.world.rows(couples_schema.reveals):
            return  # both have shared: both see it
        assert everything(couple) == before


@pytest.mark.parametrize("own", sorted(OWN))
@pytest.mark.parametrize("act", ["private", "draft", "danger"])
def test_the_same_statements_run_whatever_the_other_did(own: str, act: str) -> None:
    """How long a page takes is no way to find out either."""

    def statements(couple: Couple) -> list[str]:
        ran: list[str] = []

        def note(*given: object) -> None:
            ran.append(str(given[2]))

        event.listen(couple.world.database.engine, "before_cursor_execute", note)
        everything(couple)
        event.remove(couple.world.database.engine, "before_cursor_execute", note)
        return ran

    couple = prepared(own)
    everything(couple)
    before = statements(couple)
    ACTS[act](couple)
    assert statements(couple) == before


ROUNDS = 6


def test_two_who_share_at_the_same_moment_see_one_reveal_and_are_told_once_each(tmp_path: Path) -> None:
    """Each posts again and again, to a process' worth of app of their own, on one database."""
    couple = Couple(tmp_path / "r.sqlite3")
    couple.agree()
    paths = {name: couple.path(name) for name in ("Ana", "Ben")}
    apps = {name: create_app(couple.world.another_engine()) for name in paths}
    gate = threading.Barrier(2)
    statuses: list[int] = []

    def post(name: str) -> None:
        async def at_once(client: httpx.AsyncClient) -> list[httpx.Response]:
            fields = {"answer": f"{name} says", **SHARE}
            return await asyncio.gather(*(client.post(paths[name], data=fields, headers=FORM) for _ in range(ROUNDS)))

        gate.wait()
        statuses.extend(answer.status_code for answer in calling(apps[name], at_once))

    threads = [threading.Thread(target=post, args=(name,)) for name in apps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert statuses == [200] * 2 * ROUNDS
    assert len(couple.world.rows(couples_schema.reveals)) == 1
    assert sorted(row.partner_id for row in couple.world.rows() if row.step == "revealed") == [1, 2]
    for name, other in (("Ana", "Ben"), ("Ben", "Ana")):
        assert f"{other} says" in couple.get(paths[name]).text
