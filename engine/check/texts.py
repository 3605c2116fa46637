"""Text messages as phones get them: every step's real text is rendered at its longest, and measured."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path as FilePath

from engine.check.musts import missing
from engine.check.subject import Definition, Subject
from engine.check.templates import at_error
from engine.define.characters import character_name
from engine.define.findings import Finding
from engine.define.notices import notices
from engine.model.campaign import WRITTEN, Campaign, Channel, Draw, Step, Theme
from engine.model.sender import Sender
from engine.model.strategy import Activity, Kind
from engine.render.compose import MOST_PARTS, Composer
from engine.render.recipient import MessageKey, MessageLinks, Person, Recipient
from engine.render.sandbox import RenderError
from engine.render.seen import activity_seen
from engine.render.segments import SPELT_PLAINER, measure
from engine.render.shelf import Shelf, names
from engine.transport.base import SmsMessage

# The longest usual reader: the first text of an enrollment, which says who writes and how to stop, and two long names.
LONGEST = Recipient(
    delivery_id=1,
    address="",  # rendered, never sent
    message_id="<0@example.com>",
    date=datetime(2026, 1, 1, tzinfo=UTC),
    valid_for=timedelta(hours=1),
    partner=Person("Bartholomews"),
    other_name="Maximilianus",
    solo=False,
    first=True,
    week=1,
    links=MessageLinks(
        "https://rekindle.example/u/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        # Passes have 36 characters, and a site's address may be longer than ours.
        *(f"https://nudges.some-longer.example.org/{page}/{'A' * 36}" for page in ("p", "a", "n", "pulse", "a")),
    ),
    about=1_000,
)
PUBLIC_URL = "https://rekindle.example"

LONGEST_WHATSAPP = 1_600
"""Characters that Twilio takes in one message (twilio.com/docs/api/errors/21617)."""

# The template by which a strategy's own words are measured, whether or not a campaign draws them.
USUAL_TEMPLATE = {Kind.CONVERSATION: "prompt", Kind.EXERCISE: "exercise"}


@dataclass(frozen=True, slots=True)
class _Text:
    """One message to render; `activity` is None for a step of words only."""

    campaign: Campaign
    step: Step
    template: str
    activity: str | None
    locale: str
    channel: Channel


def check_texts(subject: Subject, sender: Sender) -> Iterator[Finding]:
    """Findings in messages that cannot be rendered, and in texts that are too long or hold a dear character."""
    shelf = Shelf(subject.templates)
    composer = Composer(subject.templates, sender, PUBLIC_URL, traces=0)
    done: set[tuple[str, str | None, str, Channel]] = set()
    for definition, text in (*_texts(subject, shelf), *_notices(shelf)):
        mark = (text.template, text.activity, text.locale, text.channel)
        if mark not in done and not shelf.missing(text.channel, text.template, text.locale):  # check_names says so
            done.add(mark)
            yield from _check(composer, subject, sender, definition, text)


def _check(
    composer: Composer, subject: Subject, sender: Sender, definition: Definition | None, text: _Text
) -> Iterator[Finding]:
    key = MessageKey("", text.step.key, text.template, text.activity, text.locale, text.channel)
    (message,) = composer.compose(text.campaign, key, [replace(LONGEST, week=text.campaign.weeks)])
    if isinstance(message, RenderError):
        # Good words that come out wrong are the template's doing; its first file stands for all of it.
        blamed = message.template or ("" if _worded_wrongly(text) else names(text.channel, text.template)[0])
        files = [folder / blamed for folder in subject.templates]
        if template := next((file for file in files if file.is_file()), None):
            yield at_error(template, message)  # the same for whatever is rendered: one finding
        else:
            yield _place(subject, definition, text, str(message), message.fix or "see docs/templates.md")
        return
    for suffix, what, fix in missing(message, LONGEST, sender):
        files = [folder / text.channel.form / f"{text.template}{suffix}" for folder in subject.templates]
        if template := next((file for file in files if file.is_file()), None):
            yield Finding(str(template), 1, 1, what, fix)
    if isinstance(message, SmsMessage) and message.channel is Channel.WHATSAPP:  # it has no segments to be split into
        over = len(message.body) - LONGEST_WHATSAPP
        if over > 0:
            what = f"the WhatsApp message has {over + LONGEST_WHATSAPP} characters of {LONGEST_WHATSAPP}"
            yield _place(subject, definition, text, what, f"cut {over} characters or more")
    elif isinstance(message, SmsMessage):
        size = measure(message.body)
        if dear := [each for each in size.offenders if each[1] not in SPELT_PLAINER]:
            index, character = dear[0]
            before = message.body[max(0, index - 12) : index].replace("\n", " ")
            what = f"the text holds {character_name(character)} after “{before}”, which costs over half its room"
            yield _place(subject, definition, text, what, "use a plain character of GSM-7, such as ' \" - ...")
        if size.parts > MOST_PARTS:
            room = MOST_PARTS * size.per_part
            what = f"the text takes {size.parts} segments as the first one: {size.units} of {room} characters"
            yield _place(subject, definition, text, what, f"cut {size.units - room} characters or more")


def _file(subject: Subject, name: str, locale: str) -> FilePath:
    """The file that a template of this name is for readers of `locale`."""
    folder, _, file = name.partition("/")
    places = [root / place for place in (f"{folder}/{locale}/{file}", name) for root in subject.templates]
    return next((place for place in places if place.is_file()), places[-1])


def _worded_wrongly(text: _Text) -> bool:
    """Whether the activity's own words cannot be rendered, whatever the template."""
    try:
        if text.activity is not None:
            activity_seen(text.campaign, text.activity, text.locale, None)
    except RenderError:
        return True
    return False


