"""How a store would run a statement: which indexes it reads, and which tables from end to end."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection


class Reads(NamedTuple):
    """The names of indexes that are read, and of tables that are read whole."""

    indexes: set[str]
    tables: set[str]


def explained(connection: Connection, sql: str, parameters: Any) -> Reads:
    """By what a statement, as the driver gets it, finds its rows.

    A server reads small tables whole whatever there is, so it is asked what it would do if that cost much. It plans for
    parameters that it does not know, as it does for a statement that is run often.
    """
    if connection.dialect.name == "sqlite":
        return _in_file(connection, sql, parameters)
    for setting in ("enable_seqscan = off", "plan_cache_mode = force_generic_plan"):
        connection.exec_driver_sql(f"SET LOCAL {setting}")
    plan = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {sql}", parameters).scalar_one()
    steps = list(_steps((plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"]))
    return Reads(
        {step["Index Name"] for step in steps if "Index Name" in step},
        {step["Relation Name"] for step in steps if step["Node Type"] == "Seq Scan"},
    )


def _in_file(connection: Connection, sql: str, parameters: Any) -> Reads:
    steps = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters).all()]
    named = [step.split(" INDEX ")[1].split()[0] for step in steps if " INDEX " in step]
    scans = [step.split()[1] for step in steps if step.startswith("SCAN") and "INDEX" not in step]
    return Reads(set(named), {name for name in scans if not name.endswith("_json") and name != "CONSTANT"})


def _steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from _steps(each)
