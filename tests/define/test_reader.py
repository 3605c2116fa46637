"""Reading a definition file: YAML 1.2, every trap refused at its own line and column."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.define.characters import first_refused
from engine.define.reader import DEEPEST, LARGEST_FILE, parse, read

TRAPS = [
    # text, line, column, what it must say
    ("at: 9:30\n", 1, 5, "9:30"),
    ("at: 12:30:15\n", 1, 5, "base 60"),
    ("a: no\n", 1, 4, "unquoted no"),
    ("a: [Yes, 1]\n", 1, 5, "unquoted Yes"),
    ("a: 1\non: 2\n", 2, 1, "unquoted on"),
    ("y: 1\n", 1, 1, "unquoted y"),
    ("phone: +15005550006\n", 1, 8, "loses its +"),
    ("phone: +1 500 555 0006\n", 1, 8, "loses its +"),
    ("m: 007\n", 1, 4, "octal"),
    ("n: 1\n", 1, 1, "unquoted n"),
    ("a: 12345678901234567890\n", 1, 4, "20 digits"),
    ("a: .inf\n", 1, 4, ".inf"),
    ("a: 1\nb: 2\na: 3\n", 3, 1, "a appears twice"),
    ("a:\n\tb: 1\n", 2, 1, "tab"),
    ("a:\n  - x\n \t- z\n", 3, 2, "tab"),
    ("a: &x 1\n", 1, 4, "anchors"),
    ("a: 1\nb: *x\n", 2, 4, "*x copies"),
    ("a: 1\n<<: 2\n", 2, 1, "merge keys"),
    ("a: !!python/object:os.system 1\n", 1, 4, "tags"),
    ("a: 1\n---\nb: 2\n", 2, 1, "second document"),
    ("%YAML 1.1\n---\na: 1\n", 1, 1, "directives"),
    ("a: x\x00y\n", 1, 5, "U+0000"),
    ("a: x\x1by\n", 1, 5, "U+001B"),
    ("a: x\u202ey\n", 1, 5, "RIGHT-TO-LEFT OVERRIDE"),
    ('a: "x\\u2067y"\n', 1, 4, "RIGHT-TO-LEFT ISOLATE"),
    ("a: x\u2028y\n", 1, 5, "LINE SEPARATOR"),
    ("when:\n", 1, 1, "when has no value"),
    ("a: [1, ~]\n", 1, 8, "empty list item"),
    ("? [a]\n: 1\n", 1, 3, "key must be a word"),
    ("true: 1\n", 1, 1, "key must be a word"),
    ("", 1, 1, "empty"),
    ("a: b: c\n", 1, 5, "not YAML"),
    ('a: "x\nb: 1\n', 3, 1, "not YAML"),
    ("a: @b\n", 1, 4, "not YAML"),
]


@pytest.mark.parametrize(("text", "line", "column", "what"), TRAPS)
def test_a_trap_is_refused_where_it_is_and_with_its_mend(text: str, line: int, column: int, what: str) -> None:
    """One finding per trap, at its line and column, saying what it is and how to mend it."""
    (finding,) = parse(text, "x.yaml").findings
    assert (finding.line, finding.column) == (line, column)
    assert what in finding.what
    assert finding.fix
    assert str(finding) == f"x.yaml:{line}:{column}  {finding.what}  →  {finding.fix}"


def test_every_problem_is_reported_at_once() -> None:
    """Nobody has to mend a file one run at a time."""
    document = parse("a: no\nb: 9:30\nb: &x 1\nc:\nd: 08\n")
    assert [finding.line for finding in document.findings] == [1, 2, 3, 3, 4, 5]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("0", 0),
        ("-12", -12),
        ("0o17", 15),
        ("0x1F", 31),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("-", ["-"]),
        ("'9:30'", "9:30"),
        ('"no"', "no"),
        ("1_000", "1_000"),
        ("2026-03-08", "2026-03-08"),
        ("9:30am", "9:30am"),
        ("nothing", "nothing"),
        ("'+15005550006'", "+15005550006"),
    ],
)
def test_words_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    """The core schema: no dates, no underscores in numbers, no surprise booleans."""
    if text == "-":
        text = "['-']"
    document = parse(f"a: {text}\n")
    assert document.findings == ()
    assert document.data == {"a": value}


def test_a_bomb_of_aliases_is_refused_without_being_opened() -> None:
    """Nine levels of nine aliases would be 387 million items."""
    lines = ["a0: &a0 [x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 10)]
    findings = parse("\n".join(lines) + "\n").findings
    assert len(findings) == 10 + 81


def test_deep_nesting_is_refused() -> None:
    """A file cannot exhaust the stack."""
    (finding,) = parse("a: " + "[" * 50_000).findings
    assert f"more than {DEEPEST} deep" in finding.what


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    """The bound is on bytes, before anything is parsed."""
    file = tmp_path / "big.yaml"
    file.write_bytes(b"#" * (LARGEST_FILE + 1))
    (finding,) = read(file).findings
    assert "larger than" in finding.what


def test_a_file_that_is_not_utf_8_is_refused_at_the_byte(tmp_path: Path) -> None:
    """Line and column count bytes of the offending line."""
    file = tmp_path / "latin.yaml"
    file.write_bytes(b"a: 1\nb: caf\xe9\n")
    (finding,) = read(file).findings
    assert (finding.line, finding.column) == (2, 7)


def test_a_byte_order_mark_is_read_past(tmp_path: Path) -> None:
    """Editors on Windows write one."""
    file = tmp_path / "bom.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read(file).data == {"a": 1}


def test_places_are_kept_for_keys_and_values() -> None:
    """Lint points at the value, or at the key, or at what would hold a missing one."""
    document = parse("steps:\n  - step: talk\n    at: 'x'\n")
    assert document.values["steps", 0, "at"] == (3, 9)
    assert document.keys["steps", 0, "at"] == (3, 5)
    assert document.finding(("steps", 0, "days"), "", "").line == 2
    assert document.finding(("themes",), "", "").line == 1


plain_values = st.recursive(
    st.booleans() | st.integers(-(10**17), 10**17) | st.text().filter(lambda text: first_refused(text) is None),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abcdefg", min_size=2, max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(plain_values)
def test_what_json_writes_is_read_back_as_it_was(value: object) -> None:
    """JSON is YAML 1.2: any value survives, whatever its characters."""
    document = parse(json.dumps({"key": value}, ensure_ascii=False))
    assert document.findings == ()
    assert document.data == {"key": value}


@given(st.text("ab:-[]{}&*!|>'\"%@`#?,\n\t 019~+.<", max_size=60) | st.text(max_size=40))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    """Whatever the text, the reader answers with data or with findings, each within the text."""
    document = parse(text)
    assert document.data is not None or document.findings
    lines = text.count("\n") + text.count("\r") + 1
    assert all(1 <= finding.line <= lines + 1 and finding.column >= 1 for finding in document.findings)
