"""What a campaign caused: randomised arms against a control, with an interval, or "cannot tell" and why.

The promise (DESIGN §7.5): lift is claimed only against a randomised control, with an interval that holds the truth
in 95 of 100 campaigns, also when few buy and money has a long tail; tests/science/test_coverage.py measures it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from huitou.science.adjust import adjust, complete
from huitou.science.balance import SUSPECT, check_ratio
from huitou.science.contrast import Contrast, contrast
from huitou.science.design import codes_of, control_odds, form_cells
from huitou.science.interval import LEVEL, CriticalValues, bound_effect, bound_ratio, find_reach, judge
from huitou.science.randomisation import RESAMPLES, exchangeable, exchangeable_clusters

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ArmLift:
    """One arm against the control, per person, in the outcome's unit.

    `effect` is what the arm caused per person of it, [`low`, `high`] its interval; without an interval both are
    None and `reason` says why. `relative` [..] is the same as a share of the control's mean (None where that is not
    clearly above 0), `total` [..] the same times the arm's people. `mean` and `control_mean` are as observed; with
    covariates, strata or unequal chances their difference is not `effect`. `reason` of a cannot_tell:
    too_few_people | too_few_clusters | no_outcomes | no_variation | too_few_outcomes | sample_ratio_mismatch |
    interval_holds_zero.
    """

    arm: str
    n: int
    control_n: int
    mean: float | None
    control_mean: float | None
    effect: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    verdict: str = "cannot_tell"
    reason: str | None = None
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


@dataclass(frozen=True, slots=True)
class Participants:
    """Who is compared: `y` outcome, `treated`, `odds` of the treatment, `strata`, `known` before, `clusters`; (n,)
    each, `known` (n, p)."""

    y: Floats
    treated: Bools
    odds: Floats
    strata: Ints
    known: Floats | None = None
    clusters: Ints | None = None


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
    resamples: int = RESAMPLES,
) -> Comparison:
    """Every other arm against `control`, intention to treat: by the arm drawn, whether or not it was sent.

    `outcome` (n,) numbers; `arm` (n,) names; `covariates` (n, p) numbers known before the draw, gaps allowed;
    `strata` (n,) labels; `control_chance` (n,) in (0, 1) each person's chance of the control where it differs (a
    customer of several merged identities is held out more often); `cluster` (n,) labels of what was drawn
    together; `shares` the sizes meant, by arm: with them a broken split (p < 0.001) overrules every verdict.
    Each arm has its own interval at `level`; many arms are not corrected for being many.
    ValueError for an outcome that is missing or infinite, or for lengths that differ.
    """
    y = _finite(outcome)
    names: NDArray[np.str_] = np.asarray(arm).astype(str)
    if names.shape != y.shape:
        raise ValueError(f"{len(y)} outcomes, arms of shape {names.shape}")
    odds, groups = control_odds(control_chance, len(y)), codes_of(strata, len(y))
    known = None if covariates is None else complete(_matrix(covariates, len(y)))
    clusters = None if cluster is None else codes_of(cluster, len(y))
    labels, codes = np.unique(names, return_inverse=True)
    counts = dict(zip(labels.tolist(), np.bincount(codes).tolist(), strict=True))
    srm_p, broken = _check_split(counts, control, shares)
    held = names == control
    arms = []
    for label in sorted((set(counts) | set(shares or ())) - {control}):
        rows = np.flatnonzero(held | (names == label))
        people = Participants(
            y[rows], names[rows] == label, odds[rows], groups[rows],
            None if known is None else known[rows], None if clusters is None else clusters[rows],
        )  # fmt: skip
        arms.append(lift_of(people, label, broken=broken, level=level, resamples=resamples))
    mean = float(np.average(y[held], weights=odds[held])) if held.any() else None
    return Comparison(control, int(held.sum()), mean, srm_p, tuple(arms))


def lift_of(
    people: Participants,
    label: str = "treated",
    *,
    broken: bool = False,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
) -> ArmLift:
    """One arm against its control. `broken` says that the split is not what was meant: there is then no verdict."""
    n, control_n = int(people.treated.sum()), int((~people.treated).sum())
    mean = float(people.y[people.treated].mean()) if n else None
    control_mean = _weighted_mean(people)
    reason = _why_not(people, n, control_n)
    if reason is not None:
        effect = None if mean is None or control_mean is None else mean - control_mean
        return ArmLift(label, n, control_n, mean, control_mean, effect, reason=reason)
    found, reach = _estimate(people, level, resamples)
    observed = ArmLift(label, n, control_n, mean, control_mean, found.effect, reason="too_few_outcomes")
    return observed if reach is None else _read(found, reach, observed, broken=broken)


def _read(found: Contrast, reach: CriticalValues, observed: ArmLift, *, broken: bool) -> ArmLift:
    """What was observed, with what it says."""
    low, high = bounds = bound_effect(found, reach)
    verdict = "cannot_tell" if broken else judge(bounds)
    reason = "sample_ratio_mismatch" if broken else "interval_holds_zero" if verdict == "cannot_tell" else None
    share, share_low, share_high = _relative(found, reach)
    n = observed.n
    return replace(
        observed, low=low, high=high, p=reach.p, verdict=verdict, reason=reason,
        relative=share, relative_low=share_low, relative_high=share_high,
        total=found.effect * n, total_low=low * n, total_high=high * n,
    )  # fmt: skip


def _estimate(people: Participants, level: float, resamples: int) -> tuple[Contrast, CriticalValues | None]:
    treated = people.treated
    cells = form_cells(people.strata, people.odds, treated)
    weights = np.where(treated, 1.0, people.odds)
    y = people.y
    if people.known is not None:
        y = adjust(y, people.known, cells * 2 + treated, weights)
    found = contrast(y, treated, weights, cells, people.clusters)
    plain = people.clusters is None
    units = exchangeable(y, treated, weights, cells) if plain else exchangeable_clusters(found)
    return found, find_reach(found, units, _rarer_events(people), level, resamples)


def _rarer_events(people: Participants) -> int:
    """The smaller of both arms' counts of people whose outcome is not the commonest one."""
    values, counts = np.unique(people.y, return_counts=True)
    event = people.y != values[np.argmax(counts)]
    return int(min(np.sum(event & people.treated), np.sum(event & ~people.treated)))


