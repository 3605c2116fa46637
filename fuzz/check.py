"""Judges a record: what happened against what should have, by a plain model that shares nothing with the engine.

Where the script leaves open what was so (nobody was told, a process died, a clock was off) every way is allowed; a
violation is what none of them allows.
"""

from collections.abc import Callable, Iterator

from fuzz import rules_heard, rules_hours, rules_private, rules_rows, rules_sending
from fuzz.case import Case, Violation
from fuzz.record import Record
from fuzz.script import Script

__all__ = ["RULES", "Violation", "check"]

Rule = Callable[[Case], Iterator[Violation]]

RULES: tuple[Rule, ...] = (
    rules_sending.once,
    rules_sending.intended,
    rules_sending.never,
    rules_sending.of_nobody,
    rules_sending.addressed,
    rules_sending.shared,
    rules_hours.hours,
    rules_hours.in_time,
    rules_hours.caps,
    rules_hours.catching_up,
    rules_rows.every_occurrence,
    rules_rows.of_the_calendar,
    rules_rows.at_rest,
    rules_rows.as_accepted,
    rules_rows.with_reason,
    rules_private.private,
    rules_private.unsaid,
    rules_private.erased,
    rules_private.revealed,
    rules_private.shown_to_both,
    rules_heard.suppressed,
    rules_heard.kept,
    rules_heard.arrived,
    rules_heard.rated,
    rules_heard.answered,
)


def check(script: Script, record: Record) -> list[Violation]:
    """Every rule that the record breaks, in the order in which they were broken; those at the end last."""
    case = Case(script, record)
    found = [violation for rule in RULES for violation in rule(case)]
    return sorted(found, key=lambda each: (each.n < 0, each.n, each.rule, each.text))
