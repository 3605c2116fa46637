"""What experiments have shown: planted effects through the whole engine, and silence wherever nobody can know."""

import asyncio
import csv
import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from made import campaign, step
from sqlalchemy import delete, insert, select, update
from world import World, person, plain_templates, talk

from bench.experiments import bell
from engine.define.digest import identified
from engine.model.campaign import Campaign, StepPurpose, Variant
from engine.model.experiment import CoupleFact, Experiment, Per, Proximal, Randomize
from engine.render.sandbox import environment
from engine.report.experiments import Arm, ExperimentResult, results
from engine.report.experiments_export import DICTIONARY, dictionary_of, export
from engine.report.experiments_rows import points
from engine.report.scope import scope_of
from engine.settings import Settings
from engine.shipped import shipped
from engine.simulate.life import live
from engine.simulate.simulation import Simulation
from engine.store.couples_schema import answers, pulses
from engine.store.database import Database
from engine.store.operating_schema import assignments
from engine.store.schema import deliveries, enrollments, partners

ARMS = (Variant("plain"), Variant("brief"))
PULSE = step("pulse", template="pulse", days=(6,), weeks=(1, 2, 3, 4), draw=None, purpose=StepPurpose.PULSE)
WEEKS = {"weeks": (1, 2, 3, 4)}
TRIAL = identified(
    campaign(
        talk("talk", days=(1,), variants=ARMS, **WEEKS),
        talk("try", days=(3,), randomize=Randomize(0.6), **WEEKS),
        talk("extra", days=(4,), randomize=Randomize(0.5), **WEEKS),
        PULSE,
        weeks=4,
        activities=12,
        experiment=Experiment(couples=160, strata=(CoupleFact.SIZE,)),
    )
)
BRIEF, TRIED = 0.6, 0.5
"""What is planted: the brief arm is better by this much, and so is a week in which `try` went out. `extra` is not."""


def rate(database: Database, value: Callable[[Any, set[str]], float]) -> None:
    """Let every partner rate each pulse they got an hour later; `value` is told the row and what was sent that week."""
    with database.begin() as connection:
        rows = connection.execute(
            select(deliveries, enrollments.c.variants)
            .join(enrollments, enrollments.c.id == deliveries.c.enrollment_id)
            .order_by(deliveries.c.id)
        ).all()
        gone: dict[tuple[int, int], set[str]] = {}
        for row in rows:
            if row.status == "sent":
                gone.setdefault((row.enrollment_id, row.week), set()).add(row.step)
        told = [
            {
                "enrollment_id": row.enrollment_id,
                "partner_id": row.partner_id,
                "step": row.step,
                "occurrence": row.occurrence,
                "week": row.week,
                "value": min(5, max(1, round(value(row, gone[row.enrollment_id, row.week])))),
                "at": row.sent_at + timedelta(hours=1),
            }
            for row in rows
            if row.step == "pulse" and row.status == "sent"
        ]
        connection.execute(insert(pulses), told)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    """A hundred and sixty made-up couples all over the world, four weeks through the whole engine."""
    folder = plain_templates(tmp_path_factory.mktemp("templates"))
    simulation = Simulation(Settings(workspace=Path("nowhere"), templates=[folder]), "truth", date(2026, 3, 2))
    simulation.make_up(160)
    simulation.engine.enroll(TRIAL, simulation.start)
    asyncio.run(live(simulation.engine, simulation.clock))

    def value(row: Any, gone: set[str]) -> float:
        own = 0.5 * bell("own", row.enrollment_id) + 0.7 * bell("week", row.id)
        return 2.6 + own + BRIEF * (row.variants["talk"] == "brief") + TRIED * ("try" in gone)

    rate(simulation.database, value)
    simulation.clock.fast_forward(timedelta(days=3))
    return simulation


def of(database: Database, now: Any = None) -> dict[tuple[str, str, str], ExperimentResult]:
    with database.read() as connection:
        return {(each.step, each.per, each.outcome): each for each in results(connection, "test", now)}


@pytest.fixture(scope="module")
def found(lived: Simulation) -> dict[tuple[str, str, str], ExperimentResult]:
    return of(lived.database, lived.clock.now())


def test_an_effect_that_was_planted_between_couples_is_found_at_its_size(found: Any) -> None:
    result = found["talk", "couple", "pulse"]
    plain, brief = result.arms
    assert (plain.arm, brief.arm, result.reference) == ("plain", "brief", "plain")
    assert brief.low < BRIEF < brief.high
    assert result.verdict == "Better with brief than with plain."
    assert (result.interim, result.planned, result.couples) == (False, 160, 160)


