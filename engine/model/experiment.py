"""What a campaign's file says of its experiments: whom chance divides, what it looks at, when it is over."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.model.words import Described


class Per(Described):
    """What keeps a variant once it is given."""

    COUPLE = "couple", "A couple is given one when it enrolls, and keeps it."
    OCCURRENCE = "occurrence", "Each occurrence of the step is given one anew."


class CoupleFact(Described):
    """What is known of a couple when it enrolls and may divide couples into strata."""

    SIZE = "size", "Whether they are one person or two."
    CHANNELS = "channels", "The channels they prefer."
    LANGUAGES = "languages", "The languages they read."
    REGIONS = "regions", "The parts of the world their time zones are in."


class Proximal(Described):
    """What an experiment looks at soon after a step: its proximal outcome."""

    PULSE = "pulse", "How close the next pulse of the campaign says the week felt: the mean of the couple's, 1 to 5."
    ANSWERED = "answered", "Whether the partner answered anything within 48 hours, in words or with a pulse."
    OPT_OUT = "opt-out", "Whether the partner ended it within 48 hours: by STOP, by unsubscribing or by leaving."

    @property
    def better(self) -> int:
        """1 where more of it is better, -1 where less is."""
        return -1 if self is Proximal.OPT_OUT else 1


MATTERS: Mapping[Proximal, float] = {Proximal.PULSE: 0.25, Proximal.ANSWERED: 0.05, Proximal.OPT_OUT: 0.01}
"""The smallest difference of each that is worth acting on, unless the file says: of a point, or of a share."""


@dataclass(frozen=True, slots=True)
class Randomize:
    """What chance decides when an occurrence of a step is planned: `send` is the chance that it goes at all."""

    send: float | None = None
    per: Per = Per.COUPLE


@dataclass(frozen=True, slots=True)
class Experiment:
    """How the experiments of a campaign are to be run and read.

    `couples` is how many are to go through it before it is read; None: nobody said. Within a stratum, a combination of
    the facts in `strata`, the arms that couples keep are balanced block by block.
    """

    couples: int | None = None
    strata: tuple[CoupleFact, ...] = ()
    outcomes: tuple[Proximal, ...] = tuple(Proximal)
    matters: Mapping[Proximal, float] = field(default_factory=dict)

    def worth(self, outcome: Proximal) -> float:
        """The smallest difference in an outcome that is worth acting on."""
        return self.matters.get(outcome, MATTERS[outcome])


@dataclass(frozen=True, slots=True)
class Assigned:
    """The arm of one step that a couple was given, and how likely it was.

    `place` is the couple's within its stratum; None where nothing divides couples.
    """

    step: str
    arm: str
    probability: float
    stratum: str = ""
    place: int | None = None
