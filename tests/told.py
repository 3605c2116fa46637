"""A campaign as it went, told row by row: couples, their messages, and what came back. For tests of the report."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from made import SEVEN, mixed, step
from sqlalchemy import Connection, insert
from world import MONDAY, World, person

from engine.define.digest import freeze, identified
from engine.model.campaign import Campaign, StepPurpose
from engine.report.report import Report, report_on
from engine.store import definitions
from engine.store.couples_schema import answers, feedback, pulses, reveals
from engine.store.schema import couples, deliveries, enrollments, events, heard, partners

BEGAN = datetime.combine(MONDAY, time(9), UTC)
CAMPAIGN = identified(
    mixed(
        step("talk", weeks=(1, 2, 3, 4)),
        step("pulse", weeks=(1, 2, 3, 4), days=(6,), draw=None, purpose=StepPurpose.PULSE),
        step("hello", draw=None, purpose=StepPurpose.NOTE),
        weeks=4,
        strategies=SEVEN[:2],
    )
)
"""Activities a0 to a3 are of `affection`, a4 to a7 of `empathy`; each asks a question."""


class Told:
    """So many couples, enrolled in CAMPAIGN on MONDAY; the first is couple 1, with partners 1 and 2, and so on."""

    def __init__(self, number: int, campaign: Campaign = CAMPAIGN) -> None:
        self.world = World()
        self.database = self.world.database
        self.couples = range(1, number + 1)
        self._keys = 0
        with self.database.begin() as connection:
            self.version(connection, campaign)
            for couple in self.couples:
                self._couple(connection, couple, campaign.digest)

    def version(self, connection: Connection, campaign: Campaign) -> None:
        now = self.world.clock.now()
        definitions.keep(
            connection,
            digest=campaign.digest,
            campaign=campaign.id,
            title=campaign.title,
            body=freeze(campaign),
            now=now,
        )

    def _couple(self, connection: Connection, couple: int, digest: str) -> None:
        made = {"id": couple, "ref": f"c{couple}", "created_at": BEGAN - timedelta(days=1)}
        connection.execute(insert(couples), made)
        ana = person("Ana")
        for position in (1, 2):
            row = {
                "id": 2 * couple - 2 + position,
                "couple_id": couple,
                "position": position,
                "given_name": "=Ana",
                "email_index": f"{couple}.{position}".encode(),
                **{name: getattr(ana, name) for name in ("timezone", "locale", "channel", "send_at", "causes")},
            }
            connection.execute(insert(partners), row)
        values = {"id": couple, "couple_id": couple, "campaign": CAMPAIGN.id, "digest": digest, "start": MONDAY}
        more = {"seed": "s", "status": "active", "variants": {}, "draws": {}, "created_at": BEGAN - timedelta(days=1)}
        connection.execute(insert(enrollments), {**values, **more})

    def message(self, partner: int, step: str = "talk", week: int = 1, **given: Any) -> int:
        """A sent message to a partner; its id. Columns and, under `heard`, kinds of event may be given."""
        kinds = given.pop("heard", ())
        code = given.pop("code", "")
        day = {"talk": 1, "pulse": 6, "hello": 0}.get(step, 2) + 7 * (week - 1)
        due = BEGAN + timedelta(days=day)
        row = {
            "enrollment_id": (partner + 1) // 2,
            "partner_id": partner,
            "step": step,
            "occurrence": day,
            "week": week,
            "channel": "email",
            "activity": "a0" if step == "talk" else None,
            "due_at": due,
            "send_at": due,
            "expires_at": due,
            "timezone": "UTC",
            "tzdata": "x",
            "status": "sent",
            "parts": 1,
            "cost": 1_000,
            **given,
        }
        if row["status"] == "sent":
            row |= {"sent_at": given.get("sent_at", due), "transport": given.get("transport", "smtp")}
        with self.database.begin() as connection:
            made: int = connection.execute(insert(deliveries).returning(deliveries.c.id), row).scalar_one()
            if kinds:
                connection.execute(insert(heard), {"delivery_id": made, **{f"{each}_at": due for each in kinds}})
            if code:
                self._keys += 1
                told = {"source": "x", "key": str(self._keys), "type": "bounced", "channel": row["channel"], "at": due}
                connection.execute(
                    insert(events), {**told, "received_at": due, "delivery_id": made, "code": code, "detail": ""}
                )
        return made

    def to_both(self, these: Iterable[int], step: str = "talk", week: int = 1, **given: Any) -> None:
        """The same to both partners of couples."""
        for couple in these:
            for partner in (2 * couple - 1, 2 * couple):
                self.message(partner, step, week, **given)

    def answer(self, partner: int, week: int = 1, after: timedelta = timedelta(hours=1)) -> None:
        """Words on the talk of a week."""
        day = 1 + 7 * (week - 1)
        row = {"step": "talk", "occurrence": day, "text_cipher": b"x", "given_at": BEGAN + timedelta(days=day) + after}
        self._put(answers, partner, row)

    def reveal(self, couple: int, week: int = 1) -> None:
        row = {"enrollment_id": couple, "step": "talk", "occurrence": 1 + 7 * (week - 1), "at": BEGAN}
        with self.database.begin() as connection:
            connection.execute(insert(reveals), row)

    def rate(self, partner: int, week: int, value: int) -> None:
        """A pulse."""
        day = 6 + 7 * (week - 1)
        row = {"step": "pulse", "occurrence": day, "week": week, "value": value, "at": BEGAN + timedelta(days=day)}
        self._put(pulses, partner, row)

    def say(self, delivery: int, partner: int, verdict: str, activity: str = "a0") -> None:
        row = {"delivery_id": delivery, "activity": activity, "verdict": verdict, "at": BEGAN}
        with self.database.begin() as connection:
            connection.execute(insert(feedback), {**row, "partner_id": partner})

    def _put(self, table: Any, partner: int, row: dict[str, Any]) -> None:
        with self.database.begin() as connection:
            connection.execute(insert(table), {**row, "enrollment_id": (partner + 1) // 2, "partner_id": partner})

    def leave(self, partner: int, at: datetime) -> None:
        with self.database.begin() as connection:
            connection.execute(partners.update().where(partners.c.id == partner).values(left_at=at))

    def report(self, now: datetime = BEGAN + timedelta(days=60), **given: Any) -> Report:
        with self.database.read() as connection:
            return report_on(connection, CAMPAIGN.id, now=now, currency="EUR", **given)

    def rows(self, figure: str, *by: str, **given: Any) -> dict[Any, dict[str, Any]]:
        """The rows of a figure, by one of their columns or several."""
        (found,) = (each for each in self.report(**given).figures if each.key == figure)
        keys = by or (found.columns[0].key,)
        return {row[keys[0]] if len(keys) == 1 else tuple(row[key] for key in keys): dict(row) for row in found.rows}


def renamed(title: str) -> Campaign:
    """Another version of CAMPAIGN."""
    return identified(replace(CAMPAIGN, title=title))
