"""The checker can fail: bugs that are planted in the engine are caught in small lives.

Here a dozen, of every kind; `python -m fuzz --mutants` hunts them all, over more seeds.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).parents[2]
SEEDS = 4
A_DOZEN = [
    "consent-not-asked",
    "left-ignored",
    "life-event-ignored",
    "late-sent",
    "turns-swapped",
    "channel-ignored",
    "advanced-twice",
    "others-address",
    "wrong-reason",
    "address-in-a-detail",
    "stop-ignored",
    "too-late-too-soon",
]


def test_planted_bugs_are_caught() -> None:
    """Each of a dozen bugs breaks a rule within a few small lives; none survives."""
    done = subprocess.run(
        [sys.executable, "-m", "fuzz.mutants", str(SEEDS), *A_DOZEN],
        capture_output=True,
        text=True,
        cwd=HOME,
        env={**os.environ, "PYTHONPATH": str(HOME)},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    caught = {each["bug"]: each["rule"] for each in map(json.loads, done.stdout.splitlines())}
    assert set(caught) == set(A_DOZEN)
    assert [name for name, rule in caught.items() if not rule] == []
