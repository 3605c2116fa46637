"""What somebody's own words may tell us is wrong: the reason to stop writing to them and say where help is."""

from engine.model.words import Described


class Danger(Described):
    """A danger that a text speaks of, the most urgent first."""

    HARM_TO_OTHER = "harm-to-other", "The writer may hurt or kill somebody, or has."
    SELF_HARM = "self-harm", "Somebody may take their own life, or hurt themselves."
    CHILD = "child", "A child is being hurt, or may be."
    HARM_BY_PARTNER = "harm-by-partner", "Somebody is hurt, threatened, frightened or controlled by a partner."


URGENCY = tuple(Danger)
"""Which danger a text is taken for when it speaks of several: the first of these."""