def test_an_effect_that_was_planted_at_each_occurrence_is_found_at_its_size(found: Any) -> None:
    result = found["try", "occurrence", "pulse"]
    withheld, sent = result.arms
    assert (withheld.arm, sent.arm) == ("not sent", "sent")
    assert sent.low < TRIED < sent.high
    assert result.verdict == "Better with sent than with not sent."
    assert withheld.points / (withheld.points + sent.points) == pytest.approx(0.4, abs=0.06)


def test_where_nothing_was_planted_nothing_is_claimed(found: Any) -> None:
    result = found["extra", "occurrence", "pulse"]
    assert result.arms[1].low < 0 < result.arms[1].high
    assert "Better" not in result.verdict
    assert "Worse" not in result.verdict


def test_an_outcome_that_is_the_same_for_everybody_compares_nothing(found: Any) -> None:
    assert "Nothing to compare" in found["talk", "couple", "opt-out"].verdict


def test_arms_that_chance_made_raise_no_warning(found: Any) -> None:
    assert not any(warning for result in found.values() for warning in result.warnings if "large as" in warning)


def test_a_result_is_json_and_a_table(found: Any) -> None:
    result = found["talk", "couple", "pulse"]
    assert result.entry()["arms"][1]["arm"] == "brief"
    assert all(len(row) == len(result.headings) for each in found.values() for row in each.rows)
    assert result.asks.startswith("How close")


def test_the_part_of_the_reports_page_shows_every_result(found: Any) -> None:
    sandbox = environment([shipped("templates") / "report"], html=True)
    html = sandbox.rendered(sandbox.compiled("experiments.html"), {"experiments": list(found.values())})
    assert html.count("<table>") == len(found)
    assert "Better with brief than with plain." in html
    assert len(set(re.findall(r'id="([^"]+)"', html))) == html.count(' id="')


# What follows needs no long life: couples of one step, and outcomes as a test wants them.


def small(couples: int, *steps: Any, experiment: Experiment | None = None, **given: Any) -> World:
    """Couples that have lived through a talk with two arms and a pulse."""
    world = World(*(steps or (talk(variants=ARMS), PULSE)), activities=12, experiment=experiment, **given)
    for number in range(couples):
        world.join(f"c{number:03}", person(f"A{number}"), person(f"B{number}"))
    world.enroll()
    world.live()
    return world


def brief_is_better(row: Any, _: object) -> float:
    return 3 + bell("small", row.id) + 1.5 * (row.variants.get("talk") == "brief")


def only(world: World, outcome: str = "pulse", step_: str = "talk", per: str = "couple") -> ExperimentResult:
    return of(world.database, world.clock.now() + timedelta(days=3))[step_, per, outcome]


def test_with_fewer_than_five_couples_in_an_arm_no_number_is_shown_of_any() -> None:
    world = small(7)
    rate(world.database, brief_is_better)
    sizes = sorted(
        len({row.enrollment_id for row in world.rows(assignments) if row.arm == arm}) for arm in ("plain", "brief")
    )
    assert 0 < sizes[0] < 5
    result = only(world)
    assert result.arms == (Arm("plain", None, None, None), Arm("brief", None, None, None))
    assert "Not enough couples" in result.verdict
    assert result.warnings == ()


def test_with_fewer_than_ten_in_an_arm_nothing_is_estimated() -> None:
    world = small(18)
    rate(world.database, brief_is_better)
    result = only(world)
    assert all(arm.mean is not None and arm.difference is None for arm in result.arms)
    assert result.verdict == "Not enough couples to know: there are fewer than 10 in an arm."


def test_before_the_planned_end_there_is_no_verdict_and_the_interval_is_wider() -> None:
    world = small(60, experiment=Experiment(couples=200))
    rate(world.database, brief_is_better)
    interim = only(world)
    assert (interim.interim, interim.couples, interim.planned) == (True, 60, 200)
    assert interim.verdict == "An interim look, after 60 of 200 couples: no verdict yet."
    assert any("however often you look" in each for each in interim.warnings)
    final = only(again(world, Experiment(couples=60)))
    assert (final.interim, final.verdict) == (False, "Better with brief than with plain.")
    assert width(interim) > 1.5 * width(final)


def again(world: World, experiment: Experiment) -> World:
    """The same couples, had the file said so."""
    from engine.define.digest import freeze, thaw
    from engine.store.schema import definitions

    made: Campaign = identified(campaign(*world.campaign.steps, activities=12, experiment=experiment))
    with world.database.begin() as connection:
        values = {"body": freeze(made), "digest": made.digest, "stored_at": world.clock.now()}
        connection.execute(insert(definitions).values(campaign="test", title="Test", **values))
        connection.execute(update(enrollments).values(digest=thaw(freeze(made)).digest))
    return world


def width(result: ExperimentResult) -> float:
    return (result.arms[1].high or 0) - (result.arms[1].low or 0)


