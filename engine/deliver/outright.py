"""What can be said of a step for one partner before the gates are asked: its activity, and whether it is for them."""

from collections.abc import Mapping

from engine.deliver.definitions import Definition
from engine.errors import RekindleError
from engine.model.campaign import Step
from engine.model.delivery import DeliveryStatus, FailReason, SkipReason
from engine.plan.calendar import Slot
from engine.plan.draw import given_by
from engine.store.facts import Facts
from engine.store.told import SILENT, Key, Told


def outright(
    place: Facts, definition: Definition, slot: Slot, said: Mapping[Key, Told]
) -> tuple[DeliveryStatus, SkipReason | FailReason | None]:
    """What can be said before the gates are asked: is there anything to send, and does the step's condition hold?"""
    step = slot.step
    # Where each occurrence gets an arm anew, it is asked of all of them: else who is left would depend on chance.
    arms = [arm.name for arm in step.variants] if step.varies else [place.variants.get(step.key)]
    if step.draw is not None and any(activity_of(place, step, slot, arm) is None for arm in arms):
        return DeliveryStatus.SKIPPED, SkipReason.NOTHING_TO_DRAW
    try:
        own = said.get((place.enrollment_id, place.partner_id), SILENT)
        holds = not step.when or definition.conditions[step.key](seen_by_condition(place, slot, own))
    except RekindleError:
        # One partner's facts may break a condition that holds for all others: their deliveries must not wait for it.
        return DeliveryStatus.FAILED, FailReason.POISON
    return (DeliveryStatus.PLANNED, None) if holds else (DeliveryStatus.SKIPPED, SkipReason.CONDITION)


def activity_of(place: Facts, step: Step, slot: Slot, variant: str | None) -> str | None:
    """The activity this partner gets: their variant's, else the one drawn for the slot, else the step's own."""
    return given_by(step, slot.occurrence, place.position, variant, place.draws)


def seen_by_condition(place: Facts, slot: Slot, said: Told = SILENT) -> Mapping[str, object]:
    """What a step's `when:` may ask about: the partner themself, and of the two of them what both know (store.told)."""
    return {
        "week": slot.week,
        "couple": {
            "size": 1 if place.other_name is None else 2,
            "revealed": said.revealed,
            "pulse": said.joint,
        },
        "partner": {
            "position": place.position,
            "locale": place.locale,
            "timezone": place.timezone,
            "channel": place.preferred,
            "causes": place.causes,
            "touch": place.touch,
            "pulse": said.pulses[-1] if said.pulses else None,
            "pulses": said.pulses,
            "answered": said.answered,
            "did": said.did,
            "smaller": said.smaller,
            "not_for_us": said.not_for_us,
        },
    }
