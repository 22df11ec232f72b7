"""What a campaign caused: randomised arms against a control, with an interval, or "cannot tell" and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from huitou.science.adjust import adjust, complete
from huitou.science.balance import SUSPECT, check_ratio
from huitou.science.contrast import Contrast, contrast
from huitou.science.interval import LEVEL, Bounds, bound_effect, bound_ratio, judge, p_value, quantile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ArmLift:
    """One arm against the control, per person, in the outcome's unit.

    `effect` is what the arm caused per person of it, [`low`, `high`] its interval (None with a `reason` where there
    is none), `relative` [..] the same as a share of the control's mean, `total` [..] times the arm's people. `mean`
    and `control_mean` are as observed; with covariates, strata or unequal chances their difference is not `effect`.
    """

    arm: str
    n: int
    control_n: int
    mean: float | None
    control_mean: float | None
    effect: float | None
    low: float | None
    high: float | None
    p: float | None
    verdict: str
    reason: str | None
    relative: float | None = None
    relative_low: float | None = None
    relative_high: float | None = None
    total: float | None = None
    total_low: float | None = None
    total_high: float | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """All arms against one control; `srm_p` tests the sizes of the arms against the expected (else equal) shares."""

    control: str
    control_n: int
    control_mean: float | None
    srm_p: float | None
    arms: tuple[ArmLift, ...]


def compare_arms(
    outcome: ArrayLike,
    arm: Sequence[str] | NDArray[np.str_] | NDArray[np.object_],
    control: str,
    *,
    covariates: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    control_chance: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    shares: Mapping[str, float] | None = None,
    level: float = LEVEL,
) -> Comparison:
    """Every other arm against `control`, intention to treat: by the arm drawn, whether or not it was sent.

    `outcome` (n,) numbers per person; `covariates` (n, p) known before the draw; `strata` (n,) labels;
    `control_chance` (n,) in (0, 1) each person's chance of the control where it differs (a merged customer is held
    out more often): the control is then weighted by (1 - chance) / chance to look like the treated; `cluster` (n,)
    labels of what was drawn together; `shares` the sizes meant, by arm: with them a broken split (p < 0.001)
    overrules every verdict. ValueError for an outcome that is missing or infinite, or lengths that differ.
    """
    y = _numbers(outcome)
    names: NDArray[np.str_] = np.asarray(arm).astype(str)
    weights = _control_weights(control_chance, len(y))
    known = None if covariates is None else complete(_matrix(covariates, len(y)))
    cells = _codes(strata, len(y))
    clusters = None if cluster is None else _codes(cluster, len(y))
    if len(names) != len(y):
        raise ValueError(f"{len(y)} outcomes, {len(names)} arms")
    labels = sorted(set(names.tolist()) | {control} | set(shares or ()))
    counts = [int(np.sum(names == label)) for label in labels]
    srm_p = check_ratio(counts, None if shares is None else [shares.get(label, 0.0) for label in labels])
    broken = shares is not None and srm_p is not None and srm_p < SUSPECT
    arms = []
    for label in labels:
        if label == control:
            continue
        rows = np.flatnonzero((names == label) | (names == control))
        two = _Two(
            y[rows],
            names[rows] == label,
            weights[rows],
            cells[rows],
            None if known is None else known[rows],
            None if clusters is None else np.unique(clusters[rows], return_inverse=True)[1],
        )
        arms.append(_compare(label, two, level, broken))
    held = names == control
    mean = float(np.average(y[held], weights=weights[held])) if held.any() else None
    return Comparison(control, int(held.sum()), mean, srm_p, tuple(arms))


@dataclass(frozen=True, slots=True)
class _Two:
    """Two arms' rows: outcome, which are treated, weights of the control, stratum codes, covariates, clusters."""

    y: Floats
    treated: Bools
    weights: Floats
    cells: Ints
    known: Floats | None
    clusters: Ints | None


def _compare(label: str, two: _Two, level: float, broken: bool) -> ArmLift:
    n, control_n = int(two.treated.sum()), int((~two.treated).sum())
    mean = float(two.y[two.treated].mean()) if n else None
    control_mean = float(np.average(two.y[~two.treated], weights=two.weights[~two.treated])) if control_n else None
    reason = _why_not(two, n, control_n)
    if reason is not None:
        effect = None if mean is None or control_mean is None else mean - control_mean
        return ArmLift(label, n, control_n, mean, control_mean, effect, None, None, None, "cannot_tell", reason)
    weights = np.where(two.treated, 1.0, two.weights)
    cells = _merge_sparse(two.cells, two.treated)
    y = two.y if two.known is None else adjust(two.y, two.known, cells * 2 + two.treated, weights)
    found = contrast(y, two.treated, weights, cells, two.clusters)
    bounds = bound_effect(found, level)
    verdict = judge(bounds)
    reason = "sample_ratio_mismatch" if broken else "no_variation" if bounds is None else None
    if reason is None and verdict == "cannot_tell":
        reason = "interval_holds_zero"
    low, high = bounds or (None, None)
    relative = _relative(found, level)
    return ArmLift(
        label, n, control_n, mean, control_mean, found.effect, low, high, p_value(found),
        "cannot_tell" if broken else verdict, reason, *relative,
        found.effect * n, None if low is None else low * n, None if high is None else high * n,
    )  # fmt: skip


