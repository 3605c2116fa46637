"""An enrollment is a couple in a campaign, pinned to one version (content digest) of its definition."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from engine.model.words import Described


class EnrollmentStatus(Described):
    """Where an enrollment stands."""

    ACTIVE = "active", "Steps are sent as they fall due."
    PAUSED = "paused", "Steps are skipped until it is resumed."
    COMPLETED = "completed", "Every step has fallen due for every partner."
    STOPPED = "stopped", "Ended before its last step; stopped_reason says why."


class StopReason(Described):
    """Why an enrollment was stopped."""

    OPERATOR = "operator", "The operator stopped it."
    COUPLE_LEFT = "couple_left", "The couple left."
    LIFE_EVENT = "life_event", "A loss or a separation; both stop in one act."


@dataclass(frozen=True, slots=True)
class Enrollment:
    """One couple's way through one version of a campaign.

    `seed` keys every draw. `variants` maps a step key to the variant this couple was given; `draws` maps a slot
    (see plan.draw.slot) to the activity drawn for it.
    """

    id: int
    couple_id: int
    digest: str
    start: date
    seed: str
    status: EnrollmentStatus
    variants: Mapping[str, str]
    draws: Mapping[str, str]
