"""Behind good links too, and at a signed-in desk, no made-up form or query is our failure; other methods are refused.

test_description.py makes up whole calls, and so hardly ever has a good link; here every link is good.
"""

import re
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from joining import CAMPAIGN, joined, sign_up, signup
from opening import FORM, Couple
from operating import signed_in, town
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance
from wire import call
from world import World

from engine.model.campaign import Channel
from engine.render.links import Purpose
from engine.store import couples_schema
from engine.web.app import create_app
from engine.web.operator.dashboard import dashboard
from engine.web.turn import Turn

PERSON = ("given_name", "channel", "email", "phone", "timezone", "send_at", "locale", "agree_email", "agree_sms")
SECTIONS = {
    "pause": ("pause", "until"),
    "messages": ("channel", "send_at", "days", "reach_from", "reach_until", "agree_email", "agree_sms"),
    "about": ("given_name", "timezone", "locale"),
    "wishes": ("causes", "agree_touch"),
    "sharing": ("agree_answers", "agree_pulse", "share_texts"),
    "phone": ("shared_phone",),
    "address": ("new_channel", "email", "phone", "new_agree_email", "new_agree_sms"),
    "invite": (),
    "message": ("their_channel", "their_email", "their_phone", "their_locale"),
    "nothing": ("pause",),
}
ASKED = {
    "POST /a/{token}": ("answer", "share", "consent", "sure"),
    "POST /a/{token}/draft": ("draft", "answer"),
    "POST /a/{token}/delete": ("sure",),
    "POST /n/{token}/never": ("sure",),
    "GET /n/{token}": ("done", "lang"),
    "GET /n/{token}/event.ics": ("day", "time"),
    "POST /pulse/{token}": ("n", "index", "consent", "together", "share"),
    "GET /pulse/{token}": ("n", "done"),
    "POST /pulse/{token}/together": ("together", "consent", "sure"),
    "POST /p/{token}/erase": ("sure",),
    "POST /p/{token}/over": ("why", "sure"),
    "POST /p/{token}/leave": ("now", "sure"),
    "POST /p/{token}/export": ("as",),
    "POST /u/{token}": ("confirm", "List-Unsubscribe"),
    "POST /join/{campaign}": (*PERSON, "their_channel", "their_email", "their_locale"),
    "POST /i/{token}": PERSON,
    "POST /c/{token}": ("their_channel", "their_email", "confirm"),
    "/operator/sign-in": ("password",),
    "/operator/pause": ("kind", "name", "from", "why", "until"),
    "/operator/resume": ("kind", "name", "from"),
    "/operator/doubts": ("id", "verdict", "sure"),
    "/operator/couples": ("q",),
    "/operator/couples/{id}/reveal": ("index", "why", "sure"),
    "/operator/couples/{id}/stop": ("why", "sure", "confirm"),
    "/operator/suppressions": ("channel", "address", "why", "id", "after", "sure"),
    "/operator/audit": ("about", "after", "q"),
}
"""What pages ask for: each of it is sent or left out, with values of all kinds, and now and then what is not asked."""
VALUES = (
    *("", "0", "-1", "3", "5", "99999999999999999999999", "yes", "no", "on", "week", "month", "email", "sms"),
    *("share", "private", "en", "es", "en 1", "json", "csv", "test", "everything", "campaign", "transport"),
    *("answering", "sent", "not_sent", "did", "loss", "One-Click", "Europe/Madrid", "Etc/../passwd", "2026-03-24"),
    *("2026-02-30", "0001-01-01", "9999-12-31", "19:00", "24:00", "+12025550123", "ana@example.com", "@", "\x00"),
    *("\ud7ff", "٣", "\u202e", "💛" * 300),
)
ANYTHING = st.sampled_from(VALUES) | st.text(max_size=40)
FITTING = {
    "sure": st.just("yes"), "confirm": st.just("yes"), "consent": st.just("en 1"), "share": st.just("share"),
    "n": st.sampled_from("12345"), "kind": st.sampled_from(("everything", "campaign", "transport", "couple")),
    "name": st.sampled_from(("test", "answering")), "id": st.sampled_from("123"), "index": st.sampled_from("01"),
    "verdict": st.sampled_from(("sent", "not_sent", "not-sent")), "why": st.sampled_from(("loss", "over", "a reason")),
    "channel": st.sampled_from(("email", "sms")), "timezone": st.just("Europe/Madrid"), "send_at": st.just("19:00"),
    "email": st.just("made.up@example.com"), "phone": st.just("+12025550199"), "locale": st.just("en"),
    "given_name": st.text(min_size=1, max_size=60), "agree_email": st.just("yes"), "agree_sms": st.just("yes"),
    "address": st.just("gone@example.com"), "day": st.just("2026-03-24"), "time": st.just("19:00"),
}  # fmt: skip


