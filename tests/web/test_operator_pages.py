"""What the dashboard shows and does: as the command line does, each act in the audit; nothing private unasked."""

import re
from datetime import timedelta
from typing import Any

import pytest
from explaining import explained
from operating import STRAY, WORDS, AtDesk, signed_in, town
from sqlalchemy import event, insert, update
from world import World, at, person

from engine.errors import StoreError
from engine.store import audit, couples_schema, holds, schema
from engine.store.database import Database

EACH = (
    *("", "/alerts", "/alerts/1", "/doubts", "/couples", "/couples/1", "/campaigns", "/transports", "/suppressions"),
    *("/replies", "/audit"),
)
ADDRESSES = ("ana@example.com", "ben@example.com", "cleo@example.com", "+1202")


@pytest.fixture
def desk() -> AtDesk:
    return signed_in(town())


def last_act(world: World) -> tuple[str, str, str]:
    with world.database.read() as connection:
        found = audit.read(connection, limit=1)[0]
        return found.actor, found.act, found.about


def plain(html: str) -> str:
    """The text of a page's main part."""
    text = html.partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_a_dashboard_without_its_database_says_so_and_when_to_come_again(
    desk: AtDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_database: Database) -> Any:
        raise StoreError("The database cannot be reached.", fix="Start it.")

    monkeypatch.setattr(Database, "read", away)
    seen = desk.get()
    assert (seen.status_code, seen.headers["retry-after"]) == (503, "30")
    assert "The database cannot be reached. Start it." in plain(seen.text)


def test_what_waits_most_urgently_comes_first(desk: AtDesk) -> None:
    page = plain(desk.get().text)
    assert page.index("1 alert waits for you") < page.index("Due now") < page.index("What became of it")


def test_today_says_what_was_sent_skipped_and_why_and_what_is_in_doubt(desk: AtDesk) -> None:
    page = plain(desk.get().text)
    assert "In doubt 1" in page
    assert "sent 1 0" in page
    assert "skipped 1 0" in page
    assert "paused The partner, couple or enrollment is paused. 1 0" in page


def test_yesterday_moves_on_with_the_utc_day(desk: AtDesk) -> None:
    desk.world.clock.fast_forward(timedelta(hours=15))
    desk.sign_in()
    assert "sent 0 1" in plain(desk.get().text)


def test_everything_is_paused_and_resumed_and_both_are_audited(desk: AtDesk) -> None:
    answer = desk.post("/pause", kind="everything")
    assert (answer.status_code, answer.headers["location"]) == (303, "/operator?done=paused")
    assert last_act(desk.world) == ("operator", "pause", "everything")
    assert "Everything is paused" in desk.get("/audit").text
    desk.post("/resume", kind="everything")
    assert last_act(desk.world) == ("operator", "resume", "everything")
    with desk.world.database.read() as connection:
        assert not holds.load(connection).everything


@pytest.mark.parametrize(("what", "name"), [("campaign", "test"), ("transport", "answering")])
def test_a_campaign_or_a_transport_is_paused_where_it_is_listed(desk: AtDesk, what: str, name: str) -> None:
    place = f"/{what}s"
    desk.post("/resume", kind=what, name=name)
    answer = desk.post("/pause", kind=what, name=name, **{"from": f"{what}s"})
    assert answer.headers["location"] == f"/operator{place}?done=paused"
    assert re.search(rf">paused<.*Resume.*{name}", desk.get(place).text, re.DOTALL)


def test_what_there_is_not_cannot_be_paused(desk: AtDesk) -> None:
    answer = desk.post("/pause", kind="transport", name="nobody")
    assert answer.status_code == 404
    assert "There is no transport" in answer.text


@pytest.mark.parametrize("path", EACH)
def test_no_page_shows_an_address_or_what_somebody_wrote(desk: AtDesk, path: str) -> None:
    page = desk.get(path).text
    for private in (*ADDRESSES, WORDS, STRAY):
        assert private not in page


def test_addresses_are_masked_until_revealed_and_that_is_audited(desk: AtDesk) -> None:
    assert "a•••@e•••.com" in desk.get("/couples/1").text
    page = desk.post("/couples/1/reveal", partner="1").text
    assert "ana@example.com" in page
    assert "ben@example.com" not in page
    assert last_act(desk.world) == ("operator", "reveal address", "couple 1 partner 1")


def test_a_couple_is_found_by_the_beginning_of_its_name(desk: AtDesk) -> None:
    answer = desk.post("/couples", q="mo")
    assert answer.headers["location"] == "/operator/couples?q=mo"
    page = plain(desk.get("/couples?q=mo").text)
    assert "moss" in page
    assert "fern" not in page


