"""Of all that anybody could read: that it holds nothing that is not theirs to know."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from fuzz.case import Case, Row, Violation
from fuzz.record import Done
from fuzz.script import Kind, Person

DETAILS = "detail", "error", "about", "because", "code", "key"
"""Columns in which what went wrong is told."""
EVER = 10**12
WORD = re.compile(r"[a-z0-9]+")
Question = tuple[int, str, int]
"""Enrollment, step and occurrence: both partners' answers share it."""


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that somebody gave, or may have given."""

    person: int
    question: Question | None
    text: str
    share: bool
    texted: bool
    done: Done


def private(case: Case) -> Iterator[Violation]:
    """Messages and pages tell their reader no name but the two of theirs, no address but their own, and no answer that
    is not theirs or shown to both."""
    finder = _Finder(case)
    for each in case.record.accepted:
        row = case.rows.get(each.delivery)
        person = None if row is None else case.person(row)
        if person is not None and row is not None and row["to_index"] is None:
            for what in finder.strange(each.text, person, each.n):
                yield Violation("private", f"delivery {each.delivery} to person {person.number} holds {what}", each.n)
    for shown in case.record.shown:
        for what in finder.strange(shown.text, case.life.people[shown.person], shown.n):
            yield Violation("private", f"{shown.what} shown to person {shown.person} holds {what}", shown.n)


def unsaid(case: Case) -> Iterator[Violation]:
    """No log, error or metric holds a name, an address or an answer."""
    finder = _Finder(case)
    for what in finder.all_in(case.record.said):
        yield Violation("said", f"what was logged holds {what}")
    for name, rows in {**case.record.tables, "deliveries": case.record.rows}.items():
        stored = " ".join(str(row[column]) for row in rows for column in DETAILS if row.get(column))
        for what in finder.all_in(stored):
            yield Violation("said", f"a detail stored in {name} holds {what}")


def erased(case: Case) -> Iterator[Violation]:
    """Of who was erased no row is left, and of who left no answer that was not shown to both."""
    shown = {(row["enrollment_id"], row["step"], row["occurrence"]) for row in case.record.tables.get("reveals", ())}
    for person in case.script.people:
        row_id = case.record.partners.get(person.number)
        if row_id is None:
            continue
        if any(bar.sure(EVER) for bar in case.life.bars.get(("erased", person.number), ())):
            for name, rows in {**case.record.tables, "deliveries": case.record.rows}.items():
                column = "id" if name == "partners" else "partner_id"
                if any(row.get(column) == row_id for row in rows):
                    yield Violation("erased", f"person {person.number} was erased and is in {name}")
        elif any(bar.sure(EVER) for bar in case.life.bars.get(("left", person.number), ())):
            for row in case.record.tables.get("answers", ()):
                mine = row["partner_id"] == row_id and row.get("text_cipher") is not None
                if mine and (row["enrollment_id"], row["step"], row["occurrence"]) not in shown:
                    yield Violation("erased", f"person {person.number} left, and an answer nobody saw is still there")


def revealed(case: Case) -> Iterator[Violation]:
    """Answers are shown to both only when both gave one and would share it."""
    given = list(_given(case))
    for row in case.record.tables.get("reveals", ()):
        question = row["enrollment_id"], row["step"], row["occurrence"]
        couple = case.record.enrollments.get(row["enrollment_id"])
        if couple is None:
            continue
        for person in (each for each in case.script.people if each.couple == couple):
            own = [each for each in given if each.person == person.number and each.question in (question, None)]
            gone = case.life.bars.get(("erased", person.number))  # with whom the rows went that tell what it was to
            if not person.keeps_answers or not (gone or any(each.share for each in own)):
                text = f"{row['step']}/{row['occurrence']} of couple {couple} was revealed without person"
                yield Violation("revealed", f"{text} {person.number}")


def shown_to_both(case: Case) -> Iterator[Violation]:
    """What both have answered and would share, on its page, and were told kept, has been revealed."""
    shown = {(row["enrollment_id"], row["step"], row["occurrence"]) for row in case.record.tables.get("reveals", ())}
    by_question: dict[Question, list[Given]] = defaultdict(list)
    given = list(_given(case))
    unsure = {
        each.person for each in given if each.question is None or not each.done.told or case.life.forgot(each.done)
    }
    for each in given:
        if each.question is not None:
            by_question[each.question].append(each)
    for question, some in by_question.items():
        people = [case.life.people[number] for number in {each.person for each in some}]
        gone = any(
            case.life.bars.get(target)
            for person in people
            for target in (("left", person.number), ("split", person.couple))
        )
        sure = all(each.share and each.done.told and not each.texted for each in some)
        sure = sure and not unsure & {person.number for person in people}
        kept = len(people) == 2 and all(person.keeps_answers for person in people)
        if kept and sure and not gone and question not in shown:
            text = f"{question[1]}/{question[2]} of couple {people[0].couple} was answered by both"
            yield Violation("revealed", f"{text}, and is not revealed")


class _Finder:
    """Looks for names, addresses and answers in texts, all at once."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._given = list(_given(case))
        self._names: dict[str, list[Person]] = defaultdict(list)
        self._addresses: dict[str, list[Person]] = defaultdict(list)
        self._answers: dict[str, list[Given]] = defaultdict(list)
        for person in case.script.people:
            self._names[person.name.lower()].append(person)
            for address in (person.email, person.phone):
                if address is not None:
                    self._addresses[address.lower()].append(person)
        for each in self._given:
            if len(each.text) > 5:
                self._answers[each.text.lower()].append(each)
        # Each is looked for where its longest word is: most texts hold few words, and these are many.
        self._by_word: dict[str, list[str]] = defaultdict(list)
        for secret in {*self._names, *self._addresses, *self._answers}:
            self._by_word[max(WORD.findall(secret), key=len, default=secret)].append(secret)

    def _in(self, text: str) -> list[str]:
        """All names, addresses and answers that are in a text, in order."""
        text = text.lower()
        words = self._by_word.keys() & set(WORD.findall(text))
        found = {secret for word in words for secret in self._by_word[word] if secret in text}
        # A name may be a part of an address, and an answer hold a name: what is the whole counts.
        return sorted(each for each in found if not any(each != other and each in other for other in found))

    def all_in(self, text: str) -> Iterator[str]:
        """Everything of anybody's that is in a text."""
        for word in self._in(text):
            kind = "the name" if word in self._names else "an address" if word in self._addresses else "an answer"
            yield f"{kind} {word!r}"

    def strange(self, text: str, reader: Person, n: int) -> Iterator[str]:
        """What is in a text that its reader is not to know."""
        for word in self._in(text):
            if word in self._names:
                if all(person.couple != reader.couple for person in self._names[word]):
                    yield f"the name {word!r}"
            elif word in self._addresses:
                if reader not in self._addresses[word]:
                    yield f"the address {word!r}"
            elif not any(self._may_read(each, reader, n) for each in self._answers[word]):
                yield f"the answer {word!r}"

    def _may_read(self, given: Given, reader: Person, n: int) -> bool:
        """Whether an answer is the reader's own, or their partner's that was shared when both had answered."""
        if given.person == reader.number:
            return True
        author, life = self._case.life.people[given.person], self._case.life
        if given.texted and author.phone == reader.phone:
            return True  # what is texted from a phone that both have may be either's
        if author.couple != reader.couple or not given.share or not author.keeps_answers:
            return False
        if any(bar.sure(n) and bar.n < n for bar in life.bars.get(("erased", author.number), ())):
            return False
        own = [
            each
            for each in self._given
            if each.person == reader.number and each.share and each.done.n < n and _same(each.question, given.question)
        ]
        left = [bar.n for bar in life.bars.get(("left", author.number), ()) if bar.sure(n)]
        return given.done.n < n and any(not left or each.done.n < min(left) for each in own)


def _same(one: Question | None, other: Question | None) -> bool:
    return one is None or other is None or one == other


def _given(case: Case) -> Iterator[Given]:
    for happening, done in case.life.done:
        if happening.kind is Kind.ANSWER and happening.who is not None:
            keeps = case.life.people[happening.who].keeps_answers
            texted = happening.detail.get("by") == "text"
            share = bool(done.about.get("share", happening.detail.get("share") or (texted and keeps)))
            text = str(happening.detail.get("text", ""))
            yield Given(happening.who, _question(case, done), text, share, texted, done)


def _question(case: Case, done: Done) -> Question | None:
    row: Row | None = case.rows.get(done.about.get("delivery", -1))
    return None if row is None else (row["enrollment_id"], row["step"], row["occurrence"])
