"""The example engine, a real process: what it says, what it measures, and what its switches do."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.engine_process import Engine, engine, run
from tests.support.waiting import eventually

SIGNAL = "GET /api/signal/<symbol>"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Engine]:
    with engine(tmp_path) as one:
        yield one


def test_a_signal_has_an_entry_and_all_headers(running: Engine) -> None:
    reply = running.get("/api/signal/SOL")
    said = json.loads(reply.body)
    assert (reply.status, said["action"], said["data_quality"]) == (200, "enter", "ok")
    assert said["entry"] > 0
    assert reply.headers["x-model-version"] == "gpts-ai-signal-2025.09.13"
    assert reply.headers["x-features-version"] == "layers-8.3"
    assert reply.headers["x-rules-version"] == "analysis-mode-1.2"
    assert reply.headers["ratelimit-limit"] == "100"
    assert running.get("/api/signal/SOL").status == 200
    assert running.published() == [said["signal_id"]], "once, however often it is asked for"
    assert json.loads(running.get("/api/orderflow/SOL").body)["imbalance"] <= 1
    assert json.loads(running.get("/health").body)["status"] == "ok"


STRANGE = [
    {"price": -1},
    {"price": 0},
    {"price": "NaN"},
    {"price": "Infinity"},
    {"price": 1e308, "others": [221.0, 221.1]},
    {"bid": 230.0, "ask": 220.0},
    {"bid": None},
    {"funding_rate": 5.0},
    {"open_interest": -3},
    {"spread": -0.1},
    {"age_s": 31.0},
    {"skew_s": -60.0},
    {"price": 221.0, "others": [199.0, 199.1]},
]


def test_strange_market_data_are_answered_without_an_entry(running: Engine) -> None:
    for strange in STRANGE:
        running.switch(market={"SOL": strange})
        reply = running.get("/api/signal/SOL")
        said = json.loads(reply.body)
        assert reply.status == 200, strange
        assert said["data_quality"] == "bad", strange
        assert said["action"] == "wait"
        assert said["reasons"]
        assert not {"entry", "stop", "target", "signal_id"} & said.keys()
        assert json.loads(running.get("/api/orderflow/SOL").body)["data_quality"] == "bad"
        assert json.loads(running.get("/api/signal/BTC").body)["data_quality"] == "ok"


def test_what_it_measures_stands_on_its_tape(tmp_path: Path) -> None:
    with engine(tmp_path) as one:
        one.switch(error_share=0.5, only="/api/signal/<symbol>", ws_rtt_ms=400, screener_ttl_s=95, stale_s=12)
        statuses = [one.get("/api/signal/SOL").status for _ in range(10)]
        one.get("/api/signal/NOPE/more")
        eventually(lambda: json.loads(one.get("/health").body)["beats"] >= 1)
    assert statuses.count(500) == 5
    http = one.measured("http")
    assert http[SIGNAL].statuses == {"2xx": 5, "5xx": 5}
    assert len(http[SIGNAL].examples) == 3
    assert all(
        f"request {request_id} failed: {SIGNAL}" in one.log.read_text()
        for request_id in http[SIGNAL].examples
    )
    assert http["none"].statuses == {"4xx": 1}
    assert one.measured("ws")["orderflow"].max == 400
    assert one.measured("screener")["top"].last == 95
    assert one.measured("freshness")["SOL"].max == pytest.approx(12_400)


def test_slowness_is_measured_where_it_was_switched_on(tmp_path: Path) -> None:
    with engine(tmp_path) as one:
        one.switch(slow_ms=60, only="/api/orderflow/<symbol>")
        one.get("/api/orderflow/BTC")
        one.get("/api/signal/BTC")
    assert one.measured("http")["GET /api/orderflow/<symbol>"].min >= 60


def test_a_file_of_switches_that_is_wrong_changes_nothing_and_is_named(running: Engine) -> None:
    running.switch(error_share=1)
    assert running.get("/api/signal/SOL").status == 500
    running.switch(eror_share=0)
    assert running.get("/api/signal/SOL").status == 500
    assert "eror_share" in running.log.read_text()
    (running.home / "control.json").unlink()
    assert running.get("/api/signal/SOL").status == 200


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--rate", "fast"), "Error: limit.rate: 'fast' is no rate such as 100/second"),
        (("--keys", "nowhere.toml"), "Error: nowhere.toml: No such file or directory"),
        (("--origin", "*"), "Error: cors.origins: '*' is no origin such as https://desk.example"),
        (("--port", "TAKEN"), "Error: cannot listen on 127.0.0.1:TAKEN: Address already in use"),
    ],
)
def test_what_it_cannot_use_is_one_line(options: tuple[str, str], says: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = str(other.getsockname()[1])
        name, value = options
        code, out, err = run(name, value.replace("TAKEN", taken))
    assert (code, out, err.strip()) == (1, "", says.replace("TAKEN", taken))


def test_its_keys_are_in_a_file_two_for_one_client(tmp_path: Path) -> None:
    old, new = (hashlib.sha256(key).hexdigest() for key in (b"old", b"new"))
    keys = tmp_path / "keys.toml"
    client = f'[[clients]]\nname = "desk"\nsha256 = ["{old}", "{new}"]\nscopes = ["read"]\n'
    keys.write_text(f'[routes]\n"/health" = ""\n{client}')
    with engine(tmp_path, "--keys", str(keys)) as one:
        assert one.get("/health").status == 200
        assert one.get("/api/signal/SOL").status == 401
        assert one.get("/api/signal/SOL", "Authorization: Bearer old").status == 200
        assert one.get("/api/signal/SOL", "Authorization: Bearer new").status == 200
        assert one.get("/nowhere").status == 401
