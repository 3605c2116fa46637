"""The page of a pulse: one number a week, one's own line, and a joint one only while both want it."""

import re

import pytest
from opening import Couple, words

from engine.model.reply import ConsentPurpose
from engine.store import couples_schema, schema


@pytest.fixture
def couple() -> Couple:
    return Couple()


def rate(couple: Couple, name: str, value: object, key: str = "close") -> int:
    return couple.post(couple.path(name, "pulse", key), {"n": value}).status_code


def kept(couple: Couple) -> list[tuple[int, int, int]]:
    """Every pulse: whose, the week it is of, its value."""
    return [(row.partner_id, row.week, row.value) for row in couple.world.rows(couples_schema.pulses)]


def page(couple: Couple, name: str = "Ana", key: str = "close", query: str = "") -> str:
    return couple.get(couple.path(name, "pulse", key) + query).text


def table(html: str) -> list[list[str]]:
    """The numbers beneath the chart, row by row."""
    rows = re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]


def checked(html: str) -> list[str]:
    return re.findall(r'name="n" value="(\d)" checked', html)


def lines(html: str) -> list[str]:
    return re.findall(r'<polyline class="([^"]+)"', html)


@pytest.mark.parametrize("value", [1, 2, 3, 4, 5])
def test_a_number_is_kept_and_found_again(couple: Couple, value: int) -> None:
    assert rate(couple, "Ana", value) == 200
    assert kept(couple) == [(1, 1, value)]
    assert checked(page(couple)) == [str(value)]


@pytest.mark.parametrize("value", ["", "0", "6", "-1", "3.5", "three", "٣", "1 2", "9" * 40])
def test_what_is_no_number_of_the_scale_is_refused_and_said(couple: Couple, value: str) -> None:
    answer = couple.post(couple.path("Ana", "pulse", "close"), {"n": value})
    assert answer.status_code == 422
    assert "Choose a number from 1 to 5" in words(answer)
    assert kept(couple) == []


def test_a_link_in_an_email_only_chooses(couple: Couple) -> None:
    assert checked(page(couple, query="?n=4")) == ["4"]
    assert kept(couple) == []
    rate(couple, "Ana", 2)
    assert checked(page(couple, query="?n=4")) == ["4"]
    assert checked(page(couple)) == ["2"]
    for odd in ("?n=0", "?n=6", "?n=", "?n=<b>", "?n=4&n=5"):
        assert checked(page(couple, query=odd)) in (["2"], ["5"])
    assert kept(couple) == [(1, 1, 2)]


def test_the_last_number_of_a_week_counts(couple: Couple) -> None:
    for value in (5, 1, 3):
        rate(couple, "Ana", value)
    assert kept(couple) == [(1, 1, 3)]


def test_ones_own_line_grows_by_the_week_and_is_nobody_elses(couple: Couple) -> None:
    assert lines(page(couple)) == []
    rate(couple, "Ana", 2)
    rate(couple, "Ana", 4, "close-too")
    rate(couple, "Ben", 5)
    html = page(couple)
    assert lines(html) == ["line"]
    assert table(html)[1:] == [["1", "2"], ["2", "4"]]
    assert table(page(couple, "Ben"))[1:] == [["1", "5"]]
    assert 'role="img" aria-labelledby="chart-title chart-text"' in html


@pytest.mark.parametrize("agreed", [(), ("Ana",), ("Ben",)], ids=["nobody", "Ana", "Ben"])
def test_there_is_no_joint_line_unless_both_want_it(couple: Couple, agreed: tuple[str, ...]) -> None:
    if agreed:
        couple.agree(*agreed, purpose=ConsentPurpose.PULSE)
    rate(couple, "Ana", 2)
    rate(couple, "Ben", 5)
    for name in ("Ana", "Ben"):
        assert lines(page(couple, name)) == ["line"]


def test_both_see_the_average_while_both_want_it_and_are_told_what_it_gives_away(couple: Couple) -> None:
    couple.agree(purpose=ConsentPurpose.PULSE)
    rate(couple, "Ana", 2)
    rate(couple, "Ben", 5)
    html = page(couple)
    assert sorted(lines(html)) == ["line", "line other"]
    assert table(html)[1:] == [["1", "2", "3.5"]]
    assert "each of you can work out the other’s" in html
    couple.follow(couple.path("Ben", "pulse", "close") + "/together", {"together": "no"})
    assert lines(page(couple)) == ["line"]


def test_a_week_that_one_has_not_rated_is_not_on_the_joint_line(couple: Couple) -> None:
    couple.agree(purpose=ConsentPurpose.PULSE)
    rate(couple, "Ana", 2)
    rate(couple, "Ben", 5)
    rate(couple, "Ben", 4, "close-too")
    assert table(page(couple))[1:] == [["1", "2", "3.5"]]


def test_agreeing_is_kept_in_the_words_that_were_shown_and_so_is_taking_it_back(couple: Couple) -> None:
    path = couple.path("Ana", "pulse", "close")
    html = page(couple)
    (version,) = re.findall(r'id="consent" name="consent" value="([^"]+)"', html)
    assert not re.search(r'id="consent"[^>]* checked', html)
    for without in ({"together": "yes"}, {"together": "yes", "consent": "another"}):
        assert couple.post(path + "/together", without).status_code == 422
    agreeing = {"together": "yes", "consent": version}
    assert "You have said yes" in words(couple.follow(path + "/together", agreeing))
    couple.follow(path + "/together", agreeing)
    couple.follow(path + "/together", {"together": "no"})
    said = [row for row in couple.world.rows(schema.consents) if row.purpose == "pulse"]
    assert [(row.given, row.source) for row in said] == [(True, "pulse page"), (False, "pulse page")]
    assert "work out mine" in said[0].words
    assert [row.share_pulse for row in couple.world.rows(schema.partners)] == [False, False]


def test_a_message_that_is_no_pulse_cannot_be_rated(couple: Couple) -> None:
    assert rate(couple, "Ana", 3, "talk") == 404
    assert kept(couple) == []
