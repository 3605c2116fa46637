"""A step's `when:`: whether it is an expression, over names that exist, and can be worked out."""

from collections.abc import Iterator, Mapping

from engine.check.subject import Definition
from engine.define.findings import Finding, suggest
from engine.model.strategy import Cause
from engine.render.sandbox import RenderError, compile_expression, environment, undeclared

# What the engine shows a condition (deliver.due.seen_by_condition), with a value of each kind.
SEEN: Mapping[str, object] = {
    "week": 1,
    "couple": {"size": 2},
    "partner": {
        "position": 1,
        "locale": "en",
        "timezone": "Europe/Lisbon",
        "channel": "email",
        "causes": frozenset({Cause.DISCONNECTED_LIVES}),
        "touch": False,
    },
}
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
        except RenderError as error:
            fix = error.fix or "write a condition such as week > 1 and couple.size == 2"
            yield definition.at_step(step, "when", f"when: {error.what}", fix)


def _variables(expression: str) -> Mapping[str, int]:
    return undeclared(environment([], html=False), "when", f"{{{{ ({expression}) }}}}")
