"""The property that specialising rests on: over generated templates and recipients, it never changes a byte."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any
from warnings import catch_warnings, simplefilter

import jinja2
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from engine.render.sandbox import RenderError, environment
from engine.render.specialise import Template, fill, render


@dataclass(frozen=True, slots=True)
class Tip:
    title: object
    minutes: int


@dataclass(frozen=True, slots=True)
class Links:
    unsubscribe: str


@dataclass(frozen=True, slots=True)
class Reader:
    name: object
    other: object
    solo: bool
    week: int
    tips: tuple[Tip, ...]
    links: Links


class Shout(str):
    """A subclass of str, as a value may be."""

    __slots__ = ()


CONSTANTS: Mapping[str, object] = {"title": "T<i>", "weeks": 8, "marked": Markup("<b>m</b>"), "plan": ("a", "b&")}
FILES = {
    "layout": "{% set top = week %}<1>{% block head %}{{ title }}{{ name }}{% endblock %}<2>"
    "{% block body %}{% endblock %}{{ top }}",
    "part": "({{ name }}{{ x|default('no x') }})",
    "macros": "{% macro em(a, b='b') %}<em>{{ a }}</em>{{ b|upper }}{% endmacro %}",
}

# --- recipients --------------------------------------------------------------------------------------------------

awkward = st.sampled_from(
    ["", " ", "Ana", "ana bo", "<b>", "&amp;", "'\"", "a\nb", "É", "ß", "\u202e", "😀", "0", "a,b"]
)
awkward |= st.sampled_from(["{{ name }}", "{% if %}", "%s", "{0}", "v1", "c0", "r.name", "\0v1\0", "<!-- x", "None"])
words = awkward | st.text(max_size=6)
values = words | words.map(Markup) | words.map(Shout) | st.none() | st.integers(-2, 3) | st.booleans()
readers = st.builds(
    Reader,
    name=words,
    other=values,
    solo=st.booleans(),
    week=st.integers(0, 3),
    tips=st.lists(st.builds(Tip, values, st.integers(0, 2)), max_size=3).map(tuple),
    links=st.builds(Links, words),
)

# --- templates ---------------------------------------------------------------------------------------------------
# Expressions of three kinds that mostly make sense, and wild ones that mostly do not: both must come out the same.

TEXTS = "name name links.unsubscribe title marked 'lit<' 'a' '' x t.title|string m(name)"
NUMBERS = "week week weeks 1 0 t.minutes tips|length (tips|sum(attribute='minutes'))"
THINGS = "other other solo tips plan none t t.title nope m marked (tips|first)"
OF_TEXT = """
    upper lower title capitalize trim e forceescape safe string d('d<',true) truncate(4,true,'..',0) truncate(5)
    striptags center(7) indent indent(2,true) urlencode wordwrap(3) replace('a','b<') reverse join('<') list|join
    format(week) default('z') unique|join('-') sort|join first|default('')
"""
OF_ANYTHING = """
    length first last join reverse list wordcount int float abs sort sum count max min round(1) select|list|length
    map('upper')|join map(attribute='title')|join('-') selectattr('minutes')|list|length batch(2)|list|length
    groupby('minutes')|list|length attr('title') map(attribute='minutes')|sum map(attribute='title')|list dictsort
"""
TESTS = """
    defined undefined none string number odd even mapping iterable sequence boolean true upper escaped callable
    eq(name) in(plan) divisibleby(2) gt(1) integer