@pytest.mark.parametrize("typed", ["ana@example.com", " ANA@Example.com "])
def test_a_couple_is_found_by_an_address_that_never_stands_in_a_url(desk: AtDesk, typed: str) -> None:
    answer = desk.post("/couples", q=typed)
    assert answer.headers["location"] == "/operator/couples/1"
    assert last_act(desk.world) == ("operator", "find by address", "couple 1")


def test_an_address_that_is_nobodys_is_said_to_be(desk: AtDesk) -> None:
    assert "Nobody has that address." in desk.post("/couples", q="zoe@example.com").text
    assert last_act(desk.world) == ("operator", "find by address", "nobody")


def test_a_couples_page_tells_what_became_of_each_delivery_and_why(desk: AtDesk) -> None:
    page = plain(desk.get("/couples/2").text)
    assert "2026-03-03 09:00 Cleo test · talk, week 1 a" in page
    assert "skipped paused The partner, couple or enrollment is paused." in page


def test_of_what_a_partner_wrote_only_that_they_answered_is_told(desk: AtDesk) -> None:
    answered = {"enrollment_id": 1, "partner_id": 1, "step": "talk", "occurrence": 1}
    with desk.world.database.begin() as connection:
        connection.execute(insert(couples_schema.answers).values(**answered, text_cipher=b"sealed", shared=True))
        connection.execute(insert(couples_schema.pulses).values(**answered, week=1, value=2, at=desk.world.clock.now()))
    page = plain(desk.get("/couples/1").text)
    assert page.count("answered, rated") == 1
    assert page.count("answered") == 1


def test_a_couple_is_paused_and_resumed_and_one_of_the_two_by_themselves(desk: AtDesk) -> None:
    desk.post("/couples/2/pause")
    assert desk.world.rows(schema.couples)[1].paused_until is not None
    desk.post("/couples/2/resume")
    assert desk.world.rows(schema.couples)[1].paused_until is None
    desk.post("/couples/1/pause", partner="2")
    assert last_act(desk.world) == ("operator", "pause couple", "couple 1 partner 2")
    assert desk.world.rows(schema.partners)[1].paused_until is not None


def test_a_couple_is_stopped_only_when_the_box_is_ticked(desk: AtDesk) -> None:
    desk.world.join("reed", person("Dora"))
    desk.world.enroll(at("2026-03-09T00:00").date(), "reed")
    assert desk.post("/couples/3/stop").status_code == 409
    assert desk.post("/couples/3/stop", sure="yes").status_code == 303
    assert desk.world.rows(schema.enrollments)[-1].status == "stopped"
    assert last_act(desk.world) == ("operator", "stop couple", "couple 3")


@pytest.mark.parametrize(
    ("verdict", "status", "act"),
    [("sent", "sent", "count as sent"), ("resend", "planned", "send again"), ("drop", "failed", "give up")],
)
def test_a_doubt_is_settled_as_the_command_settles_it(desk: AtDesk, verdict: str, status: str, act: str) -> None:
    doubt = next(row.id for row in desk.world.rows() if row.status == "in_doubt")
    assert f'value="{doubt}"' in desk.get("/doubts").text
    desk.post("/doubts", delivery=str(doubt), verdict=verdict)
    assert next(row.status for row in desk.world.rows() if row.id == doubt) == status
    assert last_act(desk.world) == ("operator", act, f"delivery {doubt}")
    assert "Nothing is in doubt." in desk.get("/doubts").text


def test_what_is_too_late_is_not_offered_to_be_sent_again(desk: AtDesk) -> None:
    desk.world.clock.fast_forward(timedelta(days=10))
    desk.sign_in()
    page = desk.get("/doubts").text
    assert "Too late to be sent again." in page
    assert desk.post("/doubts", delivery="2", verdict="resend").status_code == 409


def test_a_suppression_is_lifted_by_its_address_only_when_its_owner_is_said_to_have_asked(desk: AtDesk) -> None:
    assert desk.post("/suppressions", address="gone@example.com").status_code == 409
    assert len(desk.world.rows(schema.suppressions)) == 1
    answer = desk.post("/suppressions", address="Gone@example.com", sure="yes")
    assert answer.headers["location"] == "/operator/suppressions?done=removed"
    assert desk.world.rows(schema.suppressions) == []
    _, act, about = last_act(desk.world)
    assert (act, about[:12]) == ("lift suppression", "suppression ")


def test_a_suppression_is_lifted_by_its_line_in_the_list(desk: AtDesk) -> None:
    found = re.search(r'name="index" value="([0-9a-f]+)"', desk.get("/suppressions").text)
    assert found is not None
    desk.post("/suppressions", index=found[1], sure="yes")
    assert desk.world.rows(schema.suppressions) == []


