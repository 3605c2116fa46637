"""A browser for the whole run; a site and pages for each test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import browser as chromium
import pytest
from browser import Opener
from served import Site, served

from engine.model.campaign import Step

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Rig = tuple["Browser", Callable[..., Any]]


@pytest.fixture(scope="session")
def rig() -> Iterator[Rig]:
    with chromium.browser() as started:
        yield started


@pytest.fixture
def open_page(rig: Rig) -> Iterator[Opener]:
    """Opens pages: `open_page(locale="es", viewport=…)`. What they complained of fails the test when it ends."""
    opener = Opener(rig[0])
    yield opener
    opener.close()


@pytest.fixture
def page(open_page: Opener) -> "Page":
    """One page."""
    return open_page()


@pytest.fixture
def expect(rig: Rig) -> Callable[..., Any]:
    """Playwright's assertions, which wait."""
    return rig[1]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Serves a world made with these steps and options (see tests/world.py) until the test ends."""
    with ExitStack() as stack:

        def one(*steps: Step, **given: Any) -> Site:
            return stack.enter_context(served(tmp_path / "site.sqlite3", *steps, **given))

        yield one


@pytest.fixture
def site(serve: Callable[..., Site]) -> Site:
    """A site with nobody in it yet."""
    return serve()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say it loudly: a line of dots with an `s` in it is overlooked."""
    skipped = [each for each in terminalreporter.stats.get("skipped", ()) if chromium.MISSING in str(each.longrepr)]
    if skipped:
        terminalreporter.write_line(f"{len(skipped)} tests were skipped. {chromium.MISSING}", red=True, bold=True)
