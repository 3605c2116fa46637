"""Two people come in, look after their parts and go, in a real browser, by the links in their messages alone."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from browser import Opener, flaws, overflows, press, shoot
from joining import sent, who
from served import Site

from engine.store import schema

if TYPE_CHECKING:
    from playwright.sync_api import Page

LOCALES = ["en", "es"]
ODD = "Zoë <script>alert(1)</script>"


def fill(page: "Page", name: str, email: str, *boxes: str) -> None:
    page.fill("#given_name", name)
    page.fill("#email", email)
    for box in ("agree_email", *boxes):
        page.check(f"#{box}")


def newest(site: Site, to: str, page: str) -> str:
    """The link to a page in the newest message to an address."""
    words = [words for address, words in sent(site.world) if address == to][-1]
    found = re.search(rf"{site.url}/{page}/[\w-]+", words)
    assert found is not None
    return found[0]


def sign_up(site: Site, page: "Page", name: str = "Ana", email: str = "ana@example.com", lang: str = "en") -> None:
    """Up to the page that one is welcomed on."""
    page.goto(f"{site.url}/join/eight-weeks?lang={lang}")
    fill(page, name, email)
    page.select_option("#timezone", "Europe/Madrid")
    press(page, "main form button")
    page.goto(newest(site, email, "c"))
    press(page, "main form button")


def tried(page: "Page", name: str) -> None:
    """A page is usable by everybody, at any width, and has its picture taken."""
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert flaws(page) == [], name
    assert overflows(page) == [], name
    shoot(page, name)


@pytest.mark.parametrize("lang", LOCALES)
def test_every_page_of_coming_in_and_going_is_free_of_what_axe_finds_and_fits_a_narrow_screen(
    site: Site, open_page: Opener, lang: str
) -> None:
    page = open_page(locale=lang, timezone_id="Europe/Madrid")
    page.goto(f"{site.url}/join")
    tried(page, f"join-{lang}")
    press(page, ".cards a")
    tried(page, f"sign-up-{lang}")
    press(page, "main form button")
    tried(page, f"sign-up-wrong-{lang}")
    page.check("input[name=channel][value=sms]")
    tried(page, f"sign-up-sms-{lang}")
    page.goto(f"{site.url}/join/eight-weeks?lang={lang}")
    fill(page, "Ana", "ana@example.com")
    press(page, "main form button")
    tried(page, f"sent-{lang}")
    page.goto(newest(site, "ana@example.com", "d"))
    tried(page, f"decline-{lang}")
    page.goto(newest(site, "ana@example.com", "c"))
    tried(page, f"confirm-{lang}")
    press(page, "main form button")
    tried(page, f"confirmed-{lang}")
    invitation = page.input_value("#share")
    press(page, "main a.button")
    tried(page, f"preferences-{lang}")
    own = page.url
    press(page, 'form[action$="/address"] button')
    tried(page, f"preferences-wrong-{lang}")
    page.goto(f"{own}/data")
    tried(page, f"data-{lang}")
    page.goto(f"{invitation}?lang={lang}")
    tried(page, f"invitation-{lang}")
    press(page, 'form[action*="/decline"] button')
    tried(page, f"declined-{lang}")
    page.goto(own)
    press(page, 'button[value="loss"]')
    tried(page, f"ended-loss-{lang}")
    page.goto(own)
    tried(page, f"ended-{lang}")
    page.check("#sure")
    press(page, 'form[action$="/erase"] button')
    tried(page, f"erased-{lang}")


def test_two_people_come_in_change_their_minds_and_go(
    site: Site, open_page: Opener, expect: Callable[..., Any]
) -> None:
    """Each in a browser of their own, with a name that would be markup elsewhere."""
    world = site.world
    hers = open_page(timezone_id="America/New_York")
    hers.goto(f"{site.url}/join/eight-weeks")
    assert hers.input_value("#timezone") == "America/New_York"
    expect(hers.locator("#timezone-now")).to_contain_text("It is now")
    expect(hers.locator("#phone")).to_be_hidden()
    hers.check("input[name=channel][value=sms]")
    expect(hers.locator("#email")).to_be_hidden()
    expect(hers.locator("#agree_email")).to_be_hidden()
    hers.check("input[name=channel][value=email]")
    fill(hers, ODD, "ana@example.com", "agree_answers")
    hers.click("main form button")
    expect(hers.locator(".problems")).to_be_focused()
    assert hers.input_value("#given_name") == ODD
    assert hers.input_value("#email") == "ana@example.com"
    assert hers.is_checked("#agree_answers")
    hers.fill("#given_name", "Zoë")
    hers.click("main form button")
    hers.goto(newest(site, "ana@example.com", "c"))
    hers.click("main form button")
    expect(hers.locator("h1")).to_have_text("Welcome, Zoë")
    invitation = hers.input_value("#share")
    hers.click(".share button")
    expect(hers.locator("#share-told")).to_have_text("Copied.")

    his = open_page(timezone_id="Asia/Calcutta", locale="es")
    his.goto(invitation)
    assert his.input_value("#timezone") == "Asia/Kolkata"
    expect(his.locator("h1")).to_have_text("Zoë te invita")
    fill(his, "Ben", "ben@example.com")
    his.click("main form:has(#given_name) button")
    his.goto(newest(site, "ben@example.com", "c"))
    his.click("main form button")
    expect(his.locator("h1")).to_have_text("Te damos la bienvenida, Ben")
    assert [row.position for row in world.rows(schema.partners)] == [1, 2]

    hers.click("main a.button")
    expect(hers.locator("main")).to_contain_text("You take part together")
    hers.click("summary:has-text('Pause')")
    hers.check("input[name=pause][value=date]")
    hers.fill("#until", "2026-03-20")
    hers.click('form[action$="/pause"] button')
    expect(hers.locator(".notice.good")).to_have_text("Saved.")
    expect(hers.locator("main")).to_contain_text("You are paused until Friday, March 20")
    hers.click("summary:has-text('Pause')")
    hers.click("button[value=resume]")
    expect(hers.locator("main")).not_to_contain_text("You are paused")
    hers.click("summary:has-text('Channel, days and hours')")
    hers.fill("#send_at", "12:30")
    hers.check("input[name=days][value='1']")
    hers.click('form[action$="/messages"] button')
    expect(hers.locator(".ahead")).to_contain_text("Tuesday, March 10, 12:30")
    with hers.expect_download() as download:
        hers.goto(re.sub(r"\?.*", "/data", hers.url))
        hers.click("main form button")
    assert download.value.suggested_filename == "my-data.json"

    hers.goto(re.sub(r"/data.*", "", hers.url))
    hers.click('form[action$="/leave"] button')
    expect(hers.locator("h1")).to_have_text("You have left")
    assert who(world, "Zoë").left_at is not None
    his.click("main a.button")
    expect(his.locator("h1")).to_have_text("Hola, Ben")
    expect(his.locator("main")).to_contain_text("Participan los dos")
    his.click("button[value=separation]")
    expect(his.locator("h1")).to_have_text("Ha terminado para los dos")
    world.live("2026-06-01T00:00")
    assert [to for to, _ in sent(world)] == ["ana@example.com", "ben@example.com"]


def test_everything_works_without_scripts(site: Site, open_page: Opener) -> None:
    page = open_page(java_script_enabled=False)
    sign_up(site, page)
    assert "Welcome, Ana" in page.inner_text("h1")
    press(page, "main a.button")
    page.click("summary:has-text('Your address')")
    page.check("input[name=new_channel][value=sms]")
    page.fill("form[action$='/address'] #phone", "+1 202 555 0143")
    page.check("#agree_new_sms")
    press(page, 'form[action$="/address"] button')
    assert "a message is on its way" in page.inner_text(".notice.good")


def test_a_stale_page_says_so_and_shows_what_is_so(site: Site, open_page: Opener, expect: Callable[..., Any]) -> None:
    page = open_page()
    sign_up(site, page)
    press(page, "main a.button")
    other = page.context.new_page()
    other.goto(page.url)
    other.click("summary:has-text('Pause')")
    other.check("input[name=pause][value=week]")
    press(other, 'form[action$="/pause"] button')
    page.click("summary:has-text('Name, place and language')")
    page.fill("#given_name", "Other")
    press(page, 'form[action$="/about"] button')
    expect(page.locator(".notice.warn")).to_contain_text("nothing was done")
    expect(page.locator("h1")).to_have_text("Hello Ana")
    expect(page.locator("main")).to_contain_text("You are paused until")
