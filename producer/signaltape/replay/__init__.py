"""Replays: what was recorded, played again to an engine that runs with RUN_MODE=REPLAY.

from signaltape.replay import ReplayFeed
feed = ReplayFeed(folder_of_a_session, speed=60)
feed.on("MARKET_CANDLE", engine.on_candle)
feed.run()          # or: await feed.run_async()
"""

from signaltape.replay.controls import Controls
from signaltape.replay.feed import ReplayFeed
from signaltape.replay.mode import Mode
from signaltape.replay.player import Player, PlayerStatus
from signaltape.replay.session import Manifest, NoSession, ReplayEvent, SessionBusy, SessionError

__all__ = [
    "Controls",
    "Manifest",
    "Mode",
    "NoSession",
    "Player",
    "PlayerStatus",
    "ReplayEvent",
    "ReplayFeed",
    "SessionBusy",
    "SessionError",
]
