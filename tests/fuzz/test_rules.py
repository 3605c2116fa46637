"""Each rule of the checker fails on a record made by hand that breaks it, and holds on one that does not."""

from dataclasses import replace
from typing import Any

import pytest
from tinylife import (
    ANNA,
    BERT,
    COURSE,
    HOUR,
    MONDAY,
    RECORD,
    SCRIPT,
    TABLES,
    WEEK,
    acting,
    broken,
    moved,
    row,
    said,
    with_rows,
    without,
)

from fuzz.record import Accepted, Called, Intent, Record, Shown
from fuzz.script import Kind, Script

FIRST = RECORD.accepted[0]


def test_what_went_well_breaks_no_rule() -> None:
    """A record of a life in which all went as it should is judged clean."""
    assert said(SCRIPT, RECORD) == []


def also(accepted: Accepted, *intents: Intent) -> Record:
    return replace(RECORD, accepted=(*RECORD.accepted, accepted), intents=(*RECORD.intents, *intents))


def in_text(words: str) -> Record:
    return replace(RECORD, accepted=(replace(FIRST, text=words), *RECORD.accepted[1:]))


def in_table(name: str, *rows: dict[str, Any]) -> Record:
    return replace(RECORD, tables={**TABLES, name: rows})


SIMPLE: list[tuple[str, Script, Record]] = [
    ("once", SCRIPT, also(replace(FIRST, n=901, asked=900), Intent(899, FIRST.at, 1))),
    ("intended", SCRIPT, replace(RECORD, intents=RECORD.intents[1:])),
    ("intended", SCRIPT, also(replace(FIRST, n=901, asked=900))),
    ("rows", SCRIPT, replace(RECORD, rows=RECORD.rows[1:])),
    ("address", SCRIPT, replace(RECORD, accepted=(replace(FIRST, to="bert@example.org"), *RECORD.accepted[1:]))),
    ("address", SCRIPT, replace(RECORD, accepted=(replace(FIRST, channel="sms"), *RECORD.accepted[1:]))),
    ("consent", replace(SCRIPT, people=(replace(ANNA, consents=("sms",)), BERT)), RECORD),
    ("hours", SCRIPT, moved(RECORD, 1, 10 * HOUR)),
    ("early", SCRIPT, moved(RECORD, 1, -HOUR)),
    ("late", SCRIPT, moved(RECORD, 1, 24 * HOUR)),
    ("caps", replace(SCRIPT, courses=(replace(COURSE, per_day=0),)), RECORD),
    ("lost", SCRIPT, replace(RECORD, rows=RECORD.rows[:3])),
    ("lost", SCRIPT, replace(RECORD, enrollments={}, rows=(), accepted=(), intents=())),
    ("calendar", SCRIPT, replace(RECORD, rows=(*RECORD.rows, row(5, occurrence=3)))),
    ("calendar", SCRIPT, replace(RECORD, rows=(*RECORD.rows, row(5, occurrence=0)))),
    ("instant", SCRIPT, with_rows(r1={"due_at": int((MONDAY - HOUR) * 1_000)})),
    ("rest", SCRIPT, with_rows(without(RECORD, 1), r1={"status": "planned"})),
    ("rest", SCRIPT, with_rows(r1={"status": "in_doubt"})),
    ("sent", SCRIPT, without(RECORD, 1)),
    ("sent", SCRIPT, with_rows(r1={"status": "skipped", "reason": "paused"})),
    ("private", SCRIPT, in_text("Hello bert@example.org")),
    ("said", SCRIPT, replace(RECORD, said="cannot write to anna@example.org")),
    ("said", SCRIPT, replace(RECORD, said="hello annax")),
    ("said", SCRIPT, in_table("attempts", {"id": 1, "detail": "550 <anna@example.org> unknown"})),
    ("stopped", SCRIPT, in_table("suppressions", {"address_index": "a"})),
    (
        "heard",
        SCRIPT,
        in_table("intake", {"id": 1, "source": "x", "status": "pending", "received_at": int(MONDAY * 1_000)}),
    ),
    ("heard", SCRIPT, in_table("events", {"id": 1, "delivery_id": None, "receipt": "r1", "received_at": 0})),
    ("heard", SCRIPT, replace(with_rows(without(RECORD, 1), r1={"status": "in_doubt"}), called=(Called(300, 1),))),
    ("revealed", SCRIPT, in_table("reveals", {"enrollment_id": 100, "step": "ask", "occurrence": 0})),
]


