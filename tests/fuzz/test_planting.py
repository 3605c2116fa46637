"""Bugs are planted by edits of the engine's source that fit it; each is caught by the checker on its own seed."""

import pytest

from fuzz.planted import BUGS, Bug
from fuzz.planting import Unfit, edited, edits_by_file, plant


@pytest.mark.parametrize("bug", BUGS, ids=[bug.name for bug in BUGS])
def test_a_bug_fits_the_engine(bug: Bug) -> None:
    """Each edit's piece is in its file once, so that what is planted is what the bug says, and still is Python."""
    for file, edits in edits_by_file(bug).items():
        source = file.read_text(encoding="utf-8")
        planted = edited(source, edits)
        assert planted != source
        compile(planted, str(file), "exec")


def test_an_edit_that_does_not_fit_is_refused() -> None:
    """A piece that is not there, or is there twice, plants nothing."""
    with pytest.raises(Unfit):
        edited("a = 1\n", [("x.py", "b = 1", "b = 2")])
    with pytest.raises(Unfit):
        edited("a = 1\na = 1\n", [("x.py", "a = 1", "a = 2")])


def test_every_bug_has_a_name_of_its_own() -> None:
    """At least twenty-five bugs are known, each by its own name."""
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= 25


def test_nothing_is_planted_into_an_engine_that_is_loaded() -> None:
    """A process that has imported the engine cannot get a bug any more: it would be half in."""
    import engine.clock  # noqa: F401

    with pytest.raises(RuntimeError):
        plant(BUGS[0])
