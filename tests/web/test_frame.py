"""The parts that pages are made of: tied to their hints and errors, filled in with what was sent, escaped."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from engine.model.sender import Sender
from engine.render import spec_budget
from engine.render.pages import Page, Pages
from engine.render.sandbox import RenderError
from engine.render.words import Phrase
from engine.shipped import shipped

SENDER = Sender("Rekindle", "hello@rekindle.example", "1 Example Street", "Rekindle")
NAMES = (
    "problems, field, area, select, timezones, radios, checks, check, scale, button, go, notice, facts, pair, half,"
    " said, more, steps, mail"
)
HEAD = f'{{% extends "page.html" %}}{{% from "parts.html" import {NAMES} with context %}}{{% block content %}}'
VOID = {"input", "br", "hr", "meta", "link"}


class Tree(HTMLParser):
    """The elements of a page, in order, each with its attributes and text; it refuses what is not nested well."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.all: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, str] = {}
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"{tag} repeats an attribute"
        self.all.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.all:
            key = self.all[-1][1].get("id", "")
            self.texts[key] = self.texts.get(key, "") + data

    def one(self, tag: str, **wanted: str) -> dict[str, str]:
        (found,) = self.several(tag, **wanted)
        return found

    def several(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        return [has for name, has in self.all if name == tag and wanted.items() <= has.items()]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Page]:
    """A page with this in it."""

    def made(content: str, locale: str = "en", **variables: object) -> Page:
        (tmp_path / "web").mkdir(exist_ok=True)
        (tmp_path / "web" / "mine.html").write_text(HEAD + content + "{% endblock %}", encoding="utf-8")
        return Pages([tmp_path, shipped("templates")], SENDER).write("mine", locale, **variables)

    return made


@pytest.fixture
def tree(write: Callable[..., Page]) -> Callable[..., Tree]:
    """The elements of such a page, without sheets and scripts."""

    def made(content: str, locale: str = "en", **variables: object) -> Tree:
        html = write(content, locale, **variables).html
        return Tree(re.sub(r"<(style|script)>.*?</\1>", "", html, flags=re.DOTALL))

    return made


CONTROLS = {
    "field": '{{ field("x", "Label", hint="Hint") }}',
    "area": '{{ area("x", "Label", hint="Hint", most=100, autosave=true) }}',
    "select": '{{ select("x", "Label", [("a", "A"), ("b", "B")], hint="Hint") }}',
    "timezones": '{{ timezones("Label", name="x", hint="Hint") }}',
    "radios": '{{ radios("x", "Label", [("a", "A", "More"), ("b", "B")], hint="Hint") }}',
    "checks": '{{ checks("x", "Label", [("a", "A", "More"), ("b", "B")], hint="Hint") }}',
    "scale": '{{ scale("x", "Label", "far", "close", hint="Hint") }}',
    "check": '{{ check("x", "I agree.") }}',
}


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("wrong", [False, True], ids=["right", "wrong"])
def test_a_control_has_a_name_a_label_and_is_tied_to_its_hint_and_its_error(
    tree: Callable[..., Tree], control: str, wrong: bool
) -> None:
    page = tree("{{ problems() }}" + CONTROLS[control], errors={"x": "frame.error"} if wrong else {})
    ids = [has["id"] for _, has in page.all if "id" in has]
    assert len(ids) == len(set(ids))
    (first,) = [(tag, has) for tag, has in page.all if has.get("id") == "x"]
    assert first[1]["name"] == "x"
    described = [has["aria-describedby"].split() for _, has in page.all if "aria-describedby" in has]
    assert {each for names in described for each in names} <= set(ids)
    assert (["x-error"] in [[name for name in names if name == "x-error"] for names in described]) is wrong
    assert ("x-hint" in {each for names in described for each in names}) is (control != "check")
    assert (page.several("a", href="#x") != []) is wrong
    grouped = control in ("radios", "checks", "scale")
    assert (first[1].get("aria-invalid") == "true") is (wrong and not grouped)
    if grouped:
        assert page.one("fieldset")
        assert page.one("legend") == {}
    elif control != "check":
        assert page.one("label", **{"for": "x"})


@pytest.mark.parametrize("control", CONTROLS)
def test_a_control_shows_again_what_was_sent_and_escapes_it(write: Callable[..., Page], control: str) -> None:
    html = write(CONTROLS[control], values={"x": ('"><b>',)}).html
    assert "<b>" not in html
    assert ("&lt;b&gt;" in html) is (control in ("field", "area"))