def _why_not(two: _Two, n: int, control_n: int) -> str | None:
    """Why no interval can be given at all."""
    if n < 2 or control_n < 2:
        return "too_few_people"
    if np.all(two.y == two.y[0]):
        return "no_outcomes" if two.y[0] == 0 else "no_variation"
    if two.clusters is not None and min(len(np.unique(two.clusters[two.treated == side])) for side in (0, 1)) < 2:
        return "too_few_clusters"
    return None


def _relative(found: Contrast, level: float) -> tuple[float | None, float | None, float | None]:
    """Effect over baseline; all None unless the baseline is clearly positive."""
    if not (found.baseline > 0 and found.se > 0 and found.df > 0):
        return None, None, None
    variance = (found.se**2, found.baseline_variance)
    bounds: Bounds | None = bound_ratio(
        found.effect, found.baseline, variance, -found.baseline_variance, quantile(found.df, level)
    )
    return (None, None, None) if bounds is None else (found.effect / found.baseline, *bounds)


def _merge_sparse(cells: Ints, treated: Bools) -> Ints:
    """Strata with fewer than two people in an arm join into one; should that still be short, the largest takes it."""
    size = int(cells.max()) + 1
    sides = np.stack([np.bincount(cells[treated == side], minlength=size) for side in (False, True)])
    short: Bools = np.asarray((sides < 2).any(axis=0))
    if short.any():
        cells = np.where(short[cells], size, cells)
        rest = np.array([np.sum((cells == size) & (treated == side)) for side in (False, True)])
        if (rest < 2).any() and not short.all():
            largest = int(np.argmax(np.where(short, -1, sides.sum(axis=0))))
            cells = np.where(cells == size, largest, cells)
    return np.unique(cells, return_inverse=True)[1].astype(np.int64)


def _numbers(outcome: ArrayLike) -> Floats:
    y = np.asarray(outcome).astype(np.float64)
    if y.ndim != 1:
        raise ValueError("the outcome is one number a person")
    if not np.isfinite(y).all():
        raise ValueError(f"{int(np.sum(~np.isfinite(y)))} outcomes are missing or infinite")
    return y


def _matrix(covariates: ArrayLike, n: int) -> Floats:
    matrix = np.asarray(covariates, dtype=np.float64)
    matrix = matrix[:, None] if matrix.ndim == 1 else matrix
    if matrix.ndim != 2 or len(matrix) != n:
        raise ValueError(f"covariates are {n} rows of numbers, not {matrix.shape}")
    return matrix


def _codes(labels: ArrayLike | None, n: int) -> Ints:
    if labels is None:
        return np.zeros(n, dtype=np.int64)
    codes = np.unique(np.asarray(labels), return_inverse=True)[1].astype(np.int64)
    if codes.shape != (n,):
        raise ValueError(f"{n} outcomes, {codes.shape} labels")
    return codes


def _control_weights(chance: ArrayLike | None, n: int) -> Floats:
    """(1 - chance) / chance: one control person of chance 0.1 stands for nine treated, one of 0.19 for 4.3."""
    if chance is None:
        return np.ones(n)
    held = np.asarray(chance, dtype=np.float64)
    if held.shape != (n,):
        raise ValueError(f"{n} outcomes, {held.shape} chances")
    if not np.all((held > 0) & (held < 1)):
        raise ValueError("chances of the control lie strictly between 0 and 1")
    return (1.0 - held) / held


@dataclass(frozen=True, slots=True)
class Return:
    """Return on a known cost: (lift in profit - cost) / cost, with the lift's interval."""

    roi: float
    low: float
    high: float


def return_on(profit: ArmLift, cost: float) -> Return | None:
    """ROI of an arm whose outcome is profit before `cost` (same unit, total over the arm, known to the penny).

    What varies with the outcome, such as coupons redeemed, belongs in each person's profit, not in `cost`; then
    nothing in the denominator is random. None without an interval or without cost.
    """
    if cost <= 0 or profit.total is None or profit.total_low is None or profit.total_high is None:
        return None
    return Return(*((total - cost) / cost for total in (profit.total, profit.total_low, profit.total_high)))
