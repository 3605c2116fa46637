"""A campaign's messages as plain files, for review: what couples would read, and what a change does to it.

    weeks.txt              what comes when and to whom, and what each draw chooses from
    steps/STEP.txt         a step whose words are its own, or of one activity: every arm, language and channel
    activities/ID.txt      an activity that a draw may give, as each step that draws it sends it

The reader is Ana, whose partner is Ben; what Ben reads, who is still alone, or gets their first message, and other
weeks are told by what differs. The same campaign, templates and settings give the same bytes on every machine: there is
no date in them, and links have the length of real ones but lead nowhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from engine.check.html_words import words_of
from engine.define.wording import plainly, reworded
from engine.model.campaign import WRITTEN, Audience, Campaign, Channel, Step
from engine.model.sender import Sender
from engine.model.strategy import DEFAULT_LOCALE
from engine.plan.calendar import calendar
from engine.plan.draw import Tastes, pool
from engine.plan.slot import Slot
from engine.render.compose import Composer
from engine.render.recipient import MessageKey, MessageLinks, Person, Recipient
from engine.render.sandbox import RenderError
from engine.render.segments import measure
from engine.render.shelf import Shelf
from engine.transport.base import EmailMessage, Message, SmsMessage

HEADER = "Rekindle snapshot of"
"""How every file of a snapshot begins; nothing else is ever overwritten or removed."""
FIRST, SECOND = "Ana", "Ben"
OPEN = Tastes(touch=True)
"""A couple to which everything may be given that anybody is given."""
OWN_TIME = time(19)
MONDAY = 0
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
Files = Mapping[str, str]
"""The text of each file by its path below the snapshot's folder, with / between its parts."""


@dataclass(frozen=True, slots=True)
class _Form:
    """One way in which words reach people: by which steps, arm, template and channel, and in which weeks."""

    steps: tuple[str, ...]
    arm: str | None
    template: str
    activity: str | None
    channel: Channel
    weeks: tuple[int, ...]


def snapshot(campaign: Campaign, templates: Sequence[Path], sender: Sender, public_url: str) -> Files:
    """The files of a campaign's snapshot. RenderError names the step whose message cannot be rendered."""
    writer = _Writer(campaign, templates, sender, public_url)
    files = {"weeks.txt": writer.weeks()}
    for step in campaign.steps:
        if forms := list(_own_forms(step)):
            files[f"steps/{step.key}.txt"] = writer.page(f"step {step.key}", _about_step(step), forms)
    for activity, forms in sorted(_drawn_forms(campaign).items()):
        files[f"activities/{activity}.txt"] = writer.page(f"activity {activity}", _about(campaign, activity), forms)
    return files


def _templates_of(step: Step) -> Iterator[tuple[str | None, str, str | None]]:
    """Each arm of a step, None where it has none: its template, and the activity that it names outright."""
    for arm in step.variants:
        yield arm.name, arm.template or step.template, arm.activity or (None if step.draw else step.activity)
    if not step.variants:
        yield None, step.template, None if step.draw else step.activity


def _channels(step: Step) -> Sequence[Channel]:
    return [step.channel] if step.channel else WRITTEN


def _own_forms(step: Step) -> Iterator[_Form]:
    """The forms of a step that draws nothing, or of those of its arms that draw nothing."""
    for arm, template, activity in _templates_of(step):
        if activity is not None or step.draw is None:
            for channel in _channels(step):
                yield _Form((step.key,), arm, template, activity, channel, step.weeks)


def _drawn_forms(campaign: Campaign) -> dict[str, list[_Form]]:
    """By activity that a draw may give, the forms in which it comes; steps that send it alike share one."""
    found: dict[str, dict[tuple[str, Channel], list[tuple[str, int]]]] = {}
    for step in campaign.steps:
        if step.draw is None:
            continue
        templates = [template for _, template, activity in _templates_of(step) if activity is None]
        for week in step.weeks:
            for activity in pool(campaign, step.draw, week, OPEN):
                for template in dict.fromkeys(templates):
                    for channel in _channels(step):
                        alike = found.setdefault(activity.id, {}).setdefault((template, channel), [])
                        alike.append((step.key, week))
    return {
        activity: [
            _Form(
                tuple(dict.fromkeys(step for step, _ in given)),
                None,
                template,
                activity,
                channel,
                tuple(sorted({week for _, week in given})),
            )
            for (template, channel), given in forms.items()
        ]
        for activity, forms in found.items()
    }


