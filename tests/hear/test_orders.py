"""DONE, SMALLER, LATER, PAUSE, RESUME, SHARE, PRIVATE and MENU: what each does, what it answers, and to whom."""

from dataclasses import replace
from datetime import time
from typing import Any

import pytest
from hearing import HUG, Couple
from world import at, phone

from engine.model.campaign import Hours
from engine.model.delivery import LATER
from engine.store import couples_schema, schema
from engine.store.pausing import OPEN_ENDED

ANA, BEN = phone("Ana"), phone("Ben")
NOTHING = "nothing open right now"


def asked(**given: Any) -> Couple:
    """Both have had Tuesday's question; it is ten."""
    line = Couple(**given)
    line.world.go_to("2026-03-03T09:00")
    line.world.go_to("2026-03-03T10:00")
    return line


@pytest.fixture
def line() -> Couple:
    return asked()


def verdicts(line: Couple) -> list[tuple[int, str]]:
    return [(row.partner_id, row.verdict) for row in line.world.rows(couples_schema.feedback)]


def asks(line: Couple, name: str = "Ana") -> list[tuple[str, str, str | None]]:
    """When each of one partner's questions went or is to go, and what became of it."""
    partner = line.partner(name)
    return [
        (row.due_at.strftime("%m-%d %H:%M"), row.status, row.reason)
        for row in line.world.rows()
        if row.partner_id == partner and row.step == "ask"
    ]


def test_done_is_noted_once_and_for_the_activity(line: Couple) -> None:
    assert "Noted" in (line.text(ANA, "Done!") or "")
    assert line.text(ANA, "done") == ""
    assert verdicts(line) == [(line.partner("Ana"), "did")]
    assert line.replies() == [("Done!", "order"), ("done", "order")]
    assert line.answered("Ana") is None


def test_smaller_is_answered_with_the_smaller_version_every_time(line: Couple) -> None:
    for _ in range(2):
        assert line.text(ANA, "smaller please") == "On a hard day: hold Ben's hand."
    assert verdicts(line) == [(line.partner("Ana"), "smaller")]


def test_the_smaller_version_is_in_the_readers_language() -> None:
    assert asked(ana={"locale": "es-MX"}).text(ANA, "pequeño") == "Un día difícil: dale la mano a Ben."


def test_a_smaller_version_by_whatsapp_keeps_its_accents() -> None:
    line = asked(ana={"locale": "es"})
    assert line.text(ANA, "pequeño", channel="whatsapp") == "Un día difícil: dale la mano a Ben."


def test_a_name_that_makes_a_text_too_dear_is_left_out() -> None:
    email = "Hug.\n\n**On a hard day:** " + "sit by {{ other_name }}. " * 4
    line = asked(
        ben={"given_name": "Б" * 60}, activities=[replace(HUG, texts={"en": replace(HUG.texts["en"], email=email)})]
    )
    assert line.text(ANA, "smaller") == "On a hard day: " + " ".join(["sit by your partner."] * 4)


@pytest.mark.parametrize("email", ["Hug.", "Hug.\n\n**On a hard day:** " + "hold a hand " * 60])
def test_without_a_smaller_version_that_fits_a_text_there_is_its_page(email: str) -> None:
    words = replace(HUG.texts["en"], email=email)
    line = asked(activities=[replace(HUG, texts={"en": words})])
    assert "as feels easy. All of it is here: https://rekindle.example/n/" in (line.text(ANA, "smaller") or "")


# LATER


def test_later_is_the_same_question_at_the_same_time_tomorrow(line: Couple) -> None:
    assert "comes again on Wednesday at 9 am." in (line.text(ANA, "LATER") or "")
    assert asks(line) == [("03-03 09:00", "sent", None), ("03-04 09:00", "planned", None)]
    first, copy = (row for row in line.world.rows() if row.partner_id == line.partner("Ana"))
    assert copy.occurrence == first.occurrence + LATER
    for name in ("step", "activity", "variant", "week", "channel", "enrollment_id"):
        assert getattr(copy, name) == getattr(first, name), name
    line.world.go_to("2026-03-04T09:00")
    assert asks(line)[1][1] == "sent"
    one, other = [each.body for each in line.world.inbox.messages if each.to == ANA]  # type: ignore[union-attr]
    assert other in one  # the first one also said who writes
    assert asks(line, "Ben") == [("03-03 09:00", "sent", None)]


def test_a_copy_that_waits_is_enough(line: Couple) -> None:
    said = [line.text(ANA, words) for words in ("later", "Later!", "remind me tomorrow")]
    assert len(set(said)) == 1
    assert len(asks(line)) == 2


