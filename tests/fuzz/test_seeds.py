"""Lives that once went wrong do not any more."""

import pytest

from fuzz.generate import generate
from fuzz.replay import judged, kept


@pytest.mark.parametrize("seed", kept("engine"))
def test_a_seed_that_once_failed(seed: int) -> None:
    """What was mended stays mended."""
    assert judged(generate(seed)) == []


def test_of_every_kept_seed_it_is_known_who_was_wrong() -> None:
    """Either the engine, once or again, or the model; each is kept once."""
    assert sorted(kept("engine") + kept("engine-again") + kept("model")) == sorted(set(kept()))
