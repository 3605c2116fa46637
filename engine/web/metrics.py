"""`GET /metrics`, in the format of Prometheus: how things stand, and what this process has done.

What stands is read from the store, so that every process tells the same; a look is kept for KEPT_SECONDS, whoever asks.
Labels are channels, statuses, reasons, transports and kinds: bounded, and nothing of anybody.

200   the metrics
401   a token is asked for, and was not shown as `Authorization: Bearer …`
503   the database does not answer
"""

import asyncio
import hmac
from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from engine import __version__
from engine.app import Engine
from engine.clock import stopwatch
from engine.errors import RekindleError
from engine.measures import Histogram
from engine.model.campaign import Channel
from engine.model.hold import HoldKind
from engine.model.incident import IncidentKind
from engine.store import tallies
from engine.store.standing import Standing
from engine.store.tallies import Tally
from engine.web.routes import head_at

KEPT_SECONDS = 5.0
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The metrics.", "content": {"text/plain": {"schema": {"type": "string"}}}},
    401: {"description": "The token is missing or wrong."},
    503: {"description": "The database does not answer."},
}


class Metrics:
    """The route. Each app has a registry of its own."""

    def __init__(self, engine: Engine) -> None:
        token = engine.settings.metrics.token
        self._token = None if token is None else token.get_secret_value().strip()
        self._engine = engine
        self._found = _Found(engine)
        self._registry = CollectorRegistry()
        self._registry.register(self._found)
        ProcessCollector(registry=self._registry)
        self._lock = asyncio.Lock()
        self._looked_at: float | None = None
        self.router = APIRouter()
        self.router.add_api_route("/metrics", self.show, methods=["GET"], response_class=Response, responses=ANSWERS)
        head_at(self.router, "/metrics", self.show)

    async def show(self, request: Request) -> Response:
        """The metrics."""
        if not self._may_read(request):
            return Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})
        async with self._lock:
            now = stopwatch()
            if self._looked_at is None or now - self._looked_at > KEPT_SECONDS:
                try:
                    await asyncio.to_thread(self._found.look)
                except (RekindleError, OSError):
                    return Response(status_code=503)
                self._looked_at = now
            return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)

    def _may_read(self, request: Request) -> bool:
        if self._token is None:  # then it is only served on a port of its own
            return True
        kind, _, shown = request.headers.get("authorization", "").partition(" ")
        return kind.lower() == "bearer" and hmac.compare_digest(shown.strip().encode(), self._token.encode())


class _Found(Collector):
    """What one look found, as metrics."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._standing: Standing | None = None
        self._ever: dict[Tally, int] = {}

    def look(self) -> None:
        """Read the store."""
        self._standing = self._engine.watch.stands()
        with self._engine.database.read() as connection:
            self._ever = dict(tallies.ever(connection))

    def describe(self) -> Iterable[Metric]:
        """Nothing is known beforehand."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Every metric."""
        if self._standing is not None:
            yield from _stored(self._standing, self._ever)
        yield from self._own()

    def _own(self) -> Iterable[Metric]:
        """What this process has done since it started."""
        measures, hearing = self._engine.measures, self._engine.hearing
        yield _gauge("build_info", "The version that runs.", {(__version__,): 1}, "version")
        yield _histogram("tick_seconds", "How long passes took.", measures.tick)
        yield _histogram(
            "claim_to_record_seconds",
            "From claiming a delivery to recording what became of it.",
            measures.claim_to_record,
        )
        calls = CounterMetricFamily(
            "rekindle_webhook_calls", "Calls of providers, by transport and what came of them.",
            labels=("source", "outcome"),
        )  # fmt: skip
        for counted in (hearing.taken, hearing.refused):
            for (source, outcome), number in sorted(counted.items()):
                calls.add_metric((source, outcome), number)
        yield calls
        shed = CounterMetricFamily(
            "rekindle_web_shed", "Web requests that there was no room for, by kind and why.", labels=("kind", "why")
        )
        for (kind, why), number in sorted(measures.shed.counted.items()):
            shed.add_metric((kind, why), number)
        yield shed
        told = CounterMetricFamily(
            "rekindle_tellings", "Tellings of incidents, by way and what came of them.", labels=("way", "outcome")
        )
        for (way, outcome), number in sorted(measures.told.items()):
            told.add_metric((way, outcome), number)
        yield told


def _stored(now: Standing, ever: dict[Tally, int]) -> Iterable[Metric]:
    ends = CounterMetricFamily(
        "rekindle_deliveries", "What became of deliveries, by all processes, ever.",
        labels=("channel", "status", "reason"),
    )  # fmt: skip
    events = CounterMetricFamily("rekindle_events", "What providers told us, ever.", labels=("channel", "type"))
    for (channel, what, why), number in sorted(ever.items()):
        if what == tallies.HEARD:
            events.add_metric((channel, why), number)
        else:
            ends.add_metric((channel, what, why), number)
    yield ends
    yield events
    channels = [each.value for each in Channel]
    yield _gauge("due", "Due and not claimed.", {(each,): now.due.get(each, 0) for each in channels}, "channel")
    held = {(each,): now.held.get(each, 0) for each in channels}
    yield _gauge("held", "Put off until a limit or a transport lets them go.", held, "channel")
    doubts = {(each,): now.in_doubt.get(each, 0) for each in channels}
    yield _gauge("in_doubt", "It is not known whether they were accepted.", doubts, "channel")
    yield _gauge("steps_due", "Steps that fell due and are not planned yet.", {(): now.places_due})
    yield _gauge("under_way", "Claimed or being sent.", {(): now.under_way})
    yield _gauge("queue_age_seconds", "How long the oldest of what is due has waited.", {(): now.queue_seconds})
    opened = set(now.open_breakers())
    breakers = {(name,): int(name in opened) for name in sorted(now.breakers)}
    yield _gauge("breaker_open", "1 while a transport is left alone; absent while it works.", breakers, "transport")
    holds = {(kind.value,): sum(each.kind is kind for each in now.holds) for kind in HoldKind}
    yield _gauge("holds", "What the operator holds back.", holds, "kind")
    yield _gauge("alerts_waiting", "Alerts about somebody's safety that nobody has looked at.", {(): len(now.alerts)})
    oldest = 0.0 if now.oldest_alert is None else (now.at - now.oldest_alert).total_seconds()
    yield _gauge("alert_age_seconds", "How long the oldest of them has waited.", {(): oldest})
    yield _gauge("intake_backlog", "Stored calls that were not reacted to.", {(): now.intake})
    lasting = {(kind.value,): sum(each.kind is kind for each in now.incidents) for kind in IncidentKind}
    yield _gauge("incidents", "What is out of order.", lasting, "kind")


def _gauge(name: str, sentence: str, values: Mapping[Any, float], *labels: str) -> Metric:
    made = GaugeMetricFamily(f"rekindle_{name}", sentence, labels=labels)
    for label, value in values.items():
        made.add_metric(label, value)
    return made


def _histogram(name: str, sentence: str, taken: Histogram) -> Metric:
    made = HistogramMetricFamily(f"rekindle_{name}", sentence)
    buckets, so_far = [], 0
    for bound, number in zip([*map(str, taken.bounds), "+Inf"], taken.counts, strict=True):
        so_far += number
        buckets.append((bound, so_far))
    made.add_metric([], buckets, taken.total)
    return made
