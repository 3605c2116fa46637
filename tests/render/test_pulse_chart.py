"""The chart of a partner's pulses: two lines that are told apart without colour, and nothing that a policy refuses."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.render.pulse_chart import Week, pulse_chart


def drawn(*weeks: Week) -> ElementTree.Element:
    chart = pulse_chart(weeks)
    return ElementTree.fromstring(f'<svg viewBox="{chart.box}">{chart.drawn}</svg>')  # noqa: S314 - our own


def line(root: ElementTree.Element, kind: str) -> list[tuple[float, float]]:
    """Where the points of a line stand."""
    found = root.find(f"polyline[@class='{kind}']")
    if found is None:
        return []
    return [(float(x), float(y)) for x, y in (point.split(",") for point in found.attrib["points"].split())]


OWN, BOTH = "line", "line other"


def test_closer_weeks_stand_higher_and_later_ones_further_right() -> None:
    points = line(drawn(Week(1, 1), Week(2, 5), Week(4, 3)), OWN)
    assert [x for x, _ in points] == sorted({x for x, _ in points})
    (_, low), (_, high), (_, middle) = points
    assert high < middle < low


@pytest.mark.parametrize("weeks", [(), (Week(1, 4),), (Week(1, both=4.0), Week(3, 2))], ids=["none", "one", "apart"])
def test_a_line_has_a_mark_for_each_week_that_there_is(weeks: tuple[Week, ...]) -> None:
    root = drawn(*weeks)
    assert len(root.findall("circle")) == len(line(root, OWN)) == sum(each.own is not None for each in weeks)
    assert len(root.findall("rect")) == len(line(root, BOTH)) == sum(each.both is not None for each in weeks)


def test_the_joint_line_is_told_apart_by_its_marks_and_its_class() -> None:
    root = drawn(Week(1, 4, 4.5), Week(2, 3, 3.5))
    assert {each.attrib["class"] for each in root.findall("circle")} == {"mark"}
    assert {each.attrib["class"] for each in root.findall("rect")} == {"mark other"}


def test_it_has_no_style_of_its_own_that_the_pages_policy_would_refuse() -> None:
    assert not any("style" in each.attrib for each in drawn(Week(1, 4, 4.5)).iter())


@given(st.lists(st.tuples(st.integers(1, 60), st.floats(1, 5), st.floats(1, 5)), max_size=60))
def test_nothing_stands_outside_the_picture(told: list[tuple[int, float, float]]) -> None:
    root = drawn(*(Week(week, own, both) for week, own, both in sorted(told)))
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    for kind in (OWN, BOTH):
        assert all(0 <= x <= width and 0 <= y <= height for x, y in line(root, kind))
    assert len(root.findall("text")) <= 5 + 9
