"""Flask: on real servers every answer is the same byte for byte, measured or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from signaltape import Settings
from signaltape.http import HttpHooks
from tests.support import hooked_flask
from tests.support.engine_process import IMPORTS
from tests.support.hooked_calls import CALLS, answers
from tests.support.hooked_flask import create_app
from tests.support.http_servers import gunicorn_threads, werkzeug_threads
from tests.support.measured_http import measurements_in, measuring_settings, statuses
from tests.support.raw_http import exchange, request_of

#: Paths that are asked of a worker process, and by what pattern each is counted.
SPOILT_EASILY = {
    "/json/SOL": "/json/<symbol>",
    **{path: path for path in ("/stream", "/breaks", "/file", "/boom", "/same", "/context")},
}


def test_in_threads_of_werkzeug(tmp_path: Path) -> None:
    settings = measuring_settings(tmp_path)
    with werkzeug_threads(create_app(settings, None)) as off:
        usual = answers(off)
    with werkzeug_threads(create_app(settings, HttpHooks())) as on:
        assert answers(on) == usual
    assert len(usual) == len(CALLS)


def test_in_threads_of_gunicorn(tmp_path: Path) -> None:
    asked = [(method, path) for path in SPOILT_EASILY for method in ("GET", "HEAD")]
    answered = {}
    for hooked in ("on", "off"):
        environment = {"HOOKED_HOME": str(tmp_path), "HOOKED": hooked, "PYTHONPATH": IMPORTS}
        with gunicorn_threads("tests.support.hooked_flask:from_environment()", environment) as port:
            answered[hooked] = {one: exchange(port, request_of(*one)) for one in asked}
    assert answered["on"] == answered["off"]
    counted = {one.name: one.count for one in measurements_in(tmp_path)}
    assert counted == {f"{method} {SPOILT_EASILY[path]}": 1 for method, path in asked}, "at the worker's end"


def test_each_endpoint_is_counted_by_its_pattern(tmp_path: Path) -> None:
    app = create_app(measuring_settings(tmp_path), HttpHooks())
    with werkzeug_threads(app) as port:
        answers(port)
    assert statuses(app.extensions["signaltape"]) == {
        "GET /json/<symbol>": {"2xx": 2},
        "HEAD /json/<symbol>": {"2xx": 1},
        "POST /echo": {"2xx": 1},
        "OPTIONS /echo": {"2xx": 1},
        "GET /empty": {"2xx": 1},
        "GET /same": {"2xx": 1, "3xx": 1},
        "HEAD /same": {"2xx": 1},
        "GET /file": {"2xx": 2},
        "GET /boom": {"5xx": 1},
        "GET /own-error": {"5xx": 1},
        "GET /abort": {"4xx": 1},
        "GET /later": {"2xx": 1},
        "GET /stream": {"2xx": 1},
        "HEAD /stream": {"2xx": 1},
        "GET /breaks": {"5xx": 1},
        "none": {"4xx": 3},
    }
    app.extensions["signaltape"].close()


def test_what_an_engine_does_behind_its_answer_is_still_done(tmp_path: Path) -> None:
    hooked_flask.AFTERWARDS.clear()
    with werkzeug_threads(create_app(measuring_settings(tmp_path), HttpHooks())) as port:
        assert exchange(port, request_of("GET", "/later")).endswith(b"now")
    assert hooked_flask.AFTERWARDS == ["later"]


def test_an_error_that_an_engine_lets_through_passes_and_counts_as_one(tmp_path: Path) -> None:
    app = create_app(measuring_settings(tmp_path), HttpHooks())
    app.config["PROPAGATE_EXCEPTIONS"] = True
    with pytest.raises(RuntimeError, match="on purpose"):
        app.test_client().get("/boom")
    assert statuses(app.extensions["signaltape"]) == {"GET /boom": {"5xx": 1}}
    app.extensions["signaltape"].close()


def test_a_tape_that_is_off_measures_nothing(tmp_path: Path) -> None:
    off = Settings(feature_event_logging=False, home=tmp_path)
    app = create_app(off, HttpHooks())
    assert "wsgi_app" not in vars(app), "there is nothing around it"
    assert app.test_client().get("/json/SOL").status_code == 200
    assert not list(tmp_path.iterdir())
