"""What is out of order is noticed once, told once by each way, and told again when it is over; across processes."""

import asyncio
import hmac
import json
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world import Answering, World, at, person

from engine.deliver.sentinel import Limits, Reading, decide, read
from engine.deliver.telling import MOST_TRIES, SIGNATURE, Addresses, Teller, signature
from engine.measures import parts
from engine.model.incident import Incident, IncidentKind
from engine.store import alerts, breakers, operating_schema, tallies
from engine.store.breakers import Breaker
from engine.store.standing import standing
from engine.testing.http import Request, Response, staged
from engine.testing.situations import Situation
from engine.transport.base import ConnectionFailed, OutcomeUnknown
from engine.transport.http import HttpClient

SECRET = "a secret of both"
TOLD = {"alerts": {"email": "op@nudge.test", "webhook": "https://hooks.test/x", "webhook_secret": SECRET}}
BY_EMAIL = {"alerts": {"email": "op@nudge.test"}}


def failing(world: World, failures: int = 5, minutes: int = 5, name: str = "smtp") -> None:
    """A transport fails."""
    with world.database.begin() as connection:
        breakers.trip(connection, name, Breaker(failures, world.clock.now() + timedelta(minutes=minutes), "No."))


def works(world: World, name: str = "smtp") -> None:
    with world.database.begin() as connection:
        breakers.reset(connection, name)


def incidents(world: World) -> list[tuple[str, str, bool]]:
    """(kind, about, over) of each."""
    return [(row.kind, row.about, row.ended_at is not None) for row in world.rows(operating_schema.incidents)]


def test_a_transport_that_fails_is_one_incident_until_it_works_again() -> None:
    world = World()
    failing(world)
    assert [each.about for each in world.engine.watch.look().began] == ["smtp"]
    assert world.another_engine().watch.look().began == ()
    world.clock.fast_forward(timedelta(minutes=6))  # it is being tried again
    assert world.engine.watch.look().ended == ()
    failing(world)
    assert world.engine.watch.look().began == ()
    works(world)
    assert [each.about for each in world.another_engine().watch.look().ended] == ["smtp"]
    assert world.engine.watch.look().ended == ()
    assert incidents(world) == [("breaker", "smtp", True)]


def test_a_provider_that_asks_to_slow_down_is_no_incident() -> None:
    world = World()
    failing(world, failures=0)
    assert world.engine.watch.look().began == ()


def test_what_is_due_and_does_not_leave_is_an_incident_with_its_number() -> None:
    world = World(transport=Answering(lambda message, attempt: ConnectionFailed("No.")))
    for number in range(3):
        world.join(f"c{number}", person(f"P{number}"))
    world.enroll()
    world.clock.move_to(at("2026-03-03T09:30"))
    assert world.engine.watch.look().began == ()  # half an hour is borne
    world.clock.fast_forward(timedelta(seconds=1))
    (began,) = world.engine.watch.look().began
    assert (began.kind, began.number) == (IncidentKind.QUEUE, 3)


def test_what_has_been_in_doubt_for_long_is_an_incident() -> None:
    world = World(transport=Answering(lambda message, attempt: OutcomeUnknown("No answer in time.")))
    world.join("rivera", person("Ana"))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    assert world.engine.watch.look().began == ()
    world.clock.fast_forward(timedelta(minutes=60))
    (began,) = world.engine.watch.look().began
    assert (began.kind, began.number) == (IncidentKind.DOUBT, 1)
    assert began.command == "rekindle deliveries list --status in_doubt"


@pytest.mark.parametrize(
    ("delivered", "sent", "complained", "wrong"),
    [(1000, 0, 1, False), (1000, 0, 2, True), (999, 0, 50, False), (0, 5000, 6, True), (5000, 5000, 5, False)],
)
def test_complaints_count_from_a_share_of_enough_delivered_emails(
    delivered: int, sent: int, complained: int, wrong: bool
) -> None:
    world = World()
    heard = {"delivered": delivered, "complained": complained}
    with world.database.begin() as connection:
        for days, kept in ((8, 90), (3, 1)):  # what was a week ago counts no more
            day = (world.clock.now() - timedelta(days=days)).date()
            counted = {("email", tallies.HEARD, kind): number * kept for kind, number in heard.items()}
            tallies.add(connection, day, {**counted, ("email", "sent", ""): sent})
    assert [each.kind for each in world.engine.watch.look().began] == [IncidentKind.COMPLAINTS] * wrong


