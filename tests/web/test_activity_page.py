"""A message in the browser, what becomes of it, and files for one's own calendar."""

import re
from datetime import timedelta

import pytest
from opening import SHARE, Couple, words

from engine.model.reply import ConsentPurpose
from engine.render.links import Purpose
from engine.store import couples_schema, schema


@pytest.fixture
def couple() -> Couple:
    return Couple()


def verdicts(couple: Couple) -> list[tuple[int, str, str]]:
    return [(row.partner_id, row.activity, row.verdict) for row in couple.world.rows(couples_schema.feedback)]


def lines(content: bytes) -> list[str]:
    return content.replace(b"\r\n ", b"").decode().removesuffix("\r\n").split("\r\n")


def test_the_page_has_the_messages_words_with_the_smaller_version_to_be_opened(couple: Couple) -> None:
    page = couple.get(couple.path("Ana", "n", "date"))
    said = words(page)
    for part in ("A walk at dusk", "Go out with Ben.", "On a hard day: open a window.", "We did it", "Not for us"):
        assert part in said
    assert re.search(r"<details>\s*<summary>A smaller version</summary>", page.text)


@pytest.mark.parametrize(("word", "verdict"), [("did", "did"), ("smaller", "smaller"), ("never", "not_for_us")])
def test_what_is_said_of_an_activity_is_kept_and_found_again(couple: Couple, word: str, verdict: str) -> None:
    page = couple.follow(couple.path("Ana", "n", "date") + f"/{word}", {"sure": "yes"})
    assert verdicts(couple) == [(1, "a3", verdict)]
    assert f"/n/{couple.token('Ana', 'date')}/{word}" not in page.text


def test_too_much_today_puts_the_smaller_version_first(couple: Couple) -> None:
    said = words(couple.follow(couple.path("Ana", "n", "date") + "/smaller"))
    assert said.index("open a window") < said.index("Go out with Ben")


def test_not_for_us_is_asked_once_more_before_it_counts(couple: Couple) -> None:
    path = couple.path("Ana", "n", "date")
    page = couple.follow(path + "/never")
    assert "Never again, for the two of you?" in words(page)
    assert 'name="sure" value="yes"' in page.text
    assert verdicts(couple) == []
    couple.follow(path + "/never", {"sure": "yes"})
    assert verdicts(couple) == [(1, "a3", "not_for_us")]


def test_what_is_not_for_one_of_them_is_drawn_for_neither_any_more(couple: Couple) -> None:
    def drawn() -> set[str]:
        (row,) = [row for row in couple.world.rows(schema.enrollments) if row.campaign == "test"]
        return {activity for slot, activity in row.draws.items() if slot.startswith("more/")}

    (chosen,) = drawn()
    # It was given in another message, and is what comes next.
    with couple.world.database.begin() as connection:
        connection.execute(schema.deliveries.update().where(schema.deliveries.c.step == "talk").values(activity=chosen))
    couple.follow(couple.path("Ana", "n", "talk") + "/never", {"sure": "yes"})
    assert chosen not in drawn()


def test_a_message_is_put_off_until_tomorrow_at_the_same_time_and_only_so_often(couple: Couple) -> None:
    path = couple.path("Ana", "n", "date")
    assert "It comes again on Tuesday, March 24 at 9:00" in words(couple.follow(path + "/later"))
    assert 'action="/n/' + path[3:] + '/later"' not in couple.get(path).text
    for _ in range(2):
        couple.world.fast_forward(days=1)
        assert "You get it once more" in words(couple.follow(path + "/later"))
    couple.world.fast_forward(days=1)
    assert "put off often enough" in words(couple.follow(path + "/later"))
    copies = [row for row in couple.world.rows() if row.step == "date" and row.occurrence >= 10_000]
    assert [(row.partner_id, row.status) for row in copies] == [(1, "sent")] * 3


