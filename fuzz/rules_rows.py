"""Of each occurrence that was to come: that there is one row of it, that it came to rest, and why as it did."""

from collections import Counter
from collections.abc import Iterator, Sequence

from fuzz.case import Case, Row, Violation
from fuzz.model_calendar import Key
from fuzz.reasons import REASONS
from fuzz.script import Kind, Person

FINAL = {"sent", "skipped", "failed", "cancelled", "in_doubt"}
DAY = 86_400.0
LONGEST = 3 * 3_600.0
"""So long after an intent its answer has been recorded, unless something befell a process meanwhile."""
NO_ANSWER = "lost_answer", "lost_message", "silent", "death"
LAST_ASKED = 80_000.0
"""So long after an intent the provider is asked about a doubt once more, at least."""
FOR_GOOD = ("left", "split", "stopped")


def every_occurrence(case: Case) -> Iterator[Violation]:
    """Everybody who is enrolled has a row of each occurrence that fell due while nothing had ended it for them."""
    have = Counter((row["partner_id"], row["step"], row["occurrence"]) for row in case.record.rows if case.planned(row))
    enrolled = set(case.record.enrollments.values())
    for person in case.script.people:
        row_id = case.record.partners.get(person.number)
        told = case.joined.get(person.couple, (0, False))[1]
        if row_id is None or not told or case.life.bars.get(("erased", person.number)):
            continue
        if person.couple not in enrolled:
            if not any(case.life.bars.get(("erased", each.number)) for each in _couple(case, person)):
                yield Violation("lost", f"couple {person.couple} was told that it is enrolled, and is not")
            continue
        for key in case.slots[person.number]:
            if not have[(row_id, *key)] and _must_have(case, person, key):
                yield Violation("lost", f"person {person.number} has nothing for {key[0]}/{key[1]}")


def _couple(case: Case, person: Person) -> Sequence[Person]:
    return [each for each in case.script.people if each.couple == person.couple]


def _must_have(case: Case, person: Person, key: Key) -> bool:
    """Whether the occurrence fell due for certain: in every version alike, and before anything ended it."""
    versions = case.slots[person.number][key]
    if len(versions) < len(case.versions) or len({step.at for _, step in versions}) > 1:
        return False
    instants = case.instants(person, key, case.life.ways_until(person.number, 10**12), 10**12)
    latest = max(instants)
    if latest + 2 * DAY > case.script.ends:
        return False
    if case.happened(Kind.EDIT) and len(instants) > 1:
        return False  # what a version moves behind its own coming is left out
    # Whoever was away may find that it ended meanwhile.
    margin = 7 * DAY if case.troubles or any(case.script.rates.values()) else 3_600.0
    for word in FOR_GOOD:
        target = (word, person.number if word == "left" else person.couple)
        if case.life.possibly(target, float("-inf"), latest + margin):
            return False
    return True


def of_the_calendar(case: Case) -> Iterator[Violation]:
    """Each row is an occurrence that a version had for its partner, once, and at an instant that the calendar gives."""
    seen: set[object] = set()
    restored = case.happened(Kind.RESTORE)
    for row in case.record.rows:
        if not case.planned(row):
            continue
        person, key = case.person(row), (row["step"], row["occurrence"])
        if person is None or person.couple not in case.starts:
            yield Violation("calendar", f"delivery {row['id']} is nobody's")
            continue
        if (row["partner_id"], row["enrollment_id"], *key) in seen:
            yield Violation("calendar", f"person {person.number} has {key[0]}/{key[1]} twice")
        seen.add((row["partner_id"], row["enrollment_id"], *key))
        if case.record.enrollments[row["enrollment_id"]] != person.couple:
            yield Violation("calendar", f"delivery {row['id']} to person {person.number} is of another couple")
        if key not in case.slots[person.number]:
            yield Violation("calendar", f"person {person.number} was never to get {key[0]}/{key[1]}")
            continue
        # It was worked out when it had come: by settings that held then, or that came later.
        since = float("-inf") if restored else row["due_at"] / 1_000 - case.life.skew
        instants = case.instants(person, key, case.life.ways_since(person.number, since), 10**12)
        if all(abs(row["due_at"] / 1_000 - each) > 0.5 for each in instants):
            off = min((row["due_at"] / 1_000 - each for each in instants), key=abs)
            text = f"delivery {row['id']} ({key[0]}/{key[1]}) of person {person.number} fell due {off:.0f} s off"
            yield Violation("instant", text)


