"""The checker can fail: every bug that is planted in the engine is caught in a small life."""

import json
import os
import subprocess
import sys
from pathlib import Path

from fuzz.planted import BUGS

HOME = Path(__file__).parents[2]
SEEDS = 3
"""Besides each bug's own seed, in case the scripts have changed since that was noted."""


def test_every_planted_bug_is_caught() -> None:
    """Each bug, hunted on its own seed first, breaks a rule; none survives."""
    done = subprocess.run(
        [sys.executable, "-m", "fuzz.mutants", str(SEEDS)],
        capture_output=True,
        text=True,
        cwd=HOME,
        env={**os.environ, "PYTHONPATH": str(HOME)},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    caught = {each["bug"]: each["rule"] for each in map(json.loads, done.stdout.splitlines())}
    assert set(caught) == {bug.name for bug in BUGS}
    assert [name for name, rule in caught.items() if not rule] == []
