"""What is posted to a page: taken from this site's own pages, within bounds, as clean text; else a page says why."""

from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from hypothesis import given
from hypothesis import strategies as st
from wire import call
from world import World

from engine.web.forms import LONGEST, MOST_FIELDS, clean
from engine.web.guard import Guard
from engine.web.screen import Screen

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """Tells what it read; its public address is https://rekindle.example."""
    world = World(database=tmp_path_factory.mktemp("forms") / "r.sqlite3")
    screen = Screen(world.engine)
    made = FastAPI()
    made.add_middleware(Guard)
    made.state.world = world
    screen.catch(made)

    async def told(request: Request) -> Response:
        request.state.locale = request.query_params.get("locale")
        form = await screen.form(request, from_anywhere="anywhere" in request.query_params)
        text = {"line": form.line("a"), "text": form.text("a"), "all": form.all("a"), "number": form.number("n")}
        return JSONResponse({**text, "fields": list(form)})

    made.add_api_route("/", told, methods=["POST"])
    return made


def told(app: FastAPI, body: str | bytes, **headers: str) -> dict[str, object]:
    answer = call(app, "POST", "/", content=body, headers={**FORM, **headers})
    assert answer.status_code == 200, answer.text
    read: dict[str, object] = answer.json()
    return read


def test_a_field_is_a_line_a_text_several_values_or_a_number(app: FastAPI) -> None:
    read = told(app, urlencode([("a", "  one \r\n two "), ("a", "three"), ("n", " 5 "), ("empty", "")]))
    assert read == {
        "line": "one two",
        "text": "one \n two",
        "all": ["  one \n two ", "three"],
        "number": 5,
        "fields": ["a", "n", "empty"],
    }


@pytest.mark.parametrize("number", ["", "-1", "1.5", "１", "²", "1e3", "0x1", "1" * 10, "one"])
def test_what_is_no_whole_number_is_none(app: FastAPI, number: str) -> None:
    assert told(app, urlencode({"n": number}))["number"] is None


def test_a_field_that_was_not_sent_is_empty(app: FastAPI) -> None:
    assert told(app, "") == {"line": "", "text": "", "all": [], "number": None, "fields": []}


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("José", "Jos\N{LATIN SMALL LETTER E WITH ACUTE}"),
        ("👩‍❤️‍👨 🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👩‍❤️‍👨 🏴󠁧󠁢󠁥󠁮󠁧󠁿"),
        ("a\x00b\x1b[31mc\x7f\x9bd", "ab[31mcd"),
        ("a\rb\r\nc\u2028d\x0be", "a\nb\nc\nd\ne"),
        ("a\tb", "a b"),
        ("a\u202etxt.exe", "atxt.exe"),
        ("\ufeffa", "a"),
        ("می‌خواهم", "می‌خواهم"),  # a joiner within a Persian word
    ],
)
def test_text_is_composed_and_without_controls_and_emoji_stay_whole(app: FastAPI, sent: str, read: str) -> None:
    assert told(app, urlencode({"a": sent}))["text"] == read


@pytest.mark.parametrize("raw", ["%ED%A0%80", "%FF%FE", "%C3", b"\xff\xfe", b"\xed\xa0\x80"])
def test_bytes_that_are_no_text_become_replacement_signs(app: FastAPI, raw: str | bytes) -> None:
    read = told(app, b"a=x" + (raw if isinstance(raw, bytes) else raw.encode()))["text"]
    assert set(str(read)) == {"x", "\ufffd"}


@given(st.text(alphabet=st.characters()))
def test_clean_text_is_clean_whatever_comes(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    cleaned.encode("utf-8")
    assert not [each for each in cleaned if ord(each) < 32 and each != "\n"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://rekindle.example"},
        {"origin": "https://REKINDLE.example:443"},
        {"origin": "null"},
        {"origin": "null", "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"},
    ],
)
def test_a_form_of_this_site_or_of_who_does_not_say_is_taken(app: FastAPI, headers: dict[str, str]) -> None:
    """Our pages give no referrer, so that browsers send `Origin: null` with their forms."""
    assert told(app, "a=1", **headers)["line"] == "1"


