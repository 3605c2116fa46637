"""`rekindle transports`: what hands messages to providers, and whether it is set up right."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.console.say import as_json, complain, console, table
from engine.console.session import session
from engine.model.campaign import Channel

if TYPE_CHECKING:
    from engine.transport.base import Finding, Outcome

group = typer.Typer(help="What hands messages to providers.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@group.command("list")
def list_(context: typer.Context, json: Json = False) -> None:
    """List the transports there are, and the channels that use them."""
    from engine.transport.registry import available

    settings = session(context).settings
    names = sorted({*available(), *settings.transports})
    used = {name: [channel for channel, shares in settings.channels if name in shares] for name in names}
    if json:
        as_json({"transport": name, "channels": carried} for name, carried in used.items())
        return
    table("Transports", ("name", "carries"), ((name, ", ".join(c)) for name, c in used.items()), empty="None.")


@group.command()
def check(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME…", help="Only these.")] = None,
    json: Json = False,
) -> None:
    """Try keys, senders and addresses, and send nothing.

    Those that channels use, unless named. One that is found good is no longer left alone.
    """
    from engine.deliver.trial import examine, look_at_workspace

    engine = session(context).engine
    transports = engine.trial_transports(names or ())
    found = asyncio.run(_then_close(engine, examine(engine.database, transports)))
    if any(engine.is_real(name) for name in transports):
        found = {"rekindle.toml": look_at_workspace(engine.settings.public_url, engine.sender), **found}
    if json:
        as_json(
            {"transport": name, "good": each.good, "what": each.what, "fix": each.fix}
            for name, findings in found.items()
            for each in findings
        )
    else:
        for name, findings in found.items():
            _show(name, findings)
    if not all(each.good for findings in found.values() for each in findings):
        raise typer.Exit(1)


@group.command("send-test")
def send_test(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The transport.")],
    address: Annotated[str, typer.Argument(help="Your own email address, or your own number as +15551234567.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent, and send nothing.")] = False,
    json: Json = False,
) -> None:
    """Send one short message to yourself.

    It belongs to no couple and leaves no trace in the database.
    """
    from engine.deliver.trial import send_one

    engine = session(context).engine
    (transport,) = engine.trial_transports([name]).values()
    email = "@" in address
    channel = next((each for each in transport.channels if (each is Channel.EMAIL) == email), None)
    if channel is None:
        carried = " or ".join(
            sorted("an email address" if c is Channel.EMAIL else "a number" for c in transport.channels)
        )
        raise typer.BadParameter(f"{name} carries messages to {carried}.")
    to = _normal(address, email)
    if dry_run:
        if json:
            as_json([{"transport": name, "channel": channel, "dry_run": True}])
        else:
            console().print(f"One {channel} by {name} would be sent.", markup=False)
        return
    work = send_one(engine.database, engine.vault, transport, channel, to, engine.sender, engine.clock.now())
    outcome = asyncio.run(_then_close(engine, work))
    _report(name, outcome, json)


def _normal(address: str, email: bool) -> str:
    from engine.enroll.addresses import BadValue, normal_email, normal_phone

    try:
        return normal_email(address) if email else normal_phone(address)
    except BadValue as error:
        raise typer.BadParameter(f"{error} {error.fix}") from None


async def _then_close(engine: Any, work: Any) -> Any:
    try:
        return await work
    finally:
        await engine.aclose()


def _show(name: str, findings: "Sequence[Finding]") -> None:
    out = console()
    out.print(f"{name}", style="bold", markup=False)
    for each in findings:
        out.print(f"  {'good ' if each.good else 'WRONG'}  {each.what}", markup=False)
        if each.fix and not each.good:
            out.print(f"         {each.fix}", markup=False)


def _report(name: str, outcome: "Outcome", json: bool) -> None:
    from engine.errors import Refused
    from engine.transport.base import Accepted

    word = type(outcome).__name__
    detail = outcome.receipt if isinstance(outcome, Accepted) else outcome.detail
    if json:
        as_json([{"transport": name, "outcome": word, "detail": detail}])
    elif isinstance(outcome, Accepted):
        console().print(f"{name} accepted it as {detail}. Look whether it arrived.", markup=False)
    else:
        complain(Refused(f"{name}: {word}. {detail}", fix=f"`rekindle transports check {name}` says more."))
    if not isinstance(outcome, Accepted):
        raise typer.Exit(1)
