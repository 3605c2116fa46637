"""Answers are kept for their author alone until both have shared; then both see both, once and for good."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world import VAULT, World, person

from engine.hear import answers as hearing
from engine.model.danger import Danger
from engine.store import answers, couples_schema, questions, schema
from engine.store.questions import Question


@pytest.fixture
def world() -> World:
    return asked()


def asked() -> World:
    """Ana and Ben have had the same question on Tuesday."""
    world = World()
    world.join("a-b", person("Ana"), person("Ben"))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    return world


def question(world: World, name: str) -> Question:
    (partner,) = [row.id for row in world.rows(schema.partners) if row.given_name == name]
    (delivery,) = [row.id for row in world.rows() if row.partner_id == partner and row.step == "talk"]
    with world.database.read() as connection:
        found = questions.find(connection, delivery)
    assert found is not None
    return found


def give(world: World, name: str, text: str, *, share: bool = True) -> hearing.Given:
    means, mine = world.engine.means, question(world, name)
    with world.database.begin() as connection:
        return hearing.give(connection, means, mine, text, share=share, source="page", now=world.clock.now())


def share(world: World, name: str) -> bool:
    means, mine = world.engine.means, question(world, name)
    with world.database.begin() as connection:
        return hearing.share(connection, means, mine, shared=True, now=world.clock.now())


def seen(world: World, name: str) -> list[tuple[str, str]]:
    mine = question(world, name)
    with world.database.read() as connection:
        shown = answers.side_by_side(connection, VAULT, mine)
    return [(each.given_name, each.text) for each in shown]


def told(world: World) -> list[str]:
    return [row.step for row in world.rows() if row.step == "revealed"]


def test_both_see_both_answers_as_soon_as_both_have_shared(world: World) -> None:
    assert not give(world, "Ana", "The mornings.").revealed
    assert seen(world, "Ana") == seen(world, "Ben") == []
    assert give(world, "Ben", "The evenings.").revealed
    assert seen(world, "Ana") == seen(world, "Ben") == [("Ana", "The mornings."), ("Ben", "The evenings.")]


def test_each_is_told_once_and_the_answers_are_closed(world: World) -> None:
    give(world, "Ana", "The mornings.")
    give(world, "Ben", "The evenings.")
    again = give(world, "Ana", "Something else.")
    assert not again.kept
    assert not again.revealed
    assert told(world) == ["revealed", "revealed"]
    assert seen(world, "Ben")[0] == ("Ana", "The mornings.")


def test_an_answer_that_is_kept_private_reveals_nothing_until_it_is_shared(world: World) -> None:
    give(world, "Ana", "The mornings.", share=False)
    assert not give(world, "Ben", "The evenings.").revealed
    assert share(world, "Ana")
    assert len(seen(world, "Ben")) == 2


def test_an_answer_can_be_changed_and_taken_back_until_then(world: World) -> None:
    give(world, "Ana", "The mornings.")
    give(world, "Ana", "The nights.")
    mine = question(world, "Ana")
    with world.database.begin() as connection:
        answers.remove(connection, mine)
    assert not give(world, "Ben", "The evenings.").revealed
    assert give(world, "Ana", "The noons.").revealed
    assert seen(world, "Ben")[0] == ("Ana", "The noons.")


def test_a_draft_is_nobodys_answer(world: World) -> None:
    mine = question(world, "Ana")
    with world.database.begin() as connection:
        answers.draft(connection, VAULT, mine, "The morn")
    give(world, "Ben", "The evenings.")
    assert seen(world, "Ben") == []
    with world.database.read() as connection:
        kept = answers.find(connection, VAULT, mine)
    assert kept is not None
    assert (kept.draft, kept.text) == ("The morn", None)


def test_words_that_may_speak_of_danger_are_never_shown_pause_their_author_and_alert_the_operator(world: World) -> None:
    given = give(world, "Ana", "He hits me and I am afraid to go home.")
    assert given.danger is Danger.HARM_BY_PARTNER
    assert not give(world, "Ben", "The evenings.").revealed
    assert not share(world, "Ana")
    assert seen(world, "Ben") == []
    paused = {row.given_name: row.paused_until is not None for row in world.rows(schema.partners)}
    assert paused == {"Ana": True, "Ben": False}
    (alert,) = world.rows(couples_schema.alerts)
    assert (alert.kind, alert.source, alert.seen_at) == ("harm-by-partner", "page", None)


def test_the_operator_is_written_to_without_a_word_of_it() -> None:
    world = World(settings={"alerts": {"email": "operator@example.org"}})
    world.join("a-b", person("Ana"), person("Ben"))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    give(world, "Ana", "He hits me and I am afraid to go home.")
    world.tick()
    (message,) = [each for each in world.inbox.messages if each.to == "operator@example.org"]
    whole = message.mime().decode()  # type: ignore[union-attr]
    assert "alerts show 1" in whole
    assert not {"Ana", "Ben", "hits", "afraid"} & set(whole.replace(">", " ").replace(",", " ").split())


@pytest.mark.parametrize("order", list(permutations(["ana", "ben", "ben again"])), ids="-".join)
def test_the_reveal_is_the_same_in_whichever_order_answers_come(world: World, order: tuple[str, ...]) -> None:
    for name in order:
        give(world, "Ana" if name == "ana" else "Ben", name)
    assert len(world.rows(couples_schema.reveals)) == 1
    assert told(world) == ["revealed", "revealed"]


ACTS = st.sampled_from(["share", "private", "draft", "remove", "danger"])


@given(st.lists(st.tuples(st.sampled_from(["Ana", "Ben"]), ACTS), max_size=12))
def test_nothing_is_shown_that_both_did_not_share(acts: list[tuple[str, str]]) -> None:
    """Over random acts of both, the reveal is there exactly from the moment at which both stand shared."""
    world = asked()
    stands = {"Ana": "", "Ben": ""}
    revealed = False
    for name, act in acts:
        mine = question(world, name)
        match act:
            case "share" | "private" | "danger":
                text = "I want to kill myself" if act == "danger" else f"{name} says"
                give(world, name, text, share=act != "private")
            case "draft":
                with world.database.begin() as connection:
                    answers.draft(connection, VAULT, mine, "hm")
            case "remove":
                with world.database.begin() as connection:
                    answers.remove(connection, mine)
        if not revealed and act != "draft":
            stands[name] = act
        revealed = revealed or set(stands.values()) == {"share"}
        assert bool(seen(world, "Ana")) is bool(seen(world, "Ben")) is revealed
    assert len(told(world)) == (2 if revealed else 0)