"""
METHODS = "upper() strip() startswith('a') split()|first|default('') count(name) isdigit() index('a') title()"
IN_LOOP = "loop.index loop.last loop.length loop.cycle(name,'z') loop.changed(name) loop.revindex0 t.title t.minutes"


def one_of(options: str | list[str]) -> st.SearchStrategy[str]:
    return st.sampled_from(options.split() if isinstance(options, str) else options)


def build(pattern: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """`pattern` with each @ replaced by a part, in order."""
    fixed = pattern.split("@")
    return st.builds(lambda *made: "".join(chain.from_iterable(zip_longest(fixed, made, fillvalue=""))), *parts)


def wider(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    number = one_of(NUMBERS) | build("(@|length)", inner) | build("(@ + @)", one_of(NUMBERS), one_of(NUMBERS))
    condition = st.one_of(
        one_of(THINGS),
        build("@ == @", inner, inner),
        build("(@ in @)", inner, inner),
        build("(@ < @)", number, number),
        build("(1 < @ <= @)", number, number),
        build("(@ is @)", one_of(THINGS) | inner, one_of(TESTS)),
        build("(not @)", inner),
        build("(@ in [@, 'a'])", inner, inner),
        build("(@ and @ or @)", inner, one_of(THINGS), inner),
    )
    return st.one_of(
        build("(@|@)", inner, one_of(OF_TEXT)),
        build("(@|@)", inner, one_of(OF_TEXT)),
        build("(@|@)", one_of(THINGS) | inner, one_of(OF_ANYTHING)),
        build("(@).@", inner, one_of(METHODS)),
        build("(@ ~ @)", inner, inner | number),
        build("(@ + @)", inner, inner),
        build("(@|replace(@, @))", inner, inner, inner),
        build("(@|default(@, true))", one_of(THINGS), inner),
        build("(@ if @ else @)", inner, condition, inner),
        build("(@ if @)", inner, condition),
        build("(@ or @)", one_of(THINGS), inner),
        build("([@, @]|join(@))", inner, inner, inner),
        build("[@, @][@ % 2]", inner, inner, number),
        build("{'k': @, 'l': @}['k']", inner, inner),
        build("{'k': @}.k", inner),
        build("(@)[:@]", inner, one_of(["1", "2", "-1", "week"])),
        build("m(@, b=@)", inner, inner),
        build("('[%s][%s]'|replace('[', @)|format(@, @))", one_of(["'<'", "name"]), inner, number),
        build("(@ * @)", one_of(["'a'", "name", "week"]), number),
        build("(@ @ @)", number, one_of(["+", "-", "*", "//", "%", "/"]), number),
        condition,
        number,
    )


expressions = st.recursive(one_of(TEXTS), wider, max_leaves=5)
printed = build("{{ @ }}", expressions)
plain = one_of(["text", " <b> ", "\n", "&amp;", "'"])


def nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    body = st.lists(inner, min_size=1, max_size=3).map("".join)
    test = one_of(["solo", "other", "week > 1", "week == 2", "name", "tips", "not solo"]) | expressions
    looped = build("@{{ @ }}", body, one_of(IN_LOOP))
    return st.one_of(
        build("{% if @ %}@{% elif @ %}@{% else %}@{% endif %}", test, body, test, body, body),
        build("{% if @ %}@{% endif %}", test, body),
        build("{% for t in tips %}@{% else %}@{% endfor %}", looped, body),
        build("{% for t in tips|@ %}@{% endfor %}", one_of(["reverse", "list", "sort(attribute='minutes')"]), looped),
        build("{% for t in tips if @ %}@{% endfor %}", one_of(["t.title", "t.minutes > 0", "t.title == name"]), looped),
        build("{% for y in [@, @] %}{{ y }}@{% endfor %}", expressions, expressions, body),
        build("{% set x = @ %}@{{ x }}", expressions, body),
        build("{% set x, z = @, @ %}@{{ x }}", expressions, expressions, body),
        build("{% set x %}@{% endset %}@{{ x|@ }}", body, body, one_of(OF_TEXT)),
        build("{% filter @ %}@{% endfilter %}", one_of(OF_TEXT), body),
        build("{% with x = @ %}@{% endwith %}", expressions, body),
        build("{% macro v(a, b=@) %}@{{ a }}{{ b }}{% endmacro %}{{ v(@) }}", expressions, body, expressions),
        build(
            "{% macro w(a) %}@{{ caller() }}{{ a }}{% endmacro %}{% call w(@) %}@{% endcall %}", body, expressions, body
        ),
        build("{% from 'macros' import em %}{{ em(@, @) }}", expressions, expressions),
        build("{% import 'macros' as all with context %}{{ all.em(@) }}", expressions),
        build("{% set x = @ %}{% include 'part' %}", expressions),
        build("{% autoescape @ %}@{% endautoescape %}", one_of(["true", "false", "solo"]), body),
    )


pieces = st.recursive(printed | printed | plain, nested, max_leaves=6)
bodies = st.lists(pieces, min_size=1, max_size=4).map("".join)
START = (
    "{% set x = 'x0' %}{% set t = {'title': '<t>', 'minutes': 1} %}"
    "{% macro m(a, b='<') %}[{{ a }}{{ b }}]{% endmacro %}"
)
templates = st.one_of(
    bodies,
    bodies,
    build("{% block head %}@{{ name }}{% endblock %}@{{ self.head() }}", bodies, bodies),
    build("{% extends 'layout' %}{% block body %}@{% endblock %}", bodies),
    build("{% extends 'layout' %}{% block head %}{{ super() }}@{% endblock %}", bodies),
).map(lambda body: body if body.startswith("{% extends") else START + body)


def outcome(make: Callable[[], str]) -> str:
    try:
        return make()
    except RenderError as error:
        return f"error: {error}"


ANA = Reader("Ana", "Bo", False, 1, (Tip("tea", 1), Tip("<b>", 2)), Links("https://x.test/?a=1&b=2"))


@given(source=templates, people=st.lists(readers, min_size=2, max_size=4), html=st.booleans(), order=st.randoms())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@example("{{ name }}{% for t in tips %}{{ t.title|upper }}{% endfor %}", [ANA, ANA], True, None)
def test_specialised_rendering_is_ordinary_rendering(source: str, people: list[Reader], html: bool, order: Any) -> None:
    """Same text or same error for each, whoever came before; and stock Jinja's text where we refuse nothing."""
    try:
        template = Template(environment([], html=html, extra=FILES.get), "page", CONSTANTS, source=source)
    except RenderError:
        return
    queue = people * 3
    if order is not None:
        order.shuffle(queue)
    for reader in queue:
        expected = outcome(lambda reader=reader: template.ordinary(reader))
        assert outcome(lambda reader=reader: render(template, reader)) == expected
    for reader in people:
        expected = outcome(lambda reader=reader: template.ordinary(reader))
        if not expected.startswith("error: "):
            assert expected == stock(source, reader, html)


