"""What comes from outside has a size, a depth and a number: beyond it a sentence is said, soon, and nothing is read."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.define.campaign_file import MOST_STEPS, CampaignFile
from engine.define.findings import LONGEST, MOST_FINDINGS
from engine.define.reader import LARGEST_FILE, MOST_VALUES, parse, read
from engine.define.validate import validate
from engine.errors import RekindleError, SettingsError, StoreError
from engine.files import LARGEST_TOML, NotToml, toml, whole
from engine.render import markdown
from engine.render.catalogue import read as read_words
from engine.render.spec_errors import RenderError
from engine.settings import FILE, load
from engine.simulate.faults import MOST_OUTAGES, read_faults
from engine.store.database import open_database

HEAD = "campaign: x\ntitle: x\nweeks: 2\nsteps:\n"

FLOODS = {
    "controls": "\x01\n" * 200_000,
    "tabs": "\ta\n" * 200_000,
    "empty items": "- \n" * 200_000,
    "anchors": "&a a: *a\n" * 50_000,
    "keys that come again": "a: 1\n" * 150_000,
    "keys that are lists": "? [a]\n: 1\n" * 80_000,
    "keys that nobody knows": "".join(f"k{number}: 1\n" for number in range(20_000)),
    "steps that miss everything": HEAD + "- {a: 1}\n" * MOST_STEPS,
}


@pytest.mark.parametrize("text", FLOODS.values(), ids=FLOODS)
def test_of_a_flood_of_problems_the_first_are_told_and_that_there_are_more(text: str) -> None:
    """However many there are, a hundred are named, and the last says so."""
    document = parse(text, "x.yaml")
    findings = [*document.findings, *validate(document, CampaignFile)[1]]
    assert MOST_FINDINGS <= len(findings) <= 2 * MOST_FINDINGS + 2


VALUES = {
    "weeks: 0o" + "7" * 400_000: "",
    "weeks: 0x" + "f" * 400_000: "",
    "weeks: " + "9" * 400_000: "400000 digits",
    "weeks: 1e999": "larger than any number",
    "weeks: -1e400000": "larger than any number",
}


@pytest.mark.parametrize(("text", "what"), VALUES.items(), ids=lambda value: value[:14])
def test_a_number_without_end_is_text_or_a_finding(text: str, what: str) -> None:
    """No number of a file is too long for the reader, and none becomes infinity."""
    document = parse(text, "x.yaml")
    assert [finding for finding in document.findings if what in finding.what] or isinstance(document.data, dict)
    assert bool(what) == bool(document.findings)


def test_a_document_of_too_many_values_is_refused_where_it_is_too_many() -> None:
    """A small file may hold very many values; the finding names the number there may be."""
    document = parse("[" + "1," * (MOST_VALUES + 10) + "]", "x.yaml")
    assert document.data is None
    assert f"{MOST_VALUES:,} keys and values" in document.findings[-1].what


def test_a_file_is_read_no_further_than_it_may_be_long(tmp_path: Path) -> None:
    """A sparse file of a terabyte costs a finding, not the machine's memory."""
    file = tmp_path / "x.yaml"
    with file.open("wb") as opened:
        opened.truncate(2**40)
    (finding,) = read(file).findings
    assert f"{LARGEST_FILE:,} bytes" in finding.what
    with pytest.raises(OSError, match="larger than 10 bytes"):
        whole(file, 10)


def test_more_steps_than_a_campaign_may_have_are_refused_with_the_number() -> None:
    """A calendar is made at once: what would fill it for ever is no campaign."""
    document = parse(HEAD + "".join(f"- {{step: s{number}}}\n" for number in range(MOST_STEPS + 1)), "x.yaml")
    (finding,) = validate(document, CampaignFile)[1]
    assert (finding.what, finding.fix) == (f"steps holds {MOST_STEPS + 1}", f"use at most {MOST_STEPS}")


def test_a_finding_repeats_of_a_value_only_as_much_as_a_line_holds() -> None:
    """A wrong value may be the whole file; what is said of it stays a sentence."""
    document = parse(HEAD + "- {step: a, to: " + "A" * 900_000 + "}\n", "x.yaml")
    findings = validate(document, CampaignFile)[1]
    assert any("AAAA" in finding.what for finding in findings)
    assert max(len(finding.what) for finding in findings) <= LONGEST


TOML = {
    "brackets": "a = " + "[" * 100_000,
    "tables": "a = " + "{a = " * 50_000,
    "a key": "a." * 50_000 + "a = 1",
    "a quoted key": '"a".' * 30_000 + "a = 1",
    "a head": "[" + "a." * 50_000 + "a]",
    "a key in a table": "a = {" + "a . " * 40_000 + "a = 1}",
    "a number": "a = " + "9" * 100_000,
    "thirteen tables": ".".join("abcdefghijklm") + " = {}",
}


