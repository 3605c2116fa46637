"""Ana and Ben, who have each had a question, something to do, a pulse and a few words, and the pages of those."""

import hashlib
import html
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import httpx
from made import activity, step
from wire import call
from world import World, person

from engine.model.campaign import Audience, StepPurpose
from engine.model.reply import ConsentPurpose
from engine.model.strategy import ActivityText, Kind, Mode
from engine.render.links import Purpose
from engine.store import schema
from engine.store.metadata import metadata
from engine.web.app import create_app

QUESTION = ActivityText(
    "Small mornings",
    "Ask {{ other_name }}.\n\n**On a hard day:** ask yourself.",
    "A text.",
    "What do you like of them?",
)
OUTING = ActivityText("A walk at dusk", "Go out with {{ other_name }}.\n\n**On a hard day:** open a window.", "A text.")
STEPS = (
    step("talk", at=None, draw=None, activity="a1"),
    step("alone", at=None, draw=None, activity="a2", days=(2,), audience=Audience.ALTERNATING),
    step("date", at=None, draw=None, activity="a3", days=(3,), template="exercise"),
    step("close", at=None, draw=None, days=(6,), purpose=StepPurpose.PULSE, template="pulse"),
    step("close-too", at=None, draw=None, days=(6,), weeks=(2,), purpose=StepPurpose.PULSE, template="pulse"),
    step("end", at=None, draw=None, days=(0,), weeks=(3,), purpose=StepPurpose.NOTE, template="goodbye"),
    step("more", at=None, days=(1,), weeks=(4,)),
)
POOL = [
    replace(activity(1), texts={"en": QUESTION}),
    replace(activity(2), texts={"en": QUESTION}),
    replace(activity(3, kind=Kind.EXERCISE, mode=Mode.OUTING, minutes=40), texts={"en": OUTING}),
    activity(4),
    activity(5),
]
SHARE, PRIVATE = {"share": "share"}, {"share": "private"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Couple:
    """Their pages, opened and posted to as browsers do it. It is the Monday after the last of the messages."""

    def __init__(self, database: Path | None = None, until: str = "2026-03-23T12:00", **ana: Any) -> None:
        self.world = World(*STEPS, activities=POOL, database=database)
        self.world.join("a-b", person("Ana", **ana), person("Ben"))
        self.world.enroll()
        self.world.live(until)
        self.world.go_to(until)
        self.app = create_app(self.world.engine)

    def agree(self, *names: str, purpose: ConsentPurpose = ConsentPurpose.ANSWERS) -> None:
        """Let answers be kept, or pulses be counted together, without a page."""
        flag = {"answers": "answers_consent", "pulse": "share_pulse"}[purpose.value]
        for name in names or ("Ana", "Ben"):
            self.world.alter(name, **{flag: True})

    def partner(self, name: str) -> int:
        return next(int(row.id) for row in self.world.rows(schema.partners) if row.given_name == name)

    def delivery(self, name: str, key: str) -> int:
        mine = self.partner(name)
        return next(int(row.id) for row in self.world.rows() if row.partner_id == mine and row.step == key)

    def token(self, name: str, key: str = "talk", purpose: Purpose = Purpose.MESSAGE, on: date | None = None) -> str:
        """A pass of today's; of a message, if it is for one."""
        about = self.delivery(name, key) if purpose is Purpose.MESSAGE else self.partner(name)
        (epoch,) = [row.epoch for row in self.world.rows(schema.partners) if row.given_name == name]
        return self.world.engine.links.sign(purpose, about, epoch, on or self.world.clock.now().date())

    def path(self, name: str, page: str = "a", key: str = "talk") -> str:
        return f"/{page}/{self.token(name, key)}"

    def get(self, path: str, **given: Any) -> httpx.Response:
        return call(self.app, "GET", path, **given)

    def post(self, path: str, fields: Mapping[str, Any] | None = None, **given: Any) -> httpx.Response:
        """A form, as this site's own page sends it."""
        headers = {**FORM, "Origin": "null", "Sec-Fetch-Site": "same-origin", **given.pop("headers", {})}
        return call(self.app, "POST", path, data=dict(fields or {}), headers=headers, **given)

    def follow(self, path: str, fields: Mapping[str, Any] | None = None) -> httpx.Response:
        """The page that a form leads to."""
        answer = self.post(path, fields)
        assert answer.status_code == 303, answer.text
        return self.get(answer.headers["location"])

    def answer(self, name: str, text: str, **fields: str) -> httpx.Response:
        return self.post(self.path(name), {"answer": text, **fields})

    def contents(self, *but: str) -> str:
        """A digest of every row of every table."""
        rows = [(table.name, self.world.rows(table)) for table in metadata.sorted_tables if table.name not in but]
        return hashlib.sha256(repr(rows).encode()).hexdigest()


def words(answer: httpx.Response) -> str:
    """What a page says, without its sheets, scripts and tags."""
    body = re.sub(r"<(style|script)>.*?</\1>", " ", answer.text, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())
