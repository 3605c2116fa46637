"""`rekindle check`: nothing to say about what ships, and each trap found at its place with its mend."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.check.check import check
from engine.check.conditions import SEEN
from engine.define.findings import Finding
from engine.errors import NotFound
from engine.model.sender import Sender
from engine.shipped import shipped

Lint = Callable[..., list[Finding]]
Plant = Callable[[str, str, str], None]

SENDER = Sender("Rekindle", "hello@rekindle.example", "Rekindle, 1 Example Street, Exampletown", "Rekindle")
STRATEGY = "strategies/warmth.yaml"
TRIAL = "trial.yaml"


@pytest.mark.slow
def test_what_ships_is_without_a_fault() -> None:
    """Campaigns, strategies and templates, every text rendered at its longest."""
    assert check([shipped("campaigns")], campaigns=[], templates=[shipped("templates")], sender=SENDER) == []


def test_a_sound_workspace_has_no_findings(lint: Lint) -> None:
    """Else the tests below would prove nothing."""
    assert lint() == []


LONG = "Tell it in the order in which it happened, and leave nothing out. " * 4
CURLY = "What’s"

KIND = "draw: {kind: conversation}"

TRAPS = [
    # file, old, new, line, what, fix
    (STRATEGY, "sms: \"Tell", f'sms: "{LONG}Tell', 15, "3 segments", "cut "),
    (STRATEGY, "lighter. What was", f"lighter. {CURLY} it", 15, "U+2019 RIGHT SINGLE", "plain character"),
    (STRATEGY, "lighter. What was it?", "lighter? Reply YES.", 15, "the sms invites YES", "open question"),
    (STRATEGY, 'question: "What made', 'question: "Has it made', 14, "answered by YES", "ask what"),
    (STRATEGY, "    question: \"What made today lighter?\"\n", "", 6, "has no question", "add question"),
    (STRATEGY, "{{ other_name }}", "{{ partner.given_name }}", 15, "{{ partner.given_name }}", "only {{ other_name }}"),
    (STRATEGY, "{{ other_name }}", "{{ other_name }", 15, "a half-open {{", "two braces"),
    (STRATEGY, "title: Number 1", "title: For {{ other_name }}", 8, "the title holds", "without"),
    (STRATEGY, "      1. Take turns.", "      # Take turns", 16, "a heading", "**bold**"),
    (STRATEGY, "      1. Take turns.", "      <b>Take turns</b>", 16, "HTML", "paragraphs"),
    (STRATEGY, "      1. Take turns.", "      Look at [this](https://example.com).", 16, "a link", "in words"),
    (STRATEGY, "id: warmth-conversation-2", "id: warmth-conversation-1", 23, "appears twice", "an id of its own"),
    (TRIAL, "template: prompt", "template: promt", 10, "promt lacks email/promt.subject.txt", "prompt?"),
    (TRIAL, 'at: "19:00"', 'at: "20:30"', 9, "20:30 is never within the window (09:00", "choose a time"),
    (TRIAL, 'at: "19:00"', "at: 19:00", 9, "19:00 is a number in base 60", '"19:00"'),
    (TRIAL, "weeks: 3\n", "weeks: 3\nwindow: {friday: closed}\n", 14, "only on days that the window", "another"),
    (TRIAL, "weeks: 3\n", "weeks: 3\ncaps: {per_week: 1}\n", 4, "2 messages always fall in one week", "per_week: 2"),
    (TRIAL, "days: [friday]", "days: [tuesday]", 1, "2 messages always fall in one day", "per_day: 2"),
    (TRIAL, "days: [friday]", "every_days: 30\n    weeks: 2", 13, "falls on no day", "fewer days between"),
    (TRIAL, KIND, "draw: {kind: conversation, mode: write}", 11, "nothing to draw in week 1", "widen"),
    (TRIAL, KIND, "draw: {kind: conversation, depth: [1, 2]}", 11, "from a pool of 2; up to 1", "widen"),
    (TRIAL, "days: [tuesday]", "days: [tuesday, wednesday]", 11, "6 times from a pool of 3; up to 3", "widen"),
    (TRIAL, KIND, "to: each\n    " + KIND, 12, "6 times from a pool of 3", "widen"),
    (TRIAL, "kind: conversation}", "kind: conversation, depth: 1, no_repeat_weeks: 2}", 11, "up to 1 find", "lower"),
    (TRIAL, KIND, "when: week >\n    " + KIND, 11, "when:", "such as"),
    (TRIAL, KIND, "when: weak > 1\n    " + KIND, 11, "no weak", "week?"),
    (TRIAL, KIND, "when: couple.sise == 2\n    draw: {}", 11, "couple.sise", "couple.size?"),
    (TRIAL, KIND, "when: week > partner.locale\n    " + KIND, 11, "wrong type", "such as"),
    (TRIAL, KIND, "variants: [{variant: a}]\n    " + KIND, 11, "one variant", "add"),
    (TRIAL, KIND, "variants: [{variant: a}, {variant: b}]\n    " + KIND, 11,
     "variants a and b of step talk send the same", "another template"),
    (TRIAL, "1-3: warmth", "1-3: warmht", 5, "no strategy warmht", "warmth?"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "line", "what", "fix"), TRAPS)
def test_a_trap_is_found_at_its_line_with_its_mend(
    lint: Lint, plant: Plant, folder: Path, file: str, old: str, new: str, line: int, what: str, fix: str
) -> None:
    """One planted fault, one finding (some faults have consequences of their own, which may be said too)."""
    plant(file, old, new)
    findings = lint()
    said = [(finding.file, finding.line) for finding in findings if what in finding.what and fix in finding.fix]
    assert (str(folder / file), line) in said, findings


def test_an_email_has_between_sixty_and_two_hundred_words(lint: Lint, plant: Plant) -> None:
    """Counted in the Markdown, reported with the number."""
    plant(STRATEGY, "Say one warm thing about the day", "Say " + "so " * 150)
    (finding,) = lint()
    assert "the email has 2" in finding.what
    assert "200" in finding.fix


def test_a_week_without_a_step_is_found(lint: Lint, plant: Plant) -> None:
    """Couples would hear nothing, and wonder."""
    plant(TRIAL, "days: [tuesday]", "days: [tuesday]\n    weeks: [1, 3]")
    plant(TRIAL, "days: [friday]", "days: [friday]\n    weeks: 1")
    (finding,) = lint()
    assert (finding.line, finding.what) == (3, "week 2 has no step")


def test_touch_is_left_out_when_a_pool_is_counted(lint: Lint, plant: Plant) -> None:
    """A draw must do for couples who have not opted in."""
    plant(STRATEGY, "mode: talk\n    causes: [limited-affection]\n    avoid: []", "mode: touch\n    causes: [limited-affection]\n    avoid: [touch]")  # fmt: skip # noqa: E501
    (finding,) = lint()
    assert "draws 3 times from a pool of 2" in finding.what


def test_steps_that_share_a_pool_are_counted_together(lint: Lint, plant: Plant) -> None:
    """Three conversations are enough for either step, and not for both."""
    plant(TRIAL, "draw: {kind: exercise}", "draw: {kind: conversation}")
    assert [finding.what.split(" draws ")[0] for finding in lint()] == ["step talk", "step try"]


def test_a_pool_that_an_earlier_draw_may_use_up_is_found(lint: Lint, plant: Plant) -> None:
    """The one light conversation may be gone when the step that needs it comes; some couples would get it twice."""
    plant(TRIAL, KIND, "weeks: 1\n    " + KIND)
    step = "  - {step: light, days: [monday], weeks: 3, template: prompt, draw: {kind: conversation, depth: 1}}\n"
    plant(TRIAL, "  - step: try\n", step + "  - step: try\n")
    (finding,) = lint()
    assert finding.what.startswith("step light draws once from a pool of 1; up to 1 come again")


@pytest.mark.parametrize(
    ("name", "text", "line", "what"),
    [
        ("email/prompt.html", "<p>\n{% fi %}\n</p>", 2, "unknown tag 'fi'"),
        ("email/prompt.txt", "Hello\n{{ partner.givn_name }}", 2, "a message has no partner.givn_name"),
        ("sms/prompt.txt", "{{ activty.sms }}", 1, "a message has no activty.sms"),
        ("email/es/prompt.txt", "{{ semana }}", 1, "a message has no semana"),
    ],
)
def test_a_broken_template_is_found_in_its_own_file(
    lint: Lint, tmp_path_factory: pytest.TempPathFactory, name: str, text: str, line: int, what: str
) -> None:
    """Syntax errors and variables that no message has, once each, at their line."""
    templates = tmp_path_factory.mktemp("templates")
    file = templates / name
    file.parent.mkdir(parents=True)
    file.write_text(text)
    (finding,) = lint(templates=[templates])
    assert (finding.file, finding.line) == (str(file), line), finding
    assert what in finding.what


def test_a_language_that_is_there_in_part_is_a_note(lint: Lint, folder: Path) -> None:
    """The rest goes out in English, which is worth knowing and no fault."""
    (folder / "strategies" / "es").mkdir()
    (folder / "strategies" / "es" / "warmth.yaml").write_text(
        "strategy: warmth\nlocale: es\nactivities:\n  - id: warmth-exercise-1\n    title: Uno\n"
        f"    sms: Cuenta algo.\n    email: {'palabra ' * 80}\n"
    )
    (finding,) = lint()
    assert finding.note
    assert "es lacks 5 of 6 activities of warmth" in finding.what


def test_a_path_may_be_a_campaign_a_strategy_or_a_folder(lint: Lint, plant: Plant, folder: Path) -> None:
    """Only what the path names is checked, with the library around it."""
    plant(STRATEGY, "lighter. What was it?", "lighter? Reply YES.")
    plant(TRIAL, 'at: "19:00"', 'at: "20:30"')
    strategy, trial = folder / "strategies" / "warmth.yaml", folder / "trial.yaml"
    assert {finding.file for finding in lint([strategy])} == {str(strategy)}
    assert {finding.file for finding in lint([trial])} == {str(trial)}
    assert {finding.file for finding in lint([folder / "strategies"])} == {str(strategy)}
    assert {finding.file for finding in lint([folder])} == {str(strategy), str(trial)}


def test_a_strategy_file_outside_any_library_is_checked_too(lint: Lint, folder: Path, tmp_path: Path) -> None:
    """It is known by its first key."""
    loose = tmp_path / "draft.yaml"
    loose.write_text((folder / "strategies" / "warmth.yaml").read_text().replace("minutes: 5", "minutes: 1", 1))
    (finding,) = lint([loose])
    assert (finding.file, finding.what) == (str(loose), "minutes is 1")


def test_two_campaigns_with_one_id_are_found(lint: Lint, folder: Path) -> None:
    """An id names one campaign."""
    (folder / "copy.yaml").write_text((folder / "trial.yaml").read_text())
    (finding,) = lint()
    assert (finding.file, finding.line) == (str(folder / "trial.yaml"), 1)


def test_a_path_that_does_not_exist_is_an_error(lint: Lint, folder: Path) -> None:
    """Not an empty, clean result."""
    with pytest.raises(NotFound):
        lint([folder / "gone.yaml"])


def test_findings_are_sorted_and_each_is_said_once(lint: Lint, plant: Plant) -> None:
    """By file, line and column."""
    plant(TRIAL, 'at: "19:00"', 'at: "20:30"')
    plant(TRIAL, "weeks: 3\n", "weeks: 4\n")
    plant(STRATEGY, "lighter. What was it?", "lighter? Reply YES.")
    findings = lint()
    assert findings == sorted(set(findings))
    assert len(findings) == 3


def test_conditions_are_checked_against_what_the_engine_shows_them() -> None:
    """The names here and in the engine are the same; a new one must be added to both."""
    from types import SimpleNamespace

    from engine.deliver.outright import seen_by_condition

    place = SimpleNamespace(
        other_name="Ben", position=1, locale="en", timezone="UTC", preferred="email", causes=frozenset(), touch=False
    )
    seen = seen_by_condition(place, SimpleNamespace(week=1))  # type: ignore[arg-type]
    assert {key: set(value) if isinstance(value, dict) else None for key, value in seen.items()} == {
        key: set(value) if isinstance(value, dict) else None for key, value in SEEN.items()
    }


def test_what_the_documentation_shows_is_without_a_fault(tmp_path: Path) -> None:
    """Campaigns and strategies on pages, held to the same rules as what ships."""
    docs = Path(__file__).parents[2] / "docs"
    page = "".join((docs / f"{name}.md").read_text(encoding="utf-8") for name in ("campaigns", "adding-a-strategy"))
    (tmp_path / "strategies").mkdir()
    for number, text in enumerate(re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)):
        folder = tmp_path if "campaign:" in text else tmp_path / "strategies"
        if "locale:" not in text:
            (folder / f"{number}.yaml").write_text(text, encoding="utf-8")
    assert check([tmp_path], campaigns=[shipped("campaigns")], templates=[shipped("templates")], sender=SENDER) == []


def test_a_missing_template_is_said_at_the_step_and_nowhere_else(lint: Lint, plant: Plant) -> None:
    """The words it would have carried are without fault, and may not even be the operator's own."""
    plant(TRIAL, "template: prompt", "template: promt")
    assert {(finding.file.rpartition("/")[2], finding.line) for finding in lint()} == {(TRIAL, 10)}