def test_a_message_is_put_off_three_times_at_most(line: Couple) -> None:
    for day in (4, 5, 6):
        assert "comes again" in (line.text(ANA, "later") or "")
        line.world.go_to(f"2026-03-0{day}T09:00")
        line.world.fast_forward(hours=1)
    said = line.text(ANA, "later") or ""
    assert "three times" in said
    assert "/n/" in said
    assert [due for due, _, _ in asks(line)] == ["03-03 09:00", "03-04 09:00", "03-05 09:00", "03-06 09:00"]


def test_an_answer_to_a_copy_is_an_answer_to_the_question(line: Couple) -> None:
    line.text(ANA, "One.")
    line.text(ANA, "later")
    line.world.go_to("2026-03-04T09:00")
    line.world.fast_forward(minutes=5)
    line.text(ANA, "Two.")
    assert line.answer("Ana") == "One.\nTwo."
    assert len(line.world.rows(couples_schema.answers)) == 1


def test_later_is_the_next_day_of_whoever_wrote_on_their_own_clock() -> None:
    """In Auckland it is Tuesday evening when they write; the night after, its clocks change."""
    line = Couple()
    line.world.alter("Ana", timezone="Pacific/Auckland")
    line.world.go_to("2026-03-03T09:00")
    sent = next(row for row in line.world.rows() if row.partner_id == line.partner("Ana"))
    with line.world.database.begin() as connection:
        connection.execute(
            schema.deliveries.update()
            .where(schema.deliveries.c.id == sent.id)
            .values(status="sent", due_at=at("2026-04-04T06:00"), sent_at=at("2026-04-04T06:00"))
        )
    assert "comes again on Sunday at 7 pm" in (line.text(ANA, "later", at="2026-04-04T08:00") or "")
    assert asks(line)[-1][0] == "04-05 07:00"


def test_the_time_that_is_said_is_when_the_window_opens() -> None:
    hours = Hours(time(9), time(20))
    window = (hours, hours, Hours(time(12, 30), time(20)), hours, hours, hours, None)
    line = asked(window=window)
    assert "comes again on Wednesday at 12:30 pm" in (line.text(ANA, "later") or "")
    assert "el miércoles a las 12:30" in (asked(window=window, ana={"locale": "es"}).text(ANA, "luego") or "")


def test_a_copy_goes_through_the_gates(line: Couple) -> None:
    line.text(ANA, "later")
    line.text(ANA, "pause")
    line.world.go_to("2026-03-04T09:00")
    assert asks(line)[1][1:] == ("skipped", "paused")


def test_later_while_paused_says_that_they_are_paused(line: Couple) -> None:
    line.text(ANA, "pause")
    assert "paused until March 10" in (line.text(ANA, "later") or "")
    assert len(asks(line)) == 1


def test_nothing_of_a_stopped_campaign_comes_again(line: Couple) -> None:
    line.world.stop("x")
    assert NOTHING in (line.text(ANA, "later") or "")
    assert len(asks(line)) == 1


# PAUSE, RESUME


def paused_until(line: Couple) -> dict[str, Any]:
    return {row.given_name: row.paused_until for row in line.world.rows(schema.partners)}


def test_a_pause_is_a_week_of_ones_own_and_the_other_is_not_told(line: Couple) -> None:
    before = len(line.world.inbox.messages)
    assert "paused until March 10. To begin again sooner, reply RESUME." in (line.text(ANA, "pause") or "")
    assert paused_until(line)["Ana"].isoformat() == "2026-03-10T10:00:00+00:00"
    assert paused_until(line)["Ben"] is None
    line.world.tick()
    assert len(line.world.inbox.messages) == before
    line.world.go_to("2026-03-05T09:00")
    pulses = [(row.partner_id, row.status) for row in line.world.rows() if row.step == "pulse"]
    assert pulses == [(line.partner("Ana"), "skipped"), (line.partner("Ben"), "sent")]


def test_a_week_is_until_the_same_wall_time(line: Couple) -> None:
    line.world.alter("Ana", timezone="America/New_York")  # its clocks change on the eighth
    line.text(ANA, "pause")
    assert paused_until(line)["Ana"].isoformat() == "2026-03-10T09:00:00+00:00"


@pytest.mark.parametrize("word", ["RESUME", "unpause", "START"])
def test_a_pause_ends_when_they_say_so(line: Couple, word: str) -> None:
    line.text(ANA, "pause")
    assert "your pause is over" in (line.text(ANA, word) or "")
    assert paused_until(line)["Ana"] is None


