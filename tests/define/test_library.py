"""The strategies list: what is read, what overrides what, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.define.findings import FindingsError
from engine.define.library import Library, load_library
from engine.model.strategy import Caution, Kind, Mode

SPANISH = """\
strategy: warmth
locale: es
activities:
  - id: warmth-hello
    title: Un buen saludo
    question: "¿Qué hace bueno un saludo?"
    sms: "¿Qué hace bueno un saludo?"
    email: Díselo.
"""


def test_a_strategy_is_read_whole_and_in_order(library: Library) -> None:
    """Ids, kinds, modes, cautions and words arrive as written; order is the file's."""
    warmth = library.strategies["warmth"]
    assert [activity.id for activity in warmth.activities] == ["warmth-hello", "warmth-note", "warmth-hands"]
    hands = library.activities["warmth-hands"]
    assert (hands.kind, hands.mode, hands.depth, hands.minutes) == (Kind.EXERCISE, Mode.TOUCH, 2, 10)
    assert hands.cautions == {Caution.TOUCH, Caution.RECENT_BREACH}
    assert library.activities["warmth-hello"].text("en").email == "Say it to {{ other_name }}."


def test_translations_fill_in_by_locale_and_fall_back_to_english(folder: Path) -> None:
    """A translation may cover some activities only; the others stay English."""
    (folder / "strategies" / "es").mkdir()
    (folder / "strategies" / "es" / "warmth.yaml").write_text(SPANISH)
    activities = load_library([folder]).activities
    assert activities["warmth-hello"].text("es-MX").title == "Un buen saludo"
    assert activities["warmth-note"].text("es-MX").title == "A short note"


def test_a_workspace_strategy_takes_the_place_of_the_shipped_one(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The first folder wins, strategy by strategy, and other strategies are still found."""
    workspace = tmp_path_factory.mktemp("workspace")
    (workspace / "strategies").mkdir()
    text = (folder / "strategies" / "warmth.yaml").read_text()
    (workspace / "strategies" / "mine.yaml").write_text(text.replace("A good hello", "My own hello"))
    (folder / "strategies" / "other.yaml").write_text(text.replace("warmth", "other"))
    library = load_library([workspace, folder])
    assert library.activities["warmth-hello"].text("en").title == "My own hello"
    assert set(library.strategies) == {"warmth", "other"}


@pytest.mark.parametrize(
    ("old", "new", "line", "what", "fix"),
    [
        ("    kind: conversation", "    kind: conversatoin", 7, "kind cannot be conversatoin", "conversation?"),
        ("    minutes: 5", "    minutes: 500", 9, "minutes is 500", "at most 180"),
        ("    minutes: 5", "    minutes: true", 9, "minutes must be a whole number", "digits"),
        ("    depth: 1", "    dept: 1", 10, "unknown key dept", "depth?"),
        ("    avoid: [touch, recent-breach]", "    avoid: [recent-breach]", 28, "touch without avoid", "opt-in"),
        ("warmth-note", "warmth-hello", 18, "warmth-hello appears twice", "warmth.yaml:6"),
        ("    title: A short note", "    title: 1984", 20, "title must be text", '"1984"'),
        ("- id: warmth-note", "- id: Warmth_Note", 18, "Warmth_Note is not an id", "small letters"),
        ("causes: [lack-of-appreciation]", "causes: []", 24, "causes is empty", "fill it in"),
        ("source: Made up for tests.\n", "", 1, "source is missing", "where the idea comes from"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_strategy_is_said_with_its_line(
    folder: Path, old: str, new: str, line: int, what: str, fix: str
) -> None:
    """Each mistake is one finding with a mend."""
    file = folder / "strategies" / "warmth.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(FindingsError) as caught:
        load_library([folder])
    (finding,) = caught.value.findings
    assert (finding.line, what in finding.what, fix in finding.fix) == (line, True, True), finding


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda text: text.replace("locale: es", "locale: pt"), "locale pt in a folder named es"),
        (lambda text: text.replace("strategy: warmth", "strategy: warmt"), "no strategy warmt"),
        (lambda text: text.replace("id: warmth-hello", "id: warmth-helo"), "no activity warmth-helo"),
        (lambda text: text.replace("title:", "titel:"), "unknown key titel"),
    ],
)
def test_a_translation_must_translate_something(folder: Path, change: Callable[[str], str], what: str) -> None:
    """Words for an activity that does not exist would never be sent."""
    (folder / "strategies" / "es").mkdir()
    (folder / "strategies" / "es" / "warmth.yaml").write_text(change(SPANISH))
    with pytest.raises(FindingsError, match=what):
        load_library([folder])


def test_a_folder_without_strategies_is_an_error(tmp_path: Path) -> None:
    """A mistyped folder must not look like an empty library."""
    with pytest.raises(FindingsError, match="no strategies here"):
        load_library([tmp_path])
