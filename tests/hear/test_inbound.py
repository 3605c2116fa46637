"""What people text us: orders are carried out at once and answered once, everything else is a reply, sealed."""

from datetime import timedelta
from typing import Any

import pytest
from hearing import Line, email_index, phone_index
from sqlalchemy import update
from world import VAULT, World, person, phone, talk

from engine.model.campaign import Channel, OnLeaving
from engine.store import schema
from engine.store.replies import SEALED_TEXT

ANA, BEN, NOBODY = phone("Ana"), phone("Ben"), "+12025550199"
STOPPED, STARTED, HELP, UNASKED = "get no more texts", "get our texts again", "Questions", "not asked us to keep"


def texted(**ana: Any) -> Line:
    """Ana and Ben of one couple had a text on Tuesday at nine: deliveries 1 and 2. It is ten now."""
    world = World(talk("one"), talk("two", weeks=(2,)))
    world.join("x", person("Ana", channel=Channel.SMS, **ana), person("Ben", channel=Channel.SMS))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    world.clock.fast_forward(timedelta(hours=1))
    return Line(world)


@pytest.fixture
def line() -> Line:
    return texted()


def replies(line: Line) -> list[tuple[int | None, int | None, str, bool]]:
    return [
        (row.partner_id, row.delivery_id, VAULT.open(row.text_cipher, SEALED_TEXT), row.flagged)
        for row in line.world.rows(schema.replies)
    ]


def test_stop_ends_it_and_is_confirmed_exactly_once(line: Line) -> None:
    assert STOPPED in (line.text(ANA, "STOP") or "")
    assert line.stopped() == {phone_index(ANA): "stop"}
    assert line.text(ANA, "Stop!") == ""
    assert line.text(ANA, "please stop texting me") == ""
    line.world.go_to("2026-03-10T09:00")
    assert line.world.became()[2:] == [
        ("Ana", "2026-03-10T09:00", "skipped", "suppressed"),
        ("Ben", "2026-03-10T09:00", "sent", None),
    ]
    assert replies(line) == []


def test_a_replayed_stop_is_not_confirmed_again(line: Line) -> None:
    hook = line.hook({"key": "k", "at": "2026-03-03T10:00", "channel": "sms", "sender": ANA, "text": "stop"})
    number = line.hearing.receive("memory", hook)
    answers = [line.hearing.react(number), line.hearing.react(line.hearing.receive("memory", hook))]
    assert [bool(answer and answer.body) for answer in answers] == [True, False]
    # Told again in another call, it is known by its key.
    assert line.text(ANA, "stop", key="k", at="2026-03-03T10:00") == ""


@pytest.mark.parametrize("words", ["STOP", "whatever its own keyword is"])
def test_what_the_provider_has_answered_is_carried_out_and_not_answered_twice(line: Line, words: str) -> None:
    assert line.text(ANA, words, handled="stop") == ""
    assert line.stopped() == {phone_index(ANA): "stop"}
    assert line.text(ANA, "START", handled="start") == ""
    assert line.stopped() == {}
    assert line.text(ANA, "HELP", handled="help") == ""


def test_start_after_stop_begins_again_and_says_so(line: Line) -> None:
    line.text(ANA, "stop")
    line.world.clock.fast_forward(timedelta(minutes=1))
    assert STARTED in (line.text(ANA, "Start") or "")
    assert line.stopped() == {}
    assert line.text(ANA, "start") == ""
    line.world.clock.fast_forward(timedelta(minutes=1))
    assert STOPPED in (line.text(ANA, "stop") or "")  # each stop that is news is confirmed


def test_start_does_not_lift_what_a_provider_said_of_the_number(line: Line) -> None:
    line.tell(line.event("bounced", 1, suppress="invalid"))
    assert line.text(ANA, "stop") == ""
    line.world.clock.fast_forward(timedelta(minutes=1))
    assert line.text(ANA, "start") == ""
    assert line.stopped() == {phone_index(ANA): "invalid"}


def test_a_bounce_that_comes_after_stop_outlives_start(line: Line) -> None:
    line.text(ANA, "stop")
    line.tell(line.event("bounced", 1, suppress="invalid"))
    line.world.clock.fast_forward(timedelta(minutes=1))
    line.text(ANA, "start")
    assert line.stopped() == {phone_index(ANA): "invalid"}


def test_a_stop_that_comes_late_does_not_undo_the_start_after_it(line: Line) -> None:
    line.text(ANA, "start", at="2026-03-03T09:50")
    assert line.text(ANA, "stop", at="2026-03-03T09:40") == ""
    assert line.stopped() == {}
    assert STOPPED in (line.text(ANA, "stop", at="2026-03-03T09:55") or "")
    assert line.text(ANA, "start", at="2026-03-03T09:52") == ""
    assert line.stopped() == {phone_index(ANA): "stop"}


def test_a_start_that_comes_late_leaves_the_stop_after_it(line: Line) -> None:
    line.text(ANA, "stop", at="2026-03-03T09:40")
    line.text(ANA, "stop", at="2026-03-03T09:55")
    assert line.text(ANA, "start", at="2026-03-03T09:50") == ""
    assert line.stopped() == {phone_index(ANA): "stop"}


