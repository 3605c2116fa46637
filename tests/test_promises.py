"""docs/promises.md and docs/security.md are true as far as a page can be held to it: the tests they name exist, and the
figures are those of a run.
"""

import ast
import importlib.util
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from fuzz.totals import Kept, Totals

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
SECURITY = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE + SECURITY)
LEAST_CASES = 60


@cache
def defined_in(file: str) -> frozenset[str]:
    """The names of the tests that a file defines."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(
        each.name
        for each in ast.walk(tree)
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name.startswith("test_")
    )


def cases() -> list[list[str]]:
    """The rows of the tables of cases: case, what happens, test."""
    whole = PAGE.partition("## Faults and bad input")[2]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in whole.splitlines() if line[:1] == "|"]
    return [row for row in rows if row[0] != "case" and not row[0].startswith("---")]


@pytest.mark.parametrize(("file", "name"), sorted(set(NAMED)), ids=lambda each: str(each)[:60])
def test_every_test_that_a_page_names_exists(file: str, name: str) -> None:
    assert name in defined_in(file)


def test_nothing_on_a_page_looks_like_a_test_and_is_not_read_as_one() -> None:
    assert (PAGE + SECURITY).count("::") == len(NAMED)


def test_there_are_sixty_cases_and_more_each_with_what_happens_and_a_test() -> None:
    found = cases()
    assert len({row[0] for row in found}) == len(found) >= LEAST_CASES
    for row in found:
        assert len(row) == 3, row
        assert row[1]
        assert re.fullmatch(r"`tests/[\w/]+\.py::test_\w+`", row[2]), row


def test_everything_an_attacker_may_try_has_what_stops_it_and_a_test() -> None:
    whole = SECURITY.partition("## Who would try what")[2].partition("## What is not stopped")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in whole.splitlines() if line[:1] == "|"]
    tries = [row for row in rows if row[0] not in ("they try", "it tries") and not row[0].startswith("---")]
    assert len(tries) >= 40
    for row in tries:
        assert len(row) == 3, row
        assert row[1]
        assert re.fullmatch(r"`tests/[\w/]+\.py::test_\w+`|none: .+", row[2]), row


def test_every_promise_has_a_test() -> None:
    promises = [line for line in PAGE.splitlines() if line.startswith("| **")]
    assert len(promises) >= 8
    assert all("`tests/" in line for line in promises)


def reference() -> Any:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_the_figures_are_those_of_the_run_that_is_committed() -> None:
    assert reference().promises(PAGE) == PAGE


def test_figures_are_put_into_the_page_from_a_runs_results_and_replace_those_of_the_run_before(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    totals = Totals(
        2, 60, 2_345, 2_000, Counter({"died": 1_200, "stall": 34}), Counter(), 56, {7: Counter({"once": 3})}
    )
    Kept(totals, 1, 3, [2], ["c0ffee", "decade"]).write(results)
    once = reference().promises(PAGE, results)
    for line in ("lives simulated | 60", "faults injected | 1,234", "doubled | 3", "violations | 3", "part | 2"):
        assert f"{line} |" in once
    assert "No run is committed" not in once
    assert reference().promises(once, results) == once
    assert "No run is committed" in reference().promises(once, tmp_path / "none.json")


def test_results_that_lack_a_figure_are_refused(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text('{"seeds": 1}')
    with pytest.raises(KeyError):
        reference().promises(PAGE, tmp_path / "results.json")