def stock(source: str, reader: Reader, html: bool) -> str:
    jinja = ImmutableSandboxedEnvironment(
        loader=jinja2.DictLoader(FILES),
        autoescape=html,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    fields = {name: getattr(reader, name) for name in Reader.__slots__}
    with catch_warnings():
        simplefilter("ignore", SyntaxWarning)  # Python's, of what stock Jinja makes of `1[:1]`
        template = jinja.from_string(source)
    return template.render({**CONSTANTS, **fields})


simple = st.sampled_from(
    """
    {{ name }}
    {{ other }}
    {{ name|upper }}
    {{ links.unsubscribe }}
    {{ week + 1 }}
    {{ name ~ title }}
    {% if solo %}alone{% else %}both{% endif %}
    {% for t in tips %}{{ t.minutes }}{{ loop.index }}{% endfor %}
    {{ other|default('you', true) }}
    {% set x %}{{ name }}{% endset %}{{ x|trim }}
    {{ 'a' if week > 1 else name }}
    {% include 'part' %}
    {% from 'macros' import em %}{{ em(name) }}
    {{ [name, title]|join(', ') }}
    """.strip().splitlines()
)


@given(st.lists(simple, min_size=1, max_size=6).map(" ".join), st.lists(readers, min_size=1, max_size=6), st.booleans())
@settings(max_examples=100, deadline=None)
def test_what_can_be_traced_is_traced(source: str, people: list[Reader], html: bool) -> None:
    """Nobody is rendered in the ordinary way twice: the second rendering of each comes from a trace."""
    template = Template(environment([], html=html, extra=FILES.get), "page", CONSTANTS, source=source)
    for reader in people:
        render(template, reader)
    before = sum(known.hits for known in template.traces)
    for reader in people:
        assert render(template, reader) == template.ordinary(reader)
        found = fill(template, reader)
        assert not isinstance(found, str)
        assert {type(slot) for slot in found[1]} <= {str}
    assert sum(known.hits for known in template.traces) == before + 2 * len(people)
