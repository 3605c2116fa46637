"""Whatever the author of a template or a text tries comes to nothing: refused, or harmless and short.

The tries are in tests/data/escapes.txt. None may hang or take memory: an alarm and a limit see to it.
"""

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from recipients import ANA, SENDER

from engine.check.check import check
from engine.render import markdown
from engine.render.pages import Pages
from engine.render.sandbox import RenderError, compile_expression, environment
from engine.render.seen import CampaignSeen, StepSeen
from engine.render.spec_bounds import MAX_TEXT
from engine.render.specialise import Template, render
from engine.shipped import shipped

TRIES = [
    line
    for line in (Path(__file__).parent.parent / "data" / "escapes.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
CANARY = "canary-4f1d"
CONSTANTS: dict[str, object] = {
    "campaign": CampaignSeen("Eight weeks", 8),
    "step": StepSeen("talk"),
    "sender": SENDER,
    "lang": "en",
}
SIGNS = (CANARY, "<class", "&lt;class", " at 0x", "object at", "<built-in", "<function", "<bound", "root:", "/bin/")
"""What a Python object, a file of the machine or its environment would look like."""
LONGEST = 60
ROOM = 256 * 1024 * 1024


class Hung(BaseException):
    """Nothing catches it on its way."""


@contextmanager
def bounded() -> Iterator[None]:
    """A try that hangs is ended, and one that takes memory gets none."""

    def ring(*_signal: Any) -> None:
        raise Hung

    before = resource.getrlimit(resource.RLIMIT_AS)
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    handler = signal.signal(signal.SIGALRM, ring)
    signal.alarm(LONGEST)
    resource.setrlimit(resource.RLIMIT_AS, (taken + ROOM, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
        signal.alarm(0)
        signal.signal(signal.SIGALRM, handler)


def harmless(said: str) -> bool:
    return len(said) <= MAX_TEXT and not any(sign in said for sign in SIGNS) and "MemoryError" not in said


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace's templates, with secrets around it: a file beside it, a link to that, and the environment."""
    monkeypatch.setitem(os.environ, "HOME", CANARY)
    (tmp_path / "secret.txt").write_text(CANARY)
    folder = tmp_path / "templates"
    (folder / "email").mkdir(parents=True)
    (folder / "email" / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "email" / "part.html").write_text("{% macro m() %}m{% endmacro %}part")
    return folder


def test_there_are_as_many_tries_as_the_page_says_each_of_its_own() -> None:
    page = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")
    assert len(TRIES) == len(set(TRIES)) > 200
    assert f"{len(TRIES)} tries" in page


@pytest.mark.parametrize("source", TRIES)
def test_a_template_reaches_nothing_and_uses_nothing_up(folder: Path, source: str) -> None:
    """Neither where it is HTML nor where it is plain text."""
    (folder / "email" / "page.html").write_text(source)
    for html in (True, False):
        with bounded():
            try:
                template = Template(environment([folder], html=html), "email/page.html", CONSTANTS)
                said = [render(template, ANA), render(template, ANA)]  # the second by the path that the first took
            except RenderError as error:
                said = [str(error)]
        assert all(harmless(each) for each in said), said[0][:200]


@pytest.mark.parametrize("source", TRIES)
def test_a_web_page_reaches_nothing_and_uses_nothing_up(folder: Path, source: str) -> None:
    """It has words, scripts, style sheet and time zones besides."""
    (folder / "web").mkdir()
    (folder / "web" / "try.html").write_text(source)
    given = {**CONSTANTS, "partner": ANA.partner, "links": ANA.links, "date": ANA.date}
    with bounded():
        try:
            page = Pages([folder, shipped("templates")], SENDER).write("try", "en", **given)
            said = page.html
            assert len(page.styles) <= 1
            assert len(set(page.scripts)) == len(page.scripts)
        except RenderError as error:
            said = str(error)
    assert harmless(said), said[:200]


@pytest.mark.parametrize("source", [each[2:-2] for each in TRIES if each.startswith("{{") and each.count("{{") == 1])
def test_a_condition_reaches_nothing_and_uses_nothing_up(source: str) -> None:
    """All that it can come to is yes or no."""
    said = ""
    with bounded():
        try:
            compile_expression(source)({**CONSTANTS, "partner": ANA.partner, "links": ANA.links, "date": ANA.date})
        except RenderError as error:
            said = str(error)
    assert harmless(said), said


@pytest.mark.parametrize("source", TRIES)
def test_a_text_of_an_activity_is_refused_or_stays_as_it_is_written(source: str) -> None:
    with bounded():
        for read in (markdown.line, lambda text: markdown.plain(text).body):
            refused = ""
            try:
                kept = markdown.named(read(source), "Ben")
            except RenderError as error:
                kept = refused = str(error)
            assert harmless(refused)
            assert "{" in kept or refused


def test_a_name_is_never_a_template() -> None:
    template = Template(environment([], html=False), "page", {}, source="{{ other_name }}")
    for source in TRIES:
        assert render(template, replace(ANA, other_name=source)) == source


def test_check_says_what_is_wrong_with_templates_that_try_and_nothing_of_what_they_sought(folder: Path) -> None:
    """It reads all of them, and renders none that no step names."""
    for number, source in enumerate(TRIES):
        (folder / "email" / f"try{number}.html").write_text(source)
        for ending in ("subject.txt", "txt"):
            (folder / "email" / f"try{number}.{ending}").write_text("Words.")
    campaigns = folder.parent / "campaigns"
    campaigns.mkdir()
    with bounded():
        findings = check([campaigns], campaigns=[campaigns], templates=[folder], sender=SENDER)
    assert all(harmless(f"{each.what} {each.fix}") for each in findings)
    found = {Path(each.file).stem for each in findings}
    for number, source in enumerate(TRIES):
        if any(word in source for word in ("cycler", "lipsum", "config", "os.environ", "open(", "'/etc/passwd' %")):
            assert f"try{number}" in found, source