def _about(campaign: Campaign, activity: str) -> str:
    its = campaign.activities[activity]
    causes, cautions = plainly(its.causes), plainly(its.cautions)
    return (
        f"{its.kind}, {its.mode}, depth {its.depth}, about {its.minutes} minutes; strategy {its.strategy}.\n"
        f"For {causes}. Avoided where: {cautions}."
    )


def _about_step(step: Step) -> str:
    when = f" Only where {step.when}." if step.when else ""
    channel, weeks = plainly(step.channel, "channel"), plainly(step.weeks, "weeks")
    return f"To {step.audience}, by {channel} channel, weeks {weeks}.{when}"


class _Writer:
    """Writes the pages of one campaign's snapshot."""

    def __init__(self, campaign: Campaign, templates: Sequence[Path], sender: Sender, public_url: str) -> None:
        self._campaign = campaign
        self._shelf = Shelf(templates)
        self._composer = Composer(templates, sender, public_url)
        self._reader = Recipient(
            delivery_id=1,
            address="",  # rendered, never sent
            message_id="<1@example.com>",
            date=datetime(2026, 1, 1, tzinfo=UTC),
            valid_for=timedelta(hours=1),
            partner=Person(FIRST),
            other_name=SECOND,
            solo=False,
            first=False,
            week=1,
            links=MessageLinks(
                f"{public_url}/u/{'A' * 32}",
                *(f"{public_url}/{page}/{'A' * 36}" for page in ("p", "a", "n", "pulse")),
            ),
        )

    def page(self, name: str, about: str, forms: Sequence[_Form]) -> str:
        """Everything that is said in some forms, language by language."""
        parts = [f"{HEADER} {self._campaign.id}: {name}", about]
        for form in forms:
            for locale in self._locales(form):
                parts += self._message(form, locale)
        return "\n\n".join(parts) + "\n"

    def _locales(self, form: _Form) -> list[str]:
        spoken = set(self._shelf.languages(form.channel, form.template))
        if form.activity is not None:
            spoken.update(self._campaign.activities[form.activity].texts)
        return [DEFAULT_LOCALE, *sorted(spoken - {DEFAULT_LOCALE})]

    def _message(self, form: _Form, locale: str) -> Iterator[str]:
        reader = replace(self._reader, week=form.weeks[0])
        others = {
            f"for {SECOND}": replace(reader, partner=Person(SECOND), other_name=FIRST),
            "to somebody alone": replace(reader, other_name="", solo=True),
            "as somebody's first": replace(reader, first=True),
            **{str(week): replace(reader, week=week) for week in form.weeks[1:]},
        }
        said, *rest = self._compose(form, locale, [reader, *others.values()])
        arm = f", variant {form.arm}" if form.arm else ""
        yield f"=== {', '.join(form.steps)}{arm}: {form.template}, {form.channel}, {locale} ==="
        yield from self._said(said)
        told: dict[str, list[int | str]] = {}
        for (who, to), message in zip(others.items(), rest, strict=True):
            for each in _differing(said, message, self._usual(form.channel, locale, to)):
                if to.week == reader.week:
                    told.setdefault(each, []).append(who)
                else:  # nearly always it is the week's own number that differs
                    told.setdefault(each.replace(f"→ {to.week}]", "→ its number]"), []).append(to.week)
        if told:
            yield "--- otherwise ---\n" + "\n".join(f"  {_named(who)}: {each}" for each, who in told.items())

    def _said(self, message: Message) -> Iterator[str]:
        if isinstance(message, EmailMessage):
            yield f"Subject: {message.subject}"
            yield _trimmed(message.text)
            yield f"--- as HTML ---\n{words_of(message.html)}"
        else:
            yield message.body
            yield f"--- {_size(message)} ---"

    def _usual(self, channel: Channel, locale: str, to: Recipient) -> dict[str, str]:
        """How names differ for that reader from what Ana reads, by the word that she reads."""
        if to.partner.given_name == SECOND:
            return {FIRST: SECOND, SECOND: FIRST}
        return {SECOND: self._shelf.text(f"{channel.form}/other_name.txt", locale)} if to.solo else {}

    def _compose(self, form: _Form, locale: str, readers: Sequence[Recipient]) -> list[Message]:
        key = MessageKey(self._campaign.digest, form.steps[0], form.template, form.activity, locale, form.channel)
        messages = []
        for message in self._composer.compose(self._campaign, key, readers):
            if isinstance(message, RenderError):
                what = f"step {form.steps[0]} ({form.channel}, {locale}): {message}"
                raise RenderError(what, message.fix or "Run `rekindle check`.", template=message.template)
            messages.append(message)
        return messages

    def weeks(self) -> str:
        """The calendar of a couple that begins on a Monday, and what its draws choose from."""
        campaign = self._campaign
        parts = [
            f"{HEADER} {campaign.id}: its weeks",
            f"{campaign.title}. A couple that begins on a Monday, with 19:00 as both partners' own time.\n"
            f"At most {plainly(campaign.caps)}. Avoided: {plainly(campaign.avoid)}.",
        ]
        both = [calendar(campaign, MONDAY, OWN_TIME, position) for position in (1, 2)]
        whose: dict[str, list[int]] = {}
        slots: dict[str, Slot] = {}
        for position, slots_of in enumerate(both, start=1):
            for slot in slots_of:
                whose.setdefault(slot.key, []).append(position)
                slots[slot.key] = slot
        ordered = sorted(slots.values(), key=lambda slot: (slot.day, slot.at, slot.order))
        for week in range(1, campaign.weeks + 1):
            theme = campaign.themes[week - 1]
            parts.append(f"=== week {week}: {', '.join(theme.strategies)}; depth {plainly(theme.depth, 'depth')} ===")
            here = [slot for slot in ordered if slot.week == week]
            parts.append("\n".join(line for slot in here for line in self._slot(slot, whose[slot.key])) or "Nothing.")
        return "\n\n".join(parts) + "\n"

    def _slot(self, slot: Slot, whose: Sequence[int]) -> Iterator[str]:
        step = slot.step
        alone = f", to {(FIRST, SECOND)[whose[0] - 1]}" if step.audience is Audience.ALTERNATING else ""
        each = ", one each" if step.audience is Audience.EACH else ""
        yield f"{_DAYS[slot.day % 7]} {slot.at:%H:%M}  {step.key}{alone}{each}{self._gives(step)}"
        if step.draw is not None:
            chosen = sorted(activity.id for activity in pool(self._campaign, step.draw, slot.week, OPEN))
            yield f"    draws one of {len(chosen)}:"
            yield from (f"      {activity}" for activity in chosen)

    def _gives(self, step: Step) -> str:
        arms = [f"{arm.name} (weight {arm.weight})" for arm in step.variants]
        return (
            (f": {step.activity}" if step.activity and not step.draw else "")
            + (f"; variants {', '.join(arms)}" if arms else "")
            + (f"; only where {step.when}" if step.when else "")
        )


