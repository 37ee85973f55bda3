"""The calls on replays, described."""

from __future__ import annotations

from web.api.describing import REF, Json, content, get, in_path, in_query, json_of, post
from web.replay_shapes import (
    Build,
    ReplayDone,
    ReplayManifest,
    ReplayStatus,
    Run,
    Seek,
    SetLoop,
    SetSpeed,
    Stop,
    Which,
)

TYPES = (Build, ReplayDone, ReplayManifest, ReplayStatus, Run, Seek, SetLoop, SetSpeed, Stop, Which)
_DONE = {200: json_of("ReplayDone")}


def paths() -> Json:
    """All of them."""
    session_id = in_path("session_id", "maxLength", 64)
    manifest = json_of("ReplayManifest")
    all_of_them = {"type": "array", "items": {"$ref": REF.format(name="ReplayManifest")}}
    return {
        "/api/replay/sessions": {
            **get("Sessions, newest first", content("application/json", all_of_them)),
            **post(
                "Build a session: 201 once it is done, 202 if that takes more than 5 s",
                "Build",
                {201: manifest, 202: manifest},
                404,
                409,
            ),
        },
        "/api/replay/sessions/{session_id}": get("A session", manifest, 404, parameters=[session_id]),
        "/api/replay/run": post(
            "Replay a session: 202 while it waits",
            "Run",
            {200: json_of("ReplayDone"), 202: json_of("ReplayDone")},
            404,
            409,
        ),
        "/api/replay/stop": _steering("Stop a replay, or all", "Stop"),
        "/api/replay/status": get(
            "How the replay stands that runs, or the one of a session",
            json_of("ReplayStatus"),
            404,
            parameters=[in_query("session", {"type": "string"})],
        ),
        "/api/replay/pause": _steering("Pause a replay", "Which"),
        "/api/replay/resume": _steering("Let a replay go on", "Which"),
        "/api/replay/step": _steering("Replay one event, and pause", "Which"),
        "/api/replay/seek": _steering("Go on from an event", "Seek"),
        "/api/replay/speed": _steering("Go on at another speed", "SetSpeed"),
        "/api/replay/loop": _steering("Begin anew at the end, or end there", "SetLoop"),
        "/api/replay/events": get(
            "What is replayed of a session, as server-sent events: nothing of it is live",
            content("text/event-stream", {"type": "string"}),
            400,
            404,
            parameters=[
                in_query("session", {"type": "string"}),
                in_query("after", {"type": "string"}, "as Last-Event-ID"),
            ],
        ),
    }


def _steering(summary: str, body: str) -> Json:
    return post(summary, body, _DONE, 404, 409)