@pytest.mark.parametrize("source", TOML.values(), ids=TOML)
def test_toml_that_is_deep_or_endless_is_no_toml(source: str) -> None:
    """The reader's own limits, and the time it takes, are never met: it is one error."""
    with pytest.raises(NotToml):
        toml(source)


def test_toml_as_people_write_it_is_read() -> None:
    """Dotted keys, sentences with dots and four tables in one another are as they were."""
    assert toml('a.b.c.d = "One. Two. Three."\n[x]\ny = [{z = 1}]') == {
        "a": {"b": {"c": {"d": "One. Two. Three."}}},
        "x": {"y": [{"z": 1}]},
    }


READERS: dict[str, tuple[str, Callable[[Path], object], type[RekindleError]]] = {
    "settings": (FILE, lambda file: load(file.parent), SettingsError),
    "faults": ("faults.toml", read_faults, SettingsError),
    "words": ("words.toml", lambda file: read_words(file, "web/words.toml"), RenderError),
}


@pytest.mark.parametrize("source", [*TOML.values(), "#" * (LARGEST_TOML + 1)], ids=[*TOML, "size"])
@pytest.mark.parametrize("reader", READERS)
def test_whoever_reads_toml_says_that_it_cannot_be_read(reader: str, source: str, tmp_path: Path) -> None:
    """Settings, faults and words each have their own error for it, and no other leaves them."""
    name, reading, error = READERS[reader]
    (tmp_path / name).write_text(source, encoding="utf-8")
    with pytest.raises(error):
        reading(tmp_path / name)


FAULTS = {
    "before the first year": '[[outage]]\nfrom = "0001-01-01T00:00:00+23:59"\nuntil = "0001-01-02T00:00:00+23:59"',
    "after the last": "[[outage]]\nfrom = 2026-01-01T00:00:00Z\nuntil = 9999-12-31T23:59:59-23:59",
    "where the zone is": '[[outage]]\nfrom = 0001-01-01T00:00:00\nuntil = 2026-01-01T00:00:00\nzone = "Asia/Tokyo"',
    "too many": '[[outage]]\nfrom = "monday 01:00"\nuntil = "monday 02:00"\n' * (MOST_OUTAGES + 1),
    "a seed of many digits": "seed = 0x" + "f" * 100_000,
    "a seed that is a list": "seed = [1]",
}


@pytest.mark.parametrize("source", FAULTS.values(), ids=FAULTS)
def test_faults_beyond_what_there_is_are_refused(source: str, tmp_path: Path) -> None:
    """Years that do not exist, and numbers that cannot be written, are mistakes like any other."""
    (tmp_path / "faults.toml").write_text(source, encoding="utf-8")
    with pytest.raises(SettingsError):
        read_faults(tmp_path / "faults.toml")


URLS = ["postgresql://a:hush@b:port/c", "postgresql://a:hu@sh@[::1/c", "hush" * 10_000, "sqlite:///a\0b", ""]


@pytest.mark.parametrize("url", URLS, ids=range(len(URLS)))
def test_a_database_url_that_is_none_is_refused_without_its_password(url: str) -> None:
    """What is wrong with it is said in our own words, which are few and repeat no secret."""
    with pytest.raises(StoreError) as refused:
        open_database(url)
    assert len(str(refused.value)) < 200
    assert "hu@sh" not in str(refused.value)
    assert ":hush" not in str(refused.value)


@pytest.mark.parametrize("url", ["sqlite:///" + "x" * 3_000, "sqlite:///a\nb"])
def test_settings_take_no_database_url_that_is_no_line(url: str, tmp_path: Path) -> None:
    """A name with a line break or of thousands of characters makes no file that anybody wants."""
    (tmp_path / FILE).write_text(f"database_url = {url!r}".replace("'", '"'), encoding="utf-8")
    with pytest.raises(SettingsError, match="database_url"):
        load(tmp_path)


MARKDOWN = ["{{ " * 3_000, "{{" + " " * 9_000, "**a _b " * 1_400, "\"'" * 5_000, "- " * 5_000, "\n \n" * 3_000]


@pytest.mark.parametrize("source", MARKDOWN, ids=lambda source: source[:6])
def test_markdown_is_converted_or_refused_soon(source: str) -> None:
    """Tags that never close, emphasis in emphasis and lists in lists cost no more than their length."""
    if "{{" in source:
        with pytest.raises(RenderError):
            markdown.plain(source)
        return
    assert markdown.plain(source).smaller == ()
    assert "".join(piece.text for piece in markdown.html(source, curly=True, css="").body).startswith("<div")


def test_markdown_longer_than_any_activity_is_refused() -> None:
    """The length is looked at before anything else is."""
    with pytest.raises(RenderError, match="longer than"):
        markdown.plain("a" * (markdown.LONGEST + 1))
