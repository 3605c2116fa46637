"""What changed between two versions of a campaign."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from engine.define.diff import Change, FieldChange, Kind, Part, diff
from engine.define.library import Library, load_library
from engine.define.load import load_campaign
from engine.model.campaign import Caps

Write = Callable[..., Path]
PULSE = "  - {step: pulse, days: [sunday], template: pulse}\n"


def test_a_campaign_does_not_differ_from_itself(write: Write, library: Library) -> None:
    """No changes, whatever the formatting."""
    assert diff(load_campaign(write(), library), load_campaign(write(("weeks: 2", "weeks:   2")), library)) == ()


def test_steps_are_matched_by_key(write: Write, library: Library) -> None:
    """A changed field is told from a step that came or went."""
    old = load_campaign(write(("steps:\n", f"steps:\n{PULSE}")), library)
    new = load_campaign(write(("[tuesday]", "[friday]\n    late_after: 3h")), library)
    moved = (FieldChange("days", (1,), (4,)), FieldChange("late_after", timedelta(hours=24), timedelta(hours=3)))
    assert diff(old, new) == (
        Change(Part.STEP, Kind.REMOVED, "pulse"),
        Change(Part.STEP, Kind.CHANGED, "talk", moved),
    )
    assert diff(new, old)[0] == Change(Part.STEP, Kind.ADDED, "pulse")


def test_the_campaigns_own_fields_and_the_order_of_steps_are_compared(write: Write, library: Library) -> None:
    """Order decides which of two messages at the same time goes first."""
    old = load_campaign(write(("steps:\n", f"steps:\n{PULSE}")), library)
    text = ("    draw: {kind: conversation}\n", f"    draw: {{kind: conversation}}\n{PULSE}")
    new = load_campaign(write(text, ("weeks: 2\n", "weeks: 2\ncaps: {per_day: 2}\n")), library)
    (change,) = diff(old, new)
    assert change.part is Part.CAMPAIGN
    assert change.fields == (
        FieldChange("caps", Caps(1, 4), Caps(2, 4)),
        FieldChange("order of steps", ("pulse", "talk"), ("talk", "pulse")),
    )


def test_themes_and_activities_are_compared_by_week_and_id(write: Write, library: Library, folder: Path) -> None:
    """A reworded activity is a change that couples would see."""
    old = load_campaign(write(), library)
    file = folder / "strategies" / "warmth.yaml"
    file.write_text(file.read_text().replace("minutes: 5", "minutes: 7"))
    new = load_campaign(
        write(("1-2: warmth", "1: warmth\n  2: {strategies: warmth, depth: 1}")), load_library([folder])
    )
    theme, activity = diff(old, new)
    assert (theme.part, theme.key, theme.fields) == (Part.THEME, "2", (FieldChange("depth", (1, 3), (1, 1)),))
    assert (activity.part, activity.key, activity.fields) == (
        Part.ACTIVITY,
        "warmth-hello",
        (FieldChange("minutes", 5, 7),),
    )
