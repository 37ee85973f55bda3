"""RUN_MODE is LIVE or REPLAY; an engine that means a replay never records by a slip of the pen."""

from __future__ import annotations

from pathlib import Path

import pytest

from signaltape import Emitter, Settings, SettingsError
from tests.support.samples import closed


@pytest.mark.parametrize("mode", ["replay", "Replay", "live", "REPLAY ", "SIM", "x"])
def test_any_other_word_is_refused_by_name_and_the_emitter_is_off(
    mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("FEATURE_EVENT_LOGGING", "true")
    monkeypatch.setenv("SIGNALTAPE_HOME", str(tmp_path))
    monkeypatch.setenv("RUN_MODE", mode)
    with pytest.raises(SettingsError, match=f"RUN_MODE must be LIVE or REPLAY, got '{mode}'"):
        Settings.from_env()
    tape = Emitter()
    assert tape.closed(closed()) is False
    assert [record.message for record in caplog.records] == [
        f"event logging is off: RUN_MODE must be LIVE or REPLAY, got '{mode}'"
    ]
    assert list(tmp_path.iterdir()) == []


def test_settings_made_in_code_record_only_with_live(tmp_path: Path) -> None:
    for mode, recorded in (("LIVE", True), ("REPLAY", False), ("replay", False)):
        tape = Emitter(Settings(feature_event_logging=True, home=tmp_path, run_mode=mode), ship=False)
        assert tape.closed(closed()) is recorded
        tape.close()
