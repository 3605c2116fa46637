"""Who would be left as they are, and why, is known before anybody is enrolled."""

from datetime import date

import pytest
from world import MONDAY, World, person, talk

from engine.errors import NotFound
from engine.store import schema

LATER = date(2026, 4, 6)


def town() -> World:
    """A couple for each reason to be left as it is, and one for none."""
    world = World(talk())
    for ref, name in (("fresh", "Ana"), ("in-it", "Ben"), ("through", "Cem"), ("stopped", "Dana"), ("nowhere", "Eva")):
        world.join(ref, person(name))
    world.alter("Eva", email_index=None, email_cipher=None, phone_index=None, phone_cipher=None)
    world.enroll(MONDAY, "through", "stopped")
    world.stop("stopped")
    world.live("2026-03-10T00:00")
    world.enroll(LATER, "in-it")
    return world


def test_an_order_about_everyone_says_of_each_couple_that_is_left_why() -> None:
    world = town()
    before = world.rows(schema.enrollments)
    done, found = world.engine.foresee(world.campaign, LATER)
    assert (done.enrolled, done.already) == (1, 3)
    assert done.examples == {
        "nobody in it has a confirmed address": ["nowhere"],
        "in it already": ["in-it"],
        "been through it before": ["through"],
        "stopped in a campaign before": ["stopped"],
    }
    assert found.messages == 1
    assert world.rows(schema.enrollments) == before
    assert vars(world.engine.enroll(world.campaign, LATER)) == {"enrolled": 1, "already": 3}


def test_couples_that_are_named_may_begin_again() -> None:
    world = town()
    done, _ = world.engine.foresee(world.campaign, LATER, ["through", "stopped", "in-it"])
    assert done.enrolled == 2
    assert done.left == {"in it already": 1}
    done, _ = world.engine.foresee(world.campaign, MONDAY, ["through"])
    assert done.left == {"in it from this start before": 1}
    with pytest.raises(NotFound):
        world.engine.foresee(world.campaign, LATER, ["nobody"])


def test_a_couple_that_has_left_is_told_of_when_it_is_named() -> None:
    world = town()
    world.alter("Ana", left_at=world.clock.now())
    done, _ = world.engine.foresee(world.campaign, LATER, ["fresh"])
    assert (done.enrolled, done.left) == (0, {"both have left": 1})


def test_only_couples_for_whom_the_expression_holds_are_looked_at() -> None:
    world = town()
    done, _ = world.engine.foresee(world.campaign, LATER, where="couple.ref in ('fresh', 'in-it')")
    assert (done.enrolled, dict(done.left)) == (1, {"in it already": 1})