def test_without_a_plan_it_is_said_that_looking_often_misleads() -> None:
    world = small(60)
    rate(world.database, brief_is_better)
    assert any("No number of couples was planned" in each for each in only(world).warnings)


def test_what_may_help_or_harm_as_much_as_matters_is_not_enough_to_know() -> None:
    world = small(44)
    rate(world.database, lambda row, _: 3 + 1.5 * bell("wide", row.enrollment_id))
    result = only(world)
    assert result.verdict == "Not enough couples to know whether brief is better or worse than plain."


def test_a_difference_too_small_to_matter_is_none_that_matters() -> None:
    world = small(60, experiment=Experiment(matters={Proximal.PULSE: 1.5}))
    rate(world.database, lambda row, _: 3 + bell("none", row.id))
    assert only(world).verdict == "No difference between brief and plain that matters."


def test_arms_that_chance_would_not_make_are_warned_of() -> None:
    world = small(120)
    rate(world.database, brief_is_better)
    with world.database.begin() as connection:
        gone = select(assignments.c.enrollment_id).where(assignments.c.arm == "plain").limit(40)
        connection.execute(delete(assignments).where(assignments.c.enrollment_id.in_(gone)))
    assert any("not as large as chance makes them" in each for each in only(world).warnings)


def test_so_are_occurrences_that_chance_would_not_withhold() -> None:
    world = small(60, talk(randomize=Randomize(0.5), **WEEKS), PULSE)
    rate(world.database, brief_is_better)
    with world.database.begin() as connection:
        gone = select(deliveries.c.enrollment_id).where(deliveries.c.reason == "withheld").limit(60)
        connection.execute(
            delete(deliveries).where(deliveries.c.reason == "withheld", deliveries.c.enrollment_id.in_(gone))
        )
    warnings = only(world, per="occurrence").warnings
    assert any("not as large as chance makes them" in each for each in warnings)


def test_an_outcome_that_one_arm_tells_less_often_is_warned_of() -> None:
    world = small(80)
    rate(world.database, brief_is_better)
    with world.database.begin() as connection:
        silent = select(assignments.c.enrollment_id).where(assignments.c.arm == "plain").limit(20)
        connection.execute(delete(pulses).where(pulses.c.enrollment_id.in_(silent)))
    assert any("known more often in some arms" in each for each in only(world).warnings)


def test_changed_chances_are_said_and_their_sizes_are_not_tested() -> None:
    world = small(40)
    rate(world.database, brief_is_better)
    with world.database.begin() as connection:
        connection.execute(update(assignments).values(probability=0.25))
    assert any("chances were changed" in each for each in only(world).warnings)


def test_an_answer_counts_within_two_days_and_only_once_they_have_passed() -> None:
    world = small(30)
    with world.database.begin() as connection:
        for row in world_rows(connection, "talk"):
            late = timedelta(hours=47 if row.variant == "brief" else 49)
            values = {"partner_id": row.partner_id, "step": "talk", "occurrence": row.occurrence, "text_cipher": b""}
            connection.execute(
                insert(answers).values(enrollment_id=row.enrollment_id, given_at=row.send_at + late, **values)
            )
    plain, brief = only(world, "answered").arms
    assert (plain.mean, brief.mean) == (0, 1)
    early = of(world.database, world.rows()[0].send_at + timedelta(hours=40))["talk", "couple", "answered"]
    assert [arm.couples for arm in early.arms] == [0, 0]


def world_rows(connection: Any, key: str) -> Sequence[Any]:
    return connection.execute(select(deliveries).where(deliveries.c.step == key)).all()


def test_who_left_soon_after_opted_out_and_who_had_left_before_tells_nothing() -> None:
    world = small(12, talk(days=(1, 3), variants=ARMS), PULSE)
    with world.database.begin() as connection:
        (row, later) = [each for each in world_rows(connection, "talk") if each.partner_id == 1]
        connection.execute(update(partners).where(partners.c.id == 1).values(left_at=row.send_at + timedelta(hours=5)))
    with world.database.read() as connection:
        scope = scope_of(connection, "test", None, world.clock.now() + timedelta(days=3))
        told = {(each.partner, each.occurrence): each.outcomes[Proximal.OPT_OUT] for each in points(connection, scope)}
    assert told[1, row.occurrence] == 1
    assert told[1, later.occurrence] is None
    assert told[2, row.occurrence] == 0


def test_the_pulse_that_counts_is_the_next_and_the_one_before_was_told_before() -> None:
    world = small(1, talk(randomize=Randomize(0.5), **WEEKS), PULSE)
    rate(world.database, lambda row, _: row.week)
    with world.database.begin() as connection:
        connection.execute(delete(pulses).where(pulses.c.week == 3))
    with world.database.read() as connection:
        scope = scope_of(connection, "test", None, world.clock.now())
        told = [(each.prior, each.outcomes[Proximal.PULSE]) for each in points(connection, scope) if each.partner == 1]
    assert told == [(None, 1), (1, 2), (2, None), (2, 4)]


