"""Of each message that left: that it might, to whom it went, and only once."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from fuzz.case import Case, Violation
from fuzz.record import Accepted
from fuzz.script import Kind, Person


def once(case: Case) -> Iterator[Violation]:
    """No delivery, and no occurrence of a step for a partner, is accepted twice."""
    by_slot: dict[object, list[Accepted]] = defaultdict(list)
    for number, accepted in case.accepted.items():
        row = case.rows.get(number)
        slot = None if row is None else (row["enrollment_id"], row["partner_id"], row["step"], row["occurrence"])
        by_slot[slot or number] += accepted
    for what, accepted in by_slot.items():
        accepted.sort(key=lambda each: each.n)
        for first, second in pairwise(accepted):
            if not _sent_anew(case, first, second):
                text = f"{what} was accepted at {first.n} and again at {second.n}, delivery {second.delivery}"
                yield Violation("once", text, second.n)


def _sent_anew(case: Case, first: Accepted, second: Accepted) -> bool:
    """Whether nobody was told of the first, or who was died before it was written down, and the operator's own word
    came between: nobody could know better.
    """
    return any(
        first.n < done.n < second.n
        and happening.kind is Kind.RESOLVE
        and happening.detail.get("verdict") == "resend"
        and (not first.answered or case.befell(first.at, done.at))
        for happening, done in case.life.done
    )


def intended(case: Case) -> Iterator[Violation]:
    """Nothing is handed over whose intent was not committed before, and one intent is good for one hand-over."""
    used: dict[int, int] = {}
    for each in case.record.accepted:
        intent = case.intent_of(each)
        if intent is None:
            yield Violation("intended", f"delivery {each.delivery} left without an intent", each.n)
        elif used.get(intent.n, each.asked) != each.asked:
            yield Violation("intended", f"delivery {each.delivery} left twice on the intent of {intent.n}", each.n)
        else:
            used[intent.n] = each.asked


def never(case: Case) -> Iterator[Violation]:
    """Nothing is intended after what stands against it was told done."""
    for number, intents in case.intents.items():
        row = case.rows.get(number)
        person = None if row is None else case.person(row)
        for intent in intents:
            if case.life.certainly(("held", None), intent.n, intent.at):
                yield Violation("never", f"delivery {number} was intended while everything was held", intent.n)
            if row is None or person is None:
                continue
            if case.planned(row):
                address = case.life.address(person.number, row["channel"])
                targets = [("suppressed", address), *_whoever(person)]
            elif row["step"] == "revealed":
                targets = [("suppressed", case.life.address(person.number, row["channel"])), *_whoever(person)[:-1]]
            else:
                continue
            for target in targets:
                if case.life.certainly(target, intent.n, intent.at + case.life.skew):
                    text = f"delivery {number} ({row['step']}/{row['occurrence']}) to person {person.number}"
                    yield Violation("never", f"{text} was intended though {target[0]}", intent.n)


def _whoever(person: Person) -> list[tuple[str, object]]:
    return [
        ("paused", person.number),
        ("pause of both", person.couple),
        ("left", person.number),
        ("split", person.couple),
        ("stopped", person.couple),
    ]


def of_nobody(case: Case) -> Iterator[Violation]:
    """What left and has no row any more was to somebody who was erased, and before that was told done."""
    by_address: dict[tuple[str, str], list[Person]] = defaultdict(list)
    for person in case.script.people:
        for channel in ("email", "sms"):
            address = case.life.address(person.number, channel)
            if address is not None:
                by_address[channel, address.lower()].append(person)
    for each in case.record.accepted:
        if each.delivery in case.rows:
            continue
        people = by_address.get((each.channel, each.to.lower()), [])
        gone = [person for person in people if case.life.bars.get(("erased", person.number))]
        intent = case.intent_of(each)
        if not gone and not case.put_back_after(each.at):
            yield Violation("rows", f"delivery {each.delivery} was accepted and has no row", each.n)
        elif (
            intent is not None
            and gone
            and all(case.life.certainly(("erased", person.number), intent.n, intent.at) for person in gone)
        ):
            yield Violation("never", f"delivery {each.delivery} was intended for who had been erased", each.n)


def addressed(case: Case) -> Iterator[Violation]:
    """A message goes to its own partner, at their address of a channel that they had chosen and agreed to."""
    for each in case.record.accepted:
        row = case.rows.get(each.delivery)
        person = None if row is None else case.person(row)
        if row is None or person is None:
            continue
        if each.channel != row["channel"]:
            yield Violation(
                "address", f"delivery {each.delivery} is {row['channel']} and left by {each.channel}", each.n
            )
        own = case.life.address(person.number, each.channel)
        if not case.planned(row):
            if row["to_index"] is None and (own is None or each.to.lower() != own.lower()):
                yield Violation("address", f"notice {each.delivery} of person {person.number} left elsewhere", each.n)
            continue
        if own is None or each.to.lower() != own.lower():
            yield Violation("address", f"delivery {each.delivery} of person {person.number} went to {each.to}", each.n)
        if each.channel not in {way.channel for way in case.life.ways_until(person.number, each.n)}:
            text = f"delivery {each.delivery}: person {person.number} never chose {each.channel}"
            yield Violation("address", text, each.n)
        if each.channel not in person.consents:
            text = f"delivery {each.delivery}: person {person.number} never agreed to {each.channel}"
            yield Violation("consent", text, each.n)


def shared(case: Case) -> Iterator[Violation]:
    """Two who share an address get one message of the two for an occurrence that is for both."""
    by_slot: dict[object, list[Accepted]] = defaultdict(list)
    for each in case.record.accepted:
        row = case.rows.get(each.delivery)
        if row is not None and case.planned(row):
            by_slot[row["enrollment_id"], row["step"], row["occurrence"], each.to.lower()].append(each)
    for slot, accepted in by_slot.items():
        # Of what nobody told us of, the operator may have said that it is lost.
        if len({each.delivery for each in accepted}) > 1 and all(each.answered for each in accepted):
            yield Violation("shared", f"{slot[:3]} reached one address twice", accepted[-1].n)  # type: ignore[index]
