"""The checker can fail: every bug that is planted in the engine is caught in its scene."""

import json
import os
import subprocess
import sys
from pathlib import Path

from fuzz.planted import BUGS

HOME = Path(__file__).parents[2]


def test_planted_bugs_are_caught() -> None:
    """Each of the bugs breaks a rule in the scene that was written for it; none survives, and none kills the engine."""
    done = subprocess.run(
        [sys.executable, "-m", "fuzz.mutants"],
        capture_output=True,
        text=True,
        cwd=HOME,
        env={**os.environ, "PYTHONPATH": str(HOME)},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    caught = {each["bug"]: each["rule"] for each in map(json.loads, done.stdout.splitlines())}
    assert set(caught) == {bug.name for bug in BUGS}
    assert [name for name, rule in caught.items() if rule in ("", "fell")] == []
