"""Estimators of experiments: differences with errors that are clustered by couple and corrected for few couples.

Pure: numbers in, numbers out. Both designs end in one regression whose errors are clustered by couple: the sandwich
with the correction of Mancl and DeRouen (2001), and Student's t with couples minus coefficients degrees of freedom, as
in Liao et al. (2016, doi:10.1002/sim.6847).
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, log, sqrt
from statistics import NormalDist
from typing import Any, NamedTuple

SMALLEST_STRATUM = 4
"""Strata of fewer couples are put together: a couple that is alone in one says nothing of a difference."""

EXACT = 1e-9

PEEKS = NormalDist().inv_cdf(1 - 0.05 / 4)
"""So wide at the planned end, and wider before, an interval holds however often one looks (see `reach`)."""


class OfCouple(NamedTuple):
    """One couple, its arm, and the mean of its outcomes."""

    couple: Hashable
    arm: str
    stratum: str
    value: float


class OfOccurrence(NamedTuple):
    """One decision point of somebody available: what chance decided, how likely that was, and the outcome."""

    couple: Hashable
    arm: str
    probability: float
    value: float
    week: int
    prior: float | None


@dataclass(frozen=True, slots=True)
class Difference:
    """An arm against the reference: how much more, its standard error, and its degrees of freedom."""

    arm: str
    estimate: float
    error: float
    degrees: int

    @property
    def p(self) -> float:
        """Two-sided."""
        from scipy.stats import t

        return float(2 * t.sf(abs(self.estimate) / self.error, self.degrees)) if self.error > 0 else 1.0

    def interval(self, fraction: float | None = None) -> tuple[float, float]:
        """Of 95 %; or, of a trial that is `fraction` on its way, one that holds at every look before the end."""
        far = reach(self.degrees, fraction) * self.error
        return self.estimate - far, self.estimate + far


def reach(degrees: int, fraction: float | None = None) -> float:
    """How many standard errors an interval reaches to each side.

    Before the end it is the boundary of O'Brien and Fleming for looking all the time: by the reflection principle a
    Brownian motion on [0, 1] passes z at any time with twice the chance that it is past it at the end, so that
    z(1 - 0.05/4) = 2.24 over the root of the fraction is passed with a chance of 5 % in all.
    """
    from scipy.stats import t

    if fraction is None:
        return float(t.ppf(0.975, degrees))
    if fraction <= 0:
        return inf
    return float(t.isf(NormalDist().cdf(-PEEKS / sqrt(min(fraction, 1.0))), degrees))


def by_couple(couples: Sequence[OfCouple], arms: Sequence[str]) -> list[Difference]:
    """The arms that couples keep, against the first: means over couples, adjusted for strata.

    A couple counts once, whatever number of its outcomes is known: two partners and many weeks of one couple are no
    independent evidence. An arm without couples, and all where there are too few to tell, are left out.
    """
    there = Counter(each.arm for each in couples)
    compared = [arm for arm in arms[1:] if there[arm]]
    if not compared or not there[arms[0]] or len(there) >= len(couples):
        return []
    import numpy

    kept = [each for each in couples if each.arm in {arms[0], *compared}]
    strata = _together([each.stratum for each in kept])
    columns = [[float(each.arm == arm) for each in kept] for arm in compared]
    ones = [[1.0] * len(kept)]
    extra = [[float(each == stratum) for each in strata] for stratum in sorted(set(strata))[1:]]
    values = numpy.array([each.value for each in kept])
    groups = numpy.arange(len(kept))
    for design in (columns + ones + extra, columns + ones):
        matrix = numpy.array(design).T
        if _sound(matrix):
            return _read(compared, _clustered(values, matrix, groups))
    return []


def by_occurrence(points: Sequence[OfOccurrence], shares: Mapping[str, float]) -> list[Difference]:
    """What chance decided anew at each occurrence, against the first of `shares` (chance by arm, all of them).

    Weighted and centred least squares (Boruvka et al. 2018, doi:10.1080/01621459.2017.1305274): the mean difference
    that the decision makes for whoever is available, over all occasions; whether the week and the pulse before it are
    modelled rightly does not matter, they only take noise away.
    """
    arms = list(shares)
    there = Counter(each.arm for each in points)
    compared = [arm for arm in arms[1:] if there[arm]]
    kept = [each for each in points if each.arm in {arms[0], *compared}]
    if not compared or not there[arms[0]]:
        return []
    import numpy

    weights = numpy.array([shares[each.arm] / each.probability for each in kept])
    columns = [[(each.arm == arm) - shares[arm] for each in kept] for arm in compared]
    controls = _controls(kept)
    values = numpy.array([each.value for each in kept])
    groups = numpy.unique([str(each.couple) for each in kept], return_inverse=True)[1]
    for design in (columns + controls, columns + controls[:1]):
        matrix = numpy.array(design, dtype=float).T
        if len(set(groups)) > matrix.shape[1] and _sound(matrix):
            root = numpy.sqrt(weights)
            return _read(compared, _clustered(values * root, matrix * root[:, None], groups))
    return []


class Fit(NamedTuple):
    """Coefficients, their standard errors, and degrees of freedom."""

    estimates: Sequence[float]
    errors: Sequence[float]
    degrees: int


def _clustered(values: Any, matrix: Any, groups: Any) -> Fit:
    """Least squares, with the errors described above; no degrees of freedom where a fit leaves nothing to err by."""
    import numpy
    from statsmodels.genmod.cov_struct import Independence
    from statsmodels.genmod.generalized_estimating_equations import GEE

    start = numpy.linalg.lstsq(matrix, values, rcond=None)[0]  # where it ends as well: only the errors are left to find
    if numpy.abs(values - matrix @ start).max() < EXACT * (1 + numpy.abs(values).max()):
        return Fit(start.tolist(), [0.0] * len(start), 0)
    order = numpy.argsort(groups, kind="stable")
    model = GEE(values[order], matrix[order], groups=groups[order], cov_struct=Independence())
    fit = model.fit(start_params=start, cov_type="bias_reduced")
    degrees = len(set(groups.tolist())) - matrix.shape[1]
    errors = numpy.sqrt(numpy.diag(fit.cov_robust_bc).clip(min=0))  # rounding may leave less than nothing
    return Fit(fit.params.tolist(), errors.tolist(), degrees)


def _read(arms: Sequence[str], fit: Fit) -> list[Difference]:
    return [
        Difference(arm, estimate, error, fit.degrees)
        for arm, estimate, error in zip(arms, fit.estimates, fit.errors, strict=False)
        if fit.degrees > 0
    ]


def _controls(points: Sequence[OfOccurrence]) -> list[list[float]]:
    """A one; the week; the pulse before (the mean where it is not known), and that it is not known: what varies."""
    known = [each.prior for each in points if each.prior is not None]
    middle = sum(known) / len(known) if known else 0.0
    controls = [[1.0] * len(points)]
    for column in (
        [float(each.week) for each in points],
        [middle if each.prior is None else each.prior for each in points],
        [float(each.prior is None) for each in points],
    ):
        mean = sum(column) / len(column)
        if max(column) > min(column):
            controls.append([each - mean for each in column])
    return controls


def _together(strata: Sequence[str]) -> list[str]:
    """The stratum of each couple, those that are too small put together, with the largest if need be."""
    sizes = Counter(strata)
    small = {stratum for stratum, size in sizes.items() if size < SMALLEST_STRATUM}
    rest = "" if sum(sizes[each] for each in small) >= SMALLEST_STRATUM else max(sizes, key=lambda each: sizes[each])
    return [rest if each in small else each for each in strata]


def _sound(matrix: Any) -> bool:
    """Whether each coefficient can be told, and no single row decides one by itself."""
    import numpy

    rows, columns = matrix.shape
    if rows <= columns or numpy.linalg.matrix_rank(matrix) < columns:
        return False
    orthogonal, _ = numpy.linalg.qr(matrix)
    return bool((orthogonal**2).sum(axis=1).max() < 1 - 1e-6)


def ratio(couples: Sequence[OfCouple], arm: str, reference: str) -> tuple[float, float] | None:
    """How many times as much, and the standard error of its logarithm (delta method, means over couples).

    None where either mean is nothing.
    """
    values: dict[str, list[float]] = defaultdict(list)
    for each in couples:
        values[each.arm].append(each.value)
    found = []
    for name in (arm, reference):
        own = values[name]
        mean = sum(own) / len(own) if own else 0.0
        if mean <= 0 or len(own) < 2:
            return None
        variance = sum((each - mean) ** 2 for each in own) / (len(own) - 1)
        found.append((mean, variance / len(own) / mean**2))
    (above, one), (below, other) = found
    return above / below, sqrt(one + other)


def ratio_interval(times: tuple[float, float], reached: float) -> tuple[float, float]:
    """Of a ratio, `reached` standard errors to each side of its logarithm."""
    from math import exp

    middle, error = log(times[0]), times[1]
    return exp(middle - reached * error), exp(min(middle + reached * error, 700.0))


def uneven(counts: Sequence[int], shares: Sequence[float]) -> float:
    """The p of Pearson's chi-square that so many came about by chances in proportion to `shares`; 1 for too few."""
    from scipy.stats import chisquare

    total, whole = sum(counts), sum(shares)
    expected = [total * share / whole for share in shares]
    if len(counts) < 2 or min(expected) < 5:
        return 1.0
    return float(chisquare(counts, expected).pvalue)


def unlike(parts: Sequence[tuple[int, int]]) -> float:
    """The p of Pearson's chi-square that (so many, of so many) are the same share throughout; 1 for too few."""
    from scipy.stats import chi2_contingency

    table = [[some, whole - some] for some, whole in parts if whole]
    columns = [sum(row[place] for row in table) for place in (0, 1)]
    if len(table) < 2 or not all(columns):
        return 1.0
    return float(chi2_contingency(table, correction=False).pvalue)


def holm(values: Sequence[float]) -> list[float]:
    """The p of several questions, each corrected for there being several (Holm 1979)."""
    from statsmodels.stats.multitest import multipletests

    return [float(each) for each in multipletests(values, method="holm")[1]] if values else []
