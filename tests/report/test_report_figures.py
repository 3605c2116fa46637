"""What the report counts, figure by figure, on campaigns told row by row."""

from datetime import timedelta

import pytest
from told import BEGAN, Told, renamed

from engine.report.cells import HIDDEN
from engine.report.dropout import Stays, weeks_of

HOUR = timedelta(hours=1)


def some(row: dict[str, object], *keys: str) -> list[object]:
    return [row[key] for key in keys]


def test_the_funnel_counts_each_stage_by_week_and_by_channel() -> None:
    told = Told(20)
    told.to_both(range(1, 21), heard=("delivered", "opened"))
    told.to_both(range(1, 11), week=2, channel="sms", heard=("delivered",))
    told.to_both(range(11, 21), week=2, status="skipped", reason="paused")
    for couple in range(1, 11):
        told.answer(2 * couple)
    stages = ("planned", "sent", "arrived", "opened", "asking", "answered", "answered_share")
    weeks, channels = told.rows("funnel_weeks"), told.rows("funnel_channels")
    assert some(weeks[1], *stages) == [40, 40, 40, 40, 40, 10, 0.25]
    assert some(weeks[2], *stages) == [40, 20, 20, 0, 20, 0, 0]
    assert some(weeks["all"], *stages[:2]) == [80, 60]
    assert some(channels["sms"], *stages[:4]) == [20, 20, 20, 0]
    assert told.rows("skipped")["paused"]["skipped"] == 20


def test_a_text_is_never_counted_as_opened_nor_a_bounce_as_delivered() -> None:
    told = Told(6)
    told.to_both(range(1, 7), channel="sms", heard=("delivered", "opened"))
    told.to_both(range(1, 7), week=2, heard=("delivered", "bounced"), code="5.1.1")
    assert some(told.rows("funnel_weeks")[1], "arrived", "opened") == [12, 0]
    assert some(told.rows("deliverability_weeks")[2], "sent", "arrived", "bounced") == [12, 0, 12]


def test_what_asks_nothing_is_not_asked_and_a_copy_asks_nothing_new() -> None:
    told = Told(6)
    told.to_both(range(1, 7), step="hello")
    told.to_both(range(1, 7))
    told.to_both(range(1, 7), occurrence=10_001)
    for partner in range(1, 13):
        told.answer(partner)
    row = told.rows("funnel_weeks")[1]
    assert some(row, "sent", "asking", "answered") == [36, 12, 12]


@pytest.mark.parametrize(("kinds", "column"), [
    (("delivered",), "arrived"),
    (("deferred", "delivered"), "arrived"),
    (("deferred",), "delayed"),
    (("delivered", "failed"), "gave_up"),
    (("bounced", "failed"), "bounced"),
    (("opened",), "silent"),
    ((), "silent"),
])  # fmt: skip
def test_the_worst_that_was_heard_counts(kinds: tuple[str, ...], column: str) -> None:
    told = Told(5)
    told.to_both(range(1, 6), heard=kinds)
    row = told.rows("deliverability_transports")["smtp"]
    found = {name: row[name] for name in ("arrived", "delayed", "bounced", "gave_up", "silent")}
    assert found == {**dict.fromkeys(found, 0), column: 10}


@pytest.mark.parametrize(
    ("code", "written"),
    [("5.1.1", "5.1"), ("4.2.2", "4.2"), ("30003", "30003"), ("550", "550"), ("", "none given"), ("5.7", "5.7")],
)
def test_codes_are_classed_by_the_first_two_numbers_of_an_enhanced_status(code: str, written: str) -> None:
    told = Told(5)
    told.to_both(range(1, 6), heard=("bounced",), code=code)
    assert told.rows("bounces", "code")[written]["returned"] == 10


def test_few_bounces_are_hidden_and_so_is_what_would_tell_them() -> None:
    told = Told(30)
    told.to_both(range(1, 29), heard=("delivered",))
    told.to_both(range(29, 31), heard=("bounced",), code="5.1.1")
    for figure in ("deliverability_weeks", "deliverability_channels", "deliverability_transports"):
        row = told.rows(figure)["all"]
        assert row["bounced"] is HIDDEN
        assert row["returned_share"] is HIDDEN
        assert HIDDEN in some(row, "arrived", "sent")  # 60 less 56 would tell
    assert told.rows("bounces", "channel")["email"]["returned"] is HIDDEN


