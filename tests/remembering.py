"""What comes to the same for every test, done once a process: files that were read, compiled templates and statements,
what ships of campaigns and of templates as it is composed, an empty database, the tree of commands.

Nothing but time is saved by it. The engine itself keeps such things for as long as it lives; tests make thousands.
"""

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import typer.main
from alembic import command
from jinja2 import nodes
from sqlalchemy import Connection, Engine, event
from sqlalchemy.util import LRUCache

from engine.define import library, load, reader
from engine.files import toml, toml_text
from engine.model.campaign import Campaign
from engine.model.sender import Sender
from engine.render import catalogue, compose, consent, markdown, shelf, spec_variables
from engine.render.pages import WEB, Pages
from engine.render.sandbox import Sandbox
from engine.render.shelf import Shelf
from engine.render.specialise import Template
from engine.shipped import shipped
from engine.store import database as database_module
from engine.store.database import open_database
from engine.store.migrate import upgrade
from engine.web import screen
from engine.web.operator import board

_statements: Any = LRUCache(1_000)
_dialects: dict[str, Any] = {}
_create_engine = database_module.create_engine
_compile = Sandbox.compile
_parse = Sandbox.parse
_undeclared = spec_variables._undeclared
_upgrade = command.upgrade
# Of what ships there are some hundreds, in a few kinds; what hypothesis makes up comes once.
_templates: Any = LRUCache(2_000)
_trees: Any = LRUCache(2_000)
_free: Any = LRUCache(2_000)
_shelves = threading.local()  # a sandbox is for one thread
_composed: Any = LRUCache(1_000)
_SHIPPED = (shipped("templates").resolve(),)
_SHIPPED_CAMPAIGNS = (shipped("campaigns").resolve(),)
_load_library = library.load_library
_load_campaign = load.load_campaign
_toml = lru_cache(maxsize=200)(toml)  # whoever asks reads in it and changes nothing


def remember() -> None:
    """From now on, in this process."""
    database_module.create_engine = _creating  # type: ignore[assignment]
    Sandbox.compile = _compiled  # type: ignore[method-assign, assignment]
    Sandbox.parse = _parsed  # type: ignore[method-assign, assignment]
    spec_variables._undeclared = _free_of
    command.upgrade = _upgraded  # type: ignore[assignment]
    compose.Shelf = _shelf_of  # type: ignore[misc, assignment]
    compose.Template = _template_of  # type: ignore[misc, assignment]
    screen.Pages = board.Pages = _pages_of  # type: ignore[misc, assignment]
    typer.main.get_command = cache(typer.main.get_command)  # type: ignore[assignment]
    reader.parse = lru_cache(maxsize=500)(reader.parse)  # the shipped files, mostly
    load.load_library = _library_of
    load.load_campaign = _campaign_of
    catalogue.toml = _toml
    consent.toml_file = lambda file: _toml(toml_text(file))
    shelf.inline = markdown.inline = lru_cache(maxsize=500)(markdown.inline)  # type: ignore[attr-defined]
    markdown.plain = lru_cache(maxsize=1_000)(markdown.plain)
    markdown.html = lru_cache(maxsize=1_000)(markdown.html)


def _creating(url: str, **given: Any) -> Engine:
    made = _create_engine(url, **given)
    if made.dialect.name in _dialects:
        made.dialect = _dialects[made.dialect.name]
    else:
        event.listen(made, "engine_connect", _known)  # it has asked then what its server is like
    made.update_execution_options(compiled_cache=_statements)
    return made


def _known(connection: Connection) -> None:
    _dialects.setdefault(connection.dialect.name, connection.dialect)


