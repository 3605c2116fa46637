"""`rekindle check` of experiments: what compares nothing, or would break what other steps count on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.define.findings import Finding

Lint = Callable[..., list[Finding]]
Plant = Callable[[str, str, str], None]

KIND = "draw: {kind: conversation}"
PULSE = "  - step: try\n"
AS_PULSE = """\
  - step: pulse
    days: [sunday]
    template: pulse
    randomize: {send: 0.5}
  - step: try
"""
WAITS = "draw: {kind: exercise}"

TRAPS = [
    # old, new, line, what, fix
    (
        KIND,
        f"variants: [{{variant: a}}, {{variant: b}}]\n    {KIND}",
        11,
        "a and b of step talk send the same",
        "another",
    ),
    (PULSE, AS_PULSE, 15, "step pulse is a pulse that chance may withhold", "take send out"),
    ("weeks: 3\n", "weeks: 3\nexperiment: {couples: 50}\n", 4, "chance decides nothing", "variants or randomize"),
]


@pytest.mark.parametrize(("old", "new", "line", "what", "fix"), TRAPS)
def test_a_trap_is_found_at_its_line_with_its_mend(
    lint: Lint, plant: Plant, folder: Path, old: str, new: str, line: int, what: str, fix: str
) -> None:
    plant("trial.yaml", old, new)
    said = [(finding.line, finding.what, finding.fix) for finding in lint()]
    assert any(each[0] == line and what in each[1] and fix in each[2] for each in said), said


def test_nothing_waits_for_answers_to_what_chance_may_withhold(lint: Lint, plant: Plant) -> None:
    plant("trial.yaml", KIND, f"randomize: {{send: 0.5}}\n    {KIND}")
    assert lint() == []
    plant("trial.yaml", WAITS, f"{WAITS}\n    wait: {{answers: talk, at_most: 3d}}")
    (finding,) = lint()
    assert "step try waits for answers to talk, which chance may withhold" in finding.what


def test_strata_need_a_variant_that_couples_keep(lint: Lint, plant: Plant) -> None:
    plant("trial.yaml", KIND, f"randomize: {{send: 0.5}}\n    {KIND}")
    plant("trial.yaml", "weeks: 3\n", "weeks: 3\nexperiment: {strata: [size]}\n")
    (finding,) = lint()
    assert "no couple keeps one" in finding.what


def test_who_looks_at_pulses_alone_must_ask_for_them(lint: Lint, plant: Plant) -> None:
    plant("trial.yaml", KIND, f"randomize: {{send: 0.5}}\n    {KIND}")
    plant("trial.yaml", "weeks: 3\n", "weeks: 3\nexperiment: {outcomes: [pulse]}\n")
    (finding,) = lint()
    assert "no step asks for one" in finding.what
