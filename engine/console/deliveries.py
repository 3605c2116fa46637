"""`rekindle deliveries`: what was sent, what was not, and why; and the operator's word on what is in doubt."""

from dataclasses import asdict
from typing import Annotated

import typer

from engine.console.say import as_json, console, table
from engine.console.session import MOST, session
from engine.model.delivery import DeliveryStatus, FailReason, SkipReason, Verdict
from engine.model.event import EventType

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
        empty=_nothing(couple, status),
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
        if name not in ("attempts", "events"):
            out.print(f"{name:>14}  {'' if value is None else value}", markup=False)
    out.print(f"{'meaning':>14}  {_meaning(found.facts['status'], found.facts['reason'])}", markup=False)
    for attempt in found.facts["attempts"]:
        out.print(f"{'attempt':>14}  {attempt['at']}  {attempt['outcome']}  {attempt['detail']}", markup=False)
    for event in found.facts["events"]:
        said = f"{EventType(event['event']).sentence} {event['code']} {event['detail']}".rstrip()
        out.print(f"{'heard':>14}  {event['at']}  {event['event']}: {said}", markup=False)


@group.command()
def resolve(
    context: typer.Context,
    delivery: Annotated[str, typer.Argument(metavar="ID|all", help="A delivery in doubt, or all that are.")],
    verdict: Annotated[Verdict, typer.Argument(help="sent, resend or drop.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    json: Json = False,
) -> None:
    """Say what became of a delivery in doubt.

    sent: the provider's log has it. resend: it never arrived. drop: leave it.
    """
    from engine.operating import Operator

    ids = None if delivery == "all" else [_id(delivery)]
    _tell(Operator(session(context).engine).resolve(ids, verdict, dry_run=dry_run), verdict, dry_run, json)


@group.command()
def retry(
    context: typer.Context,
    deliveries: Annotated[list[int], typer.Argument(metavar="ID…", max=MOST, help="Failed deliveries.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    json: Json = False,
) -> None:
    """Send failed deliveries again, once what was wrong is mended; every gate is asked again."""
    from engine.operating import Operator

    _tell(Operator(session(context).engine).retry(deliveries, dry_run=dry_run), Verdict.RESEND, dry_run, json)


def _nothing(couple: str | None, status: DeliveryStatus | None) -> str:
    """None at all, or none of those asked for: an operator who looks for doubts wants to know that there are none."""
    if status is not None:
        return f"No deliveries with the status {status}{f' of {couple}' if couple else ''}."
    return "No deliveries yet. `rekindle schedule` shows what is to come."


def _id(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= MOST:
        raise typer.BadParameter(f"{text!r} is not a delivery's id; `rekindle deliveries list` shows them.")
    return int(text)


def _tell(number: int, verdict: Verdict, dry_run: bool, json: bool) -> None:
    if json:
        as_json([{"deliveries": number, "verdict": verdict.value, "dry_run": dry_run}])
        return
    done = {
        Verdict.SENT: "counted as sent",
        Verdict.RESEND: "planned again: the next tick sends them if every gate agrees",
        Verdict.DROP: "given up",
    }[verdict]
    console().print(f"{number} {'would be ' if dry_run else ''}{done}.")


def _meaning(status: str, reason: str | None) -> str:
    said = [DeliveryStatus(status).sentence]
    said += [kind(reason).sentence for kind in (SkipReason, FailReason) if reason in set(kind)]
    return " ".join(said)
