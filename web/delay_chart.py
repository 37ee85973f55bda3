"""The delay curve as a picture: mean R of each bin of the wait for the entry, with its interval, zero drawn. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from web.svg import FRAME, grid, line, svg, text
from web.targets import DelayRow


def delay_chart(rows: Sequence[DelayRow]) -> Markup | None:
    """None with fewer than two bins: nothing to compare."""
    if len(rows) < 2:
        return None
    ends = [end for one in rows for end in (one.interval or (one.r, one.r))]
    low, high = min(0.0, *ends), max(0.0, *ends)
    spread = (high - low) or 1.0

    def y(value: float) -> float:
        return FRAME.y((value - low) / spread)

    marks = [value for value in (low, 0.0, high) if not value or abs(value) > 0.08 * spread]
    parts = [grid([((value - low) / spread, f"{value:+.1f} R".replace("-", "−")) for value in marks])]
    for position, one in enumerate(rows):
        x = FRAME.x((position + 0.5) / len(rows))
        parts.append(text(x, FRAME.height - 30, one.name))
        parts.append(text(x, FRAME.height - 8, f"n={one.closed.n}", "faint"))
        if one.interval is not None:
            parts.append(line(x, y(one.interval[0]), x, y(one.interval[1]), "interval"))
        parts.append(f'<circle cx="{x}" cy="{y(one.r)}" r="5" class="dot"/>')
    picture = svg("Mean R by the wait for the entry, with 95 % intervals", parts)
    caption = "Mean R by the time from publication to entry, with its 95 % interval"
    return Markup(f'<figure class="still"><figcaption>{escape(caption)}</figcaption>{picture}</figure>')  # noqa: S704
