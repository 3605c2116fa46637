"""How long ago something was, or how long it still is, in a few words."""

from datetime import datetime, timedelta

STEPS = ((timedelta(days=2), timedelta(days=1), "days"), (timedelta(hours=2), timedelta(hours=1), "h"))


def lasting(span: timedelta) -> str:
    """`3 days`, `5 h`, `12 min` or `40 s`: rounded down."""
    span = max(span, timedelta(0))
    for least, unit, word in STEPS:
        if span >= least:
            return f"{span // unit} {word}"
    seconds = int(span.total_seconds())
    return f"{seconds // 60} min" if seconds >= 120 else f"{seconds} s"


def utc(moment: datetime | None) -> str:
    """To the minute; empty for none."""
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M}"
