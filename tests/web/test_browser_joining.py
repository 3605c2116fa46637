"""Two people come in, look after their parts and go, in a real browser, by the links in their messages alone."""

import re
from typing import TYPE_CHECKING

import pytest
from browser import Opener, overflows, shoot, violations
from joining import sent
from served import Site

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
    page.click("main form button")
    page.goto(newest(site, email, "c"))
    page.click("main form button")


def tried(page: "Page", name: str) -> None:
    """A page is usable by everybody, at any width, and has its picture taken."""
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert violations(page) == [], name
    page.emulate_media(color_scheme="light")
    assert overflows(page) == [], name
    shoot(page, name)


@pytest.mark.parametrize("lang", LOCALES)
def test_every_page_of_coming_in_and_going_is_free_of_what_axe_finds_and_fits_a_narrow_screen(
    site: Site, open_page: Opener, lang: str
) -> None:
    page = open_page(locale=lang, timezone_id="Europe/Madrid")
    page.goto(f"{site.url}/join")
    tried(page, f"join-{lang}")
    page.click(".cards a")
    tried(page, f"sign-up-{lang}")
    page.click("main form button")
    tried(page, f"sign-up-wrong-{lang}")
    page.check("input[name=channel][value=sms]")
    tried(page, f"sign-up-sms-{lang}")
    page.goto(f"{site.url}/join/eight-weeks?lang={lang}")
    fill(page, "Ana", "ana@example.com")
    page.click("main form button")
    tried(page, f"sent-{lang}")
    page.goto(newest(site, "ana@example.com", "d"))
    tried(page, f"decline-{lang}")
    page.goto(newest(site, "ana@example.com", "c"))
    tried(page, f"confirm-{lang}")
    page.click("main form button")
    tried(page, f"confirmed-{lang}")
    invitation = page.input_value("#share")
    page.click("main a.button")
    tried(page, f"preferences-{lang}")
    own = page.url
    page.click('form[action$="/address"] button')
    tried(page, f"preferences-wrong-{lang}")
    page.goto(f"{own}/data")
    tried(page, f"data-{lang}")
    page.goto(f"{invitation}?lang={lang}")
    tried(page, f"invitation-{lang}")
    page.click('form[action*="/decline"] button')
    tried(page, f"declined-{lang}")
    page.goto(own)
    page.click('button[value="loss"]')
    tried(page, f"ended-loss-{lang}")
    page.goto(own)
    tried(page, f"ended-{lang}")
    page.check("#sure")
    page.click('form[action$="/erase"] button')
    tried(page, f"erased-{lang}")