@pytest.mark.parametrize(("rule", "script", "record"), SIMPLE, ids=[f"{n}-{each[0]}" for n, each in enumerate(SIMPLE)])
def test_a_record_that_breaks_a_rule_is_told(rule: str, script: Script, record: Record) -> None:
    """What must not be in a record is named by the rule that it breaks."""
    assert rule in broken(script, record)


@pytest.mark.parametrize(
    "reason",
    [
        "paused",
        "suppressed",
        "life_event",
        "left",
        "stopped",
        "too_late",
        "frequency_cap",
        "outside_window",
        "no_consent",
        "no_address",
        "shared_address",
        "unknown_timezone",
        "changed",
        "condition",
        "poison",
        "dropped",
    ],
)
def test_a_reason_that_nothing_bears_out_is_told(reason: str) -> None:
    """A delivery that was skipped for a reason of which script and acts know nothing is lost."""
    record = with_rows(without(RECORD, 3), r3={"status": "skipped", "reason": reason})
    script = replace(SCRIPT, courses=(replace(COURSE, per_week=9),))
    assert broken(script, record) == {"reason"}


BARS = [
    (Kind.PAUSE, 1, {"until": MONDAY + WEEK + 5 * HOUR}),
    (Kind.PAUSE_COUPLE, 1, {"until": MONDAY + WEEK + 5 * HOUR}),
    (Kind.UNSUBSCRIBE, 1, {}),
    (Kind.BOUNCE, 1, {}),
    (Kind.COMPLAIN, 1, {}),
    (Kind.SUPPRESS, 1, {"channel": "email"}),
    (Kind.LEAVE, 1, {}),
    (Kind.SPLIT, 1, {}),
    (Kind.STOP_COUPLE, 1, {}),
    (Kind.HOLD, None, {}),
]


@pytest.mark.parametrize(("kind", "who", "detail"), BARS, ids=[str(each[0]) for each in BARS])
def test_an_intent_after_what_stands_against_it_is_told(kind: Kind, who: int | None, detail: dict[str, Any]) -> None:
    """What was told done before an intent is kept to; what nobody was told of, or came after it, may be."""
    before, after = acting(kind, who, 250, **detail), acting(kind, who, 405, **detail)
    untold = acting(kind, who, 250, told=False, **detail)
    assert "never" in broken(*before)
    assert "never" not in broken(*after)
    assert "never" not in broken(*untold)


def test_a_stop_holds_until_a_start() -> None:
    """After STOP nothing is texted to that phone, whoever else has it; START takes it back, but nothing firm."""
    people = tuple(replace(each, phone="+4915111", channel="sms", consents=("sms",)) for each in (ANNA, BERT))
    script = replace(SCRIPT, people=people)
    by_text = [replace(each, to="+4915111", channel="sms") for each in (RECORD.accepted[0], RECORD.accepted[2])]
    record = with_rows(without(RECORD, 2, 4), **{f"r{n}": {"channel": "sms"} for n in (1, 2, 3, 4)})
    record = with_rows(record, r2={"status": "skipped", "reason": "shared_address"})
    record = with_rows(record, r4={"status": "skipped", "reason": "shared_address"})
    record = replace(record, accepted=tuple(by_text), tables={**TABLES, "partners": ()})
    assert broken(script, record) == set()
    stopped = acting(Kind.STOP, 2, 250, script=script, record=record)
    assert broken(*stopped) == {"never"}
    assert broken(*acting(Kind.START, 2, 260, script=stopped[0], record=stopped[1])) == set()


def test_both_who_share_an_address_get_one_message() -> None:
    """Two messages of one occurrence to one address break a rule."""
    script = replace(SCRIPT, people=(ANNA, replace(BERT, email=ANNA.email)))
    record = replace(RECORD, accepted=tuple(replace(each, to="anna@example.org") for each in RECORD.accepted))
    assert broken(script, record) == {"shared"}


