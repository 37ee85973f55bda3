"""A real Prometheus of a test alone, asked over its HTTP API."""

from __future__ import annotations

import json
import math
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.prometheus.promtool import program
from tests.support.scraping import free_port
from tests.support.waiting import eventually

#: Scraped, and its rules evaluated, so often: a minute of Prometheus in a few seconds.
EVERY = "1s"
#: A board's range is far longer; what it asks for is the same.
_RANGE_S, _STEP_S = 20, 1


class Prometheus:
    """At `base`."""

    def __init__(self, base: str) -> None:
        self._base = base

    def values(self, expr: str) -> list[float]:
        """All numbers of all series of the last seconds, as a board would draw them; empty if there are none."""
        now = time.time()
        found = self.ask(
            "query_range", query=expr, start=f"{now - _RANGE_S}", end=f"{now}", step=f"{_STEP_S}"
        )
        numbers = [float(value) for series in found["result"] for _, value in series["values"]]
        return [number for number in numbers if math.isfinite(number)]

    def ask(self, what: str, **query: str) -> Any:
        """The answer's data. Raises AssertionError with what Prometheus says."""
        url = f"{self._base}/api/v1/{what}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{query}: {error.read().decode()}") from None

    def ready(self) -> bool:
        """Whether it answers."""
        try:
            with urllib.request.urlopen(f"{self._base}/-/ready") as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@contextmanager
def prometheus(folder: Path, targets: Path, rules: dict[str, Any]) -> Iterator[Prometheus]:
    """One that scrapes what the file names. rules: evaluated every second, whatever they say."""
    groups = [{**group, "interval": EVERY} for group in rules["groups"]]
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": groups}))
    config = {
        "global": {"scrape_interval": EVERY, "evaluation_interval": EVERY},
        "rule_files": ["rules.yml"],
        "scrape_configs": [{"job_name": "signaltape", "file_sd_configs": [{"files": [str(targets)]}]}],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    port = free_port()
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [
                program("prometheus"),
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'tsdb'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
    made = Prometheus(f"http://127.0.0.1:{port}")
    try:
        eventually(made.ready, timeout=60)
        yield made
    finally:
        process.terminate()
        process.wait(30)
