"""What the guard reads from its environment, and what it refuses by name."""

from __future__ import annotations

import pytest

from guard.settings import Chat, GuardSettings
from signaltape.errors import SettingsError


def test_without_any_it_has_the_shipped_rules_and_tells_nobody() -> None:
    guard = GuardSettings.from_env({})
    assert guard.rules.source == "guard/rules.toml"
    assert (guard.chats, guard.processes, guard.every_s) == ((), (), 10.0)


def test_chats_roles_and_seconds_are_read() -> None:
    guard = GuardSettings.from_env(
        {
            "TELEGRAM_CHAT_ID": "42",
            "SIGNALTAPE_GUARD_CHATS": "-1001234567890/7, 42",
            "SIGNALTAPE_GUARD_PROCESSES": "worker, ship,worker",
            "SIGNALTAPE_GUARD_EVERY_S": "2.5",
        }
    )
    assert guard.chats == (Chat("-1001234567890", 7), Chat("42"))
    assert (guard.processes, guard.every_s) == (("worker", "ship"), 2.5)
    assert GuardSettings.from_env({"TELEGRAM_CHAT_ID": "42"}).chats == (Chat("42"),)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SIGNALTAPE_GUARD_CHATS", "my chat"),
        ("SIGNALTAPE_GUARD_CHATS", "1,1"),
        ("SIGNALTAPE_GUARD_CHATS", ",".join(map(str, range(1, 23)))),
        ("SIGNALTAPE_GUARD_CHATS", "1/x"),
        ("SIGNALTAPE_GUARD_CHATS", "1/0"),
        ("SIGNALTAPE_GUARD_PROCESSES", "Worker"),
        ("SIGNALTAPE_GUARD_PROCESSES", ",".join(f"a{n}" for n in range(51))),
        ("SIGNALTAPE_GUARD_EVERY_S", "often"),
        ("SIGNALTAPE_GUARD_EVERY_S", "nan"),
        ("SIGNALTAPE_GUARD_EVERY_S", "0"),
        ("SIGNALTAPE_GUARD_EVERY_S", "31"),
        ("SIGNALTAPE_GUARD_RULES", "/not/there.toml"),
    ],
)
def test_what_is_wrong_is_refused_in_a_line_that_names_the_variable(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=name) as caught:
        GuardSettings.from_env({name: text})
    assert "\n" not in str(caught.value)
