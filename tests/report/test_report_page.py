"""The page, JSON and CSV of a report: self-contained, bounded, and silent about few."""

import csv
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from told import BEGAN, Told, renamed

from engine.report.figure import Form, written
from engine.report.plots import bands, bars, dots, stacks, svg
from engine.report.report import Report
from engine.report.report_files import write_csv
from engine.report.report_page import page

COLOURED = re.compile(r'(?:fill|stroke)="(#[0-9a-f]{6})"')


@pytest.fixture(scope="module")
def lived() -> Report:
    """Thirty couples, two weeks, one of everything."""
    told = Told(30)
    for week in (1, 2):
        told.to_both(range(1, 29), week=week, heard=("delivered", "opened"))
        told.to_both(range(29, 31), week=week, heard=("bounced",), code="5.1.1")
        told.to_both(range(1, 31), step="pulse", week=week)
    told.to_both(range(1, 31), week=3, status="skipped", reason="paused")
    for partner in range(1, 61):
        told.rate(partner, 1, 1 + partner % 4)
        told.rate(partner, 2, 2 + partner % 4)
        if partner % 3:
            told.answer(partner)
    for delivery in range(1, 41):
        told.say(delivery, delivery, "did" if delivery % 4 else "not_for_us")
    for couple in range(1, 7):
        told.leave(2 * couple, BEGAN + timedelta(days=8, hours=5))
    return told.report()


@pytest.fixture(scope="module")
def html(lived: Report) -> str:
    return "".join(page(lived))


