"""A simulated array of sixteen metal-oxide gas sensors: the stand-in for the Ethanol data where there is no network.

Nothing measured is in it but the label multiset and the batch sizes of the real experiment. The physics, in logarithms,
of sensor s in exposure i, which belongs to batch b:

    response   log ΔR_is = gain_s(b) + β_s(b)·log c_i + η_s·h_i     power law in the concentration c, humidity h
    feature    log|x_isf| = π_f·log ΔR_is + κ_f·speed_s(b, i) − [f relative]·log R0_s(b) + σ_sf·noise

Gain, exponent β, baseline resistance R0 and the speed of the surface reaction drift from batch to batch as random walks
with a part common to the array, a part common to a sensor type, and a part of each sensor's own. Rare things happen:
a dose goes wrong, a reading spikes, and, as in batch 2 of the real data, the sixteen exposures to the two highest
levels fail: half of them get next to no gas, half a tenth of it in bursts. The blank rows, far off in the labels and
near zero in the features, are what makes ℓ4 regression on this problem hard, and depth useful. The amplitudes below
were set by hand so that the z-scored problem has the spectrum and the optima of the real one;
`tests/data/test_simulated.py` holds what must resemble.
"""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from overparam_cli.data.dataset import Array, Dataset
from overparam_cli.data.entries import RegressionEntry
from overparam_cli.data.facts import Check, exact, within
from overparam_cli.data.gas_sensor.batches import FEATURE_NAMES, SENSORS, feature_names
from overparam_cli.data.gas_sensor.facts import ETHANOL_ROWS, correlation_spectrum
from overparam_cli.data.options import Option, natural

# The real Ethanol labels: concentration in ppmv, and how many exposures had it.
LEVELS = {
    2.5: 41, 5: 1, 10: 289, 20: 41, 25: 49, 30: 41, 40: 41, 50: 488, 60: 22, 70: 24, 75: 46, 80: 24, 90: 25, 100: 328,
    110: 24, 120: 24, 125: 46, 130: 24, 140: 24, 150: 202, 160: 24, 170: 24, 175: 46, 180: 24, 190: 24, 200: 201,
    210: 24, 220: 24, 225: 47, 230: 24, 240: 25, 250: 246, 275: 12, 500: 8, 600: 8,
}  # fmt: skip
ETHANOL_SPECTRUM = (72.9, 15.8, 11.4, 7.9, 4.6)  # the five largest eigenvalues of ZᵀZ/n of the real data
HIGH_LEVEL, HIGH_BATCH = 500.0, 1  # levels from here on were tried in one batch alone (counted from 0), and failed

# Per sensor type, four sensors each: exponent β of the power law, sensitivity η to humidity.
EXPONENT = np.repeat([0.64, 0.65, 0.54, 0.62], 4)  # (16,)
HUMIDITY = 0.3 * np.repeat([1.0, 0.7, 0.4, 0.8], 4)  # (16,)


class Feature(NamedTuple):
    """How one of a sensor's eight features follows its response."""

    scale: float  # size in the units of the real data, with its sign
    power: float  # π: fast averages saturate
    speed: float  # κ: fast averages rise with the speed of the reaction, and fall with it in the decay
    spikes: float  # how readily it catches a spike: the steady state and the slowest decay average them away


FEATURES = (
    Feature(2e4, 1.0, 0.0, 0.0),  # ΔR
    Feature(8.0, 1.0, 0.0, 1.0),  # ΔR over the baseline
    Feature(7.0, 0.55, 0.3, 0.3),  # rise, three moving averages from slow to fast
    Feature(12.0, 0.4, 0.6, 0.7),
    Feature(18.0, 0.33, 1.0, 1.0),
    Feature(-5.0, 1.0, 0.0, 0.0),  # decay, the same; the slowest follows the whole response
    Feature(-8.0, 0.95, -0.4, 0.7),
    Feature(-18.0, 0.65, -1.0, 1.5),
)
DEFAULT_SEED = 1
FINGERPRINT = "7894c4ad1e571451"

Indices = NDArray[np.intp]


def load(seed: int = DEFAULT_SEED) -> Dataset:
    """The simulated problem: X (2565, 128), Y (2565, 1) in ppmv, the same numbers for the same seed everywhere."""
    X, concentration = simulate(seed)
    return Dataset(
        name="simulated" if seed == DEFAULT_SEED else f"simulated:seed={seed}",
        X=X,
        Y=concentration[:, None],
        source=f"simulation of a metal-oxide gas-sensor array, seed {seed} (not measured data)",
        embedded=True,
        feature_names=feature_names(),
        target_names=("concentration",),
    )


def simulate(seed: int) -> tuple[Array, Array]:
    """Features (n, 128) and labels (n,) of one simulated campaign."""
    random = RandomState(seed)  # not default_rng: NumPy promises never to change this stream
    batch: Indices = np.repeat(np.arange(len(ETHANOL_ROWS)), ETHANOL_ROWS)  # (n,)
    concentration = _schedule(random, batch)
    failed = np.flatnonzero(concentration >= HIGH_LEVEL)
    blank, erratic = failed[::2], failed[1::2]
    delivered = _deliver(random, concentration, blank, erratic)
    log_x = _log_features(random, batch, delivered)  # (n, 16, 8)
    X = np.array([f.scale for f in FEATURES]) * np.exp(log_x) * _spikes(random, log_x.shape, erratic)
    # As many digits as an instrument gives: that also hides the last bits, in which processors differ.
    X[:, :, 0], X[:, :, 1:] = np.round(X[:, :, 0], 2), np.round(X[:, :, 1:], 4)
    return X.reshape(len(batch), -1), concentration