def test_an_alerts_words_are_opened_by_a_form_and_that_is_audited(desk: AtDesk) -> None:
    assert WORDS in desk.post("/alerts/1/open").text
    assert last_act(desk.world) == ("operator", "read alert", "alert 1")
    desk.post("/alerts/1/seen")
    assert "None waits." in desk.get("/alerts").text
    assert "Alert 1" in desk.get("/alerts?all=yes").text


def test_a_replys_words_are_opened_by_a_form_and_that_is_audited(desk: AtDesk) -> None:
    assert STRAY in desk.post("/replies/2/open").text
    assert last_act(desk.world) == ("operator", "read reply", "reply 2")
    desk.post("/replies/2/seen")
    assert STRAY not in desk.get("/replies").text
    assert "Anything else" not in desk.get("/replies").text


def test_an_answer_is_nobodys_to_read(desk: AtDesk) -> None:
    with desk.world.database.begin() as connection:
        connection.execute(update(schema.replies).where(schema.replies.c.id == 2).values(read_as="answer"))
    assert desk.post("/replies/2/open").status_code == 404


@pytest.mark.parametrize(
    "path", ["/couples/99", "/couples/x", "/couples/99999999999999999999", "/alerts/99", "/alerts/-1"]
)
def test_what_there_is_not_is_said_not_to_be_there(desk: AtDesk, path: str) -> None:
    answer = desk.get(path)
    assert answer.status_code == 404
    assert "There is no such thing here." in answer.text


@pytest.mark.parametrize(
    "path",
    ["/couples?after=x", "/couples?q=%00%27", "/suppressions?after=1.zz", "/audit?before=-1", "/doubts?after=1e9"],
)
def test_a_page_that_is_asked_for_nonsense_shows_its_beginning(desk: AtDesk, path: str) -> None:
    assert desk.get(path).status_code == 200


def test_pages_follow_one_another_and_hold_everything_once(desk: AtDesk) -> None:
    for number in range(120):
        desk.world.join(f"page{number:03}", person(f"Eva{number}"))
    seen: list[str] = []
    path = "/couples"
    while path:
        page = desk.get(path).text
        seen += re.findall(r'/operator/couples/(\d+)">', page)
        found = re.search(r'href="/operator(/couples\?after=\d+)"', page)
        path = found[1] if found else ""
    assert seen == [str(number) for number in range(1, 123)]


def test_a_couples_history_can_be_followed_back(desk: AtDesk) -> None:
    row = desk.world.rows()[0]
    with desk.world.database.begin() as connection:
        for number in range(60):
            values = {**row._mapping, "id": 1_000 + number, "step": f"s{number}"}
            connection.execute(insert(schema.deliveries).values(**values))
    first = desk.get("/couples/1").text
    older = re.search(r'href="/operator(/couples/1\?before=\d+)"', first)
    assert older is not None
    steps = re.findall(r"test · (s\d+)", first + desk.get(older[1]).text)
    assert steps == [f"s{number}" for number in reversed(range(60))]


def test_what_is_typed_is_shown_as_text_and_nothing_else(desk: AtDesk) -> None:
    page = desk.get("/couples?q=%3Cb%3E%22").text
    assert "<b>" not in page
    assert "&lt;b&gt;" in page


def test_each_page_asks_no_more_of_the_database_when_there_are_more_couples() -> None:
    def asked(size: int) -> dict[str, int]:
        world = town()
        for number in range(size):
            world.join(f"many{number}", person(f"Eva{number}"))
        desk, counts = signed_in(world), {}
        said: list[str] = []
        event.listen(world.database.engine, "before_cursor_execute", lambda *given: said.append(given[2]))
        for path in ("", "/alerts", "/doubts", "/couples", "/campaigns", "/suppressions", "/replies", "/audit"):
            said.clear()
            desk.get(path)
            counts[path] = len(said)
        return counts

    assert asked(1) == asked(40)


LARGE = {
    *("couples", "partners", "deliveries", "replies", "events", "enrollments", "places", "suppressions", "audit"),
    "alerts",
}
"""The tables that grow with the town."""


def test_no_page_reads_through_a_table_that_grows_with_the_town(desk: AtDesk) -> None:
    asked: list[tuple[str, object]] = []
    event.listen(desk.world.database.engine, "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))
    for path in (*EACH, "/couples?q=m", "/couples/1?before=5", "/audit?about=couple+1", "/alerts?all=yes"):
        assert desk.get(path).status_code == 200
    desk.post("/couples", q="ana@example.com")
    scans = []
    for statement, given in asked:
        by_id = "LIMIT" in statement and "WHERE" not in statement  # no more is read than is shown
        if statement.startswith("SELECT") and not by_id:
            with desk.world.database.read() as connection:
                scans += [statement] if explained(connection, statement, given).tables & LARGE else []
    assert scans == []
