"""The pages in a real browser: usable by everybody, at any width, left in a moment, and closed to the world outside."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser import Opener, flaws, overflows, shoot, violations
from fastapi import Request, Response
from served import Site
from world import CONSENT, VAULT, person

from engine.model.campaign import Channel
from engine.render.links import Links
from engine.store import couples
from engine.web.unsubscribe import Unsubscribe

if TYPE_CHECKING:
    from playwright.sync_api import Page

PARTS = Path(__file__).parents[1] / "data" / "pages"
"""Every part of a page, in the place of the page about a broken link."""
NAMES = ["unsubscribe", "unsubscribed", "unknown"]
EACH = [(name, locale) for name in NAMES for locale in ("en", "es")]


CONTROLS = """
{% extends "page.html" %}
{% from "parts.html" import area, timezones, button with context %}
{% block title %}Title{% endblock %}{% block content %}<h1>Title</h1><form method="post">
{{ area("text", "Answer", most=30, autosave=true) }}{{ timezones("Zone") }}{{ button("Send") }}
</form>{% endblock %}
"""


class Drafts:
    """The address of a page with a form, whose scripts keep drafts, count and choose a zone; and what was kept."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kept: list[str] = []
        self.status = 204
        self.url = ""
        (folder / "web").mkdir(parents=True)
        (folder / "web" / "unknown.html").write_text(CONTROLS)

        async def act(routes: Unsubscribe, request: Request) -> Response:
            form = await routes._screen.form(request)
            if not request.url.path.endswith("/draft"):
                return await routes._unknown(request)
            self.kept.append(form.text("draft"))
            return Response(status_code=self.status)

        monkeypatch.setattr(Unsubscribe, "act", act)