def _schedule(random: RandomState, batch: Indices) -> Array:
    """The label of every exposure (n,): all levels in random order, the highest confined to their batch."""
    levels = np.repeat(list(LEVELS), list(LEVELS.values())).astype(float)
    high = levels[levels >= HIGH_LEVEL]
    slots = np.sort(random.choice(np.flatnonzero(batch == HIGH_BATCH), len(high), replace=False))
    concentration = np.empty(len(batch))
    concentration[slots] = high
    concentration[np.setdiff1d(np.arange(len(batch)), slots)] = random.permutation(levels[levels < HIGH_LEVEL])
    return concentration


def _deliver(random: RandomState, labels: Array, blank: Indices, erratic: Indices) -> Array:
    """The concentration that reached the array (n,): dosing error, a wrong dose now and then, and the failures."""
    n = len(labels)
    delivered = labels * np.exp(0.08 * random.randn(n))
    delivered *= np.exp(np.where(random.rand(n) < 0.002, random.randn(n), 0.0))
    delivered[blank] = 0.1 * np.exp(0.3 * random.randn(len(blank)))
    delivered[erratic] *= 0.1 * np.exp(random.randn(len(erratic)))
    return delivered


def _log_features(random: RandomState, batch: Indices, delivered: Array) -> Array:
    """log|x| (n, 16, 8) before spikes: the two equations at the top of this file."""

    def drift(common: float, by_type: float, own: float) -> Array:  # (n, 16)
        walks = [_walk(random, batch, k) for k in (1, 4, SENSORS)]
        return common * walks[0] + by_type * np.repeat(walks[1], 4, axis=1) + own * walks[2]

    n = len(batch)
    beta = (EXPONENT + 0.02 * random.randn(SENSORS)) * (1 + drift(0, 0, 0.03))
    eta = HUMIDITY * (1 + 0.2 * random.randn(SENSORS))
    log_c = np.log(delivered / (1 + delivered / 600) / 50)[:, None]  # the surface saturates near 600 ppmv
    response = drift(0.5, 0.45, 0.15) + beta * log_c + eta * _weather(random, n)[:, None]  # (n, 16)
    speed = drift(0.45, 0.5, 0) + 0.1 * random.randn(n)[:, None]
    log_x = response[:, :, None] * [f.power for f in FEATURES] + speed[:, :, None] * [f.speed for f in FEATURES]
    log_x[:, :, FEATURE_NAMES.index("dR-relative")] -= drift(0, 0.6, 0.3)
    # From readings that repeat to 2e-5 of themselves to some that are good to a tenth: the condition number's origin.
    noise = np.exp(random.uniform(np.log(2e-5), np.log(0.1), (SENSORS, len(FEATURES))))
    return log_x + noise * random.randn(*log_x.shape)


def _spikes(random: RandomState, shape: tuple[int, ...], erratic: Indices) -> Array:
    """Factors (n, 16, 8), nearly all 1: rare spikes, and many larger ones in the erratic exposures."""
    chance, size = np.full(shape[0], 5e-4), np.full(shape[0], 8.0)
    chance[erratic], size[erratic] = 0.6, 20.0
    hit = random.rand(*shape) < chance[:, None, None] * [f.spikes for f in FEATURES]
    factors: Array = 1 + hit * size[:, None, None] * np.exp(random.randn(*shape))
    return factors


def _walk(random: RandomState, batch: Indices, k: int) -> Array:
    """k random walks over the batches (n, k), scaled to mean 0 and variance 1 over the rows."""
    walk: Array = np.cumsum(random.randn(len(ETHANOL_ROWS), k), axis=0)[batch]
    walk -= walk.mean(axis=0)
    scaled: Array = walk / np.sqrt((walk**2).mean(axis=0))
    return scaled


def _weather(random: RandomState, n: int) -> Array:
    """Humidity (n,): slow, stationary, mean 0 and variance 1."""
    steps, memory = random.randn(n), 0.98
    humidity = np.zeros(n)
    for i in range(1, n):
        humidity[i] = memory * humidity[i - 1] + np.sqrt(1 - memory**2) * steps[i]
    return humidity


def verify(_: Path) -> list[Check]:
    """Shape, labels, resemblance to the real data, and the very numbers."""
    dataset = load()
    eigenvalues = correlation_spectrum(dataset)
    return [
        exact("rows and features", (ENTRIES["simulated"].n, ENTRIES["simulated"].d), dataset.X.shape),
        exact("labels are the real ones", True, Counter(dataset.Y[:, 0].tolist()) == Counter(LEVELS)),
        *(
            within(f"eigenvalue {i} of ZᵀZ/n", real / 2, real * 2, float(eigenvalues[i - 1]))
            for i, real in enumerate(ETHANOL_SPECTRUM, start=1)
        ),
        within("condition number of ZᵀZ/n", 1e8, 1e11, float(eigenvalues[0] / eigenvalues[-1])),
        exact("fingerprint", FINGERPRINT, dataset.fingerprint),
    ]


ENTRIES = {
    "simulated": RegressionEntry(
        what="a simulated gas-sensor array, made to resemble ethanol",
        n=sum(ETHANOL_ROWS),
        d=SENSORS * len(FEATURES),
        source="embedded, made from a seed",
        load=lambda options, _: load(int(options["seed"])),
        verify=verify,
        options={"seed": Option(natural, DEFAULT_SEED, "which campaign to simulate")},
    ),
}
