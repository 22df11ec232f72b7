"""Sample ratio mismatch: are the arms as large as the randomisation meant them to be?"""

from __future__ import annotations

from collections.abc import Sequence

from scipy.special import gammaincc

SUSPECT = 0.001  # Fabijan et al. 2019 (KDD, "Diagnosing Sample Ratio Mismatch"): below it the split is broken


def check_ratio(counts: Sequence[int], shares: Sequence[float] | None = None) -> float | None:
    """p of Pearson's chi-square test that people were split by `shares` (default: evenly); None if it cannot say.

    `shares` need not sum to 1. Below SUSPECT the experiment lost or gained people on one side after the split, and
    its lift means nothing, however large.
    """
    wished = [1.0] * len(counts) if shares is None else [float(share) for share in shares]
    if len(wished) != len(counts) or any(share < 0 for share in wished) or any(count < 0 for count in counts):
        raise ValueError("one share and one count, not negative, for each arm")
    people, whole = sum(counts), sum(wished)
    if people == 0 or whole <= 0 or len(counts) < 2:
        return None
    expected = [people * share / whole for share in wished]
    if any(count > 0 and mean == 0 for count, mean in zip(counts, expected, strict=True)):
        return 0.0
    filled = [(count, mean) for count, mean in zip(counts, expected, strict=True) if mean > 0]
    if len(filled) < 2:
        return None
    statistic = sum((count - mean) ** 2 / mean for count, mean in filled)
    return float(gammaincc((len(filled) - 1) / 2, statistic / 2))