def test_what_a_template_makes_of_good_words_is_said_at_the_template(lint: Lint, tmp_path: Path) -> None:
    (tmp_path / "own" / "email").mkdir(parents=True)
    (tmp_path / "own" / "email" / "prompt.subject.txt").write_text("one\ntwo\n")
    (found,) = lint(templates=[tmp_path / "own"])
    assert found.file.endswith("prompt.subject.txt")
    assert "Subject" in found.what


def test_a_folder_with_nothing_to_check_is_no_success(lint: Lint, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(NotFound, match="no campaign or strategy"):
        lint([tmp_path / "elsewhere"])


def test_a_workspace_is_checked_by_its_campaigns_folder(lint: Lint, folder: Path, tmp_path: Path) -> None:
    """`rekindle check .` looks at what `rekindle check` looks at."""
    (tmp_path / "workspace").mkdir()
    campaigns = tmp_path / "workspace" / "campaigns"
    campaigns.mkdir()
    (campaigns / "trial.yaml").write_text((folder / TRIAL).read_text().replace("template: prompt", "tempalte: prompt"))
    assert any("tempalte" in finding.what for finding in lint([tmp_path / "workspace"]))


def test_a_file_that_is_never_read_is_found(lint: Lint, folder: Path) -> None:
    (folder / "other.yml").write_text((folder / TRIAL).read_text())
    assert [(finding.what, finding.fix) for finding in lint()] == [
        ("a file whose name ends in .yml is never read", "end it in .yaml")
    ]


def test_the_lock_that_an_editor_keeps_beside_a_file_is_not_read(lint: Lint, folder: Path) -> None:
    (folder / ".#trial.yaml").symlink_to("me@host.123")
    assert lint() == []


def test_a_campaign_may_take_the_place_of_one_in_a_later_folder(lint: Lint, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / TRIAL).write_text((folder / TRIAL).read_text())
    assert lint([tmp_path / "mine", folder]) == []
