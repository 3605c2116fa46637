"""Words that may speak of danger: where help is at once, to whoever wrote alone; paused, alerted, never shown."""

from pathlib import Path

import pytest
from hearing import Couple
from world import at, phone

from engine.model.campaign import Channel
from engine.store import couples_schema, schema
from engine.store.pausing import OPEN_ENDED

ANA, BEN = phone("Ana"), phone("Ben")
DANGER = "I am afraid to go home, he hits me"
SAID = "Nobody watches this number"


@pytest.fixture
def line() -> Couple:
    return asked()


def asked(**given: object) -> Couple:
    """Both have had Tuesday's question; it is ten."""
    line = Couple(**given)  # type: ignore[arg-type]
    line.world.go_to("2026-03-03T09:00")
    line.world.go_to("2026-03-03T10:00")
    return line


def paused(line: Couple) -> dict[str, bool]:
    return {row.given_name: row.paused_until == OPEN_ENDED for row in line.world.rows(schema.partners)}


def test_whoever_writes_it_is_answered_paused_and_looked_after_and_nobody_else_learns_of_it(line: Couple) -> None:
    before = len(line.world.inbox.messages)
    said = line.text(ANA, DANGER) or ""
    assert SAID in said
    assert "afraid" not in said
    assert paused(line) == {"Ana": True, "Ben": False}
    (alert,) = line.world.rows(couples_schema.alerts)
    assert (alert.partner_id, alert.kind, alert.source) == (line.partner("Ana"), "harm-by-partner", "text")
    (reply,) = line.world.rows(schema.replies)
    assert (alert.reply_id, reply.read_as) == (reply.id, "danger")
    line.world.tick()
    assert len(line.world.inbox.messages) == before
    assert line.answered("Ana") is None


def test_it_is_answered_every_time(line: Couple) -> None:
    assert SAID in (line.text(ANA, DANGER) or "")
    assert SAID in (line.text(ANA, DANGER) or "")
    assert len(line.world.rows(couples_schema.alerts)) == 2


def test_an_answer_that_it_follows_is_not_shown_any_more_whatever_comes_after(line: Couple) -> None:
    line.text(ANA, "The mornings.")
    line.text(ANA, DANGER)
    line.text(ANA, "never mind")
    assert "stays with you" in (line.text(ANA, "share") or "")
    line.text(BEN, "The evenings.")
    assert line.world.rows(couples_schema.reveals) == []
    assert line.answer("Ana") == "The mornings.\nnever mind"


def test_an_answer_that_comes_after_it_is_for_its_author_alone(line: Couple) -> None:
    line.text(ANA, DANGER)
    assert "kept, for you alone. You can add to it." in (line.text(ANA, "never mind") or "")
    line.text(BEN, "The evenings.")
    assert line.world.rows(couples_schema.reveals) == []


def test_it_is_found_across_two_texts(line: Couple) -> None:
    line.text(ANA, "I am afraid to")
    assert SAID in (line.text(ANA, "go home") or "")
    assert [read_as for _, read_as in line.replies()] == ["answer", "danger"]
    line.text(BEN, "The evenings.")
    assert line.world.rows(couples_schema.reveals) == []
    assert line.text(ANA, "the mornings") == ""
    assert len(line.world.rows(couples_schema.alerts)) == 1


def test_it_is_found_across_two_texts_of_which_no_answer_is_kept() -> None:
    line = asked(ana={"answers_consent": False})
    line.text(ANA, "I am afraid to")
    assert SAID in (line.text(ANA, "go home") or "")
    assert line.text(ANA, "the mornings") == ""
    assert len(line.world.rows(couples_schema.alerts)) == 1


def test_a_stop_beside_it_is_obeyed_and_the_one_answer_is_where_help_is(line: Couple) -> None:
    said = line.text(ANA, "He said he will kill me. Stop texting me.") or ""
    assert SAID in said
    assert "unsubscribed" not in said
    assert set(line.stopped().values()) == {"stop"}
    assert paused(line)["Ana"]
    assert [read_as for _, read_as in line.replies()] == ["danger"]


def test_a_plain_order_is_not_searched_for_anything(line: Couple) -> None:
    for words in ("leave me alone", "STOP"):
        assert SAID not in (line.text(ANA, words) or "")
    assert line.world.rows(couples_schema.alerts) == []


def test_it_needs_no_consent_to_answers_and_no_open_question() -> None:
    line = asked(ana={"answers_consent": False})
    assert SAID in (line.text(ANA, DANGER) or "")
    line = Couple()
    assert SAID in (line.text(ANA, DANGER) or "")
    assert len(line.world.rows(couples_schema.alerts)) == 1


def test_a_number_that_is_nobodys_is_answered_and_kept_for_the_operator(line: Couple) -> None:
    assert SAID in (line.text("+12025550199", DANGER) or "")
    assert line.replies() == [(DANGER, "danger")]
    assert line.world.rows(couples_schema.alerts) == []


def test_on_a_shared_phone_nothing_more_comes_to_either(line: Couple) -> None:
    ana = next(row for row in line.world.rows(schema.partners) if row.given_name == "Ana")
    line.world.alter("Ben", phone_index=ana.phone_index, phone_cipher=ana.phone_cipher)
    assert SAID in (line.text(ANA, DANGER) or "")
    assert paused(line) == {"Ana": True, "Ben": True}
    assert len(line.world.rows(couples_schema.alerts)) == 1


def test_the_pause_lasts_until_they_resume(line: Couple) -> None:
    line.text(ANA, DANGER)
    line.world.go_to("2026-03-10T09:00")
    assert [row.status for row in line.world.rows() if row.due_at == at("2026-03-10T09:00")] == ["skipped", "sent"]
    line.text(ANA, "resume")
    assert not paused(line)["Ana"]


def test_it_comes_out_though_the_operators_own_template_is_broken(tmp_path: Path) -> None:
    (tmp_path / "sms").mkdir()
    (tmp_path / "sms" / "danger.txt").write_text("{{ nothing_of_the_kind }}", encoding="utf-8")
    assert SAID in (asked(templates=[tmp_path]).text(ANA, DANGER) or "")


def test_it_comes_out_though_the_operators_own_list_of_help_is_broken(tmp_path: Path) -> None:
    (tmp_path / "resources").mkdir()
    for name in ("US", "default"):
        (tmp_path / "resources" / f"{name}.toml").write_text("emergency = 911", encoding="utf-8")
    line = asked(templates=[tmp_path], ana={"timezone": "America/New_York"})
    assert "In an emergency call 911." in (line.text(ANA, DANGER) or "")
    assert paused(line)["Ana"]


def test_help_is_that_of_the_writers_country_in_their_language() -> None:
    spain = asked(ana={"timezone": "Europe/Madrid", "locale": "es"}).text(ANA, DANGER) or ""
    assert "En una emergencia llama al 112." in spain
    assert "016" in spain
    nobody = asked().text("+442079460999", DANGER) or ""
    assert "In an emergency call 999" in nobody


def test_by_whatsapp_it_is_the_same(line: Couple) -> None:
    assert SAID in (line.text(ANA, DANGER, channel=Channel.WHATSAPP.value) or "")
    assert paused(line)["Ana"]
