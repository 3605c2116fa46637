"""The plain ways on PostgreSQL: a row at a time in a loop, and the same with a job of its own for each message."""

import asyncio
from typing import Any

import psycopg
from procrastinate import App, PsycopgConnector
from psycopg.rows import RowMaker

from bench.naive import QUERY
from bench.scale.town import ServerTown
from bench.transports.smtp_peers import NaiveSmtp
from engine.store.server import conninfo


class Row(tuple[Any, ...]):
    """A row that is read by position and by name, as SQLite's."""

    names: list[str]

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(self.names.index(key) if isinstance(key, str) else key)


def by_name(cursor: "psycopg.Cursor[Any]") -> RowMaker[Row]:
    names = [each.name for each in cursor.description or ()]

    def make(values: Any) -> Row:
        row = Row(values)
        row.names = names
        return row

    return make


class Plain:
    """A connection that takes SQLite's words."""

    def __init__(self, place: ServerTown) -> None:
        where = conninfo(place.database.engine.url)
        self._connection = psycopg.connect(where, autocommit=True, row_factory=by_name)

    def execute(self, statement: str, given: Any = ()) -> Any:
        plain = statement.replace("?", "%s").replace("BEGIN IMMEDIATE", "BEGIN")
        return self._connection.execute(plain, given)  # type: ignore[arg-type]

    def close(self) -> None:
        self._connection.close()


class NaiveOnServer(NaiveSmtp):
    """The naive loop: SELECT, ordinary Jinja2, the standard library's MIME and SMTP, UPDATE; a row at a time."""

    def __init__(self, place: ServerTown, port: int) -> None:
        super().__init__(place, port, reuse=True)
        self._connection.close()
        self._connection = Plain(place)  # type: ignore[assignment]

    def send_one(self, delivery: int) -> None:
        """One message by its id, as a job would."""
        row = self._connection.execute(QUERY, (delivery,)).fetchone()
        now = self._town.clock.now()
        receipt = self.hand_over(row, now)
        self._connection.execute(
            "UPDATE deliveries SET status = 'sent', sent_on = ?, sent_at = ?, receipt = ? WHERE id = ?",
            (now.toordinal(), int(now.timestamp() * 1000), receipt, delivery),
        )


class JobAMessage:
    """One job a message, as with Celery: the queue is Procrastinate's, on the same server."""

    def __init__(self, place: ServerTown, naive: NaiveOnServer) -> None:
        self._where = conninfo(place.database.engine.url)
        self._naive = naive

    def defer(self, deliveries: list[int]) -> None:
        """A job for each."""
        asyncio.run(self._defer(deliveries))

    def work(self) -> None:
        """Take jobs until there is none."""
        asyncio.run(self._work())

    def _app(self) -> tuple[App, Any]:
        app = App(connector=PsycopgConnector(conninfo=self._where, min_size=1, max_size=4))

        @app.task(name="one", queue="one")
        async def one(delivery: int) -> None:
            self._naive.send_one(delivery)

        return app, one

    async def _defer(self, deliveries: list[int]) -> None:
        app, one = self._app()
        async with app.open_async():
            await one.batch_defer_async(*({"delivery": each} for each in deliveries))

    async def _work(self) -> None:
        app, _ = self._app()
        async with app.open_async():
            await app.run_worker_async(queues=["one"], wait=False, delete_jobs="always", listen_notify=False)
