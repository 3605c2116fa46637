"""Whatever befalls the database or a disk, a command says it in one sentence, with the mend, and by its exit code."""

import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from shell import Shell
from test_cli import PEOPLE

from engine.store import embedded

NOW = "2026-03-02T08:00:00Z"
LOOKS = [
    ("couples", "list"),
    ("deliveries", "list"),
    ("schedule",),
    ("suppressions", "list"),
    ("alerts", "list"),
    ("aside", "list"),
    ("paused",),
    ("campaigns", "list"),
    ("audit", "list"),
    ("report", "eight-weeks"),
]
ACTS = [("tick", "--now", NOW), ("couples", "import", "{many}", "--consent", "Yes"), ("pause", "--all")]


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A workspace with one couple, enrolled; a database that is busy is not waited for."""
    monkeypatch.setattr(embedded, "BUSY_MS", 10)
    made = Shell(tmp_path / "work", capsys, monkeypatch)
    made.run("init")
    (tmp_path / "people.csv").write_text(PEOPLE, encoding="utf-8")
    made.run("couples", "import", str(tmp_path / "people.csv"), "--consent", "Yes to all of it")
    made.run("enroll", "eight-weeks", "--all", "--start", "2026-03-02")
    rows = "".join(f"c{n},Ana,ana{n}@example.com,,Europe/Madrid,en,email,19:00,\n" for n in range(400))
    (tmp_path / "many.csv").write_text(PEOPLE.partition("\n")[0] + "\n" + rows, encoding="utf-8")
    return made


def database(shell: Shell) -> Path:
    return shell.folder / "rekindle.sqlite3"


def pragma(monkeypatch: pytest.MonkeyPatch, statement: str) -> None:
    """Have every connection that is opened from now on told so."""
    connected = embedded._connected

    def told(connection: sqlite3.Connection, entry: Any) -> None:
        connected(connection, entry)
        connection.execute(f"PRAGMA {statement}")

    monkeypatch.setattr(embedded, "_connected", told)


@contextmanager
def gone(shell: Shell, _monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    database(shell).rename(shell.folder / "aside")
    yield
    assert not database(shell).exists()  # nobody made an empty one in its place
    (shell.folder / "aside").rename(database(shell))


@contextmanager
def damaged(shell: Shell, _monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    whole = database(shell).read_bytes()
    database(shell).write_bytes(b"junk" * 5_000)
    yield
    database(shell).write_bytes(whole)


@contextmanager
def locked(shell: Shell, _monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    holder = sqlite3.connect(database(shell), isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    yield
    holder.close()


@contextmanager
def full(_shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        pragma(patched, "max_page_count = 1")  # as many as it has
        yield


@contextmanager
def read_only(_shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Who is root ignores modes: the connection itself is told to write nothing."""
    with monkeypatch.context() as patched:
        pragma(patched, "query_only = ON")
        yield


@contextmanager
def failing(shell: Shell, _monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The disk takes nothing beyond what the file has."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


State = Callable[[Shell, pytest.MonkeyPatch], Any]
CASES: list[tuple[State, tuple[str, ...], str, str]] = [
    *((gone, words, "There is no database at", "restore it from a backup") for words in [*LOOKS, *ACTS]),
    *((damaged, words, "The database is damaged", "Restore it from a backup") for words in [*LOOKS, *ACTS]),
    *((locked, words, "The database is busy", "Wait for the other command") for words in [*LOOKS, *ACTS]),
    *((full, words, "The disk of the database is full", "Free some disk space") for words in ACTS[1:2]),
    *((read_only, words, "The database file may not be written", "write permission") for words in ACTS),
    *((failing, words, "The disk of the database fails", "rekindle db check") for words in ACTS[1:2]),
]


@pytest.mark.parametrize(
    ("state", "words", "what", "fix"), CASES, ids=[f"{row[0].__name__}: {' '.join(row[1][:2])}" for row in CASES]
)
def test_a_command_says_what_is_wrong_in_one_sentence_with_the_mend_and_works_again_afterwards(
    shell: Shell,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    state: State,
    words: tuple[str, ...],
    what: str,
    fix: str,
) -> None:
    given = [word.format(many=tmp_path / "many.csv") for word in words]
    with state(shell, monkeypatch):
        out, err = shell.said(*given, code=1)
    said = " ".join(err.split())
    assert what in said
    assert fix in said
    assert "Traceback" not in out + err
    assert "sqlite3" not in err.lower().replace("rekindle.sqlite3", "")
    shell.run(*given)


@pytest.mark.parametrize("state", [full, read_only], ids=["full", "read-only"])
@pytest.mark.parametrize("words", LOOKS, ids=[" ".join(words) for words in LOOKS])
def test_looking_works_while_nothing_can_be_written(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, state: State, words: tuple[str, ...]
) -> None:
    with state(shell, monkeypatch):
        shell.run(*words)


def run_alone(shell: Shell, words: tuple[str, ...], stdout: Any = subprocess.PIPE, **environment: str) -> Any:
    """A command in a process of its own; how it ended."""
    command = [sys.executable, "-m", "cli", "-C", str(shell.folder), *words]
    given = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), **environment}
    return subprocess.run(
        command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False, env=given, timeout=120
    )


@pytest.mark.parametrize("words", [("couples", "list"), ("tick",), ("worker",), ("web", "--port", "1")], ids=str)
def test_a_server_that_is_gone_is_said_by_every_command(shell: Shell, tmp_path: Path, words: tuple[str, ...]) -> None:
    url = f"postgresql+psycopg:///x?host={tmp_path}&user=tests"
    done = run_alone(shell, words, REKINDLE_DATABASE_URL=url)
    assert done.returncode == 1
    assert "The database server cannot be reached" in done.stderr
    assert "Check that it runs" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [("couples", "list"), ("schedule", "--json"), ("tick", "--now", NOW)], ids=str)
def test_output_that_cannot_be_written_is_said_and_the_exit_code_says_so(shell: Shell, words: tuple[str, ...]) -> None:
    """/dev/full is a disk that has no room."""
    with Path("/dev/full").open("w") as full_disk:
        done = run_alone(shell, words, full_disk)
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
