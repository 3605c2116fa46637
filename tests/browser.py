"""A real Chromium for tests of pages: what it may reach, what it complains of, what axe finds, what it looks like.

Our pages' policy holds for tests too: `page.wait_for_function` would evaluate text in the page, and is refused. Wait
with `expect(page.locator(…))`, or ask once with `page.evaluate`.

REKINDLE_SHOTS=1 pytest tests/web     also writes PNGs into tests/.shots
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aside import Aside

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")  # the first has the least to do
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
SHOTS = Path(__file__).parent / ".shots"
WIDTHS = (375, 1280)
PATIENCE = 30_000  # milliseconds: a machine may have much else to do
MISSING = "There is no Chromium: no page was tried in a browser. Run tests/setup_services.sh, or install one."

_OF_COLOURS = ("color-contrast", "link-in-text-block")
_COLOURS = {"runOnly": {"type": "rule", "values": _OF_COLOURS}}
BUT_COLOURS = {"rules": {rule: {"enabled": False} for rule in _OF_COLOURS}}
_SHOOTING = bool(os.environ.get("REKINDLE_SHOTS"))  # read here, since tests run without REKINDLE_* variables
_STATUS = re.compile("the server responded with a status of")
_OURS = re.compile(r"(?:http://127\.0\.0\.1|data:|about:|blob:)")


def executable() -> str:
    """A Chromium on this machine; without one the test is skipped, or fails where CI counts on it."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    if os.environ.get("CI") == "true":
        pytest.fail(MISSING, pytrace=False)
    pytest.skip(MISSING)


@dataclass
class Watch:
    """What a browser did besides what it was told to. `left` are the sites that it went to, none of which answered."""

    complaints: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def over(self, context: "BrowserContext") -> None:
        context.on("console", self._said)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.route(lambda url: not _OURS.match(url), self._elsewhere)

    def _said(self, message: Any) -> None:
        if message.type in ("error", "warning") and not _STATUS.search(message.text):
            self.complaints.append(message.text)

    def _elsewhere(self, route: Any) -> None:
        if route.request.is_navigation_request():
            self.left.append(route.request.url)
            route.fulfill(status=200, content_type="text/html", body="<title>Elsewhere</title>")
        else:
            self.loaded.append(route.request.url)
            route.abort()


class Opener:
    """Opens pages, each in a browser as good as new. When the test ends, nothing may have been complained of."""

    def __init__(self, browser: "Browser") -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.watch = Watch()

    def __call__(self, **options: Any) -> "Page":
        """A page; options as of Playwright's new_context: locale, timezone_id, color_scheme, java_script_enabled, …

        It does without motion, so that what is measured does not move.
        """
        context = self._browser.new_context(**{"reduced_motion": "reduce", **options})
        context.set_default_timeout(PATIENCE)
        self.watch.over(context)
        self._contexts.append(context)
        return context.new_page()

    def close(self) -> None:
        for context in self._contexts:
            context.close()
        assert self.watch.complaints == []  # such as what a page's policy forbids
        assert self.watch.loaded == []


@contextmanager
def browser() -> Iterator[tuple["Browser", Callable[[Any], Any]]]:
    """A browser, and Playwright's `expect`."""
    from playwright.sync_api import expect, sync_playwright

    path = executable()
    aside = Aside()
    playwright = aside.run(sync_playwright().start)
    try:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)  # each launch has a fresh profile
        aside.run(expect.set_options, PATIENCE)
        yield started, lambda what, *more: aside.run(expect, what, *more)
        started.close()
    finally:
        playwright.stop()
        aside.end()


def press(page: "Page", pressed: "str | Locator") -> None:
    """Press what leads to another page, and be there: what is looked at next is not the page that was pressed on."""
    with page.expect_navigation():
        (page.locator(pressed) if isinstance(pressed, str) else pressed).first.click()


@cache
def _axe() -> str:
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def violations(page: "Page", *, frames: bool = True, rules: Mapping[str, Any] | None = None) -> list[str]:
    """What axe-core finds wrong with the page as it is now: the rule, and the elements. Good practice counts too.

    `rules` are some of axe's, as its options name them; else all are asked. Frames in which no script runs cannot be
    looked into, and asking them is complained of: leave `frames` out then.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(_axe() + ";undefined")
    options = {"resultTypes": ["violations"], "iframes": frames, **(rules or {})}
    found = page.evaluate(f"axe.run(document, {json.dumps(options)})")
    return [
        f"{each['id']}: {each['help']}: {', '.join(str(node['target']) for node in each['nodes'])}"
        for each in found["violations"]
    ]


def flaws(page: "Page", widths: Sequence[int] = (), *, frames: bool = True) -> list[str]:
    """What axe-core finds wrong in light and in dark, at each width, or at the one that the page has; and where.

    Colours take nearly all of its time. They are looked at in light at the first width and in dark at the last, of
    pages in English, whose colours are those of all languages; the rest at each, in light alone, as dark is other
    colours and nothing more (`web/test_style_sheets.py`).
    """
    found = []
    coloured = (page.get_attribute("html", "lang") or "en").startswith("en")
    page.emulate_media(color_scheme="light")
    for place, width in enumerate(widths or [None]):
        if width is not None:
            page.set_viewport_size({"width": width, "height": 800})
        rules = None if coloured and place == 0 else BUT_COLOURS
        found += [f"{width or ''} light: {each}" for each in violations(page, frames=frames, rules=rules)]
    if coloured:
        page.emulate_media(color_scheme="dark")
        found += [f"{width or ''} dark: {each}" for each in violations(page, frames=frames, rules=_COLOURS)]
        page.emulate_media(color_scheme="light")
    return found


def looks(page: "Page", widths: Sequence[int] = WIDTHS) -> Iterator[str]:
    """Turn the page to each width, in light and in dark, and say which."""
    for width in widths:
        page.set_viewport_size({"width": width, "height": 800})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            yield f"{width}-{scheme}"


def overflows(page: "Page", width: int = 320) -> list[str]:
    """What sticks out at a width, so that the page has to be scrolled sideways (WCAG 2.2, 1.4.10)."""
    before = page.viewport_size
    page.set_viewport_size({"width": width, "height": 800})
    found: list[str] = page.evaluate(
        """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.body.querySelectorAll("*")]
            .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
            .map((each) => each.tagName + "." + each.className)"""
    )
    if before is not None:
        page.set_viewport_size(before)
    return found


def shoot(page: "Page", name: str) -> None:
    """Pictures of the page for people to look at, narrow and wide, light and dark, when REKINDLE_SHOTS is set."""
    if not _SHOOTING:
        return
    SHOTS.mkdir(exist_ok=True)
    before = page.viewport_size
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.evaluate("scrollTo(0, 0)")  # else the way out stands wherever the page was scrolled to
            page.screenshot(path=SHOTS / f"{name}-{width}-{scheme}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    if before is not None:
        page.set_viewport_size(before)
