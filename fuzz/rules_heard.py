"""Of all that we were told: that it is in force at the end, once, and that nothing is left lying about."""

from collections.abc import Iterator
from typing import Any

from fuzz.case import Case, Violation
from fuzz.script import Kind

EVER = 10**12
HOUR = 3_600.0


def suppressed(case: Case) -> Iterator[Violation]:
    """At the end whoever told us to stop is on the list, and nobody who did not, or who took it back."""
    listed = {row["address_index"] for row in case.record.tables.get("suppressions", ())}
    rows = {row["id"]: row for row in case.record.tables.get("partners", ())}
    if not rows:
        return
    for person in case.script.people:
        row = rows.get(case.record.partners.get(person.number))
        if row is None:
            continue
        for channel, column in (("email", "email_index"), ("sms", "phone_index")):
            address = case.life.address(person.number, channel)
            if address is None or row[column] is None:
                continue
            target, end = ("suppressed", address), case.script.ends
            if row[column] not in listed and case.life.certainly(target, EVER, end):
                yield Violation("stopped", f"person {person.number} is not suppressed by {channel}, and should be")
            if (
                row[column] in listed
                and address not in case.record.refused
                and not case.life.possibly(target, end, end)
            ):
                yield Violation("stopped", f"person {person.number} is suppressed by {channel}, and should not be")


def kept(case: Case) -> Iterator[Violation]:
    """Every call that was stored has been reacted to, and no event waits for a delivery that is there."""
    # A pass reacts to what was left; of passes we know that there was one wherever something was intended.
    last_pass = max((intent.at for intent in case.record.intents), default=0.0)
    for row in case.record.tables.get("intake", ()):
        if row["status"] == "pending" and row["received_at"] / 1_000 + HOUR < last_pass:
            yield Violation("heard", f"call {row['id']} of {row['source']} was stored and never reacted to")
    since = {row["receipt"]: max(row.get("sent_at") or 0, row.get("intended_at") or 0) for row in case.record.rows}
    for row in case.record.tables.get("events", ()):
        known = since.get(row["receipt"]) if row["receipt"] and row["delivery_id"] is None else None
        if known is not None and max(known, row["received_at"]) / 1_000 + HOUR < last_pass:
            yield Violation("heard", f"event {row['id']} is parked though its delivery is known")


def arrived(case: Case) -> Iterator[Violation]:
    """What a provider has told us that it arrived is down as sent."""
    restored = max((done.n for happening, done in case.life.done if happening.kind is Kind.RESTORE), default=-1)
    known = {row["id"]: row for row in case.record.rows}
    for call in case.record.called:
        row = known.get(call.delivery)
        if row is not None and row["status"] != "sent" and call.n > restored:
            text = f"delivery {call.delivery} is {row['status']}, and its provider has told us that it arrived"
            yield Violation("heard", text, call.n)


def rated(case: Case) -> Iterator[Violation]:
    """Of each pulse that was told kept the last value is there."""
    if "pulses" not in case.record.tables:
        return
    last: dict[tuple[Any, ...], tuple[int, int, bool]] = {}
    for happening, done in case.life.done:
        row = case.rows.get(done.about.get("delivery", -1))
        if happening.kind is not Kind.RATE or happening.who is None or row is None:
            continue
        key = row["enrollment_id"], row["partner_id"], row["step"], row["occurrence"]
        sure = done.told and not case.life.forgot(done) and (key not in last or last[key][2])
        last[key] = happening.detail["stars"], happening.who, sure
    have = {
        (row["enrollment_id"], row["partner_id"], row["step"], row["occurrence"]): row
        for row in case.record.tables["pulses"]
    }
    for key, (stars, who, sure) in last.items():
        if sure and not case.life.bars.get(("erased", who)) and (key not in have or have[key]["value"] != stars):
            yield Violation("lost", f"person {who} rated a pulse with {stars}, and that is not what is there")


def answered(case: Case) -> Iterator[Violation]:
    """An answer that was told kept is there, unless its author left."""
    if "answers" not in case.record.tables:
        return
    have = {
        (row["enrollment_id"], row["partner_id"], row["step"], row["occurrence"])
        for row in case.record.tables["answers"]
    }
    for happening, done in case.life.done:
        row = case.rows.get(done.about.get("delivery", -1))
        if happening.kind is not Kind.ANSWER or not done.told or row is None or happening.who is None:
            continue
        if case.life.forgot(done):
            continue
        person = case.life.people[happening.who]
        gone = any(case.life.bars.get((word, person.number)) for word in ("left", "erased"))
        gone = gone or bool(case.life.bars.get(("split", person.couple)))  # then what nobody saw is forgotten
        key = row["enrollment_id"], row["partner_id"], row["step"], row["occurrence"]
        if person.keeps_answers and not gone and key not in have:
            yield Violation(
                "lost", f"person {person.number} answered delivery {row['id']}, and it is not there", done.n
            )
