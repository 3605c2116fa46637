"""The command line as an operator has it: a folder, and commands run in it, in this process."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

import cli


class Shell:
    """A workspace and a way to run commands in it. `rekindle init` is left to whoever wants one."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def said(self, *words: str, code: int = 0) -> tuple[str, str]:
        """What a command said on standard output and on standard error; it must end with `code`."""
        self._monkeypatch.setattr(sys, "argv", ["rekindle", "-C", str(self.folder), *words])
        ended = 0
        try:
            cli.main()
        except SystemExit as exit_:
            ended = int(exit_.code or 0)
        said = self._capsys.readouterr()
        assert ended == code, said.out + said.err
        return said.out, said.err

    def run(self, *words: str, code: int = 0) -> str:
        """What a command said, on both streams; it must end with `code`."""
        return "".join(self.said(*words, code=code))

    def json(self, *words: str) -> list[dict[str, Any]]:
        """What a command said, as JSON lines."""
        return [json.loads(line) for line in self.run(*words, "--json").splitlines()]