def at_rest(case: Case) -> Iterator[Violation]:
    """At the end nothing is on its way; what is in doubt was made so by something that happened."""
    held = case.life.possibly(("held", None), case.script.ends, case.script.ends)
    for row in case.record.rows:
        if row["status"] not in FINAL:
            if not (held and row["status"] == "planned"):
                yield Violation("rest", f"{_name(row)} is {row['status']} at the end")
        elif row["status"] == "in_doubt" and not _unknowable(case, row):
            yield Violation("rest", f"{_name(row)} is in doubt, and nothing happened that could make it so")


def _unknowable(case: Case, row: Row) -> bool:
    """Whether something kept its answer away, and the provider did not know, or could not be asked to the day's end."""
    last = max((intent.at for intent in case.intents[row["id"]]), default=None)
    if case.life.restored and (last is None or last <= case.life.restored[-1][1]):
        return True  # whoever was at it when the copy was made is gone
    if last is None or not (case.met(row, *NO_ANSWER) or case.befell(last - 60, last + LONGEST)):
        return False
    asked = last + LAST_ASKED, last + 1.5 * DAY
    silent = any(since <= asked[1] and until >= asked[0] for since, until in case.of_kind(Kind.AWAY, Kind.OUTAGE))
    return row["id"] in case.record.blank or silent or case.befell(*asked)


def as_accepted(case: Case) -> Iterator[Violation]:
    """A row is `sent` when a provider took it, and only then."""
    said_sent = case.happened(Kind.RESOLVE, verdict="sent")
    said_lost = case.happened(Kind.RESOLVE, verdict="drop") or case.happened(Kind.RESOLVE, verdict="resend")
    for row in case.record.rows:
        accepted = case.accepted[row["id"]]
        if row["status"] == "sent" and not accepted and not said_sent:
            yield Violation("sent", f"{_name(row)} is sent, and nobody took it")
        if not accepted or row["status"] in ("sent", "in_doubt") or case.put_back_after(accepted[-1].at):
            continue
        # Of what nobody told us of, the operator may have said that it is lost.
        if said_lost and row["reason"] in ("dropped", "too_late", *REASONS) and not _known(case, row):
            continue
        yield Violation("sent", f"{_name(row)} was accepted and is {row['status']} ({row['reason']})", accepted[0].n)


def _known(case: Case, row: Row) -> bool:
    """Whether its acceptance was answered, and nothing kept the answer from being recorded."""
    accepted = case.accepted[row["id"]]
    return any(each.answered and not case.befell(each.at - LONGEST, each.at + LONGEST) for each in accepted)


def with_reason(case: Case) -> Iterator[Violation]:
    """What was not sent says why, and that is so."""
    for row in case.record.rows:
        if row["status"] not in ("skipped", "failed", "cancelled") or not case.planned(row):
            continue
        person = case.person(row)
        if person is None or (row["step"], row["occurrence"]) not in case.slots[person.number]:
            continue
        holds = REASONS.get(row["reason"])
        if holds is None:
            yield Violation("reason", f"{_name(row)} is {row['status']} with the reason {row['reason']}")
        elif not holds(case, person, row):
            text = f"{_name(row)} to person {person.number} is {row['status']} as {row['reason']}, which it was not"
            yield Violation("reason", text)


def _name(row: Row) -> str:
    return f"delivery {row['id']} ({row['step']}/{row['occurrence']})"