def _place(subject: Subject, definition: Definition | None, text: _Text, what: str, fix: str) -> Finding:
    """At the activity's words when there are any, else at the step that sends them, else at the template."""
    for locale in (text.locale, text.locale.partition("-")[0], "en"):
        if text.activity is not None and (origin := subject.library.origins.get((text.activity, locale))):
            return origin.finding(text.channel.form, what, fix)
    if definition is None:
        return Finding(str(_file(subject, names(text.channel, text.template)[0], text.locale)), 1, 1, what, fix)
    return definition.at_step(text.step, "template", f"step {text.step.key}: {what}", fix)


def _notices(shelf: Shelf) -> Iterator[tuple[None, _Text]]:
    """What is said outside campaigns, in every language that it has."""
    campaign = notices()
    for step in campaign.steps:
        for channel in WRITTEN:
            for locale in ("en", *shelf.languages(channel, step.template)):
                yield None, _Text(campaign, step, step.template, None, locale, channel)


def _texts(subject: Subject, shelf: Shelf) -> Iterator[tuple[Definition | None, _Text]]:
    """Everything that may be sent: each strategy's own words, then each step of each campaign."""
    for activity, locale, _ in subject.texts():
        campaign = _sampler(activity, subject.library.strategies[activity.strategy].title)
        step = campaign.steps[0]
        for channel in WRITTEN:
            yield None, _Text(campaign, step, step.template, activity.id, locale, channel)
    for definition in subject.definitions:
        campaign = definition.campaign
        for step in campaign.steps:
            for template, activity_id in sorted(_sent_by(campaign, step), key=str):
                for channel in [step.channel] if step.channel else list(WRITTEN):
                    words = (
                        campaign.activities[activity_id].texts if activity_id else shelf.languages(channel, template)
                    )
                    for locale in dict.fromkeys(("en", *words)):
                        yield definition, _Text(campaign, step, template, activity_id, locale, channel)


def _sent_by(campaign: Campaign, step: Step) -> set[tuple[str, str | None]]:
    """The pairs of template and activity that a step may send."""
    drawn: set[str | None] = {step.activity}
    if step.draw is not None:
        kinds, strategies = step.draw.kinds, step.draw.strategies
        drawn = {
            activity.id
            for activity in campaign.activities.values()
            if (not kinds or activity.kind in kinds) and (not strategies or activity.strategy in strategies)
        }
    pairs = {(step.template, activity) for activity in drawn}
    for arm in step.variants:
        pairs |= {(arm.template or step.template, activity) for activity in ({arm.activity} if arm.activity else drawn)}
    return pairs


def _sampler(activity: Activity, strategy_title: str) -> Campaign:
    """The smallest campaign that sends one activity."""
    step = Step(
        key=activity.id,
        template=USUAL_TEMPLATE[activity.kind],
        weeks=(1,),
        draw=Draw(strategies=frozenset({activity.strategy})),
    )
    return Campaign(
        id="sample",
        title="Sample",
        weeks=8,
        steps=(step,),
        themes=(Theme((activity.strategy,)),) * 8,
        activities={activity.id: activity},
        strategies={activity.strategy: strategy_title},
    )
