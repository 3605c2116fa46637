"""On what terms a step comes to a partner, in sentences: its condition, what it waits for, its arm of an experiment."""

from collections.abc import Iterator
from datetime import timedelta

from engine.model.campaign import Step
from engine.model.delivery import DeliveryStatus, FailReason, SkipReason
from engine.render.sandbox import RenderError, environment, undeclared

TOLD = frozenset(
    {
        "couple.revealed",
        "couple.pulse",
        *(f"partner.{name}" for name in ("pulse", "pulses", "answered", "did", "smaller", "not_for_us")),
    }
)
"""What a condition may ask of what people told us (deliver.outright.seen_by_condition)."""


def terms(step: Step, variant: str | None, status: str, reason: str | None, *, silent: bool) -> Iterator[str]:
    """A sentence for each. `silent`: nobody has told us anything, as before a campaign has begun."""
    if step.wait is not None:
        yield (
            f"Waits until both answers to {step.wait.answers} are shown, for at most {duration(step.wait.at_most)}."
            f"{' Nobody answers in a preview, so this is the latest.' if silent else ''}"
        )
    if step.when:
        yield f"Only when {step.when}: {_verdict(status, reason)}.{_told(step.when) if silent else ''}"
    if step.randomize is not None and step.randomize.send is not None:
        yield f"Left to chance each time: it goes {step.randomize.send:.0%} of the times."
    if any(arm.name == variant for arm in step.variants):
        yield f"Arm {variant}, for {share(step, variant or '')}."


def share(step: Step, variant: str) -> str:
    """How often this arm is given: `1 in 3 couples`, or `1 in 3, each time anew`."""
    weight = next(arm.weight for arm in step.variants if arm.name == variant)
    among = ", each time anew" if step.varies else " couples"
    return f"{weight} in {sum(arm.weight for arm in step.variants)}{among}"


def duration(span: timedelta) -> str:
    """`3 days`, `36 hours` or `30 minutes`."""
    minutes = span // timedelta(minutes=1)
    for size, word in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes % size == 0:
            return f"{minutes // size} {word}{'' if minutes == size else 's'}"
    raise AssertionError(span)


def _verdict(status: str, reason: str | None) -> str:
    if reason == SkipReason.CONDITION:
        return "it does not hold here"
    if reason == SkipReason.NOTHING_TO_DRAW or status in (DeliveryStatus.PLANNED, "stopped", "to come"):
        return "it has not been asked"
    if reason == FailReason.POISON:
        return "see below"
    return "it holds here"


def _told(when: str) -> str:
    try:
        asked = undeclared(environment([], html=False), "when", f"{{{{ ({when}) }}}}")
    except RenderError:
        return ""
    if TOLD.isdisjoint(asked):
        return ""
    return " It asks what people told us, and in a preview nobody has said anything: in life it may turn out otherwise."
