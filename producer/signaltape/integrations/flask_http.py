"""The HTTP hooks of a Flask app: who passes, errors as problems, and the layer that times and dresses answers."""

from __future__ import annotations

from flask import Flask, Response, got_request_exception, request
from werkzeug.exceptions import HTTPException, default_exceptions
from werkzeug.wrappers import Response as AnyResponse

from signaltape.emitter import Emitter
from signaltape.http.gate import Asked, Gate, Visit
from signaltape.http.hooks import HttpHooks
from signaltape.http.problems import PROBLEM_JSON, may_be_told
from signaltape.integrations.flask_wsgi import PATTERN, VISIT, Layer, note_pattern
from signaltape.measuring import recorder_of


def install(app: Flask, tape: Emitter, hooks: HttpHooks) -> None:
    """Put the hooks into an app. Raises SettingsError if one cannot be used as it is asked for."""
    gate = Gate(hooks)
    observe = recorder_of(tape).request if hooks.measure and tape.enabled else None
    if observe is None and not gate.acts:
        return
    app.wsgi_app = Layer(app.wsgi_app, gate, observe)  # type: ignore[method-assign, assignment]
    got_request_exception.connect(_failed, app)
    if gate.refuses:  # before all that the engine asks of a request
        app.before_request_funcs.setdefault(None, []).insert(0, _refused)
    if hooks.problems and HTTPException not in app.error_handler_spec[None][None]:
        app.register_error_handler(HTTPException, _told)


def _failed(app: Flask, exception: BaseException) -> None:
    """Nobody caught it, and the app may let it through without an answer."""
    note_pattern(request.environ)


def _refused() -> Response | None:
    environ = request.environ
    visit: Visit = environ[VISIT]
    pattern = note_pattern(environ)
    answer = visit.refused(Asked(request.method, request.path, pattern, request.remote_addr or "-"))
    return None if answer is None else Response(answer.body, answer.status, answer.headers)


def _told(error: HTTPException) -> HTTPException | AnyResponse:
    """An error as a problem, unless the engine gave its own answer, or a person asks."""
    status = error.code or 0
    if error.response is not None or not may_be_told(status, "text/html", request.headers.get("Accept")):
        return error
    visit: Visit = request.environ[VISIT]
    response = error.get_response(request.environ)
    response.set_data(_body(visit, status, error))
    response.headers["Content-Type"] = PROBLEM_JSON
    return response


def _body(visit: Visit, status: int, error: HTTPException) -> bytes:
    if getattr(error, "original_exception", None) is not None:  # nobody raised it as an answer
        visit.note_failure(request.method, request.environ.get(PATTERN))
    return visit.problem(status, request.path, _detail_of(error))


def _detail_of(error: HTTPException) -> str | None:
    """What the engine said by `abort(404, "…")`; None where it said nothing of its own."""
    usual, said = default_exceptions.get(error.code or 0), error.description
    if said is None or (usual is not None and said == usual.description):
        return None
    return str(said)  # `abort(400, error)` is often said, too
