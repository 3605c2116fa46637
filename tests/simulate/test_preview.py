"""A preview shows every message before it goes out, sends nothing, and changes nothing in the workspace."""

import hashlib
import json
import re
import shutil
from datetime import UTC, date, datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner

from engine.app import build
from engine.clock import VirtualClock
from engine.console.app import app
from engine.define.findings import FindingsError
from engine.errors import NotFound, Refused
from engine.model.campaign import Channel
from engine.model.couple import Consent, NewPartner
from engine.report.gallery_looks import price
from engine.settings import Settings, load
from engine.simulate.folder import begin
from engine.simulate.picture import NAMES, NoPicture, take
from engine.simulate.preview import Asked, preview
from engine.store import couples
from engine.store.schema import enrollments
from engine.workspace import make

MONDAY = date(2026, 3, 2)
HEAD = """\
campaign: little
title: A little
weeks: 2
themes: {1-2: affection}
steps:
"""
TALK = "  - {step: talk, days: [tuesday], template: prompt, draw: {kind: conversation}}\n"
ADDRESSES = re.compile(r"[\w.+-]+@example\.(?:com|org|net)|\+\d{7,}")


def written(folder: Path, steps: str = TALK, head: str = HEAD) -> str:
    """A campaign file outside any workspace."""
    file = folder / "little.yaml"
    file.write_text(head + steps, encoding="utf-8")
    return str(file)


class Seen:
    """A preview's pages as text, tags taken out."""

    def __init__(self, folder: Path, campaign: str, settings: Settings | None = None, **asked: Any) -> None:
        self.folder = folder / "out"
        given = settings or load(folder)
        self.done = preview(given, Asked(campaign, **{"start": MONDAY, **asked}), self.folder)
        self.index = text_of(self.folder / "index.html")
        files = sorted(self.folder.glob("gallery/0*.html"))
        self.pages = [text_of(file) for file in files]
        self.html = [file.read_text(encoding="utf-8") for file in files]

    @property
    def all(self) -> str:
        return " ".join([self.index, *self.pages])


def text_of(file: Path) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", file.read_text(encoding="utf-8"))).split())


def test_a_file_outside_any_workspace_is_previewed_with_three_telling_couples(tmp_path: Path) -> None:
    seen = Seen(tmp_path, written(tmp_path))
    assert [name for name in ("Nora & Felix", "Inés & Daniel", "Kim") if name in seen.index] == [
        "Nora & Felix", "Inés & Daniel", "Kim"
    ]  # fmt: skip
    assert (seen.done.gallery.emails, seen.done.gallery.texts, seen.done.gallery.unsent) == (8, 2, 0)
    assert not any(tmp_path.glob("*.sqlite3"))
    both, spanish, alone = seen.pages
    assert "19:00 Tue 3 Mar" in both
    assert "18:30 Tue 3 Mar" in both
    assert "text, America/Mexico_City, UTC−06:00" in spanish
    assert "GSM-7" in spanish
    assert "one partner so far" in alone


def test_strategies_beside_the_file_come_before_all_others(tmp_path: Path) -> None:
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "laughter.yaml").write_text(
        "strategy: laughter\ntitle: Laugh more\nidea: Small and silly.\nsource: Us.\nactivities:\n"
        "  - {id: laughter-joke, kind: conversation, title: The worst joke, minutes: 10, depth: 1, mode: talk,\n"
        "     causes: [disconnected-lives], question: Which one?, sms: Tell it., email: Tell it to each other.}\n",
        encoding="utf-8",
    )
    seen = Seen(tmp_path, written(tmp_path, head=HEAD.replace("affection", "laughter")))
    assert "The worst joke" in seen.pages[0]


@pytest.mark.parametrize("number", [1, 4])
def test_made_up_couples_take_the_samples_place(tmp_path: Path, number: int) -> None:
    seen = Seen(tmp_path, written(tmp_path), number=number)
    assert len(seen.pages) == number
    assert "Nora" not in seen.index