def _compiled(self: Sandbox, source: Any, name: Any = None, filename: Any = None, **given: Any) -> Any:
    """Sandboxes of one kind differ in nothing but the words that their templates use, which is said again: filters,
    even if they differ, are looked up when a template is rendered, and nothing is worked out before.
    """
    if given or not isinstance(source, str):
        return _compile(self, source, name, filename, **given)
    key = type(self), self.html, tuple(self.filters), tuple(self.tests), source, name, filename
    found = _templates.get(key)
    if found is None:
        before = set(self._words)
        self._words.clear()
        try:
            found = _templates[key] = _compile(self, source, name, filename), set(self._words)
        finally:
            self._words |= before
    made, words = found
    self._words |= words
    return made


def _parsed(self: Sandbox, source: Any, name: Any = None, filename: Any = None) -> Any:
    """For lint, which only reads it."""
    key = self.html, source, name, filename
    tree = _trees.get(key)
    if tree is None:
        tree = _trees[key] = _parse(self, source, name, filename)
    return tree


def _free_of(env: Any, tree: nodes.Template) -> set[str]:
    free: set[str] | None = _free.get(tree)
    if free is None:
        free = _free[tree] = _undeclared(env, tree)
    return free


def _library_of(folders: Sequence[Path]) -> library.Library:
    return _shipped_library() if tuple(folders) == _SHIPPED_CAMPAIGNS else _load_library(folders)


@cache
def _shipped_library() -> library.Library:
    return _load_library(_SHIPPED_CAMPAIGNS)


def _campaign_of(file: Path, strategies: library.Library) -> Campaign:
    ours = file.parent in _SHIPPED_CAMPAIGNS and strategies is _shipped_library()
    return _shipped_campaign(file) if ours else _load_campaign(file, strategies)


@cache
def _shipped_campaign(file: Path) -> Campaign:
    return _load_campaign(file, _shipped_library())


def _shelf_of(folders: Sequence[Path]) -> Shelf:
    """Engines that write with what ships, and with nothing of their own, have one shelf of it in each thread."""
    if tuple(folders) != _SHIPPED:
        return Shelf(folders)
    if not hasattr(_shelves, "shipped"):
        _shelves.shipped = Shelf(folders)
    found: Shelf = _shelves.shipped
    return found


def _template_of(sandbox: Sandbox, name: str, constants: Mapping[str, object], *, traces: int) -> Template:
    """One of such a shelf, and the paths through it that were traced, for the same constants."""
    ours = getattr(_shelves, "shipped", None)
    if ours is None or sandbox not in ours._sandboxes.values():
        return Template(sandbox, name, constants, traces=traces)
    key = sandbox, name, tuple(constants.items()), traces
    found: Template | None = _composed.get(key)
    if found is None:
        found = _composed[key] = Template(sandbox, name, constants, traces=traces)
    return found


def _pages_of(folders: Sequence[Path], sender: Sender, room: str = WEB) -> Pages:
    """The pages that ship, for all apps: threads may share them."""
    return _shipped_pages(sender, room) if tuple(folders) == _SHIPPED else Pages(folders, sender, room)


@cache
def _shipped_pages(sender: Sender, room: str) -> Pages:
    return Pages(_SHIPPED, sender, room)


def _upgraded(config: Any, revision: str, **given: Any) -> None:
    """An SQLite database with nothing in it becomes what the migrations made of the first."""
    connection = config.attributes["connection"]
    fresh = connection.dialect.name == "sqlite" and revision == "head" and not given
    if fresh and not connection.exec_driver_sql("SELECT 1 FROM sqlite_master").first():
        for statement in _script():
            connection.connection.driver_connection.execute(statement)
    else:
        _upgrade(config, revision, **given)


@cache
def _script() -> list[str]:
    """The statements that make an empty database."""
    made = sqlite3.connect(":memory:")
    made.deserialize(empty())
    statements = [each for each in made.iterdump() if each not in ("BEGIN TRANSACTION;", "COMMIT;")]
    made.close()
    return statements


@cache
def empty() -> bytes:
    """An SQLite database that is set up and holds nothing, as the bytes of its file."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "empty.sqlite3"
        database = open_database(f"sqlite:///{file}")
        with patch.object(command, "upgrade", _upgrade):
            upgrade(database)
        database.close()
        return file.read_bytes()
