"""When each reason for not sending may be true: by the script and the acts alone."""

from collections import Counter
from collections.abc import Callable, Mapping

from fuzz.case import Case, Row
from fuzz.model_calendar import open_hours
from fuzz.model_zone import wall, zone
from fuzz.rules_hours import CATCHING_UP, set_anew
from fuzz.script import Kind, Person

Holds = Callable[[Case, Person, Row], bool]
GRAIN = 1.0
EVER = 10**12
HELD_ON = 3_700.0
"""Seconds: what is held is set aside for an hour, and may be that late after the end of it."""


def span(case: Case, person: Person, row: Row) -> tuple[float, float]:
    """From when until when it may have been decided about: its step's earliest instant, until it is too late."""
    key = row["step"], row["occurrence"]
    instants = case.instants(person, key, case.life.ways_until(person.number, EVER), EVER)
    late = max(step.late_after for _, step in case.slots[person.number][key]) * 60
    anew = set_anew(case)
    end = max(instants) + late
    end = max([end, *(at + late for _, at in (*anew[person.couple], *anew[None]) if at <= end)])
    if row["moved_because"] is not None:  # a doubt that was settled late, for one; and a scheduler looks now and then
        end = max(end, row["send_at"] / 1_000 + case.script.tick_seconds)
    # What a restore forgot is decided about again from then on.
    end = max([end, *(put_back for of, put_back, _ in case.life.restored if of <= end and min(instants) <= put_back)])
    # Planning may itself have come late, and says then what was so then.
    while True:
        longer = max((until + HELD_ON for since, until in _delays(case) if since <= end < until + HELD_ON), default=end)
        if longer == end:
            return min(instants) - case.life.skew - GRAIN, end + case.life.skew + GRAIN
        end = longer


def _delays(case: Case) -> list[tuple[float, float]]:
    held = case.life.bars.get(("held", None), [])
    ends = {  # a confirming that was refused, for one, ends nothing
        bar.at: next((later.at for later in held if later.n > bar.n and not later.on and later.told), case.script.ends)
        for bar in held
        if bar.on
    }
    bars = [(bar.since, ends[bar.at]) for bar in held if bar.on] + _holds(case)
    machine = case.of_kind(Kind.AWAY, Kind.OUTAGE, Kind.STALL, Kind.CRASH, Kind.STORE_FAULT, Kind.RESTORE)
    return [*bars, *machine]


def _holds(case: Case) -> list[tuple[float, float]]:
    """From each of the operator's holds until a release that no restore forgot: confirming one ends none that its copy
    had.
    """
    acts = [(done, happening.kind) for happening, done in case.life.done if happening.kind in (Kind.HOLD, Kind.RELEASE)]
    released = [done.at for done, kind in acts if kind is Kind.RELEASE and done.told and not case.life.forgot(done)]
    return [
        (done.at, min((at for at in released if at > done.at), default=case.script.ends))
        for done, kind in acts
        if kind is Kind.HOLD
    ]


def _paused(case: Case, person: Person, row: Row) -> bool:
    begin, end = span(case, person, row)
    phone = case.life.address(person.number, "sms")
    sharers = [each.number for each in case.script.people if phone and each.phone == phone]  # a text pauses both
    targets = [("pause of both", person.couple), *(("paused", each) for each in {person.number, *sharers})]
    return any(case.life.possibly(target, begin, end) for target in targets)


def _suppressed(case: Case, person: Person, row: Row) -> bool:
    begin, end = span(case, person, row)
    address = case.life.address(person.number, row["channel"])
    if case.life.possibly(("suppressed", address), begin, end):
        return True
    return address in case.record.refused  # which has the same effect


def _ended(word: str) -> Holds:
    def holds(case: Case, person: Person, row: Row) -> bool:
        target = (word, person.number if word == "left" else person.couple)
        return case.life.possibly(target, float("-inf"), span(case, person, row)[1])

    return holds


def _no_address(case: Case, person: Person, row: Row) -> bool:
    return case.life.address(person.number, row["channel"]) is None


def _no_consent(case: Case, person: Person, row: Row) -> bool:
    return row["channel"] not in person.consents


def _shared_address(case: Case, person: Person, row: Row) -> bool:
    """Both have the address, and the other's message of the two went or may have."""
    other, channel = case.life.other(person.number), row["channel"]
    if other is None:
        return False
    own, theirs = case.life.address(person.number, channel), case.life.address(other.number, channel)
    twin = [
        each
        for each in case.record.rows
        if each["enrollment_id"] == row["enrollment_id"]
        and each["partner_id"] != row["partner_id"]
        and (each["step"], each["occurrence"]) == (row["step"], row["occurrence"])
    ]
    return own is not None and own == theirs and (bool(twin) or bool(case.life.bars.get(("erased", other.number))))