def test_one_language_is_shown_to_everybody_when_asked(tmp_path: Path) -> None:
    seen = Seen(tmp_path, written(tmp_path), locale="es")
    mail = [file.read_text(encoding="utf-8") for file in seen.folder.glob("gallery/mail/*.html")]
    assert len(mail) == 8
    assert all('lang="es"' in each for each in mail)


def test_one_week_is_shown_alone(tmp_path: Path) -> None:
    seen = Seen(tmp_path, written(tmp_path), week=2)
    assert 'id="week-2"' in seen.html[0]
    assert 'id="week-1"' not in seen.html[0]
    assert "in week 2" in seen.index
    assert seen.done.gallery.emails == 4


def test_every_arm_of_a_step_is_shown_whichever_a_couple_is_given(tmp_path: Path) -> None:
    arms = "variants: [{variant: full, weight: 2}, {variant: brief, template: exercise}]"
    step = f"  - {{step: talk, days: [tuesday], template: prompt, draw: {{kind: conversation}}, {arms}}}\n"
    seen = Seen(tmp_path, written(tmp_path, step))
    for page in seen.pages:
        assert "Arm full, for 2 in 3 couples" in page
        assert "Arm brief, for 1 in 3 couples" in page
    assert {file.parent.name for file in seen.folder.glob("outbox/arm-*/*")} <= {"arm-full", "arm-brief"}
    # Each of ten messages has the arm that was given and the one that was not.
    assert len([*seen.folder.glob("outbox/*.*"), *seen.folder.glob("outbox/arm-*/*.*")]) == 20


def test_an_arm_with_an_activity_of_its_own_is_shown_with_it(tmp_path: Path) -> None:
    arms = "variants: [{variant: drawn}, {variant: set, activity: affection-one-job-lifted}]"
    step = f"  - {{step: talk, days: [tuesday], template: exercise, draw: {{kind: exercise}}, {arms}}}\n"
    seen = Seen(tmp_path, written(tmp_path, step))
    bodies = [file.read_text(encoding="utf-8") for file in seen.folder.glob("gallery/mail/*.html")]
    assert len({body.count("One job lifted") > 0 for body in bodies}) == 2


@pytest.mark.parametrize(
    ("when", "said", "asks"),
    [
        ("couple.size == 2", "it does not hold here", False),
        ("partner.pulse is not none and partner.pulse < 3", "it does not hold here", True),
        ("couple.size < 3", "it holds here", False),
        ("partner.pulse < 3", "see below", True),
    ],
)
def test_a_condition_is_shown_with_what_came_of_it(tmp_path: Path, when: str, said: str, asks: bool) -> None:
    step = f"  - {{step: talk, days: [tuesday], template: prompt, draw: {{kind: conversation}}, when: '{when}'}}\n"
    seen = Seen(tmp_path, written(tmp_path, step))
    alone = seen.pages[2]
    assert f"Only when {when}: {said}." in alone
    assert ("nobody has said anything" in alone) is asks
    assert ("As it would read" in alone) is (said != "it holds here")
    assert alone.count("About ") + alone.count("minutes") > 0  # the message is there, whether or not it goes


def test_a_condition_that_cannot_be_worked_out_is_to_be_mended_and_its_message_shown(tmp_path: Path) -> None:
    step = (
        "  - {step: talk, days: [tuesday], template: prompt, draw: {kind: conversation}, when: 'partner.pulse < 3'}\n"
    )
    seen = Seen(tmp_path, written(tmp_path, step))
    ((wrong, number),) = seen.done.gallery.wrong.items()
    assert wrong.startswith("`when: partner.pulse < 3`: ")
    assert number == 10
    assert f"To mend: {wrong}" in seen.pages[0]
    assert len(list(seen.folder.glob("outbox/unsent/*.eml"))) == 8


