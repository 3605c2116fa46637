"""The sandbox: what a template may not do, how much it may cost, and how it says so."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jinja2
import pytest

from engine.errors import RekindleError
from engine.render.sandbox import RenderError, compile_expression, environment, undeclared

SECRET = "Wilhelmina"


@dataclass(frozen=True, slots=True)
class Person:
    given_name: str


def rendered(source: str, *, html: bool = False, **more: str) -> str:
    sandbox = environment([], html=html, extra=more.get)
    values = {"name": SECRET, "partner": Person(SECRET), "items": ("a", "b"), "n": 3, "d": {"k": "v"}}
    return sandbox.rendered(sandbox.compiled("page", source), values)


ESCAPES = (
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__'] }}",
    "{{ ''|attr('__class__') }}",
    "{{ name|attr('__' ~ 'class__') }}",
    "{{ [''] | map(attribute='__class__') | join }}",
    "{{ ['']|map('attr', '__class__')|join }}",
    "{{ [partner]|selectattr('__class__')|list|length + nope }}",
    "{{ (['']|groupby('__class__')|first)[0] }}",
    "{{ '{0.__class__}'.format(name) }}",
    "{{ '{x.__class__}'.format_map({'x': name}) }}",
    "{{ ('{0.__class__}'|safe).format(name) }}",
    "{{ ['{0.__class__}']|map(attribute='format')|first }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ self._context }}",
    "{% macro m() %}{% endmacro %}{{ m._func }}",
    "{% macro m() %}{% endmacro %}{{ m.__call__ }}",
    "{% for x in items %}{{ loop._iterable }}{% endfor %}",
    "{% for x in items %}{{ loop.__init__ }}{% endfor %}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ joiner.__init__ }}",
    "{{ namespace.__init__ }}",
    "{{ lipsum.__globals__ }}",
    "{{ dict(a=1) }}",
    "{{ range.__class__ }}",
    "{{ n.__add__(1) }}",
    "{{ n.to_bytes(1000000000, 'big') }}",
    "{{ name.encode('rot13') }}",
    "{{ d.clear() }}",
    "{{ d.update({'a': 1}) }}",
    "{{ [].append(1) }}",
    "{{ partner.__dataclass_fields__ }}",
    "{{ partner.__init__('x') }}",
    "{% import '../secret' as s %}",
    "{% include '/etc/passwd' %}",
    "{% include name %}",
    "{% extends 'nowhere' %}",
    "{{ [1, 2]|random }}",
    "{{ partner|pprint }}",
    "{% macro m() %}{{ varargs }}{% endmacro %}{{ m(1) }}",
    "{{ range(*items) }}",
)

BOMBS = (
    "{{ 'a' * 500000000 }}",
    "{{ 500000000 * 'a' }}",
    "{{ [0] * 500000000 }}",
    "{{ (1, 2) * 500000000 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{% set a = 10 ** 70 %}{% set b = a * a %}{% set c = b * b %}{{ c * c }}",
    "{{ '%999999999d' % 1 }}",
    "{{ '%*d' % (999999999, 1) }}",
    "{{ '%.999999999f' % 1.0 }}",
    "{{ '%(a)999999999s' % {'a': 1} }}",
    "{{ '%(a(b))999999999s' % {'a(b)': 1} }}",
    "{{ '%999999999d'|format(1) }}",
    "{{ '%*d'|format(999999999, 1) }}",
    "{{ 'a'.center(999999999) }}",
    "{{ 'a'.ljust(999999999) }}",
    "{{ 'a'.zfill(999999999) }}",
    "{{ '\t'.expandtabs(999999999) }}",
    "{{ ','.join(range(1000)) }}",
    "{{ 'a'|center(999999999) }}",
    "{{ 'a\nb'|indent(999999999) }}",
    "{{ 'a b'|wordwrap(999999999) }}",
    "{{ [1]|batch(999999999, 'x')|list|length }}",
    "{{ [1]|slice(999999999)|list|length }}",
    "{{ 1.5|round(999999999, 'ceil') }}",
    "{{ range(999999999)|list|length }}",
    "{{ range(10 ** 30)|length }}",
    "{% for i in range(1000) %}{% for j in range(1000) %}{% endfor %}{% endfor %}",
    "{% for i in range(1000) %}{% for j in range(1000) %}x{% endfor %}{% endfor %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
    "{% block a %}{{ self.a() }}{% endblock %}",
    "{% include 'page' %}",
    "{% set a = 'x' * 200000 %}{% set b = a ~ a %}",
    "{% set a = 'x' * 200000 %}{{ a + a }}",
    "{% set a = 'x' * 200000 %}{{ a|replace('', a) }}",
    "{% set a = 'x' * 200000 %}{{ a|replace('x', a) }}",
    "{% set a = '&' * 200000 %}{{ a|replace('&', a) }}",
    "{% set a = 'x\n' * 100000 %}{{ a|indent(a) }}",
    "{% set a = 'x' * 200000 %}{{ a|wordwrap(1, wrapstring=a) }}",
    "{% set a = 'x' * 200000 %}{{ ([a, a])|join }}",
    "{% set a = 'x' * 200000 %}{{ range(1000)|join(a) }}",
    "{% set a = 'x' * 200000 %}{{ '%s%s' % (a, a) }}",
    "{% set a = 'x' * 200000 %}{% for i in range(1000) %}{{ a }}{% endfor %}",
    "{% macro m(a) %}{% for i in range(1000) %}{{ a }}{% endfor %}{% endmacro %}{% set b = m('x' * 200000) %}",
    "{% set a = 'x' * 200000 %}{% set b %}{{ a }}{{ a }}{% endset %}",
    "{% set a = [1, 1, 1, 1, 1, 1, 1, 1] %}" + "{% set a = [a, a, a, a, a, a, a, a] %}" * 9 + "{{ a == a }}",
    "{% for x in [[1]] recursive %}{{ loop(x) }}{% endfor %}",
    "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
)


@pytest.mark.parametrize("source", ESCAPES)
@pytest.mark.parametrize("html", [True, False])
def test_a_template_cannot_leave_the_sandbox(source: str, html: bool) -> None:
    with pytest.raises(RenderError):
        rendered(source, html=html)


@pytest.mark.parametrize("source", BOMBS)
def test_a_template_cannot_use_up_the_machine(source: str) -> None:
    """Each is refused before it allocates: a suite that passes at all has shown that."""
    with pytest.raises(RenderError):
        rendered(source, html=True, page=source)


LONG, LIST = "{% set s = 'x' * 200000 %}", "{% set l = ('x' * 20000)|list %}"
NEEDLE = "{% set p = 'x' * 50000 ~ 'y' ~ 'x' * 50000 %}"
MANY = "{% for i in range(999) %}{% for j in range(9) %}@{% endfor %}{% endfor %}"
BODY = "{% if n %}{% endif %}" * 900
PATH = "'0.0.0.0.0.0.0.0.0'"
TOGETHER, ALONE = "its operations together touch too much", "an operation here would touch too much"
DEEP, LARGE, ADDED = "more than 8 parts", "a number is too large", "lists cannot be added"
COSTLY = (
    (f"{{{{ items|map(attribute={PATH})|list }}}}", DEEP),
    (f"{{{{ items|sort(attribute={PATH.replace('.', ',')})|list }}}}", DEEP),
    (f"{{{{ items|sort(false, true, {PATH})|list }}}}", DEEP),
    (f"{{{{ items|groupby({PATH})|list }}}}", DEEP),
    (f"{{{{ items|unique(false, {PATH})|list }}}}", DEEP),
    (f"{{{{ items|min(false, {PATH}) }}}}", DEEP),
    (f"{{{{ items|max(false, {PATH}) }}}}", DEEP),
    (f"{{{{ items|sum({PATH}) }}}}", DEEP),
    (f"{{{{ items|selectattr({PATH})|list }}}}", DEEP),
    (f"{{{{ items|rejectattr({PATH})|list }}}}", DEEP),
    (f"{{{{ items|join(attribute={PATH}) }}}}", DEEP),
    (LIST + "{{ l|select('in', l)|list|length }}", TOGETHER),
    (LIST + "{{ l|reject('in', l)|list|length }}", TOGETHER),
    (LIST + MANY.replace("@", "{% if 'y' in l %}{% endif %}"), TOGETHER),
    (LIST + MANY.replace("@", "{% if i not in l %}{% endif %}"), TOGETHER),
    (LIST + "{% set m = l|list %}" + MANY.replace("@", "{% if l == m %}{% endif %}"), TOGETHER),
    (LIST + MANY.replace("@", "{% if loop.changed(l) %}{% endif %}"), TOGETHER),
    (LIST + MANY.replace("@", "{% set m = l[1:] %}"), TOGETHER),
    (LIST + MANY.replace("@", "{% set m = [l[:99]] %}"), TOGETHER),
    ("{{ ('x' * 1000)|batch(1)|sum(start=[])|length }}", ADDED),
    ("{{ ('x' * 1000)|batch(1)|sum('0', [])|length }}", ADDED),
    (LONG + "{{ s" + "|map('upper')" * 12 + "|list|length }}", TOGETHER),
    (LONG + "{{ s" + "|select('string')" * 12 + "|list|length }}", TOGETHER),
    ("{{ ('f' * 65)|int(0, 16) == 1 }}", LARGE),
    ("{{ 1e308|int == 1 }}", LARGE),
    ("{{ 1e308|round|int == 1 }}", LARGE),
    ("{{ 0x" + "f" * 65 + " == 1 }}", LARGE),
    ("{% set m = 2 ** 120 * 2 ** 120 * 2 ** 15 %}{{ m + m == 1 }}", LARGE),
    (LONG + NEEDLE + "{{ s.rfind(p) }}", ALONE),
    (LONG + NEEDLE + "{{ s.rsplit(p)|length }}", ALONE),
    (LONG + NEEDLE + "{{ s|trim(p)|length }}", ALONE),
    (LONG + "{% set y = 'y' * 200000 %}{{ s.strip(y ~ 'x')|length }}", ALONE),
    (LONG + "".join(f"{{% set s{each} = s + '{each}' %}}" for each in range(400)), TOGETHER),
    ("".join(f"{{% set s{each} = 'x' * 200000 %}}" for each in range(400)), TOGETHER),
    (LONG + "".join(f"{{% set s{each} = s[1:] %}}" for each in range(400)), TOGETHER),
    ("{% set s = 'ab ' * 60000 %}" + "".join(f"{{% set s{each} = s.split() %}}" for each in range(60)), TOGETHER),
    (MANY.replace("@", "{% if partner.given_name %}{% endif %}" * 300), TOGETHER),
    ("{% macro m() %}" + BODY + "{% endmacro %}" + MANY.replace("@", "{{ m() }}"), TOGETHER),
    ("{% block b %}" + BODY + "{% endblock %}" + MANY.replace("@", "{{ self.b() }}"), TOGETHER),
    ("{% set t = 'x' * 999 %}{% set s %}" + MANY.replace("@", "{{ t }}") + "{% endset %}", "it prints too much"),
    ("{{n}}" * 200_000, "longer than 262144 characters"),
    ("{{n}}" * 20_000, "more than 32768 words and signs"),
    ("{#" + "x" * 262_144 + "#}", "longer than 262144 characters"),
    ("{% if n %}" * 150 + "{% endif %}" * 150, "nested too deeply"),
)


@pytest.mark.parametrize(("source", "said"), COSTLY, ids=range(len(COSTLY)))
def test_what_would_cost_seconds_or_keep_gigabytes_is_refused_with_what_is_too_much(source: str, said: str) -> None:
    for html in (True, False):
        with pytest.raises(RenderError) as caught:
            rendered(source, html=html)
        assert said in str(caught.value)
        assert caught.value.template == "page"


def test_an_included_template_pays_for_what_is_in_it_each_time() -> None:
    with pytest.raises(RenderError) as caught:
        rendered(MANY.replace("@", "{% include 'part' %}"), part=BODY)
    assert TOGETHER in str(caught.value)


def test_a_template_of_as_many_characters_as_may_be_is_compiled() -> None:
    assert len(rendered("x" * 262_144)) == 262_144


def test_nothing_is_worked_out_before_a_template_is_rendered() -> None:
    """Neither while it is compiled nor while lint reads it: constants would be, again and again."""
    called = []
    sandbox = environment([], html=True)
    sandbox.filters["told"] = lambda value: called.append(value) or value
    source = "{{ 'a'|told }}{{ ('a'|told ~ 'b')|told }}{% if 'a'|told == 'a' %}{% endif %}{{ ['a'|told]|first }}"
    template = sandbox.compiled("page", source)
    assert undeclared(sandbox, "page", source) == {}
    assert called == []
    assert sandbox.rendered(template, {}) == "aaba"
    assert called == ["a", "a", "ab", "a", "a"]


@pytest.mark.parametrize("source", ["{{n}}" * 20_000, "x" * 262_145])
def test_lint_reads_no_template_that_is_too_long_to_be_compiled(source: str) -> None:
    with pytest.raises(RenderError) as caught:
        undeclared(environment([], html=True), "page", source)
    assert caught.value.template == "page"
    assert "a template" in str(caught.value)


@pytest.mark.parametrize(
    "source", ["1 + " * 20_000 + "1", "'" + "x" * 262_144 + "'", "week in " + "[" * 150 + "]" * 150]
)
def test_a_condition_that_is_too_long_is_refused_at_once(source: str) -> None:
    with pytest.raises(RenderError):
        compile_expression(source)


def test_the_line_of_an_error_is_looked_up_once_however_deep_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look-up reads through all lines that a template has."""
    looked_up, whole = [], jinja2.Template.get_corresponding_lineno

    def counted(template: jinja2.Template, line: int) -> int:
        looked_up.append(line)
        return whole(template, line)

    monkeypatch.setattr(jinja2.Template, "get_corresponding_lineno", counted)
    with pytest.raises(RenderError) as caught:
        rendered("\n{% macro m(i) %}\n{% if i %}{{ m(i - 1) }}{% endif %}{{ nope }}{% endmacro %}{{ m(50) }}")
    assert (caught.value.line, len(looked_up)) == (3, 1)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ 'ab' * 3 }}{{ 2 ** 10 }}{{ 7 % 4 }}{{ '%d of %s' % (n, name) }}", "ababab10243" + f"3 of {SECRET}"),
        ("{{ '%d of %d'|format(n, 8) }}", "3 of 8"),
        ("{{ 'a'|center(5) }}|{{ 'a\nb'|indent(2) }}", "  a  |a\n  b"),
        ("{{ 'one two three'|wordwrap(8) }}", "one two\nthree"),
        ("{{ items|join(', ') }}{{ items|batch(1)|list|length }}{{ 1.25|round(1) }}", "a, b21.2"),
        ("{% for k, v in d.items() %}{{ k }}={{ v }}{% endfor %}{{ d.get('x', 'y') }}", "k=vy"),
        ("{{ name.upper() }}{{ name.startswith('Wil') }}{{ 'a,b'.split(',')|last }}", f"{SECRET.upper()}Trueb"),
        ("{{ name|replace('Wil', 'Hel')|lower|title|truncate(5) }}", "Helhelmina"),
        ("{% for i in range(3) %}{{ loop.cycle('a', 'b') }}{% endfor %}", "aba"),
    ],
)
def test_what_messages_need_is_allowed(source: str, expected: str) -> None:
    assert rendered(source) == expected


