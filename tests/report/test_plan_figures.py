"""The planner's figures are counts of what became of each delivery: silences, dense weeks, shares, clock changes."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import pytest
from made import campaign, step
from world import at

from engine.define.digest import identified
from engine.model.campaign import Campaign
from engine.report.plan_compare import compared
from engine.report.plan_delays import delayed
from engine.report.plan_entry import entry
from engine.report.plan_figures import Counting, End, Figures
from engine.report.plan_rows import Person, Row

MONDAY = date(2026, 3, 2)
WEEKLY = identified(campaign(step("talk", weeks=(1, 2, 3, 4), days=(6,)), weeks=4))  # on Sundays at 09:00


def person(number: int = 1, zone: str = "UTC", position: int = 1) -> Person:
    return Person(number, f"c{number}", 2 * number + position, position, zone, time(9), frozenset(), MONDAY)


def row(who: Person, when: str, occurrence: int = 6, **given: object) -> Row:
    """A message that went at `when`, UTC, to `who`."""
    moment = round(at(when).timestamp()) * 1000
    made = Row(
        who.couple_id, who.ref, who.partner_id, who.position, occurrence // 7 + 1, "talk", occurrence, "email", "a1",
        moment, moment, None, who.timezone, "sent", None, 1, 400,
    )  # fmt: skip
    return made._replace(**given)


def sundays(who: Person) -> list[Row]:
    return [row(who, f"{MONDAY + timedelta(days=6 + 7 * week)}T09:00", 6 + 7 * week) for week in range(4)]


def counted(*couples: tuple[Sequence[Person], Sequence[Row]], of: Campaign = WEEKLY, keep: bool = False) -> Figures:
    counting = Counting(of, keep=keep)
    for people, rows in couples:
        counting.count(people, rows)
    return counting.figures


def told(figures: Figures, currency: str | None = "EUR") -> dict[str, object]:
    return entry(WEEKLY, MONDAY, "0", figures, currency)


def test_the_longest_silence_is_from_one_message_of_either_partner_to_the_next() -> None:
    one, other = person(), person(position=2)
    rows = [row(one, "2026-03-08T09:00"), row(other, "2026-03-11T09:00"), row(one, "2026-03-22T09:00", 20)]
    (silence,) = counted(([one, other], rows)).silences
    assert (silence.hours, silence.since, silence.until) == (264, "2026-03-11T09:00+00:00", "2026-03-22T09:00+00:00")


def test_a_couple_that_hears_nothing_is_silent_from_the_start_to_the_end() -> None:
    who = person()
    figures = counted(([who], [row(who, "2026-03-08T09:00", status="skipped", reason="no_consent")]))
    assert (figures.unheard_count, figures.unheard) == (1, [(1, "c1")])
    assert figures.silences[0].hours == 28 * 24


def test_the_densest_week_counts_both_partners_from_monday_to_sunday_where_each_is() -> None:
    here, there = person(zone="Pacific/Auckland"), person(zone="America/Los_Angeles", position=2)
    # Sunday evening in Los Angeles is Monday in Auckland.
    rows = [row(here, "2026-03-09T03:00"), row(there, "2026-03-09T03:00"), row(here, "2026-03-12T03:00", 13)]
    (dense,) = counted(([here, there], rows)).dense
    assert (dense.messages, dense.week_of) == (2, date(2026, 3, 9))


def test_volume_is_by_the_hour_of_utc_and_by_the_hour_on_the_wall() -> None:
    who = person(zone="Asia/Kathmandu")  # 5:45 ahead
    figures = counted(([who], [row(who, "2026-03-08T18:20")]))
    assert dict(figures.utc) == {(date(2026, 3, 8), 18): 1}
    assert dict(figures.local) == {(date(2026, 3, 9), 0): 1}
    assert dict(figures.zones) == {("Asia/Kathmandu", 0): 1}


def test_what_does_not_go_is_counted_by_reason_and_step_with_a_few_couples_named() -> None:
    people = [person(number) for number in range(1, 6)]
    couples = [
        ([who], [row(who, "2026-03-08T09:00", status="skipped", reason="no_consent", moved_because="window")])
        for who in people
    ]
    (skip,) = told(counted(*couples))["skips"]  # type: ignore[misc]
    assert (skip["reason"], skip["step"], skip["deliveries"]) == ("no_consent", "talk", 5)
    assert skip["couples"] == ["c1", "c2", "c3"]
    assert skip["why"] == "No consent on record for this channel."
    window = next(gate for gate in told(counted(*couples))["gates"] if gate["gate"] == "window")  # type: ignore[attr-defined]
    assert (window["moved"], window["moved_and_sent"], window["skipped"]) == (5, 0, 0)


def test_money_is_by_channel_and_week_and_is_not_told_where_no_price_is_known() -> None:
    who = person()
    rows = [*sundays(who), row(who, "2026-03-09T09:00", 7, channel="sms", parts=2, cost=15_800)]
    figures = counted(([who], rows))
    cost = told(figures)["cost"]
    assert cost["total"] == {"messages": 5, "segments": 6, "cost": 0.0174}  # type: ignore[index]
    assert {"week": 2, "channel": "sms", "messages": 1, "segments": 2, "cost": 0.0158} in cost["weeks"]  # type: ignore[index]
    assert told(figures, None)["cost"]["total"]["cost"] is None  # type: ignore[index]


def test_the_balance_names_the_couples_with_the_least_and_the_most_of_a_strategy() -> None:
    mixed = identified(campaign(*WEEKLY.steps, weeks=4))
    one, other = person(1), person(2)
    rows = [each._replace(activity=None if n else "a1") for n, each in enumerate(sundays(other))]
    figures = counted(([one], sundays(one)), ([other], rows), of=mixed)
    (balance,) = told(figures)["strategies"]  # type: ignore[misc]
    assert (balance["messages"], balance["share"]) == (5, 1.0)
    assert (balance["least"], balance["most"]) == ({"share": 1.0, "couple": "c1"}, {"share": 1.0, "couple": "c1"})


NEW_YORK = "America/New_York"  # forward an hour on Sunday 2026-03-08


def local_sundays(who: Person) -> list[Row]:
    """At noon, when the window opens on Sundays: 16:00 in UTC from the change on."""
    return [row(who, f"{MONDAY + timedelta(days=6 + 7 * week)}T16:00", 6 + 7 * week) for week in range(4)]


def test_where_the_clocks_change_each_message_is_held_against_the_calendar() -> None:
    who = person(zone=NEW_YORK)
    (change,) = counted(([who], local_sundays(who))).changes.values()
    assert (change.on, change.by) == (date(2026, 3, 8), timedelta(hours=1))
    assert (change.people, change.deliveries, change.kept) == (1, 1, 1)
    assert change.sound


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        (lambda rows: rows[1:], "none"),
        (lambda rows: [rows[0], *rows], "twice"),
        (lambda rows: [rows[0]._replace(due_at=rows[0].due_at + 3_600_000), *rows[1:]], "off"),
    ],
)
def test_a_message_that_is_missing_doubled_or_an_hour_off_is_seen(rows: object, what: str) -> None:
    who = person(zone=NEW_YORK)
    (change,) = counted(([who], rows(local_sundays(who)))).changes.values()  # type: ignore[operator]
    assert getattr(change, what) == 1
    assert not change.sound


def test_an_hour_that_the_day_does_not_have_is_moved_and_not_wrong() -> None:
    early = person(zone=NEW_YORK)._replace(own_time=time(2, 30))
    at_night = identified(campaign(step("talk", weeks=(1,), days=(6,), at=None), weeks=1, window=(None,) * 7))
    rows = [row(early, "2026-03-08T07:30")]  # 03:30 there
    (change,) = counted(([early], rows), of=at_night).changes.values()
    assert (change.moved, change.off, change.sound) == (1, 0, True)


def test_figures_of_different_couples_add_up_in_any_order() -> None:
    people = [person(number, NEW_YORK) for number in range(1, 8)]
    parts = [counted(([who], local_sundays(who)[who.couple_id % 3 :])) for who in people]
    whole = counted(*(([who], local_sundays(who)[who.couple_id % 3 :]) for who in people))
    for order in (parts, parts[::-1]):
        summed = Figures()
        for part in order:
            summed.add(part)
        assert told(summed) == told(whole)


def test_delays_are_of_messages_that_would_have_gone_without_the_faults() -> None:
    who = person()
    fair = sundays(who)
    late = fair[1]._replace(at=fair[1].at + 90 * 60_000)
    lost = fair[2]._replace(status="skipped", reason="too_late")
    doubt = fair[3]._replace(status="in_doubt")
    found = delayed(counted(([who], fair), keep=True), counted(([who], [fair[0], late, lost, doubt]), keep=True))
    assert (found["would_go"], found["late"], found["lost"], found["in_doubt"]) == (4, 1, 1, 1)
    assert found["late_minutes"]["most"] == 90
    assert [each["messages"] for each in found["late_minutes"]["histogram"]] == [0, 0, 0, 1, 0, 0]
    assert found["lost_because"][0]["reason"] == "too_late"
    assert found["lost_because"][0]["couples"] == ["c1"]


def test_a_comparison_names_the_couples_that_change_most_and_how() -> None:
    people = [person(number) for number in (1, 2, 3)]
    before = counted(*(([who], sundays(who)) for who in people), keep=True)
    first, second, third = (sundays(who) for who in people)
    second[0] = second[0]._replace(at=second[0].at + 60_000)
    third = [third[0]._replace(activity="a2"), *third[2:], row(people[2], "2026-04-05T09:00", 34)]
    after = counted(*zip(([who] for who in people), (first, second, third), strict=True), keep=True)
    found = compared(told(before), told(after), before, after)
    assert found["couples_changed"] == 2
    assert [each["couple"] for each in found["couples"]] == ["c3", "c2"]
    assert found["changes"] == {"added": 1, "removed": 1, "hour": 1, "activity": 1, "channel": 0, "outcome": 0}
    assert {each["figure"]: each["difference"] for each in found["figures"]}["sent"] == 0


def test_ends_are_kept_only_where_they_are_asked_for() -> None:
    who = person()
    assert counted(([who], sundays(who))).ends == {}
    moment = round(datetime(2026, 3, 8, 9, tzinfo=UTC).timestamp()) * 1000
    kept = counted(([who], sundays(who)), keep=True).ends["c1"]
    assert kept[1, "talk", 6] == End(moment, "email", "a1", "sent", None)
