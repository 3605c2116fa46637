"""The dashboard in a real browser: usable by everybody, on a phone with one thumb, and without any script."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from browser import Opener, flaws, overflows, press, shoot, violations
from operating import PASSWORD, SETTINGS, WORDS, answer, filled
from served import Site
from world import Answering, talk

if TYPE_CHECKING:
    from playwright.sync_api import Page

PHONE = {"width": 375, "height": 667}
PAGES = {
    "today": "",
    "alerts": "/alerts",
    "alert": "/alerts/1",
    "doubts": "/doubts",
    "couples": "/couples",
    "couple": "/couples/1",
    "campaigns": "/campaigns",
    "transports": "/transports",
    "suppressions": "/suppressions",
    "replies": "/replies",
    "audit": "/audit",
    "nothing": "/couples/99",
}


@pytest.fixture
def desk(serve: Callable[..., Site]) -> Site:
    site = serve(talk(), transport=Answering(answer), settings=SETTINGS)
    filled(site.world)
    return site


def sign_in(page: "Page", site: Site) -> None:
    page.goto(site.url + "/operator")
    page.fill("#password", PASSWORD)
    press(page, "main button")


def test_every_page_is_free_of_what_axe_finds_in_light_and_in_dark_and_fits_a_narrow_screen(
    desk: Site, open_page: Opener
) -> None:
    page = open_page(viewport=PHONE)
    page.goto(desk.url + "/operator")
    shoot(page, "operator-sign-in")
    assert violations(page) == []
    sign_in(page, desk)
    for name, path in PAGES.items():
        page.goto(f"{desk.url}/operator{path}")
        shoot(page, f"operator-{name}")
        assert overflows(page) == [], name
        assert flaws(page) == [], name


def test_the_pause_button_is_where_a_thumb_is_on_every_page_of_a_phone(desk: Site, open_page: Opener) -> None:
    page = open_page(viewport=PHONE, java_script_enabled=False)
    sign_in(page, desk)
    for path in ("", "/couples/1", "/audit"):
        page.goto(f"{desk.url}/operator{path}")
        box = page.get_by_role("button", name="Pause everything").bounding_box()
        assert box is not None
        assert box["y"] > PHONE["height"] / 2  # in the lower half, without scrolling
        assert box["y"] + box["height"] <= PHONE["height"]
        assert box["height"] >= 48


def test_everything_is_paused_with_one_press_and_resumed_with_two(
    desk: Site, open_page: Opener, expect: Callable[..., Any]
) -> None:
    page = open_page(viewport=PHONE, java_script_enabled=False)
    sign_in(page, desk)
    press(page, page.get_by_role("button", name="Pause everything"))
    expect(page.get_by_text("Everything is paused")).to_be_visible()
    shoot(page, "operator-paused")
    assert desk.world.engine.waiting() is not None
    page.get_by_text("Resume…").click()
    press(page, page.get_by_role("button", name="Yes, send again"))
    expect(page.get_by_role("button", name="Pause everything")).to_be_visible()


def test_an_alerts_words_are_opened_by_a_button_and_by_nothing_else(
    desk: Site, open_page: Opener, expect: Callable[..., Any]
) -> None:
    page = open_page(java_script_enabled=False)
    sign_in(page, desk)
    press(page, page.get_by_role("link", name="Alert 1"))
    assert WORDS not in page.content()
    press(page, page.get_by_role("button", name="Open the words"))
    expect(page.get_by_text(WORDS)).to_be_visible()
    shoot(page, "operator-alert-open")
    page.goto(desk.url + "/operator/audit")
    expect(page.get_by_text("read alert")).to_be_visible()
