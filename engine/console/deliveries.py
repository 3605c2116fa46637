"""`rekindle deliveries`: what was sent, what was not, and why."""

from dataclasses import asdict
from typing import Annotated

import typer

from engine.console.say import as_json, console, table
from engine.console.session import MOST, session
from engine.model.delivery import DeliveryStatus, FailReason, SkipReason

group = typer.Typer(help="What was sent, what was not, and why.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@group.command("list")
def list_(
    context: typer.Context,
    couple: Annotated[str | None, typer.Option(help="Only this couple's.")] = None,
    status: Annotated[DeliveryStatus | None, typer.Option(help="Only those with this status.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="At most this many.")] = 200,
    json: Json = False,
) -> None:
    """List deliveries by instant, in each partner's local time."""
    from engine.report.deliveries import lines
    from engine.store import couples as store

    engine = session(context).engine
    with engine.database.read() as connection:
        if couple is not None:
            store.id_of(connection, couple)  # a misspelt name is not an empty list
        found = list(lines(connection, couple=couple, status=status, limit=limit))
    if json:
        as_json({"id": line.id, **asdict(line.line)} for line in found)
        return
    table(
        "Deliveries",
        ("id", "local time", "couple", "partner", "week", "step", "activity", "channel", "status", "reason"),
        (
            (
                each.id,
                each.line.local_time,
                each.line.couple,
                each.line.partner,
                each.line.week,
                each.line.step,
                each.line.activity,
                each.line.channel,
                each.line.status,
                each.line.reason,
            )
            for each in found
        ),
        empty="No deliveries yet. `rekindle schedule` shows what is to come.",
    )


@group.command()
def show(
    context: typer.Context, delivery: Annotated[int, typer.Argument(max=MOST, help="Its id.")], json: Json = False
) -> None:
    """Show all there is to know of one delivery, and what its status and reason mean."""
    from engine.report.deliveries import show as detail

    engine = session(context).engine
    with engine.database.read() as connection:
        found = detail(connection, delivery)
    if json:
        as_json([found.facts])
        return
    out = console()
    for name, value in found.facts.items():
        if name != "attempts":
            out.print(f"{name:>14}  {'' if value is None else value}", markup=False)
    out.print(f"{'meaning':>14}  {_meaning(found.facts['status'], found.facts['reason'])}", markup=False)
    for attempt in found.facts["attempts"]:
        out.print(f"{'attempt':>14}  {attempt['at']}  {attempt['outcome']}  {attempt['detail']}", markup=False)


def _meaning(status: str, reason: str | None) -> str:
    said = [DeliveryStatus(status).sentence]
    said += [kind(reason).sentence for kind in (SkipReason, FailReason) if reason in set(kind)]
    return " ".join(said)
