"""What a process measures of itself, for whoever wants to show it: names and numbers, asked when they are wanted.

A process names its parts; each is a function that asks. How they are served is in `signaltape.integrations.prometheus`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from signaltape.errors import SettingsError


class Measure(NamedTuple):
    """One number, or one for each value of a label.

    name: signaltape_<what>_<unit>; of a total without its `_total`.
    values: the numbers by the label's value; by an empty text where there is no label.
    total: whether it only ever grows.
    """

    name: str
    says: str
    values: Mapping[str, float]
    label: str = ""
    total: bool = False


#: Asks one part of a process for its numbers. It may raise anything: then the part is away, and left out.
Ask = Callable[[], Iterable[Measure]]


def one(name: str, says: str, value: float, *, total: bool = False) -> Measure:
    """A number without a label."""
    return Measure(name, says, {"": value}, total=total)


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
