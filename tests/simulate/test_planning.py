"""A plan is what the engine itself does: its figures are those of the deliveries, however many processes live them."""

import json
from collections import Counter
from dataclasses import replace
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from simulated import SMALL

from engine.define.digest import identified
from engine.errors import RekindleError
from engine.model.campaign import Campaign, Channel
from engine.render.segments import measure
from engine.report.plan_page import page
from engine.settings import Settings
from engine.simulate import rehearsal
from engine.simulate.faults import Faults, Moment, Spell
from engine.simulate.planning import Planning
from engine.simulate.rehearsal import Terms, rehearse
from engine.simulate.simulation import Simulation
from engine.transport.base import SmsMessage
from engine.transport.chaos import Rates
from engine.transport.memory import MemoryTransport
from engine.transport.outages import OutageKind

START = date(2026, 3, 2)


def terms(settings: Settings, couples: int = 6, seed: str = "3") -> Terms:
    return Terms(settings, seed, START, couples)


@pytest.fixture(scope="module")
def fair(plain: Settings) -> dict[str, Any]:
    """What is told of six couples with whom nothing goes wrong."""
    return Planning(terms(plain)).plan(SMALL).entry


@pytest.fixture(scope="module")
def down(plain: Settings) -> dict[str, Any]:
    """The same where every transport is away for a week, against a campaign with its talk an hour later."""
    return Planning(terms(plain)).plan(SMALL, outage(OutageKind.DOWN), other(1)).entry


def test_a_plans_figures_are_those_of_the_deliveries_of_the_same_simulation(
    plain: Settings, fair: dict[str, Any]
) -> None:
    simulation = Simulation(plain, "3", START)
    simulation.make_up(6)
    simulation.run(SMALL)
    lines = list(simulation.lines())
    run = fair["run"]
    assert run["deliveries"] == len(lines)
    ends = Counter((line.status, line.reason) for line in lines)
    assert {(each["status"], each["reason"]): each["deliveries"] for each in run["outcomes"]} == ends
    sent = [line for line in lines if line.status == "sent"]
    for where, name in (("utc", "due_at"), ("local", "local_time")):
        hours = Counter((getattr(line, name)[:10], int(getattr(line, name)[11:13])) for line in sent)
        rows = run["volume"][where]
        assert {(row["day"], hour): n for row in rows for hour, n in enumerate(row["hours"]) if n} == hours
    assert {each["channel"]: each["messages"] for each in run["cost"]["channels"]} == Counter(
        line.channel for line in sent
    )
    assert {each["strategy"]: each["messages"] for each in run["strategies"]} == Counter(
        line.strategy for line in sent if line.strategy
    )
    assert all(each["sound"] for each in run["clocks"])


@pytest.mark.slow
def test_a_plan_is_the_same_byte_for_byte_however_many_processes_live_it(
    plain: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal, "ENOUGH", 2)
    alone, three = (Planning(terms(plain, 9), processes).plan(SMALL) for processes in (1, 3))
    assert json.dumps(alone.entry) == json.dumps(three.entry)
    assert alone.shown == three.shown
    assert list(dict.fromkeys(line.couple for line in alone.shown)) == ["couple-00001", "couple-00002"]


@pytest.mark.slow
def test_a_process_that_fails_says_what_is_wrong_and_how_to_mend_it(
    plain: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal, "ENOUGH", 2)
    monkeypatch.setattr(rehearsal, "snapshot", lambda database: b"no database")
    with pytest.raises(RekindleError):
        rehearse(terms(plain, 6), SMALL, processes=2)


def other(hours: int) -> Campaign:
    """SMALL with a talk so many hours later."""
    talk, *rest = SMALL.steps
    return identified(replace(SMALL, steps=(replace(talk, days=((talk.days[0] + hours) % 7,)), *rest)))


def outage(kind: OutageKind, channel: Channel | None = None) -> Faults:
    """Every transport, from Monday of week 1 to Saturday."""
    moments = (Moment(0, time(0)), Moment(5, time(0)))
    return Faults(spells=(Spell(kind, *moments, week=1, channel=channel),))


