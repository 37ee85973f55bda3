"""The tests behind the verdict. Counts may be fractions, because pooled weeks weigh less as they age.

Arrays broadcast: the last axis is that of the bins, in order of the score.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincinv, ndtri

Floats = NDArray[np.float64]

#: Jeffreys' prior for a proportion: Beta(1/2, 1/2) (Brown, Cai & DasGupta, "Interval Estimation for a Binomial
#: Proportion", Statistical Science 16, 2001).
_PRIOR = 0.5
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)
_U = (_NODES + 1) / 2
_W = _WEIGHTS / 2


def trend_z(wins: Any, n: Any) -> Floats:
    """The Cochran–Armitage statistic for a linear trend of the winrate over the bins.

    Positive if the winrate rises; standard normal if all bins win equally often (Armitage, "Tests for Linear
    Trends in Proportions and Frequencies", Biometrics 11, 1955). Bins without signals count for nothing; 0
    where there is nothing to compare.
    """
    wins, n = np.asarray(wins, float), np.asarray(n, float)
    scores = np.arange(n.shape[-1], dtype=float)
    total = n.sum(-1)
    safe_total = np.maximum(total, 1e-12)
    rate = wins.sum(-1) / safe_total
    centre = (n * scores).sum(-1) / safe_total
    moved = (wins * scores).sum(-1) - rate * (n * scores).sum(-1)
    spread = (n * (scores - centre[..., None]) ** 2).sum(-1)
    variance = rate * (1 - rate) * spread
    return np.where(variance > 1e-12, moved / np.sqrt(np.maximum(variance, 1e-12)), 0.0)


def decrease_probability(wins: Any, n: Any) -> Floats:
    """For each pair of neighbouring bins, the posterior probability that the higher one wins less often.

    P(p[i+1] < p[i]) for independent Beta posteriors under Jeffreys' prior, by Gauss–Legendre quadrature over the
    quantiles of p[i]. A bin without signals has only the prior.
    """
    wins, n = np.broadcast_arrays(np.asarray(wins, float), np.asarray(n, float))
    pairs = np.stack((wins[..., :-1], n[..., :-1], wins[..., 1:], n[..., 1:]), axis=-1)
    distinct, place = np.unique(pairs.reshape(-1, 4), axis=0, return_inverse=True)
    return _below(distinct)[place].reshape(pairs.shape[:-1])


def _below(pairs: Floats) -> Floats:
    """The same for each row: wins and n of the lower bin, then of the higher one."""
    lower, place = np.unique(
        pairs[:, :2], axis=0, return_inverse=True
    )  # an inverse is dear, a simulation repeats many
    quantiles = betaincinv(lower[:, :1] + _PRIOR, lower[:, 1:] - lower[:, :1] + _PRIOR, _U)[place]
    wins, n = pairs[:, 2:3], pairs[:, 3:]
    return np.asarray((betainc(wins + _PRIOR, n - wins + _PRIOR, quantiles) * _W).sum(-1), float)


def wilson_interval(wins: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """The Wilson score interval of a proportion (Wilson, JASA 22, 1927); (0, 1) if n is 0."""
    if n <= 0:
        return 0.0, 1.0
    z = float(ndtri((1 + confidence) / 2))
    rate = wins / n
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (rate * (1 - rate) / n + z * z / (4 * n * n)) ** 0.5
    return max(0.0, centre - half), min(1.0, centre + half)


def moved_variance(wins: float, n: float) -> float:
    """Of a winrate that is moved by one win and one loss, so that few without a loss have no error of zero.

    Agresti & Caffo, "Simple and Effective Confidence Intervals for Proportions and Differences of Proportions Result
    from Adding Two Successes and Two Failures", The American Statistician 54, 2000.
    """
    rate = (wins + 1) / (n + 2)
    return rate * (1 - rate) / (n + 2)


def difference_interval(
    wins: float, n: float, other_wins: float, other_n: float, confidence: float = 0.95
) -> tuple[float, float]:
    """The interval of one winrate less that of other signals, both moved as in `moved_variance` (Agresti & Caffo)."""
    moved = (wins + 1) / (n + 2) - (other_wins + 1) / (other_n + 2)
    error = (moved_variance(wins, n) + moved_variance(other_wins, other_n)) ** 0.5
    half = float(ndtri((1 + confidence) / 2)) * error
    return max(-1.0, moved - half), min(1.0, moved + half)