def test_html_is_escaped_and_text_is_not() -> None:
    assert rendered("{{ '<&>' }}{{ '<b>'|safe }}", html=True) == "&lt;&amp;&gt;<b>"
    assert rendered("{{ '<&>' }}") == "<&>"


@pytest.mark.parametrize(
    ("source", "line", "said"),
    [
        ("one\n{{ nope }}", 2, "`nope` is not defined"),
        ("one\ntwo {{ partner.nick }}", 2, "`nick` is not defined"),
        ("{% if %}", 1, "Expected an expression"),
        ("\n\n{{ name|nofilter }}", 3, "nofilter"),
        ("\n{{ name|int / 0 }}", 2, "divides by zero"),
        ("\n{{ d[name] }}", 2, "not defined"),
        ("\n{{ name + 1 }}", 2, "wrong type"),
        ("\n{% include name %}", 2, "no such template"),
        ("\n{{ '%d' % name }}", 2, "wrong type"),
        ("\n{{ partner }}", 2, "a Person cannot be printed"),
        ("\n{{ items }}", 2, "a tuple cannot be printed"),
        ("\n{% for x in [] recursive %}{% endfor %}", 2, "recursive loops"),
    ],
)
def test_an_error_names_template_and_line_and_nobodys_data(source: str, line: int, said: str) -> None:
    with pytest.raises(RenderError) as caught:
        rendered(source)
    assert (caught.value.template, caught.value.line) == ("page", line)
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"page:{line}  ")
    assert SECRET not in str(caught.value)
    assert isinstance(caught.value, RekindleError)
    assert caught.value.__suppress_context__


