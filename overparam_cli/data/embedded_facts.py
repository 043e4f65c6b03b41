"""What the embedded data sets must be: the checks of `overparam data verify` for problems made, not measured."""

from collections import Counter
from pathlib import Path

import numpy as np

from overparam_cli.data import simulated, two_points
from overparam_cli.data.checks import Check, exact, within
from overparam_cli.data.gas_facts import correlation_spectrum

SIMULATED_FINGERPRINT = "7894c4ad1e571451"
ETHANOL_SPECTRUM = (72.9, 15.8, 11.4, 7.9, 4.6)  # the five largest eigenvalues of ZᵀZ/n of the real data


def verify_simulated(_: Path) -> list[Check]:
    """Shape, labels, resemblance to the real data, and the very numbers."""
    dataset = simulated.load()
    eigenvalues = correlation_spectrum(dataset)
    return [
        exact("rows and features", (2565, 128), dataset.X.shape),
        exact("labels are the real ones", True, Counter(dataset.Y[:, 0].tolist()) == Counter(simulated.LEVELS)),
        *(
            within(f"eigenvalue {i} of ZᵀZ/n", real / 2, real * 2, float(eigenvalues[i - 1]))
            for i, real in enumerate(ETHANOL_SPECTRUM, start=1)
        ),
        within("condition number of ZᵀZ/n", 1e8, 1e11, float(eigenvalues[0] / eigenvalues[-1])),
        exact("fingerprint", SIMULATED_FINGERPRINT, dataset.fingerprint),
    ]


def verify_two_points(_: Path) -> list[Check]:
    """The identity, and the labels asked for."""
    dataset = two_points.load(10.0, 1.0)
    return [
        exact("features are the identity", True, np.array_equal(dataset.X, np.eye(2))),
        exact("labels", [10.0, 1.0], dataset.Y[:, 0].tolist()),
    ]
