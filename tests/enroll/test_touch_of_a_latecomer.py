"""Touch is only for couples in which both opted in: also when the second joins later."""

from datetime import date

from made import activity
from world import World, person, talk

from engine.model.couple import Consent
from engine.model.strategy import Caution, Mode
from engine.store import schema

TOUCHING = activity(1, mode=Mode.TOUCH, cautions=frozenset({Caution.TOUCH}))


def test_a_partner_who_joins_without_it_ends_what_was_drawn_for_the_first_alone() -> None:
    """Given one who opted in and is alone, their later weeks hold touch; the other joins and has not opted in."""
    world = World(talk("talk", weeks=(1, 2, 3)), activities=[TOUCHING, activity(2)], weeks=3)
    world.join("a", person("Ana"))
    world.alter("Ana", touch=True)
    world.enroll(date(2026, 3, 2))
    (before,) = [row.draws for row in world.rows(schema.enrollments)]
    assert "a1" in before.values()
    world.engine.add_partner(
        {"couple": "a", "given_name": "Ben", "email": "ben@example.com", "timezone": "UTC"},
        Consent("Yes.", "a test"),
    )
    (after,) = [row.draws for row in world.rows(schema.enrollments)]
    assert set(after.values()) == {"a2"}