def test_who_is_paused_or_whose_campaign_has_been_stopped_is_told_so(couple: Couple) -> None:
    path = couple.path("Ana", "n", "date")
    couple.world.alter("Ana", paused_until=couple.world.clock.now() + timedelta(days=9))
    assert "paused messages" in words(couple.follow(path + "/later"))
    couple.world.stop("a-b")
    assert "No more messages come" in words(couple.follow(path + "/later"))


def test_words_only_ask_for_nothing(couple: Couple) -> None:
    page = couple.get(couple.path("Ana", "n", "end"))
    assert "Nothing to do here" in words(page)
    assert couple.post(couple.path("Ana", "n", "end") + "/did").status_code == 404
    assert verdicts(couple) == []


def test_a_question_and_its_activity_lead_to_each_other(couple: Couple) -> None:
    token = couple.token("Ana")
    assert f'href="/a/{token}"' in couple.get(f"/n/{token}").text
    assert f'href="/n/{token}"' in couple.get(f"/a/{token}").text


def event(couple: Couple, query: str, key: str = "date", **ana: object) -> tuple[int, list[str]]:
    answer = couple.get(couple.path("Ana", "n", key) + f"/event.ics{query}")
    return answer.status_code, lines(answer.content) if answer.status_code == 200 else [words(answer)]


def test_an_evening_is_put_in_ones_own_calendar_at_ones_own_hour() -> None:
    couple = Couple(zone="America/New_York")
    status, said = event(couple, "?day=2026-03-27&time=19:30")
    assert status == 200
    assert {"SUMMARY:A walk at dusk", "DTSTART:20260327T233000Z", "DURATION:PT40M", "TRANSP:OPAQUE"} <= set(said)
    assert not [line for line in said if "http" in line or "Ben" in line or "/n/" in line]
    again, other = event(couple, "?day=2026-03-28&time=19:30")[1], event(couple, "?day=2026-03-27&time=19:30")[1]
    uid = [line for line in said if line.startswith("UID:")]
    assert uid == [line for line in again if line.startswith("UID:")]
    assert said == other


def test_an_hour_that_a_clock_change_skips_moves_forward() -> None:
    couple = Couple(zone="Europe/Madrid")
    assert "DTSTART:20260329T013000Z" in event(couple, "?day=2026-03-29&time=02:30")[1]


@pytest.mark.parametrize(("query", "says"), [
    ("", "Choose a day"), ("?day=2026-03-22&time=19:00", "Choose a day"),
    ("?day=2028-01-01&time=19:00", "Choose a day"),
    ("?day=yesterday&time=19:00", "Choose a day"), ("?day=2026-02-30&time=19:00", "Choose a day"),
    ("?day=2026-03-27", "Choose a time"), ("?day=2026-03-27&time=25:00", "Choose a time"),
    ("?day=2026-03-27&time=%0d%0aX:1", "Choose a time"), ("?day=20260327&time=19:00", "Choose a day"),
])  # fmt: skip
def test_a_day_or_a_time_that_cannot_be_is_said(couple: Couple, query: str, says: str) -> None:
    status, (said,) = event(couple, query)
    assert status == 422
    assert says in said


@pytest.mark.parametrize("key", ["talk", "end"])
def test_only_what_is_done_at_a_time_of_ones_own_has_a_file(couple: Couple, key: str) -> None:
    assert event(couple, "?day=2026-03-27&time=19:00", key)[0] == 404
    assert "event.ics" not in couple.get(couple.path("Ana", "n", key)).text


def test_whose_zone_is_not_known_has_no_file_and_all_the_rest(couple: Couple) -> None:
    path = couple.path("Ana", "n", "date")
    couple.world.alter("Ana", timezone="Mars/Olympus")
    assert "event.ics" not in couple.get(path).text
    assert couple.get(path + "/event.ics?day=2026-03-27&time=19:00").status_code == 404
    assert "No more messages" in words(couple.follow(path + "/later"))