def test_an_answer_is_shown_only_when_both_have_answered() -> None:
    """A page with the other's answer is a violation unless both answered and shared."""
    page = Shown(290, MONDAY, 2, "answers", "She says: we walked in the rain")
    one = acting(Kind.ANSWER, 1, 210, delivery=1, text="we walked in the rain", share=True)
    alone = one[0], replace(one[1], shown=(page,))
    both = acting(Kind.ANSWER, 2, 220, delivery=2, text="by the lake", share=True, script=alone[0], record=alone[1])
    private = acting(Kind.ANSWER, 2, 220, delivery=2, text="by the lake", share=False, script=alone[0], record=alone[1])
    assert "private" in broken(*alone)
    assert "private" not in broken(*both)
    assert "private" in broken(*private)


def test_two_shared_answers_are_revealed() -> None:
    """When both were told that their answers are kept to be shared, a reveal is there."""
    one = acting(Kind.ANSWER, 1, 210, delivery=1, text="we walked", share=True, by="page")
    both = acting(
        Kind.ANSWER, 2, 220, delivery=2, text="by the lake", share=True, by="page", script=one[0], record=one[1]
    )
    assert "revealed" in broken(*both)
    reveal = {"enrollment_id": 100, "step": "ask", "occurrence": 0}
    shown = replace(both[1], tables={**TABLES, "reveals": (reveal,)})
    assert "revealed" not in broken(both[0], shown)


def test_what_comes_late_joins_no_other_message() -> None:
    """More than an hour late, on a day that has had a message: a violation though the caps would let it."""
    second = replace(RECORD.accepted[0], n=502, asked=501, at=MONDAY + 2 * HOUR, delivery=5)
    record = replace(
        RECORD,
        rows=(*RECORD.rows, row(5, step="late", occurrence=0, due_at=int(MONDAY * 1_000))),
        accepted=(*RECORD.accepted, second),
        intents=(*RECORD.intents, Intent(500, second.at, 5)),
    )
    steps = (*COURSE.steps, replace(COURSE.steps[0], key="late", weeks=(1,), audience="alternating"))
    script = replace(SCRIPT, courses=(replace(COURSE, steps=steps),))
    assert broken(script, record) == {"caps"}
    assert broken(script, moved(record, 5, -1.5 * HOUR)) == set()


def test_what_an_erased_partner_leaves_behind_is_told() -> None:
    """After an erasure no table has a row of that partner; after leaving no answer is left that nobody saw."""
    assert "erased" in broken(*acting(Kind.ERASE, 1, 250))
    answer = {"enrollment_id": 100, "partner_id": 10, "step": "ask", "occurrence": 0, "text_cipher": "x"}
    assert "erased" in broken(*acting(Kind.LEAVE, 1, 350, record=in_table("answers", answer)))


def test_an_answer_or_a_rating_that_is_gone_is_told() -> None:
    """What somebody was told is kept is there at the end."""
    assert "lost" in broken(*acting(Kind.ANSWER, 1, 210, delivery=1, text="we walked", share=True))
    assert "lost" in broken(*acting(Kind.RATE, 1, 210, delivery=1, stars=4))


def test_a_message_that_was_held_up_may_be_too_late() -> None:
    """`too_late` is believed where the machine was away over the step's time."""
    record = with_rows(without(RECORD, 3), r3={"status": "skipped", "reason": "too_late"})
    assert broken(*acting(Kind.AWAY, None, 250, record=record, until=MONDAY + WEEK + 30 * HOUR)) == set()


def test_an_instant_goes_by_what_was_wanted_when_it_came() -> None:
    """What fell due behind a change goes by the change, for certain once it was told; what came before does not."""
    changed = acting(Kind.CHANGE, 1, 250, zone="Asia/Kolkata")
    assert "instant" in broken(*changed)
    assert "instant" not in broken(*acting(Kind.CHANGE, 1, 250, told=False, zone="Asia/Kolkata"))
    assert "instant" not in broken(*acting(Kind.CHANGE, 1, 450, zone="Asia/Kolkata"))
