"""A process's measures served to Prometheus, where that is wanted: an engine does without its library."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from signaltape.errors import SettingsError
from signaltape.measures import Ask


def serve_measures(port: int | None, process: str, parts: Mapping[str, Ask]) -> Callable[[], None]:
    """Serve them to Prometheus on 127.0.0.1, if a port is given. Returns what stops that.

    process: what this one is called, such as "worker"; parts: by name.
    Raises SettingsError, in one line, if prometheus_client is not installed or the port cannot be had.
    """
    if port is None:
        return lambda: None
    try:
        from signaltape.integrations.prometheus import serve  # an engine does without
    except ModuleNotFoundError as error:
        if error.name != "prometheus_client":
            raise
        raise SettingsError(
            "--metrics-port needs prometheus_client: pip install 'signaltape[prometheus]'"
        ) from None
    try:
        return serve(port, process, parts)
    except OSError as error:
        raise SettingsError(f"metrics on port {port}: {error.strerror}") from None
