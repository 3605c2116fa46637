"""Lives that once went wrong do not any more."""

from pathlib import Path

import pytest

from fuzz.generate import generate
from fuzz.replay import judged

KEPT = Path(__file__).parents[2] / "fuzz" / "seeds.txt"
SEEDS = [
    int(line.partition(":")[0])
    for line in KEPT.read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_that_once_failed(seed: int) -> None:
    """What was mended stays mended."""
    assert judged(generate(seed)) == []
