"""What comes to the same for every test, done once a process: files that were read, compiled templates and statements,
an empty database.

Nothing but time is saved by it. The engine itself keeps such things for as long as it lives; tests make thousands.
"""

from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.util import LRUCache

from engine.define import reader
from engine.render.sandbox import Sandbox
from engine.store import database as database_module
from engine.store.database import open_database
from engine.store.migrate import upgrade

_statements: Any = LRUCache(1000)
_dialects: dict[str, Any] = {}
_create_engine = database_module.create_engine
_compile = Sandbox.compile
_FILTERS = Sandbox(None, html=False).filters.keys() | {"named"}
_templates: dict[tuple[Any, ...], tuple[Any, set[str]]] = {}


def remember() -> None:
    """From now on, in this process."""
    database_module.create_engine = _creating  # type: ignore[assignment]
    Sandbox.compile = _compiled  # type: ignore[method-assign, assignment]
    reader.parse = lru_cache(maxsize=500)(reader.parse)  # the shipped files, mostly


def _creating(url: str, **given: Any) -> Engine:
    made = _create_engine(url, **given)
    made.dialect = _dialects.setdefault(made.dialect.name, made.dialect)
    made.update_execution_options(compiled_cache=_statements)
    return made


def _compiled(self: Sandbox, source: Any, name: Any = None, filename: Any = None, **given: Any) -> Any:
    """Sandboxes of one kind differ in nothing but the words that their templates use, which is said again.

    Those with filters of their own do: what is constant is worked out when a template is compiled.
    """
    if given or not isinstance(source, str) or self.filters.keys() - _FILTERS:
        return _compile(self, source, name, filename, **given)
    key = type(self), self.html, tuple(self.filters), source, name, filename
    if key not in _templates:
        before = set(self._words)
        self._words.clear()
        try:
            _templates[key] = _compile(self, source, name, filename), set(self._words)
        finally:
            self._words |= before
    made, words = _templates[key]
    self._words |= words
    return made


@cache
def empty() -> bytes:
    """An SQLite database that is set up and holds nothing, as the bytes of its file."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "empty.sqlite3"
        database = open_database(f"sqlite:///{file}")
        upgrade(database)
        database.close()
        return file.read_bytes()
