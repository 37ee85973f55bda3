"""Layers: lift, the second opinion, and the weights that follow."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.bins import Bins
from reports.evidence.pooling import weights as week_weights
from reports.layers.findings import Finding, find
from reports.layers.lift import Lift, Pattern, discoveries, lifts, shrink
from reports.layers.message import layer_lines, weights_line
from reports.layers.regression import PRIOR_SD, Effect, effects
from reports.layers.simulation import WORLDS, simulate
from reports.layers.weights import LARGEST_STEP, SMALLEST_STEP, nudge
from reports.layers.whatif import Said, compare, read_weights, rescore

BINS = Bins(
    tuple(map(Decimal, ("0.5", "0.6", "0.7", "0.8"))),
    ("<0.50", "0.50-0.59", "0.60-0.69", "0.70-0.79", "0.80+"),
)


def test_one_weeks_lift_is_winrate_of_matches_less_winrate_of_all() -> None:
    (found,) = lifts([Pattern(0, {"smc": True}, 20, 12), Pattern(0, {"smc": False}, 30, 9)])
    assert found.lift == pytest.approx(12 / 20 - 21 / 50)
    assert found.matches == 20
    # (30/50)² (13/22 · 9/22 / 22 + 10/32 · 22/32 / 32), by hand
    error = 0.6 * (13 / 22 * 9 / 22 / 22 + 10 / 32 * 22 / 32 / 32) ** 0.5
    assert found.interval == pytest.approx((0.18 - 1.959964 * error, 0.18 + 1.959964 * error), abs=1e-6)


def test_older_weeks_weigh_less_and_each_is_compared_with_itself() -> None:
    good_week = [Pattern(0, {"smc": True}, 40, 32), Pattern(0, {"smc": False}, 10, 8)]
    bad_week = [Pattern(4, {"smc": True}, 10, 3), Pattern(4, {"smc": False}, 40, 8)]
    (found,) = lifts(good_week + bad_week)
    assert week_weights(5)[4] == 0.5
    assert found.lift == pytest.approx((40 * 0.0 + 0.5 * 10 * (0.3 - 0.22)) / (40 + 0.5 * 10))
    assert (found.weeks, found.weeks_same) == (2, 1), "a lift of zero has no sign"


def test_a_layer_that_always_or_never_matches_says_nothing() -> None:
    assert lifts([Pattern(0, {"a": True, "b": False}, 50, 25)]) == []
    assert lifts([]) == []


def test_shrinking_keeps_what_is_sure_and_drops_what_is_luck() -> None:
    shrunk = shrink(np.array([0.2, -0.2, 0.2]), np.array([0.01, 0.01, 0.4]))
    assert shrunk[0] == pytest.approx(0.2, rel=0.01)
    assert abs(shrunk[2]) < 0.05
    assert shrink(np.array([0.01, -0.01]), np.array([0.1, 0.1])) == pytest.approx([0, 0])


def test_the_regression_finds_the_maximum_that_a_plain_optimiser_finds() -> None:
    from scipy.optimize import minimize  # takes a fifth of a second: no other test needs it

    generator = np.random.default_rng(1)
    cases = [{"a": bool(n & 1), "b": bool(n & 2), "c": bool(n & 4)} for n in range(8)]
    patterns = [
        Pattern(age, one, 20, int(generator.binomial(20, 0.6 if one["a"] else 0.45)))
        for age in range(3)
        for one in cases
    ]
    weight = np.array(week_weights(8))[[one.age for one in patterns]]
    weight = weight * weight.sum() / (weight**2).sum()
    matched = np.array([[one.layers[name] - 0.5 for name in "abc"] for one in patterns])
    week = np.eye(8)[[one.age for one in patterns]]
    wins, n = (np.array([getattr(one, of) for one in patterns]) for of in ("wins", "closed"))

    def loss(beta: Any) -> float:
        odds = np.hstack([matched, week]) @ beta
        likelihood = weight * (wins * odds - n * np.logaddexp(0, odds))
        return float(
            -likelihood.sum() + (beta[:3] ** 2).sum() / 2 / PRIOR_SD**2 + (beta[3:] ** 2).sum() / 200
        )

    best = minimize(loss, np.zeros(11), tol=1e-10).x
    found = effects(patterns)
    assert [found[name].log_odds for name in "abc"] == pytest.approx(best[:3], abs=1e-4)


def test_a_layer_that_only_keeps_bad_company_is_cleared() -> None:
    """`b` matches mostly where `a` does, and `a` is what loses."""
    patterns = [
        Pattern(age, {"a": a, "b": b}, n, round(n * (0.35 if a else 0.65)))
        for age in range(8)
        for a, b, n in ((True, True, 40), (True, False, 20), (False, True, 10), (False, False, 40))
    ]
    by_layer = {one.layer: one for one in find(patterns)}
    assert by_layer["b"].lift.off_zero
    assert by_layer["a"].verdict == -1
    assert by_layer["b"].verdict == 0


def finding(layer: str, shrunk: float, sure: bool = True) -> Finding:
    """A layer that is shown to help or to hurt by `shrunk` (or is not shown to)."""
    weeks = 8 if sure else 3
    low, high = (shrunk / 2, shrunk * 2) if shrunk > 0 else (shrunk * 2, shrunk / 2)
    lift = Lift(layer, 100, shrunk, (low, high), shrunk, True, weeks, weeks)
    return Finding(lift, Effect(shrunk * 4, (low * 4, high * 4)))


ONE = Decimal(1)
layer_sets = st.dictionaries(
    st.sampled_from("abcdefgh"),
    st.tuples(
        st.decimals(0, 1, places=4, allow_nan=False),
        st.floats(-0.3, 0.3).filter(lambda value: abs(value) > 1e-4),
        st.booleans(),
    ),
    min_size=1,
)


@given(layer_sets)
def test_nudged_weights_keep_every_rule(layers: dict[str, tuple[Decimal, float, bool]]) -> None:
    weights = {name: weight for name, (weight, _, _) in layers.items()}
    findings = [finding(name, lift, sure) for name, (_, lift, sure) in layers.items()]
    changed = nudge(weights, findings)
    if changed is None:
        ups = [one for one in findings if one.verdict > 0]
        downs = [one for one in findings if one.verdict < 0 and weights[one.layer] >= SMALLEST_STEP]
        assert not ups or not downs
        return
    assert changed.keys() == weights.keys()
    assert sum(changed.values()) == sum(weights.values())
    assert all(weight >= 0 for weight in changed.values())
    for one in findings:
        step = changed[one.layer] - weights[one.layer]
        if step:
            assert SMALLEST_STEP <= abs(step) <= LARGEST_STEP
            assert one.verdict * step > 0


def test_ten_points_of_lift_ask_for_the_largest_step() -> None:
    weights = {"smc": Decimal("0.20"), "trend": Decimal("0.30"), "news": Decimal("0.50")}
    changed = nudge(
        weights, [finding("smc", -0.12), finding("trend", 0.11), finding("news", 0.2, sure=False)]
    )
    assert changed == {"smc": Decimal("0.150"), "trend": Decimal("0.350"), "news": Decimal("0.50")}
    assert nudge(weights, [finding("smc", -0.12)]) is None, "nobody could take it"
    assert (
        nudge({"smc": Decimal("0.01"), "trend": ONE}, [finding("smc", -0.1), finding("trend", 0.1)]) is None
    )


def test_what_the_simulation_must_show() -> None:
    rates = {one.world: one for one in simulate(runs=100)}
    assert set(rates) == set(WORLDS)
    assert rates["one hurts"].poison_found >= 0.80
    assert rates["one hurts, one helps"].poison_found >= 0.80
    assert rates["one hurts, one helps"].poison_lowered >= 0.75
    assert all(one.null_touched <= 0.05 for one in rates.values())
    assert rates["none does anything"].poison_lowered <= 0.05


def test_the_message_names_the_best_and_the_worst_three() -> None:
    findings = [finding(f"l{number}", (4.5 - number) / 100) for number in range(8)]
    lines = layer_lines(findings)
    assert [line.split()[1] for line in lines[1:]] == ["l0", "l1", "l2", "l5", "l6", "l7"]
    assert lines[1] == "▲ l0 +4.5 (+2.2 … +9.0), 8 of 8 weeks: helps"
    assert lines[-1].endswith("8 of 8 weeks: hurts")
    assert layer_lines([]) == []
    alone = weights_line([finding("smc", -0.1)], "1.2", None, None)
    assert alone == (
        "Weights: no change (smc hurts, but no layer is shown to help and could take its weight)"
    )


def signal(score: str, *, won: bool = True, **layers: tuple[bool, str | None]) -> Said:
    said = {name: (matched, None if own is None else Decimal(own)) for name, (matched, own) in layers.items()}
    return Said(Decimal(score), said, True, won)


def test_a_score_changes_by_the_difference_of_the_weights_that_matched() -> None:
    one = signal("0.75", a=(True, "0.5"), b=(True, "0.2"), c=(False, "0.3"))  # 0.05 is the engine's own
    assert rescore(one, {"a": Decimal("0.4"), "c": Decimal("0.4")}) == Decimal("0.65")
    assert rescore(one, {"a": Decimal("9")}) == 1
    without = signal("0.75", a=(True, None), b=(False, None))
    assert rescore(without, {"a": Decimal("0.3"), "b": Decimal("0.1")}) == Decimal("0.75")


def test_what_if_counts_both_sides_and_says_what_it_leaves_out() -> None:
    signals = [
        signal("0.7", a=(True, "0.7"), b=(False, "0.3")),
        signal("0.3", won=False, a=(False, "0.7"), b=(True, "0.3")),
        signal("0.9"),
    ]
    result = compare(signals, {"a": Decimal("0.2"), "b": Decimal("0.8"), "z": Decimal(1)}, BINS)
    assert [(one.wins, one.n) for one in result.published.bins] == [(0, 1), (0, 0), (0, 0), (1, 1), (0, 0)]
    assert [(one.wins, one.n) for one in result.rescored.bins] == [(1, 1), (0, 0), (0, 0), (0, 0), (0, 1)]
    assert (result.signals, result.without_layers, result.moved, result.below) == (2, 1, 2, 1)
    assert (result.shifted, result.unknown) == (0, ["z"])


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"[1]", "weights must be a JSON object"),
        (b"{", "weights must be a JSON object"),
        (b"{}", "weights must be an object of layer names"),
        (b'{"a": "x"}', "weight of a must be a number, 0 or more, got 'x'"),
        (b'{"a": -1}', "weight of a must be a number, 0 or more, got -1"),
        (b'{"a": true}', "weight of a must be"),
        (b'{"weights": {"a": null}}', "weight of a must be"),
    ],
)
def test_wrong_weights_are_refused_by_name(data: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_weights(data)


def test_weights_are_read_exactly_also_from_an_export() -> None:
    assert read_weights(b'{"a": 0.1, "b": 1}') == {"a": Decimal("0.1"), "b": Decimal(1)}
    assert read_weights(b'{"rules_version": "x", "weights": {"a": 0.3}}') == {"a": Decimal("0.3")}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_discoveries_are_those_of_scipy(values: list[float]) -> None:
    from scipy.stats import false_discovery_control

    p_values = np.array(values)
    theirs = false_discovery_control(p_values)
    ours = discoveries(p_values)
    near = np.isclose(theirs, 0.05, atol=1e-12)  # the last digit decides
    assert (ours == (theirs <= 0.05))[~near].all()
