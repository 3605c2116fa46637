"""The small forms of a partner's own page: what each of them reads, and what it does. Each is told to nobody else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from engine.app import Engine
from engine.define.notation import WEEKDAYS
from engine.enroll import own_part
from engine.enroll.bad_value import BadValue
from engine.enroll.changes import Changes, change_partner
from engine.enroll.inviting import invite
from engine.enroll.wishes import hour_of
from engine.errors import Refused
from engine.hear.passes import Opened
from engine.model.campaign import Channel
from engine.model.reply import ConsentPurpose
from engine.model.signup import Ticked
from engine.plan.local import at, local_day
from engine.store import consents, invitations, pausing, preferences
from engine.store.database import Transaction
from engine.store.notices import sealed_to
from engine.web.desk import Desk
from engine.web.forms import Form
from engine.web.person import YES, Wrong, address_in, digest_of

LONGEST_PAUSE = timedelta(days=730)
WEEK, MONTH = timedelta(days=7), timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Act:
    """What a form is done with: whose it is, what it says, who calls, and now."""

    connection: Transaction
    opened: Opened
    form: Form
    caller: str
    now: datetime

    @property
    def partner_id(self) -> int:
        return self.opened.holder.partner_id


@dataclass(frozen=True, slots=True)
class Section:
    """One form of the page: its fields, and what it does. Wrong for what is to mend; else how long the caller has to
    wait, if they asked for too much.
    """

    fields: tuple[str, ...]
    do: Callable[[Act], timedelta | None]


class OwnPart:
    """The forms by name, in the order of the page."""

    def __init__(self, engine: Engine, desk: Desk) -> None:
        self._engine = engine
        self._desk = desk
        self.sections: Mapping[str, Section] = {
            "pause": Section(("pause", "until"), self._pause),
            "messages": Section(
                ("channel", "send_at", "days", "reach_from", "reach_until", *_boxes(desk)), self._messages
            ),
            "about": Section(("given_name", "timezone", "locale"), self._about),
            "wishes": Section(("causes", "agree_touch"), self._wishes),
            "sharing": Section(("agree_answers", "agree_pulse", "share_texts"), self._sharing),
            "phone": Section(("shared_phone",), self._phone),
            "address": Section(("new_channel", "email", "phone", *_boxes(desk, "new_")), self._address),
            "invite": Section((), self._invite),
            "message": Section(("their_channel", "their_email", "their_phone", "their_locale"), self._message),
        }

    def _change(self, act: Act, changes: Changes, wrong: Mapping[str, str]) -> None:
        """Change it, or say what is wrong in these words."""
        definitions = self._engine.definitions
        try:
            changed = change_partner(
                act.connection,
                lambda connection, digest: definitions.get(connection, digest).calendars,
                act.partner_id,
                changes,
                act.now,
            )
        except Refused:
            raise Wrong(wrong) from None
        if changed.tastes:
            self._engine.means.redraw(act.connection, changed.couple_id, act.now)

    def _messages(self, act: Act) -> None:
        form, errors = act.form, dict[str, str]()
        for name in ("send_at", "reach_from", "reach_until"):
            try:
                hour_of(form.line(name))
            except BadValue:
                errors[name] = f"preferences.wrong.{name}"
        if not form.line("send_at"):
            errors["send_at"] = "preferences.wrong.send_at"
        channel = _chosen(form, "channel", self._desk.channels, errors)
        if channel is None or errors:
            raise Wrong(errors)
        self._prefer(act, channel)
        days = ",".join(name for number, name in enumerate(WEEKDAYS) if str(number) in form.all("days"))
        hours = Changes(
            send_at=form.line("send_at"),
            days=days or "any",
            reach_from=form.line("reach_from") or "any",
            reach_until=form.line("reach_until") or "any",
        )
        self._change(act, hours, {"reach_from": "preferences.wrong.hours"})

    def _prefer(self, act: Act, channel: Channel) -> None:
        """Prefer a channel, with the consent to messages there where it was not given before."""
        person = preferences.of(act.connection, act.partner_id)
        if channel.value == person.channel:
            return
        ticked = self._desk.messages(act.connection, person.couple_id, channel, person.locale)
        if not person._mapping[consents.flag(ConsentPurpose.MESSAGES, channel)]:
            _agreed(act.form, f"agree_{channel}", ticked)
            consents.record(act.connection, act.partner_id, channel, [ticked], own_part.SOURCE, act.now, given=True)
        self._change(act, Changes(channel=channel.value), {"channel": "preferences.wrong.channel"})

    def _about(self, act: Act) -> None:
        form = act.form
        wrong: dict[str, str] = {}  # of both: the page shows the time of a zone that nothing is said of
        name, zone = Changes(given_name=form.line("given_name")), Changes(timezone=form.line("timezone"))
        for field, changes in (("given_name", name), ("timezone", zone)):
            try:
                self._change(act, changes, {field: f"person.wrong.{field}"})
            except Wrong as told:
                wrong |= told.errors
        if wrong:
            raise Wrong(wrong)
        if form.line("locale") in self._desk.languages:
            self._change(act, Changes(locale=form.line("locale")), {"locale": "person.wrong.locale"})

    def _pause(self, act: Act) -> None:
        zone = act.opened.holder.timezone
        match act.form.line("pause"):
            case "week":
                until = act.now + WEEK
            case "month":
                until = act.now + MONTH
            case "date":
                until = _midnight(act.form.line("until"), zone, act.now)
            case "resume":
                pausing.resume_partner(act.connection, act.partner_id)
                return
            case _:
                raise Wrong({"pause": "preferences.wrong.pause"})
        pausing.pause_partner(act.connection, act.partner_id, until)

    def _wishes(self, act: Act) -> None:
        changed = self._agree(act, ConsentPurpose.TOUCH)
        causes = ",".join(act.form.all("causes"))
        self._change(act, Changes(causes=causes), {"causes": "preferences.wrong.causes"})
        if changed:
            self._engine.means.redraw(act.connection, act.opened.holder.couple_id, act.now)

    def _sharing(self, act: Act) -> None:
        self._agree(act, ConsentPurpose.ANSWERS, ConsentPurpose.PULSE)
        self._change(act, Changes(share_texts=act.form.line("share_texts") == YES), {})

    def _agree(self, act: Act, *purposes: ConsentPurpose) -> bool:
        """Bring these consents to what is ticked; whether any changed. Who takes one back need not have read it."""
        offered = [self._desk.consent.of(purpose, act.opened.holder.locale) for purpose in purposes]
        given = [each.purpose for each in offered if act.form.line(f"agree_{each.purpose}") == YES]
        changed = own_part.agree(act.connection, act.partner_id, offered, given, act.now)
        if changed.intersection(given) and act.form.line("shown") != digest_of(*offered):
            raise Wrong({f"agree_{offered[0].purpose}": "person.wrong.shown"})
        return bool(changed)

    def _phone(self, act: Act) -> None:
        self._change(act, Changes(shared_phone=act.form.line("shared_phone") == YES), {})

    def _address(self, act: Act) -> timedelta | None:
        errors: dict[str, str] = {}
        channel = _chosen(act.form, "new_channel", self._desk.channels, errors)
        if channel is None:
            raise Wrong(errors)
        holder = act.opened.holder
        try:
            address = address_in(act.form, channel, holder.timezone)
        except BadValue:
            raise Wrong({channel.address: f"person.wrong.{channel.address}"}) from None
        ticked = self._desk.messages(act.connection, holder.couple_id, channel, holder.locale)
        _agreed(act.form, f"agree_new_{channel}", ticked)
        move = own_part.Move(sealed_to(self._engine.vault, channel, address), ticked)
        post = self._engine.means.post
        return own_part.ask_new_address(
            act.connection, self._engine.vault, post, act.partner_id, move, act.caller, act.now
        )

    def _invite(self, act: Act) -> None:
        if self._desk.may_invite(act.connection, act.partner_id):
            invitations.make(act.connection, act.partner_id, act.now)

    def _message(self, act: Act) -> timedelta | None:
        form, errors = act.form, dict[str, str]()
        channel = _chosen(form, "their_channel", self._desk.channels, errors)
        if channel is None:
            raise Wrong(errors)
        theirs = Form({name.removeprefix("their_"): form.all(name) for name in form})
        try:
            address = address_in(theirs, channel, act.opened.holder.timezone)
        except BadValue:
            raise Wrong({f"their_{channel.address}": f"preferences.wrong.their_{channel.address}"}) from None
        locale = form.line("their_locale")
        to = sealed_to(self._engine.vault, channel, address, locale if locale in self._desk.languages else None)
        if not self._desk.may_invite(act.connection, act.partner_id):
            return None
        means = self._engine.means
        return invite(act.connection, means.vault, means.post, act.partner_id, to, act.caller, act.now)


def _boxes(desk: Desk, prefix: str = "") -> tuple[str, ...]:
    return tuple(f"agree_{prefix}{channel}" for channel in desk.channels)


def _chosen(form: Form, name: str, channels: tuple[Channel, ...], errors: dict[str, str]) -> Channel | None:
    for channel in channels:
        if form.line(name) == channel.value:
            return channel
    errors[name] = "person.wrong.channel"
    return None


def _agreed(form: Form, box: str, ticked: Ticked) -> None:
    """The box is ticked beside the very words that are ours now: its value is their digest."""
    if form.line(box) != digest_of(ticked):
        raise Wrong({box: "person.wrong.agree"})


def _midnight(text: str, timezone: str, now: datetime) -> datetime:
    """The beginning of a day to come, on the partner's own calendar."""
    try:
        day = date.fromisoformat(text)
        until = at(day, time(0), timezone)
    except (ValueError, OverflowError):
        raise Wrong({"until": "preferences.wrong.until"}) from None
    if day <= local_day(now, timezone) or until > now + LONGEST_PAUSE:
        raise Wrong({"until": "preferences.wrong.until"})
    return until