def test_a_cost_is_hidden_with_the_messages_that_would_tell_it() -> None:
    told = Told(20)
    told.to_both(range(1, 21))
    told.to_both(range(1, 4), week=2, channel="sms")
    rows = told.rows("costs_channels")
    assert some(rows["sms"], "sent", "parts", "cost", "cost_per_answer") == [HIDDEN] * 4
    assert HIDDEN in (rows["email"]["cost"], rows["all"]["cost"])


def test_costs_are_of_sent_messages_and_for_each_answered_question() -> None:
    told = Told(10)
    told.to_both(range(1, 11), cost=250_000)
    told.to_both(range(1, 11), week=2, status="in_doubt", cost=9_000_000)
    for partner in range(1, 11):
        told.answer(partner)
    assert some(told.rows("costs_weeks")[1], "cost", "answered", "cost_per_answer") == [5.0, 10, 0.5]
    assert told.rows("costs_weeks")["all"]["cost"] == 5.0


def test_questions_are_answered_by_nobody_by_one_or_by_both_and_revealed() -> None:
    told = Told(18)
    told.to_both(range(1, 19))
    for couple in range(1, 13):
        told.answer(2 * couple, after=3 * HOUR)
    for couple in range(1, 7):
        told.answer(2 * couple - 1, after=HOUR)
        told.reveal(couple)
    row = told.rows("answers", "step", "week")["talk", 1]
    assert some(row, "asked", "by_none", "by_one", "by_both", "revealed") == [18, 6, 6, 6, 6]
    assert row["median_hours"] == pytest.approx(3, abs=0.1)
    assert told.rows("answers", "step", "week")["talk", "all"]["asked"] == 18


def test_a_pulse_is_a_question_that_a_number_answers() -> None:
    told = Told(5)
    told.to_both(range(1, 6), step="pulse")
    for partner in range(1, 11):
        told.rate(partner, 1, 4)
    assert told.rows("answers", "step", "week")["pulse", 1]["by_both"] == 5


def test_one_couple_that_one_partner_answered_for_cannot_be_told_from_the_funnel() -> None:
    told = Told(20)
    told.to_both(range(1, 21))
    for couple in range(1, 20):
        told.answer(2 * couple)
        told.answer(2 * couple - 1)
    told.answer(40)
    shown = some(told.rows("answers", "step", "week")["talk", 1], "asked", "by_none", "by_one", "by_both")
    answered = told.rows("funnel_weeks")[1]["answered"]
    assert shown[2] is HIDDEN
    assert HIDDEN in (shown[3], answered)


def test_pulses_are_means_of_partners_and_of_couples_who_both_rated() -> None:
    told = Told(12)
    for couple in range(1, 13):
        told.rate(2 * couple, 1, 4)
        if couple <= 6:
            told.rate(2 * couple - 1, 1, 2)
    row = told.rows("pulses")[1]
    assert some(row, "couples", "ratings", "mean") == [12, 18, pytest.approx(60 / 18)]
    assert some(row, "joint_couples", "joint_mean", "joint_low", "joint_high") == [6, 3, 3, 3]
    assert row["low"] < row["mean"] < row["high"]


def test_the_joint_pulse_is_hidden_where_it_would_tell_what_few_rated_alone() -> None:
    told = Told(12)
    for couple in range(1, 13):
        told.rate(2 * couple, 1, 4)
        if couple > 2:
            told.rate(2 * couple - 1, 1, 2)
    row = told.rows("pulses")[1]
    assert row["mean"] != HIDDEN
    assert row["joint_mean"] is HIDDEN


def test_a_week_that_four_couples_rated_is_hidden_whole() -> None:
    told = Told(9)
    for couple in range(1, 10):
        told.rate(2 * couple, 1, 4)
        if couple <= 4:
            told.rate(2 * couple, 2, 1)
    assert set(told.rows("pulses")[2].values()) == {2, HIDDEN}


def test_verdicts_are_shares_of_what_was_said_with_intervals_that_count_couples() -> None:
    told = Told(20)
    for couple in range(1, 21):
        for partner in (2 * couple - 1, 2 * couple):
            made = told.message(partner)
            if couple <= 16:
                told.say(made, partner, "did" if couple <= 10 else "not_for_us")
    row = told.rows("strategies")["affection"]
    assert some(row, "given", "said", "did", "did_share", "not_for_us") == [40, 32, 20, 0.625, 12]
    assert row["did_low"] == pytest.approx(0.3864, abs=1e-3)  # Wilson of 10 of 16
    assert told.rows("activities", "activity")["a0"]["did"] == 20


