"""Whoever guesses at couples' links is soon told to wait, on all their pages together, and learns nothing by it."""

from pathlib import Path

import pytest
from wire import call
from world import World, person, talk

from engine.render.links import Purpose
from engine.store import schema
from engine.web.app import create_app
from engine.web.crowd import BOUNDS, Kind

EVE, ANA = {"X-Real-IP": "203.0.113.66"}, {"X-Real-IP": "203.0.113.7"}
WAYS_IN = {
    "p": Purpose.PREFERENCES,
    "c": Purpose.CONFIRM,
    "i": Purpose.INVITE,
    "d": Purpose.DECLINE,
    "a": Purpose.MESSAGE,
    "n": Purpose.MESSAGE,
    "pulse": Purpose.MESSAGE,
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(talk(), database=tmp_path / "guessed.sqlite3", settings={"web": {"client_header": "X-Real-IP"}})
    world.join("moss", person("Ana"), person("Ben"))
    world.enroll()
    return world


def test_guesses_at_links_are_few_and_then_the_right_one_looks_like_any_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.web.crowd.stopwatch", lambda: 1_000.0)
    app = create_app(world.engine)
    partner = world.rows(schema.partners)[0].id
    right = world.engine.links.sign(Purpose.PREFERENCES, partner, 0, world.clock.now().date())
    wrong = [right[:-4] + f"{number:04d}" for number in range(200)]
    pages = [*WAYS_IN] * 100
    guesses = [call(app, "GET", f"/{page}/{token}", headers=EVE) for page, token in zip(pages, wrong, strict=False)]
    most = BOUNDS[Kind.PAGE].burst
    assert most is not None
    assert [each.status_code for each in guesses] == [404] * most + [429] * (len(wrong) - most)
    assert call(app, "GET", f"/p/{right}", headers=EVE).status_code == 429
    assert call(app, "POST", f"/p/{right}/leave", headers=EVE).status_code == 429
    assert call(app, "GET", f"/p/{right}", headers=ANA).status_code == 200


@pytest.mark.parametrize("page", WAYS_IN)
def test_no_guess_near_a_good_link_opens_anything(world: World, page: str) -> None:
    """Nor one that is good for the other partner's row with this one's hash."""
    app = create_app(world.engine)
    today = world.clock.now().date()
    one, other = (world.engine.links.sign(WAYS_IN[page], row, 0, today) for row in (1, 2))
    half = len(one) // 2
    for guess in (one[:half] + other[half:], other[:half] + one[half:], one[::-1], one.swapcase(), one[:-1] + "_"):
        assert call(app, "GET", f"/{page}/{guess}").status_code == 404, guess