REFUSED = [
    ({"origin": "https://elsewhere.example"}, 403),
    ({"origin": "https://rekindle.example.elsewhere.example"}, 403),
    ({"origin": "https://rekindle.example:8443"}, 403),
    ({"origin": "https://rekindle.example", "sec-fetch-site": "cross-site"}, 403),
    ({"origin": "null", "sec-fetch-site": "cross-site"}, 403),
    ({"origin": "https://[half"}, 403),
    ({"content-type": "multipart/form-data; boundary=x"}, 415),
    ({"content-type": "text/plain"}, 415),
    ({"content-type": "application/json"}, 415),
    ({"content-type": "application/x-www-form-urlencoded; charset=utf-16"}, 415),
]


@pytest.mark.parametrize(("headers", "status"), REFUSED)
def test_a_form_of_another_site_or_of_another_kind_is_refused_with_a_page(
    app: FastAPI, headers: dict[str, str], status: int
) -> None:
    answer = call(app, "POST", "/", content="a=1", headers={**FORM, **headers})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "hello@rekindle.example" in answer.text


@pytest.mark.parametrize(("headers", "status"), REFUSED)
def test_a_page_that_mailbox_providers_post_to_takes_it_from_anywhere(
    app: FastAPI, headers: dict[str, str], status: int
) -> None:
    answer = call(app, "POST", "/?anywhere=1", content="a=1", headers={**FORM, **headers})
    assert answer.json()["line"] == "1"
    many = "&".join(f"f{number}=1" for number in range(MOST_FIELDS + 1))
    assert call(app, "POST", "/?anywhere=1", content=many).json()["fields"] == []


@pytest.mark.parametrize(
    "body",
    ["a=" + "x" * LONGEST, "&".join(f"f{number}=" for number in range(MOST_FIELDS + 1)), "&" * (MOST_FIELDS + 1)],
    ids=["bytes", "fields", "separators"],
)
def test_a_form_that_is_too_much_is_refused_with_a_page_that_says_so(app: FastAPI, body: str) -> None:
    answer = call(app, "POST", "/", content=body, headers=FORM)
    assert answer.status_code == 413
    assert "That is too long" in answer.text


def test_a_form_just_within_bounds_is_taken(app: FastAPI) -> None:
    fields = [(f"f{number}", "x") for number in range(MOST_FIELDS)]
    assert len(told(app, urlencode(fields))["fields"]) == MOST_FIELDS  # type: ignore[arg-type]
    assert told(app, "a=" + "x" * (LONGEST - 2))["line"] == "x" * (LONGEST - 2)


@pytest.mark.parametrize(
    ("where", "asked", "lang"),
    [
        ("/", "es-MX,es;q=0.9,en;q=0.8", "es"),
        ("/", "fr, en;q=0.5, es;q=0.7", "es"),
        ("/", "fr", "en"),
        ("/", "es;q=0, en", "en"),
        ("/", ",,;q=x, */*, es;q=0.1" + ",es" * 99, "es"),
        ("/?locale=es", "en", "es"),
        ("/?locale=en", "es", "en"),
    ],
)
def test_a_refusal_speaks_the_language_of_the_reader_as_far_as_it_is_known(
    app: FastAPI, where: str, asked: str, lang: str
) -> None:
    answer = call(app, "POST", where, content="", headers={"accept-language": asked})
    assert answer.status_code == 415
    assert f'<html lang="{lang}"' in answer.text


def test_a_refusal_repeats_nothing_of_what_was_sent(app: FastAPI) -> None:
    """And it is kept by nobody."""
    answer = call(app, "POST", "/", content=quote("canary"), headers={"content-type": "text/canary"})
    assert "canary" not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-robots-tag"] == "noindex, nofollow"
    assert "script-src 'sha256-" in answer.headers["content-security-policy"]


def test_the_page_that_ends_messages_says_what_is_wrong_in_the_language_that_the_browser_asks_for(
    tmp_path: Path,
) -> None:
    from engine.web.app import create_app

    world = World(database=tmp_path / "r.sqlite3")
    answer = call(create_app(world.engine), "POST", "/u/x", content=b"x" * 20_000, headers={"accept-language": "es"})
    assert answer.status_code == 413
    assert "Es demasiado largo" in answer.text