def _why_not(people: Participants, n: int, control_n: int) -> str | None:
    """Why no interval can be given at all."""
    if n < 2 or control_n < 2:
        return "too_few_people"
    if np.all(people.y == people.y[0]):
        return "no_outcomes" if people.y[0] == 0 else "no_variation"
    if people.clusters is not None:
        sides = (people.clusters[people.treated], people.clusters[~people.treated])
        if min(len(np.unique(side)) for side in sides) < 2:
            return "too_few_clusters"
    return None


def _relative(found: Contrast, reach: CriticalValues) -> tuple[float | None, float | None, float | None]:
    """Effect over baseline with Fieller's interval, or Nones."""
    spread = (found.se**2, found.variance[0], -found.variance[0])
    bounds = bound_ratio(found.effect, found.baseline, spread, reach)
    return (None, None, None) if bounds is None else (found.effect / found.baseline, *bounds)


def _check_split(counts: dict[str, int], control: str, shares: Mapping[str, float] | None) -> tuple[float | None, bool]:
    labels = sorted(set(counts) | {control} | set(shares or ()))
    wished = None if shares is None else [shares.get(label, 0.0) for label in labels]
    srm_p = check_ratio([counts.get(label, 0) for label in labels], wished)
    return srm_p, shares is not None and srm_p is not None and srm_p < SUSPECT


def _weighted_mean(people: Participants) -> float | None:
    held = ~people.treated
    return float(np.average(people.y[held], weights=people.odds[held])) if held.any() else None


def _finite(outcome: ArrayLike) -> Floats:
    y = np.asarray(outcome).astype(np.float64)
    if y.ndim != 1:
        raise ValueError("the outcome is one number a person")
    if not np.isfinite(y).all():
        raise ValueError(f"{int(np.sum(~np.isfinite(y)))} outcomes are missing or infinite")
    return y


def _matrix(covariates: ArrayLike, n: int) -> Floats:
    matrix = np.asarray(covariates).astype(np.float64)
    matrix = matrix[:, None] if matrix.ndim == 1 else matrix
    if matrix.ndim != 2 or len(matrix) != n:
        raise ValueError(f"covariates are {n} rows of numbers, not {matrix.shape}")
    return matrix
