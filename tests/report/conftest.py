"""A browser for the pages that reports are."""

from collections.abc import Iterator

import pytest
from browser import Opener, browser


@pytest.fixture(scope="module")
def open_page() -> Iterator[Opener]:
    """Opens pages; what they complained of fails when the module's tests end."""
    with browser() as (started, _):
        opener = Opener(started)
        yield opener
        opener.close()