def test_every_alert_about_safety_is_an_incident_of_its_own_until_it_is_seen() -> None:
    world = World()
    world.join("rivera", person("Ana"))
    with world.database.begin() as connection:
        numbers = [alerts.add(connection, 1, "self-harm", "text", world.clock.now()) for _ in range(2)]
    assert len(world.engine.watch.look().began) == 2
    with world.database.begin() as connection:
        alerts.mark_seen(connection, numbers[0], world.clock.now())
    world.engine.watch.look()
    assert incidents(world) == [("safety", "1", True), ("safety", "2", False)]


NAMES = st.sampled_from(["", "a", "b"])
KINDS = st.sampled_from(IncidentKind)
readings = st.builds(Reading, KINDS, NAMES, st.just(1), wrong=st.booleans(), well=st.booleans()).filter(
    lambda each: not (each.wrong and each.well)
)
lasting = st.builds(Incident, st.integers(1, 9), KINDS, NAMES, st.just(at("2026-03-01T09:00")), st.just(1))


def key(each: Reading | Incident) -> tuple[IncidentKind, str]:
    return each.kind, each.about


@given(st.lists(readings, unique_by=key), st.lists(lasting, unique_by=key))
def test_an_incident_begins_once_lasts_while_it_is_not_well_and_then_ends(
    seen: list[Reading], last: list[Incident]
) -> None:
    begins, over = decide(seen, last)
    known = set(map(key, last))
    assert set(map(key, begins)) == {key(each) for each in seen if each.wrong} - known
    assert set(map(key, over)) == known - {key(each) for each in seen if not each.well}


def test_a_look_reads_nothing_as_wrong_in_a_quiet_world() -> None:
    world = World()
    with world.database.read() as connection:
        assert not any(each.wrong for each in read(standing(connection, world.clock.now()), Limits()))


def test_what_a_pass_did_is_kept_by_day_for_every_process_to_read() -> None:
    world = World()
    world.join("rivera", person("Ana"), person("Ben", email=None, phone=None))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    world.engine.watch.look()
    world.engine.watch.look()
    world.restart()
    world.engine.watch.look()
    with world.database.read() as connection:
        counted = tallies.of_days(connection, at("2026-03-03T00:00").date())
    assert counted["email", "sent", ""] == 1
    assert sum(number for (_, what, _), number in counted.items() if what == "skipped") == 1
    assert all(len(parts(name)) == 3 for name in world.engine.measures.ends)


def test_the_operator_is_told_by_email_once_and_again_when_it_is_over() -> None:
    world = World(settings=BY_EMAIL)
    failing(world)
    first, second = world.engine, world.another_engine()
    first.watch.look()
    second.watch.look()
    assert [each.state for each in asyncio.run(first.watch.tell())] == ["told"]
    assert asyncio.run(second.watch.tell()) == []
    works(world)
    second.watch.look()
    asyncio.run(first.watch.tell())
    told = world.inbox.messages
    assert [(each.to, each.subject) for each in told] == [
        ("op@nudge.test", "Rekindle: the transport smtp is left alone"),
        ("op@nudge.test", "Rekindle: over: the transport smtp is left alone"),
    ]
    assert "rekindle transports check smtp" in told[0].text
    assert "Since 2026-03-01T09:00:00Z" in told[0].text
    assert told[0].mime().startswith(b"From: ")


def test_what_was_over_before_it_could_be_told_is_told_as_over_alone() -> None:
    world = World(settings=BY_EMAIL)
    failing(world, name="memory")  # it would carry the email itself
    world.engine.watch.look()
    assert [each.state for each in asyncio.run(world.engine.watch.tell())] == ["again"]
    works(world, "memory")
    world.engine.watch.look()
    world.clock.fast_forward(timedelta(hours=1))
    asyncio.run(world.engine.watch.tell())
    assert [each.subject for each in world.inbox.messages] == ["Rekindle: over: the transport memory is left alone"]