@pytest.mark.parametrize("values", [{"x": "b"}, {"x": ("b",)}], ids=["text", "several"])
def test_what_was_chosen_is_chosen_again(tree: Callable[..., Tree], values: dict[str, object]) -> None:
    assert "selected" in tree(CONTROLS["select"], values=values).one("option", value="b")
    for control in ("radios", "checks"):
        page = tree(CONTROLS[control], values=values)
        assert [has["value"] for has in page.several("input") if "checked" in has] == ["b"]
    marks = tree(CONTROLS["scale"], values={"x": 4}).several("input")
    assert [has["value"] for has in marks if "checked" in has] == ["4"]


def test_a_box_is_ticked_only_by_who_ticked_it(tree: Callable[..., Tree]) -> None:
    """A consent must not be ticked beforehand (CASL; GDPR, recital 32)."""
    assert "checked" not in tree(CONTROLS["check"]).one("input")
    assert "checked" not in tree(CONTROLS["check"], values={"x": ()}).one("input")
    assert "checked" in tree(CONTROLS["check"], values={"x": ("yes",)}).one("input")


def test_a_zone_is_chosen_by_the_name_it_has_now_or_had_once(tree: Callable[..., Tree]) -> None:
    for name in ("Asia/Kolkata", "Asia/Calcutta"):
        page = tree(CONTROLS["timezones"], values={"x": name})
        assert [has["value"] for has in page.several("option") if "selected" in has] == ["Asia/Kolkata"]
    assert not [has for has in tree(CONTROLS["timezones"]).several("option") if "selected" in has]
    assert tree(CONTROLS["timezones"], locale="es").one("optgroup", label="Océano Pacífico")


