"""Who is in the campaign: couples by the status of their enrollment."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, literal, select

from engine.model.enrollment import EnrollmentStatus, StopReason
from engine.report.cells import Sheet, Value
from engine.report.figure import Column, Figure, Form
from engine.report.scope import Scope
from engine.report.tally import TOTAL, tally
from engine.store.schema import enrollments


def standing(connection: Connection, scope: Scope) -> Figure:
    """The figure."""
    counted = tally(connection, scope, _rows, {"status": ("status", "reason")}, ("enrollments",))
    sheet = Sheet()
    for row, counts in counted.items():
        sheet.put(row, counts)
    everything = (TOTAL, None)
    sheet.sums((everything, "enrollments"), [(row, "enrollments") for row in counted if row != everything])
    found = sorted(value for name, value in counted if name == "status")
    rows: list[dict[str, Value]] = []
    for status, reason in found:
        means = StopReason(reason).sentence if reason else EnrollmentStatus(status).sentence
        number = sheet.value(("status", (status, reason)), "enrollments")
        rows.append({"status": f"{status}: {reason}" if reason else status, "enrollments": number, "means": means})
    if rows:
        rows.append({"status": "all", "enrollments": sheet.value(everything, "enrollments"), "means": ""})
    return Figure(
        key="couples",
        title="Who is in it",
        definition="Enrollments by status, of every start date. n is the couples enrolled.",
        reading="A couple that went through the campaign twice is enrolled twice. A partner who left alone does not"
        " change their couple's status.",
        couples=counted[everything]["enrollments"].couples if everything in counted else 0,
        columns=(
            Column("status", "Status", Form.TEXT),
            Column("enrollments", "Enrollments"),
            Column("means", "What it means", Form.TEXT),
        ),
        rows=rows,
    )


def _rows(whose: ColumnElement[bool]) -> Select[Any]:
    return select(
        enrollments.c.couple_id,
        enrollments.c.status,
        func.coalesce(enrollments.c.stopped_reason, "").label("reason"),
        literal(1).label("enrollments"),
    ).where(whose)