def test_start_takes_back_no_count_of_soft_bounces(line: Line) -> None:
    first = dict(line.world.rows()[0]._mapping)
    with line.world.database.begin() as connection:
        for week in range(2, 6):
            connection.execute(schema.deliveries.insert().values(first | {"id": week + 1, "step": f"week {week}"}))
    about = [1, 3, 4, 5, 6]
    line.text(ANA, "stop", at="2026-03-03T09:01")
    line.tell(*(line.event("bounced", number, f"2026-03-03T09:1{number}") for number in about))
    assert line.stopped() == {phone_index(ANA): "stop"}
    assert line.text(ANA, "start", at="2026-03-03T09:30") == ""
    assert line.stopped() == {phone_index(ANA): "soft_bounces"}


def test_yes_is_an_answer_until_somebody_has_stopped(line: Line) -> None:
    assert UNASKED in (line.text(ANA, "Yes") or "")
    assert replies(line) == [(1, 1, "Yes", False)]
    line.text(ANA, "STOP")
    assert STARTED in (line.text(ANA, "YES", at="2026-03-03T10:05") or "")
    assert len(replies(line)) == 1


def test_help_says_who_writes_and_how_to_stop_every_time(line: Line) -> None:
    for _ in range(2):
        answer = line.text(ANA, "help") or ""
        assert HELP in answer
        assert "STOP" in answer
        assert "hello@rekindle.example" in answer
    assert replies(line) == []


def test_a_shared_phone_stops_and_begins_for_both_on_every_channel(line: Line) -> None:
    line = texted(phone=BEN)
    assert STOPPED in (line.text(BEN, "stop", channel="whatsapp") or "")
    line.world.go_to("2026-03-10T09:00")
    assert {(status, reason) for _, _, status, reason in line.world.became()[2:]} == {("skipped", "suppressed")}


def test_the_other_partner_is_told_nothing(line: Line) -> None:
    line.text(ANA, "stop")
    before = len(line.world.inbox.messages)
    line.world.tick()
    assert len(line.world.inbox.messages) == before


def test_anything_else_is_a_reply_to_the_last_message_that_went(line: Line) -> None:
    line.text(BEN, "We stopped by the lake")
    assert replies(line) == [(2, 2, "We stopped by the lake", False)]
    (row,) = line.world.rows(schema.heard)
    assert (row.delivery_id, row.replied_at) == (2, line.world.clock.now())
    line.world.go_to("2026-03-10T09:00")
    line.world.clock.fast_forward(timedelta(minutes=5))
    line.text(ANA, "and this week too", channel="whatsapp")
    assert replies(line)[1][:2] == (1, next(row.id for row in line.world.rows() if row.step == "two"))


def test_a_quoted_message_is_the_one_that_is_answered(line: Line) -> None:
    line.world.go_to("2026-03-10T09:00")
    line.text(ANA, "to the first one", in_reply_to="memory-1")
    line.text(ANA, "to somebody else's", in_reply_to="memory-2")
    assert [delivery for _, delivery, _, _ in replies(line)] == [1, 3]


def test_a_quoted_message_is_the_one_that_is_answered_while_a_later_one_is_in_doubt(line: Line) -> None:
    line.world.go_to("2026-03-10T09:00")
    with line.world.database.begin() as connection:
        doubted = update(schema.deliveries).where(schema.deliveries.c.id > 2)
        connection.execute(doubted.values(status="in_doubt", receipt=None, sent_at=None))
    line.text(ANA, "to the first one", in_reply_to="memory-1")
    assert [delivery for _, delivery, _, _ in replies(line)] == [1]


@pytest.mark.parametrize(
    ("sender", "at", "expected"),
    [
        (ANA, "2026-03-03T08:00", (1, None)),  # before anything was sent
        (ANA, "2026-04-20T09:00", (1, None)),  # long after
        (NOBODY, "2026-03-03T10:00", (None, None)),
    ],
)
def test_a_reply_to_nothing_is_kept_beside_whoever_wrote_it(
    line: Line, sender: str, at: str, expected: tuple[int | None, int | None]
) -> None:
    line.text(sender, "hello there", at=at)
    assert [row[:2] for row in replies(line)] == [expected]


def test_a_delivery_in_doubt_may_be_replied_to(line: Line) -> None:
    with line.world.database.begin() as connection:
        connection.execute(update(schema.deliveries).values(status="in_doubt", sent_at=None))
    line.text(ANA, "got it")
    assert replies(line)[0][:2] == (1, 1)


def test_what_only_may_be_a_stop_is_an_answer_and_flagged(line: Line) -> None:
    line.text(ANA, "I want this to stop")
    assert replies(line) == [(1, 1, "I want this to stop", True)]
    assert line.stopped() == {}


def test_stop_from_an_unknown_number_counts_and_is_confirmed(line: Line) -> None:
    assert STOPPED in (line.text(NOBODY, "stop") or "")
    assert line.stopped() == {phone_index(NOBODY): "stop"}


