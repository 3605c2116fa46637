"""A life by hand: one couple, two weeks of a Monday question, and the record of its going well."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from fuzz.case import Violation
from fuzz.check import check
from fuzz.record import Accepted, Done, Intent, Record
from fuzz.script import Course, Happening, Kind, Person, Script, Step

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC).timestamp()  # 10:00 in Berlin
WEEK = 7 * 86_400.0
HOUR = 3_600.0
ANNA = Person(
    1, 1, 1, "Annax", "anna@example.org", "+491511234567", "Europe/Berlin", "email", "10:00", ("email",), True
)
BERT = Person(2, 1, 2, "Bertox", "bert@example.org", None, "Europe/Berlin", "email", "10:00", ("email",), True)
COURSE = Course(
    "tiny",
    2,
    (Step("ask", (0,), (1, 2), None, "both", "activity", 600),),
    (("09:00", "20:00"),) * 7,
    per_day=2,
    per_week=3,
)
JOIN = Happening(1, MONDAY - 86_400, Kind.JOIN, 1, {"start": "2026-03-02"})
SCRIPT = Script(7, MONDAY - 2 * 86_400, MONDAY + 4 * WEEK, (ANNA, BERT), (COURSE,), (JOIN,), {})


def row(number: int, **other: Any) -> dict[str, Any]:
    """A delivery as it is when all went well: 1 and 2 are of the first week, 3 and 4 of the second."""
    week = (number - 1) // 2
    due = int((MONDAY + week * WEEK) * 1_000)
    made = {
        "id": number,
        "enrollment_id": 100,
        "partner_id": 10 + (number - 1) % 2,
        "step": "ask",
        "occurrence": 7 * week,
        "channel": "email",
        "due_at": due,
        "send_at": due,
        "status": "sent",
        "reason": None,
        "digest": None,
        "moved_because": None,
        "to_index": None,
        "receipt": f"r{number}",
    }
    return {**made, **other}


def _left(number: int) -> tuple[Intent, Accepted]:
    n, at = number * 100, MONDAY + (number - 1) // 2 * WEEK + 1
    person = (ANNA, BERT)[(number - 1) % 2]
    assert person.email is not None
    text = f"Dear {person.name}, ask your partner."
    return Intent(n, at, number), Accepted(n + 2, n + 1, at, number, "email", person.email, text, True)


LEFT = [_left(number) for number in (1, 2, 3, 4)]
TABLES: dict[str, tuple[dict[str, Any], ...]] = {
    "enrollments": ({"id": 100, "digest": "d"},),
    "partners": (
        {"id": 10, "email_index": "a", "phone_index": "p"},
        {"id": 11, "email_index": "b", "phone_index": None},
    ),
    "suppressions": (),
    "answers": (),
    "reveals": (),
    "pulses": (),
    "events": (),
    "intake": (),
}
RECORD = Record(
    intents=tuple(intent for intent, _ in LEFT),
    accepted=tuple(accepted for _, accepted in LEFT),
    done=(Done(1, JOIN.at, 1, True),),
    shown=(),
    said="sent 4",
    partners={1: 10, 2: 11},
    enrollments={100: 1},
    rows=tuple(row(number) for number in (1, 2, 3, 4)),
    tables=TABLES,
    faults={},
    courses={"d": 0},
)


def with_rows(record: Record = RECORD, **changes: dict[str, Any]) -> Record:
    """The record, where row `rN` has these columns otherwise."""
    return replace(record, rows=tuple({**each, **changes.get(f"r{each['id']}", {})} for each in record.rows))


def without(record: Record, *numbers: int) -> Record:
    """The record, where these deliveries never left."""
    return replace(
        record,
        intents=tuple(each for each in record.intents if each.delivery not in numbers),
        accepted=tuple(each for each in record.accepted if each.delivery not in numbers),
    )


def moved(record: Record, number: int, seconds: float) -> Record:
    """The record, where a delivery left so much later."""
    return replace(
        record,
        intents=tuple(replace(e, at=e.at + seconds) if e.delivery == number else e for e in record.intents),
        accepted=tuple(replace(e, at=e.at + seconds) if e.delivery == number else e for e in record.accepted),
    )


def acting(
    kind: Kind,
    who: int | None,
    n: int,
    *,
    told: bool = True,
    script: Script = SCRIPT,
    record: Record = RECORD,
    **detail: Any,
) -> tuple[Script, Record]:
    """The life with one act more, told done at `n`: at the instant of what happened before it."""
    number, at = len(script.happenings) + 1, MONDAY + (n // 200) * WEEK - HOUR
    about = {"delivery": detail.pop("delivery")} if "delivery" in detail else {}
    happened = Happening(number, at, kind, who, detail)
    acted = Done(n, at, number, told, about)
    return replace(script, happenings=(*script.happenings, happened)), replace(record, done=(*record.done, acted))


def broken(script: Script, record: Record) -> set[str]:
    """The rules that a record breaks."""
    return {each.rule for each in check(script, record)}


def said(script: Script, record: Record) -> list[Violation]:
    """What the checker says."""
    return check(script, record)
