"""`rekindle couples`: who takes part."""

import calendar
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.console.bar import bar
from engine.console.say import as_json, console, table
from engine.console.session import MOST, a_date, session

SHOWN = 4  # draws of a campaign that have come, and as many that are to come
group = typer.Typer(help="Who takes part.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Ref = Annotated[str, typer.Argument(help="The couple's name, as in the import file.", metavar="COUPLE")]
Position = Annotated[
    int | None, typer.Option("--partner", min=1, max=2, help="Only this partner: 1 or 2, in order of joining.")
]


@group.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A CSV file with one row per partner.", metavar="FILE.csv")],
    consent: Annotated[str, typer.Option(help="The words every person in the file agreed to. Required.")],
    json: Json = False,
) -> None:
    """Import couples from a CSV file.

    Good rows go in; bad ones go to FILE.rejects.csv with what to mend. Running it again changes nothing.
    """
    from engine.model.couple import Consent

    engine = session(context).engine
    with bar(f"Importing {file.name}") as progress:
        report = engine.import_couples(file, Consent(consent, f"import {file.name}"), progress)
    if json:
        as_json([asdict(report)])
    else:
        for sentence in _report(report, file):
            console().print(sentence, markup=False)
    if report.rejected:
        raise typer.Exit(1)


@group.command()
def add(
    context: typer.Context,
    couple: Ref,
    given_name: Annotated[str, typer.Option("--name", help="The partner's given name.")],
    timezone: Annotated[str, typer.Option(help="An IANA zone such as Europe/Lisbon.")],
    consent: Annotated[str, typer.Option(help="The words this person agreed to.")],
    email: Annotated[str, typer.Option(help="Their email address.")] = "",
    phone: Annotated[str, typer.Option(help="Their phone number with +country code.")] = "",
    channel: Annotated[str, typer.Option(help="email, sms or whatsapp; the one address given if left out.")] = "",
    send_at: Annotated[str, typer.Option(help="Their own local time, HH:MM.")] = "",
    locale: Annotated[str, typer.Option(help="Their language, such as en or es-MX.")] = "",
    causes: Annotated[str, typer.Option(help="What they would like to work on, separated by ;")] = "",
) -> None:
    """Add one partner of a couple.

    The first of a new couple, or the second of one that waits for theirs.
    """
    from engine.model.couple import Consent

    engine = session(context).engine
    cells = {
        "couple": couple,
        "given_name": given_name,
        "email": email,
        "phone": phone,
        "timezone": timezone,
        "locale": locale,
        "channel": channel,
        "send_at": send_at,
        "causes": causes,
    }
    position = engine.add_partner(cells, Consent(consent, "operator"))
    console().print(f"{given_name} is partner {position} of couple {couple}.", markup=False)


@group.command("list")
def list_(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="At most this many.")] = 100,
    after: Annotated[int, typer.Option(max=MOST, help="Only those after this id, for the next page.")] = 0,
    json: Json = False,
) -> None:
    """List couples. Addresses are never shown here."""
    from engine.store import couples as store

    engine = session(context).engine
    with engine.database.read() as connection:
        found = store.list_couples(connection, after, limit)
        total = store.count(connection).couples
    if json:
        as_json(asdict(couple) for couple in found)
        return
    table(
        f"{len(found)} of {total} couples",
        ("id", "couple", "partners", "zones", "channels", "campaigns", "state"),
        (
            (
                couple.id,
                couple.ref,
                " & ".join(partner.given_name for partner in couple.partners),
                ", ".join(dict.fromkeys(partner.timezone for partner in couple.partners)),
                ", ".join(partner.channel for partner in couple.partners),
                ", ".join(couple.campaigns),
                _state(couple, engine.clock.now()),
            )
            for couple in found
        ),
        empty="No couples yet. `rekindle couples import FILE.csv` brings them in.",
    )


@group.command()
def show(context: typer.Context, couple: Ref, json: Json = False) -> None:
    """Show a couple: its partners, their addresses masked, the campaigns they are in, and what comes and why."""
    from engine.report.draws import explained
    from engine.store import couples as store
    from engine.store import enrollments

    engine = session(context).engine
    now = engine.clock.now()
    with engine.database.read() as connection:
        found = store.find(connection, engine.vault, couple)
        running = enrollments.of_couple(connection, found.id)
        draws = explained(connection, found.id)
    people = [
        {
            "partner": partner.position,
            "given_name": partner.given_name,
            "email": _masked(partner.email),
            "phone": _masked(partner.phone),
            "timezone": partner.timezone,
            "locale": partner.locale,
            "channel": partner.channel,
            "send_at": partner.send_at.strftime("%H:%M"),
            "causes": sorted(partner.causes),
            "days": _days(partner.days),
            "hours": _hours(partner.hours),
            "state": _will(partner, now),
        }
        for partner in found.partners
    ]
    campaigns = [
        {
            "campaign": row.campaign,
            "digest": row.digest,
            "start": row.start.isoformat(),
            "status": row.status,
            "arms": row.variants,
        }
        for row in running
    ]
    if json:
        drawn = [each.entry() for each in draws]
        as_json([{"couple": found.ref, "partners": people, "enrollments": campaigns, "draws": drawn}])
        return
    table(
        f"Couple {found.ref}",
        ("", "name", "email", "phone", "zone", "locale", "channel", "time", "works on", "days", "hours", "state"),
        ([", ".join(each) if isinstance(each, list) else each for each in person.values()] for person in people),
        empty="",
    )
    table(
        "Campaigns",
        ("campaign", "version", "start", "status", "arms"),
        ([row.campaign, row.digest[:12], row.start, row.status, _arms(row.variants)] for row in running),
        empty=f"In no campaign yet. `rekindle enroll CAMPAIGN --couple {found.ref} --start DATE` enrolls them.",
    )
    if draws:
        names = {partner.position: partner.given_name for partner in found.partners}
        table("What comes and why", ("campaign", "day", "step", "for", "activity", "why"), _nearest(draws, names), "")