def test_what_an_outage_delays_or_loses_is_told_against_the_same_run_without_it(
    fair: dict[str, Any], down: dict[str, Any]
) -> None:
    faults, run = down["faults"], down["run"]
    assert faults["would_go"] == fair["run"]["sent"]
    assert faults["lost"] > 0
    assert faults["lost"] + faults["in_doubt"] == fair["run"]["sent"] - run["sent"]
    assert {each["reason"] for each in faults["lost_because"]} <= {"too_late", "gave_up"}
    assert sum(each["messages"] for each in faults["late_minutes"]["histogram"]) == faults["late"]


def test_a_transport_that_is_silent_leaves_its_messages_in_doubt_and_the_other_channels_alone(
    plain: Settings, fair: dict[str, Any]
) -> None:
    found = Planning(terms(plain)).plan(SMALL, outage(OutageKind.SILENT, Channel.SMS)).entry
    assert found["faults"]["in_doubt"] > 0
    doubtful = [each for each in found["run"]["skips"] if each["status"] == "in_doubt"]
    assert sum(each["deliveries"] for each in doubtful) == found["faults"]["in_doubt"]
    emails = {each["channel"]: each["messages"] for each in found["run"]["cost"]["channels"]}["email"]
    assert emails == {each["channel"]: each["messages"] for each in fair["run"]["cost"]["channels"]}["email"]


def test_faults_that_never_strike_delay_and_lose_nothing(plain: Settings) -> None:
    faults = Planning(terms(plain)).plan(SMALL, Faults(Rates(), "1")).entry["faults"]
    assert (faults["late"], faults["lost"], faults["in_doubt"]) == (0, 0, 0)


def test_against_itself_a_campaign_changes_nobody_and_against_another_it_says_whom(plain: Settings) -> None:
    same = Planning(terms(plain)).plan(SMALL, None, SMALL).entry["against"]
    assert same["couples_changed"] == 0
    assert not any(each["difference"] for each in same["figures"])
    changed = Planning(terms(plain)).plan(SMALL, None, other(1)).entry["against"]
    assert changed["couples_changed"] == 6
    assert changed["changes"]["added"] == changed["changes"]["removed"] > 0


def test_texts_are_as_long_as_those_that_are_sent(plain: Settings, fair: dict[str, Any]) -> None:
    inbox = MemoryTransport()
    sent = Simulation(plain, "3", START, transport=inbox)
    sent.make_up(6)
    sent.run(SMALL)
    segments = sum(measure(message.body).parts for message in inbox.messages if isinstance(message, SmsMessage))
    channels = fair["run"]["cost"]["channels"]
    assert {each["channel"]: each["segments"] for each in channels}["sms"] == segments


def test_paces_hold_messages_back_in_a_plan_as_they_do_when_it_is_sent(plain: Settings) -> None:
    slow = Settings(workspace=plain.workspace, templates=plain.templates, pace={"outbox": {"per_day": 3}})
    run = Planning(terms(slow)).plan(SMALL).entry["run"]
    assert max(sum(row["hours"]) for row in run["volume"]["utc"]) <= 3
    assert {each["gate"]: each["moved"] for each in run["gates"]}["held"] > 0


def test_the_page_needs_nothing_beside_it_and_runs_nothing(down: dict[str, Any]) -> None:
    html = page(down)
    for never in ("<script", "http://", "https://", "src=", "url(", " style=", "@import"):
        assert never not in html
    assert html.count("<svg") > 6
    assert down["run"]["title"] in html
    assert page(down) == html


def test_a_name_in_the_page_is_only_a_name(plain: Settings, tmp_path: Path) -> None:
    file = tmp_path / "couples.csv"
    file.write_text(
        "couple,given_name,email,timezone,channel,send_at\n<img src=x>,Ana,ana@example.com,Europe/Madrid,email,09:00\n",
        encoding="utf-8",
    )
    found = Planning(Terms(plain, "0", START, file)).plan(SMALL).entry
    assert found["run"]["couples"] == 1
    html = page(found)
    assert "&lt;img src=x&gt;" in html
    assert "<img" not in html
