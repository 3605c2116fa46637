"""Which counts may be shown: none that fewer than FEWEST couples stand behind, nor any that would give such a one away.

A count of nobody is shown. One of few is hidden, and so is another wherever a sum would tell it: of hidden cells that
add up to what is shown there are always several, and together they are of FEWEST couples or more. What several sums
tell together is looked for as well (a hidden cell that the shown ones leave only one value for).
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

FEWEST: Final = 5

Cell = tuple[Hashable, str]
"""A row and a column."""


class Hidden:
    """Stands where a number would be about fewer than FEWEST couples, or would give one such away."""

    def __repr__(self) -> str:
        return "hidden"


HIDDEN: Final = Hidden()

Value = int | float | str | Hidden | None
"""What a table shows in one place; None where nothing can be."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many, and of how many couples."""

    value: int = 0
    couples: int = 0

    @property
    def few(self) -> bool:
        """Whether it must be hidden by itself."""
        return 0 < self.couples < FEWEST


NONE = Count()


@dataclass(slots=True)
class Sheet:
    """Counts, the sums that hold among them, and from these what may be shown. Fill it first, then ask."""

    _counts: dict[Cell, Count] = field(default_factory=dict)
    _sums: list[dict[Cell, int]] = field(default_factory=list)
    _hidden: frozenset[Cell] | None = None
    _in: Counter[Cell] = field(default_factory=Counter)  # how many sums each is in

    def put(self, row: Hashable, counts: Mapping[str, Count]) -> None:
        """The counts of one row, by column."""
        self._counts |= {(row, column): count for column, count in counts.items()}

    def sums(self, whole: Cell, parts: Iterable[Cell] | Mapping[Cell, int]) -> None:
        """`whole` is the sum of `parts` (each so many times, where that is said). Cells that are not there are none;
        without any part it says nothing.
        """
        times = dict(parts) if isinstance(parts, Mapping) else dict.fromkeys(parts, 1)
        known = {cell: many for cell, many in times.items() if cell in self._counts}
        if known and whole in self._counts:
            self._sums.append({whole: -1, **known})
            self._in.update([whole, *known])

    def count(self, row: Hashable, column: str) -> Count:
        """The count itself: for reckoning, not for showing."""
        return self._counts.get((row, column), NONE)

    def shows(self, row: Hashable, *columns: str) -> bool:
        """Whether all these counts of a row may be shown."""
        return all((row, column) not in self.hidden for column in columns)

    def value(self, row: Hashable, column: str) -> int | Hidden:
        """What may be shown of a count."""
        return HIDDEN if (row, column) in self.hidden else self.count(row, column).value

    @property
    def hidden(self) -> frozenset[Cell]:
        """Every cell that may not be shown."""
        if self._hidden is None:
            self._hidden = frozenset(self._hide())
        return self._hidden

    def _hide(self) -> set[Cell]:
        hidden = {cell for cell, count in self._counts.items() if count.few}
        while True:
            if self._hide_partners(hidden):
                continue
            told = [cell for cell in _determined(hidden, self._sums) if self._counts[cell].few]
            found = (self._cheapest([sum_ for sum_ in self._sums if cell in sum_], hidden) for cell in told)
            more = {cell for cell in found if cell is not None}
            if not more:
                return hidden
            hidden |= more

    def _hide_partners(self, hidden: set[Cell]) -> bool:
        """Hide another cell of each sum that tells too much; whether any was."""
        changed = False
        for sum_ in self._sums:
            inside = [cell for cell in sum_ if cell in hidden]
            if inside and self._tells(sum_, inside) and (other := self._cheapest([sum_], hidden)) is not None:
                hidden.add(other)
                changed = True
        return changed

    def _tells(self, sum_: Mapping[Cell, int], inside: Sequence[Cell]) -> bool:
        if len(inside) == 1:
            return True
        whole_is_shown = all(sum_[cell] > 0 for cell in inside)
        return whole_is_shown and sum(self._counts[cell].couples for cell in inside) < FEWEST

    def _cheapest(self, sums: Sequence[Mapping[Cell, int]], hidden: set[Cell]) -> Cell | None:
        """What of these sums is shown and best hidden: what is in the fewest sums, so that little else must go; of such
        the smallest part, and a whole only where there is no part.
        """
        shown = [
            (self._in[cell], sum_[cell] < 0, self._counts[cell].couples, self._counts[cell].value, place, cell)
            for sum_ in sums
            for place, cell in enumerate(sum_)
            if cell not in hidden and self._counts[cell].value
        ]
        return min(shown, key=lambda each: each[:-1])[-1] if shown else None


def _determined(hidden: set[Cell], sums: Sequence[Mapping[Cell, int]]) -> set[Cell]:
    """Hidden cells for which the sums, taken together, leave only one value."""
    told: set[Cell] = set()
    for cells, among in _groups(hidden, sums):
        import numpy

        order = sorted(cells, key=repr)
        matrix = numpy.array([[sum_.get(cell, 0) for cell in order] for sum_ in among], dtype=float)
        _, sizes, directions = numpy.linalg.svd(matrix)
        rank = int((sizes > 1e-9 * max(matrix.shape)).sum())
        free = numpy.abs(directions[rank:]).max(axis=0, initial=0)  # how far each may move with every sum kept
        told |= {cell for cell, room in zip(order, free, strict=True) if room < 1e-9}
    return told


def _groups(hidden: set[Cell], sums: Sequence[Mapping[Cell, int]]) -> list[tuple[set[Cell], list[Mapping[Cell, int]]]]:
    """Hidden cells that hang together by sums, and these sums."""
    groups: list[tuple[set[Cell], list[Mapping[Cell, int]]]] = []
    for sum_ in sums:
        cells = hidden & sum_.keys()
        if not cells:
            continue
        touching = [group for group in groups if group[0] & cells]
        groups = [group for group in groups if group not in touching]
        groups.append(
            (cells.union(*(group[0] for group in touching)), [sum_, *(each for group in touching for each in group[1])])
        )
    return groups