def test_a_pause_without_an_end_is_not_cut_short(line: Couple) -> None:
    line.world.alter("Ana", paused_until=OPEN_ENDED)
    assert "paused until you reply RESUME" in (line.text(ANA, "pause") or "")
    assert paused_until(line)["Ana"] == OPEN_ENDED


def test_a_pause_of_the_couple_is_nobodys_to_end_by_text(line: Couple) -> None:
    line.world.alter_couple("x", paused_until=OPEN_ENDED)
    assert "your pause is over" in (line.text(ANA, "resume") or "")
    (couple,) = line.world.rows(schema.couples)
    assert couple.paused_until == OPEN_ENDED


def test_a_shared_phone_is_paused_for_both(line: Couple) -> None:
    ana = next(row for row in line.world.rows(schema.partners) if row.given_name == "Ana")
    line.world.alter("Ben", phone_index=ana.phone_index, phone_cipher=ana.phone_cipher)
    line.text(ANA, "pause")
    assert None not in paused_until(line).values()
    line.text(ANA, "resume")
    assert set(paused_until(line).values()) == {None}


def test_resume_after_stop_is_start(line: Couple) -> None:
    line.text(ANA, "stop")
    line.world.fast_forward(minutes=1)
    assert "get our texts again" in (line.text(ANA, "resume") or "")
    assert line.stopped() == {}


# SHARE, PRIVATE


def test_what_is_said_of_a_question_holds_for_what_is_added(line: Couple) -> None:
    line.text(ANA, "One.")
    assert "stays with you" in (line.text(ANA, "private") or "")
    line.text(ANA, "Two.")
    assert not line.answered("Ana").shared
    line.text(BEN, "Mine.")
    assert line.world.rows(couples_schema.reveals) == []
    assert "shown once you have both" in (line.text(ANA, "SHARE") or "")
    assert len(line.world.rows(couples_schema.reveals)) == 1


def test_it_may_be_said_before_there_is_an_answer(line: Couple) -> None:
    line.text(ANA, "private")
    assert "for you alone" in (line.text(ANA, "One.") or "")
    assert not line.answered("Ana").shared
    line.text(BEN, "share", at="2026-03-03T10:02")
    line.text(BEN, "private", at="2026-03-03T10:01")
    assert "shown once you have both" in (line.text(BEN, "One.") or "")
    assert line.answered("Ben").shared


def test_it_is_about_this_question_alone(line: Couple) -> None:
    line.text(ANA, "private")
    line.world.go_to("2026-03-10T09:00")
    line.text(ANA, "Next week's.")
    assert line.answered("Ana", week=2).shared


def test_what_both_have_seen_cannot_be_taken_back(line: Couple) -> None:
    line.text(ANA, "One.")
    line.text(BEN, "Two.")
    assert "cannot be changed" in (line.text(ANA, "private") or "")
    assert line.answered("Ana").shared


def test_without_consent_there_is_nothing_to_share() -> None:
    line = asked(ana={"answers_consent": False})
    assert "not asked us to keep" in (line.text(ANA, "share") or "")


# MENU, HELP, and orders that find nothing


def test_the_menu_leads_to_ones_own_page(line: Couple) -> None:
    menu = line.text(ANA, "menu") or ""
    assert "Your page: https://rekindle.example/p/" in menu
    for word in ("DONE", "SMALLER", "LATER", "PAUSE", "RESUME", "SHARE", "PRIVATE", "HELP", "STOP"):
        assert word in menu
    assert menu != line.text(BEN, "menu")


def test_the_menu_of_a_shared_phone_leads_to_nobodys_page() -> None:
    line = asked(ana={"shared_phone": True})
    assert "/p/" not in (line.text(ANA, "menu") or "https:/p/")


def test_help_lists_the_words_too(line: Couple) -> None:
    said = line.text(ANA, "help") or ""
    for word in ("DONE", "SMALLER", "LATER", "PAUSE", "MENU", "STOP"):
        assert word in said


@pytest.mark.parametrize("word", ["done", "smaller", "later", "share", "private"])
def test_an_order_about_a_question_that_is_not_there_says_so(word: str) -> None:
    line = Couple()
    assert NOTHING in (line.text(ANA, word) or "")
    assert line.replies() == [(word, "order")]


@pytest.mark.parametrize("word", ["done", "menu", "pause"])
def test_an_order_from_a_number_that_is_nobodys_is_kept(line: Couple, word: str) -> None:
    assert line.text("+12025550199", word) == ""
    assert line.replies() == [(word, "kept")]


def test_an_order_that_comes_again_changes_nothing(line: Couple) -> None:
    for _ in range(2):
        line.text(ANA, "later", key="k", at="2026-03-03T10:00")
    assert len(asks(line)) == 2
    assert len(line.replies()) == 1
