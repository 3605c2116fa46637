"""Fixtures of the tests of faults: rigs that are gone afterwards."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from faults.place import Size
from faults.rig import Made, rig


@pytest.fixture
def set_up() -> Iterator[Made]:
    """Makes a rig of a `Size` with these fields."""
    with ExitStack() as open_now:
        yield lambda **size: open_now.enter_context(rig(Size(**size)))