def feed(couple: Couple, name: str = "Ana") -> list[str]:
    answer = couple.get(f"/calendar/{couple.token(name, purpose=Purpose.CALENDAR)}.ics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    return lines(answer.content)


def starts(said: list[str]) -> list[str]:
    return [line.removeprefix("DTSTART:") for line in said if line.startswith("DTSTART:2")]


def test_a_feed_has_the_hours_of_what_is_to_come_on_ones_own_clock_and_not_a_word_of_it() -> None:
    couple = Couple(until="2026-03-02T06:00", zone="America/New_York")
    said = feed(couple)
    # Nine o'clock, noon on Sundays, when the window opens then; clocks there go forward on March 8.
    before, after, noons = ("03", "04", "05"), ("16", "24"), ("08", "15")
    hours = [f"202603{day}T140000Z" for day in before] + [f"202603{day}T130000Z" for day in after]
    assert starts(said) == sorted([*hours, *(f"202603{day}T160000Z" for day in noons)])
    assert {line for line in said if line.startswith("SUMMARY:")} == {"SUMMARY:A few minutes for us"}
    for word in ("walk", "Ben", "Ana", "http", "pulse", "talk"):
        assert word not in "\n".join(said)


def test_each_has_a_feed_of_their_own(couple: Couple) -> None:
    early = Couple(until="2026-03-02T06:00")
    uids = [{line for line in feed(early, name) if line.startswith("UID:")} for name in ("Ana", "Ben")]
    assert not uids[0] & uids[1]
    assert len(starts(feed(early, "Ben"))) == len(starts(feed(early))) - 1  # she alone gets one of them


def test_an_event_keeps_its_uid_while_it_waits_and_when_it_is_planned() -> None:
    couple = Couple(until="2026-03-02T06:00")
    before = feed(couple)
    couple.world.alter("Ana", send_at=couple.world.rows(schema.partners)[0].send_at.replace(hour=10))
    uids = [line for line in before if line.startswith("UID:")]
    assert len(set(uids)) == len(uids)
    couple.world.go_to("2026-03-03T12:00")
    after = [line for line in feed(couple) if line.startswith("UID:")]
    assert after == uids[1:]


def test_who_is_paused_for_good_has_an_empty_feed_that_is_still_a_calendar(couple: Couple) -> None:
    couple.world.stop("a-b")
    said = feed(couple)
    assert "BEGIN:VEVENT" not in said
    assert "BEGIN:VTIMEZONE" in said


def test_word_that_both_have_answered_is_no_part_of_a_feed(couple: Couple) -> None:
    couple.agree()
    before = starts(feed(couple))
    for name in ("Ana", "Ben"):
        couple.answer(name, f"{name} says", **SHARE)
    assert [row.status for row in couple.world.rows() if row.step == "revealed"] == ["planned"] * 2
    assert starts(feed(couple)) == before != []


def test_a_feed_ends_with_ones_other_links_and_by_itself(couple: Couple) -> None:
    path = f"/calendar/{couple.token('Ana', purpose=Purpose.CALENDAR)}.ics"
    couple.world.clock.fast_forward(timedelta(days=401))
    assert couple.get(path).status_code == 410
    couple.world.alter("Ana", epoch=1)
    assert couple.get(path).status_code == 404


def test_the_page_gives_the_address_of_the_feed(couple: Couple) -> None:
    (address,) = re.findall(
        r'href="https://rekindle.example(/calendar/[^"]+)"', couple.get(couple.path("Ana", "n")).text
    )
    assert couple.get(address).status_code == 200


def test_what_one_says_never_reaches_the_others_page(couple: Couple) -> None:
    couple.agree(purpose=ConsentPurpose.ANSWERS)
    before = [couple.get(couple.path("Ben", "n", key)).content for key in ("talk", "date")]
    for word in ("did", "smaller", "never", "later"):
        couple.post(couple.path("Ana", "n", "date") + f"/{word}", {"sure": "yes"})
    assert [couple.get(couple.path("Ben", "n", key)).content for key in ("talk", "date")] == before
