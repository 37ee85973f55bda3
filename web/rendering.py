"""Templates to pages: everything from outside is escaped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from outbox import wording
from signaltape.clock import WIB, utc_now
from signaltape.terminal.cells import plain
from web.assets import address_of
from web.filters import hour_said, said
from web.http.access import WHO
from web.http.csrf import FORM_TOKEN
from web.navigation import navigation
from web.replay_mode import REPLAY_MODE

_FILTERS = {
    "pace": wording.pace,
    "minute": lambda at: f"{at.astimezone(WIB):%Y-%m-%d %H:%M}",
    "shortened": wording.shortened,
    "days": wording.days,
    "said": said,
    "moment": wording.moment,
    "exact": wording.exact,
    "instant": wording.instant,
    "r": wording.r_multiple,
    "unbroken": wording.unbroken,
    "grouped": wording.grouped,
    "signed": wording.signed,
    "number": wording.number,
    "duration": wording.duration,
    "hour": hour_said,
    # a name from outside, with what cannot be seen written out: nothing in it turns its letters round
    "seen": plain,
    "clock": lambda at: f"{at.astimezone(WIB):%H:%M}",
}
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters.update(_FILTERS)
_TEMPLATES.globals.update(asset=address_of)


def page(
    request: web.Request, template: str, title: str, *, status: int = 200, fresh_s: int = 0, **what: Any
) -> web.Response:
    """A page out of a template. fresh_s: it is asked for again so often, while somebody looks; 0: it stays."""
    who = request.get(WHO)
    text = _TEMPLATES.get_template(template).render(
        title=title,
        pages=navigation(request),
        fresh_s=fresh_s,
        who=who,
        replay=request.get(REPLAY_MODE),
        form_token=request.get(FORM_TOKEN, ""),
        now=utc_now(),
        **what,
    )
    return web.Response(status=status, text=text, content_type="text/html", charset="utf-8")
