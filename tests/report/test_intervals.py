"""Intervals against their textbooks and against statsmodels."""

from math import sqrt

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.report.dropout import kaplan_meier
from engine.report.intervals import Clusters, log_log, of_couples, student, wilson


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_that_of_statsmodels(pair: tuple[int, int]) -> None:
    from statsmodels.stats.proportion import proportion_confint  # a second to load

    successes, trials = pair
    low, high = wilson(successes, trials)
    assert (low, high) == pytest.approx(proportion_confint(successes, trials, method="wilson"), abs=1e-9)
    assert 0 <= low <= successes / trials <= high <= 1


def test_wilson_of_nothing_knows_nothing() -> None:
    assert wilson(0, 0) == (0, 1)


def test_an_interval_over_couples_is_that_of_their_means_by_student() -> None:
    values = [3.0, 4.0, 2.5, 5.0, 3.5, 4.5]
    interval = of_couples(len(values), sum(values), sum(value**2 for value in values)).interval()
    mean, error = numpy.mean(values), numpy.std(values, ddof=1) / sqrt(len(values))
    assert interval == pytest.approx((mean - 2.5706 * error, mean + 2.5706 * error), abs=1e-3)


def test_one_couple_has_no_interval() -> None:
    assert of_couples(1, 3.0, 9.0).interval() is None


@given(st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=2), min_size=3, max_size=40))
def test_partners_of_couples_have_the_cluster_robust_interval_of_a_regression(
    couples: list[list[int]],
) -> None:
    import statsmodels.api as sm

    values = [value for couple in couples for value in couple]
    groups = [number for number, couple in enumerate(couples) for _ in couple]
    sums = [(len(couple), sum(couple)) for couple in couples]
    clusters = Clusters(
        len(couples),
        sum(n for n, _ in sums),
        sum(s for _, s in sums),
        sum(s * s for _, s in sums),
        sum(s * n for n, s in sums),
        sum(n * n for n, _ in sums),
    )
    fitted = sm.OLS(values, numpy.ones(len(values))).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )
    k = len(couples)
    reach = student(k - 1) * fitted.bse[0] * sqrt(k / (k - 1))
    interval = clusters.interval()
    assert interval is not None
    assert clusters.mean == pytest.approx(numpy.mean(values))
    assert interval.high - clusters.mean == pytest.approx(reach, abs=1e-6)


stays = st.lists(st.tuples(st.integers(0, 60), st.booleans()), min_size=2, max_size=80)


@given(stays)
def test_the_curve_is_that_of_statsmodels_with_greenwoods_errors(people: list[tuple[int, bool]]) -> None:
    from statsmodels.duration.survfunc import SurvfuncRight

    if not any(left for _, left in people):
        assert kaplan_meier({}, {day: 1 for day, _ in people}) == []
        return
    days = [day + 1 for day, _ in people]
    theirs = SurvfuncRight(days, [int(left) for _, left in people])
    gone: dict[int, int] = {}
    censored: dict[int, int] = {}
    for day, (_, left) in zip(days, people, strict=True):
        which = gone if left else censored
        which[day] = which.get(day, 0) + 1
    ours = kaplan_meier(gone, censored)
    assert [point.day for point in ours] == list(theirs.surv_times)
    assert [point.at_risk for point in ours] == list(theirs.n_risk)
    assert [point.survival for point in ours] == pytest.approx(list(theirs.surv_prob))
    for point, error in zip(ours, theirs.surv_prob_se, strict=True):
        if point.survival > 0:
            assert point.survival * sqrt(point.greenwood) == pytest.approx(error, abs=1e-9)


@pytest.mark.parametrize(("survival", "greenwood"), [(0.9, 0.001), (0.5, 0.02), (0.1, 0.2)])
def test_the_interval_of_a_survival_holds_it_and_stays_a_share(survival: float, greenwood: float) -> None:
    low, high = log_log(survival, greenwood)
    assert 0 < low < survival < high < 1


def test_the_interval_of_a_survival_is_symmetric_on_the_log_log_scale() -> None:
    low, high = (numpy.log(-numpy.log(end)) for end in log_log(0.75, 0.0127))
    middle, error = numpy.log(-numpy.log(0.75)), sqrt(0.0127) / -numpy.log(0.75)
    assert (low, high) == pytest.approx((middle + 1.959964 * error, middle - 1.959964 * error))


@pytest.mark.parametrize("survival", [0.0, 1.0])
def test_where_all_or_none_are_left_there_is_nothing_to_reckon_with(survival: float) -> None:
    assert log_log(survival, 0.0) == (survival, survival)
