"""`rekindle bounces`: hear what mail servers sent back to a mailbox, where no webhook brings it."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.console.say import as_json, console
from engine.console.session import session
from engine.model.event import Event, EventType

if TYPE_CHECKING:
    from engine.app import Engine

group = typer.Typer(help="Mails that came back.", no_args_is_help=True)

SMTP = "smtp"
"""The kind of transport whose mails come back by mail; and the name that is taken for one when none is set up."""


@dataclass
class Counts:
    """What a mailbox held. Notices say that a message is delayed or has arrived; a report may make several events."""

    mails: int = 0
    bounces: int = 0
    complaints: int = 0
    notices: int = 0
    unknown: int = 0
    not_bounces: int = 0
    unreadable: int = 0


@group.callback()
def bounces() -> None:
    """Keeps `read` a command of its own while it is the only one."""


@group.command()
def read(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(metavar="MAILDIR|FILE…", help="A Maildir, an mbox or single mails.")],
    name: Annotated[
        str, typer.Option("--as", metavar="NAME", help="The transport that sent them; the first of kind smtp.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be heard, and keep nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Hear the bounces and complaints in a mailbox.

    Mails stay where they are; reading one again changes nothing. What is about no message of ours is unknown and does
    nothing. What is no bounce is not kept.
    """
    engine = session(context).engine
    counts = _read(engine, name or _smtp(engine), paths, dry_run)
    if json:
        as_json([{**asdict(counts), "dry_run": dry_run}])
    else:
        console().print(
            f"{counts.mails} mails{', only looked at' if dry_run else ''}: {counts.bounces} bounces, "
            f"{counts.complaints} complaints, {counts.notices} other notices, {counts.unknown} about no message of "
            f"ours, {counts.not_bounces} no bounces."
        )
        if counts.unreadable:
            console().print(f"{counts.unreadable} could not be read: check the path, and who may read it.")
    if counts.unreadable:
        raise typer.Exit(1)


def _read(engine: "Engine", name: str, paths: list[Path], dry_run: bool) -> Counts:
    from engine.transport.mailbox import BOUNCE, BounceMailbox, mails
    from engine.transport.source import Hook

    source = BounceMailbox(name)
    hearing = engine.hearing_of({name: source})
    counts = Counts()
    for mail in mails(paths):
        if mail.content is None:
            counts.unreadable += 1
            continue
        counts.mails += 1
        hook = Hook(BOUNCE, "", {}, mail.content, engine.clock.now())
        events = [each for each in source.parse(hook) if isinstance(each, Event)]
        if not events:
            counts.not_bounces += 1
            continue
        for event in events:
            _count(counts, event, _is_ours(engine, event))
        if not dry_run:
            hearing.react(hearing.read(name, hook))
    return counts


def _count(counts: Counts, event: Event, ours: bool) -> None:
    if not ours:
        counts.unknown += 1
    elif event.type is EventType.BOUNCED:
        counts.bounces += 1
    elif event.type in (EventType.COMPLAINED, EventType.UNSUBSCRIBED):
        counts.complaints += 1
    else:
        counts.notices += 1


def _is_ours(engine: "Engine", event: Event) -> bool:
    """Whether the event's reference proves that it is about a message of ours."""
    from engine.render.links import reference
    from engine.store.events import deliveries_by_id

    number = (event.reference or "").partition(".")[0]
    if not number.isdecimal() or len(number) > 18:
        return False
    with engine.database.read() as connection:
        found = deliveries_by_id(connection, [int(number)]).get(int(number))
    return found is not None and event.reference == reference(found.seed, found.id)


def _smtp(engine: "Engine") -> str:
    """The first transport that is set up to be an smtp one."""
    from engine.parts import workshop_of

    workshop = workshop_of(engine.settings)
    return next((name for name in engine.settings.transports if workshop.kind(name) == SMTP), SMTP)
