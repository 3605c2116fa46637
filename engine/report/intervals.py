"""Ninety-five per cent intervals: of shares, of means over couples, of survival. Pure arithmetic on sums.

Two partners of a couple are not two independent people, so each of these is told how many couples there are.
"""

from dataclasses import dataclass
from math import exp, log, sqrt
from statistics import NormalDist
from typing import NamedTuple

CONFIDENCE = 0.95
Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


class Interval(NamedTuple):
    """Both ends."""

    low: float
    high: float


def wilson(successes: float, trials: float) -> Interval:
    """Wilson's score interval of a share (Wilson 1927): never empty, never outside 0 to 1; (0, 1) of no trials."""
    if trials <= 0:
        return Interval(0.0, 1.0)
    share, square = successes / trials, Z * Z
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    reach = Z * sqrt(share * (1 - share) / trials + square / (4 * trials * trials)) / (1 + square / trials)
    # At the ends it is exactly 0 or 1; floats would miss by an ulp.
    return Interval(
        0.0 if successes <= 0 else max(0.0, middle - reach), 1.0 if successes >= trials else min(1.0, middle + reach)
    )


@dataclass(frozen=True, slots=True)
class Clusters:
    """Sums over couples, each with `n` values that add up to `s`: what a mean and its interval need of them."""

    couples: int
    n: float
    s: float
    ss: float  # the sum of s squared
    sn: float  # of s times n
    nn: float  # of n squared

    @property
    def mean(self) -> float:
        """Over all values."""
        return self.s / self.n

    def interval(self) -> Interval | None:
        """Of the mean, by the variance between couples (a ratio's, by linearisation) and t with couples - 1 degrees.

        None for fewer than two couples.
        """
        if self.couples < 2:
            return None
        mean = self.mean
        squares = max(0.0, self.ss - 2 * mean * self.sn + mean * mean * self.nn)
        error = sqrt(self.couples / (self.couples - 1) * squares) / self.n
        reach = student(self.couples - 1) * error
        return Interval(mean - reach, mean + reach)


def of_couples(couples: int, s: float, ss: float) -> Clusters:
    """One value of each couple."""
    return Clusters(couples, couples, s, ss, s, couples)


def student(degrees: int) -> float:
    """The quantile of Student's t that CONFIDENCE asks for."""
    from scipy.special import stdtrit  # half a second to load

    return float(stdtrit(degrees, (1 + CONFIDENCE) / 2))


def log_log(survival: float, greenwood: float) -> Interval:
    """Of a survival, by its logarithm's logarithm (Kalbfleisch and Prentice): stays within 0 and 1.

    `greenwood` is the sum of d / (n (n - d)). Where all or none survive it says nothing, and the interval is the point.
    """
    if not 0 < survival < 1:
        return Interval(survival, survival)
    reach = Z * sqrt(greenwood) / log(survival)
    return Interval(survival ** exp(-reach), survival ** exp(reach))