def test_a_time_zone_longer_than_any_name_is_not_looked_for(
    tree: Callable[..., Tree], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a form may send back would cost a page half of what it may touch."""
    monkeypatch.setattr(spec_budget, "MOST_WORK", spec_budget.MOST_WORK // 4)
    page = tree(CONTROLS["timezones"], values={"x": "x" * 10_000})
    assert not [has for has in page.several("option") if "selected" in has]


def test_everything_that_is_wrong_is_listed_first_and_told_in_the_title(tree: Callable[..., Tree]) -> None:
    errors = {"x": "frame.error", "y": Phrase("parts.over", {"count": 3})}
    page = tree('{{ problems() }}{{ field("x", "X") }}{{ area("y", "Y") }}', errors=errors)
    summary = page.one("div", role="alert")
    assert "autofocus" in summary
    assert [has["href"] for has in page.several("a") if has["href"] in ("#x", "#y")] == ["#x", "#y"]
    assert page.texts["y-error"].strip() == "3 characters too many."
    assert not tree("{{ problems() }}", errors={}).several("div", role="alert")


def test_only_a_page_that_needs_a_script_has_it_and_once(write: Callable[..., Page]) -> None:
    assert len(write("Nothing").scripts) == 1
    made = write('{{ area("x", "X", most=9) }}{{ area("y", "Y", most=9, autosave=true) }}{{ timezones("Z") }}')
    assert len(made.scripts) == len(set(made.scripts)) == 4
    assert made.scripts[0].startswith('// "Exit this page"')
    assert re.findall(r"<script>(.*?)</script>", made.html, re.DOTALL) == list(made.scripts)


def test_a_page_gets_its_sheet_and_each_script_once_however_often_it_asks(write: Callable[..., Page]) -> None:
    asked = "{{ style() }}{{ wants('counter.js') }}{{ scripts('exit.js') }}{{ scripts('zone.js') }}"
    made = write("{% for i in range(300) %}" + asked + "{% endfor %}")
    assert re.findall(r"<script>(.*?)</script>", made.html, re.DOTALL) == list(made.scripts)
    assert (len(made.styles), len(made.scripts)) == (1, 3)


def test_a_counter_is_told_in_the_readers_language_and_its_number_is_left_to_the_script(
    tree: Callable[..., Tree],
) -> None:
    counter = tree(CONTROLS["area"], locale="es").one("p", id="x-count")
    assert counter["data-left-many"] == "Quedan {count} caracteres."
    assert counter["data-over-one"] == "Sobra un carácter."


@pytest.mark.parametrize("kind", ["plain", "good", "warn", "bad"])
def test_a_box_a_disclosure_and_two_columns_hold_what_is_put_into_them(tree: Callable[..., Tree], kind: str) -> None:
    page = tree(
        '{% call notice(kind, live=true) %}<p id="a">A</p>{% endcall %}'
        '{% call more("Why?") %}<p id="b">B</p>{% endcall %}'
        '{% call pair() %}{% call half("Ana") %}{{ said("<i>\\nC") }}{% endcall %}{% endcall %}',
        kind=kind,
    )
    assert page.one("div", role="status")["class"] == f"notice {kind}"
    assert [page.texts["a"].strip()[0], page.texts["b"].strip()[0]] == ["A", "B"]
    assert page.one("blockquote", dir="auto")
    assert not page.several("i")
    assert page.one("summary") == {}


def test_buttons_facts_steps_and_addresses(tree: Callable[..., Tree]) -> None:
    page = tree(
        '{{ button("Leave", "danger", name="act", value="a&b") }}{{ go("/x?a&b", "Back", "quiet") }}'
        '{{ facts([("Name", "Ana")]) }}{{ steps(["One", "Two"], now=2) }}{{ mail() }}{{ mail("x@example.com") }}'
    )
    assert page.one("button") == {"class": "danger", "name": "act", "value": "a&b"}
    assert page.one("a", href="/x?a&b")["class"] == "button quiet"
    assert [tag for tag, _ in page.all if tag in ("dt", "dd")] == ["dt", "dd"]
    assert [has.get("aria-current") for has in page.several("li")] == [None, "step"]
    assert page.one("a", href="mailto:hello@rekindle.example")
    assert page.one("a", href="mailto:x@example.com")


def test_the_frame_has_landmarks_in_the_order_in_which_they_are_read(tree: Callable[..., Tree]) -> None:
    page = tree("<h1>Title</h1>")
    order = [tag for tag, _ in page.all if tag in ("a", "header", "main", "h1", "footer")]
    assert order == ["a", "header", "a", "main", "h1", "footer"]
    assert page.several("a")[0]["href"] == "#main"
    assert page.one("main")["id"] == "main"


def test_days_and_times_are_told_in_the_language_of_the_words(write: Callable[..., Page]) -> None:
    given = {"day": date(2026, 3, 3), "moment": datetime(2026, 3, 3, 18, 5, tzinfo=UTC)}
    content = '[[{{ day|day }}, {{ moment|clock("Europe/Madrid") }}, {{ "America/New_York"|zone }}]]'

    def told(locale: str) -> str:
        found = re.search(r"\[\[(.*)\]\]", write(content, locale, **given).html)
        assert found
        return " ".join(found[1].split())

    assert told("es-ES") == "martes, 3 de marzo, 19:05, Nueva York"
    assert told("en-GB") == "Tuesday 3 March, 19:05, New York"
    assert told("fr") == "Tuesday, March 3, 7:05 PM, New York"  # there are no French words: all of it is English


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{{ say("mine.nothing") }}', "the words of the page mine have no mine.nothing"),
        ('{{ wants("../../../etc/passwd") }}', "no name of a style sheet or script"),
        ('{{ wants("nothing.js") }}', "no such template"),
        ("{{ moment|clock }}", "has no place"),
    ],
)
def test_what_a_page_cannot_say_is_an_error_that_names_the_page(
    write: Callable[..., Page], content: str, told: str
) -> None:
    with pytest.raises(RenderError, match=told) as error:
        write(content, moment=datetime(2026, 3, 3, tzinfo=UTC))
    assert error.value.template in ("mine.html", "page.html")


def test_a_script_that_would_end_early_is_not_put_in(tmp_path: Path, write: Callable[..., Page]) -> None:
    write("x")
    (tmp_path / "web" / "mine.js").write_text("'</script><script>'")
    with pytest.raises(RenderError, match="end it early"):
        write('{{ wants("mine.js") }}')


def test_a_page_of_one_reader_leaves_nothing_in_the_next(tmp_path: Path, write: Callable[..., Page]) -> None:
    write("x")
    pages = Pages([tmp_path, shipped("templates")], SENDER)
    (tmp_path / "web" / "other.html").write_text('{% extends "page.html" %}')
    (tmp_path / "web" / "mine.html").write_text(HEAD + '{{ timezones("Z") }}{% endblock %}')
    assert len(pages.write("mine", "en").scripts) == 2
    assert len(pages.write("other", "en").scripts) == 1
