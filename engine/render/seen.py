"""What a template sees of a campaign and its activity: constants of a composition, the same for every recipient."""

from dataclasses import dataclass

from engine.model.campaign import Campaign
from engine.model.strategy import DEFAULT_LOCALE
from engine.render import markdown
from engine.render.markdown import Piece


@dataclass(frozen=True, slots=True)
class CampaignSeen:
    """`campaign` in a template."""

    title: str
    weeks: int


@dataclass(frozen=True, slots=True)
class StepSeen:
    """`step` in a template."""

    key: str


@dataclass(frozen=True, slots=True)
class ActivitySeen:
    """`activity` in a template; None for a step without one.

    `body`, `smaller` and `sms` have the other's name left open: print `activity.body|named(other_name)`. `lang` is
    the language its words are in, which may not be the message's.
    """

    id: str
    title: str
    kind: str
    mode: str
    minutes: int
    depth: int
    question: str | None
    strategy_title: str
    lang: str
    body: tuple[Piece, ...]
    smaller: tuple[Piece, ...]
    sms: tuple[Piece, ...]


def activity_seen(campaign: Campaign, activity_id: str, locale: str, css: str | None) -> ActivitySeen:
    """The activity's words in the reader's language where there are any: as HTML when `css` is given, else plain text.

    RenderError when they hold Jinja other than the other's name; KeyError when the campaign has no such activity.
    """
    activity = campaign.activities[activity_id]
    text = activity.text(locale)
    lang = next(code for code, words in activity.texts.items() if words is text)
    curly = lang.partition("-")[0] == DEFAULT_LOCALE  # other languages quote in other ways
    words = markdown.plain(text.email) if css is None else markdown.html(text.email, curly=curly, css=css)

    def shown(line: str) -> str:
        return markdown.curled(line) if css is not None and curly else line

    return ActivitySeen(
        id=activity.id,
        title=shown(text.title),
        kind=str(activity.kind.value),
        mode=str(activity.mode.value),
        minutes=activity.minutes,
        depth=activity.depth,
        question=shown(text.question) if text.question else None,
        strategy_title=campaign.strategy_title(activity.strategy, locale),
        lang=lang,
        body=words.body,
        smaller=words.smaller,
        sms=markdown.line(text.sms),
    )
