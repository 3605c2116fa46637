"""Whole lives, made up by seed, acted out on the real engine and judged by a model that shares nothing with it."""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from engine.plan import gates
from fuzz.__main__ import command, main
from fuzz.generate import generate
from fuzz.long_run import long_run
from fuzz.replay import chosen, judged, shrunk, story
from fuzz.script import Kind
from fuzz.totals import Totals
from fuzz.world import act_out

ROOT = Path(__file__).parents[2]
SEEDS = (5, 20)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_wrong_with_a_life(seed: int) -> None:
    """Whatever befalls couples, providers and machines, each message goes once, in its hours, or not at all and says
    why.
    """
    script = generate(seed)
    assert judged(script) == []


def test_nothing_is_wrong_with_lives_that_nobody_has_lived(capsys: pytest.CaptureFixture[str]) -> None:
    """What fresh seeds come to, for twelve seconds where every change is tried; if one breaks a rule, what is
    printed says how to live it again, and it goes into fuzz/seeds.txt.
    """
    seconds = "12" if os.environ.get("CI") else "3"
    assert main(["--seconds", seconds]) == 0, capsys.readouterr().out


def digest(seed: int) -> str:
    """Of all that a record says."""
    record = act_out(chosen(seed, couples=range(1, 4)))
    parts = (record.intents, record.accepted, record.done, record.shown, record.rows, record.faults)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def test_the_same_seed_is_the_same_life() -> None:
    """A seed decides everything, in another process as well, whatever the hashes of its strings are."""
    told = "import sys; sys.path.insert(0, 'tests/fuzz'); import test_fuzz; print(test_fuzz.digest(7))"
    around = {**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", told], cwd=ROOT, env=around, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == digest(7)


def test_a_seed_makes_the_same_script_and_another_one_another() -> None:
    """Scripts follow from their seeds, and happenings are numbered by instant."""
    assert generate(5) == generate(5)
    assert generate(5) != generate(6)
    happenings = generate(5).happenings
    assert [each.number for each in happenings] == list(range(len(happenings)))
    assert [each.at for each in happenings] == sorted(each.at for each in happenings)


def test_all_kinds_happen() -> None:
    """A few hundred seeds have everything in them that can happen."""
    found = {each.kind for seed in range(300) for each in generate(seed).happenings}
    assert found == set(Kind)


def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pauses be forgotten by the gates."""
    kept = {which: tuple(gate for gate in order if gate is not gates.pause) for which, order in gates.GATES_OF.items()}
    for which, order in kept.items():
        monkeypatch.setitem(gates.GATES_OF, which, order)  # type: ignore[arg-type]


def test_a_failing_life_is_shrunk_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left of a life that went wrong is a few lines, and one command lives it again."""
    planted(monkeypatch)
    script = next(each for each in map(generate, range(1, 60)) if any(v.rule == "never" for v in judged(each)))
    least = shrunk(script, "never")
    again = chosen(
        least.seed,
        [each.number for each in least.happenings],
        {each.couple for each in least.people},
        {step.key for course in least.courses for step in course.steps},
        not any(least.rates.values()),
    )
    assert replace(again, rates={}) == replace(least, rates={})
    assert any(each.rule == "never" for each in judged(again))
    assert len(least.happenings) <= 4
    assert any("people.pause" in line or "operator.pause" in line for line in story(least))
    assert command(least).startswith(f"python -m fuzz --seed {least.seed} --only ")


def with_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every life be one of its first three couples."""
    monkeypatch.setattr("fuzz.totals.generate", lambda seed: chosen(seed, couples=range(1, 4)))


def test_a_long_run_goes_on_where_it_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Totals are kept whole, count each seed once, and say which were lived."""
    with_few(monkeypatch)
    monkeypatch.setattr("fuzz.long_run.CHUNK", 1)
    into = tmp_path / "totals.json"
    assert long_run(into, 1, 1, 1) == 0
    first = json.loads(into.read_text())
    assert long_run(into, first["deliveries"] + 1, 1, 1) == 0
    second = json.loads(into.read_text())
    assert (second["first_seed"], second["last_seed"]) == (1, second["seeds"])
    assert second["seeds"] > first["seeds"]
    assert second["violations"] == second["lost"] == second["doubled"] == 0
    assert second["commits"] == first["commits"]


def test_a_long_run_tries_again_what_broke_a_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A seed that a version failed is told of until one does not, and then among those that are mended."""
    with_few(monkeypatch)
    into = tmp_path / "totals.json"
    assert long_run(into, 1, 1, 1, first=5) == 0
    said = json.loads(into.read_text())
    into.write_text(json.dumps({**said, "failing": {"7": {"once": 2, "caps": 1}}}))
    bad = Totals(failing={7: Counter({"once": 1})})
    with monkeypatch.context() as patched:
        patched.setattr("fuzz.totals.lived", lambda seeds: bad)
        assert long_run(into, 1, 1, 1) == 1
    still = json.loads(into.read_text())
    assert (still["violations"], still["doubled"], still["lost"], still["mended"]) == (1, 1, 0, [])
    assert long_run(into, 1, 1, 1) == 0
    mended = json.loads(into.read_text())
    assert (mended["violations"], mended["mended"]) == (0, [7])
    assert mended["deliveries"] == said["deliveries"]


def test_a_seed_is_replayed_by_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The command says how many rules a seed breaks, and exits with 0 when it breaks none."""
    assert main(["--seed", "7", "--couples", "1,2", "--only", "0,1,2,3"]) == 0
    assert "Violations: 0" in capsys.readouterr().out
