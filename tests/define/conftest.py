"""A small library and campaign on disk, to be changed one line at a time."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.define.library import Library, load_library

STRATEGY = """\
strategy: warmth
title: Small warmth
idea: Small and often.
source: Made up for tests.
activities:
  - id: warmth-hello
    kind: conversation
    title: A good hello
    minutes: 5
    depth: 1
    mode: talk
    causes: [limited-affection]
    avoid: []
    question: "What makes a good hello?"
    sms: "What makes a good hello?"
    email: |
      Say it to {{ other_name }}.
  - id: warmth-note
    kind: exercise
    title: A short note
    minutes: 10
    depth: 2
    mode: write
    causes: [lack-of-appreciation]
    sms: "Write a short note."
    email: |
      Write it down.
  - id: warmth-hands
    kind: exercise
    title: Warm hands
    minutes: 10
    depth: 2
    mode: touch
    causes: [limited-affection]
    avoid: [touch, recent-breach]
    sms: "Hold hands."
    email: |
      Hold hands.
"""

CAMPAIGN = """\
campaign: trial
title: A trial
weeks: 2
themes:
  1-2: warmth
steps:
  - step: talk
    days: [tuesday]
    template: prompt
    draw: {kind: conversation}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A campaigns folder with one strategy."""
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "warmth.yaml").write_text(STRATEGY)
    return tmp_path


@pytest.fixture
def library(folder: Path) -> Library:
    return load_library([folder])


@pytest.fixture
def write(folder: Path) -> Callable[..., Path]:
    """Write the trial campaign with some of its text replaced; returns its path."""

    def written(*changes: tuple[str, str], name: str = "trial.yaml", base: str = CAMPAIGN) -> Path:
        text = base
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        (folder / name).write_text(text)
        return folder / name

    return written
