"""The people of a life as the world knows them, and how they speak with whatever process is up."""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from engine.errors import StoreError
from engine.model.campaign import Campaign
from engine.render.links import reference
from engine.transport.source import Forged, Hook, NotOurs
from fuzz.campaigns import made
from fuzz.machine import Disk, Process
from fuzz.notebook import Notebook
from fuzz.provider import call, signature
from fuzz.script import Happening, Script, Step

NAMES = {"email": "post", "sms": "texts"}
REMEMBERED = 60
LATER = 10_000
"""Occurrences from here on are copies and notices."""


class Unheard(Exception):
    """A call was not answered with 200."""


class Town:
    """Who lives in a script, by number; `rows` are the ids of their rows in the store."""

    def __init__(self, script: Script, disk: Disk, notebook: Notebook) -> None:
        self.script = script
        self.disk = disk
        self.notebook = notebook
        self.people = {each.number: each for each in script.people}
        self.campaigns: list[Campaign] = [made(each) for each in script.courses]
        self.campaign = self.campaigns[0]
        self.steps = {step.key: step for course in script.courses for step in course.steps}
        self.rows: dict[int, int] = {}
        self.enrollments: dict[int, int] = {}
        self.forgotten: dict[int, dict[str, Any]] = {}
        self.calls: list[tuple[str, Hook]] = []
        self.bad_inputs = 0
        self._told_at: dict[str, str] = {}

    def ref(self, couple: int) -> str:
        """What the operator calls a couple."""
        return f"c{couple}"

    def ask(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Look by SQL alone."""
        return self.disk.driver.execute(sql, values).fetchall()

    def all_of(self, table: str) -> tuple[dict[str, Any], ...]:
        """Every row of a table, by SQL alone."""
        cursor = self.disk.driver.execute(f"SELECT * FROM {table} ORDER BY rowid")  # noqa: S608 - a name of our schema
        columns = [each[0] for each in cursor.description]
        return tuple(dict(zip(columns, row, strict=True)) for row in cursor)

    def partners_of(self, couple: int) -> dict[int, int]:
        """The rows of a couple's partners by position."""
        sql = "SELECT p.position, p.id FROM partners p JOIN couples c ON c.id = p.couple_id WHERE c.ref = ?"
        return dict(self.ask(sql, self.ref(couple)))

    def note_rows(self, couple: int) -> None:
        """Keep which rows a couple has, for they may be gone at the end."""
        found = self.partners_of(couple)
        for person in self.script.people:
            if person.couple == couple and person.position in found:
                self.rows[person.number] = found[person.position]
        sql = "SELECT e.id FROM enrollments e JOIN couples c ON c.id = e.couple_id WHERE c.ref = ? AND e.campaign = ?"
        for (row,) in self.ask(sql, self.ref(couple), self.campaigns[0].id):
            self.enrollments[row] = couple

    def forget(self) -> None:
        """Keep what deliveries there are: a copy that is put in their place does not know them all."""
        self.forgotten |= {row["id"]: row for row in self.all_of("deliveries")}

    def look_again(self) -> None:
        """Of couples that a copy does not know, forget what they were: the numbers of theirs may become others'."""
        known = {row for (row,) in self.ask("SELECT id FROM enrollments")}
        self.enrollments = {row: couple for row, couple in self.enrollments.items() if row in known}
        self.forgotten = {row: it for row, it in self.forgotten.items() if it["enrollment_id"] in known}

    def is_there(self, row: int) -> bool:
        """Whether somebody is in the store and has not left."""
        return bool(self.ask("SELECT 1 FROM partners WHERE id = ? AND left_at IS NULL", row))

    def couple_row(self, row: int) -> int | None:
        """The row of a partner's couple."""
        found = self.ask("SELECT couple_id FROM partners WHERE id = ? AND left_at IS NULL", row)
        return found[0][0] if found else None

    def step_of(self, key: str) -> Step:
        return self.steps[key]

    def last_sent(self, person: int, purpose: str | None = None, channel: str | None = None) -> int | None:
        """The last message of the campaign that somebody got, of a purpose or on a channel."""
        row = self.rows.get(person)
        sql = "SELECT id, step, channel FROM deliveries WHERE partner_id = ? AND status = 'sent' AND occurrence < ?"
        for number, step, way in self.ask(f"{sql} ORDER BY sent_at DESC, id DESC", row, LATER):
            if step in self.steps and purpose in (None, self.steps[step].purpose) and channel in (None, way):
                return int(number)
        return None

    def reference(self, delivery: int) -> str:
        """What the provider was given to bring back."""
        sql = "SELECT e.seed FROM enrollments e JOIN deliveries d ON d.enrollment_id = e.id WHERE d.id = ?"
        found = self.ask(sql, delivery)
        return reference(found[0][0], delivery) if found else f"{delivery}.gone"

    def entry(self, key: str, **about: Any) -> dict[str, Any]:
        """One thing that a provider tells; told again, it is the same to the letter."""
        at = self._told_at.setdefault(key, self.notebook.clock.now().isoformat())
        return {"key": f"{self.script.seed} {key}", "at": at, **about}

    def told(self, process: Process, channel: str, entries: Sequence[dict[str, Any]]) -> bool:
        """The provider calls; whether it was told 200."""
        hook = call(NAMES[channel], list(entries), self.notebook.clock.now())
        self.calls = [*self.calls[-REMEMBERED:], (NAMES[channel], hook)]
        return self.receive(process, NAMES[channel], hook)

    def receive(self, process: Process, name: str, hook: Hook) -> bool:
        """A call comes in, as it does at the web page; whether it was answered with 200."""
        hearing = process.engine.hearing
        try:
            hearing.react(hearing.receive(name, hook))
        except (Forged, NotOurs) as refusal:
            self.notebook.hear(refusal)
            return False
        except (StoreError, SQLAlchemyError) as error:  # the page answers 500
            self.notebook.hear(error)
            return False
        return True

    def must_hear(self, process: Process, channel: str, entries: Sequence[dict[str, Any]]) -> None:
        """The provider calls; Unheard when it was not told 200, and will call again."""
        if not self.told(process, channel, entries):
            raise Unheard

    def texted(self, process: Process, it: Happening, sender: str, words: str) -> tuple[bool, dict[str, Any]]:
        """Somebody texts; whether the provider was told 200, and what it was taken to be about."""
        entry = self.entry(f"text {it.number}", sender=sender, text=words)
        self.must_hear(process, "sms", [entry])
        found = self.ask("SELECT delivery_id, read_as FROM replies WHERE key = ?", entry["key"])
        about = {"delivery": found[0][0]} if found and found[0][1] == "answer" and found[0][0] else {}
        return True, about

    def again(self, process: Process, seed: int) -> None:
        """All calls made so far come again, twice, in another order."""
        calls = self.calls * 2
        random.Random(seed).shuffle(calls)  # noqa: S311 - no secret
        for name, hook in calls:
            self.receive(process, name, hook)

    def garbage(self, process: Process, how: str, number: int) -> bool:
        """A call that is worth nothing; whether it was turned away or came to nothing."""
        self.bad_inputs += 1
        name = "texts" if number % 2 else "post"
        now = self.notebook.clock.now() + timedelta(microseconds=number)
        person = next(iter(self.people.values()))
        stop = self.entry(f"bad {number}", sender=person.phone or "+12025550199", text="STOP")
        hook = call(name, [stop] if how != "senseless" else [{"key": 1}, None, {"type": "bounced"}, 7], now)
        if how == "forged":
            hook = Hook(hook.kind, hook.url, {**hook.headers, "x-signature": "bad"}, hook.body, now)
        elif how == "torn":
            torn = call(name, [stop], now).body[:-9]
            hook = Hook(hook.kind, hook.url, {"x-signature": signature(torn)}, torn, now)
        elif how == "elsewhere":
            hook = Hook("nothing", hook.url, hook.headers, hook.body, now)
        return self.receive(process, name, hook) == (how in ("torn", "senseless"))
