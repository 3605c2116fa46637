"""What a person sees when it is too much, or the database is gone: a page that says what to do, in a real browser."""

from collections.abc import Callable
from typing import Any

import pytest
from browser import Opener, flaws, overflows, shoot
from operating import SETTINGS
from served import Site

from engine.errors import StoreError
from engine.web import crowd
from engine.web.crowd import Bounds, Kind
from engine.web.guard import HEADERS
from engine.web.screen import Screen


def away(*_given: object, **_named: object) -> Any:
    raise StoreError("The database cannot be reached.")


@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize(
    ("name", "status", "seconds"), [("busy", 503, 5), ("caller", 429, 5), ("rate", 429, 300), ("database", 503, 30)]
)
def test_a_person_is_told_what_to_do_on_a_page_that_everybody_can_use(
    serve: Callable[..., Site],
    open_page: Opener,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    status: int,
    seconds: int,
    lang: str,
) -> None:
    bounds = {
        "busy": Bounds(places=0, of_one=0),
        "caller": Bounds(places=5, of_one=0),
        "rate": Bounds(places=5, of_one=5, burst=0, per_second=1 / 300),
        "database": Bounds(places=5, of_one=5),
    }
    monkeypatch.setitem(crowd.BOUNDS, Kind.PAGE, bounds[name])
    if name == "database":
        monkeypatch.setattr(Screen, "show", away)
    site = serve(settings={**SETTINGS, "web": {"client_header": "X-Real-IP"}})
    page = open_page(locale=lang, extra_http_headers={"X-Real-IP": "198.51.100.7"})
    for path in ("/join", "/u/x") if name == "database" else ("/join", "/u/x", "/operator"):
        answer = page.goto(site.url + path)
        assert answer is not None
        assert (answer.status, answer.headers["retry-after"]) == (status, str(seconds)), path
        assert {each.lower() for each in HEADERS} <= set(answer.headers)
        assert page.get_attribute("html", "lang") == lang
    wait = {5: "minute", 30: "half a minute", 300: "5 minutes"}[seconds] if lang == "en" else "Espera"
    assert wait in page.inner_text("main")
    assert page.get_by_role("heading", level=1).count() == 1
    assert flaws(page) == []
    assert overflows(page) == []
    shoot(page, f"sorry-{name}-{lang}")