def test_a_pulse_that_was_told_late_was_not_known_before() -> None:
    """It may already be a consequence of what it would be taken for a cause of."""
    world = small(1, talk(randomize=Randomize(0.5), **WEEKS), PULSE)
    rate(world.database, lambda row, _: row.week)
    with world.database.begin() as connection:
        late = world.clock.now() + timedelta(days=1)
        connection.execute(update(pulses).where(pulses.c.week == 2).values(at=late))
    with world.database.read() as connection:
        scope = scope_of(connection, "test", None, world.clock.now())
        told = [(each.prior, each.outcomes[Proximal.PULSE]) for each in points(connection, scope) if each.partner == 1]
    assert told == [(None, 1), (1, 2), (1, 3), (3, 4)]


def test_what_a_campaign_without_chance_shows_is_nothing() -> None:
    assert of(small(2, talk(), PULSE).database) == {}
    world = World()
    with world.database.read() as connection:
        assert results(connection, "nobody") == []


def read(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture
def exported(lived: Simulation, tmp_path: Path) -> list[dict[str, str]]:
    file = tmp_path / "trial.csv"
    with lived.database.read() as connection:
        scope = scope_of(connection, "test", None, lived.clock.now())
        number = export(connection, scope, file, b"k" * 32)
    rows = read(file)
    assert len(rows) == number
    assert [each["column"] for each in read(dictionary_of(file))] == list(rows[0]) == list(DICTIONARY)
    return rows


def test_the_export_has_a_row_for_each_decision_point_with_what_chance_did(
    lived: Simulation, exported: list[dict[str, str]]
) -> None:
    with lived.database.read() as connection:
        rows = connection.execute(select(deliveries).where(deliveries.c.step.in_(["talk", "try", "extra"]))).all()
    assert len(exported) == len(rows)
    tried = [row for row in exported if row["step"] == "try"]
    assert {(row["available"], row["action"], row["probability"]) for row in tried} >= {
        ("1", "1", "0.6"),
        ("1", "0", "0.4"),
    }
    assert {(row["available"], row["kept_arm_probability"]) for row in exported if row["step"] == "talk"} == {
        ("", "0.5")
    }
    assert all(row["probability"] == "" for row in tried if row["available"] == "0")


def test_the_export_gives_the_same_estimate_to_another_tool(
    found: dict[tuple[str, str, str], ExperimentResult], exported: list[dict[str, str]]
) -> None:
    """By plain least squares on the file alone: the couples' means by arm, within strata."""
    import numpy

    own: dict[str, list[dict[str, str]]] = {}
    for row in exported:
        if row["step"] == "talk" and row["next_pulse"]:
            own.setdefault(row["couple_id"], []).append(row)
    values = [numpy.mean([float(row["next_pulse"]) for row in rows]) for rows in own.values()]
    first = [rows[0] for rows in own.values()]
    design = [[float(row["kept_arm"] == "brief"), 1.0, float(row["stratum"] == "size=2")] for row in first]
    estimate = numpy.linalg.lstsq(numpy.array(design), numpy.array(values), rcond=None)[0][0]
    assert found["talk", "couple", "pulse"].arms[1].difference == pytest.approx(estimate)


def test_the_export_holds_nobodys_name_address_or_number(lived: Simulation, exported: list[dict[str, str]]) -> None:
    with lived.database.read() as connection:
        names = set(connection.execute(select(partners.c.given_name)).scalars())
    cells = {cell for row in exported for cell in row.values()}
    assert not cells & names
    assert not any("@" in cell or "couple-" in cell for cell in cells)
    people = {(row["couple_id"], row["participant_id"]) for row in exported}
    assert all(re.fullmatch(r"[0-9a-f]{16}", each) for pair in people for each in pair)
    assert len({couple for couple, _ in people}) == 160


def test_pseudonyms_are_others_with_another_key(
    lived: Simulation, exported: list[dict[str, str]], tmp_path: Path
) -> None:
    file = tmp_path / "other.csv"
    with lived.database.read() as connection:
        export(connection, scope_of(connection, "test", None, lived.clock.now()), file, b"l" * 32)
    assert not {row["couple_id"] for row in read(file)} & {row["couple_id"] for row in exported}


def test_of_two_designs_on_one_step_both_are_shown() -> None:
    world = small(30, talk(variants=ARMS, randomize=Randomize(0.5), **WEEKS), PULSE)
    rate(world.database, brief_is_better)
    assert {(step_, per) for step_, per, _ in of(world.database)} == {
        ("talk", Per.COUPLE.value),
        ("talk", Per.OCCURRENCE.value),
    }