def test_an_error_inside_an_included_template_names_that_template() -> None:
    with pytest.raises(RenderError) as caught:
        rendered("{% include 'part' %}", part="one\n{{ nope }}")
    assert (caught.value.template, caught.value.line) == ("part", 2)


def test_the_first_folder_wins_and_memory_comes_before_both(tmp_path: Path) -> None:
    for folder, names in (("mine", ["a"]), ("shipped", ["a", "b", "c"])):
        (tmp_path / folder / "email").mkdir(parents=True)
        for name in names:
            (tmp_path / folder / "email" / name).write_text(f"{folder} {name}", encoding="utf-8")
    memory: Callable[[str], str | None] = {"email/c": "memory c"}.get
    sandbox = environment(
        [tmp_path / "mine", tmp_path / "shipped"],
        html=False,
        extra=memory,
        preprocess=lambda name, source: f"{source} ({name})",
    )
    texts = [sandbox.rendered(sandbox.compiled(f"email/{name}"), {}) for name in "abc"]
    assert texts == ["mine a (email/a)", "shipped b (email/b)", "memory c (email/c)"]


@pytest.mark.parametrize(
    "name",
    ["../secret", "a/../../secret", "/secret", "a//secret", "link", "folder/secret", "", ".", "a\\b", "\0", "C:x"],
)
def test_nothing_outside_the_template_folders_is_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    inside = tmp_path / "templates"
    (inside / "a").mkdir(parents=True)
    (inside / "link").symlink_to(tmp_path / "secret")
    (inside / "folder").symlink_to(tmp_path)
    with pytest.raises(RenderError):
        environment([inside], html=False).compiled(name)


