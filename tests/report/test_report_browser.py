"""The report in a real browser: readable at any width, in light and dark, by everybody, and quiet on the network."""

from datetime import timedelta

import pytest
from browser import BUT_COLOURS, WIDTHS, Opener, flaws, looks, overflows, shoot, violations
from told import BEGAN, Told

from engine.report.report_page import page as pages


@pytest.fixture(scope="module")
def html() -> str:
    """Forty couples, four weeks, plots of every kind."""
    told = Told(40)
    for week in (1, 2, 3, 4):
        for couple in told.couples:
            for partner in (2 * couple - 1, 2 * couple):
                back = partner % 8 == week
                heard = ("bounced",) if back else ("delivered", "opened")
                made = told.message(
                    partner,
                    week=week,
                    channel="sms" if couple % 2 else "email",
                    activity="a0" if (couple + week) % 2 else "a5",
                    heard=heard,
                    code="5.1.1" if back else "",
                )
                told.say(made, partner, "did" if partner % 4 else "not_for_us", "a0")
                told.message(partner, "pulse", week)
                told.rate(partner, week, 1 + (partner + week) % 5)
                if partner % 3:
                    told.answer(partner, week)
    told.to_both(told.couples, step="hello", status="skipped", reason="paused")
    for couple in range(1, 13):
        told.leave(2 * couple, BEGAN + timedelta(days=8 + 7 * (couple % 3), hours=5))
    return "".join(pages(told.report()))


def test_nothing_is_wrong_with_it_for_who_sees_or_hears_it(html: str, open_page: Opener) -> None:
    page = open_page()
    page.set_content(html)
    for look in looks(page):  # the same colours as when all is open
        assert violations(page, rules=BUT_COLOURS) == [], look
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert flaws(page, WIDTHS) == []
    assert overflows(page) == []


def test_words_in_plots_are_large_enough_on_a_phone(html: str, open_page: Opener) -> None:
    page = open_page(viewport={"width": 375, "height": 800})
    page.set_content(html)
    heights = page.evaluate(
        "[...document.querySelectorAll('.plot text')].map((each) => each.getBoundingClientRect().height)"
    )
    assert len(heights) > 40
    assert min(heights) > 9
    shoot(page, "report")


def test_plots_are_light_on_dark_and_dark_on_light(html: str, open_page: Opener) -> None:
    page = open_page()
    page.set_content(html)
    inks = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        inks.append(page.evaluate("getComputedStyle(document.querySelector('.plot text')).fill"))
    assert inks == ["rgb(106, 92, 76)", "rgb(184, 172, 154)"]


def test_on_paper_every_table_is_open_and_colours_are_the_light_ones(html: str, open_page: Opener) -> None:
    page = open_page(color_scheme="dark")
    page.set_content(html)
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.querySelector('.plot text')).fill") == "rgb(106, 92, 76)"
    heights = page.evaluate(
        "[...document.querySelectorAll('table')].map((each) => each.getBoundingClientRect().height)"
    )
    assert min(heights) > 20
