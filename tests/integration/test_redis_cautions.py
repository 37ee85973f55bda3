"""A Redis that will lose the tape is found out by doctor, status and metrics."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from consumer.accepted import Outcome
from signaltape import Secret, Settings
from signaltape.redis_client import redis_client
from signaltape.redis_facts import ask, redis_cautions
from signaltape.stream import stream_key
from tests.integration.conftest import Runner, own_valkey
from tests.support.scraping import scraped
from worker.metrics import worker_parts


def kinds(client: Any, settings: Settings) -> set[str]:
    return {one.kind for one in redis_cautions(client, settings)}


def test_the_embedded_server_brings_no_caution(redis_client: Any, settings: Settings) -> None:
    assert kinds(redis_client, settings) == set()


def test_what_is_wrong_with_a_server_is_said_and_gone_when_mended(tmp_path: Path, settings: Settings) -> None:
    careless = ("--appendonly", "no", "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")
    with own_valkey(tmp_path, *careless) as valkey:
        client: Any = redis_client(Secret(valkey.url))
        client.xadd(stream_key(settings.stream, 2), {"event": "x"})
        assert kinds(client, settings) == {"eviction", "persistence", "stranded"}
        for one in redis_cautions(client, settings):
            if one.mend.startswith("redis-cli "):
                client.execute_command(*one.mend.split()[1:])
        assert kinds(client, msgspec.structs.replace(settings, partitions=3)) == set()
        client.replicaof("127.0.0.1", 1)
        assert "replica" in kinds(client, settings)
        client.replicaof("NO", "ONE")
        assert "replica" not in kinds(client, settings)
        client.close()


def test_of_a_server_that_refuses_to_be_asked_it_is_said_what_is_not_known(
    tmp_path: Path, settings: Settings, runner: Runner
) -> None:
    with own_valkey(tmp_path) as valkey:
        admin: Any = redis_client(Secret(valkey.url))
        admin.acl_setuser(
            "shy", enabled=True, passwords=["+hunter22"], keys=["*"], commands=["+xadd", "+ping"]
        )
        url = valkey.url.replace("unix://", "unix://shy:hunter22@")
        shy: Any = redis_client(Secret(url))
        known = ask(shy, settings)
        assert {"INFO", "CONFIG GET", "TIME"} <= set(known.refused)
        assert kinds(shy, settings) == {"unknown"}
        _, out, err = runner.run("signaltape", "doctor", REDIS_URL=url)
        assert "whether it evicts" in out, out + err
        assert "hunter22" not in out + err
        admin.close()
        shy.close()


@pytest.fixture
def stranded(redis_client: Any, settings: Settings) -> str:
    """A stream beyond the partitions, with one entry that no worker has seen."""
    key = stream_key(settings.stream, 3)
    redis_client.xadd(key, {"event": "x"})
    return key


def test_a_stream_beyond_the_partitions_is_shown_until_a_worker_is_done_with_it(
    redis_client: Any, settings: Settings, stranded: str
) -> None:
    (found,) = ask(redis_client, settings).stranded
    assert (found.key, found.entries) == (stranded, 1)
    redis_client.xgroup_create(stranded, "worker", id="0")
    redis_client.xreadgroup("worker", "w", {stranded: ">"})
    assert ask(redis_client, settings).stranded
    entry_id = redis_client.xrange(stranded)[0][0]
    redis_client.xack(stranded, "worker", entry_id)
    assert ask(redis_client, settings).stranded == []


def test_doctor_status_and_metrics_show_it(
    runner: Runner, redis_client: Any, settings: Settings, stranded: str
) -> None:
    started = [
        runner.start(*command)
        for command in (("signaltape", "doctor"), ("worker", "status"), ("worker", "status", "--json"))
    ]
    (_, doctor, _), (_, status, _), (_, as_json, _) = (one.finish() for one in started)
    for said in (doctor, status):
        assert f"{stranded} lies beyond SIGNALTAPE_PARTITIONS: 1 entries wait" in said
        assert "SIGNALTAPE_PARTITIONS=4" in said
    assert max(map(len, status.splitlines())) <= 80
    assert [one["kind"] for one in json.loads(as_json)["cautions"]] == ["stranded"]
    assert settings.database_url is not None
    shown = scraped(worker_parts(redis_client, settings.database_url, settings, Outcome))
    assert 'signaltape_redis_cautions{kind="stranded"} 1.0' in shown
    assert 'signaltape_redis_cautions{kind="eviction"} 0.0' in shown
