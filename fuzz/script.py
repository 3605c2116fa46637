"""What one seed decides before anything runs: the people, the campaign, and all that will happen to them.

Plain values, no engine: the world acts a script out, the checker reads what should come of it, and a failing one is
shrunk by taking happenings, couples and steps away. Times of day are "HH:MM" on the partner's wall; weekdays count from
Monday, 0; instants are seconds since 1970, UTC.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What can happen. The first word says whose doing it is."""

    JOIN = "people.join"  # the couple comes in and is enrolled, starting on `detail["start"]` (an ISO date)
    STOP = "people.stop"  # texts STOP from their phone
    START = "people.start"  # texts START
    UNSUBSCRIBE = "people.unsubscribe"  # one click, by the link in their last email
    PAUSE = "people.pause"  # pauses themselves until `detail["until"]`
    RESUME = "people.resume"
    CHANGE = "people.change"  # `detail`: some of channel, zone, send_at, reach_days, reach_from, reach_until
    ANSWER = "people.answer"  # answers their last question with `detail["text"]`, by page or by text; `detail["share"]`
    RATE = "people.rate"  # answers their last pulse with `detail["stars"]`
    LEAVE = "people.leave"  # one leaves, alone
    ERASE = "people.erase"  # one has all that is theirs erased
    SPLIT = "people.split"  # tells us of a separation or loss: the couple's life event
    PAUSE_COUPLE = "operator.pause_couple"  # until `detail["until"]`
    RESUME_COUPLE = "operator.resume_couple"
    STOP_COUPLE = "operator.stop_couple"
    SUPPRESS = "operator.suppress"  # `detail["channel"]` of a partner
    HOLD = "operator.hold"  # everything
    RELEASE = "operator.release"
    EDIT = "operator.edit"  # the campaign becomes `detail["course"]` of Script.courses; couples are moved to it
    RESOLVE = "operator.resolve"  # all that is in doubt: `detail["verdict"]` is "sent", "resend" or "drop"
    RESTORE = "operator.restore"  # the store is what it was at `detail["of"]` again, as by backup and restore
    CONFIRM = "operator.confirm"  # what was restored may go on
    BOUNCE = "provider.bounce"  # of the partner's last email, for good
    COMPLAIN = "provider.complain"
    OUTAGE = "provider.outage"  # of `detail["kind"]` (down, throttled, silent) until `detail["until"]`
    LATE_CALLS = "provider.late_calls"  # calls made so far come again, twice, in another order
    GARBAGE = "provider.garbage"  # a call that is forged, torn or senseless: `detail["how"]`
    CRASH = "machine.crash"  # the process dies at its next `detail["step"]` of the protocol; another starts
    STORE_FAULT = (
        "machine.store_fault"  # `detail["how"]`: fails before, or after, its next commit but `spare`; locked; full
    )
    SECOND = "machine.second"  # another scheduler works on the same store, from now until `detail["until"]`
    STALL = "machine.stall"  # the next hand-over takes `detail["seconds"]`, past the lease
    SKEW = "machine.skew"  # the second scheduler's clock is `detail["seconds"]` off
    ZONES = "machine.zones"  # the tz database changes: `detail["zone"]` follows the rules of `detail["like"]` from now
    AWAY = "machine.away"  # nothing runs until `detail["until"]`


@dataclass(frozen=True, slots=True)
class Person:
    """One partner, as they come in. `number` is theirs for good; partners of a couple share `couple`."""

    number: int
    couple: int
    position: int  # 1 or 2
    name: str  # unlike any other, so that it is found wherever it slips to
    email: str | None
    phone: str | None
    zone: str  # IANA; may be one that does not exist
    channel: str  # "email" or "sms"
    send_at: str
    consents: tuple[str, ...]  # channels
    keeps_answers: bool  # lets answers be kept and shown
    locale: str = "en"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a course. It falls on each weekday of `days` in each of `weeks`; week 1 begins on the start date."""

    key: str
    days: tuple[int, ...]
    weeks: tuple[int, ...]
    at: str | None  # None: the partner's own time
    audience: str  # "both" or "alternating": by turns, the first one's to position 1
    purpose: str  # "activity" (asks a question) or "pulse"
    late_after: int  # minutes


@dataclass(frozen=True, slots=True)
class Course:
    """A campaign, or a version of it."""

    id: str
    weeks: int
    steps: tuple[Step, ...]
    window: tuple[tuple[str, str] | None, ...]  # by weekday: opens, closes (never past midnight); None: closed
    per_day: int
    per_week: int


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happens at `at`, to person or couple `who` (None: to all). `number` names it when shrinking."""

    number: int
    at: float
    kind: Kind
    who: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Script:
    """A whole life. `courses[0]` is the campaign at first. `rates` are shares of hand-overs that go wrong at random."""

    seed: int
    begins: float
    ends: float  # everything has come to rest by then
    people: tuple[Person, ...]
    courses: tuple[Course, ...]
    happenings: tuple[Happening, ...]  # by instant
    rates: dict[str, float]
    tick_seconds: int = 15  # how often the scheduler looks
    batch: int = 500
    lease_seconds: int = 300
