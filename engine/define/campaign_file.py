"""What a campaign file may hold. The descriptions feed the JSON Schema and the findings."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, StrictInt, WithJsonSchema

from engine.define.notation import (
    AtField,
    DaysField,
    DepthField,
    DurationField,
    HoursField,
    Weeks,
    WeeksField,
    read_weeks,
    wrong,
)
from engine.define.strategy_file import FileModel, Id, Line, Locale, Text
from engine.model.campaign import Audience, Caps, Channel, OnDoubt, OnLeaving, StepPurpose
from engine.model.experiment import CoupleFact, Per, Proximal
from engine.model.strategy import Caution, Kind, Mode

MOST_STEPS = 200  # each may come every day of every week: a place's whole calendar is made at once
MOST_VARIANTS = 20


def _many(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _theme(value: object) -> object:
    """A theme may be just its strategies."""
    return value if isinstance(value, dict) else {"strategies": value}


def _channel(value: object) -> object:
    return None if value == "preferred" else value


def _week_key(value: int | str) -> int | str:
    read_weeks(value)
    return value


def _number(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise wrong(f"{value} is not a number", "write a number without quotes, such as 0.5")
    return float(value)


def _chance(value: object) -> float:
    if not 0 < (number := _number(value)) < 1:
        raise wrong(f"{value} leaves nothing to chance", "write a chance above 0 and below 1, such as 0.5")
    return number


def _worth(value: object) -> float:
    if not (number := _number(value)) > 0:
        raise wrong(f"{value} is no difference", "write the smallest one worth acting on, such as 0.25")
    return number


Kinds = Annotated[list[Kind], BeforeValidator(_many, json_schema_input_type=Kind | list[Kind])]
Modes = Annotated[list[Mode], BeforeValidator(_many, json_schema_input_type=Mode | list[Mode])]
StrategyIds = Annotated[list[Id], Field(min_length=1), BeforeValidator(_many, json_schema_input_type=Id | list[Id])]
ChannelField = Annotated[
    Channel | None, BeforeValidator(_channel, json_schema_input_type=Literal["preferred"] | Channel)
]
WeekKey = Annotated[int | str, AfterValidator(_week_key)]
ChanceField = Annotated[
    float,
    PlainValidator(_chance),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1, "examples": [0.5]}),
]
WorthField = Annotated[float, PlainValidator(_worth), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})]


class DrawFile(FileModel):
    """Which activities a step may draw from; what is not named does not restrict."""

    kind: Kinds = Field(default_factory=list, description="Conversations, exercises, or a list of both.")
    strategies: StrategyIds | None = Field(default=None, description="Strategy ids. Default: the week's theme.")
    mode: Modes = Field(default_factory=list, description="How it is done: one mode or a list.")
    depth: DepthField | None = Field(default=None, description="How deep. Default: as the week's theme says.")
    no_repeat_weeks: StrictInt | None = Field(
        default=None, ge=1, le=104, description="Weeks before one may come again. Default: when all have been used."
    )


class VariantFile(FileModel):
    """One arm of a step's experiment. A couple keeps the arm it is given, unless the step says per: occurrence."""

    variant: Id = Field(description="Its name in reports.")
    weight: StrictInt = Field(default=1, ge=1, le=1000, description="How often it is given, against the others.")
    template: Id | None = Field(default=None, description="Used instead of the step's template.")
    activity: Id | None = Field(default=None, description="Used instead of the step's activity or draw.")


class RandomizeFile(FileModel):
    """What chance decides each time the step falls due."""

    send: ChanceField | None = Field(default=None, description="The chance that it is sent: above 0, below 1.")
    per: Per = Field(default=Per.COUPLE, description="Who keeps a variant: a couple, or each occurrence anew.")


class ExperimentFile(FileModel):
    """How the campaign's experiments are run and read."""

    couples: StrictInt | None = Field(
        default=None, ge=10, le=10_000_000, description="How many are to go through it before it is read."
    )
    strata: list[CoupleFact] = Field(
        default_factory=list, description="Balance variants within couples alike in these facts."
    )
    outcomes: list[Proximal] = Field(
        default_factory=lambda: list(Proximal), min_length=1, description="What it looks at. Default: all three."
    )
    matters: dict[Proximal, WorthField] = Field(
        default_factory=dict, description="The smallest difference of an outcome that is worth acting on."
    )


class WaitFile(FileModel):
    """What a step waits for."""

    answers: Id = Field(description="It goes as soon as both partners' answers to this step are revealed.")
    at_most: DurationField = Field(description="It goes all the same when it has waited so long: 12h, 3d.")


