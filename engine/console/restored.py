"""How it is told what stands after a restore: for `rekindle db restored`."""

import asyncio
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from engine.console.say import as_json, console, table

LOST = """\
Not in the backup is what came after it was made: people who said STOP or left, answers, sign-ups, your own acts.
  * SendGrid and Twilio keep lists of who stopped and refuse to send to them; each refusal is a suppression here too.
  * Put back what you know of:  rekindle suppressions add --email ADDRESS
                                rekindle couples stop COUPLE"""


def show(engine: Any, limit: int, *, json: bool) -> None:
    """What would go out, and what of it is in doubt."""
    from engine.deliver.restoring import look

    with engine.database.read() as connection:
        found = look(connection, engine.clock.now(), limit)
    if json:
        as_json(() if found is None else (_entry(line) for line in found.lines))
        return
    out = console()
    if found is None:
        out.print("No backup was put back that waits to be confirmed.")
        return
    made, put = (_at(each) for each in (found.restore.backed_up_at, found.restore.restored_at))
    out.print(f"The backup was made {made} and put in place {put} (UTC). Everything is held.")
    table(
        f"What would go out now: the first {len(found.lines)}" if found.lines else "What would go out now",
        ("id", "couple", "partner", "campaign", "step", "channel", "due (UTC)", "late", "what becomes of it"),
        (
            (
                "" if line.delivery_id is None else line.delivery_id,
                line.couple,
                line.partner,
                line.campaign,
                line.step,
                line.channel,
                line.due_at.strftime("%Y-%m-%d %H:%M"),
                str(timedelta(seconds=line.late_seconds)),
                _fate(line),
            )
            for line in found.lines
        ),
        empty="Nothing that is due.",
    )
    out.print(f"In doubt: {found.in_doubt} planned, and {found.unplanned} partners for whom more would be planned.")
    out.print(LOST, markup=False)
    out.print("\nThen:\n  rekindle db restored --confirm", markup=False)


def release(engine: Any, *, nothing_sent_since: bool, json: bool) -> None:
    """Let it go."""
    from engine.operating import Operator

    done = Operator(engine).confirm_restore(lambda: asyncio.run(engine.plan()), nothing_sent_since=nothing_sent_since)
    if json:
        as_json([{"skipped": done.skipped, "still_paused": done.still_paused}])
        return
    out = console()
    out.print(f"{done.skipped} messages that may have been sent since are skipped; the rest goes when it is due.")
    if done.still_paused:
        out.print("Everything is still paused, as it was in the backup: `rekindle resume --all` ends that.")


def _fate(line: Any) -> str:
    if line.in_doubt:
        return "skipped: may have been sent"
    return "skipped: too late" if line.too_late else "goes"


def _entry(line: Any) -> dict[str, Any]:
    return asdict(line) | {"due_at": line.due_at.strftime("%Y-%m-%dT%H:%M:%SZ")}


def _at(moment: Any) -> str:
    return "nobody knows when" if moment is None else moment.strftime("%Y-%m-%d %H:%M")