def _capped(case: Case, person: Person, row: Row) -> bool:
    """There was a day or a week in which they had their share: as many intents as a cap allows."""
    days: Counter[object] = Counter()
    weeks: Counter[object] = Counter()
    for other in case.record.rows:
        if other["partner_id"] != row["partner_id"] or other["id"] == row["id"] or not case.planned(other):
            continue
        # One that was to be tried again later counted on the day of each try, while that was under way. One that may
        # have gone before a restore counts as late as it may have.
        life, number = case.life, person.number
        tries = [(intent.at, life.ways(number, intent.n), intent.n) for intent in case.intents[other["id"]]]
        if other["reason"] == "restored":
            tries = [(at, life.ways_until(number, EVER), EVER) for at in _latest_before_restores(case, other)]
        shown = [
            there
            for at, ways, n in tries
            for way in ways
            if (there := wall(at, life.zones_now(way.zone, n))) is not None
        ]
        days.update({each.date() for each in shown})
        weeks.update({each.isocalendar()[:2] for each in shown})
    least_day = min(course.per_day for course in case.courses(row))
    least_week = min(course.per_week for course in case.courses(row))
    return max(days.values(), default=0) >= least_day or max(weeks.values(), default=0) >= least_week


def _latest_before_restores(case: Case, row: Row) -> list[float]:
    """When a delivery may have gone at the latest, by each restore that may have forgotten it."""
    sent, expires = row["send_at"] / 1_000, row["expires_at"] / 1_000
    return [max(sent, min(expires, end)) for _, end, _ in case.life.restored]


def _shut(case: Case, person: Person, row: Row) -> bool:
    """There is a way to be set in which the hours were closed at some time from its instant until too late."""
    begin, end = span(case, person, row)
    for way in case.life.ways_until(person.number, EVER):
        for name in case.life.zones(way.zone, EVER):
            at = begin
            while at <= end:
                shown = wall(at, name)
                for course in case.courses(row) if shown is not None else ():
                    hours = open_hours(course, shown.weekday(), way)  # type: ignore[union-attr]
                    if hours is None or not hours[0] <= shown.time() < hours[1]:  # type: ignore[union-attr]
                        return True
                at += 600
    return False


def _too_late(case: Case, person: Person, row: Row) -> bool:
    """The machine or a provider was kept from it, everything was held, the couple came late, or it had been moved.

    Or its hour had been set anew, to one that was over by more than an hour, on a day that had another message: what
    comes late joins none.
    """
    begin, end = span(case, person, row)
    if row["moved_because"] is not None or case.troubled(begin, end, HELD_ON, at_random=False):
        return True
    if case.life.possibly(("held", None), begin - HELD_ON, end):
        return True
    if any(since <= end and until + HELD_ON >= begin for since, until in _holds(case)):
        return True
    anew = set_anew(case)
    for _, at in (*anew[person.couple], *anew[None]):
        if row["due_at"] / 1_000 + CATCHING_UP - case.life.skew < at <= end and _has_another_that_day(
            case, person, row, at
        ):
            return True
    joined = [
        done.at for happening, done in case.life.done if happening.kind is Kind.JOIN and happening.who == person.couple
    ]
    return any(at > begin for at in joined)


def _has_another_that_day(case: Case, person: Person, row: Row, at: float) -> bool:
    def days(at: float, n: int) -> set[object]:
        walls = (wall(at, case.life.zones_now(way.zone, n)) for way in case.life.ways_until(person.number, n))
        return {shown.date() for shown in walls if shown is not None}

    mine = days(at, EVER)
    return any(
        not mine.isdisjoint(days(intent.at, intent.n))
        for other in case.record.rows
        if other["partner_id"] == row["partner_id"] and other["id"] != row["id"] and case.planned(other)
        for intent in case.intents[other["id"]]
    )


def _unknown_zone(case: Case, person: Person, row: Row) -> bool:
    return any(
        zone(name) is None
        for way in case.life.ways_until(person.number, EVER)
        for name in case.life.zones(way.zone, EVER)
    )


def _refused(*fates: str) -> Holds:
    """The provider refused it so, which none does but where that is sown."""
    return lambda case, person, row: case.met(row, *fates)


def _gave_up(case: Case, person: Person, row: Row) -> bool:
    """It was refused, or not handed over at all because the process stood still for too long."""
    return case.met(row, "refused", "throttled", "misconfigured", "down") or case.befell(*span(case, person, row))


def _dropped(case: Case, person: Person, row: Row) -> bool:
    return case.happened(Kind.RESOLVE, verdict="drop")


def _changed(case: Case, person: Person, row: Row) -> bool:
    return case.happened(Kind.EDIT)


REASONS: Mapping[str, Holds] = {
    "no_address": _no_address,
    "no_consent": _no_consent,
    "suppressed": _suppressed,
    "shared_address": _shared_address,
    "paused": _paused,
    "life_event": _ended("split"),
    "frequency_cap": _capped,
    "outside_window": _shut,
    "too_late": _too_late,
    "unknown_timezone": _unknown_zone,
    "stopped": lambda case, person, row: _ended("stopped")(case, person, row) or _ended("split")(case, person, row),
    "left": _ended("left"),
    "changed": _changed,
    "rejected": _refused("rejected"),
    "recipient_rejected": _refused("bad_recipient"),
    "gave_up": _gave_up,
    "dropped": _dropped,
    "restored": lambda case, person, row: any(
        min(row["due_at"], row["send_at"]) / 1_000 <= end + case.life.skew for _, end, _ in case.life.restored
    ),
}
