"""A right that was taken away is gone for what was asked before, too; whose command it is not has no button for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from desk.operations.users import add_user
from signaltape import Settings
from sink.db import Connection
from tests.support.alerted import Alerted
from tests.support.desking import TRADER
from tests.support.stepping import stepped

CHAT = -100123
ASKED = "SELECT kind, value FROM feedback UNION ALL SELECT 'snooze', category FROM snoozes"


def test_who_is_a_viewer_by_now_judges_nothing_that_was_asked_before(
    settings: Settings, connection: Connection
) -> None:
    with stepped(settings, connection) as desk:
        ref = Alerted(connection).sent(None, at=datetime.now(UTC) - timedelta(days=2), chats=(str(CHAT),))
        pressed = [desk.press(TRADER, f"a:{ref}:{word}", chat=CHAT) for word in ("up", "sn30")]
        desk.act()
        assert [desk.result(one)[0] for one in pressed] == ["asked", "asked"]
        add_user(settings, TRADER, "viewer", datetime.now(UTC))
        answered = [desk.press(TRADER, desk.buttons(one)[0], chat=CHAT) for one in pressed]
        desk.act()
        assert [desk.result(one) for one in answered] == [("ignored", "not allowed")] * 2
        assert connection.execute(ASKED).fetchall() == []


def test_whose_command_is_not_snooze_has_no_button_for_it(settings: Settings, connection: Connection) -> None:
    with stepped(settings, connection) as desk:
        ref = Alerted(connection).sent(None, at=datetime.now(UTC), chats=(str(CHAT),))
        add_user(settings, TRADER, "trader", datetime.now(UTC), commands=["risk"])
        pressed = desk.press(TRADER, f"a:{ref}:sn30", chat=CHAT)
        desk.act()
        assert desk.result(pressed) == ("ignored", "not allowed")
        assert connection.execute(ASKED).fetchall() == []
