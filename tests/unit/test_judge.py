"""The verdict on an answer of the Bot API, or of whatever stands in between: total, and never a guess."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbox.judging import LONGEST_WAIT_S, CallOutcome, Reply
from outbox.judging import judge as judge_of

#: a group
ASKED = "-42"


def judge(status: int, body: bytes, asked: str = ASKED) -> Reply:
    return judge_of(status, body, asked)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
answers = st.fixed_dictionaries(
    {},
    optional={
        "ok": st.booleans() | json_values,
        "result": json_values | st.fixed_dictionaries({"message_id": json_values}),
        "description": json_values,
        "error_code": json_values,
        "parameters": json_values
        | st.fixed_dictionaries({}, optional={"retry_after": json_values, "migrate_to_chat_id": json_values}),
    },
)
statuses = st.sampled_from([200, 201, 302, 400, 401, 403, 404, 409, 413, 429, 500, 502, 599]) | st.integers(
    100, 599
)


@given(statuses, json_values | answers)
def test_any_json_has_a_verdict_that_can_be_written_down(status: int, answer: Any) -> None:
    check(status, json.dumps(answer).encode())


@given(
    statuses,
    st.binary(max_size=60) | st.sampled_from([b"[" * 10_000, b'{"ok":false,"description":"\\u0000"}']),
)
def test_any_bytes_have_a_verdict_that_can_be_written_down(status: int, body: bytes) -> None:
    check(status, body)


def check(status: int, body: bytes) -> None:
    reply = judge(status, body)
    assert math.isfinite(reply.retry_after_s)
    assert 0 <= reply.retry_after_s <= LONGEST_WAIT_S
    assert reply.message_id is None or (type(reply.message_id) is int and 0 < reply.message_id < 2**63)
    assert reply.moved_to is None or int(reply.moved_to)
    assert "\n" not in reply.error
    assert "\0" not in reply.error
    assert len(reply.error) <= 400
    assert reply.error or reply.verdict is CallOutcome.DONE


def refusal(status: int, **parameters: Any) -> bytes:
    return json.dumps(
        {"ok": False, "error_code": status, "description": "no", "parameters": parameters}
    ).encode()


@pytest.mark.parametrize(
    ("retry_after", "wait_s"),
    [
        (7, 7),
        (0.5, 0.5),
        ("7", 7),
        (None, 1),
        (-5, 1),
        ("soon", 1),
        ([1], 1),
        (True, 1),
        (10**400, LONGEST_WAIT_S),
    ],
)
def test_a_429_waits_as_told_or_for_a_second(retry_after: Any, wait_s: float) -> None:
    reply = judge(429, refusal(429, retry_after=retry_after))
    assert (reply.verdict, reply.retry_after_s) == (CallOutcome.NOT_SENT, wait_s)


@pytest.mark.parametrize("parameters", [None, [1], "x", 7, True])
def test_parameters_of_another_kind_say_nothing(parameters: Any) -> None:
    body = json.dumps({"ok": False, "description": "no", "parameters": parameters}).encode()
    assert judge(429, body).verdict is CallOutcome.NOT_SENT
    assert judge(400, body).verdict is CallOutcome.REFUSED


@pytest.mark.parametrize(
    ("new_id", "moved_to"), [(-1001234567890, "-1001234567890"), ("-1001234567890", "-1001234567890")]
)
def test_a_chat_with_a_new_id_is_followed(new_id: Any, moved_to: str) -> None:
    assert judge(400, refusal(400, migrate_to_chat_id=new_id)).moved_to == moved_to


@pytest.mark.parametrize("new_id", [0, True, "elsewhere", [1], -1.5, 10**30, "٣", 42, -42, "-100123"])
def test_a_new_id_that_is_none_is_left_to_a_person(new_id: Any) -> None:
    reply = judge(400, refusal(400, migrate_to_chat_id=new_id))
    assert (reply.verdict, reply.moved_to) == (CallOutcome.NOT_SENT, None)
    assert "TELEGRAM_CHAT_ID" in reply.error


@pytest.mark.parametrize(
    ("asked", "is_believed"),
    [
        ("-42", True),
        ("-999999999999", True),
        ("-1000000000000", False),
        ("-1001234567890", False),
        ("-01001234567890", False),
        ("-0100123", False),
        ("4242", False),
        ("@desk", False),
        ("", False),
    ],
)
def test_only_a_group_can_have_become_a_supergroup(asked: str, is_believed: bool) -> None:
    reply = judge(400, refusal(400, migrate_to_chat_id=-1009876543210), asked)
    assert (reply.moved_to is not None) is is_believed
    assert reply.verdict is (CallOutcome.REFUSED if is_believed else CallOutcome.NOT_SENT)


@pytest.mark.parametrize("status", [500, 502])
def test_a_server_in_trouble_says_nothing_of_moves(status: int) -> None:
    reply = judge(status, refusal(status, migrate_to_chat_id=-1009876543210))
    assert (reply.verdict, reply.moved_to) == (CallOutcome.UNCERTAIN, None)


@pytest.mark.parametrize("ok", [1, "true", None, [], {}])
def test_an_answer_that_says_neither_yes_nor_no_is_none(ok: Any) -> None:
    assert (
        judge(200, json.dumps({"ok": ok, "result": {"message_id": 5}}).encode()).verdict
        is CallOutcome.UNCERTAIN
    )
    assert judge(400, json.dumps({"ok": ok, "description": "no"}).encode()).verdict is CallOutcome.UNCERTAIN


def test_a_no_with_the_status_of_a_yes_is_uncertain() -> None:
    assert judge(200, refusal(400)).verdict is CallOutcome.UNCERTAIN
