"""`make audit` passes only when a service that knows of vulnerabilities has answered and named none."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAMED = """echo '{"dependencies": [{"name": "jinja2", "vulns": [{"id": "CVE-2019-8341"}]}]}'; exit 1"""
UNREACHED = "echo 'ERROR: no such host' >&2; exit 1"
NOTHING = """echo '{"dependencies": [{"name": "jinja2", "vulns": []}]}'"""
LISTED = "echo 'Name Version ID'; exit 1"


@pytest.mark.parametrize(
    ("known", "lock", "code", "said"),
    [
        (NAMED, "exit 0", 0, "no vulnerability is known"),
        (NAMED, LISTED, 1, "Name Version ID"),
        (NAMED, UNREACHED, 2, "NOT AUDITED: 'pypi' did not answer for every package."),
        (UNREACHED, UNREACHED, 2, "ERROR: no such host"),
        (UNREACHED, "exit 0", 2, "To go on: "),
        (NOTHING, "exit 0", 2, "NOT AUDITED: 'pypi' does not name what is known of jinja2 2.4.1."),
    ],
    ids=["clean", "vulnerable", "half", "unreached", "gone at first", "knows nothing"],
)
def test_what_was_not_asked_does_not_pass(tmp_path: Path, known: str, lock: str, code: int, said: str) -> None:
    pip_audit = tmp_path / "pip-audit"
    pip_audit.write_text(f'#!/bin/sh\ncase "$*" in *--no-deps*) {known};; *) {lock};; esac\n', encoding="utf-8")
    pip_audit.chmod(0o755)
    plain = {name: value for name, value in os.environ.items() if name != "SERVICE"}
    done = subprocess.run(
        [ROOT / "deploy" / "audit.sh", pip_audit], capture_output=True, text=True, check=False, env=plain
    )
    assert done.returncode == code
    assert said in done.stdout + done.stderr
