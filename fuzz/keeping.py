"""What is left at the end of a life, read by SQL alone, as the record has it."""

from typing import TYPE_CHECKING

from fuzz.record import Record

if TYPE_CHECKING:
    from fuzz.world import World


def kept(world: "World") -> Record:
    """The record of a life that is over."""
    book, town = world.notebook, world.town
    names = [name for (name,) in town.ask("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    tables = {name: town.all_of(name) for name in names if not name.startswith("sqlite_")}
    return Record(
        intents=tuple(book.intents),
        accepted=tuple(book.accepted),
        done=tuple(book.done),
        shown=tuple(book.shown),
        said="\n".join([*book.said, repr(vars(world.main.engine.measures))]),
        partners=dict(town.rows),
        enrollments=dict(town.enrollments),
        rows=tables.pop("deliveries"),
        forgotten=tuple(town.forgotten.values()),
        tables=tables,
        faults=dict(book.faults),
        troubled=tuple(book.troubled),
        called=tuple(book.called),
        fates={delivery: frozenset(fates) for delivery, fates in book.fates.items()},
        blank=frozenset(book.blank),
        refused=frozenset(book.refused),
        courses={campaign.digest: number for number, campaign in enumerate(town.campaigns)},
    )