def test_a_file_that_is_not_utf8_is_an_error_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "page").write_bytes(b"\xff\xfe")
    with pytest.raises(RenderError):
        environment([tmp_path], html=False).compiled("page")


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("week > 1", True),
        ("week == 2 and name == 'x'", False),
        ("couple.given_name|length > 3", True),
        ("week in [2, 4]", True),
    ],
)
def test_a_condition_is_evaluated_over_its_variables(expression: str, holds: bool) -> None:
    values = {"week": 2, "name": SECRET, "couple": Person(SECRET)}
    assert compile_expression(expression)(values) is holds


@pytest.mark.parametrize("expression", ["week >", "{{ week }}", "", "week week", "week|nofilter"])
def test_a_condition_that_is_no_expression_is_refused_at_once(expression: str) -> None:
    with pytest.raises(RenderError):
        compile_expression(expression)


@pytest.mark.parametrize(
    "expression", ["nope", "week.nope", "week > name", "''.__class__", "'a' * 500000000", "range(10 ** 9)|sum > 1"]
)
def test_a_condition_is_strict_and_bounded(expression: str) -> None:
    condition = compile_expression(expression)
    with pytest.raises(RenderError) as caught:
        condition({"week": 2, "name": SECRET})
    assert SECRET not in str(caught.value)


