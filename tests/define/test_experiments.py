"""What a campaign's file may say of experiments, and what it may not, in words that mend it."""

from pathlib import Path

import pytest

from engine.define.digest import freeze, identified, thaw
from engine.define.load import load_campaign, load_library, read_campaign
from engine.model.campaign import Campaign
from engine.model.experiment import CoupleFact, Experiment, Per, Proximal, Randomize
from engine.shipped import shipped

FILE = """\
campaign: trial
title: Trial
weeks: 2
themes: {1-2: affection}
experiment: {couples: 120, strata: [size, channels], outcomes: [pulse, opt-out], matters: {pulse: 0.5}}
steps:
  - step: talk
    days: [tuesday]
    template: prompt
    draw: {kind: conversation}
    variants: [{variant: plain}, {variant: brief, template: exercise}]
  - step: try
    days: [friday]
    template: exercise
    draw: {kind: exercise}
    randomize: {send: 0.6}
  - step: toss
    days: [saturday]
    template: exercise
    draw: {kind: exercise}
    variants: [{variant: plain}, {variant: brief, template: prompt}]
    randomize: {per: occurrence}
"""


def written(folder: Path, old: str = "", new: str = "") -> Path:
    file = folder / "trial.yaml"
    assert old in FILE
    file.write_text(FILE.replace(old, new, 1) if old else FILE, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def library() -> object:
    return load_library([shipped("campaigns")])


def test_experiments_are_read_as_they_are_written(tmp_path: Path, library: object) -> None:
    found = load_campaign(written(tmp_path), library)  # type: ignore[arg-type]
    assert found.experiment == Experiment(
        120, (CoupleFact.SIZE, CoupleFact.CHANNELS), (Proximal.PULSE, Proximal.OPT_OUT), {Proximal.PULSE: 0.5}
    )
    assert [step.randomize for step in found.steps] == [None, Randomize(0.6), Randomize(None, Per.OCCURRENCE)]
    assert [bool(step.kept_arms) for step in found.steps] == [True, False, False]
    assert found.experiment.worth(Proximal.PULSE) == 0.5
    assert found.experiment.worth(Proximal.OPT_OUT) == 0.01
    assert thaw(freeze(found)) == found


def test_what_is_randomised_is_part_of_a_definitions_identity(tmp_path: Path, library: object) -> None:
    def digest(old: str = "", new: str = "") -> str:
        return load_campaign(written(tmp_path, old, new), library).digest  # type: ignore[arg-type]

    assert len({digest(), digest("send: 0.6", "send: 0.7"), digest("couples: 120", "couples: 130")}) == 3


def test_a_campaign_without_experiments_keeps_the_digest_it_had(library: object) -> None:
    """Nothing of them is in its canonical text."""
    made: Campaign = load_campaign(shipped("campaigns") / "eight-weeks.yaml", library)  # type: ignore[arg-type]
    assert '"randomize"' not in freeze(made)
    assert '"experiment"' not in freeze(made)
    assert identified(made).digest == made.digest


WRONG = [
    # old, new, line, what, fix
    ("send: 0.6", "send: 1", 16, "1 leaves nothing to chance", "above 0 and below 1"),
    ("send: 0.6", "send: 0", 16, "0 leaves nothing to chance", "above 0 and below 1"),
    ("send: 0.6", "send: often", 16, "often is not a number", "such as 0.5"),
    ("send: 0.6", "sent: 0.6", 16, "unknown key sent", "send?"),
    ("{send: 0.6}", "{per: couple}", 16, "step try leaves nothing to chance", "send: 0.5"),
    ("{send: 0.6}", "{per: occurrence}", 16, "step try has no variants to give", "add variants"),
    ("per: occurrence", "per: occurence", 22, "per cannot be occurence", "occurrence?"),
    ("[size, channels]", "[size, size]", 5, "strata names one twice", "once"),
    ("[size, channels]", "[siz]", 5, "cannot be siz", "size?"),
    ("[pulse, opt-out]", "[pulse, pulse]", 5, "outcomes names one twice", "once"),
    ("[pulse, opt-out]", "[]", 5, "outcomes is empty", "fill it in"),
    ("pulse: 0.5", "puls: 0.5", 5, "cannot be puls", "pulse?"),
    ("pulse: 0.5", "pulse: 0", 5, "0 is no difference", "smallest one"),
    ("couples: 120", "couples: 5", 5, "couples is 5", "at least 10"),
]


@pytest.mark.parametrize(("old", "new", "line", "what", "fix"), WRONG)
def test_what_is_wrong_is_said_at_its_line_with_its_mend(
    tmp_path: Path, library: object, old: str, new: str, line: int, what: str, fix: str
) -> None:
    reading = read_campaign(written(tmp_path, old, new), library)  # type: ignore[arg-type]
    said = [(finding.line, finding.what, finding.fix) for finding in reading.findings]
    assert any(found[0] == line and what in found[1] and fix in found[2] for found in said), said
