"""Somebody was erased: what is left of them at providers, and in calls that name them, is found and deleted."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from rig_twilio import refusal, transport
from sqlalchemy import insert
from world import VAULT, World, person, phone, talk

from engine.errors import NotFound
from engine.hear import calls, clearing
from engine.hear.clearing import Cleared
from engine.model.campaign import Channel
from engine.model.job import Job
from engine.operating import Operator
from engine.store import jobs, leftovers, schema
from engine.store.notices import sealed_to
from engine.testing.http import Request, Response, staged
from engine.testing.situations import Situation
from engine.transport.memory import MemoryTransport
from engine.transport.outbox import OutboxTransport
from engine.transport.source import Hook

SID = "SM" + "0" * 31


class Provider(MemoryTransport):
    """Deletes nothing until it is told what to answer."""

    def __init__(self, *answers: bool | None) -> None:
        super().__init__()
        self.answers = list(answers)
        self.asked: list[str] = []

    async def forget(self, receipts: Sequence[str]) -> Sequence[bool | None]:
        self.asked += receipts
        return [self.answers.pop(0) if self.answers else True for _ in receipts]


def written_to(provider: MemoryTransport | None = None) -> World:
    """Ana and Ben had a message."""
    world = World(talk(), **({} if provider is None else {"transport": provider}))
    world.join("x", person("Ana"), person("Ben"))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    return world


def erase(world: World, position: int = 1) -> None:
    Operator(world.engine).erase("x", position)


def clear(world: World) -> Cleared:
    return asyncio.run(world.engine.clear_leftovers())


def number_left(world: World) -> int:
    with world.database.read() as connection:
        return leftovers.number(connection)


def called(
    world: World, body: bytes, status: str = "done", url: str = "https://x.example/webhooks/twilio/status"
) -> int:
    """A call that was stored; its id."""
    hook = Hook("status", url, {"content-type": "application/json"}, body, world.clock.now())
    values = {"source": "twilio", "kind": "status", "digest": calls.digest(VAULT, hook), "status": status}
    with world.database.begin() as connection:
        cipher = calls.sealed(VAULT, hook)
        stored = insert(schema.intake).values(received_at=world.clock.now(), cipher=cipher, **values)
        found: int = connection.execute(stored.returning(schema.intake.c.id)).scalar_one()
        return found


def test_a_providers_copies_are_deleted_of_the_one_who_was_erased_alone() -> None:
    world = written_to()
    assert len(world.inbox.messages) == 2
    erase(world)
    assert clear(world) == Cleared(copies=1, waiting=2)
    assert ["ben@example.com" in repr(each) or each.to for each in world.inbox.messages] == ["ben@example.com"]


def test_what_cannot_be_deleted_now_is_tried_again_and_given_up_after_a_month() -> None:
    provider = Provider(None, None)
    world = written_to(provider)
    erase(world)
    assert clear(world).copies == 0
    assert clear(world) == Cleared()
    world.clock.fast_forward(timedelta(hours=1))
    assert clear(world).copies == 0
    world.clock.fast_forward(timedelta(days=4))
    assert clear(world).copies == 1
    assert number_left(world) == 0
    provider.answers = [None] * 9
    erase(world, 2)
    clear(world)
    world.clock.fast_forward(timedelta(days=31))
    assert clear(world).copies == 0
    assert number_left(world) == 0


@pytest.mark.parametrize("gone", [False, "no such transport"])
def test_what_can_never_be_deleted_is_counted_and_not_asked_for_again(gone: object) -> None:
    world = written_to(Provider(False))
    erase(world)
    transports = world.engine.routes.transports if gone is False else {}
    done = asyncio.run(clearing.clear(world.database, VAULT, transports, world.clock.now()))
    assert (done.copies, done.impossible) == (0, 1)
    assert number_left(world) == 2  # the two addresses, for calls that are still coming


@pytest.mark.parametrize(
    "body",
    [
        b'[{"email": "ana@example.com", "event": "delivered"}]',
        b'[{"email": "Ana@Example.com"}]',
        urlencode({"From": phone("Ana"), "Body": "Yes"}).encode(),
        urlencode({"email": "ana@example.com"}).encode(),
    ],
    ids=["an event", "in other letters", "a text", "a form"],
)
def test_calls_that_hold_an_address_of_theirs_are_deleted_and_others_stay(body: bytes) -> None:
    world = written_to()
    called(world, body)
    kept = called(world, b'[{"email": "ben@example.com"}]')
    erase(world)
    assert clear(world).calls == 1
    assert [row.id for row in world.rows(schema.intake)] == [kept]


def test_a_call_that_nobody_has_reacted_to_yet_is_deleted_once_somebody_has() -> None:
    world = written_to()
    number = called(world, b"ana@example.com", "pending")
    erase(world)
    assert clear(world).calls == 0
    with world.database.begin() as connection:
        connection.execute(schema.intake.update().where(schema.intake.c.id == number).values(status="done"))
    world.clock.fast_forward(timedelta(hours=2))
    assert clear(world).calls == 1


def test_calls_of_a_phone_that_the_other_has_too_stay() -> None:
    world = World(talk())
    world.join("x", *(person(name, phone=phone("X"), channel=Channel.SMS) for name in ("Ana", "Ben")))
    called(world, urlencode({"From": phone("X")}).encode())
    erase(world)
    assert clear(world).calls == 0
    assert len(world.rows(schema.intake)) == 1


def test_what_a_leftover_is_known_by_is_sealed() -> None:
    world = written_to()
    erase(world)
    stored = b"".join(bytes(row.cipher) for row in world.rows(leftovers.leftovers))
    assert b"ana@" not in stored
    assert b"memory-1" not in stored


def test_a_message_of_the_others_that_went_to_their_address_holds_it_no_more() -> None:
    """Ben had once invited Ana at her address."""
    world = written_to()
    to = sealed_to(VAULT, Channel.EMAIL, "ana@example.com")
    with world.database.begin() as connection:
        given = {"to_cipher": to.cipher, "to_index": to.index}
        connection.execute(schema.deliveries.update().where(schema.deliveries.c.partner_id == 2).values(**given))
    erase(world)
    (row,) = world.rows()
    assert VAULT.open(bytes(row.to_cipher), "partner.email") == "erased@erased.invalid"


@pytest.mark.store("postgresql")
def test_nothing_that_awaits_a_worker_names_anybody() -> None:
    """A job is a token of one of three kinds: there is nothing in it to erase."""
    world = written_to()
    with world.database.begin() as connection:
        connection.exec_driver_sql("INSERT INTO procrastinate_workers DEFAULT VALUES")
        for job in Job:
            jobs.defer(connection, job)
        found = connection.exec_driver_sql("SELECT task_name, args::text FROM procrastinate_jobs").all()
    assert len(found) == len(Job)
    assert {args for _, args in found} == {"{}"}


def test_who_is_not_there_is_not_erased() -> None:
    world = written_to()
    erase(world)
    with pytest.raises(NotFound, match="no partner 1"):
        erase(world)
    assert [row.position for row in world.rows(schema.partners)] == [2]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Response(204), True),
        (refusal(404, 20404), True),
        (refusal(409, 20009), None),
        (refusal(400, 20009), None),
        (refusal(401, 20003), None),
        (refusal(429, 20429), None),
        (refusal(500, 20500), None),
    ],
    ids=["deleted", "gone before", "on its way", "on its way, as 400", "bad key", "throttled", "error"],
)
def test_twilio_is_asked_to_delete_a_message_by_its_own_id(answer: Response, said: bool | None) -> None:
    asked: list[Request] = []

    def answering(request: Request) -> Response:
        asked.append(request)
        return answer

    async def run() -> Sequence[bool | None]:
        async with staged(Situation.ACCEPTED, {Situation.ACCEPTED: answering}) as http:
            twilio = transport(http)
            found = await twilio.forget([SID + "1", "operator"])
            await twilio.aclose()
            return found

    assert asyncio.run(run()) == [said, False]
    assert [(each.method, each.path.rpartition("/")[2]) for each in asked] == [("DELETE", f"{SID}1.json")]


def test_the_outbox_deletes_its_own_files_and_no_others(tmp_path: Path) -> None:
    folder = tmp_path / "outbox"
    folder.mkdir()
    for name in ("000007.eml", "000008.txt", "notes.txt"):
        (folder / name).write_text("x")
    (folder.parent / "000009.eml").write_text("x")
    outbox = OutboxTransport(folder)
    names = ["000007.eml", "000007.2.eml", "notes.txt", "../000009.eml"]
    assert asyncio.run(outbox.forget(names)) == [True, True, False, False]
    assert sorted(each.name for each in folder.iterdir()) == ["000008.txt", "notes.txt"]
    assert (folder.parent / "000009.eml").exists()
