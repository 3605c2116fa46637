"""The plain way to send the same emails: a row at a time, as a careful person writes it the first time.

Per delivery: one SELECT, ordinary Jinja2 (one environment, templates compiled once, Markdown and style sheets worked
out once per activity), the standard library's EmailMessage, one UPDATE and one COMMIT.
"""

import asyncio
import sqlite3
from datetime import date, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import jinja2

from bench.town import Town
from engine.app import Engine
from engine.model.campaign import Channel
from engine.render.inline import inline
from engine.render.links import Links, Purpose, message_id
from engine.render.markdown import named
from engine.render.seen import CampaignSeen, StepSeen, activity_seen
from engine.shipped import shipped
from engine.store.vault import SEALED_EMAIL
from engine.transport.base import EmailMessage as Email
from engine.transport.memory import MemoryTransport

QUERY = """
SELECT d.id, d.step, d.week, d.occurrence, d.activity, e.seed, p.id AS partner_id, p.position, p.given_name,
  p.email_cipher, o.given_name AS other_name,
  NOT EXISTS (SELECT 1 FROM deliveries x WHERE x.enrollment_id = d.enrollment_id AND x.partner_id = d.partner_id
    AND x.channel = d.channel AND x.sent_on IS NOT NULL AND x.id <> d.id) AS first
FROM deliveries d JOIN enrollments e ON e.id = d.enrollment_id JOIN partners p ON p.id = d.partner_id
LEFT JOIN partners o ON o.couple_id = p.couple_id AND o.id <> p.id WHERE d.id = ?
"""


class NaiveSender:
    """Sends a town's emails to nowhere, one after another."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._connection = sqlite3.connect(town.path, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        for pragma in ("foreign_keys=ON", "journal_mode=DELETE", "synchronous=FULL", "cache_size=-65536"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._links = Links(town.settings.public_url, town.vault.subkey("links"))
        folder = shipped("templates")
        self._css = (folder / "email" / "style.css").read_text()

        def source(name: str) -> str:
            text = (folder / name).read_text()
            return inline(text, self._css) if name.endswith(".html") else text

        self._environment = jinja2.Environment(
            loader=jinja2.FunctionLoader(source),
            autoescape=jinja2.select_autoescape(["html"]),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            cache_size=-1,
        )
        self._environment.filters["named"] = named
        self._seen = lru_cache(maxsize=None)(self._activity)

    def send(self, limit: int, now: datetime) -> int:
        """Send up to `limit` planned emails; how many."""
        query = "SELECT id FROM deliveries WHERE status = 'planned' ORDER BY send_at, id LIMIT ?"
        for (delivery,) in self._connection.execute(query, (limit,)).fetchall():
            row = self._connection.execute(QUERY, (delivery,)).fetchone()
            receipt = self.hand_over(row, now)
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(
                "UPDATE deliveries SET status = 'sent', sent_on = ?, sent_at = ?, receipt = ? WHERE id = ?",
                (now.toordinal(), int(now.timestamp() * 1000), receipt, delivery),
            )
            self._connection.execute("COMMIT")
        return limit

    def _links_of(self, row: sqlite3.Row) -> SimpleNamespace:
        links, today = self._links, date(2026, 3, 3)
        message = links.sign(Purpose.MESSAGE, row["id"], 0, today)
        return SimpleNamespace(
            unsubscribe=links.unsubscribe(row["partner_id"], Channel.EMAIL),
            preferences=links.at("p", links.sign(Purpose.PREFERENCES, row["partner_id"], 0, today)),
            **{
                name: links.at(page, message) for name, page in (("answer", "a"), ("activity", "n"), ("pulse", "pulse"))
            },
        )

    def hand_over(self, row: sqlite3.Row, now: datetime) -> str:
        """Send one row's email to nowhere; its receipt. Others send it somewhere."""
        self.message(row, now).as_bytes()
        return f"naive-{row['id']}"

    def message(self, row: sqlite3.Row, now: datetime) -> EmailMessage:
        """The email for one row."""
        sender, campaign = self._town.settings.sender, self._town.campaign
        values = self.values(row)
        message = EmailMessage(policy=SMTP)
        message["From"] = f"{sender.name} <{sender.email}>"
        message["To"] = self.address(row)
        message["Subject"] = self.rendered("email/prompt.subject.txt", row, values).strip()
        message["Date"] = format_datetime(now)
        message["Message-ID"] = message_id(row["seed"], row["id"], "example.org")
        message["List-Unsubscribe"] = f"<{values['links'].unsubscribe}>"
        message["List-Id"] = f"<{campaign.id}.list.localhost>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(self.rendered("email/prompt.txt", row, values))
        message.add_alternative(self.rendered("email/prompt.html", row, values), subtype="html")
        return message

    def address(self, row: sqlite3.Row) -> str:
        """Where one row's email goes."""
        return self._town.vault.open(row["email_cipher"], SEALED_EMAIL)

    def values(self, row: sqlite3.Row) -> dict[str, Any]:
        """What one row's templates may use, but for the activity."""
        return {
            "campaign": CampaignSeen(self._town.campaign.title, self._town.campaign.weeks),
            "step": StepSeen(row["step"]),
            "sender": self._town.settings.sender,
            "lang": "en",
            "partner": SimpleNamespace(given_name=row["given_name"]),
            "other_name": row["other_name"],
            "solo": row["other_name"] is None,
            "first": bool(row["first"]),
            "week": row["week"],
            "links": self._links_of(row),
        }

    def rendered(self, name: str, row: sqlite3.Row, values: dict[str, Any]) -> str:
        """One template, rendered for one row."""
        activity = self._seen(row["activity"], name.endswith(".html"))
        return self._environment.get_template(name).render(**values, activity=activity)

    def _activity(self, activity: str, html: bool) -> Any:
        return activity_seen(self._town.campaign, activity, "en", self._css if html else None)

    def writes_the_same(self) -> bool:
        """Whether the engine's HTML for someone is the naive loop's, so that both are timed on the same work."""
        town = self._town
        (delivery,) = self._connection.execute("SELECT max(id) FROM deliveries WHERE step = 'talk'").fetchone()
        row = self._connection.execute(QUERY, (delivery,)).fetchone()
        keeper = MemoryTransport()
        engine = Engine(town.settings, town.database, town.vault, town.clock, dict.fromkeys(Channel, keeper))
        town.unsend()
        asyncio.run(engine.tick())
        seen = [each for each in keeper.messages if each.delivery_id == delivery]
        part = self.message(row, town.clock.now()).get_body(("html",))
        return part is not None and [part.get_content().strip()] == [
            each.html.strip() for each in seen if isinstance(each, Email)
        ]

    def close(self) -> None:
        self._connection.close()
