"""What the web process tells Prometheus about itself: what every process says, and its requests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest

from signaltape.integrations.prometheus import Measures
from signaltape.measures import Measure, one
from web.live import Feed

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """Counters of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._feed: Feed | None = None
        ProcessCollector(registry=self.registry)
        self.registry.register(Measures("web", {"followers": self._following}))
        self._requests = Counter(
            "signaltape_web_requests",
            "Requests answered",
            ["method", "address", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "signaltape_web_answer_seconds",
            "Time until an answer was ready",
            ["address"],
            buckets=_SECONDS,
            registry=self.registry,
        )

    def watch(self, feed: Feed) -> None:
        """Tell how many follow it."""
        self._feed = feed

    def counted(self) -> Middleware:
        """The layer that counts."""

        @web.middleware
        async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
            began = time.perf_counter()
            response = await handler(request)
            address = _address(request)
            self._requests.labels(_method(request), address, str(response.status)).inc()
            if not response.prepared:  # a stream lasts as long as somebody looks
                self._seconds.labels(address).observe(time.perf_counter() - began)
            return response

        return count

    async def serve(self, request: web.Request) -> web.Response:
        """All of it in Prometheus' text format."""
        said = await asyncio.to_thread(generate_latest, self.registry)
        return web.Response(body=said, headers={"Content-Type": "text/plain; version=0.0.4"})

    def _following(self) -> Iterable[Measure]:
        followers = self._feed.followers if self._feed is not None else 0
        return [one("signaltape_web_followers", "Who follows the stream of events", followers)]


def _address(request: web.Request) -> str:
    """The pattern of the address, not what was asked: that would be endless."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"


def _method(request: web.Request) -> str:
    return request.method if request.method in ("GET", "HEAD", "POST", "OPTIONS") else "other"