def test_what_a_step_waits_for_is_said_with_the_latest_hour(tmp_path: Path) -> None:
    wait = "wait: {answers: talk, at_most: 2d}"
    step = f"  - {{step: read, days: [thursday], template: pulse, {wait}}}\n"
    seen = Seen(tmp_path, written(tmp_path, TALK + step))
    assert "Waits until both answers to talk are shown, for at most 2 days." in seen.pages[0]
    assert "19:00 Sat 7 Mar" in seen.pages[0]


def test_texts_say_what_they_cost_by_the_workspaces_own_prices(tmp_path: Path) -> None:
    (tmp_path / "rekindle.toml").write_text('[prices]\nsms = 0.01\nprefixes = {"+52" = 0.0567}\n')
    seen = Seen(tmp_path, written(tmp_path))
    parts = [int(each) for each in re.findall(r"(\d) parts?, GSM-7", seen.pages[1])]
    shown = re.findall(r"USD (0\.\d+)", seen.pages[1])
    assert shown == [price(each * 56_700, "USD").removeprefix("USD ") for each in parts]


@pytest.mark.parametrize(
    ("cost", "currency", "shown"),
    [(0, "USD", ""), (15_800, "", ""), (15_800, "USD", "USD 0.0158"), (500_000, "EUR", "EUR 0.50"),
     (12_000_000, "EUR", "EUR 12.00"), (1, "USD", "USD 0.000001")],
)  # fmt: skip
def test_a_price_loses_no_digit(cost: int, currency: str, shown: str) -> None:
    assert price(cost, currency) == shown


def test_a_template_that_is_broken_is_named_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "templates" / "email").mkdir(parents=True)
    file = tmp_path / "templates" / "email" / "prompt.html"
    file.write_text("<p>\n  {{ partner.given_name\n", encoding="utf-8")
    seen = Seen(tmp_path, written(tmp_path))
    (finding,) = seen.done.findings
    assert (finding.file, finding.line) == (str(file.resolve()), 3)
    assert any("email/prompt.html:3" in wrong for wrong in seen.done.gallery.wrong)
    assert seen.done.gallery.texts == 2  # whoever reads texts is shown theirs


def test_a_file_that_is_wrong_is_refused_with_line_and_column(tmp_path: Path) -> None:
    file = written(tmp_path, TALK.replace("tuesday", "tusday"))
    with pytest.raises(FindingsError, match=r"little.yaml:6:\d+  tusday is not a day"):
        Seen(tmp_path, file)


@pytest.mark.parametrize(
    ("asked", "what"),
    [({"week": 3}, "has no week 3"), ({"campaign": "nothing"}, "no campaign nothing")],
)
def test_what_does_not_exist_is_named(tmp_path: Path, asked: dict[str, Any], what: str) -> None:
    given = {"campaign": written(tmp_path), "start": MONDAY, **asked}
    with pytest.raises(NotFound, match=what):
        preview(load(tmp_path), Asked(**given), tmp_path / "out")


