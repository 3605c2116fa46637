"""A `when:` must hold its own before anyone has told us anything."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.check.conditions import NAMES
from engine.define.findings import Finding

Lint = Callable[..., list[Finding]]
Plant = Callable[[str, str, str], None]
STEP = "    template: exercise\n"


def found(lint: Lint) -> list[Finding]:
    """What is said of the campaign's conditions."""
    return [finding for finding in lint() if finding.what.startswith("when:")]


@pytest.mark.parametrize(
    "when",
    [
        "partner.pulse is not none and partner.pulse < 3",
        "partner.pulse is none or partner.pulse < 3",
        "partner.pulses | length > 1 and partner.pulses[-1] < partner.pulses[-2]",
        "'talk' in partner.answered or 'talk' in couple.revealed",
        "not (partner.did or partner.smaller or partner.not_for_us)",
        "couple.pulse and couple.pulse > 3.5",
    ],
)
def test_a_condition_may_ask_what_was_said(lint: Lint, plant: Plant, when: str) -> None:
    plant("trial.yaml", STEP, f'{STEP}    when: "{when}"\n')
    assert found(lint) == []


@pytest.mark.parametrize(
    "when", ["partner.pulse < 3", "partner.pulses[-1] == 5", "couple.pulse >= 4", "week > 2 and partner.pulse < 3"]
)
def test_a_condition_that_fails_until_something_was_said_is_found(lint: Lint, plant: Plant, when: str) -> None:
    plant("trial.yaml", STEP, f'{STEP}    when: "{when}"\n')
    (finding,) = found(lint)
    assert "as long as somebody has told us nothing" in finding.what
    assert "is not none" in finding.fix


def test_a_name_that_nothing_has_is_found(lint: Lint, plant: Plant) -> None:
    plant("trial.yaml", STEP, f'{STEP}    when: "partner.puls == 3"\n')
    (finding,) = found(lint)
    assert (finding.what, finding.fix) == ("when: knows no partner.puls", "did you mean partner.pulse?")


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_name_is_on_the_page(name: str) -> None:
    page = (Path(__file__).parents[2] / "docs" / "campaigns.md").read_text(encoding="utf-8")
    assert f"`{name}`" in page
