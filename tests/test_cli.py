"""The command line: what each command does, and what it says when it is used wrongly."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from shell import Shell

from engine.app import build
from engine.hear import inbound
from engine.model.campaign import Channel
from engine.model.event import Inbound
from engine.model.reply import ReadAs
from engine.settings import load
from engine.store import replies

PEOPLE = """couple,given_name,email,phone,timezone,locale,channel,send_at,causes
rivera,Ana,ana@example.com,,Europe/Madrid,en,email,19:00,self-esteem
rivera,Ben,,+12025550123,America/New_York,en,sms,09:30,
"""


@pytest.fixture
def bare(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """An empty folder."""
    return Shell(tmp_path / "work", capsys, monkeypatch)


@pytest.fixture
def shell(bare: Shell, tmp_path: Path) -> Shell:
    """A workspace with one couple."""
    bare.run("init")
    (tmp_path / "people.csv").write_text(PEOPLE, encoding="utf-8")
    bare.run("couples", "import", str(tmp_path / "people.csv"), "--consent", "Yes to all of it")
    return bare


def test_init_makes_a_workspace_whose_keys_only_its_owner_can_read_and_again_changes_nothing(bare: Shell) -> None:
    assert "rekindle.key" in bare.run("init")
    before = (bare.folder / "rekindle.key").read_bytes()
    assert stat.S_IMODE((bare.folder / "rekindle.key").stat().st_mode) == 0o600
    assert "Everything is there" in bare.run("init")
    assert (bare.folder / "rekindle.key").read_bytes() == before


def test_importing_again_changes_nothing(shell: Shell, tmp_path: Path) -> None:
    said = shell.run("couples", "import", str(tmp_path / "people.csv"), "--consent", "Yes to all of it")
    assert "0 couples and 0 partners added, 2 unchanged" in said


def test_bad_rows_are_set_aside_and_the_exit_code_says_so(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "more.csv"
    file.write_text(PEOPLE.replace("rivera", "moss").replace("ana@", "a@").replace("Europe/Madrid", "Europe/Madrit"))
    said = shell.run("couples", "import", str(file), "--consent", "Yes", code=1)
    assert "rows of more.csv cannot go in" in said
    (rejects,) = tmp_path.glob("*rejects*")
    assert "Europe/Madrid" in rejects.read_text()


def test_a_couple_enrolls_once_and_its_schedule_is_in_each_partners_local_time(shell: Shell) -> None:
    assert "1 couple would be enrolled" in shell.run(
        "enroll", "eight-weeks", "--all", "--start", "2026-03-02", "--dry-run"
    )
    assert "1 couple enrolled" in shell.run("enroll", "eight-weeks", "--all", "--start", "2026-03-02")
    assert "0 couples enrolled" in shell.run("enroll", "eight-weeks", "--couple", "rivera", "--start", "2026-03-02")
    entries = shell.json("schedule", "--couple", "rivera", "--until", "2026-03-31")
    tuesdays = [(e["partner"], e["local_time"]) for e in entries if e["step"] == "talk"]
    assert ("Ana", "2026-03-03T19:00:00+01:00") in tuesdays
    assert ("Ana", "2026-03-31T19:00:00+02:00") in tuesdays  # nineteen o'clock still, after the change
    assert ("Ben", "2026-03-03T09:30:00-05:00") in tuesdays
    assert ("Ben", "2026-03-10T09:30:00-04:00") in tuesdays
    sundays = {e["local_time"][11:16]: e["moved_because"] for e in entries if e["step"] == "pulse"}  # type: ignore[index]
    assert sundays == {"19:00": None, "12:00": "window"}


def test_only_couples_for_whom_the_expression_holds_are_enrolled(shell: Shell) -> None:
    nobody = ("enroll", "eight-weeks", "--where", "couple.size == 1", "--start", "2026-03-02")
    assert "0 couples enrolled" in shell.run(*nobody)
    asked = "'self-esteem' in couple.causes and 'Europe/Madrid' in couple.timezones"
    assert "1 couple enrolled" in shell.run("enroll", "eight-weeks", "--where", asked, "--start", "2026-03-02")


def test_a_dry_tick_says_what_it_would_take_up_and_does_nothing(shell: Shell) -> None:
    shell.run("enroll", "eight-weeks", "--all", "--start", "2026-03-02")
    for _ in range(2):
        assert "1 steps have fallen due" in shell.run("tick", "--dry-run", "--now", "2026-03-02T08:00:00Z")
    assert "No deliveries yet" in shell.run("deliveries", "list")


def test_ticks_send_what_is_due_and_the_database_says_what_became_of_it(shell: Shell) -> None:
    shell.run("enroll", "eight-weeks", "--all", "--start", "2026-03-02")
    assert "Planned 1, sent 1" in shell.run("tick", "--now", "2026-03-02T08:00:00Z")
    assert "Planned 0, sent 0" in shell.run("tick", "--now", "2026-03-02T08:00:00Z")
    (sent,) = shell.json("deliveries", "list")
    assert (sent["partner"], sent["status"], sent["local_time"]) == ("Ana", "sent", "2026-03-02T09:00:00+01:00")
    mail = (shell.folder / "outbox" / f"{sent['id']:06d}.eml").read_text()
    assert "To: ana@example.com" in mail
    assert "The transport accepted it." in shell.run("deliveries", "show", str(sent["id"]))


def test_a_paused_partner_gets_nothing_and_the_other_still_does(shell: Shell) -> None:
    shell.run("enroll", "eight-weeks", "--all", "--start", "2026-03-02")
    shell.run("couples", "pause", "rivera", "--partner", "1")
    shell.run("tick", "--now", "2026-03-02T15:00:00Z")
    became = {line["partner"]: (line["status"], line["reason"]) for line in shell.json("deliveries", "list")}
    assert became == {"Ana": ("skipped", "paused"), "Ben": ("sent", None)}
    assert "Partner 1 of couple rivera is resumed" in shell.run("couples", "resume", "rivera", "--partner", "1")


def test_what_a_partner_said_of_themselves_can_be_changed_and_what_is_to_come_follows(shell: Shell) -> None:
    shell.run("enroll", "eight-weeks", "--all", "--start", "2099-03-02")
    wish = ("couples", "change", "rivera", "--partner", "1", "--days", "wed,sun", "--between", "13:00-20:00")
    assert "Partner 1 of couple rivera would be changed: days, between." in shell.run(*wish, "--dry-run")
    assert "Partner 1 of couple rivera is changed: days, between." in shell.run(*wish)
    assert "is like that already" in shell.run(*wish)
    shell.run("couples", "change", "rivera", "--partner", "1", "--send-at", "15:30", "--timezone", "Asia/Tokyo")
    entries = [entry for entry in shell.json("schedule", "--couple", "rivera") if entry["partner"] == "Ana"]
    talks = {(entry["local_time"][16:], entry["moved_because"]) for entry in entries if entry["step"] == "talk"}  # type: ignore[index]
    assert talks == {(":00+09:00", "own_days")}
    assert {entry["local_time"][11:16] for entry in entries if entry["step"] == "talk"} == {"15:30"}  # type: ignore[index]
    assert "does not want messages on that day" in " ".join(shell.run("schedule", "--couple", "rivera").split())


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ((), "Nothing is to change"),
        (("--between", "noon"), "are no hours"),
        (("--days", "blursday"), "no weekday"),
        (("--channel", "sms"), "no phone number"),
        (("--between", "21:00-23:00"), "nothing could ever be sent"),
    ],
)
def test_a_change_that_cannot_be_made_is_refused(shell: Shell, wish: tuple[str, ...], said: str) -> None:
    assert said in " ".join(shell.run("couples", "change", "rivera", "--partner", "1", *wish, code=2).split())


def test_a_stopped_couple_gets_nothing_more(shell: Shell) -> None:
    shell.run("enroll", "eight-weeks", "--all", "--start", "2026-03-02")
    assert "would be stopped in 1 campaign" in shell.run("couples", "stop", "rivera", "--dry-run")
    assert "is stopped in 1 campaign" in shell.run("couples", "stop", "rivera")
    assert "Planned 0, sent 0, skipped 0" in shell.run("tick", "--now", "2026-03-10T15:00:00Z")
    assert "Nothing is to come" in shell.run("schedule")


def test_addresses_are_masked_when_a_couple_is_shown(shell: Shell) -> None:
    said = shell.run("couples", "show", "rivera") + shell.run("couples", "show", "rivera", "--json")
    assert "a…@example.com" in said
    assert "ana@example.com" not in said
    assert "2025550123" not in said


def test_a_couple_is_shown_with_when_each_wants_to_be_reached_and_who_is_paused(shell: Shell) -> None:
    shell.run("couples", "change", "rivera", "--partner", "1", "--days", "tue,fri", "--between", "10:00-20:00")
    shell.run("couples", "pause", "rivera", "--partner", "2", "--until", "2999-01-01")
    (shown,) = shell.json("couples", "show", "rivera")
    wills = [(one["days"], one["hours"], one["state"]) for one in shown["partners"]]  # type: ignore[attr-defined]
    assert wills == [("Tue, Fri", "10:00–20:00", ""), ("any day", "", "paused")]
    assert "partner 2 paused" in shell.run("couples", "list")


def test_a_couple_is_shown_with_what_comes_and_why(shell: Shell) -> None:
    assert "What comes and why" not in shell.run("couples", "show", "rivera")
    shell.run("enroll", "eight-weeks", "--all", "--start", "2026-03-02")
    shell.run("tick", "--now", "2026-03-04T09:00:00Z")
    said = shell.run("couples", "show", "rivera")
    (shown,) = shell.json("couples", "show", "rivera")
    draws = shown["draws"]
    assert [(draw["day"], draw["step"]) for draw in draws][:2] == [("2026-03-03", "talk"), ("2026-03-06", "try")]  # type: ignore
    assert [draw["come"] for draw in draws] == [True] + [False] * 15  # type: ignore[attr-defined]
    assert all(draw["choice"]["suiting"] for draw in draws)  # type: ignore[attr-defined]
    assert "that suit it" in said
    assert {draw["activity"] in said for draw in draws[:5]} == {True}  # type: ignore[index]


def test_a_second_partner_joins_a_couple_of_one(shell: Shell) -> None:
    one = ("couples", "add", "solo", "--timezone", "Asia/Kolkata", "--consent", "Yes")
    assert "partner 1 of couple solo" in shell.run(*one, "--name", "Noor", "--email", "noor@example.org")
    assert "partner 2 of couple solo" in shell.run(*one, "--name", "Sam", "--phone", "+447700900123")
    assert "already has two partners" in shell.run(*one, "--name", "X", "--email", "x@example.org", code=2)


def test_a_partner_who_joins_later_comes_in_at_the_next_step(shell: Shell) -> None:
    one = ("couples", "add", "solo", "--timezone", "Asia/Kolkata", "--consent", "Yes")
    shell.run(*one, "--name", "Noor", "--email", "noor@example.org")
    shell.run("enroll", "eight-weeks", "--couple", "solo", "--start", "2099-03-02")
    shell.run(*one, "--name", "Sam", "--email", "sam@example.org")
    entries = shell.json("schedule", "--couple", "solo")
    assert {entry["partner"] for entry in entries if entry["step"] == "welcome"} == {"Noor", "Sam"}


def test_the_schema_printed_is_json(shell: Shell) -> None:
    assert "properties" in json.loads(shell.run("schema", "strategy"))


def test_transports_say_which_channel_they_carry(shell: Shell) -> None:
    assert {"transport": "outbox", "channels": ["email", "sms", "whatsapp"]} in shell.json("transports", "list")


def test_a_trial_that_sends_nothing_says_so_to_programs_too(shell: Shell) -> None:
    (said,) = shell.json("transports", "send-test", "outbox", "ana@example.org", "--dry-run")
    assert said == {"transport": "outbox", "channel": "email", "dry_run": True}


def test_no_doubts_are_not_no_deliveries(shell: Shell) -> None:
    assert "No deliveries with the status in_doubt." in shell.run("deliveries", "list", "--status", "in_doubt")


def test_an_estimate_without_prices_says_that_it_has_none(shell: Shell) -> None:
    shell.run("enroll", "eight-weeks", "--all", "--start", "2099-03-02")
    assert "No price is known" in shell.run("schedule", "--cost")
    with (shell.folder / "rekindle.toml").open("a") as file:
        file.write("\n[prices]\nsms = 0.01\n")
    assert "No price is known" not in shell.run("schedule", "--cost")


def test_a_simulation_needs_no_workspace(bare: Shell) -> None:
    lines = bare.json("simulate", "date-nights", "--start", "2026-03-02", "--couples", "2", "--seed", "7")
    assert lines
    assert list(lines[0]) == [
        "couple", "partner", "campaign", "week", "step", "activity", "strategy", "channel", "variant", "due_at",
        "local_time", "timezone", "status", "reason",
    ]  # fmt: skip
    assert not bare.folder.exists()


WRONG = [
    (("couples", "show", "nobody"), 2, "There is no couple 'nobody'.", "rekindle couples list"),
    (("couples", "import", "nowhere.csv", "--consent", "Yes"), 2, "nowhere.csv", ""),
    (("enroll", "eight-weeks", "--start", "2026-03-02"), 2, "--couple NAME", "--all"),
    (("enroll", "eigth-weeks", "--all", "--start", "2026-03-02"), 2, "eigth-weeks", "eight-weeks"),
    (("enroll", "eight-weeks", "--all", "--start", "02/03/2026"), 2, "is not a date", "2026-03-02"),
    (("tick", "--now", "2026-03-02T09:00:00"), 2, "no UTC offset", "2026-03-02T09:00:00Z"),
    (("enroll", "eight-weeks", "--couple", "nobody", "--start", "2026-03-02"), 2, "There is no couple 'nobody'.", ""),
    (("enroll", "eight-weeks", "--where", "couple.", "--start", "2026-03-02"), 2, "expected name", ""),
    (("enroll", "eight-weeks", "--where", "couple.sze == 1", "--start", "2026-03-02"), 2, "sze", ""),
    (("deliveries", "show", "99"), 2, "There is no delivery 99.", "rekindle deliveries list"),
    (("deliveries", "list", "--status", "gone"), 2, "gone", "in_doubt"),
    (("simulate", "nothing", "--start", "2026-03-02"), 2, "nothing", ""),
    (("simulate", "eight-weeks", "--start", "2026-03-02", "--couples", "missing.csv"), 2, "missing.csv", ""),
    (("schema", "campain"), 2, "campain", "campaign"),
    (("check", "missing.yaml"), 2, "missing.yaml", ""),
    (("schedule", "--couple", "nobody"), 2, "There is no couple 'nobody'.", ""),
    (
        ("couples", "add", "x", "--name", "X", "--timezone", "Europe/Paris", "--consent", "Yes"),
        2,
        "neither an email",
        "",
    ),
]


@pytest.mark.parametrize(
    ("words", "code", "says", "mends"),
    WRONG,
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else "",
)
def test_wrong_use_is_explained_to_a_newcomer(
    shell: Shell, words: tuple[str, ...], code: int, says: str, mends: str
) -> None:
    said = shell.run(*words, code=code)
    assert says in said
    assert mends in said
    assert "Traceback" not in said


def test_a_pause_that_would_be_over_already_is_refused(shell: Shell) -> None:
    assert "has begun already" in shell.run("couples", "pause", "rivera", "--until", "2020-01-01", code=2)


def test_options_for_a_transport_that_does_not_exist_are_an_error(shell: Shell) -> None:
    settings = shell.folder / "rekindle.toml"
    settings.write_text(settings.read_text().replace("[transports.outbox]", "[transports.outbxo]"), encoding="utf-8")
    assert "Did you mean `outbox`?" in shell.run("tick", code=2)


def test_a_folder_that_is_no_workspace_says_what_to_run(bare: Shell) -> None:
    bare.folder.mkdir()
    said = bare.run("couples", "list", code=1)
    assert "rekindle init" in said


def test_a_lost_key_file_is_named(shell: Shell) -> None:
    (shell.folder / "rekindle.key").unlink()
    assert "key file" in shell.run("couples", "list", code=2)


def test_run_ends_on_sigterm_and_a_second_one_on_the_same_file_is_refused(shell: Shell) -> None:
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "REKINDLE_WEB__PORT": "0"}
    command = [sys.executable, "-m", "cli", "-C", str(shell.folder), "run"]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert first.stdout is not None
        assert "Looking for what is due" in first.stdout.readline()
        waited = 0.0
        while not (shell.folder / "rekindle.sqlite3.run").exists() and waited < 10:
            time.sleep(0.02)
            waited += 0.02
        assert "already running" in shell.run("run", code=2)
    finally:
        first.send_signal(signal.SIGTERM)
        out, err = first.communicate(timeout=20)
    assert first.returncode == 0, err
    assert "Stopped. Everything that was handed over is recorded." in out


def test_help_starts_without_loading_anything_heavy() -> None:
    code = "import sys, cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"sqlalchemy", "jinja2", "pydantic", "apscheduler", "phonenumbers", "cryptography", "rich.table"}
    assert heavy & set(done.stdout.split()) == set()


def test_lost_keys_are_not_replaced_while_couples_are_sealed_with_them(shell: Shell) -> None:
    """New keys open none of the addresses: every delivery would fail for good."""
    (shell.folder / "rekindle.key").unlink()
    assert "Restore it from its copy" in shell.run("init", code=2)
    assert not (shell.folder / "rekindle.key").exists()


def test_adding_a_person_twice_does_not_make_them_their_own_partner(shell: Shell) -> None:
    ana = ("couples", "add", "solo", "--name", "Ana", "--email", "a@example.com", "--timezone", "UTC", "--consent", "y")
    shell.run(*ana)
    assert "is in couple 'solo' already" in shell.run(*ana, code=2)


@pytest.mark.parametrize("words", [("enroll", "eight-weeks", "--start", "2026-03-02"), ("deliveries", "list")])
def test_a_misspelt_couple_is_an_error(shell: Shell, words: tuple[str, ...]) -> None:
    assert "no couple 'rivvera'" in shell.run(*words, "--couple", "rivvera", code=2)


@pytest.mark.parametrize("start", ["0206-03-02", "9999-12-31"])
def test_a_year_that_must_be_a_slip_is_refused(shell: Shell, start: str) -> None:
    assert "write the year as in" in shell.run("enroll", "eight-weeks", "--all", "--start", start, code=2)


@pytest.mark.parametrize("words", [("init",), ("demo", "--out")])
def test_a_file_where_a_folder_should_be_is_named(shell: Shell, words: tuple[str, ...]) -> None:
    there = str(shell.folder / "rekindle.toml")
    assert there in shell.run(*words, there, code=2)


def test_a_file_that_is_no_database_is_named_as_damaged(shell: Shell) -> None:
    (shell.folder / "rekindle.sqlite3").write_text("junk, and quite long enough to be read as a header " * 40)
    assert "Restore it from a backup" in shell.run("couples", "list", code=1)


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ("", ["public_url", "sender.email", "postal_address"]),
        ('public_url = "http://nudge.test"\n[sender]\nemail = "a@nudge.test"\npostal_address = "1 Road"\n', ["https"]),
        ('public_url = "https://nudge.test"\n[sender]\nemail = "a@nudge.test"\npostal_address = "1 Road"\n', []),
    ],
)
def test_a_check_says_what_is_still_the_example(tmp_path: Path, settings: str, wrong: list[str]) -> None:
    from engine.deliver.trial import look_at_workspace
    from engine.parts import sender_of
    from engine.settings import load

    (tmp_path / "rekindle.toml").write_text(settings)
    loaded = load(tmp_path)
    findings = look_at_workspace(loaded.public_url, sender_of(loaded))
    assert [each.good for each in findings] == ([False] * len(wrong) or [True])
    assert all(word in each.what for word, each in zip(wrong, findings, strict=False))


def text(shell: Shell, phone: str, words: str) -> None:
    """Somebody texts the workspace."""
    engine = build(load(shell.folder))
    now = engine.clock.now()
    with engine.database.begin() as connection:
        wrote = Inbound("twilio", words, now, Channel.SMS, phone, words)
        inbound.take(connection, engine.texting, wrote, "twilio", now)
    engine.database.close()


def test_replies_are_listed_without_their_words_opened_one_by_one_and_taken_off_the_list(shell: Shell) -> None:
    assert "No replies to look at" in shell.run("replies", "list")
    text(shell, "+12025550123", "When does it\x1b[2J begin?")
    text(shell, "+12025550188", "Who is this?")
    listed = shell.run("replies", "list")
    assert "rivera" in listed
    assert "nobody's number" in listed
    assert "begin" not in listed
    whose = [(each["couple"], each["partner"]) for each in shell.json("replies", "list")]
    assert whose == [("rivera", 2), (None, None)]
    opened = shell.run("replies", "show", "1")
    assert opened.index("What follows is private") < opened.index("When does it")
    assert "\x1b" not in opened
    (shown,) = shell.json("replies", "show", "1")
    assert (shown["read_as"], shown["text"]) == ("kept", "When does it\x1b[2J begin?")
    assert "off the list." in shell.run("replies", "seen", "1")
    assert "already" in shell.run("replies", "seen", "1")
    assert [each["id"] for each in shell.json("replies", "list")] == [2]
    assert [each["id"] for each in shell.json("replies", "list", "--all", "--limit", "1")] == [1]
    assert "There are more: --after 1" in shell.run("replies", "list", "--all", "--limit", "1")
    assert [each["id"] for each in shell.json("replies", "list", "--all", "--after", "1")] == [2]
    for command in ("show", "seen"):
        assert "There is no reply 9" in shell.run("replies", command, "9", code=2)


def test_alerts_are_listed_without_their_words_opened_one_by_one_and_taken_off_the_list(shell: Shell) -> None:
    assert "No alerts wait" in shell.run("alerts", "list")
    text(shell, "+12025550123", "I want to kill myself")
    listed = shell.run("alerts", "list")
    assert "rivera" in listed
    assert "kill" not in listed
    (alert,) = shell.json("alerts", "list")
    assert (alert["id"], alert["couple"], alert["partner"], alert["kind"]) == (1, "rivera", 2, "self-harm")
    opened = shell.run("alerts", "show", "1")
    assert opened.index("What follows is private") < opened.index("I want to kill myself")
    assert shell.json("alerts", "show", "1")[0]["text"] == "I want to kill myself"
    assert "off the list." in shell.run("alerts", "seen", "1")
    assert "already" in shell.run("alerts", "seen", "1")
    assert shell.json("alerts", "list") == []
    assert len(shell.json("alerts", "list", "--all")) == 1
    for command in ("show", "seen"):
        assert "There is no alert 9" in shell.run("alerts", command, "9", code=2)


def test_an_answer_is_not_the_operators_to_read(shell: Shell) -> None:
    engine = build(load(shell.folder))
    now = engine.clock.now()
    with engine.database.begin() as connection:
        wrote = Inbound("twilio", "k", now, Channel.SMS, "+12025550123", "The mornings.")
        replies.keep(connection, engine.vault, wrote, 2, None, ReadAs.ANSWER)
    engine.database.close()
    assert shell.json("replies", "list", "--all") == []
    assert "There is no reply 1 to look at" in shell.run("replies", "show", "1", code=2)
