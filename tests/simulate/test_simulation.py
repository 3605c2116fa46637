"""A simulation is the engine itself on a clock of its own: the same inputs give the same output, byte for byte."""

import json
import os
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from simulated import WORST, as_json, simulated

from engine.errors import SettingsError
from engine.settings import Settings
from engine.simulate.faults import Faults, read_faults
from engine.simulate.simulation import find_campaign_for
from engine.transport.base import EmailMessage
from engine.transport.chaos import Rates


def test_processes_do_die_in_these_simulations_and_others_take_over(plain: Settings) -> None:
    simulation, transport, lines = simulated(plain, "7", date(2026, 3, 2), Faults(Rates(death=0.3), "1"))
    assert simulation.deaths > 3
    assert {line.status for line in lines} == {"sent", "in_doubt"}
    assert transport.messages


@pytest.mark.parametrize("faults", [None, Faults(WORST, "3")], ids=["all well", "faults"])
def test_the_same_inputs_give_the_same_output_byte_for_byte(plain: Settings, faults: Faults | None) -> None:
    first, again = (as_json(simulated(plain, "0", date(2026, 3, 2), faults)[2]) for _ in range(2))
    assert first == again
    assert as_json(simulated(plain, "1", date(2026, 3, 2), faults)[2]) != first


def test_messages_are_the_same_on_every_run_down_to_their_ids(plain: Settings) -> None:
    first, again = (simulated(plain, "0", date(2026, 3, 2))[1].messages for _ in range(2))
    assert first == again
    assert [each.mime() for each in first if isinstance(each, EmailMessage)] == [
        each.mime() for each in again if isinstance(each, EmailMessage)
    ]


def test_other_faults_change_what_becomes_of_messages_but_not_who_gets_which_activity(plain: Settings) -> None:
    outcomes = [simulated(plain, "0", date(2026, 3, 2), Faults(WORST, seed))[2] for seed in "12"]
    assert as_json(outcomes[0]) != as_json(outcomes[1])
    drawn = [
        Counter((line.couple, line.partner, line.step, line.week, line.activity) for line in each) for each in outcomes
    ]
    assert drawn[0] == drawn[1]


def test_another_process_with_another_hash_seed_prints_the_same_flagship(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "cli",
        "simulate",
        "eight-weeks",
        "--start",
        "2026-03-02",
        "--couples",
        "2",
        "--json",
    ]
    printed = [
        subprocess.run(
            command,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path), "TZ": zone},
            cwd=tmp_path,
            capture_output=True,
            check=True,
            timeout=120,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Pacific/Auckland"))
    ]
    assert printed[0] == printed[1]
    keys = (
        "couple, partner, campaign, week, step, activity, strategy, channel, variant, due_at, local_time, timezone, "
        "status, reason"
    )
    assert {", ".join(json.loads(line)) for line in printed[0].splitlines()} == {keys}
    assert list(tmp_path.iterdir()) == []  # a simulation leaves nothing behind


def test_a_simulation_of_nobody_ends_at_once(plain: Settings) -> None:
    assert simulated(plain, "0", date(2026, 3, 2), couples=0)[2] == []


def test_a_faults_file_is_read_or_refused_with_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "faults.toml"
    file.write_text("seed = 3\nrefused = 0.1\ndeath = 0.01\n")
    assert read_faults(file) == Faults(Rates(refused=0.1, death=0.01), "3")
    for wrong in ("refused = 2", "refussed = 0.1", "refused: 1", "refused = nan"):
        file.write_text(wrong)
        with pytest.raises(SettingsError):
            read_faults(file)
    with pytest.raises(SettingsError):
        read_faults(tmp_path / "none.toml")


def test_a_campaign_is_found_without_a_workspace() -> None:
    assert find_campaign_for(Settings(workspace=Path("nowhere")), "eight-weeks").weeks == 8
