"""An order about everyone never takes back who left, and never begins again what is done."""

from datetime import date

from made import activity, step
from made import campaign as made_campaign
from world import World, person, talk

from engine.model.campaign import Variant
from engine.plan.draw import Tastes, draw_all


def test_enrolling_everyone_again_leaves_a_couple_that_was_stopped_alone() -> None:
    world = World(talk(weeks=(1, 2, 3)))
    world.join("x", person("Ana"))
    world.join("y", person("Ben"))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    world.stop("x")
    assert vars(world.enroll()) == {"enrolled": 0, "already": 2}
    assert vars(world.enroll(date(2026, 3, 9))) == {"enrolled": 0, "already": 2}
    world.live()
    assert [line.local_time[:10] for line in world.lines() if line.partner == "Ana"] == ["2026-03-03"]


def test_enrolling_again_from_the_same_start_sends_nothing_twice_once_the_campaign_is_over() -> None:
    world = World(talk())
    world.join("x", person("Ana"))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    world.enroll()
    world.engine.enroll(world.campaign, date(2026, 3, 2), ["x"])
    world.live()
    assert len(world.inbox.messages) == 1


def test_what_a_couples_variant_gives_outright_is_not_drawn_while_there_is_anything_else() -> None:
    campaign = made_campaign(
        step("fixed", draw=None, activity="a0", variants=(Variant("v", 1, None, "a1"),)),
        step("drawn", days=(3,)),
        activities=[activity(number) for number in range(3)],
    )
    drawn = {draw_all(campaign, 0, str(seed), Tastes(), {"fixed": "v"})["drawn/3"] for seed in range(60)}
    assert drawn == {"a0", "a2"}
