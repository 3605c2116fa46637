"""A course of the script as the engine's own campaign, with few words in it."""

from dataclasses import replace
from datetime import time, timedelta
from functools import lru_cache
from multiprocessing.util import Finalize
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from engine.define.digest import identified
from engine.model.campaign import Audience, Campaign, Caps, Channel, Draw, Hours, StepPurpose, Theme
from engine.model.campaign import Step as EngineStep
from engine.model.strategy import Activity, ActivityText, Kind, Mode
from fuzz.script import Course, Step

WORDS = ActivityText("A title", "Ask {{ other_name }} this.", "Ask {{ other_name }}.", "What would you say?")
ACTIVITIES = {
    f"a{number}": Activity(
        id=f"a{number}",
        strategy="s",
        kind=Kind.CONVERSATION,
        mode=Mode.TALK,
        minutes=10,
        depth=1,
        texts={"en": WORDS},
    )
    for number in range(4)
}
BODY = "Hello {{ partner.given_name }}, and {{ other_name }}."


def made(course: Course) -> Campaign:
    """The campaign of a course, with its digest."""
    return identified(
        Campaign(
            id=course.id,
            title="A campaign",
            weeks=course.weeks,
            steps=tuple(_step(each) for each in course.steps),
            themes=(Theme(("s",)),) * course.weeks,
            activities=ACTIVITIES,
            strategies={"s": "Strategy"},
            window=tuple(None if hours is None else Hours(wall(hours[0]), wall(hours[1])) for hours in course.window),
            caps=Caps(course.per_day, course.per_week),
        )
    )


def wall(text: str) -> time:
    """A time of day that is written HH:MM."""
    return time.fromisoformat(text)


def _step(step: Step) -> EngineStep:
    made_step = EngineStep(
        key=step.key,
        template="prompt",
        weeks=step.weeks,
        days=step.days,
        at=None if step.at is None else wall(step.at),
        audience=Audience(step.audience),
        draw=Draw(),
        late_after=timedelta(minutes=step.late_after),
    )
    if step.purpose == "pulse":
        return replace(made_step, template="pulse", purpose=StepPurpose.PULSE, draw=None)
    return made_step


@lru_cache(maxsize=1)
def templates() -> Path:
    """A folder of short templates for what a campaign sends; notices are worded as shipped."""
    folder = Path(mkdtemp(prefix="fuzz-templates-"))
    Finalize(None, rmtree, (folder, True), exitpriority=0)  # atexit is not for processes that multiprocessing began
    for name in ("prompt", "pulse"):
        for file in (f"email/{name}.subject.txt", f"email/{name}.html", f"email/{name}.txt", f"sms/{name}.txt"):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(BODY, encoding="utf-8")
    for channel in (Channel.EMAIL, Channel.SMS):
        (folder / channel.form / "other_name.txt").write_text("your partner", encoding="utf-8")
    return folder