def test_an_activity_of_few_couples_cannot_be_told_from_its_strategy() -> None:
    told = Told(20)
    for couple in range(1, 21):
        activity = "a0" if couple <= 17 else "a1"
        made = told.message(2 * couple, activity=activity)
        told.say(made, 2 * couple, "did", activity)
    rows = told.rows("activities", "activity")
    assert rows["a1"]["given"] is HIDDEN
    assert HIDDEN in (rows["a0"]["given"], told.rows("strategies")["affection"]["given"])


def test_pulses_move_by_the_couples_own_other_weeks() -> None:
    told = Told(10)
    for couple in range(1, 11):
        for week, value in enumerate((2, 3, 5, 5), start=1):
            told.rate(2 * couple, week, value)
        told.message(2 * couple, week=3, activity="a5")  # of empathy: +2; the others +1 and 0
    row = told.rows("pulse_change")["empathy"]
    assert some(row, "n", "with", "without", "difference", "low", "high") == [10, 2, 0.5, 1.5, 1.5, 1.5]


def test_an_opt_out_is_put_to_the_last_message_within_48_hours() -> None:
    told = Told(12)
    told.to_both(range(1, 13), step="hello")  # a day before the talk
    told.to_both(range(1, 13))
    talked = BEGAN + timedelta(days=1)
    for couple in range(1, 7):
        told.leave(2 * couple, talked + timedelta(hours=47))
    for couple in range(7, 13):
        told.leave(2 * couple, talked + timedelta(hours=49))
    rows = told.rows("opt_outs")
    assert some(rows["talk"], "reached", "opted_out", "per_thousand") == [24, 6, 250]
    assert rows["hello"]["opted_out"] == 0
    assert rows["talk"]["low"] < 250 < rows["talk"]["high"]


def test_partners_who_leave_make_the_curve_and_who_stays_is_censored() -> None:
    told = Told(10)
    told.to_both(range(1, 11))
    for couple in range(1, 6):
        told.leave(2 * couple, BEGAN + timedelta(days=8))
    rows = told.rows("dropout")
    assert some(rows["1"], "at_risk", "left", "survival") == [20, 0, 1]
    assert some(rows["2"], "at_risk", "left", "survival") == [20, 5, 0.75]
    assert some(rows["4"], "at_risk", "left", "survival") == [15, 0, 0.75]


def test_who_never_got_a_message_is_not_at_risk() -> None:
    told = Told(10)
    told.to_both(range(1, 7))
    assert told.rows("dropout")["1"]["at_risk"] == 12


def test_the_curve_ends_where_it_cannot_be_known_yet() -> None:
    told = Told(6)
    told.to_both(range(1, 7))
    assert list(told.rows("dropout", now=BEGAN + timedelta(days=9))) == ["1", "2"]


def test_weeks_in_which_few_couples_left_are_put_together_and_a_rest_is_hidden() -> None:
    stays = Stays(of=50)
    for day, couples in ((1, 2), (8, 3), (15, 4)):
        stays.left[day] = stays.couples[day] = couples
    stays.censored[27] = 41
    rows = list(weeks_of(stays))
    assert [(row["weeks"], row["left"]) for row in rows] == [("1–2", 5), ("3–4", HIDDEN)]
    assert rows[1]["survival"] is HIDDEN


def test_statuses_of_few_couples_are_hidden_and_so_is_another() -> None:
    told = Told(20)
    with told.database.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE enrollments SET status = 'stopped', stopped_reason = 'life_event' WHERE id < 4"
        )
        connection.exec_driver_sql("UPDATE enrollments SET status = 'completed' WHERE id > 10")
    rows = told.rows("couples")
    assert rows["stopped: life_event"]["enrollments"] is HIDDEN
    assert HIDDEN in (rows["active"]["enrollments"], rows["completed"]["enrollments"])
    assert rows["all"]["enrollments"] == 20


def test_one_version_is_told_apart_from_all() -> None:
    told = Told(12)
    other = renamed("Another")
    with told.database.begin() as connection:
        told.version(connection, other)
        connection.exec_driver_sql(f"UPDATE enrollments SET digest = '{other.digest}' WHERE id > 6")
    told.to_both(range(1, 13))
    assert told.rows("funnel_weeks")[1]["sent"] == 24
    assert told.rows("funnel_weeks", version=other.digest[:6])[1]["sent"] == 12
    assert len(told.report().versions) == 2


def test_what_is_counted_some_couples_at_a_time_is_counted_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(12)
    told.to_both(range(1, 13), heard=("delivered",))
    for partner in range(1, 25):
        told.answer(partner)
        told.rate(partner, 1, 3)
    whole = told.report().entry()
    monkeypatch.setattr("engine.report.scope.Scope.chunk", 5)
    assert told.report().entry() == whole