def test_an_alert_about_safety_is_emailed_by_its_own_notice_and_not_twice() -> None:
    ways = Addresses("op@nudge.test", "https://hooks.test/x").ways
    assert [way.value for way in ways(IncidentKind.SAFETY)] == ["webhook"]
    assert [way.value for way in ways(IncidentKind.QUEUE)] == ["email", "webhook"]


def posted(world: World, answer: int, tries: int = 1, situation: Situation = Situation.ACCEPTED) -> list[Request]:
    """Tell by webhook, several times a minute apart or more; what came."""

    async def run() -> list[Request]:
        async with staged(situation, {Situation.ACCEPTED: lambda request: Response(answer)}) as receiver:
            addresses = Addresses(webhook=f"{receiver.base_url}/hook/?key=1", secret=SECRET)
            engine = world.engine

            def client(base_url: str, headers: Mapping[str, str]) -> HttpClient:
                return HttpClient(base_url, headers=headers, answer_seconds=0.2)

            teller = Teller(world.database, lambda: engine.routes, world.clock, engine.sender, addresses, client)
            for _ in range(tries):
                await teller.tell()
                world.clock.fast_forward(timedelta(hours=1))
            return receiver.requests

    return asyncio.run(run())


def test_a_webhook_is_posted_signed_and_says_what_since_when_and_what_to_type() -> None:
    world = World(settings={"alerts": TOLD["alerts"] | {"email": None}})
    failing(world)
    world.engine.watch.look()
    (request,) = posted(world, 204, tries=3)
    said: dict[str, Any] = json.loads(request.body)
    assert request.path == "/hook/?key=1"
    assert (said["id"], said["state"], said["kind"], said["about"]) == ("incident-1-began", "began", "breaker", "smtp")
    assert (said["since"], said["command"]) == ("2026-03-01T09:00:00Z", "rekindle transports check smtp")
    stamp, _, mac = request.headers[SIGNATURE.lower()].partition(",v1=")
    own = hmac.new(SECRET.encode(), stamp.removeprefix("t=").encode() + b"." + request.body, sha256)
    assert mac == own.hexdigest()
    assert signature(SECRET, int(stamp.removeprefix("t=")), request.body) == request.headers[SIGNATURE.lower()]
    assert int(stamp.removeprefix("t=")) == at("2026-03-01T09:00").timestamp()


def test_a_webhook_that_fails_is_posted_again_under_the_same_id_and_given_up_in_the_end() -> None:
    world = World(settings={"alerts": TOLD["alerts"] | {"email": None}})
    failing(world)
    world.engine.watch.look()
    came = posted(world, 500, tries=MOST_TRIES + 3)
    assert len(came) == MOST_TRIES
    assert {json.loads(request.body)["id"] for request in came} == {"incident-1-began"}
    assert len({request.headers[SIGNATURE.lower()] for request in came}) == MOST_TRIES  # by the time of each try
    assert world.rows(operating_schema.tellings) == []


def test_a_webhook_that_never_answers_is_tried_again_and_holds_up_nobody() -> None:
    world = World(settings={"alerts": TOLD["alerts"] | {"email": None}})
    failing(world)
    world.engine.watch.look()
    assert posted(world, 200, situation=Situation.SILENT_AFTER) != []
    (row,) = world.rows(operating_schema.tellings)
    assert row.tries == 1


def test_what_one_process_is_telling_no_other_tells_meanwhile() -> None:
    world = World(settings=BY_EMAIL)
    failing(world)
    world.engine.watch.look()
    other = world.another_engine()
    seen: list[int] = []

    def answer(message: Any, attempt: int) -> None:
        seen.append(message.delivery_id)

    class Slow(Answering):
        async def send(self, batch):  # type: ignore[no-untyped-def]
            assert await other.watch.tell() == []
            return await super().send(batch)

    world._transports = dict.fromkeys(world._transports, Slow(answer))
    world.restart()
    assert [each.state for each in asyncio.run(world.engine.watch.tell())] == ["told"]
    assert len(seen) == 1
