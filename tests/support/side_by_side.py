"""Scenes in which seconds have to pass, played at the same time: they wait together, and fail apart."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import msgspec

from signaltape import Settings

Scene = Callable[[Settings], None]


def side_by_side(settings: Settings, subtests: Any, *scenes: Scene) -> None:
    """Each in a thread, with a tape and a home of its own; the database is the same. subtests: pytest's."""
    with ThreadPoolExecutor(len(scenes)) as threads:
        played = [
            (name_of(scene), threads.submit(scene, _of_its_own(settings, number)))
            for number, scene in enumerate(scenes)
        ]
        for name, one in played:
            with subtests.test(name):
                one.result()


def name_of(scene: Any) -> str:
    """As a test is called."""
    if isinstance(scene, partial):
        return f"{scene.func.__name__} {scene.keywords}"
    return str(scene.__name__)


def _of_its_own(settings: Settings, number: int) -> Settings:
    return msgspec.structs.replace(
        settings, stream=f"{settings.stream}-{number}", home=settings.home / str(number)
    )
