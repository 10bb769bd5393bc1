"""How far predicted probabilities are from what happens."""

import numpy as np


def calibration_error(outcomes: np.ndarray, probabilities: np.ndarray, bins: int = 10) -> float:
    """Mean distance of predicted and found rate over bins of equal count, by count."""
    parts = np.array_split(np.argsort(probabilities, kind="stable"), bins)
    off = [abs(outcomes[part].mean() - probabilities[part].mean()) * len(part) for part in parts]
    return float(sum(off) / len(outcomes))