@group.command()
def pause(
    context: typer.Context,
    couple: Ref,
    until: Annotated[
        date | None, typer.Option(parser=a_date, metavar="DATE", help="Resume by itself on this day (UTC).")
    ] = None,
    partner: Position = None,
    dry_run: DryRun = False,
) -> None:
    """Send nothing to a couple, or to one partner, until a day or until resumed."""
    from engine.operating import Operator

    engine = session(context).engine
    moment = None if until is None else datetime.combine(until, time(0), UTC)
    if moment is not None and moment <= engine.clock.now():
        raise typer.BadParameter(f"{until} has begun already; give a later day.")
    Operator(engine).pause_couple(couple, moment, partner, dry_run=dry_run)
    _say(dry_run, "paused", couple, partner, f" until {until}" if until else "")


@group.command()
def resume(context: typer.Context, couple: Ref, partner: Position = None, dry_run: DryRun = False) -> None:
    """End the pause of a couple, or of one partner."""
    from engine.operating import Operator

    Operator(session(context).engine).resume_couple(couple, partner, dry_run=dry_run)
    _say(dry_run, "resumed", couple, partner)


@group.command()
def stop(context: typer.Context, couple: Ref, dry_run: DryRun = False) -> None:
    """End every campaign of a couple.

    For both partners at once; what was planned is withdrawn.
    """
    from engine.operating import Operator

    stopped = Operator(session(context).engine).stop_couple(couple, dry_run=dry_run)
    _say(dry_run, f"stopped in {stopped} {'campaign' if stopped == 1 else 'campaigns'}", couple, None)


def _say(dry_run: bool, done: str, couple: str, partner: int | None, more: str = "") -> None:
    who = f"Couple {couple}" if partner is None else f"Partner {partner} of couple {couple}"
    console().print(f"{who} {'would be' if dry_run else 'is'} {done}{more}.", markup=False)


def _arms(variants: Mapping[str, str]) -> str:
    """What a couple was given by chance to keep, step by step."""
    return ", ".join(f"{step}: {arm}" for step, arm in variants.items())


def _nearest(draws: list[Any], names: dict[int, str]) -> Iterator[tuple[object, ...]]:
    """The last few draws that have come and the next few, of each campaign."""
    for campaign in dict.fromkeys(each.campaign for each in draws):
        own = [each for each in draws if each.campaign == campaign]
        come = sum(each.come for each in own)
        for each in own[max(0, come - SHOWN) : come + SHOWN]:
            whose = "both" if each.partner is None else names.get(each.partner, "")
            yield campaign, each.day, each.step, whose, each.activity or "nothing", each.why


def _state(couple: Any, now: datetime) -> str:
    if couple.life_event_at:
        return "life event"
    if couple.paused_until and couple.paused_until > now:
        return "paused"
    told = [(partner.position, _will(partner, now)) for partner in couple.partners]
    return ", ".join(f"partner {position} {word}" for position, word in told if word)


def _will(partner: Any, now: datetime) -> str:
    """Whether one of the two has left, or is paused."""
    if partner.left_at:
        return "left"
    return "paused" if partner.paused_until and partner.paused_until > now else ""


def _days(days: Iterable[int]) -> str:
    return ", ".join(calendar.day_abbr[day] for day in sorted(days)) or "any day"


def _hours(hours: tuple[time | None, time | None]) -> str:
    """The hours within which somebody wants messages, as far as they said."""
    since, until = ("" if each is None else f"{each:%H:%M}" for each in hours)
    return f"{since}–{until}" if since or until else ""


def _masked(address: str | None) -> str | None:
    """Enough to tell two addresses apart, not enough to write to one."""
    if address is None:
        return None
    name, at, domain = address.partition("@")
    return f"{name[:1]}…@{domain}" if at else f"…{address[-2:]}"


def _report(report: Any, file: Path) -> Iterator[str]:
    """What an import did, for a person."""
    yield f"{report.added_couples} couples and {report.added_partners} partners added, {report.unchanged} unchanged."
    if report.ignored_columns:
        yield f"Columns that nobody reads: {', '.join(report.ignored_columns)}."
    if report.rejected:
        yield f"{report.rejected} rows of {file.name} cannot go in; {report.rejects_path} says why, row by row."
