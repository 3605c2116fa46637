"""`rekindle suppressions`: the addresses that nothing is sent to, and why. No address is ever shown."""

from datetime import datetime, timedelta
from typing import Annotated

import typer

from engine.console.say import as_json, console, table
from engine.console.session import MOST, session
from engine.errors import Refused
from engine.model.campaign import Channel
from engine.model.suppression import SuppressReason

group = typer.Typer(help="Addresses that nothing is sent to, and why.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Email = Annotated[str, typer.Option(help="An email address.")]
Phone = Annotated[str, typer.Option(help="A phone number with +country code; for texts and WhatsApp alike.")]

SHOWN = 10
"""Hex digits of an address's keyed hash: enough to tell entries apart. Nobody can work an address out of them."""


@group.command("list")
def list_(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=MOST - 1, help="At most this many.")] = 100,
    after: Annotated[str, typer.Option(metavar="MARK", help="Only those after this mark, for the next page.")] = "",
    json: Json = False,
) -> None:
    """List suppressions, oldest first. Addresses are kept as keyed hashes, so none can be shown."""
    from engine.store.suppressions import list_suppressions
    from engine.store.types import to_millis

    engine = session(context).engine
    with engine.database.read() as connection:
        found = list_suppressions(connection, _mark(after) if after else None, limit + 1)
    more, found = len(found) > limit, found[:limit]
    marks = [f"{to_millis(each.at)}.{each.address_index.hex()[:SHOWN]}" for each in found]
    if json:
        as_json(
            {
                "id": each.address_index.hex()[:SHOWN],
                "kind": _kind(each.channel),
                "reason": each.reason,
                "source": each.source,
                "at": each.at.isoformat(),
                "mark": mark,
            }
            for each, mark in zip(found, marks, strict=True)
        )
        return
    table(
        "Suppressions",
        ("id", "kind", "why", "source", "since (UTC)"),
        (
            (
                each.address_index.hex()[:SHOWN],
                _kind(each.channel),
                _sentence(each.reason),
                each.source,
                each.at.strftime("%Y-%m-%d %H:%M"),
            )
            for each in found
        ),
        empty="Nobody has stopped, and no address has failed.",
    )
    if more:
        console().print(f"There are more: --after {marks[-1]}")


@group.command()
def add(
    context: typer.Context, email: Email = "", phone: Phone = "", dry_run: DryRun = False, json: Json = False
) -> None:
    """Never send to an address again, whoever's it is."""
    from engine.operating import Operator
    from engine.store import suppressions

    engine = session(context).engine
    channel, address = _address(email, phone)
    if dry_run:
        with engine.database.read() as connection:
            news = not suppressions.is_suppressed(connection, engine.vault, channel, address)
    else:
        news = Operator(engine).suppress(channel, address)
    if json:
        as_json([{"kind": _kind(channel), "added": news, "dry_run": dry_run}])
        return
    done = f"{'would be' if dry_run else 'is'} on the list now" if news else "was on the list already"
    console().print(f"That {_kind(channel)} {done}.")


@group.command()
def remove(
    context: typer.Context, email: Email = "", phone: Phone = "", dry_run: DryRun = False, json: Json = False
) -> None:
    """Take an address off the list.

    Do it only when its owner has asked you to: what they took back is theirs to give again.
    """
    from engine.operating import Operator
    from engine.store import suppressions

    engine = session(context).engine
    channel, address = _address(email, phone)
    if dry_run:
        with engine.database.read() as connection:
            was = suppressions.is_suppressed(connection, engine.vault, channel, address)
    else:
        was = Operator(engine).unsuppress(channel, address)
    if json:
        as_json([{"kind": _kind(channel), "removed": was, "dry_run": dry_run}])
        return
    done = f"{'would be' if dry_run else 'is'} off the list" if was else "was not on the list"
    console().print(f"That {_kind(channel)} {done}.")


def _address(email: str, phone: str) -> tuple[Channel, str]:
    """The one address given, in the normal form that an import gives it."""
    from engine.enroll.addresses import BadValue, normal_email, normal_phone

    if bool(email.strip()) == bool(phone.strip()):
        raise typer.BadParameter("Give one address: --email ADDRESS or --phone NUMBER.")
    try:
        return (Channel.EMAIL, normal_email(email)) if email.strip() else (Channel.SMS, normal_phone(phone))
    except BadValue as error:
        raise Refused(error.what, fix=error.fix) from None


def _kind(channel: Channel) -> str:
    """What is suppressed: a number is one, whatever it is written to on."""
    return "email" if channel is Channel.EMAIL else "phone"


def _sentence(reason: str) -> str:
    return SuppressReason(reason).sentence if reason in set(SuppressReason) else reason  # of a newer version


def _mark(text: str) -> tuple[datetime, bytes]:
    """Where a page ended; the rest of the hash is filled up, so that the entry itself is not shown again."""
    from engine.store.types import EPOCH

    try:
        millis, _, digits = text.partition(".")
        return EPOCH + timedelta(milliseconds=int(millis)), bytes.fromhex(digits.ljust(32, "f"))
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is not a mark that `suppressions list` has given.") from None
