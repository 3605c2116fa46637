"""Steps that chance may withhold: every occurrence has one end, and only who could have had it was asked."""

from collections import Counter
from pathlib import Path

from world import World, person, plain_templates, talk

from engine.deliver.ahead import next_messages
from engine.deliver.definitions import Definitions
from engine.deliver.forecast import schedule
from engine.model.campaign import Audience, Draw, Step, Variant
from engine.model.delivery import DeliveryStatus, SkipReason
from engine.model.experiment import Per, Randomize
from engine.store import schema

COUPLES = 40
ARMS = (Variant("plain"), Variant("brief", 1, "brief"))


def trial(tmp_path: Path, *steps: Step, couples: int = COUPLES, **given: object) -> World:
    world = World(*steps, templates=[plain_templates(tmp_path, brief="Brief")], activities=8, **given)
    for number in range(couples):
        world.join(f"c{number}", person(f"A{number}"), person(f"B{number}"))
    world.enroll()
    return world


def test_what_chance_withholds_is_skipped_for_that_reason_and_never_handed_over(tmp_path: Path) -> None:
    world = trial(tmp_path, talk(randomize=Randomize(0.5)))
    world.live()
    ends = Counter(world.ends())
    assert set(ends) == {("sent", None), ("skipped", "withheld")}
    assert ends["sent", None] == len(world.inbox.messages) == 2 * COUPLES - ends["skipped", "withheld"]
    assert 20 <= ends["sent", None] <= 60


def test_each_end_is_kept_with_how_likely_it_was(tmp_path: Path) -> None:
    world = trial(tmp_path, talk(randomize=Randomize(0.7)))
    world.live()
    assert {(row.status, row.probability) for row in world.rows()} == {("sent", 0.7), ("skipped", 0.3)}


def test_both_partners_of_a_couple_get_it_or_neither_does(tmp_path: Path) -> None:
    world = trial(tmp_path, talk(weeks=(1, 2), randomize=Randomize(0.5)))
    world.live()
    ends: dict[tuple[int, int], set[str]] = {}
    for row in world.rows():
        ends.setdefault((row.enrollment_id, row.occurrence), set()).add(row.status)
    assert all(len(each) == 1 for each in ends.values())
    assert len({*map(tuple, ends.values())}) == 2


def test_where_each_has_a_message_of_their_own_chance_is_asked_for_each(tmp_path: Path) -> None:
    world = trial(tmp_path, talk(audience=Audience.EACH, randomize=Randomize(0.5)))
    world.live()
    ends: dict[int, list[str]] = {}
    for row in world.rows():
        ends.setdefault(row.enrollment_id, []).append(row.status)
    assert any(len(set(each)) == 2 for each in ends.values())


def test_who_could_not_have_had_it_was_not_asked(tmp_path: Path) -> None:
    """Gates, conditions and empty pools say why; the chance is null, and so is the arm."""
    step = talk(when="partner.position == 1", variants=ARMS, randomize=Randomize(0.5, Per.OCCURRENCE))
    world = trial(tmp_path, step)
    world.alter("A0", email_consent=False)
    world.live()
    found = [row for row in world.rows() if row.reason not in (None, "withheld")]
    assert {(row.reason, row.probability, row.variant) for row in found} == {
        ("condition", None, None),
        ("no_consent", None, None),
    }
    assert len(found) == COUPLES + 1


def test_an_occurrence_is_given_an_arm_anew_and_written_with_its_template(tmp_path: Path) -> None:
    world = trial(tmp_path, talk(weeks=(1, 2, 3), variants=ARMS, randomize=Randomize(None, Per.OCCURRENCE)), couples=10)
    world.live()
    rows = [row for row in world.rows() if row.partner_id % 2]
    assert {row.variant for row in rows} == {"plain", "brief"}
    assert {row.probability for row in rows} == {0.5}
    assert any(len({row.variant for row in rows if row.enrollment_id == number}) == 2 for number in range(1, 11))
    brief = {row.id for row in world.rows() if row.variant == "brief"}
    assert {each.delivery_id for each in world.inbox.messages if each.subject == "Brief"} == brief
    assert [row.variants for row in world.rows(schema.enrollments)] == [{}] * 10


def test_whether_there_is_anything_to_send_does_not_depend_on_the_arm(tmp_path: Path) -> None:
    """One arm gives an activity outright, the other draws from an empty pool: then nobody is available."""
    arms = (Variant("given", 1, None, "a0"), Variant("drawn"))
    empty = Draw(depth=(3, 3))
    world = trial(tmp_path, talk(draw=empty, variants=arms, randomize=Randomize(None, Per.OCCURRENCE)), couples=8)
    world.live()
    assert {(row.reason, row.probability) for row in world.rows()} == {("nothing_to_draw", None)}


def test_what_is_foretold_is_what_happens(tmp_path: Path) -> None:
    world = trial(
        tmp_path,
        talk(weeks=(1, 2), variants=ARMS, randomize=Randomize(0.5, Per.OCCURRENCE)),
        talk("try", days=(3,), weeks=(1, 2), audience=Audience.EACH, randomize=Randomize(0.3)),
        couples=12,
    )
    with world.database.read() as connection:
        told = {
            (each.who.ref, each.who.position, each.step, each.occurrence): (each.skip, each.variant, each.activity)
            for each in schedule(connection, Definitions(), until=None, couple=None, limit=1_000)
        }
    world.live()
    refs = {row.id: row.ref for row in world.rows(schema.couples)}
    who = {row.id: (refs[row.couple_id], row.position) for row in world.rows(schema.partners)}
    happened = {
        (*who[row.partner_id], row.step, row.occurrence): (row.reason, row.variant, row.activity)
        for row in world.rows()
    }
    assert happened == told
    assert {skip for skip, *_ in told.values()} == {None, SkipReason.WITHHELD}


def test_a_partner_is_not_shown_that_anything_was_withheld(tmp_path: Path) -> None:
    world = trial(tmp_path, talk(weeks=tuple(range(1, 9)), randomize=Randomize(0.5)), couples=1)
    with world.database.read() as connection:
        ahead = next_messages(connection, Definitions(), 1, most=8)
    world.live()
    gone = [row.send_at for row in world.rows() if row.partner_id == 1 and row.status == DeliveryStatus.SENT]
    assert [each.at for each in ahead] == gone
    assert 0 < len(gone) < 8


def test_planning_again_or_in_another_process_changes_nothing(tmp_path: Path) -> None:
    world = trial(tmp_path, talk(randomize=Randomize(0.5)))
    world.go_to("2026-03-03T09:00")
    before = [(row.id, row.status, row.probability) for row in world.rows()]
    world.restart()
    world.tick()
    assert [(row.id, row.status, row.probability) for row in world.rows()] == before


def test_who_comes_to_be_unable_to_have_it_after_chance_let_it_go_counts_as_asked(tmp_path: Path) -> None:
    """The analysis goes by what chance decided, not by what became of it."""
    world = trial(tmp_path, talk(randomize=Randomize(0.99), at=None, days=(1,)), couples=1)
    world.alter("A0", send_at=world.rows(schema.partners)[0].send_at.replace(hour=23))
    world.live("2026-03-03T23:30")
    world.alter("A0", email_consent=False)
    world.live()
    (row,) = [row for row in world.rows() if row.partner_id == 1]
    assert (row.status, row.reason, row.probability) == ("skipped", "no_consent", 0.99)
