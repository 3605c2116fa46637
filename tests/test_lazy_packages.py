"""Packages load lazily: who only sends by SMTP never pays for other providers' packages, or for the web's."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "twilio",
    "sendgrid",
    "aiohttp",
    "fastapi",
    "starlette",
    "uvicorn",
    "apscheduler",
    "procrastinate",
    "psycopg",
    "uvloop",
    "dkim",
    "babel",
)

PROGRAM = """
import sys, cli
sys.argv = ["rekindle", *sys.argv[1:]]
try:
    cli.main()
except SystemExit as ended:
    assert not ended.code, ended.code
print("LOADED", *({name.partition(".")[0] for name in sys.modules} & set(%r)))
"""

FOR_OTHERS = (
    "apscheduler", "typer", "rich", "yaml", "phonenumbers", "fastapi", "aiohttp", "engine.console",
    "engine.define.load", "engine.enroll.reception", "engine.enroll.enrollment", "engine.hear.inbound", "engine.web",
)  # fmt: skip
"""What files, sign-ups, texts, the command line and the ticker of one process need, and a worker does not."""

WORKER = """
import asyncio, sys
from pathlib import Path
from engine.app import build
from engine.settings import load
import engine.run.worker
asyncio.run(build(load(Path(sys.argv[1]))).tick())
print(*(set(sys.modules) & set(%r)))
"""

SETTINGS = """
[channels]
email = "smtp"
sms = "outbox"
[transports.smtp]
host = "relay.example"
[transports.twilio]
account_sid = "AC00000000000000000000000000000000"
auth_token = "x"
sender = "+15550100"
[transports.sendgrid]
api_key = "x"
"""


def loaded(folder: Path, *words: str) -> set[str]:
    """Which of the heavy packages a command in a workspace has loaded when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM % (HEAVY,), "-C", str(folder), *words],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split()[1:])


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that was made without any of them."""
    folder = tmp_path_factory.mktemp("workspace")
    assert loaded(folder, "init") == set()
    return folder


@pytest.mark.parametrize("described", [False, True], ids=["smtp alone", "others described but unused"])
@pytest.mark.parametrize("words", [("tick",), ("schedule", "--cost"), ("deliveries", "list"), ("transports", "list")])
def test_a_process_that_only_sends_by_smtp_loads_no_other_providers_package(
    workspace: Path, words: tuple[str, ...], described: bool
) -> None:
    text = SETTINGS if described else SETTINGS.partition("[transports.twilio]")[0]
    (workspace / "rekindle.toml").write_text(text, encoding="utf-8")
    assert loaded(workspace, *words) == set()


def test_a_worker_loads_nothing_that_only_others_need(workspace: Path) -> None:
    """What a worker and a pass of its engine load holds nothing of sign-ups, texts, files or the command line."""
    (workspace / "rekindle.toml").write_text(SETTINGS.partition("[transports.twilio]")[0], encoding="utf-8")
    command = [sys.executable, "-c", WORKER % (FOR_OTHERS,), str(workspace)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""


@pytest.mark.parametrize(
    ("arguments", "whole"),
    [
        (["worker"], False),
        (["-C", "there", "worker", "--processes", "2"], False),
        (["--workspace=there", "worker"], False),
        (["--version", "worker"], True),
        (["-C", "worker", "tick"], True),
        (["-C"], True),
        ([], True),
    ],
    ids=str,
)
def test_a_worker_keeps_no_other_command_in_memory(arguments: list[str], whole: bool) -> None:
    program = "import sys; from engine.console.root import for_these; for_these(sys.argv[1:])"
    asked = f"{program}; print('engine.console.couples' in sys.modules, 'engine.console.worker' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", asked, *arguments], capture_output=True, text=True, check=True).stdout
    assert said.split() == [str(whole), "True"]
