"""The OpenAPI description is true: schemathesis makes up calls to what it describes, good ones and bad ones."""

import re
from datetime import date
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from wire import Wire, call, signed, told
from world import VAULT, World, person

from engine.model.campaign import Channel
from engine.render.links import Links, Purpose
from engine.web.app import create_app

TOKEN = Links("https://rekindle.example", VAULT.subkey("links")).token(Purpose.UNSUBSCRIBE, 1, Channel.EMAIL)
LINKS = Links("https://rekindle.example", VAULT.subkey("links"))
OWN_PAGE, OLD_PAGE = (LINKS.sign(Purpose.PREFERENCES, 1, 0, day) for day in (date(2026, 3, 1), date(2025, 3, 1)))
CROSS = {"Sec-Fetch-Site": "cross-site"}
WEBHOOK, SHOW, ACT, HEALTH = "POST /webhooks/{name}/{kind}", "GET /u/{token}", "POST /u/{token}", "GET /health"
WELL, BADLY = GenerationMode.POSITIVE, GenerationMode.NEGATIVE


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A web app over a couple and a provider that calls it."""
    world = World(transport=Wire(), database=tmp_path_factory.mktemp("described") / "r.sqlite3")
    world.join("rivera", person("Ana"), person("Ben"))
    made = create_app(world.engine, docs=True)
    made.state.world = world  # which would otherwise end, and close its database
    return made


@pytest.fixture(scope="module")
def operations(app: Any) -> dict[str, Any]:
    """What is described, by method and path."""
    found = [each.ok() for each in schemathesis.openapi.from_asgi("/openapi.json", app).get_all_operations()]
    return {each.label: each for each in found}


JOINING = {
    "GET /join", "GET /join/{campaign}", "POST /join/{campaign}", "GET /c/{token}", "POST /c/{token}", "GET /i/{token}",
    "POST /i/{token}", "POST /i/{token}/decline", "GET /d/{token}", "POST /d/{token}",
}  # fmt: skip
OWN = {
    "GET /p/{token}", "POST /p/{token}/{section}", "POST /p/{token}/leave", "POST /p/{token}/over",
    "POST /p/{token}/erase", "GET /p/{token}/data", "POST /p/{token}/export", "POST /fresh/{purpose}/{token}",
    "GET /calendar/{token}.ics",
}  # fmt: skip
MESSAGES = {
    "GET /a/{token}", "POST /a/{token}", "POST /a/{token}/draft", "POST /a/{token}/delete", "GET /n/{token}",
    "POST /n/{token}/did", "POST /n/{token}/smaller", "POST /n/{token}/never", "POST /n/{token}/later",
    "GET /n/{token}/event.ics", "GET /pulse/{token}", "POST /pulse/{token}", "POST /pulse/{token}/together",
}  # fmt: skip
WELLNESS = {HEALTH, "GET /healthz", "GET /readyz"}
MEANT = {WEBHOOK, SHOW, ACT} | WELLNESS | JOINING | OWN | MESSAGES
SIMPLE = WELLNESS | {"GET /join"}
"""Nothing can be wrong about a call to these."""


def test_there_is_nothing_but_what_is_meant_to_be(operations: dict[str, Any]) -> None:
    assert set(operations) == MEANT


@pytest.mark.parametrize(
    ("label", "mode"),
    [(each, mode) for each in sorted(MEANT) for mode in (WELL, BADLY) if each not in SIMPLE or mode is WELL],
)
def test_every_answer_to_a_made_up_call_is_described_and_none_is_a_bug(
    operations: dict[str, Any], label: str, mode: GenerationMode
) -> None:
    @settings(
        max_examples=6,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operations[label].as_strategy(generation_mode=mode))
    def every(case: schemathesis.Case) -> None:
        case.call_and_validate()

    every()


EVENTS, INBOUND = "/webhooks/wire/events", "/webhooks/wire/inbound"
EVENT = told({"key": "e", "type": "opened"})
TEXT = told({"key": "t", "sender": "+12025550123", "text": "Hello"})
GOOD = [
    (WEBHOOK, EVENTS, {"content": EVENT, "headers": signed(EVENTS, EVENT)}, 204),
    (WEBHOOK, INBOUND, {"content": TEXT, "headers": signed(INBOUND, TEXT)}, 200),
    (WEBHOOK, EVENTS, {"content": EVENT}, 403),
    (WEBHOOK, "/webhooks/wire/status", {"content": b" " * 1_000_001}, 413),
    (SHOW, f"/u/{TOKEN}", {}, 200),
    (ACT, f"/u/{TOKEN}", {"data": {"List-Unsubscribe": "One-Click"}}, 200),
    (ACT, f"/u/{TOKEN}", {"data": {"confirm": "yes"}}, 200),
    (ACT, f"/u/{TOKEN}", {"content": b" " * 20_000}, 413),
    (HEALTH, "/health", {}, 200),
    ("POST /join/{campaign}", "/join/eight-weeks", {"data": {"given_name": "Ana"}}, 422),
    ("POST /join/{campaign}", "/join/eight-weeks", {"content": b"given_name=Ana"}, 415),
    ("GET /p/{token}", f"/p/{OWN_PAGE}", {}, 200),
    ("GET /p/{token}", f"/p/{OLD_PAGE}", {}, 410),
    ("GET /p/{token}/data", f"/p/{OWN_PAGE}/data", {}, 200),
    ("POST /p/{token}/export", f"/p/{OWN_PAGE}/export", {"data": {"as": "json"}}, 200),
    ("POST /p/{token}/{section}", f"/p/{OWN_PAGE}/pause", {"data": {"pause": "week"}}, 409),
    ("POST /p/{token}/{section}", f"/p/{OLD_PAGE}/pause", {"data": {"pause": "week"}}, 410),
    ("POST /p/{token}/erase", f"/p/{OWN_PAGE}/erase", {"data": {"sure": "no"}}, 422),
    ("POST /p/{token}/over", f"/p/{OWN_PAGE}/over", {"data": {"why": "nothing"}}, 422),
    ("POST /p/{token}/over", f"/p/{OWN_PAGE}/over", {"data": {}, "headers": CROSS}, 403),
    ("POST /p/{token}/leave", f"/p/{OWN_PAGE}/leave", {"data": {"now": "yes"}}, 303),
]


@pytest.mark.parametrize(("label", "path", "given_", "status"), GOOD)
def test_answers_that_take_knowledge_to_get_are_described_too(
    app: Any, operations: dict[str, Any], label: str, path: str, given_: dict[str, Any], status: int
) -> None:
    answer = call(app, label.partition(" ")[0], path, **given_)
    assert answer.status_code == status
    checks = [status_code_conformance, content_type_conformance, response_schema_conformance]
    operations[label].Case().validate_response(answer, checks=checks)


def test_a_real_link_has_the_form_that_is_described(app: Any) -> None:
    paths = call(app, "GET", "/openapi.json").json()["paths"]
    (token,) = paths["/u/{token}"]["get"]["parameters"]
    assert re.fullmatch(token["schema"]["pattern"], TOKEN)
