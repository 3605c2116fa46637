"""What a step's `when:` may know of what a partner told us.

By construction nothing of the other partner's can steer a message but what both know: every statement here reads one
partner's own rows, a reveal, which both have seen, or the joint line, which both have agreed to.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Float, Integer, String, and_, literal_column, null, select, union_all

from engine.model.reply import Feedback
from engine.store.couples_schema import answers, feedback, pulses, reveals
from engine.store.pulses import joint_of
from engine.store.rowset import rows, rowset

Key = tuple[int, int]
"""An enrollment and one of its partners."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one partner told us, pulses and answers in one enrollment and verdicts in all; and what both know.

    `pulses` are in the order in which they were asked. `answered` and `revealed` hold keys of steps; the others,
    activities. `joint` is the mean of the last week that both rated, where both let it be shown.
    """

    pulses: tuple[int, ...] = ()
    answered: frozenset[str] = frozenset()
    did: frozenset[str] = frozenset()
    smaller: frozenset[str] = frozenset()
    not_for_us: frozenset[str] = frozenset()
    revealed: frozenset[str] = frozenset()
    joint: float | None = None


SILENT = Told()
"""Of somebody who has told us nothing yet."""

_asked = rowset("asked", enrollment_id=Integer, partner_id=Integer)
_both = select(_asked.c.enrollment_id).distinct().subquery("both")
_joint = joint_of(_both).subquery("joint")
_own = select(_asked.c.enrollment_id, _asked.c.partner_id)
_no_word, _NOTHING = null().cast(String), (literal_column("0", Integer), null().cast(Float))
_told = union_all(
    _own.add_columns(
        literal_column("'pulse'").label("kind"),
        _no_word.label("word"),
        pulses.c.occurrence.label("place"),
        pulses.c.value.cast(Float).label("number"),
    ).join(pulses, and_(pulses.c.enrollment_id == _asked.c.enrollment_id, pulses.c.partner_id == _asked.c.partner_id)),
    _own.add_columns(literal_column("'answered'"), answers.c.step, *_NOTHING).join(
        answers,
        and_(
            answers.c.enrollment_id == _asked.c.enrollment_id,
            answers.c.partner_id == _asked.c.partner_id,
            answers.c.text_cipher.is_not(None),  # not only a draft
        ),
    ),
    _own.add_columns(feedback.c.verdict, feedback.c.activity, *_NOTHING).join(
        feedback, feedback.c.partner_id == _asked.c.partner_id
    ),
    # What both know is read once for both.
    select(_both.c.enrollment_id, null().cast(Integer), literal_column("'revealed'"), reveals.c.step, *_NOTHING).join(
        reveals, reveals.c.enrollment_id == _both.c.enrollment_id
    ),
    select(
        _joint.c.enrollment_id, null().cast(Integer), literal_column("'joint'"), _no_word, _joint.c.week, _joint.c.mean
    ),
)


def told(connection: Connection, asked: Collection[Key]) -> Mapping[Key, Told]:
    """What each of these partners told us, in one statement, or in none when nobody is asked about."""
    if not asked:
        return {}
    own: dict[tuple[int, int | None], _Words] = defaultdict(_Words)
    for enrollment_id, partner_id, kind, word, place, number in connection.execute(_told, {"asked": rows(asked)}):
        words = own[enrollment_id, partner_id]
        if word is None:
            words.numbers.append((place, number))
        else:
            words.words[kind].add(word)
    return {key: _made(own[key], own[key[0], None]) for key in asked}


class _Words:
    """The rows of one partner, or those that both know."""

    def __init__(self) -> None:
        self.words: dict[str, set[str]] = defaultdict(set)
        self.numbers: list[tuple[int, float]] = []

    def of(self, kind: str) -> frozenset[str]:
        return frozenset(self.words[kind])


def _made(own: _Words, both: _Words) -> Told:
    return Told(
        pulses=tuple(int(value) for _, value in sorted(own.numbers)),
        answered=own.of("answered"),
        did=own.of(Feedback.DID),
        smaller=own.of(Feedback.SMALLER),
        not_for_us=own.of(Feedback.NOT_FOR_US),
        revealed=both.of("revealed"),
        joint=max(both.numbers)[1] if both.numbers else None,
    )
