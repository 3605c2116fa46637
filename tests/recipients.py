"""Somebody to write to, and who writes, for tests of rendering."""

from datetime import UTC, datetime, timedelta

from engine.model.sender import Sender
from engine.render.recipient import MessageLinks, Person, Recipient

SENDER = Sender("Rekindle", "hello@nudge.example", "Rekindle, 1 Example Street, Exampletown", "Rekindle")
WHEN = datetime(2026, 11, 3, 19, tzinfo=UTC)
ANA = Recipient(
    delivery_id=1,
    address="ana@example.com",
    message_id="<1f@nudge.example>",
    date=WHEN,
    valid_for=timedelta(hours=1),
    partner=Person("Ana"),
    other_name="Ben",
    solo=False,
    first=False,
    week=3,
    links=MessageLinks(*(f"https://nudge.example/{page}/AQEAAAAAAAc" for page in ("u", "p", "a", "n", "pulse"))),
)
