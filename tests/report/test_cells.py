"""Nothing is shown that fewer than five couples stand behind, nor what would give it away."""

from collections.abc import Mapping
from itertools import product

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.report.cells import FEWEST, HIDDEN, Count, Sheet

WEEKS = ("1", "2", "3")
KINDS = ("a", "b", "c")


def table(cells: Mapping[tuple[str, str], int]) -> Sheet:
    """Weeks by kinds, with both margins; each message is of a couple of its own."""
    sheet = Sheet()
    for week in (*WEEKS, "all"):
        own = {kind: sum(cells[w, kind] for w in WEEKS if week in (w, "all")) for kind in KINDS}
        own["whole"] = sum(own.values())
        sheet.put(week, {column: Count(number, number) for column, number in own.items()})
        sheet.sums((week, "whole"), [(week, kind) for kind in KINDS])
    for column in (*KINDS, "whole"):
        sheet.sums(("all", column), [(week, column) for week in WEEKS])
    return sheet


def full(number: int = 20, **few: int) -> dict[tuple[str, str], int]:
    """Every cell of this size, but for some: `a1=2` is kind a in week 1."""
    return {(week, kind): few.get(f"{kind}{week}", number) for week, kind in product(WEEKS, KINDS)}


@pytest.mark.parametrize(("couples", "shown"), [(0, 0), (1, HIDDEN), (4, HIDDEN), (5, 5)])
def test_a_count_of_one_to_four_couples_is_hidden(couples: int, shown: object) -> None:
    sheet = Sheet()
    sheet.put("row", {"sent": Count(couples, couples)})
    assert sheet.value("row", "sent") == shown


def test_many_messages_of_few_couples_are_hidden_too() -> None:
    sheet = Sheet()
    sheet.put("row", {"sent": Count(100, 4)})
    assert sheet.value("row", "sent") is HIDDEN


def test_where_all_cells_are_large_none_is_hidden() -> None:
    assert table(full()).hidden == frozenset()


def test_a_hidden_cell_takes_another_of_its_row_and_of_its_column_along() -> None:
    hidden = table(full(a1=2)).hidden
    assert ("1", "a") in hidden
    assert len([cell for cell in hidden if cell[0] == "1"]) == 2
    assert len([cell for cell in hidden if cell[1] == "a"]) == 2


def test_two_hidden_cells_whose_sum_is_still_of_few_couples_take_a_third_along() -> None:
    sheet = Sheet()
    sizes = {"a": 1, "b": 2, "c": 9, "d": 30, "whole": 42}
    sheet.put("week", {kind: Count(number, number) for kind, number in sizes.items()})
    sheet.sums(("week", "whole"), [("week", kind) for kind in "abcd"])
    assert sheet.hidden == {("week", "a"), ("week", "b"), ("week", "c")}


def test_a_sum_of_one_part_is_hidden_with_it() -> None:
    sheet = Sheet()
    sheet.put("week", {"a": Count(3, 3), "b": Count(), "whole": Count(3, 3)})
    sheet.sums(("week", "whole"), [("week", "a"), ("week", "b")])
    assert sheet.value("week", "a") is sheet.value("week", "whole") is HIDDEN
    assert sheet.value("week", "b") == 0


def test_what_a_sum_counts_twice_is_kept_from_being_told_as_well() -> None:
    sheet = Sheet()
    sheet.put("answers", {"by_one": Count(2, 2), "by_both": Count(20, 20)})
    sheet.put("week", {"answered": Count(42, 22)})
    sheet.sums(("week", "answered"), {("answers", "by_one"): 1, ("answers", "by_both"): 2})
    assert {("answers", "by_one"), ("answers", "by_both")} <= sheet.hidden or ("week", "answered") in sheet.hidden


def test_what_few_other_sums_are_made_of_is_hidden_first() -> None:
    sheet = Sheet()
    sheet.put("week", {kind: Count(n, n) for kind, n in {"planned": 32, "skipped": 2, "sent": 30, "heard": 30}.items()})
    sheet.sums(("week", "planned"), [("week", "skipped"), ("week", "sent")])
    sheet.sums(("week", "sent"), [("week", "heard")])
    assert sheet.hidden == {("week", "planned"), ("week", "skipped")}


@given(st.dictionaries(st.sampled_from(list(product(WEEKS, KINDS))), st.integers(0, 12)))
def test_no_arithmetic_on_what_is_shown_gives_a_hidden_cell_away(some: dict[tuple[str, str], int]) -> None:
    cells = {**full(0), **some}
    sheet = table(cells)
    unknown = sorted(cell for cell in sheet.hidden)
    # Everything that somebody with the page knows: each sum, with what is shown put in.
    equations = [[(week, kind) for kind in KINDS] + [(week, "whole")] for week in (*WEEKS, "all")]
    equations += [[(week, column) for week in (*WEEKS, "all")] for column in (*KINDS, "whole")]
    signs = [[1, 1, 1, -1]] * 8
    matrix = numpy.array(
        [
            [sign[each.index(cell)] if cell in each else 0 for cell in unknown]
            for each, sign in zip(equations, signs, strict=True)
        ],
        dtype=float,
    ).reshape(8, len(unknown))
    rank = numpy.linalg.matrix_rank(matrix) if unknown else 0
    for place, cell in enumerate(unknown):
        alone = numpy.zeros((1, len(unknown)))
        alone[0, place] = 1
        if numpy.linalg.matrix_rank(numpy.vstack([matrix, alone])) == rank:
            # Told after all: only what may be shown may be.
            assert sheet.count(*cell).couples >= FEWEST or sheet.count(*cell).value == 0, (cells, cell)