def _named(readers: Sequence[int | str]) -> str:
    """Readers and weeks that have a difference in common."""
    weeks = tuple(each for each in readers if isinstance(each, int))
    named = [each for each in readers if isinstance(each, str)]
    if weeks:
        named.append(f"in week{'s' * (len(weeks) > 1)} {plainly(weeks, 'weeks')}")
    return ", ".join(named)


def _size(message: SmsMessage) -> str:
    if message.channel is Channel.WHATSAPP:
        return f"{len(message.body)} characters"
    size = measure(message.body)
    parts = f"{size.parts} {'segment' if size.parts == 1 else 'segments'}"
    return f"{parts}, {size.encoding}, {size.units} of {max(size.parts, 1) * size.per_part}"


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def _parts(message: Message) -> dict[str, str]:
    if isinstance(message, EmailMessage):
        return {"subject": message.subject, "text": _trimmed(message.text), "HTML": words_of(message.html)}
    return {"text": message.body}


def _differing(usual: Message, other: Message, names: Mapping[str, str]) -> Iterator[str]:
    """Where another reader's message is not the usual one with other names in it."""
    for (part, was), will in zip(_parts(usual).items(), _parts(other).values(), strict=True):
        expected = _renamed(was, names)
        if "".join(expected.split()) != "".join(will.split()):
            yield from (f"{part}: {each}" for each in reworded(expected, will, whole=True))
    if isinstance(usual, SmsMessage) and isinstance(other, SmsMessage) and _size(usual) != _size(other):
        yield f"{_size(other)}"


def _renamed(text: str, names: Mapping[str, str]) -> str:
    """The text with each name in place of the other, all at once."""
    for mark, name in enumerate(names):
        text = text.replace(name, chr(0xE000 + mark))
    for mark, name in enumerate(names.values()):
        text = text.replace(chr(0xE000 + mark), name)
    return text
