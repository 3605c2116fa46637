"""How a campaign ends for the one who stays, where it is to finish with the week in which the other was lost to it."""

from dataclasses import replace

from engine.model.campaign import END_DAY, Campaign, StepPurpose
from engine.plan.slot import DAYS, Slot


def finished(campaign: Campaign, slots: tuple[Slot, ...], week: int) -> tuple[Slot, ...]:
    """What remains of a partner's calendar when the campaign ends with `week`: its slots up to then, in their order,
    and the campaign's last note, which comes at that week's end as if it had always been the last.

    What remains after any slot comes last here too, so that a place need only go on from where it is.
    """
    if week >= campaign.weeks:
        return slots
    kept = tuple(slot for slot in slots if slot.week <= week)
    goodbye = _goodbye(campaign, slots)
    end = week * DAYS - 1
    # A note that every week ends with is there already.
    if goodbye is None or any(slot.step is goodbye.step and slot.occurrence == end for slot in kept):
        return kept
    # Whole weeks earlier: the same weekday, so the same of the partner's days, and the same hour.
    moved = replace(goodbye, shift=goodbye.shift + end - goodbye.occurrence, week=week)
    same_day = [slot.at for slot in kept if slot.day == moved.day]
    return (*kept, replace(moved, at=max([moved.at, *same_day])))


def _goodbye(campaign: Campaign, slots: tuple[Slot, ...]) -> Slot | None:
    """The last note on the campaign's last day, as far as it is this partner's."""
    last_day = campaign.weeks * DAYS - 1
    notes = [
        slot
        for slot in slots
        if slot.step.purpose is StepPurpose.NOTE and END_DAY in slot.step.days and slot.occurrence == last_day
    ]
    return max(notes, key=lambda slot: (slot.at, slot.order), default=None)