def test_a_folder_of_somebody_elses_is_never_cleared(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").touch()
    with pytest.raises(Refused, match="is not empty, and no preview made it"):
        begin(tmp_path / "mine", "preview")
    begin(tmp_path / "theirs", "demo")
    with pytest.raises(Refused):
        begin(tmp_path / "theirs", "preview")
    begin(tmp_path / "theirs", "demo")


def test_the_same_preview_is_written_again_byte_for_byte(tmp_path: Path) -> None:
    def digests() -> dict[str, str]:
        out = Seen(tmp_path, written(tmp_path)).folder
        return {str(each): hashlib.sha256(each.read_bytes()).hexdigest() for each in out.rglob("*") if each.is_file()}

    assert digests() == digests()


# Couples of a workspace


SHARED = "+12025550199"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with two couples, one of whom share a phone, and a campaign file in it."""
    folder = tmp_path / "ours"
    make(folder)
    written(folder / "campaigns")
    engine = build(load(folder), VirtualClock(datetime(2026, 3, 1, tzinfo=UTC)))
    with engine.database.begin() as connection:
        for ref, names in (("near", ("Ana", "Ben")), ("shared", ("Cleo", "Dov"))):
            people = [
                NewPartner(
                    name,
                    f"{name.lower()}@example.net",
                    SHARED if ref == "shared" else f"+1202555{place:04d}",
                    "Europe/Lisbon",
                    "es" if name == "Ben" else "en",
                    Channel.SMS if ref == "shared" else Channel.EMAIL,
                )
                for place, name in enumerate(names)
            ]
            couples.add(connection, engine.vault, ref, people, Consent("Yes.", "a test"), engine.clock.now())
    engine.enroll(engine.campaign("little"), date(2026, 2, 23), ["near"])
    engine.database.close()
    return folder


def drawn(folder: Path) -> list[str]:
    """The titles of what the couple that enrolled last was given."""
    engine = build(load(folder))
    campaign = engine.campaign("little")
    with engine.database.read() as connection:
        found = connection.execute(select(enrollments.c.draws).order_by(enrollments.c.id.desc())).scalars()
        draws = found.first()
    engine.database.close()
    return [campaign.activities[each].text("en").title for each in draws.values()]


def test_a_couple_is_shown_its_own_draws_from_its_own_start_in_its_own_language(workspace: Path) -> None:
    seen = Seen(workspace, "little", refs=["near"])
    (page,) = seen.pages
    assert "from Monday 23 February 2026" in page
    assert all(title in page for title in drawn(workspace))
    assert page.count("Ben") > 1
    mail = [file.read_text(encoding="utf-8") for file in sorted(seen.folder.glob("gallery/mail/*.html"))]
    assert sorted('lang="es"' in each for each in mail) == [False, False, True, True]


def test_what_was_drawn_anew_since_a_couple_enrolled_is_what_it_is_shown(workspace: Path) -> None:
    engine = build(load(workspace))
    with engine.database.begin() as connection:
        draws = connection.execute(select(enrollments.c.draws)).scalar_one()
        another = next(each for each in engine.campaign("little").activities if each not in draws.values())
        connection.execute(update(enrollments).values(draws=dict.fromkeys(draws, another)))
    engine.database.close()
    (page,) = Seen(workspace, "little", refs=["near"]).pages
    (title,) = set(drawn(workspace))
    assert page.count(title) >= 4


def test_a_couple_that_is_not_enrolled_is_shown_what_enrolling_would_give_it(workspace: Path) -> None:
    seen = Seen(workspace, "little", refs=["shared"])
    engine = build(load(workspace))
    engine.enroll(engine.campaign("little"), MONDAY, ["shared"])
    engine.database.close()
    assert all(title in seen.pages[0] for title in drawn(workspace))
    assert "Both partners share this address" in seen.pages[0]
    assert seen.done.gallery.unsent == 2


def test_no_address_of_a_couple_is_on_any_page_or_in_any_file(workspace: Path) -> None:
    seen = Seen(workspace, "little", refs=["near", "shared"])
    for page in seen.html:
        assert not ADDRESSES.search(page)
    for file in seen.folder.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert b"example.net" not in content
            assert SHARED.encode() not in content


def test_a_number_keeps_only_the_beginning_that_its_price_goes_by(workspace: Path) -> None:
    with (workspace / "rekindle.toml").open("a") as file:
        file.write('\n[prices]\nsms = 0.5\nprefixes = {"+1202" = 0.25}\n')
    seen = Seen(workspace, "little", refs=["shared"])
    (text, *_) = sorted(seen.folder.glob("outbox/*.txt"))
    to = re.search(r"^To: (.*)$", text.read_text(encoding="utf-8"), re.MULTILINE)
    assert to is not None
    assert to[1].startswith("+1202")
    assert "0199" not in to[1]
    assert "USD 0.25" in seen.pages[0] or "USD 0.50" in seen.pages[0]


def test_the_workspaces_database_is_not_touched(workspace: Path) -> None:
    file = workspace / "rekindle.sqlite3"
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    Seen(workspace, "little", refs=["near", "shared"])
    assert hashlib.sha256(file.read_bytes()).hexdigest() == before
    assert not any(workspace.glob("outbox/*"))


def test_a_couple_on_another_version_is_told_apart(workspace: Path) -> None:
    written(workspace / "campaigns", TALK.replace("tuesday", "wednesday"))
    seen = Seen(workspace, "little", refs=["near"])
    assert "near is on another version of this campaign" in seen.index
    assert "Wednesday" in seen.pages[0]


def test_a_couple_that_does_not_exist_is_named(workspace: Path) -> None:
    with pytest.raises(NotFound, match="There is no couple 'far'"):
        Seen(workspace, "little", refs=["near", "far"])


# The command


def run(*words: str) -> Any:
    return CliRunner().invoke(app, list(words))


def test_the_command_says_what_it_made(tmp_path: Path) -> None:
    done = run("-C", str(tmp_path), "preview", written(tmp_path), "--start", "2026-03-02", "--out", str(tmp_path / "o"))
    assert done.exit_code == 0
    assert "A little: 8 emails, 2 texts." in done.output
    assert str(tmp_path / "o" / "index.html") in done.output


def test_the_command_answers_a_program_in_json(tmp_path: Path) -> None:
    step = (
        "  - {step: talk, days: [tuesday], template: prompt, draw: {kind: conversation}, when: 'partner.pulse < 3'}\n"
    )
    out = str(tmp_path / "o")
    done = run("-C", str(tmp_path), "preview", written(tmp_path, step), "--start", "2026-03-02", "--out", out, "--json")
    assert done.exit_code == 1
    answer = json.loads(done.stdout)
    assert (answer["campaign"][-11:], answer["emails"], answer["unsent"]) == ("little.yaml", 0, 10)
    assert sum(answer["wrong"].values()) == 10


@pytest.mark.parametrize(
    "words",
    [("--couple", "a", "--couples", "3"), ("--watch", "--out", "x"), ("--watch", "--sheet"), ("--locale", "!"),
     ("--week", "0"), ("--couples", "1000")],
)  # fmt: skip
def test_the_command_refuses_what_cannot_be_meant(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert run("-C", str(tmp_path), "preview", written(tmp_path), *words).exit_code == 2


def test_a_sheet_without_a_browser_is_explained_and_the_gallery_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    out = tmp_path / "o"
    done = run("-C", str(tmp_path), "preview", written(tmp_path), "--start", "2026-03-02", "--sheet", "--out", str(out))
    assert done.exit_code == 1
    assert "none is on the PATH" in done.output
    assert "Install Chromium" in done.output
    assert (out / "index.html").is_file()
    assert (out / "gallery" / "sheet.html").is_file()


@pytest.mark.parametrize("said", [["--sheet"], ["--sheet", "all.png"], ["--sheet=all.png"]])
def test_a_sheet_is_a_png_of_every_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    if not any(shutil.which(name) for name in NAMES):
        pytest.skip("There is no Chromium.")
    monkeypatch.chdir(tmp_path)
    words = ["preview", *said, written(tmp_path), "--week", "1", "--start", "2026-03-02"]
    done = run(*words)
    assert done.exit_code == 0, done.output
    png = (tmp_path / ("all.png" if "all.png" in said[-1] else "rekindle-preview/sheet.png")).read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = int.from_bytes(png[16:20]), int.from_bytes(png[20:24])
    assert width > 600
    assert height > 700  # an email at half its size, its caption and the heading


def test_a_browser_that_fails_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / NAMES[0]
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(NoPicture, match="ended with 3"):
        take(tmp_path / "sheet.html", tmp_path / "sheet.png", 3)
