"""The house itself: keys, database, what waits in it, and the campaigns that are to be sent."""

from collections.abc import Iterator
from datetime import timedelta

from engine.check.check import check
from engine.deliver.aside import set_aside
from engine.deliver.definitions import Definitions
from engine.doctor.finding import Finding, fine, problem, warning
from engine.doctor.patient import Patient
from engine.errors import RekindleError, StoreError
from engine.model.campaign import Channel
from engine.model.delivery import DeliveryStatus, FailReason
from engine.parts import campaign_folders, load_vault, sender_of, template_folders
from engine.store import intake, tallies, wellness
from engine.store.database import open_database
from engine.store.standing import standing
from engine.store.version import known, version

KEPT_FOR = timedelta(days=31)
WEEK = 7


def check_keys(patient: Patient) -> Iterator[Finding]:
    """Whether there are keys, and they open what is in the database."""
    try:
        vault = load_vault(patient.settings)
        if patient.database is not None:
            with patient.database.read() as connection:
                wellness.opens(connection, vault)
    except RekindleError as error:
        yield problem("keys", str(error), error.fix)
        return
    yield fine("keys", "The keys are there, and open what they sealed.")


def check_database(patient: Patient) -> Iterator[Finding]:
    """Whether the database is there and of this version."""
    if patient.database is not None:
        yield fine("database", f"The database is at version {known()[-1]}.")
        return
    file = patient.database_file
    if file is not None and not file.exists():
        yield problem("database", f"There is no database at {file}.", "Run `rekindle init`.")
        return
    try:
        opened = open_database(patient.settings.resolved_database_url)
        with opened.read() as connection:
            found = version(connection)
        opened.close()
    except StoreError as error:
        yield problem("database", str(error), error.fix)
        return
    what = f"The database is at version {found or 'none'}, behind this Rekindle's {known()[-1]}."
    yield problem("database", what, "Back it up, then run `rekindle db upgrade`.")


def check_standing(patient: Patient) -> Iterator[Finding]:
    """Whether what is due leaves, what was heard is reacted to, and nobody waits for the operator."""
    if patient.database is None:
        return
    alerts, now = patient.settings.alerts, patient.clock.now()
    with patient.database.read() as connection:
        found = standing(connection, now, timedelta(minutes=alerts.doubt_minutes))
        old_calls = intake.any_before(connection, now - KEPT_FOR)
    if found.alerts:
        number = len(found.alerts)
        what = f"{number} {'alert waits' if number == 1 else 'alerts wait'}: words that may speak of danger."
        yield problem("alerts", what, "Look now: `rekindle alerts list`.")
    if found.queue_seconds > alerts.queue_minutes * 60:
        held = " Something is held back by you." if found.holds else ""
        mend = "Is `rekindle run` running, or cron's `rekindle tick`? `rekindle run --log text` says what it does."
        yield problem("queue", f"What is due has waited for {found.queue_seconds / 60:,.0f} minutes.{held}", mend)
    if found.doubts:
        what = f"{found.doubts} messages have been in doubt for over {alerts.doubt_minutes} minutes."
        yield warning("doubts", what, "See `rekindle deliveries list --status in_doubt`, then `deliveries resolve`.")
    for name in found.open_breakers():
        yield problem(
            "breakers", f"{name} is left alone: {found.breakers[name].because}", f"`rekindle transports check {name}`"
        )
    if old_calls:
        what = "Calls of providers, with people's words in them, are kept for over a month."
        yield warning("retention", what, "Let `rekindle run` or `rekindle tick` do its rounds: it forgets them.")
    if not (found.alerts or found.doubts or found.open_breakers() or old_calls) and (
        found.queue_seconds <= alerts.queue_minutes * 60
    ):
        yield fine("queue", "What is due leaves, and nothing waits for you.")


def check_aside(patient: Patient) -> Iterator[Finding]:
    """Whether anything was set aside since it cannot be worked with, or failed for what is in it."""
    if patient.database is None:
        return
    with patient.database.read() as connection:
        places = set_aside(connection, Definitions())
        calls = intake.why_failed(connection)
        week = tallies.of_days(connection, patient.clock.now().date(), WEEK)
    poisoned = sum(week[channel.value, DeliveryStatus.FAILED, FailReason.POISON] for channel in Channel)
    for each in places:
        what = f"{each.number} due steps of {each.campaign} cannot be planned: {each.why}"
        yield problem("aside", what, "Mend that, then `rekindle aside retry`.")
    for call in calls:
        what = f"Reacting to {call.number} calls ({call.source} {call.kind}) fails with {call.error}."
        yield problem("aside", what, "Report it; when a mended version runs, `rekindle aside retry`.")
    if poisoned:
        what = f"{poisoned} messages could not be written in the last {WEEK} days."
        yield warning("aside", what, "`rekindle deliveries list --status failed`, `deliveries show` says why.")
    if not (places or calls or poisoned):
        yield fine("aside", "Nothing had to be set aside.")


def check_campaigns(patient: Patient) -> Iterator[Finding]:
    """Whether campaigns, strategies and templates can be used as they stand."""
    settings = patient.settings
    folders = campaign_folders(settings)
    try:
        found = check(folders, campaigns=folders, templates=template_folders(settings), sender=sender_of(settings))
    except RekindleError as error:
        yield problem("campaigns", str(error), error.fix)
        return
    wrong = [each for each in found if not each.note]
    if wrong:
        what = f"{len(wrong)} mistakes in campaigns or templates. The first: {wrong[0]}"
        yield problem("campaigns", what, "`rekindle check` lists them all, each with its mend.")
    else:
        yield fine("campaigns", "Campaigns, strategies and templates hold no mistake.")
