"""A strategy is one of the seven ways to rebuild closeness; it holds activities."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.model.locale import closest
from engine.model.words import Described

DEFAULT_LOCALE = "en"


class Kind(Described):
    """What an activity asks of a couple."""

    CONVERSATION = "conversation", "Something to talk about."
    EXERCISE = "exercise", "Something to do."


class Mode(Described):
    """How a couple does an activity."""

    TALK = "talk", "By talking."
    WRITE = "write", "By writing."
    TOUCH = "touch", "By touch; only for partners who opted in."
    DO = "do", "By doing something at home or wherever they are."
    OUTING = "outing", "By going somewhere."


class Cause(Described):
    """The eight causes of lost closeness that the source article names."""

    ATTACHMENT_INSECURITY = "attachment-insecurity", "It is hard to trust that the other will stay."
    COMMUNICATION_BARRIERS = "communication-barriers", "Feelings go unsaid."
    HOSTILE_INTERACTIONS = "hostile-interactions", "Anger, criticism or contempt has become common."
    SELF_ESTEEM = "self-esteem", "One of us doubts being good enough."
    LACK_OF_APPRECIATION = "lack-of-appreciation", "Effort goes unnoticed."
    LIMITED_AFFECTION = "limited-affection", "There is little touch or warmth."
    DISCONNECTED_LIVES = "disconnected-lives", "Our days hardly overlap."
    TRUST_VIOLATIONS = "trust-violations", "Trust was broken."


class Caution(Described):
    """When an activity is better left out."""

    RECENT_BREACH = "recent-breach", "Presses for closeness too soon after a breach of trust."
    TOUCH = "touch", "Involves physical affection, which is opt-in."
    OPEN_CONFLICT = "open-conflict", "Not in the middle of an argument."
    GRIEF = "grief", "Jars after a loss."
    APART = "apart", "Needs both in the same place."


@dataclass(frozen=True, slots=True)
class ActivityText:
    """The words of an activity in one language. `email` is Markdown, `sms` plain; both may hold `{{ other_name }}`."""

    title: str
    email: str
    sms: str
    question: str | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """One conversation prompt or one exercise. `id` never changes; `minutes` is a guess at how long it takes."""

    id: str
    strategy: str
    kind: Kind
    mode: Mode
    minutes: int
    depth: int  # 1 light, 2 middling, 3 deep
    texts: Mapping[str, ActivityText]  # by locale; always holds DEFAULT_LOCALE
    causes: frozenset[Cause] = frozenset()
    cautions: frozenset[Caution] = frozenset()

    def text(self, locale: str) -> ActivityText:
        """The words in `locale`, else in its language (`es` for `es-MX`), else in English."""
        return closest(self.texts, locale) or self.texts[DEFAULT_LOCALE]


@dataclass(frozen=True, slots=True)
class Strategy:
    """One strategy file: what the idea is, where it comes from, and its activities in file order."""

    id: str
    title: str
    idea: str
    source: str
    activities: tuple[Activity, ...]
    titles: Mapping[str, str] = field(default_factory=dict)  # by locale, beside the English one