class Seen(HTMLParser):
    """The tags of a page, and whether each that was opened was closed."""

    VOID = frozenset({"meta", "link", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_else(html: str) -> None:
    seen = Seen()
    seen.feed(html)
    assert seen.open == []
    kinds = {tag for tag, _ in seen.tags}
    assert not kinds & {"script", "iframe", "img", "object", "form", "image", "use"}
    for tag, attributes in seen.tags:
        assert "style" not in attributes, tag
        assert not [name for name in attributes if name.startswith("on")], tag
        assert (attributes.get("href") or "#").startswith(("#", "data:,")), tag
    assert "url(" not in html


def test_its_policy_allows_its_own_style_sheet_and_nothing_else(html: str) -> None:
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
    assert policy.startswith("default-src &#39;none&#39;")
    assert "unsafe" not in policy
    assert policy.count("sha256-") == 1


def test_every_figure_says_what_it_counts_and_of_how_many(lived: Report, html: str) -> None:
    for figure in lived.figures:
        assert f'id="{figure.key}"' in html
        assert figure.definition
        assert "n is the couples" in figure.definition, figure.key
        assert figure.reading
    assert html.count('<p class="n">n = ') == len(lived.figures)


def test_every_plot_has_words_and_its_numbers_in_a_table(html: str) -> None:
    seen = Seen()
    seen.feed(html)
    plots = [attributes for _, attributes in seen.tags if attributes.get("class") == "plot"]
    assert len(plots) >= 8
    assert all(plot["role"] == "img" and len(plot["aria-label"] or "") > 40 for plot in plots)
    assert html.count("<svg") == len(plots)
    assert html.count("<details") == html.count("<table") >= len(plots)


def test_every_colour_of_a_plot_has_its_dark_twin() -> None:
    from engine.shipped import shipped

    style = (shipped("templates") / "report" / "report.css").read_text(encoding="utf-8")
    five = {f"s{number}": [(1, 2.0, 1.0, 3.0), (2, 2.0, 1.0, 3.0)] for number in range(5)}
    drawn = "".join(
        map(
            svg,
            [
                bands(five, x="week", y="y"),
                stacks({"a": dict.fromkeys(five, 2)}, x="x"),
                dots([("a", 1, 0, 2)], x="x", rule=0),
                bars([("a", 3)], x="x"),
            ],
        )
    )
    for kind, colour in set(re.findall(r'(fill|stroke)="(#[0-9a-f]{6})"', drawn)):
        assert f'.plot [{kind}="{colour}"]' in style


def test_a_name_with_markup_in_it_stays_a_name() -> None:
    drawn = svg(bars([("<script>alert(1)</script>", 3)], x="<b>"))
    assert "<script" not in drawn
    assert "<b>" not in drawn


def test_what_is_hidden_is_in_none_of_page_json_and_csv(lived: Report, html: str, tmp_path: Path) -> None:
    entry = {figure["key"]: figure for figure in lived.entry()["figures"]}
    (row,) = (row for row in entry["deliverability_weeks"]["rows"] if row["week"] == "all")
    assert row["bounced"] is None
    assert "bounced" in row["hidden"]
    write_csv(lived, tmp_path)
    with (tmp_path / "deliverability_weeks.csv").open(encoding="utf-8", newline="") as file:
        (line,) = (line for line in csv.DictReader(file) if line["week"] == "all")
    assert line["bounced"] == "hidden"
    section = html.partition('id="deliverability_weeks"')[2].partition("</section>")[0]
    assert section.count("hidden number") == sum(len(each["hidden"]) for each in entry["deliverability_weeks"]["rows"])


def test_json_has_every_column_of_every_row_and_nothing_else(lived: Report) -> None:
    entry = json.loads(json.dumps(lived.entry()))
    assert (entry["format"], entry["campaign"], entry["fewest_couples"], entry["couples"]) == (1, "test", 5, 30)
    for figure in entry["figures"]:
        keys = {column["key"] for column in figure["columns"]}
        assert all(set(row) == keys | {"hidden"} for row in figure["rows"]), figure["key"]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_a_csv_cell_never_begins_as_a_formula(sign: str, tmp_path: Path) -> None:
    told = Told(6)
    told.to_both(range(1, 7), step=f"{sign}1+1")
    write_csv(told.report(), tmp_path)
    with (tmp_path / "opt_outs.csv").open(encoding="utf-8", newline="") as file:
        assert [row["step"] for row in csv.DictReader(file)] == [f"'{sign}1+1", "all"]


def numbers(html: str) -> Iterator[str]:
    yield from re.findall(r'<td class="number">([^<]*)</td>', html)


@pytest.mark.parametrize("couples", [0, 1, 4])
def test_a_tiny_campaign_gives_an_honest_page_and_no_number(couples: int, tmp_path: Path) -> None:
    told = Told(couples)
    told.to_both(range(1, couples + 1), heard=("delivered",))
    report = told.report()
    html = "".join(page(report))
    assert "Not enough couples yet" in html
    assert "<table" not in html
    assert "<svg" not in html
    assert report.entry()["couples"] == (0 if couples == 0 else None)
    assert all(figure["rows"] == [] for figure in report.entry()["figures"])
    assert all(len(path.read_text(encoding="utf-8").splitlines()) == 1 for path in write_csv(report, tmp_path))


def test_several_versions_are_named_on_the_page() -> None:
    told = Told(6)
    other = renamed("Another")
    with told.database.begin() as connection:
        told.version(connection, other)
    html = "".join(page(told.report()))
    assert "2 versions of the campaign are counted together" in html
    assert other.digest in html


def test_no_name_of_anybody_is_on_it(html: str) -> None:
    assert "Ana" not in html  # both partners of every couple are called =Ana


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (None, Form.WHOLE, "–"),
        (1234567, Form.WHOLE, "1,234,567"),
        (0.25, Form.SHARE, "25.0%"),
        (1.0, Form.SHARE, "100%"),
        (-0.125, Form.NUMBER, "−0.12"),
        (0.0004, Form.MONEY, "0.00040"),
        (12.5, Form.MONEY, "12.50"),
        (3.25, Form.HOURS, "3.2 h"),
        (72.0, Form.HOURS, "3.0 days"),
        (8, Form.TEXT, "8"),
        ("all", Form.WHOLE, "all"),
    ],
)
def test_values_are_written_for_people(value: object, form: Form, text: str) -> None:
    assert written(value, form) == text  # type: ignore[arg-type]
