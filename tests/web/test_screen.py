"""What goes wrong is said with a page to people, in their language, and in JSON to programs; and tells nothing more."""

from pathlib import Path

import pytest
from fastapi import Request, Response
from wire import call
from world import World

from engine.render.pages import Pages
from engine.web.app import create_app
from engine.web.unsubscribe import Unsubscribe

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8", "accept-language": "es"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(database=tmp_path / "r.sqlite3")


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("DELETE", "/u/x", 405)])
def test_an_address_that_there_is_not_is_a_page_for_a_browser_and_json_for_a_provider(
    world: World, method: str, path: str, status: int
) -> None:
    app = create_app(world.engine)
    seen = call(app, method, path, headers=BROWSER)
    assert seen.status_code == status
    assert '<html lang="es"' in seen.text
    told = call(app, method, path)
    assert (told.status_code, list(told.json())) == (status, ["detail"])


def test_our_mistake_is_owned_up_to_and_not_described(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def bug(_routes: Unsubscribe, _request: Request) -> Response:
        raise ZeroDivisionError("canary")

    monkeypatch.setattr(Unsubscribe, "show", bug)
    app = create_app(world.engine)
    seen = call(app, "GET", "/u/x", headers=BROWSER)
    assert seen.status_code == 500
    assert "Ha sido un error nuestro" in seen.text
    assert seen.headers["cache-control"] == "no-store"
    assert call(app, "GET", "/u/x").json() == {"detail": "Our mistake; try again later."}
    assert "canary" not in seen.text + caplog.text


def test_even_where_no_page_can_be_written_an_answer_is_given(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(*_given: object, **_named: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Pages, "write", bug)
    seen = call(create_app(world.engine), "GET", "/u/x", headers=BROWSER)
    assert (seen.status_code, list(seen.json())) == (500, ["detail"])
