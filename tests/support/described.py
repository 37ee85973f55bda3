"""What the API's description promises, made into questions by schemathesis.

A test imports this late: to load schemathesis and to think up the cases of every operation takes two seconds of a
core, and of all processes of a run one or two need it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.attack.effort import TIMES
from web.api.openapi import described

CHECKS: list[Any] = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]
DESCRIBED = schemathesis.openapi.from_dict(described())


def asked(method: str, path: str, address: str, line: requests.Session) -> Callable[[], None]:
    """What asks the server at `address` about one operation: its examples, its edges and some cases by chance."""

    @settings(max_examples=6 * TIMES, deadline=None, suppress_health_check=list(HealthCheck))
    def every_answer_is_one_that_is_described(case: Any) -> None:
        case.call_and_validate(base_url=address, checks=CHECKS, session=line)

    # what schemathesis' own plugin does while tests are collected, in every process for all operations
    whole: Callable[[], None] = build_operation_test(
        config=DESCRIBED.config,
        operation=DESCRIBED[path][method],
        test_func=every_answer_is_one_that_is_described,
        given_kwargs={},
        feedback=FeedbackSources(),
    )
    return whole


def ask(address: str, method: str, path: str, **values: str) -> None:
    """Ask about one that is there; values: what stands in its path."""
    DESCRIBED[path][method].Case(path_parameters=values).call_and_validate(base_url=address, checks=CHECKS)
