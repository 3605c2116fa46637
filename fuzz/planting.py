"""Loads the engine with a bug in it: its source is edited on the way in, and nothing on the disk."""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from fuzz.planted import Bug, Edit

ENGINE = Path(__file__).parents[1] / "engine"


class Unfit(Exception):
    """An edit's piece is not there once: the engine has changed under it."""


def edited(source: str, edits: Sequence[Edit]) -> str:
    """The source with the edits in it. Unfit when one does not fit."""
    for file, old, new in edits:
        if source.count(old) != 1:
            raise Unfit(f"{file} has {source.count(old)} of {old!r}")
        source = source.replace(old, new)
    return source


def edits_by_file(bug: Bug) -> dict[Path, list[Edit]]:
    """The bug's edits, by the file that each is of."""
    found: dict[Path, list[Edit]] = {}
    for edit in bug.edits:
        found.setdefault(ENGINE / edit[0], []).append(edit)
    return found


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, edits: Sequence[Edit]) -> None:
        super().__init__(name, path)
        self._edits = edits

    def get_code(self, fullname: str) -> CodeType:
        source = Path(self.path).read_text(encoding="utf-8")
        return compile(edited(source, self._edits), self.path, "exec")


class _Finder(MetaPathFinder):
    def __init__(self, bug: Bug) -> None:
        self._edits = edits_by_file(bug)

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path) if name.startswith("engine.") else None
        edits = self._edits.get(Path(spec.origin)) if spec is not None and spec.origin else None
        if spec is None or not edits or not spec.origin:
            return None
        spec.loader = _Loader(name, spec.origin, edits)
        return spec


def plant(bug: Bug) -> None:
    """From now on this process imports the engine with the bug in it. RuntimeError when it has it without already."""
    if any(name.startswith("engine.") for name in sys.modules):
        raise RuntimeError("The engine is here already.")
    sys.meta_path.insert(0, _Finder(bug))