@pytest.fixture
def drafts(serve: Callable[..., Site], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Drafts:
    made = Drafts(tmp_path / "templates", monkeypatch)
    made.url = serve(templates=[tmp_path / "templates"]).url + "/u/x"
    return made


def link(site: Site, locale: str = "en") -> str:
    """Somebody's link to end emails with."""
    with site.world.database.begin() as connection:
        couples.add(connection, VAULT, "moss", [person("Eva", locale=locale)], CONSENT, site.world.clock.now())
    return Links(site.url, VAULT.subkey("links")).unsubscribe(1, Channel.EMAIL)


def show(site: Site, page: "Page", name: str, locale: str = "en") -> None:
    page.goto(site.url + "/u/x" if name == "unknown" else link(site, locale))
    if name == "unsubscribed":
        page.click("main button")


@pytest.mark.parametrize(("name", "locale"), EACH)
def test_a_page_is_free_of_what_axe_finds_in_light_and_in_dark_and_fits_a_narrow_screen(
    site: Site, open_page: Opener, name: str, locale: str
) -> None:
    page = open_page(locale=locale)
    show(site, page, name, locale)
    assert page.get_attribute("html", "lang") == locale
    assert flaws(page) == []
    assert overflows(page) == []
    shoot(page, f"{name}-{locale}")


def test_every_part_is_free_of_what_axe_finds_right_and_wrong_at_any_width(
    serve: Callable[..., Site], open_page: Opener, expect: Callable[..., Any]
) -> None:
    page = open_page(timezone_id="Europe/Madrid")
    page.goto(serve(templates=[PARTS]).url + "/u/x")
    expect(page.locator("[role=alert]")).to_be_focused()
    expect(page.locator("[name=timezone]")).to_have_value("Asia/Kolkata")  # it was chosen before
    page.click("summary")
    widths = 320, 375, 1280
    for width in widths:
        assert overflows(page, width) == []
    assert flaws(page, widths) == []
    shoot(page, "parts")


@pytest.mark.parametrize("media", ["print", "forced colours"])
def test_nothing_is_lost_on_paper_or_in_forced_colours(serve: Callable[..., Site], page: "Page", media: str) -> None:
    page.goto(serve(templates=[PARTS]).url + "/u/x")
    page.emulate_media(media="print") if media == "print" else page.emulate_media(forced_colors="active")
    assert page.is_visible("a.leave") is (media != "print")
    assert page.is_visible("text=Our walks.")
    assert page.is_visible("main button") is (media != "print")
    shoot(page, media.replace(" ", "-"))


@pytest.mark.parametrize("width", [320, 1280])
def test_what_there_is_to_press_is_large_enough_for_a_thumb(
    serve: Callable[..., Site], page: "Page", width: int
) -> None:
    """44 pixels either way (WCAG 2.2, 2.5.5); links within text are as tall as their line."""
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(serve(templates=[PARTS]).url + "/u/x")
    small = page.evaluate(
        """(what) => [...document.querySelectorAll(what)].filter((each) => {
             const box = each.getBoundingClientRect();
             return box.height < 43.5 || box.width < 43.5;
           }).map((each) => each.outerHTML.slice(0, 60))""",
        "button, .button, .leave, summary, select, textarea, .choice, .marks label, input:not(label *)",
    )
    assert small == []


@pytest.mark.parametrize("name", NAMES)
def test_a_page_can_be_read_at_twice_its_size(site: Site, open_page: Opener, name: str) -> None:
    """1280 pixels zoomed to 200 % are 640 wide; and text alone may be twice as large (WCAG 2.2, 1.4.4)."""
    page = open_page(viewport={"width": 640, "height": 400}, device_scale_factor=2)
    show(site, page, name)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert overflows(page, 640) == []


def test_the_way_out_hides_the_page_at_once_and_takes_its_place_in_the_history(
    site: Site, open_page: Opener, expect: Callable[..., Any]
) -> None:
    page = open_page()
    page.goto(site.url + "/u/first")
    page.goto(site.url + "/u/second")
    page.click("a.leave")
    page.wait_for_url("https://weather.com/")
    assert open_page.watch.left == ["https://weather.com/"]
    page.go_back()
    expect(page).to_have_url(site.url + "/u/first")


def test_nothing_is_left_to_see_while_the_other_site_loads(site: Site, page: "Page") -> None:
    page.goto(site.url + "/u/x")
    seen = page.evaluate(
        """() => { document.querySelector("a.leave").click();
                   return [document.body.getClientRects().length, document.title]; }"""
    )
    assert seen == [0, "weather.com"]


def test_shift_three_times_is_the_way_out_too(site: Site, open_page: Opener, expect: Callable[..., Any]) -> None:
    page = open_page()
    page.goto(site.url + "/u/x")
    told = page.locator("#leave-told")
    page.keyboard.press("Shift")
    expect(told).to_have_text("Press Shift two more times to exit this page.")
    page.keyboard.press("Shift")
    expect(told).to_have_text("Press Shift once more to exit this page.")
    assert open_page.watch.left == []
    page.keyboard.press("Shift")
    page.wait_for_url("https://weather.com/")


def test_writing_in_capitals_is_no_way_out(site: Site, open_page: Opener, expect: Callable[..., Any]) -> None:
    page = open_page()
    page.goto(site.url + "/u/x")
    for key in ("Shift+A", "Shift+B", "Shift+C", "Shift", "Shift", "x", "Shift", "Shift"):
        page.keyboard.press(key)
    expect(page.locator("#leave-told")).to_have_text("Press Shift once more to exit this page.")
    assert open_page.watch.left == []


def test_without_scripts_the_way_out_is_a_link_and_the_form_works(site: Site, open_page: Opener) -> None:
    page = open_page(java_script_enabled=False)
    show(site, page, "unsubscribed")
    assert page.inner_text("h1") == "Stopped."
    page.click("a.leave")
    page.wait_for_url("https://weather.com/")


def test_by_keyboard_the_content_comes_first_then_the_way_out_then_what_there_is_to_do(
    site: Site, page: "Page"
) -> None:
    show(site, page, "unsubscribe")
    order = []
    for _ in range(3):
        page.keyboard.press("Tab")
        order.append(page.evaluate("[document.activeElement.className, document.activeElement.tagName]"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
    assert order == [["skip", "A"], ["leave", "A"], ["", "BUTTON"]]
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Stopped.")


def test_the_way_out_stays_in_sight_however_far_one_reads(site: Site, page: "Page") -> None:
    page.set_viewport_size({"width": 375, "height": 300})
    page.goto(site.url + "/u/x")
    assert page.evaluate("scrollTo(0, 9999), scrollY") > 0
    box = page.locator("a.leave").bounding_box()
    assert box is not None
    assert 0 <= box["y"] < 60


def test_a_script_that_somebody_smuggles_in_does_not_run_and_nothing_is_fetched(site: Site, open_page: Opener) -> None:
    page = open_page()
    page.goto(site.url + "/u/x")
    page.evaluate(
        """() => { const bad = document.createElement("script"); bad.textContent = "window.ran = 1";
                   document.body.append(bad); const image = document.createElement("img");
                   image.src = "https://elsewhere.example/x.png"; document.body.append(image); }"""
    )
    assert page.evaluate("window.ran === undefined")
    assert len(open_page.watch.complaints) == 2
    assert all("Content Security Policy" in each for each in open_page.watch.complaints)
    assert open_page.watch.loaded == []
    open_page.watch.complaints.clear()


@pytest.mark.parametrize(
    ("browsers", "chosen"),
    [("Europe/Madrid", "Europe/Madrid"), ("Asia/Kolkata", "Asia/Kolkata"), ("Etc/GMT+5", "")],
)
def test_the_browsers_time_zone_is_chosen_when_there_is_such_a_choice(
    drafts: Drafts, open_page: Opener, expect: Callable[..., Any], browsers: str, chosen: str
) -> None:
    page = open_page(timezone_id=browsers)
    page.goto(drafts.url)
    expect(page.locator("[name=timezone]")).to_have_value(chosen)


def test_what_is_left_of_a_text_is_counted_in_characters_and_not_in_halves_of_them(
    drafts: Drafts, page: "Page", expect: Callable[..., Any]
) -> None:
    page.goto(drafts.url)
    told = page.locator("#text-count")
    expect(told).to_have_text("30 characters left.")
    page.fill("#text", "💛" * 29)
    expect(told).to_have_text("One character left.")
    page.fill("#text", "💛" * 32)
    expect(told).to_have_text("2 characters too many.")
    expect(page.locator("#text-count-spoken")).to_have_text("2 characters too many.")
    assert violations(page) == []


def test_a_draft_is_kept_when_typing_pauses_and_when_the_field_is_left_and_it_says_so(
    drafts: Drafts, page: "Page", expect: Callable[..., Any]
) -> None:
    page.goto(drafts.url)
    told = page.locator("#text-saved")
    page.type("#text", "One + ñ")
    expect(told).to_have_text("Saved.")
    assert drafts.kept == ["One + ñ"]
    page.type("#text", "!")
    expect(told).to_have_text("")
    page.locator("#text").blur()
    expect(told).to_have_text("Saved.")
    page.locator("#text").blur()
    assert drafts.kept == ["One + ñ", "One + ñ!"]


def test_a_draft_that_could_not_be_kept_is_not_said_to_be_saved(
    drafts: Drafts, page: "Page", expect: Callable[..., Any]
) -> None:
    drafts.status = 500
    page.goto(drafts.url)
    page.type("#text", "One")
    page.locator("#text").blur()
    expect(page.locator("#text-saved")).to_have_text("Not saved yet. It will be tried again.")


def test_a_draft_is_kept_when_the_page_goes_away_but_not_when_the_form_is_sent(drafts: Drafts, page: "Page") -> None:
    page.goto(drafts.url)
    page.type("#text", "One")
    page.goto(drafts.url + "y")
    page.select_option("[name=timezone]", "Europe/Madrid")
    page.type("#text", "Two")
    page.click("main button")
    page.goto(drafts.url)
    assert drafts.kept == ["One"]
