"""What other weights would have said: a form that is an address, and both scorecards side by side."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from aiohttp import web
from multidict import MultiMapping

from outbox.wording import number
from reports.operations.compared import Compared
from reports.operations.rules import show_rules, weights_now, weights_of
from reports.operations.shown import Week, week_named, week_of
from signaltape.clock import utc_now
from signaltape.errors import InvalidRequest, NotFound
from web.api.upkeep_shapes import WhatIfUnderWay
from web.asked import is_text, number_in, text_in
from web.asking import asked
from web.http.problems import Problem
from web.rendering import page
from web.shared import SETTINGS
from web.whatif import MOST_WEEKS
from web.whatif_jobs import Wanted, compare

WEEKS = 8
#: While it is under way the page asks again so often.
_AGAIN_S = 2
#: Layers at most, and empty lines for those that are not named yet.
_MOST_LAYERS, _EMPTY = 200, 2


class Answer(NamedTuple):
    """Both scorecards; without them why there are none, with the status of that answer.

    under_way: they are being computed; the page asks again by itself.
    """

    shown: Compared | None = None
    why: str = ""
    status: int = 200
    under_way: WhatIfUnderWay | None = None


class Asked(NamedTuple):
    """What stands in the form. weights: names and numbers as they were typed."""

    week: Week
    weeks: int
    weights: list[tuple[str, str]]


async def show(request: web.Request) -> web.Response:
    """The form; with weights in the address, what they would have said."""
    given = request.query
    week = week_named(given["week"]) if given.get("week") else week_of(utc_now())
    weeks = number_in(given, "weeks", 1, MOST_WEEKS) or WEEKS
    typed = pairs_of(given)
    answer = await _compared(request, week, weeks, typed) if typed else Answer()
    weights = typed or await _to_begin_with(request, week)
    return page(
        request,
        "whatif.html",
        "What if",
        status=answer.status,
        form=Asked(week, weeks, [*weights, *[("", "")] * _EMPTY]),
        shown=answer.shown,
        why=answer.why,
        under_way=answer.under_way,
        again_s=_AGAIN_S,
        most_weeks=MOST_WEEKS,
    )


def pairs_of(given: MultiMapping[Any]) -> list[tuple[str, str]]:
    """Layers and their weights, as typed; lines without a name or a number are left out. Raises Problem."""
    names, values = given.getall("layer", []), given.getall("weight", [])
    if len(names) != len(values) or len(names) > _MOST_LAYERS:
        raise Problem(400, f"layer, weight: as many of one as of the other, {_MOST_LAYERS} at most")
    pairs = [(name.strip(), value.strip()) for name, value in zip(names, values, strict=True)]
    if not all(is_text(text) for pair in pairs for text in pair):
        raise Problem(400, "layer, weight: texts of at most 200 characters")
    return [(name, value) for name, value in pairs if name and value]


async def _compared(request: web.Request, week: Week, weeks: int, typed: list[tuple[str, str]]) -> Answer:
    try:
        weights = weights_of(msgspec.json.encode(dict(typed)))
        found = await compare(request.app, Wanted(week, weeks, weights))
    except InvalidRequest as error:
        return Answer(None, f"{error}.", 400)
    except NotFound:
        return Answer(None, f"No signal with layers was published in the {weeks} weeks up to {week.name}.")
    except (
        Problem
    ) as error:  # not as an error page: that asks again by itself, and it would be computed again
        return Answer(None, error.detail, error.status)
    if isinstance(found, WhatIfUnderWay):
        return Answer(status=202, under_way=found)
    return Answer(found.shown)


async def _to_begin_with(request: web.Request, week: Week) -> list[tuple[str, str]]:
    """The weights of the version that is named, else those that the week's signals carry."""
    settings, version = request.app[SETTINGS].reading, text_in(request.query, "from")
    if version is not None:
        weights: dict[str, Any] = (await asked(show_rules, settings, version)).weights
    else:
        in_use = await asked(weights_now, settings, week)
        weights = dict(in_use.by_layer) if in_use else {}
    return [(layer, number(Decimal(str(weight)))) for layer, weight in weights.items()][:_MOST_LAYERS]
