"""Answering, seeing both answers, rating the week and saying what became of it, in a real browser."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from browser import Opener, flaws, overflows, press, shoot
from opening import POOL, STEPS
from served import Site
from world import person

from engine.render.links import Purpose
from engine.store import couples_schema, schema

if TYPE_CHECKING:
    from playwright.sync_api import Page

LOCALES = ["en", "es"]
ANSWER = "The quiet, and your bare feet. 💛\n\nAnd coffee."
DANGER = "He hits me and I am afraid to go home."


class Opened:
    """Ana and Ben have had their messages; `path` leads to the pages of one."""

    def __init__(self, site: Site, locale: str = "en", *, agreed: bool = True) -> None:
        self.site, self.world = site, site.world
        self.world.join("a-b", person("Ana", locale=locale), person("Ben", locale=locale))
        self.world.enroll()
        self.world.live("2026-03-23T12:00")
        self.world.go_to("2026-03-23T12:00")
        for name in ("Ana", "Ben"):
            self.world.alter(name, answers_consent=agreed)

    def path(self, name: str, page: str, key: str = "talk") -> str:
        partner = next(row.id for row in self.world.rows(schema.partners) if row.given_name == name)
        about = next(row.id for row in self.world.rows() if row.partner_id == partner and row.step == key)
        token = self.world.engine.links.sign(Purpose.MESSAGE, about, 0, self.world.clock.now().date())
        return f"{self.site.url}/{page}/{token}"

    def drafts(self) -> int:
        return sum(row.draft_cipher is not None for row in self.world.rows(couples_schema.answers))


@pytest.fixture
def opened(serve: Callable[..., Site]) -> Callable[..., Opened]:
    def one(locale: str = "en", **given: Any) -> Opened:
        return Opened(serve(*STEPS, activities=POOL), locale, **given)

    return one


def tried(page: "Page", name: str) -> None:
    """A page is usable by everybody, at any width, and has its picture taken."""
    shoot(page, name)
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert flaws(page) == [], name
    assert overflows(page) == [], name
    shoot(page, f"{name}-open")


def give(page: "Page", text: str, choice: str) -> None:
    page.fill("#answer", text)
    page.check(f"input[name=share][value={choice}]")
    press(page, "main form button >> nth=0")


def test_what_is_typed_is_there_after_a_reload_and_gone_once_it_is_deleted(
    opened: Callable[..., Opened], page: "Page", expect: Any
) -> None:
    it = opened()
    page.goto(it.path("Ana", "a"))
    page.locator("#answer").press_sequentially("The quiet, and")
    expect(page.locator("#answer-saved")).to_have_text("Saved.")
    page.reload()
    assert page.input_value("#answer") == "The quiet, and"
    page.locator("#answer").press_sequentially(" more")  # and away at once, by another form
    page.click("summary >> text=Delete")
    press(page, "button.danger")
    expect(page.locator(".notice.good")).to_contain_text("Deleted")
    assert page.input_value("#answer") == ""
    page.reload()
    assert page.input_value("#answer") == ""
    assert it.drafts() == 0


def test_an_answer_that_is_given_while_a_draft_is_on_its_way_is_what_is_found(
    opened: Callable[..., Opened], page: "Page", expect: Any
) -> None:
    it = opened()
    page.goto(it.path("Ana", "a"))
    page.locator("#answer").press_sequentially("Half")
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    give(page, ANSWER, "private")
    expect(page.locator(".notice.good")).to_contain_text("for you alone")
    page.reload()
    assert page.input_value("#answer") == ANSWER
    assert it.drafts() == 0


def test_both_see_both_with_the_lines_they_made(opened: Callable[..., Opened], open_page: Opener, expect: Any) -> None:
    it = opened()
    ana, ben = open_page(), open_page(viewport={"width": 375, "height": 800})
    ana.goto(it.path("Ana", "a"))
    give(ana, ANSWER, "share")
    expect(ana.locator(".notice.good")).to_be_visible()
    ben.goto(it.path("Ben", "a"))
    give(ben, "<b>Evenings</b>", "share")
    expect(ben.locator("h1")).to_have_text("You have both answered")
    for page in (ana, ben):
        page.reload()
        expect(page.locator("h1")).to_have_text("You have both answered")
        assert sorted(page.locator("blockquote").all_inner_texts()) == sorted([ANSWER, "<b>Evenings</b>"])
    mine, other = (box["y"] for box in (each.bounding_box() for each in ana.locator("blockquote").all()) if box)
    assert mine == other  # side by side where there is room
    above, below = (box["y"] for box in (each.bounding_box() for each in ben.locator("blockquote").all()) if box)
    assert above < below


def test_a_week_is_rated_by_keyboard_alone(opened: Callable[..., Opened], page: "Page", expect: Any) -> None:
    page.goto(opened().path("Ana", "pulse", "close"))
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "n":
            break
    page.keyboard.press("Space")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.value") == "4"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".notice.good")).to_have_text("Kept.")
    expect(page.locator("svg.chart")).to_be_visible()
    assert page.is_checked("input[name=n][value='4']")


def test_a_button_in_an_email_chooses_and_one_press_rates(
    opened: Callable[..., Opened], page: "Page", expect: Any
) -> None:
    it = opened()
    page.goto(it.path("Ana", "pulse", "close") + "?n=2")
    assert page.is_checked("input[name=n][value='2']")
    assert it.world.rows(couples_schema.pulses) == []
    page.click("main form button >> nth=0")
    expect(page.locator(".notice.good")).to_be_visible()
    assert [row.value for row in it.world.rows(couples_schema.pulses)] == [2]


def test_what_became_of_it_is_said_and_nothing_is_done_twice_by_a_reload(
    opened: Callable[..., Opened], page: "Page", expect: Any
) -> None:
    it = opened()
    page.goto(it.path("Ana", "n", "date"))
    page.click("text=Not for us")
    expect(page.locator(".notice")).to_contain_text("Never again")
    assert it.world.rows(couples_schema.feedback) == []
    page.click("text=No, leave it in")
    page.click("text=Too much today")
    expect(page.locator(".hard")).to_be_visible()
    page.click("text=We did it")
    expect(page.locator("p.done")).to_have_count(2)
    page.reload()
    assert {row.verdict for row in it.world.rows(couples_schema.feedback)} == {"smaller", "did"}


def test_an_evening_is_downloaded_for_a_calendar(opened: Callable[..., Opened], page: "Page") -> None:
    page.goto(opened().path("Ana", "n", "date"))
    assert page.input_value("#day") == "2026-03-24"
    page.fill("#time", "20:15")
    with page.expect_download() as waited:
        page.click("text=Get the calendar file")
    content = waited.value.path().read_bytes()
    assert b"DTSTART:20260324T201500Z" in content


@pytest.mark.parametrize("locale", LOCALES)
def test_every_page_of_a_message_is_free_of_what_axe_finds_and_fits_a_narrow_screen(
    opened: Callable[..., Opened], open_page: Opener, locale: str
) -> None:
    it = opened(locale, agreed=False)
    page = open_page(locale=locale)

    def look(name: str, kind: str, key: str = "talk", who: str = "Ana") -> None:
        page.goto(it.path(who, kind, key))
        tried(page, f"{name}-{locale}")

    look("answer-first", "a")
    press(page, "main form button >> nth=0")
    tried(page, f"answer-wrong-{locale}")
    page.check("#consent")
    give(page, ANSWER, "share")
    tried(page, f"answer-kept-{locale}")
    look("answer-alone", "a", "alone")
    look("activity-question", "n")
    look("activity", "n", "date")
    press(page, "form[action$='/smaller'] button")
    tried(page, f"activity-smaller-{locale}")
    press(page, "form[action$='/never'] button")
    tried(page, f"activity-sure-{locale}")
    press(page, "form[action$='/later'] button")
    tried(page, f"activity-later-{locale}")
    look("note", "n", "end")
    page.goto(it.path("Ana", "n", "date") + "/event.ics?day=&time=")
    tried(page, f"activity-wrong-{locale}")
    look("pulse-first", "pulse", "close")
    press(page, "main form button >> nth=0")
    tried(page, f"pulse-wrong-{locale}")
    for name in ("Ana", "Ben"):
        it.world.alter(name, share_pulse=True, answers_consent=True)
        for key, value in (("close", 2), ("close-too", 5 if name == "Ana" else 3)):
            page.goto(it.path(name, "pulse", key) + f"?n={value}")
            press(page, "main form button >> nth=0")
    tried(page, f"pulse-together-{locale}")
    press(page, "form[action$='/together'] button")
    tried(page, f"pulse-alone-{locale}")
    page.goto(it.path("Ben", "a"))
    give(page, "Las tardes, cuando los platos están hechos. " * 12, "share")
    tried(page, f"revealed-{locale}")
    page.goto(it.path("Ana", "a", "alone"))
    page.fill("#answer", DANGER)
    press(page, "main form button >> nth=0")
    tried(page, f"help-{locale}")
    old = it.path("Ana", "a")
    it.world.clock.move_to(it.world.clock.now().replace(month=7))
    page.goto(old)
    tried(page, f"old-{locale}")
    press(page, "main form button")
    tried(page, f"fresh-{locale}")
    look("away", "a")
