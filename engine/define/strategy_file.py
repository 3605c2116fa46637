"""What a strategy file, and a translation of one, may hold. The descriptions feed the JSON Schema and the findings."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StringConstraints, model_validator

from engine.define.notation import wrong
from engine.model.strategy import Cause, Caution, Kind, Mode

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
Locale = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\n]*$", max_length=500)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]

MOST_ACTIVITIES = 1_000  # the longest shipped file has 27


class FileModel(BaseModel):
    """Base of what files hold: an unknown key is a mistake, and a value is never changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ActivityFile(FileModel):
    """One conversation prompt or one exercise."""

    id: Id = Field(description="Never changes and is used once: what was sent is remembered by it.")
    kind: Kind = Field(description="A conversation is something to talk about, an exercise something to do.")
    title: Line = Field(description="Two to six words that give nothing intimate away on a lock screen.")
    minutes: StrictInt = Field(ge=2, le=180, description="About how long it takes.")
    depth: StrictInt = Field(ge=1, le=3, description="1 light, 2 middling, 3 deep.")
    mode: Mode = Field(description="How a couple does it.")
    causes: list[Cause] = Field(min_length=1, description="The causes of lost closeness that it addresses.")
    avoid: list[Caution] = Field(default_factory=list, description="When it is better left out.")
    avoid_note: Text | None = Field(default=None, description="For the operator: why it is better left out then.")
    question: Line | None = Field(default=None, description="The open question that each partner can answer by reply.")
    sms: Line = Field(description="The text-message version, whole in itself, at most two segments.")
    email: Text = Field(description="The email in Markdown, 80 to 160 words; may hold {{ other_name }}.")

    @model_validator(mode="after")
    def _touch_is_opt_in(self) -> "ActivityFile":
        if self.mode is Mode.TOUCH and Caution.TOUCH not in self.avoid:
            raise wrong("mode touch without avoid: [touch]", "add touch to avoid; touch is opt-in")
        return self


class StrategyFile(FileModel):
    """One of the ways to rebuild closeness, and its activities."""

    strategy: Id = Field(description="The strategy's id, by which campaigns name it.")
    title: Line = Field(description="What the strategy is called.")
    idea: Text = Field(description="What the idea is, in two lines.")
    source: Text = Field(description="Where the idea comes from.")
    activities: list[ActivityFile] = Field(
        min_length=1, max_length=MOST_ACTIVITIES, description="Its conversation prompts and exercises."
    )


class TranslatedActivity(FileModel):
    """The words of one activity in another language."""

    id: Id = Field(description="The activity whose words these are.")
    title: Line = Field(description="Its title.")
    question: Line | None = Field(default=None, description="Its question, when it has one.")
    sms: Line = Field(description="Its text-message version.")
    email: Text = Field(description="Its email in Markdown.")


class TranslationFile(FileModel):
    """A strategy's words in another language; lies in a folder named for the locale. May cover only some activities."""

    strategy: Id = Field(description="The strategy whose words these are.")
    locale: Locale = Field(description="The language, and the region if it matters: es, or es-MX.")
    title: Line | None = Field(default=None, description="What the strategy is called in it.")
    activities: list[TranslatedActivity] = Field(
        min_length=1, max_length=MOST_ACTIVITIES, description="The activities in this language."
    )