def fields_of(names: tuple[str, ...]) -> st.SearchStrategy[list[tuple[str, str]]]:
    """Made-up fields, mostly of these names; half of the values fit."""
    known = st.fixed_dictionaries({}, optional={name: FITTING.get(name, ANYTHING) | ANYTHING for name in names})
    more = st.lists(
        st.tuples(st.sampled_from(("done", "lang", "from", *names)) | st.text(max_size=8), ANYTHING), max_size=2
    )
    return st.builds(lambda some, others: [*some.items(), *others], known, more)


OTHER = ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "MADEUP")
DECLARED = ("GET", "HEAD", "POST")


def for_all(names: tuple[str, ...], check: Callable[[list[tuple[str, str]]], None], examples: int = 8) -> None:
    """`check` with the same made-up fields on every run."""
    bounded = settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )

    @bounded
    @given(fields=fields_of(names))
    def every(fields: list[tuple[str, str]]) -> None:
        check(fields)

    every()


class Public:
    """Two sites: of a couple who have their messages, and of somebody who is only arriving. Most tests need one."""

    def __init__(self) -> None:
        self.tokens: dict[str, str] = {}  # they were good before whatever was done with them

    @cached_property
    def couple(self) -> Couple:
        made = Couple()
        made.agree()
        return made

    @cached_property
    def arriving(self) -> World:
        made = World()
        joined(made)
        sign_up(made, signup("Zed"))
        made.tick()
        return made

    @cached_property
    def settled(self) -> FastAPI:
        return create_app(self.couple.world.engine)

    @cached_property
    def begun(self) -> FastAPI:
        return create_app(self.arriving.engine)

    def app(self, path: str) -> FastAPI:
        return self.begun if path.split("/")[1] in ("join", "c", "i", "d") else self.settled

    def token(self, path: str) -> str:
        """A good pass for the page at a path."""
        page = path.split("/")[1]
        if page in ("c", "i", "d"):
            links, rows = self.arriving.engine.links, self.arriving.rows
            today = self.arriving.clock.now().date()
            if page == "c":
                return links.sign(Purpose.CONFIRM, max(row.id for row in rows(couples_schema.confirmations)), 0, today)
            if page == "i":
                return links.sign(Purpose.INVITE, rows(couples_schema.invitations)[0].id, 0, today)
            return links.sign(Purpose.DECLINE, max(row.id for row in rows() if row.step == "confirm"), 0, today)
        if page == "u":
            return self.couple.world.engine.links.token(Purpose.UNSUBSCRIBE, 1, Channel.EMAIL)
        key = {"pulse": "close", "n": "date"}.get(page, "talk")
        purposes = {"p": Purpose.PREFERENCES, "calendar": Purpose.CALENDAR}
        return self.couple.token("Ana", key, purposes.get(page, Purpose.MESSAGE))

    def path(self, template: str, section: str = "pause") -> str:
        if template not in self.tokens:
            self.tokens[template] = self.token(template)
        named = {
            "token": self.tokens[template], "section": section, "campaign": CAMPAIGN, "purpose": "message",
            "name": "answering", "kind": "events",
        }  # fmt: skip
        return re.sub(r"\{(\w+)\}", lambda found: named[found[1]], template)

    def ask(self, method: str, path: str, fields: list[tuple[str, str]]) -> httpx.Response:
        if method == "GET":
            return call(self.app(path), method, f"{path}?{urlencode(fields)}")
        return call(self.app(path), method, path, content=urlencode(fields), headers={**FORM, "Origin": "null"})


@pytest.fixture
def public() -> Public:
    return Public()


