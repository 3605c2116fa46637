"""A workspace without a fault, on disk, in which a test plants one."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from engine.check.check import check
from engine.define.findings import Finding
from engine.model.sender import Sender
from engine.shipped import shipped

SENDER = Sender("Rekindle", "hello@rekindle.example", "Rekindle, 1 Example Street, Exampletown", "Rekindle")
WORDS = "Say one warm thing about the day, and let the other finish the thought before you answer. "

STRATEGY = """\
strategy: warmth
title: Small warmth
idea: Small and often.
source: Made up for tests.
activities:
"""
ACTIVITY = """\
  - id: warmth-{kind}-{number}
    kind: {kind}
    title: Number {number}
    minutes: 5
    depth: {depth}
    mode: talk
    causes: [limited-affection]
    avoid: []
    question: "What made today lighter?"
    sms: "Tell {{{{ other_name }}}} what made today lighter. What was it?"
    email: |
      {words}

      1. Take turns.
      2. Swap.

      **On a hard day:** one word is plenty.
"""

CAMPAIGN = """\
campaign: trial
title: A trial
weeks: 3
themes:
  1-3: warmth
steps:
  - step: talk
    days: [tuesday]
    at: "19:00"
    template: prompt
    draw: {kind: conversation}
  - step: try
    days: [friday]
    template: exercise
    draw: {kind: exercise}
"""

Workspace = Callable[..., list[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A campaigns folder: three conversations, three exercises, and a campaign of three weeks that draws them."""
    (tmp_path / "strategies").mkdir()
    activities = [
        ACTIVITY.format(kind=kind, number=number, depth=number, words=WORDS * 4)
        for kind in ("conversation", "exercise")
        for number in (1, 2, 3)
    ]
    (tmp_path / "strategies" / "warmth.yaml").write_text(STRATEGY + "".join(activities))
    (tmp_path / "trial.yaml").write_text(CAMPAIGN)
    return tmp_path


@pytest.fixture
def lint(folder: Path) -> Callable[..., list[Finding]]:
    """Check the folder, with template folders of the test's own before the shipped one."""

    def run(paths: Sequence[Path] = (), templates: Sequence[Path] = ()) -> list[Finding]:
        return check(
            list(paths) or [folder], campaigns=[folder], templates=[*templates, shipped("templates")], sender=SENDER
        )

    return run


@pytest.fixture
def plant(folder: Path) -> Callable[[str, str, str], None]:
    """Replace the first `old` by `new` in a file of the folder."""

    def change(file: str, old: str, new: str) -> None:
        path = folder / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return change
