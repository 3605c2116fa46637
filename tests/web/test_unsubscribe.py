"""The page that ends messages: GET never changes anything, POST always does, and a bad link harms and tells nothing."""

import hashlib
import re
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from sqlalchemy import Connection
from wire import call
from world import CONSENT, VAULT, World, person

from engine.errors import StoreError
from engine.model.campaign import Channel
from engine.render.links import Links, Purpose
from engine.store import couples, schema
from engine.store.metadata import metadata
from engine.store.suppressions import is_suppressed
from engine.web.app import create_app

LINKS = Links("https://rekindle.example", VAULT.subkey("links"))
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
BUTTON = {"confirm": "yes"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """One couple, in a database on disk."""
    made = World(database=tmp_path / "r.sqlite3")
    made.join("rivera", person("Ana"), person("Ben"))
    return made


def path(
    world: World, name: str = "Ana", channel: Channel = Channel.EMAIL, purpose: Purpose = Purpose.UNSUBSCRIBE
) -> str:
    (row,) = [row for row in world.rows(schema.partners) if row.given_name == name]
    return "/u/" + LINKS.token(purpose, row.id, channel)


def contents(world: World) -> str:
    """A digest of every row of every table."""
    rows = [(table.name, world.rows(table)) for table in metadata.sorted_tables]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def stopped(world: World, name: str, channel: Channel = Channel.EMAIL) -> bool:
    address = f"{name.lower()}@example.com" if channel is Channel.EMAIL else person(name).phone
    assert address is not None
    with world.database.read() as connection:
        return is_suppressed(connection, VAULT, channel, address)


def test_a_mailbox_providers_post_ends_the_emails_of_that_partner_and_of_nobody_else(world: World) -> None:
    """RFC 8058, section 3.2: no cookie, no login, no redirect."""
    answer = call(create_app(world.engine), "POST", path(world), data=ONE_CLICK)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert len(answer.content) < 100
    assert stopped(world, "Ana")
    assert not stopped(world, "Ben")
    assert not stopped(world, "Ana", Channel.SMS)


@pytest.mark.parametrize("given", [
    {"files": {"List-Unsubscribe": (None, "One-Click")}},
    {"content": b"List-Unsubscribe=One-Click"},
    {"content": b""},
    {"content": b"\xff\x00"},
], ids=["multipart", "no type", "empty", "junk"])  # fmt: skip
def test_however_the_post_is_written_a_good_link_is_honoured(world: World, given: dict[str, object]) -> None:
    assert call(create_app(world.engine), "POST", path(world), **given).status_code == 200
    assert stopped(world, "Ana")


def test_a_busy_database_is_asked_again_before_anyone_is_turned_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, tries = world.database.begin, 0

    def busy_at_first() -> AbstractContextManager[Connection]:
        nonlocal tries
        tries += 1
        if tries < 2:
            raise StoreError("The database is busy.")
        return begin()

    app = create_app(world.engine)
    monkeypatch.setattr(world.database, "begin", busy_at_first)
    assert call(app, "POST", path(world), data=ONE_CLICK).status_code == 200
    assert stopped(world, "Ana")


def test_the_button_ends_the_emails_and_says_so(world: World) -> None:
    app = create_app(world.engine)
    page = call(app, "GET", path(world)).text
    assert re.search(r'<form method="post">\s*<button name="confirm" value="yes">', page)
    answer = call(app, "POST", path(world), data=BUTTON)
    assert answer.status_code == 200
    assert "Stopped." in answer.text
    assert stopped(world, "Ana")


def test_a_second_post_changes_nothing_and_is_answered_alike(world: World) -> None:
    app = create_app(world.engine)
    first = call(app, "POST", path(world), data=ONE_CLICK)
    before = contents(world)
    again = call(app, "POST", path(world), data=ONE_CLICK)
    assert (again.status_code, again.text) == (first.status_code, first.text)
    assert contents(world) == before


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.WHATSAPP])
def test_a_link_in_a_text_ends_texts_and_not_emails(world: World, channel: Channel) -> None:
    app = create_app(world.engine)
    assert call(app, "GET", path(world, channel=channel)).status_code == 200
    assert call(app, "POST", path(world, channel=channel), data=BUTTON).status_code == 200
    assert stopped(world, "Ana", Channel.SMS)
    assert not stopped(world, "Ana")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