PUBLIC = schemathesis.openapi.from_asgi("/openapi.json", create_app(World().engine, docs=True))
OPERATIONS: dict[str, Any] = {each.label: each for each in (one.ok() for one in PUBLIC.get_all_operations())}
LABELS = sorted(OPERATIONS)


def regex(template: str) -> str:
    """What a path of the description matches; a token takes whatever is left."""
    return re.sub(r"\{(\w+)\}", lambda found: r"[\s\S]*" if found[1] == "token" else "[^/]+", template)


def test_a_method_that_is_not_declared_is_refused_at_every_path(public: Public) -> None:
    for template in {label.partition(" ")[2] for label in LABELS}:
        path = public.path(template)
        here = {label.split()[0] for label in LABELS if re.fullmatch(regex(label.partition(" ")[2]), path)}
        for method in {*OTHER, *DECLARED} - here - ({"HEAD"} if "GET" in here else set()):
            answer = call(public.app(path), method, path)
            assert answer.status_code == 405, (method, template)
            assert method not in answer.headers["allow"].split(", "), (method, template)


@pytest.mark.parametrize("label", LABELS)
def test_behind_a_good_link_made_up_fields_get_a_described_answer(public: Public, label: str) -> None:
    method, _, template = label.partition(" ")
    operation = OPERATIONS[label]

    def check(fields: list[tuple[str, str]], section: str = "") -> None:
        path, sent = public.path(template, section), fields
        stamped = {"POST /p/{token}/{section}": "/p/{token}", "POST /join/{campaign}": "/join/{campaign}"}
        stamped |= {"POST /i/{token}": "/i/{token}"}
        if label in stamped:  # what a browser sends with the page's form unseen
            page = call(public.app(path), "GET", public.path(stamped[label])).text
            sent = [*fields, *re.findall(r'name="(stamp|shown)" value="(\w+)"', page)[:1]]
        answer = public.ask(method, path, sent)
        assert answer.status_code < 500, (path, sent)
        operation.Case().validate_response(answer, checks=[status_code_conformance, content_type_conformance])

    if "{section}" in template:
        for section, names in SECTIONS.items():
            for_all(names, partial(check, section=section), 5)
    else:
        for_all(ASKED.get(label, ("sure", "done")), check)


def test_a_zone_that_is_none_is_told_of_though_the_name_is_wrong_too(public: Public) -> None:
    page = call(public.settled, "GET", public.path("/p/{token}")).text
    stamp = re.findall(r'name="(stamp)" value="(\w+)"', page)[:1]
    fields = [("given_name", ""), ("timezone", "nowhere"), *stamp]
    assert public.ask("POST", public.path("/p/{token}/{section}", "about"), fields).status_code == 422


DESK = sorted(
    (method, route.path)  # type: ignore[attr-defined]
    for route in dashboard(town().engine, Turn()).routes
    for method in route.methods - {"HEAD"}  # type: ignore[attr-defined]
)


@pytest.mark.parametrize(("method", "template"), DESK)
def test_at_a_signed_in_desk_made_up_fields_are_never_our_failure(method: str, template: str) -> None:
    desk = signed_in(town())
    number = {"id": "1"}
    token = desk.token()

    def check(fields: list[tuple[str, str]]) -> None:
        path = template.removeprefix("/operator").format(**number)
        query = urlencode(fields)
        if method == "GET":
            answer = desk.ask(method, f"{path}?{query}")
        else:
            answer = desk.ask(method, path, content=urlencode([("token", token), *fields]), headers=FORM)
        assert answer.status_code < 500, (path, fields)
        assert answer.status_code != 405, path

    for number["id"] in ("1", "0", "-1", "99999999999999999999999", "x", "%00"):
        for_all(ASKED.get(template, ("sure",)), check, 8 if number["id"] == "1" else 2)
        if "{id}" not in template:
            break


def test_a_method_that_is_not_declared_is_refused_all_over_the_desk() -> None:
    desk = signed_in(town())
    for template in {path for _, path in DESK}:
        here = {method for method, path in DESK if path == template}
        for method in {*OTHER, *DECLARED} - here - ({"HEAD"} if "GET" in here else set()):
            assert desk.ask(method, template.removeprefix("/operator").format(id=1)).status_code == 405, template
