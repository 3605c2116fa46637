"""`rekindle report`: what it writes, and what it says when it is used wrongly."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from shell import Shell
from told import CAMPAIGN, Told

pytestmark = pytest.mark.store("sqlite")  # its workspace is a file

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in a workspace in which eight couples are in CAMPAIGN; what it said on both streams."""
    work = tmp_path / "work"

    run = Shell(work, capsys, monkeypatch).run
    run("init")
    told = Told(8)
    told.to_both(range(1, 9), heard=("delivered",))
    with told.database.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        (work / "rekindle.sqlite3").unlink()
        raw.execute("VACUUM INTO ?", (str(work / "rekindle.sqlite3"),))
    return run


def test_it_prints_the_tables_and_says_how_to_get_the_plots(run: Run) -> None:
    said = run("report", "test")
    assert "From planned to answered, by week (n = 8 couples)" in said
    assert "report test --out report.html" in said


def test_it_writes_one_page_and_a_file_for_each_figure(run: Run, tmp_path: Path) -> None:
    run("report", "test", "--out", str(tmp_path / "r.html"), "--csv", str(tmp_path / "numbers" / "today"))
    html = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert html.startswith("<!DOCTYPE html>")
    assert html.endswith("</html>\n")
    files = sorted(path.stem for path in (tmp_path / "numbers" / "today").iterdir())
    (line,) = run("report", "test", "--json").splitlines()
    assert files == sorted(figure["key"] for figure in json.loads(line)["figures"])


def test_a_version_is_named_by_the_beginning_of_its_digest(run: Run) -> None:
    (line,) = run("report", "test", "--json", "--version", CAMPAIGN.digest[:8]).splitlines()
    assert json.loads(line)["versions"] == [CAMPAIGN.digest]
    assert "No version of test that begins with 'zz'" in run("report", "test", "--version", "zz", code=2)


def test_a_campaign_that_nobody_is_in_gives_a_page_that_says_so(run: Run, tmp_path: Path) -> None:
    assert "Not enough couples yet" in run("report", "eight-weeks")
    run("report", "eight-weeks", "--out", str(tmp_path / "r.html"))
    assert "Not enough couples yet" in (tmp_path / "r.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nope",), "no campaign nope"),
        (("test", "--out", "{folder}"), "is a folder"),
        (("test", "--out", "{folder}/none/r.html"), "cannot be written"),
        (("test", "--csv", "{folder}/work/rekindle.toml"), "is a file"),
    ],
)
def test_what_is_wrong_is_said_with_its_mend(run: Run, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    told = run("report", *(word.format(folder=tmp_path) for word in words), code=2)
    assert said in told
    assert "Mend:" in told
