"""A preview in a real browser: readable at any width and in the dark, switched without scripts, new after a save."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser import WIDTHS, Opener, flaws, overflows, shoot, violations

from engine.settings import load
from engine.simulate.preview import Asked, preview
from engine.web.server import serving_app
from engine.web.watching import HERE, Watched, create_app

if TYPE_CHECKING:
    from playwright.sync_api import Page

CAMPAIGN = """\
campaign: looked-at
title: Looked at from every side
weeks: 2
themes: {1-2: affection}
steps:
  - {step: welcome, days: [start], weeks: 1, at: "09:00", template: welcome}
  - {step: talk, days: [tuesday], template: prompt, draw: {kind: conversation}}
  - step: try
    days: [thursday]
    template: exercise
    draw: {kind: exercise}
    variants: [{variant: full, weight: 2}, {variant: brief, template: prompt}]
    wait: {answers: talk, at_most: 1d}
  - {step: rate, days: [sunday], template: pulse, when: partner.pulse < 3}
"""
PAGES = {
    "index": "",
    "both": "gallery/001-both-by-email.html",
    "spanish": "gallery/002-one-by-text-in-spanish.html",
    "alone": "gallery/003-one-alone.html",
    "sheet": "gallery/sheet.html",
}


class Watching:
    """A preview that is served, and its campaign file."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "looked-at.yaml"
        self.file.write_text(CAMPAIGN, encoding="utf-8")
        (folder / "rekindle.toml").write_text("[prices]\nsms = 0.0079\nemail = 0.0004\n")

        def make(out: Path, made: str) -> None:
            preview(load(folder, {}), Asked(str(self.file), date(2026, 3, 2)), out, made=made)

        self.watched = Watched(make, [self.file], [], lambda problem: None)
        self.url = ""

    def save(self, text: str) -> None:
        self.file.write_text(text, encoding="utf-8")
        self.watched.look()


@pytest.fixture(scope="module")
def watching(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watching]:
    made = Watching(tmp_path_factory.mktemp("watched"))
    made.watched.look()
    started, ended, loop = threading.Event(), asyncio.Event(), asyncio.new_event_loop()

    async def serve() -> None:
        async with serving_app(create_app(made.watched), HERE, 0, "web", grace=1) as port:
            made.url = f"http://{HERE}:{port}/"
            started.set()
            await ended.wait()

    def run() -> None:
        loop.run_until_complete(serve())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    started.wait()
    yield made
    loop.call_soon_threadsafe(ended.set)
    thread.join()
    made.watched.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_good_for_everybody(open_page: Opener, watching: Watching, name: str) -> None:
    page = open_page()
    page.goto(watching.url + PAGES[name])
    assert flaws(page, WIDTHS, frames=False) == []
    assert overflows(page) == []
    shoot(page, f"preview-{name}")


def shown(page: "Page", selector: str) -> list[bool]:
    found: list[bool] = page.evaluate(
        "(selector) => [...document.querySelectorAll(selector)].map((each) => each.checkVisibility())", selector
    )
    return found


def test_width_colours_and_plain_text_are_chosen_without_any_script(open_page: Opener, watching: Watching) -> None:
    page = open_page(java_script_enabled=False, viewport={"width": 1280, "height": 900})
    page.goto(watching.url + PAGES["both"])
    frame, plain = page.locator("iframe").first, page.locator("pre.plain").first
    narrow = frame.bounding_box()
    assert narrow is not None
    assert 340 <= narrow["width"] <= 380
    page.get_by_text("Desktop", exact=True).click()
    wide = frame.bounding_box()
    assert wide is not None
    assert wide["width"] >= 700
    page.get_by_text("Dark", exact=True).click()
    page.get_by_text("Plain text", exact=True).click()
    assert plain.is_visible()
    assert not frame.is_visible()
    assert "Nora" in plain.inner_text()


def test_a_mail_follows_the_colours_that_are_chosen(open_page: Opener, watching: Watching) -> None:
    page = open_page(
        viewport={"width": 1280, "height": 900}, color_scheme="null"
    )  # else the frame is told as the page is
    page.goto(watching.url + PAGES["both"])
    frame = page.locator("iframe").first
    frame.scroll_into_view_if_needed()
    frame.content_frame.locator("body").wait_for()
    (inside,) = [each for each in page.frames if each.url.endswith(frame.get_attribute("src"))]
    for choice, is_dark in (("Dark", True), ("Light", False)):
        page.get_by_text(choice, exact=True).click()
        frame.screenshot()  # a frame is told of it when it is next drawn
        assert inside.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") is is_dark


def test_a_printed_page_holds_the_words_of_every_email(open_page: Opener, watching: Watching) -> None:
    page = open_page()
    page.goto(watching.url + PAGES["both"])
    page.emulate_media(media="print")
    plain = shown(page, "pre.plain")
    assert len(plain) > 8
    assert all(plain)
    assert not any(shown(page, ".device"))
    assert not any(shown(page, ".bar .view, .bar .jump"))


def test_everything_can_be_chosen_and_opened_with_the_keyboard(open_page: Opener, watching: Watching) -> None:
    page = open_page(viewport={"width": 1280, "height": 900})
    page.goto(watching.url + PAGES["both"])
    page.locator("#phone").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#desktop").is_checked()
    closed = page.locator("#week-2 details.mail summary").first
    closed.focus()
    page.keyboard.press("Enter")
    assert page.locator("#week-2 details.mail").first.get_attribute("open") is not None


def test_a_sheet_gives_each_email_its_own_length(open_page: Opener, watching: Watching) -> None:
    page = open_page(viewport={"width": 1280, "height": 900})
    page.goto(watching.url + PAGES["sheet"])
    heights = {page.locator(".small").nth(place).bounding_box()["height"] for place in range(6)}
    assert len(heights) > 2
    assert int(page.locator("html").get_attribute("data-height")) > 900


def test_a_saved_file_comes_to_an_open_page_by_itself_and_so_does_its_mistake(
    open_page: Opener, watching: Watching, rig: tuple[Any, Callable[..., Any]]
) -> None:
    expect = rig[1]
    page = open_page(viewport={"width": 1280, "height": 900})
    page.goto(watching.url)
    title = page.locator("h1")
    try:
        watching.save(CAMPAIGN.replace("from every side", "once more"))
        expect(title).to_have_text("Looked at once more")
        watching.save(CAMPAIGN.replace("[tuesday]", "[tusday]"))
        expect(title).to_have_text("To mend")
        expect(page.locator("code")).to_contain_text("looked-at.yaml:7:")
        assert violations(page, frames=False) == []
        shoot(page, "preview-problem")
    finally:
        watching.save(CAMPAIGN)
    expect(title).to_have_text("Looked at from every side")


def test_an_email_that_was_open_is_open_after_a_save(
    open_page: Opener, watching: Watching, rig: tuple[Any, Callable[..., Any]]
) -> None:
    expect = rig[1]
    page = open_page(viewport={"width": 1280, "height": 900})
    page.goto(watching.url + PAGES["both"])
    mail = page.locator("#week-2 details.mail").first
    mail.locator("summary").click()
    try:
        watching.save(CAMPAIGN.replace("from every side", "again"))
        expect(page.locator(".lede")).to_contain_text("Looked at again")
        expect(mail).to_have_attribute("open", "")
    finally:
        watching.save(CAMPAIGN)
