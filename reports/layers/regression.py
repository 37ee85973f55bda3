"""The second opinion: a regularised logistic regression of winning on all layers at once. Pure.

Lift looks at one layer at a time, so a layer that merely tends to match together with a bad one looks bad itself.
Here each layer's effect is that with all others held.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtri

from reports.evidence.pooling import WEEKS, weights
from reports.layers.lift import Pattern

#: Standard deviation of the prior on each effect, in log odds: one doubles or halves an even chance, about.
PRIOR_SD = 1.0
_INTERCEPT_SD = 10.0
_Z = float(ndtri(0.975))
_MOST_STEPS = 50
_CLOSE_ENOUGH = 1e-9


class Effect(NamedTuple):
    """What a match of a layer adds to the log odds of winning, all others held, with its 95 % interval."""

    log_odds: float
    interval: tuple[float, float]

    @property
    def off_zero(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.interval[0] > 0 or self.interval[1] < 0


def effects(patterns: Sequence[Pattern]) -> dict[str, Effect]:
    """The effect of every named layer.

    Ridge logistic regression (le Cessie & van Houwelingen, Applied Statistics 41, 1992), one intercept a week, older
    weeks weighing less, with the weights scaled to Kish's effective sample size; the interval is that of the normal
    approximation at the maximum. A layer that a signal does not name counts as half a match.
    """
    names = sorted({name for one in patterns for name in one.layers})
    if not names:
        return {}
    matched = np.array([[float(one.layers.get(name, 0.5)) for name in names] for one in patterns])
    by_week = np.eye(WEEKS)[[one.age for one in patterns]]
    closed, wins = (np.array([getattr(one, of) for one in patterns], float) for of in ("closed", "wins"))
    weight = np.array(weights(WEEKS))[[one.age for one in patterns]]
    weight = weight * (weight @ closed) / (weight**2 @ closed)
    penalty = np.array([PRIOR_SD] * len(names) + [_INTERCEPT_SD] * WEEKS) ** -2.0
    best, covariance = _fit(np.hstack([matched - 0.5, by_week]), weight * closed, weight * wins, penalty)
    reach = _Z * np.sqrt(np.diag(covariance))
    return {
        name: Effect(
            float(best[place]), (float(best[place] - reach[place]), float(best[place] + reach[place]))
        )
        for place, name in enumerate(names)
    }


def _fit(
    design: NDArray[np.float64],
    n: NDArray[np.float64],
    wins: NDArray[np.float64],
    penalty: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Newton's method on the penalised likelihood, which is concave: the maximum and the inverse curvature there."""
    beta = np.zeros(design.shape[1])
    for _ in range(_MOST_STEPS):
        chance = expit(design @ beta)
        slope = design.T @ (wins - n * chance) - penalty * beta
        curvature = design.T @ (design * (n * chance * (1 - chance))[:, None]) + np.diag(penalty)
        step = np.linalg.solve(curvature, slope)
        beta = beta + step
        if np.abs(step).max() < _CLOSE_ENOUGH:
            break
    return beta, np.linalg.inv(curvature)
