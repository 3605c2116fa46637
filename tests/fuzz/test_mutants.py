"""The checker can fail: bugs that are planted in the engine are caught in their scenes."""

import json
import os
import subprocess
import sys
from pathlib import Path

from fuzz.planted import BUGS

HOME = Path(__file__).parents[2]
SOME = [bug.name for bug in BUGS[::5]]
"""Of every kind; `make fuzz` plants all of them."""


def test_planted_bugs_are_caught() -> None:
    """Each breaks a rule in the scene that was written for it; none survives, and none kills the engine."""
    done = subprocess.run(
        [sys.executable, "-m", "fuzz.mutants", *SOME],
        capture_output=True,
        text=True,
        cwd=HOME,
        env={**os.environ, "PYTHONPATH": str(HOME)},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    caught = {each["bug"]: each["rule"] for each in map(json.loads, done.stdout.splitlines())}
    assert set(caught) == set(SOME)
    assert [name for name, rule in caught.items() if rule in ("", "fell")] == []
