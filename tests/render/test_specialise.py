"""Specialised rendering gives the bytes of ordinary rendering, for every recipient, whatever path was traced first."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import permutations

import pytest
from markupsafe import Markup, escape

from engine.render.markdown import Piece, named
from engine.render.sandbox import RenderError, environment
from engine.render.specialise import Template, fill, render, render_all
from engine.render.trace_printing import printed_html


@dataclass(frozen=True, slots=True)
class Person:
    given_name: object


@dataclass(frozen=True, slots=True)
class Nickname:
    """Not a Person, though it has the same field."""

    given_name: object
    full: str = "x"


@dataclass(frozen=True, slots=True)
class Reader:
    partner: object
    other_name: object
    solo: bool
    week: int
    tips: tuple[Person, ...] = ()
    note: object = None
    date: datetime = datetime(2026, 3, 8, 9, tzinfo=UTC)


ANA = Reader(Person("Ana"), "Bo", False, 1, (Person("tea"), Person("a <b> & c")), "note")
ZOE = Reader(Person("Zoë O'Neil <z>"), "", True, 1, (), None)
EVE = Reader(Person(Markup("<i>Eve</i>")), "Bo", False, 7, (Person("x"), Person("y"), Person("")), 0)
KIM = Reader(Nickname("Kim"), None, False, 2, (Person("only"),), Markup("<hr>"))
SAM = Reader(Person("c1 v1 {{ week }} \0"), "Bo", False, 1, (Person("c2"), Person("{% if %}")), "")
READERS = (ANA, ZOE, EVE, KIM, SAM)
CONSTANTS: Mapping[str, object] = {
    "title": "Closer <8>",
    "weeks": 8,
    "safe_title": Markup("<b>8</b>"),
    "plan": ("a", "b"),
}

LAYOUT = "<h1>{% block head %}{{ title }}{% endblock %}</h1>{% block body %}{% endblock %}<p>{{ week }}/{{ weeks }}</p>"
PART = "[{{ partner.given_name }}{{ local|default('none') }}]"
MACROS = "{% macro em(x, y='!') %}<em>{{ x }}</em>{{ y }}{{ caller() if caller is defined }}{% endmacro %}"
FILES = {"layout": LAYOUT, "part": PART, "macros": MACROS}

EXPRESSIBLE = (
    "Hello {{ partner.given_name }}, and {{ other_name }}.",
    "{% if solo %}alone{% else %}with {{ other_name }}{% endif %}",
    "{% if week == 1 %}first{% elif week > 5 %}late{% else %}middle{% endif %} of {{ weeks }}",
    "{{ 'you' if solo else other_name }}{{ 'x' if week == 7 }}",
    "{{ other_name or 'your partner' }}{{ solo and 'solo' }}{{ not solo }}",
    "{{ other_name|default('nobody') }}{{ other_name|default('nobody', true) }}",
    "{% for tip in tips %}{{ loop.index }}{{ loop.length }}{{ tip.given_name }}{{ ', ' if not loop.last }}{% endfor %}",
    "{% for tip in tips %}{{ loop.previtem.given_name if not loop.first }}{% else %}none{% endfor %}",
    "{% for tip in tips if tip.given_name %}{{ loop.cycle('odd', 'even') }}{{ tip.given_name }}{% endfor %}",
    "{% for tip in tips %}{% if loop.changed(tip.given_name) %}{{ tip.given_name }}{% endif %}{% endfor %}",
    "{{ tips|map(attribute='given_name')|join(' & ') }}{{ tips|length }}{{ tips|count }}",
    "{% for name in tips|map(attribute='given_name') %}{{ name|upper }}{% endfor %}",
    "{{ tips[0].given_name if tips }}{{ (tips|first).given_name if tips }}",
    "{{ partner.given_name|upper }}{{ partner.given_name|title }}{{ partner.given_name|lower|capitalize }}",
    "{{ partner.given_name|e }}{{ partner.given_name|safe }}{{ partner.given_name|forceescape }}",
    "{{ partner.given_name|length }}{{ partner.given_name|truncate(6) }}{{ partner.given_name|trim|wordcount }}",
    "{{ 'Dear X'|replace('X', partner.given_name) }}{{ partner.given_name|replace('a', '<') }}",
    "{{ partner.given_name ~ '<' ~ week }}{{ safe_title ~ partner.given_name }}{{ week + 1 }}{{ -week }}",
    "{{ '%s of %s'|format(week, weeks) }}{{ '%s' % week }}{{ [partner.given_name, title]|join('/') }}",
    "{{ partner.given_name.upper() }}{{ partner.given_name[:2] }}{{ date.strftime('%d') }}{{ date.year }}",
    "{{ week in [1, 2] }}{{ 'a' in partner.given_name }}{{ partner.given_name == other_name }}{{ week < weeks }}",
    "{{ note is none }}{{ note is defined }}{{ nothing is defined }}{{ week is odd }}{{ note is string }}",
    "{% set x = partner.given_name|upper %}{{ x }}{{ x|length }}{% set y = [x, week] %}{{ y|last }}{{ y[0] }}",
    "{% set x %}<i>{{ partner.given_name }}</i>{% endset %}{{ x }}{{ x|length }}{% if x %}{{ x|upper }}{% endif %}",
    "{% filter upper %}a{{ partner.given_name }}{% endfilter %}{% with n = other_name %}{{ n }}{% endwith %}",
    "{% macro m(x, y=week) %}<b>{{ x }}</b>{{ y }}{% endmacro %}{{ m(other_name) }}{{ m(note, 'z')|upper }}",
    "{% from 'macros' import em %}{{ em(partner.given_name) }}{% call em('x', y=week) %}{{ other_name }}{% endcall %}",
    "{% set local = week %}{% include 'part' %}{% include ['nowhere', 'part'] %}",
    "{% extends 'layout' %}{% block head %}{{ super() }}{{ partner.given_name }}{% endblock %}",
    "{% extends 'layout' %}{% block body %}{{ self.head() }}{{ other_name }}{% endblock %}",
    "{% autoescape false %}{{ partner.given_name ~ '<' }}{% endautoescape %}{{ partner.given_name }}",
    "{% for p in plan %}{{ p }}{% for tip in tips %}{{ loop.index0 }}{{ tip.given_name }}{% endfor %}{% endfor %}",
    "{{ [partner.given_name, 'a']|sort|join }}{{ {'k': partner.given_name}.k }}{{ {'k': week}['k'] }}",
    "{% for tip in tips %}{% set v = tip.given_name %}{{ v }}{{ range(2)|list|length }}{% endfor %}",
    "{{ [week, 1]|join }}{{ [week, true]|join }}{{ [week, '1']|join }}{{ [note, 0.0]|join }}{{ [note, -0.0]|join }}",
    "{{ plan[week - 1] if week < 3 }}{{ {'1': 'one'}.get('1') }}",
)

ONLY_ORDINARY = (
    "{% for c in partner.given_name %}{{ c }}{% endfor %}",
    "{{ {partner.given_name: 1}|length }}",
    "{{ partner.given_name in 'Ana and Zoe' }}",
    "{% for i in range(week) %}{{ i }}{% endfor %}",
    "{% for k, v in {'a': week}.items() %}{{ v }}{% endfor %}",
    "{% set m = tips|map(attribute='given_name') %}{{ m|join }}{{ m|join }}",
)


def text_or_error(template: Template, reader: Reader) -> str:
    try:
        return render(template, reader)
    except RenderError as error:
        return f"error: {error}"


def ordinary(template: Template, reader: Reader) -> str:
    try:
        return template.ordinary(reader)
    except RenderError as error:
        return f"error: {error}"


def made(source: str, *, html: bool = True) -> Template:
    return Template(environment([], html=html, extra=FILES.get), "page", CONSTANTS, source=source)


@pytest.mark.parametrize("html", [True, False])
@pytest.mark.parametrize("source", EXPRESSIBLE + ONLY_ORDINARY)
def test_specialised_is_ordinary_whoever_comes_first(source: str, html: bool) -> None:
    expected = {id(reader): ordinary(made(source, html=html), reader) for reader in READERS}
    for order in list(permutations(READERS))[::7]:
        template = made(source, html=html)
        for reader in order * 2:
            assert text_or_error(template, reader) == expected[id(reader)]


@pytest.mark.parametrize("html", [True, False])
@pytest.mark.parametrize("source", EXPRESSIBLE)
def test_one_who_takes_a_known_path_costs_no_ordinary_rendering(source: str, html: bool) -> None:
    template = made(source, html=html)
    render(template, ANA)
    assert len(template.traces) == 1
    assert render(template, ANA) == template.ordinary(ANA)
    assert template.traces[0].hits == 1


@pytest.mark.parametrize("source", ONLY_ORDINARY)
def test_what_a_marker_cannot_express_is_soon_left_to_ordinary_rendering(source: str) -> None:
    template = made(source)
    for _ in range(40):
        render(template, ANA)
    assert template.traces == []
    assert template._tries == 0


def test_other_values_on_the_same_path_share_a_trace() -> None:
    template = made("{% if solo %}-{% endif %}{{ partner.given_name|upper }} {{ note }} {{ other_name }}{{ week }}")
    for note in ("x", "<", None, 3, Markup("<b>"), datetime(2026, 1, 1, tzinfo=UTC)):
        reader = Reader(Person(f"Ana {note}"), note, False, 9, note=note)
        assert render(template, reader) == template.ordinary(reader)
    assert [known.hits for known in template.traces] == [5]


HTML_WORDS = (Piece(Markup("<p>Ask "), "name"), Piece(Markup(".</p>"), "Name"), Piece(Markup("<br>")))
PLAIN_WORDS = (Piece("Ask <", "name"), Piece("> & ", "Name"))
UNNAMED = (Piece(Markup("<p>Ask.</p>")),)


@pytest.mark.parametrize("html", [True, False])
@pytest.mark.parametrize("words", [HTML_WORDS, PLAIN_WORDS, UNNAMED, ()], ids=["html", "plain", "unnamed", "none"])
@pytest.mark.parametrize(
    "source",
    [
        "{{ words|named(other_name) }}",
        "{{ words|named(name=other_name)|upper }}{{ words|named(other_name)|length }}",
        "{% set x = words|named(other_name) %}{{ x }}{{ x ~ '<' }}{% if x %}{{ [x, x]|join }}{% endif %}",
        "{% autoescape false %}{{ words|named(other_name) }}{% endautoescape %}",
    ],
)
def test_an_activitys_words_are_the_same_specialised_whatever_the_name(
    source: str, words: tuple[Piece, ...], html: bool
) -> None:
    sandbox = environment([], html=html)
    sandbox.filters["named"] = named
    names = ("bo", "<b>", "", Markup("<i>"), None, 3, "élan")
    for first in range(len(names)):
        template = Template(sandbox, "page", {"words": words}, source=source)
        for name in (*names[first:], *names) * 2:
            reader = Reader(Person("Ana"), name, False, 1)
            assert text_or_error(template, reader) == ordinary(template, reader)


def test_an_activitys_words_are_constants_around_the_name() -> None:
    sandbox = environment([], html=True)
    sandbox.filters["named"] = named
    template = Template(sandbox, "page", {"words": HTML_WORDS}, source="{{ words|named(other_name) }}")
    found = fill(template, Reader(Person("Ana"), "bo", False, 1))
    assert not isinstance(found, str)
    assert (found[0].constants, found[1]) == (("<p>Ask ", ".</p>", "<br>"), ("bo", "Bo"))


def test_traces_are_bounded_and_the_most_used_comes_first() -> None:
    source = "".join(f"{{% if week == {n} %}}{n}{{% endif %}}" for n in range(30))
    template = made(source)
    readers = [Reader(Person("A"), "B", False, week) for week in range(30)]
    for reader in readers:
        assert render(template, reader) == str(reader.week)
    assert len(template.traces) == 8
    for _ in range(50):
        render(template, readers[5])
    assert template.traces[0].slots(readers[5]) == ()
    assert [render(template, reader) for reader in readers] == [str(n) for n in range(30)]


@pytest.mark.parametrize(
    "body", ["{{ (partner.given_name ~ i)|upper }}", "{{ partner.given_name }}", "{% if other_name ~ i %}{% endif %}"]
)
def test_a_path_of_thousands_of_steps_is_rendered_and_not_compiled(body: str) -> None:
    for turns, kept in ((90, 1), (900, 0)):
        loop = f"{{% for i in range({turns}) %}}{body}{{% endfor %}}"
        template = made(f"{{% for k in range(3) %}}{loop.replace('~ i', '~ k ~ i')}{{% endfor %}}")
        assert render(template, ANA) == template.ordinary(ANA)
        assert len(template.traces) == kept


def test_a_name_that_makes_a_known_path_costly_is_refused_as_it_would_be_without_it() -> None:
    template = made("{% for i in range(20) %}{{ (other_name * (20000 + i))|title|length }}{% endfor %}")
    render(template, ANA)
    assert len(template.traces) == 1
    with pytest.raises(RenderError, match="its operations together touch too much"):
        render(template, replace(ANA, other_name="B" * 12))


def test_compiled_source_holds_no_data_and_no_words_of_the_template() -> None:
    reader = Reader(Person("PERSONAL"), "SECRET", False, 4711, (Person("PRIVATE"),) * 3, "HIDDEN")
    for source in EXPRESSIBLE:
        template = made("CONSTANT " + source.replace("week ==", "4711 =="))
        text_or_error(template, reader)
        for known in template.traces:
            for line in known.source.splitlines():
                for word in ("PERSONAL", "SECRET", "4711", "PRIVATE", "HIDDEN", "CONSTANT", "Closer", "'", '"', "em>"):
                    assert word not in line


def test_a_field_whose_name_is_not_plain_never_enters_source() -> None:
    """Names come from classes, which are ours; even so only a public identifier may become part of a line."""
    kind = type("Odd", (), {"__dataclass_fields__": {"a b": None, "_private": None, "class": None}, "__slots__": ()})
    template = made("{{ note }}{{ note2|default('-') }}")
    reader = Reader(Person("A"), "B", False, 1, note=kind())
    with pytest.raises(RenderError):
        render(template, reader)


def test_one_poisoned_recipient_harms_no_other() -> None:
    template = made("{{ partner.given_name|upper }}{{ (100 / week)|int }}")
    poisoned = Reader(Person("P"), "", False, 0)
    results = render_all(template, [ANA, poisoned, EVE, Reader(None, "", True, 1), SAM])
    assert [isinstance(result, RenderError) for result in results] == [False, True, False, True, False]
    assert results[0] == "ANA100"
    assert results[2] == template.ordinary(EVE)
    for result in (results[1], results[3]):
        assert isinstance(result, RenderError)
        assert (result.template, result.line) == ("page", 1)


def test_the_output_cap_counts_personal_values() -> None:
    template = made("{{ partner.given_name }}{{ partner.given_name }}{{ other_name }}")
    assert render(template, ANA) == "AnaAnaBo"
    big = Reader(Person("x" * 131_072), "", False, 1)
    assert len(render(template, big)) == 262_144
    with pytest.raises(RenderError):
        render(template, Reader(Person("x" * 131_072), "y", False, 1))
    assert len(template.traces) == 1


@pytest.mark.parametrize(
    "source",
    [
        "{{ partner.given_name * 300000 }}",
        "{{ partner.given_name|center(week * 100000) }}",
        "{{ partner['__class__'] }}",
        "{{ partner.given_name.format(1) }}",
        "{{ partner.given_name|attr('__len__') }}",
        "{{ partner }}",
        "{{ tips }}",
    ],
)
def test_sandbox_rules_hold_for_slots(source: str) -> None:
    template = made(source)
    for _ in range(3):
        with pytest.raises(RenderError):
            render(template, ANA)
    assert template.traces == []


def test_a_value_that_breaks_a_rule_is_refused_though_its_path_was_traced() -> None:
    template = made("{{ note }}|{{ partner.given_name|center(week) }}|{{ 'x' * week }}")
    assert render(template, ANA) == "note|Ana|x"
    for bad in (Reader(Person("A"), "", False, 1, note=["listed"]), Reader(Person("A"), "", False, 5000, note="n")):
        with pytest.raises(RenderError):
            render(template, bad)
    assert len(template.traces) == 1


def test_a_reader_of_another_class_is_not_taken_for_the_traced_one() -> None:
    @dataclass(frozen=True, slots=True)
    class Other:
        partner: Person

    template = made("{{ partner.given_name }}{{ week|default('no week') }}")
    assert render(template, ANA) == "Ana1"
    assert render(template, Other(Person("O"))) == "Ono week"


def test_a_field_that_is_a_method_elsewhere_is_refused_there() -> None:
    @dataclass(frozen=True, slots=True)
    class Sly:
        def given_name(self) -> str:
            return "called"

    template = made("{% if partner.given_name %}yes{% endif %}")
    assert render(template, ANA) == "yes"
    with pytest.raises(RenderError):
        render(template, Reader(Sly(), "", False, 1))


def test_what_fails_unseen_in_ordinary_rendering_fails_specialised_too() -> None:
    template = made("{% set unused = 10 / week %}{% set kept %}{{ note }}{{ note }}{% endset %}{{ kept|length }}")
    assert render(template, ANA) == "8"
    for bad in (Reader(Person("A"), "", False, 0), Reader(Person("A"), "", False, 1, note="x" * 200_000)):
        with pytest.raises(RenderError):
            render(template, bad)
    assert len(template.traces) == 1


def test_a_filter_that_is_not_pure_is_never_specialised() -> None:
    """Filters of the house must be pure; one that is not shows at once, for a trace is tried before it is kept."""
    sandbox, answers = environment([], html=False), iter(range(99))
    sandbox.filters["next"] = lambda value: f"{value}{next(answers)}"
    template = Template(sandbox, "page", {}, source="{{ week|next }}")
    assert [render(template, ANA) for _ in range(3)] == ["10", "13", "16"]
    assert template.traces == []


def test_a_recipients_field_hides_a_constant_of_the_same_name() -> None:
    template = Template(environment([], html=False), "page", {"week": "constant"}, source="{{ week }}")
    assert [render(template, ANA), render(template, EVE)] == ["1", "7"]


def test_a_template_that_does_not_compile_is_refused_when_made() -> None:
    with pytest.raises(RenderError) as caught:
        made("one\n{% if %}")
    assert (caught.value.template, caught.value.line) == ("page", 2)


@pytest.mark.parametrize("text", ["", "Ana", "<>&'\"", "&amp;", "Zoë", "a b", "\0", "٣", "ﬀ<"])
def test_printing_in_html_gives_the_bytes_of_markupsafe(text: str) -> None:
    assert printed_html(text) == str(escape(text))