def test_the_budget_is_whole_again_for_every_rendering() -> None:
    sandbox = environment([], html=False)
    template = sandbox.compiled("page", "{% for i in range(900) %}x{% endfor %}" * 10)
    for _ in range(3):
        assert len(sandbox.rendered(template, {})) == 9000


def test_undeclared_names_each_variable_path_with_its_line() -> None:
    sandbox = environment([], html=True, extra={"layout": "{{ sender.name }}{{ own }}{{ links['unsubscribe'] }}"}.get)
    source = """{% extends "layout" %}
{% set own = partner.given_name %}
{{ own }}{{ partner.given_name.upper() }}{{ week|string ~ other }}
{% for tip in tips %}{{ tip.text }}{{ loop.index }}{% endfor %}{{ range(3)|join }}
{% macro m(x) %}{{ x.y }}{{ deep.er.path }}{% endmacro %}{{ m(1) }}"""
    assert undeclared(sandbox, "page", source) == {
        "sender.name": 1,
        "links.unsubscribe": 1,
        "partner.given_name": 2,
        "week": 3,
        "other": 3,
        "tips": 4,
        "deep.er.path": 5,
    }


@pytest.mark.parametrize(("source", "line"), [("ok\n{% if %}", 2), ("ok\n\n{{ x", 3)])
def test_undeclared_reports_a_syntax_error_with_its_line(source: str, line: int) -> None:
    with pytest.raises(RenderError) as caught:
        undeclared(environment([], html=True), "page", source)
    assert (caught.value.template, caught.value.line) == ("page", line)


def test_undeclared_reports_a_missing_template() -> None:
    with pytest.raises(RenderError):
        undeclared(environment([], html=True), "nowhere")


def test_a_template_that_is_missing_is_reported_at_the_tag_that_names_it() -> None:
    sandbox = environment([], html=True, extra={"part": "\n\n{% include 'nowhere' %}"}.get)
    with pytest.raises(RenderError) as caught:
        undeclared(sandbox, "page", "{% include 'part' %}")
    assert (caught.value.template, caught.value.line) == ("part", 3)
