"""New weights from old ones and what is known of the layers. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from reports.layers.findings import Finding
from reports.text.numbers import EXACT

#: A weight changes by this much a week, or not at all.
SMALLEST_STEP, LARGEST_STEP = Decimal("0.02"), Decimal("0.05")
#: Half the shrunk lift is the step that is wanted: ten points of lift ask for the largest.
_STEP_PER_LIFT = Decimal("0.5")
_UNIT = Decimal("0.001")
_LEAST, _MOST = int(SMALLEST_STEP / _UNIT), int(LARGEST_STEP / _UNIT)


def nudge(weights: Mapping[str, Decimal], findings: Sequence[Finding]) -> dict[str, Decimal] | None:
    """The changed weights by layer, or None if nothing can change.

    A layer that helps takes weight from one that hurts; all others stay. Every change lies between SMALLEST_STEP and
    LARGEST_STEP, the total is kept exactly and none falls below 0. What one side cannot match is left for later, the
    weakest first; without a layer on both sides nothing changes.
    """
    known = [one for one in findings if one.layer in weights]
    gain = _wanted([one for one in known if one.verdict > 0], dict.fromkeys(weights, _MOST))
    room = {name: _in_units(weight) for name, weight in weights.items()}
    loss = _wanted([one for one in known if one.verdict < 0 and room[one.layer] >= _LEAST], room)
    while gain and loss and (len(gain) * _LEAST > _room(loss) or len(loss) * _LEAST > _room(gain)):
        (gain if len(gain) * _LEAST > _room(loss) else loss).pop()
    if not gain or not loss:
        return None
    total = min(_sum(gain), _sum(loss))
    total = max(total, len(gain) * _LEAST, len(loss) * _LEAST)
    changed = {name: EXACT.add(weights[name], step * _UNIT) for name, step in _share_out(total, gain).items()}
    changed |= {
        name: EXACT.subtract(weights[name], step * _UNIT) for name, step in _share_out(total, loss).items()
    }
    return {name: changed.get(name, weight) for name, weight in weights.items()}


#: Layer, wanted step and largest possible step, in thousandths; the strongest evidence first.
_Side = list[tuple[str, int, int]]


def _wanted(findings: Sequence[Finding], room: Mapping[str, int]) -> _Side:
    strongest = sorted(findings, key=lambda one: (-abs(one.lift.shrunk), one.layer))
    side = []
    for one in strongest:
        step = int(_STEP_PER_LIFT * Decimal(abs(one.lift.shrunk)) / _UNIT)
        side.append((one.layer, max(_LEAST, min(step, room[one.layer])), room[one.layer]))
    return side


def _in_units(weight: Decimal) -> int:
    """How much can be taken from a weight, in thousandths: at most the largest step."""
    return int(max(weight, Decimal(0)) / _UNIT) if weight < LARGEST_STEP else _MOST


def _room(side: _Side) -> int:
    return sum(most for _, _, most in side)


def _sum(side: _Side) -> int:
    return sum(step for _, step, _ in side)


def _share_out(total: int, side: _Side) -> dict[str, int]:
    """Steps that add up to `total`, each within its bounds and near what was wanted; the strongest keeps most."""
    steps = {name: step for name, step, _ in side}
    missing = total - sum(steps.values())
    for name, _, most in side if missing > 0 else reversed(side):
        step = max(_LEAST, min(most, steps[name] + missing))
        missing -= step - steps[name]
        steps[name] = step
    return steps
