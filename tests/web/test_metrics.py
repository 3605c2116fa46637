"""Figures for Prometheus: true, bounded, of nobody, and only for whom they are meant; and whether a process is well."""

import asyncio
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import ValidationError
from world import Answering, World, person

from engine.settings import Settings
from engine.transport.base import OutcomeUnknown
from engine.web.app import create_app, create_metrics_app
from engine.web.server import serving

TOKEN = "sixteen letters!"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


class Client:
    """Asks an app."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def get(self, path: str, headers: dict[str, str] | None = None, method: str = "GET") -> httpx.Response:
        """One answer."""

        async def ask() -> httpx.Response:
            wire = httpx.ASGITransport(app=self._app)
            async with httpx.AsyncClient(transport=wire, base_url="https://rekindle.example") as client:
                return await client.request(method, path, headers=headers)

        return asyncio.run(ask())


def figures(text: str) -> dict[tuple[str, tuple[str, ...]], float]:
    """Every sample, by name and the values of its labels."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name, tuple(sample.labels.values())] = sample.value
    return found


def read(world: World) -> dict[tuple[str, tuple[str, ...]], float]:
    """What the metrics' own port says."""
    return figures(Client(create_metrics_app(world.engine)).get("/metrics").text)


def a_morning(world: World) -> World:
    """Two messages fall due: one is sent or in doubt, one is skipped."""
    world.join("secret-ref", person("Aroha"), person("Ben", email=None, phone=None))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    world.engine.watch.look()
    return world


def test_every_process_tells_what_became_of_deliveries() -> None:
    world = a_morning(World())
    world.restart()
    found = read(world)
    assert found["rekindle_deliveries_total", ("email", "", "sent")] == 1
    assert sum(number for (name, label), number in found.items() if "total" in name and "skipped" in label) == 1
    assert found["rekindle_due", ("email",)] == 0
    assert found["rekindle_tick_seconds_count", ()] == 0  # this process has done no pass


def test_this_process_tells_how_long_its_passes_took() -> None:
    found = read(a_morning(World()))
    assert found["rekindle_tick_seconds_count", ()] == 1
    assert found["rekindle_tick_seconds_bucket", ("+Inf",)] == 1
    assert found["rekindle_claim_to_record_seconds_count", ()] == 1


def test_what_is_in_doubt_and_what_is_out_of_order_is_told() -> None:
    world = a_morning(World(transport=Answering(lambda message, attempt: OutcomeUnknown("No answer."))))
    world.clock.fast_forward(world.clock.now() - world.clock.now().replace(hour=7))
    world.engine.watch.look()
    found = read(world)
    assert found["rekindle_in_doubt", ("email",)] == 1
    assert found["rekindle_incidents", ("doubt",)] == 1


def test_no_metric_names_anybody() -> None:
    text = Client(create_metrics_app(a_morning(World()).engine)).get("/metrics").text
    assert not any(word in text for word in ("Aroha", "secret-ref", "@", "+1202"))


def test_metrics_are_on_the_public_port_only_with_a_token_and_only_to_who_shows_it() -> None:
    assert Client(create_app(World().engine)).get("/metrics").status_code == 404
    world = World(settings={"metrics": {"token": TOKEN}})
    client = Client(create_app(world.engine))
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}):
        answer = client.get("/metrics", headers=headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert client.get("/metrics", headers=BEARER).status_code == 200
    assert client.get("/metrics", BEARER, "HEAD").status_code == 200


def test_a_token_that_could_be_guessed_is_refused() -> None:
    for token in ("", "short"):
        with pytest.raises(ValidationError):
            Settings(metrics={"token": token})  # type: ignore[arg-type]


def test_the_metrics_have_a_port_of_their_own_where_one_is_set(tmp_path: Any) -> None:
    world = World(database=tmp_path / "r.sqlite3", settings={"metrics": {"port": 0}})
    opened: list[int] = []

    async def ask(port: int, path: str) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        return answer

    async def run() -> tuple[bytes, bytes]:
        from engine.web.server import serving_metrics

        async with serving(world.engine, "127.0.0.1", 0) as public, serving_metrics(world.engine) as own:
            assert own is not None
            opened.append(own)
            return await ask(public, "/metrics"), await ask(own, "/metrics")

    public, own = asyncio.run(run())
    assert public.startswith(b"HTTP/1.1 404")
    assert own.startswith(b"HTTP/1.1 200")
    assert b"rekindle_due" in own


def test_a_process_is_alive_without_its_database_and_ready_only_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    client = Client(create_app(world.engine))

    def answers() -> list[tuple[int, str]]:
        paths = ("/healthz", "/readyz", "/health")
        return [(answer.status_code, answer.json()["status"]) for answer in map(client.get, paths)]

    # A world's tables are made at once: that they are of this version is for the migrations to say.
    monkeypatch.setattr("engine.web.health.is_current", lambda database: True)
    assert answers() == [(200, "ok")] * 3
    monkeypatch.setattr("engine.web.health.is_current", lambda database: False)
    assert answers() == [(200, "ok"), (503, "failing"), (503, "failing")]


def test_a_process_that_was_told_to_end_is_alive_and_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.web.health.is_current", lambda database: True)
    world = World()
    client = Client(create_app(world.engine))
    world.engine.stop()
    assert (client.get("/healthz").status_code, client.get("/readyz").status_code) == (200, 503)
    assert client.get("/readyz").json() == {"status": "stopping"}
