"""What the tests of faults share: a rig. Each has a server and processes of its own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from faults.place import Size
from faults.rig import Rig, rig


@pytest.fixture
def make() -> Iterator[Callable[[Size], Rig]]:
    """Makes a rig of a size; it is gone after the test, with all its processes."""
    with ExitStack() as open_now:
        yield lambda size: open_now.enter_context(rig(size))
