"""`rekindle couples change`: what one partner said of themselves and of how they are reached."""

from typing import Annotated

import typer

from engine.console.couples import DryRun, Ref
from engine.console.say import console
from engine.console.session import session

_OPTIONS = {"given_name": "name", "reach_from": "between", "reach_until": "between"}
"""What is changed, as it is asked for here where that has another name."""


def register(group: typer.Typer) -> None:
    """Add the commands to `rekindle couples`."""
    group.command()(change)


def change(
    context: typer.Context,
    couple: Ref,
    partner: Annotated[int, typer.Option(min=1, max=2, help="Which of the two: 1 or 2, in order of joining.")],
    given_name: Annotated[str | None, typer.Option("--name", help="What messages call them.")] = None,
    timezone: Annotated[str | None, typer.Option(help="An IANA zone such as Europe/Lisbon.")] = None,
    send_at: Annotated[str | None, typer.Option(help="Their own local time, HH:MM.")] = None,
    days: Annotated[str | None, typer.Option(help="Weekdays they want messages on, such as mon,tue; or any.")] = None,
    between: Annotated[
        str | None, typer.Option(help="Hours in which they may be reached, such as 09:00-19:00; or any.")
    ] = None,
    locale: Annotated[str | None, typer.Option(help="Their language, such as en or es-MX.")] = None,
    channel: Annotated[str | None, typer.Option(help="email, sms or whatsapp.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Change a partner's zone, time, days, hours, language or channel.

    What is still to come for them comes by the new ones; nothing is lost, and nothing comes twice.
    """
    from engine.enroll.bad_value import BadValue
    from engine.enroll.changes import Changes
    from engine.enroll.wishes import hours_of
    from engine.store.preferences import partner_at

    try:
        from_, until = (None, None) if between is None else hours_of(between)
    except BadValue as problem:
        raise typer.BadParameter(f"{problem.what} {problem.fix}") from None
    changes = Changes(
        given_name=given_name,
        timezone=timezone,
        locale=locale,
        channel=channel,
        send_at=send_at,
        days=days,
        reach_from=from_,
        reach_until=until,
    )
    if changes == Changes():
        raise typer.BadParameter("Nothing is to change; give --timezone, --send-at, --days or another option.")
    engine = session(context).engine
    with engine.database.read() as connection:
        partner_id = partner_at(connection, couple, partner)
    changed = engine.change_partner(partner_id, changes, dry_run=dry_run)
    # As they are asked for: both ends of the hours are one option.
    names = dict.fromkeys(_OPTIONS.get(name, name).replace("_", "-") for name in changed.names)
    who = f"Partner {partner} of couple {couple}"
    if not names:
        console().print(f"{who} is like that already.", markup=False)
        return
    console().print(f"{who} {'would be' if dry_run else 'is'} changed: {', '.join(names)}.", markup=False)