class StepFields(FileModel):
    """What a step may say, and `defaults` for all steps."""

    days: DaysField | None = Field(
        default=None,
        description="Weekdays, or start and end: the first and last day of a week counted from the start date.",
    )
    weeks: WeeksField = Field(default_factory=Weeks, description="all, 3, [1, 3, 5] or 2-6.")
    every_days: StrictInt | None = Field(
        default=None, ge=1, le=366, description="Instead of days: every so many days from the start, within weeks."
    )
    at: AtField = Field(default=None, description='Local time in quotes, such as "19:30", or partner: their own time.')
    to: Audience = Field(default=Audience.BOTH, description="each, both (the same activity) or alternating.")
    channel: ChannelField = Field(default=None, description="preferred (the partner's choice), email, sms or whatsapp.")
    template: Id | None = Field(default=None, description="The template's name, such as prompt.")
    purpose: StepPurpose | None = Field(default=None, description="What it asks for; decides how a reply is read.")
    draw: DrawFile | None = Field(default=None, description="Draw an activity.")
    activity: Id | None = Field(default=None, description="Always this activity, instead of a draw.")
    when: Line | None = Field(default=None, description="A condition over couple, partner and week.")
    late_after: DurationField | None = Field(default=None, description="Too late to send after 30m, 24h, 3d.")
    wait: WaitFile | None = Field(default=None, description="Hold it back until both have shared their answers.")
    variants: list[VariantFile] = Field(
        default_factory=list, max_length=MOST_VARIANTS, description="Arms of an experiment, weighted."
    )
    randomize: RandomizeFile | None = Field(default=None, description="What chance decides at each occurrence.")


class StepFile(StepFields):
    """One entry of the weekly sequence."""

    step: Id = Field(description="Its key: what the step is known by across edits of the file.")


class ThemeFile(FileModel):
    """What a week is about."""

    strategies: StrategyIds = Field(description="The strategies to draw from.")
    depth: DepthField = Field(default=(1, 3), description="How deep to go: 1 light to 3 deep, or a span.")


class WindowFile(FileModel):
    """Local hours in which a partner may be reached."""

    daily: HoursField = Field(default=None, description="Every day that is not named.")
    monday: HoursField = Field(default=None, description="Mondays.")
    tuesday: HoursField = Field(default=None, description="Tuesdays.")
    wednesday: HoursField = Field(default=None, description="Wednesdays.")
    thursday: HoursField = Field(default=None, description="Thursdays.")
    friday: HoursField = Field(default=None, description="Fridays.")
    saturday: HoursField = Field(default=None, description="Saturdays.")
    sunday: HoursField = Field(default=None, description="Sundays.")


class CapsFile(FileModel):
    """The most messages a partner gets."""

    per_day: StrictInt = Field(default=Caps().per_day, ge=1, le=4, description="In one of their calendar days.")
    per_week: StrictInt = Field(default=Caps().per_week, ge=1, le=28, description="From one Monday to Sunday.")


ThemeField = Annotated[ThemeFile, BeforeValidator(_theme, json_schema_input_type=Id | list[Id] | ThemeFile)]


class CampaignFile(FileModel):
    """A campaign: what is said, when, and to whom."""

    campaign: Id = Field(description="Its id.")
    title: Line = Field(description="What couples see it called.")
    titles: dict[Locale, Line] = Field(default_factory=dict, description="The title in other languages, by locale.")
    about: Text | None = Field(default=None, description="For the operator: whom it is for.")
    weeks: StrictInt = Field(ge=1, le=104, description="How many weeks it lasts, from the enrollment's start date.")
    defaults: StepFields = Field(default_factory=StepFields, description="Any step field, for steps that do not say.")
    window: WindowFile = Field(default_factory=WindowFile, description="Default: 09:00-20:00, Sundays from 12:00.")
    caps: CapsFile = Field(default_factory=CapsFile, description="Default: one a day, four a week.")
    avoid: list[Caution] = Field(default_factory=list, description="Leave out activities with these cautions.")
    on_doubt: OnDoubt = Field(
        default=OnDoubt.HOLD, description="When nobody knows whether a message left: hold it, or resend it."
    )
    on_leaving: OnLeaving = Field(
        default=OnLeaving.SOLO, description="For the one who stays when the other leaves: go on solo, or finish."
    )
    experiment: ExperimentFile | None = Field(default=None, description="How its experiments are run and read.")
    themes: dict[WeekKey, ThemeField] = Field(default_factory=dict, description="Strategies by week: 1, or 3-5.")
    steps: list[StepFile] = Field(min_length=1, max_length=MOST_STEPS, description="The weekly sequence.")
