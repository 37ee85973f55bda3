"""A process's measures served to Prometheus, where that is wanted: an engine does without its library."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from signaltape.errors import SettingsError
from signaltape.measures import Ask
from signaltape.settings import Settings

#: Without settings, to nobody elsewhere.
_HERE = "127.0.0.1"


def serve_measures(
    port: int | None, process: str, parts: Mapping[str, Ask], settings: Settings | None
) -> Callable[[], None]:
    """Serve them to Prometheus, if there is a port. Returns what stops that.

    port: of `--metrics-port`, else SIGNALTAPE_METRICS_PORT counts; process: what this one is called, such as "worker";
    parts: by name; settings: None for what runs once, beside the one that is scraped.
    Raises SettingsError, in one line, if prometheus_client is not installed or the port cannot be had.
    """
    port = port or (settings.metrics_port if settings else None)
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
        return serve(port, process, parts, settings.metrics_host if settings else _HERE)
    except OSError as error:
        raise SettingsError(f"metrics on port {port}: {error.strerror}") from None
