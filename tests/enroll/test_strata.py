"""Arms that couples keep: logged with the enrollment, balanced within strata, the same whatever happens later."""

from collections import Counter
from datetime import date

from explaining import explained
from sqlalchemy import event
from world import MONDAY, World, person, talk

from engine.enroll.enrollment import enroll_one
from engine.enroll.redraw import redraw
from engine.model.campaign import Channel, Variant
from engine.model.experiment import CoupleFact, Experiment
from engine.model.strategy import Cause
from engine.store import operating_schema, schema
from engine.store.assignments import Places

ARMS = (Variant("plain"), Variant("brief"))
BY_SIZE = Experiment(strata=(CoupleFact.SIZE, CoupleFact.CHANNELS))


def world_of(experiment: Experiment | None, couples: int = 40) -> World:
    """Couples of one and of two, by email and by text, in a campaign whose step has two arms."""
    world = World(talk(variants=ARMS), experiment=experiment)
    for number in range(couples):
        channel = Channel.SMS if number % 3 == 0 else Channel.EMAIL
        people = [person(f"A{number}", channel=channel), person(f"B{number}")]
        world.join(f"c{number:03}", *people[: 1 + number % 2])
    return world


def arms(world: World) -> list[tuple[int, str, str, int | None]]:
    return [(row.enrollment_id, row.arm, row.stratum, row.place) for row in world.rows(operating_schema.assignments)]


def test_each_arm_that_a_couple_is_given_is_logged_with_its_chance() -> None:
    world = world_of(None)
    world.enroll()
    rows = world.rows(operating_schema.assignments)
    kept = {row.id: row.variants for row in world.rows(schema.enrollments)}
    assert {row.enrollment_id: {row.step: row.arm} for row in rows} == kept
    assert {(row.probability, row.stratum, row.place, row.campaign, row.at) for row in rows} == {
        (0.5, "", None, "test", world.clock.now())
    }
    assert set(Counter(row.arm for row in rows)) == {"plain", "brief"}


def test_within_every_stratum_arms_are_balanced() -> None:
    world = world_of(BY_SIZE)
    world.enroll()
    sizes: dict[str, Counter[str]] = {}
    for _, arm, stratum, _ in arms(world):
        sizes.setdefault(stratum, Counter())[arm] += 1
    assert set(sizes) == {
        "size=1 channels=email",
        "size=1 channels=sms",
        "size=2 channels=email",
        "size=2 channels=email+sms",
    }
    assert all(abs(each["plain"] - each["brief"]) <= 2 for each in sizes.values())


def test_couples_that_enroll_later_take_the_next_places() -> None:
    world = world_of(BY_SIZE, 12)
    with world.database.begin() as connection:
        for number in range(12):
            ref, key = f"c{number:03}", b"k" * 32
            enroll_one(connection, world.campaign, ref, MONDAY, seed_key=key, now=world.clock.now())
    places: dict[str, list[int | None]] = {}
    for _, _, stratum, place in arms(world):
        places.setdefault(stratum, []).append(place)
    assert all(found == list(range(len(found))) for found in places.values())
    with world.database.begin() as connection:
        next_place = Places(connection, "test")
        for stratum, found in places.items():
            assert next_place("talk", stratum) == len(found)
        assert Places(connection, "another")("talk", next(iter(places))) == 0


def test_couples_that_are_left_as_they_are_take_no_places() -> None:
    world = world_of(BY_SIZE, 8)
    world.enroll(MONDAY, "c001", "c003")
    before = arms(world)
    done = world.enroll()
    assert (done.enrolled, done.already) == (6, 2)
    assert arms(world)[:2] == before
    again = world.enroll()
    assert (again.enrolled, again.already) == (0, 8)
    assert len(arms(world)) == 8
    dry = world.engine.enroll(world.campaign, date(2026, 6, 1), ["c001"], dry_run=True)
    assert (dry.enrolled, len(arms(world))) == (0, 8)


def test_the_same_couples_in_the_same_order_are_given_the_same_arms_on_every_machine() -> None:
    def once() -> list[tuple[int, str, str, int | None]]:
        world = world_of(BY_SIZE)
        world.enroll()
        return arms(world)

    assert once() == once()


def test_drawing_anew_changes_no_arm() -> None:
    world = world_of(BY_SIZE, 4)
    world.enroll()
    before, kept = arms(world), [row.variants for row in world.rows(schema.enrollments)]
    world.alter("A1", causes=frozenset({Cause.SELF_ESTEEM}))
    with world.database.begin() as connection:
        assert redraw(connection, 2, world.clock.now(), world.engine._campaign_of) == 1
    assert arms(world) == before
    assert [row.variants for row in world.rows(schema.enrollments)] == kept


def test_the_next_place_is_found_without_reading_the_others() -> None:
    """Else signing up would cost more with every couple that did."""
    world = world_of(BY_SIZE, 4)
    asked: list[str] = []
    with world.database.begin() as connection:
        event.listen(connection, "before_cursor_execute", lambda *given: asked.append(given[2]))
        Places(connection, "test")("talk", "size=1")
        (statement,) = [each for each in asked if "max(" in each]
        found = explained(connection, statement, ("test", "talk", "size=1"))
    assert found == ({"uq_assignments_place"}, set())


def test_the_log_goes_with_the_couple_that_is_erased_and_the_place_after_it_is_still_the_next() -> None:
    world = world_of(BY_SIZE, 8)
    world.enroll()
    first = world.rows(schema.enrollments)[0].couple_id
    with world.database.begin() as connection:
        connection.execute(schema.couples.delete().where(schema.couples.c.id == first))
        assert Places(connection, "test")("talk", "size=1 channels=sms") == 2
    assert len(arms(world)) == 7
