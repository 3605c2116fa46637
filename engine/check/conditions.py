"""A step's `when:`: whether it is an expression, over names that exist, and can be worked out."""

from collections.abc import Callable, Iterator, Mapping

from engine.check.subject import Definition
from engine.define.findings import Finding, suggest
from engine.model.campaign import Step
from engine.model.strategy import Cause
from engine.render.sandbox import RenderError, compile_expression, environment, undeclared

# What the engine shows a condition (deliver.outright.seen_by_condition), with a value of each kind.
SEEN: Mapping[str, object] = {
    "week": 1,
    "couple": {"size": 2, "revealed": frozenset({"talk"}), "pulse": 3.5},
    "partner": {
        "position": 1,
        "locale": "en",
        "timezone": "Europe/Lisbon",
        "channel": "email",
        "causes": frozenset({Cause.DISCONNECTED_LIVES}),
        "touch": False,
        "pulse": 3,
        "pulses": (2, 3),
        "answered": frozenset({"talk"}),
        "did": frozenset({"affection-one-job-lifted"}),
        "smaller": frozenset({"affection-one-job-lifted"}),
        "not_for_us": frozenset({"affection-one-job-lifted"}),
    },
}
_NOTHING: Mapping[str, Mapping[str, object]] = {
    "couple": {"revealed": frozenset(), "pulse": None},
    "partner": {
        "pulse": None,
        "pulses": (),
        **dict.fromkeys(("answered", "did", "smaller", "not_for_us"), frozenset()),
    },
}
EARLY: Mapping[str, object] = {
    name: {**value, **_NOTHING[name]} if isinstance(value, Mapping) else value for name, value in SEEN.items()
}
"""The same of somebody who has told us nothing yet, as everyone has when they begin."""

NAMES = frozenset(
    name
    for variable, value in SEEN.items()
    for name in ([f"{variable}.{key}" for key in value] if isinstance(value, Mapping) else [variable])
)


def check_conditions(definition: Definition) -> Iterator[Finding]:
    """Findings in every `when:` of the campaign."""
    for step in definition.campaign.steps:
        if step.when is None:
            continue
        try:
            holds = compile_expression(step.when)
            unknown = sorted(path for path in _variables(step.when) if path not in NAMES)
            for path in unknown:
                yield definition.at_step(step, "when", f"when: knows no {path}", suggest(path, NAMES))
            if not unknown:
                holds(SEEN)
                yield from _early(definition, step, holds)
        except RenderError as error:
            fix = error.fix or "write a condition such as week > 1 and couple.size == 2"
            yield definition.at_step(step, "when", f"when: {error.what}", fix)


def _early(definition: Definition, step: Step, holds: Callable[[Mapping[str, object]], bool]) -> Iterator[Finding]:
    try:
        for week in step.weeks:  # a condition may look at the week first
            holds({**EARLY, "week": week})
    except RenderError as error:
        what = f"when: {error.what}, as long as somebody has told us nothing"
        fix = "ask first, as in: partner.pulse is not none and partner.pulse < 3"
        yield definition.at_step(step, "when", what, fix)


def _variables(expression: str) -> Mapping[str, int]:
    return undeclared(environment([], html=False), "when", f"{{{{ ({expression}) }}}}")