@pytest.mark.parametrize("word", ["START", "yes", "resume"])
def test_start_gives_back_only_what_was_agreed_to(line: Line, word: str) -> None:
    line.world.alter("Ana", sms_consent=False, whatsapp_consent=False)
    line.text(ANA, "stop")
    line.world.clock.fast_forward(timedelta(minutes=1))
    said = line.text(ANA, word) or ""
    assert "sign up" in said
    assert "hello@rekindle.example" in said
    assert line.stopped() == {phone_index(ANA): "stop"}
    assert [(row[2], row[3]) for row in replies(line)] == [(word, False)]


def test_start_from_somebody_who_has_left_takes_nothing_back(line: Line) -> None:
    line.text(ANA, "stop")
    line.world.alter("Ana", left_at=line.world.clock.now())
    line.world.clock.fast_forward(timedelta(minutes=1))
    assert "sign up" in (line.text(ANA, "start") or "")
    assert line.stopped() == {phone_index(ANA): "stop"}


def test_consent_to_whatsapp_is_consent_to_write_to_the_number(line: Line) -> None:
    line.world.alter("Ana", sms_consent=False, whatsapp_consent=True)
    line.text(ANA, "stop")
    line.world.clock.fast_forward(timedelta(minutes=1))
    assert STARTED in (line.text(ANA, "start") or "")


def test_a_start_that_was_refused_takes_back_no_stop_that_comes_late(line: Line) -> None:
    line.world.alter("Ana", sms_consent=False)
    line.text(ANA, "start", at="2026-03-03T09:50")
    assert STOPPED in (line.text(ANA, "stop", at="2026-03-03T09:40") or "")


def test_a_refused_start_that_the_provider_has_answered_is_kept_in_silence(line: Line) -> None:
    line.world.alter("Ana", sms_consent=False)
    assert line.text(ANA, "START", handled="start") == ""
    assert [row[2] for row in replies(line)] == ["START"]


@pytest.mark.parametrize(("preferred", "ends"), [(Channel.SMS, True), (Channel.WHATSAPP, True), (Channel.EMAIL, False)])
def test_a_stop_ends_what_is_shared_where_the_campaign_says_so(preferred: Channel, ends: bool) -> None:
    """On the channel that they prefer; else their messages go on elsewhere. Nobody is told."""
    world = World(talk("one"), talk("two", weeks=(2,)), on_leaving=OnLeaving.FINISH)
    world.join("x", person("Ana", channel=preferred), person("Ben", channel=Channel.SMS))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    line = Line(world)
    before = len(world.inbox.messages)
    assert STOPPED in (line.text(ANA, "stop") or "")
    world.tick()
    (enrollment,) = world.rows(schema.enrollments)
    assert (enrollment.left_week is not None) is ends
    assert len(world.inbox.messages) == before


def test_a_stop_in_an_email_is_about_the_mailbox(line: Line) -> None:
    line.text("Ana@example.com", "Unsubscribe", channel="email")
    assert line.stopped() == {email_index("ana@example.com"): "stop"}


def test_several_texts_in_one_call_are_all_heard_and_none_answered(line: Line) -> None:
    entry = {"at": "2026-03-03T10:00", "channel": "sms", "text": "stop"}
    assert line.tell({"key": "a", "sender": ANA, **entry}, {"key": "b", "sender": BEN, **entry}) == ""
    assert set(line.stopped()) == {phone_index(ANA), phone_index(BEN)}


def test_a_stop_that_a_crash_delayed_is_carried_out_though_nobody_is_left_to_answer(line: Line) -> None:
    now = line.world.clock.now().replace(tzinfo=None).isoformat()
    line.hearing.receive("memory", line.hook({"key": "k", "at": now, "channel": "sms", "sender": ANA, "text": "stop"}))
    line.world.clock.fast_forward(timedelta(minutes=2))
    assert line.another().catch_up().reacted == 1
    assert line.stopped() == {phone_index(ANA): "stop"}


def test_a_broken_template_does_not_undo_a_stop(tmp_path: Any) -> None:
    (tmp_path / "sms").mkdir()
    (tmp_path / "sms" / "stopped.txt").write_text("{{ nothing_of_the_kind }}", encoding="utf-8")
    world = World(templates=[tmp_path])
    world.join("x", person("Ana", channel=Channel.SMS))
    line = Line(world)
    assert line.text(ANA, "stop") == ""
    assert line.stopped() == {phone_index(ANA): "stop"}


def test_half_a_character_is_no_reason_to_lose_a_text(line: Line) -> None:
    line.text(ANA, "a broken emoji \ud83d")
    assert replies(line) == [(1, 1, "a broken emoji ?", False)]


def test_the_notice_is_in_the_language_of_whose_phone_it_is(tmp_path: Any) -> None:
    (tmp_path / "sms" / "es").mkdir(parents=True)
    (tmp_path / "sms" / "es" / "stopped.txt").write_text("No más mensajes. {{ lang }}", encoding="utf-8")
    world = World(templates=[tmp_path])
    world.join("x", person("Ana", channel=Channel.SMS, locale="es-MX"))
    assert Line(world).text(ANA, "parar") == "No más mensajes. es"