def test_nothing_but_a_post_changes_anything(world: World, method: str) -> None:
    """Scanners of mail follow every link, most of them within minutes of a send."""
    app = create_app(world.engine)
    before = contents(world)
    answer = call(app, method, path(world) + "?confirm=yes&List-Unsubscribe=One-Click")
    assert answer.status_code == (200 if method in ("GET", "HEAD") else 405)
    assert contents(world) == before


def test_head_is_answered_like_get(world: World) -> None:
    app = create_app(world.engine)
    for where in (path(world), "/u/nothing", "/health"):
        got, head = call(app, "GET", where), call(app, "HEAD", where)
        assert head.status_code == got.status_code
        assert head.headers["content-type"] == got.headers["content-type"]


BAD = [
    "x",
    "A" * 32,
    "%00",
    "a%0Ab",
    "..%2f..%2fetc",
    "<script>alert(1)</script>",
    "{{7*7}}",
    "a" * 5000,
    "%ff",
    "AQ==",
    "é",
]


@pytest.mark.parametrize("token", BAD, ids=[f"bad {number}" for number in range(len(BAD))])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_bad_link_says_what_to_do_and_nothing_of_itself(world: World, method: str, token: str) -> None:
    before = contents(world)
    answer = call(create_app(world.engine), method, f"/u/{token}", **({"data": BUTTON} if method == "POST" else {}))
    assert answer.status_code == 404
    assert "reply STOP" in answer.text
    assert "hello@rekindle.example" in answer.text
    own = re.sub(r"<(style|script)>.*?</\1>", "", answer.text, flags=re.DOTALL)
    assert "script" not in own
    assert "49" not in own
    assert contents(world) == before


def test_a_token_is_good_for_its_own_purpose_alone_and_only_whole(world: World) -> None:
    app = create_app(world.engine)
    good = path(world)
    before = contents(world)
    for bad in (path(world, purpose=Purpose.CONFIRM), good[:-1], good + "=", good[:-1] + "_", good.swapcase()):
        assert call(app, "POST", bad, data=ONE_CLICK).status_code == 404
    assert contents(world) == before


def test_the_link_of_a_partner_who_is_gone_still_answers(world: World) -> None:
    gone = "/u/" + LINKS.token(Purpose.UNSUBSCRIBE, 4711, Channel.EMAIL)
    app = create_app(world.engine)
    assert call(app, "GET", gone).status_code == 200
    assert call(app, "POST", gone, data=ONE_CLICK).status_code == 200


def test_a_body_without_end_is_refused(world: World) -> None:
    answer = call(create_app(world.engine), "POST", path(world), content=b"x" * 20_000)
    assert answer.status_code == 413
    assert not stopped(world, "Ana")


def test_pages_speak_the_partners_language_in_the_words_of_the_workspace_first(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    (folder / "web" / "es").mkdir(parents=True)
    (folder / "web" / "es" / "words.toml").write_text('[unsubscribe]\nheading = "¿Basta de {what}?"', encoding="utf-8")
    world.settings.templates.append(folder)
    with world.database.begin() as connection:
        couples.add(connection, VAULT, "moss", [person("Eva", locale="es-MX")], CONSENT, world.clock.now())
    app = create_app(world.another_engine())
    spanish = call(app, "GET", path(world, "Eva")).text
    assert '<html lang="es"' in spanish
    assert "¿Basta de correos?" in spanish
    assert "No ha cambiado nada." in spanish
    assert '<html lang="en"' in call(app, "GET", path(world, "Ana")).text


def test_a_template_of_the_workspace_for_one_language_comes_before_the_shipped_one(
    world: World, tmp_path: Path
) -> None:
    folder = tmp_path / "templates"
    (folder / "web" / "fr").mkdir(parents=True)
    (folder / "web" / "fr" / "unsubscribe.html").write_text(
        '{% extends "page.html" %}{% block lang %}fr{% endblock %}{% block content %}Fini ?{% endblock %}',
        encoding="utf-8",
    )
    world.settings.templates.append(folder)
    with world.database.begin() as connection:
        couples.add(connection, VAULT, "moss", [person("Eva", locale="fr-CA")], CONSENT, world.clock.now())
    french = call(create_app(world.another_engine()), "GET", path(world, "Eva")).text
    assert '<html lang="fr"' in french
    assert "Fini ?" in french
