"""What every process serves is named, united and explained as Prometheus wants it: by promtool's own rules."""

from __future__ import annotations

import pytest

from tests.integration.conftest import Runner
from tests.prometheus.promtool import promtool
from tests.support.scraping import PROCESSES, fetched, free_port
from tests.support.waiting import eventually

#: Of what the process itself is said to be by Prometheus' own library: not ours to name.
FOREIGN = ("process_", "python_")


def complaints(text: str) -> list[str]:
    """What promtool says of it, but for what is not ours."""
    _, said = promtool("check", "metrics", given=text)
    return [line for line in said.splitlines() if line and not line.startswith(FOREIGN)]


@pytest.mark.parametrize("process", PROCESSES)
def test_promtool_has_nothing_to_say_of(runner: Runner, process: str) -> None:
    started, port = PROCESSES[process], free_port()
    runner.start(*started.command, "--metrics-port", str(port), **started.environment)
    text = eventually(lambda: fetched(port), timeout=60)
    assert f'process="{process}"' in text
    assert complaints(text) == []


def test_nor_of_the_dashboard(runner: Runner) -> None:
    port = free_port()
    runner.start("web", "--port", str(port))
    eventually(lambda: fetched(port), timeout=60)
    text = eventually(lambda: "signaltape_web_requests_total{" in fetched(port) and fetched(port), timeout=60)
    assert isinstance(text, str)
    assert complaints(text) == []


def test_a_name_against_the_rules_is_found() -> None:
    wrong = "# HELP signaltape_wait_milliseconds Wait\n# TYPE signaltape_wait_milliseconds gauge\n"
    assert complaints(f"{wrong}signaltape_wait_milliseconds 3\n")
