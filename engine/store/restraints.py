"""What keeps messages from leaving, in one statement: whoever claims, intends or records asks for all of it."""

from sqlalchemy import Connection, literal_column, null, select, union_all

from engine.model.hold import Holds
from engine.store import holds
from engine.store.breakers import Breaker
from engine.store.schema import breakers

_BREAKER = "breaker"  # no kind of hold
_held = holds.ALL.subquery("held")
_all = union_all(
    select(literal_column(f"'{_BREAKER}'"), *breakers.c["transport", "failures", "open_until", "because"]),
    select(_held.c.kind, _held.c.name, null(), null(), null()),
)


def load(connection: Connection) -> tuple[dict[str, Breaker], Holds]:
    """The same as `breakers.load` and `holds.load`."""
    rows = connection.execute(_all).all()
    failing = {name: Breaker(failures, until, why) for kind, name, failures, until, why in rows if kind == _BREAKER}
    return failing, holds.of([(kind, name) for kind, name, *_ in rows if kind != _BREAKER])
