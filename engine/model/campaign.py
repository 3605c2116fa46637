"""A campaign as it runs: weeks, themes and steps, with every activity it may draw, whole in one frozen value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta

from engine.model.experiment import Experiment, Per, Randomize
from engine.model.locale import closest
from engine.model.strategy import Activity, Caution, Kind, Mode
from engine.model.words import Described


class Channel(Described):
    """How a message reaches a partner."""

    EMAIL = "email", "An email to the partner's own address."
    SMS = "sms", "A text message to the partner's own phone."
    WHATSAPP = "whatsapp", "A WhatsApp message to the partner's own phone."

    @property
    def address(self) -> str:
        """What it is sent to: `email` or `phone`."""
        return "email" if self is Channel.EMAIL else "phone"

    @property
    def form(self) -> str:
        """Whose templates it is written with: `email` or `sms`."""
        return "email" if self is Channel.EMAIL else "sms"


WRITTEN = (Channel.EMAIL, Channel.SMS)
"""One channel of each form: what there are templates for."""


class Audience(Described):
    """To whom a step goes."""

    EACH = "each", "Both partners, each with an activity of their own."
    BOTH = "both", "Both partners, with the same activity."
    ALTERNATING = "alternating", "One partner at a time, in turns by occurrence."


class StepPurpose(Described):
    """What a step asks for; decides how a reply to it is read."""

    ACTIVITY = "activity", "A conversation prompt or an exercise."
    PULSE = "pulse", "A one-to-five check-in on how close the week felt."
    NOTE = "note", "Words only, such as a welcome or a goodbye."


class OnDoubt(Described):
    """What to do when it cannot be known whether a provider accepted a message."""

    HOLD = "hold", "Leave it to the operator: once or not at all."
    RESEND = "resend", "Send it again once the provider cannot tell: at least once, and now and then twice."


class OnLeaving(Described):
    """What a campaign does for one partner when the other is no longer in it. Nobody is told why."""

    SOLO = "solo", "It goes on for the one who stays."
    FINISH = "finish", "It ends with their week, as a campaign ends: with the goodbye, and no other word."


@dataclass(frozen=True, slots=True)
class Hours:
    """Local wall times between which a partner may be reached: from `opens`, and strictly before `closes`."""

    opens: time
    closes: time


# 47 CFR 64.1200(c)(1) allows 8 am to 9 pm at the called party's location; states are tighter, so we are.
SAFE_HOURS = Hours(time(9), time(20))
SAFE_SUNDAY = Hours(time(12), time(20))
SAFE_WEEK: tuple[Hours | None, ...] = (SAFE_HOURS,) * 6 + (SAFE_SUNDAY,)


@dataclass(frozen=True, slots=True)
class Caps:
    """The most messages a partner gets in one of their own calendar days and (Monday to Sunday) weeks."""

    per_day: int = 1
    per_week: int = 4


@dataclass(frozen=True, slots=True)
class Draw:
    """Which activities a step may draw; an empty set does not restrict, but no strategies means the week's theme."""

    kinds: frozenset[Kind] = frozenset()
    strategies: frozenset[str] = frozenset()
    modes: frozenset[Mode] = frozenset()
    depth: tuple[int, int] | None = None  # inclusive; None means the week's theme decides
    no_repeat_weeks: int | None = None  # None: not before the pool is exhausted


@dataclass(frozen=True, slots=True)
class Theme:
    """What one week is about: strategies to draw from and how deep to go (inclusive)."""

    strategies: tuple[str, ...]
    depth: tuple[int, int] = (1, 3)


@dataclass(frozen=True, slots=True)
class Variant:
    """One arm of a step's experiment, given in proportion to `weight`; overrides what it names."""

    name: str
    weight: int = 1
    template: str | None = None
    activity: str | None = None


# In `Step.days`, beside 0 Monday to 6 Sunday: the first and the last day of each week, counted from the start date.
START_DAY = 7
END_DAY = 8


class Urgency(Described):
    """Which questions stand between a step and its sending, see plan.gates. Campaign files do not set it."""

    PLANNED = "planned", "Part of a campaign: every gate is asked."
    NEWS = "news", "Word of something that happened: in the window and unless paused, but it counts towards no cap."
    ASKED = "asked", "Asked for this minute by whoever gets it: at any hour, paused or not."


@dataclass(frozen=True, slots=True)
class Wait:
    """A step holds back until both partners' answers to the step `answers` are revealed, or `at_most` has passed."""

    answers: str
    at_most: timedelta


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of a campaign's weekly sequence. `key` is its identity across edits.

    It falls in each of `weeks` (1 = the seven days from the enrollment's start date), on each of `days` (0 Monday to
    6 Sunday, START_DAY, END_DAY) or, when `every_days` is set, every so many days from the start. `at` is a local wall
    time; None means the partner's own time. A delivery later than `late_after` is skipped, never sent.
    """

    key: str
    template: str
    weeks: tuple[int, ...]
    days: tuple[int, ...] = ()
    every_days: int | None = None
    at: time | None = None
    purpose: StepPurpose = StepPurpose.ACTIVITY
    audience: Audience = Audience.BOTH
    channel: Channel | None = None  # None: the partner's preferred channel
    activity: str | None = None
    draw: Draw | None = None
    when: str | None = None
    variants: tuple[Variant, ...] = ()
    late_after: timedelta = timedelta(hours=24)
    wait: Wait | None = None
    urgency: Urgency = Urgency.PLANNED
    randomize: Randomize | None = None  # None: nothing is left to chance when an occurrence is planned

    @property
    def kept_arms(self) -> tuple[Variant, ...]:
        """The variants of which a couple is given one to keep."""
        return () if self.varies else self.variants

    @property
    def varies(self) -> bool:
        """Whether each occurrence is given a variant anew."""
        return self.randomize is not None and self.randomize.per is Per.OCCURRENCE


@dataclass(frozen=True, slots=True)
class Campaign:
    """A definition as it runs. `digest` is its identity: formatting and comments do not change it, content does."""

    id: str
    title: str
    weeks: int
    steps: tuple[Step, ...]
    themes: tuple[Theme, ...]  # one per week
    activities: Mapping[str, Activity]  # all it may draw, by id, so that a running couple never depends on files
    strategies: Mapping[str, str]  # title by id
    digest: str = ""
    window: tuple[Hours | None, ...] = SAFE_WEEK  # Monday first; None: closed that day
    caps: Caps = field(default_factory=Caps)
    avoid: frozenset[Caution] = frozenset()
    on_doubt: OnDoubt = OnDoubt.HOLD
    on_leaving: OnLeaving = OnLeaving.SOLO
    titles: Mapping[str, str] = field(default_factory=dict)  # its title by locale, beside `title`
    strategy_titles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # by locale, then by strategy
    experiment: Experiment | None = None

    def title_in(self, locale: str) -> str:
        """What couples who read `locale` see it called."""
        return closest(self.titles, locale) or self.title

    def strategy_title(self, strategy: str, locale: str) -> str:
        """What a strategy is called for readers of `locale`; "" for one that it does not use."""
        translated = closest(self.strategy_titles, locale) or {}
        return translated.get(strategy) or self.strategies.get(strategy, "")

    def step(self, key: str) -> Step:
        """The step with this key; KeyError when there is none."""
        for step in self.steps:
            if step.key == key:
                return step
        raise KeyError(key)
