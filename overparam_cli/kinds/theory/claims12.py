"""Claims 1 and 2 (Section 5): the spectrum of the end-to-end rule's preconditioner, and the rule for one output."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from overparam_cli.claims.evidence import TableEvidence
from overparam_cli.claims.model import Finding, claim
from overparam_cli.claims.tables import EXACT, judge_errors
from overparam_cli.kinds.theory.common import DEPTHS, Array, Row
from overparam_cli.kinds.theory.parameters import Seeds, at_least
from overparam_cli.kinds.theory.rule import (
    dense_preconditioner,
    end_to_end_direction,
    preconditioner_eigenvalues,
    preconditioner_eigenvectors,
    single_output_direction,
)
from overparam_cli.kinds.theory.statement import Effort, Statement
from overparam_cli.kinds.theory.view import View, count, largest


def compute_claim1(
    depths: Sequence[int] = DEPTHS,
    shapes: Sequence[tuple[int, int]] = ((1, 6), (2, 5), (3, 3), (4, 7), (6, 4)),
    seeds: Seeds = (0, 1, 2),
) -> list[Row]:
    """Claim 1's eigenvalues and eigenvectors against the dense Kronecker matrix, for random W_e of full and lower rank.

    Errors are relative to the largest eigenvalue: of the sorted spectra, of P·V − V·Λ (largest column norm), of VᵀV − 1
    (absolute), and of P·vec(G) against the direction of Eq. 10 (relative to its norm).
    """
    rows: list[Row] = []
    for N in depths:
        for k, d in shapes:
            for seed in seeds:
                rng = np.random.default_rng([seed, k, d])
                W, G = rng.standard_normal((2, k, d))
                row: Row = {"depth": N, "outputs": k, "features": d}
                rows.append(row | {"rank": min(k, d), "seed": seed, **_errors(W, G, N)})
                if min(k, d) > 1:
                    rows.append(row | {"rank": 1, "seed": seed, **_errors(W[:, :1] @ W[:1], G, N)})
    return rows


def effort_claim1(depths: Sequence[int], shapes: Sequence[tuple[int, int]], seeds: Sequence[int]) -> Effort:
    """Matrices of (k·d)² numbers, one made and one decomposed; a term of the sum for every layer."""
    sizes = [k * d for k, d in shapes]
    terms = sum(depths) * sum(80e-6 + 2e-9 * size**2 for size in sizes)
    return Effort(2 * len(seeds) * (terms + len(depths) * sum(4e-10 * size**3 for size in sizes)), 48 * max(sizes) ** 2)


def _errors(W: Array, G: Array, N: int) -> Row:
    import scipy.linalg

    P, V = dense_preconditioner(W, N), preconditioner_eigenvectors(W)
    values = preconditioner_eigenvalues(W, N).ravel(order="F")
    scale = values.max()
    direction = end_to_end_direction(W, G, N).ravel(order="F")
    return {
        "eigenvalue_error": float(np.max(np.abs(np.sort(values) - scipy.linalg.eigvalsh(P))) / scale),
        "eigenvector_error": float(np.max(np.linalg.norm(P @ V - V * values, axis=0)) / scale),
        "orthogonality_error": float(np.max(np.abs(V.T @ V - np.eye(len(V))))),
        "direction_error": float(np.linalg.norm(P @ G.ravel(order="F") - direction) / np.linalg.norm(direction)),
    }


CLAIM1 = Statement(
    "claim1",
    says="the preconditioner's eigenvalues and eigenvectors",
    where="Section 5, Claim 1",
    compute=compute_claim1,
    effort=effort_claim1,
    columns={
        "depth": "N",
        "outputs": "k",
        "features": "d",
        "rank": "rank of W_e",
        "seed": "seed of W_e",
        "eigenvalue_error": "largest difference of the sorted spectra / largest eigenvalue",
        "eigenvector_error": "largest ‖Pv − λv‖ / largest eigenvalue",
        "orthogonality_error": "largest entry of |VᵀV − I|",
        "direction_error": "‖P·vec(G) − vec(Eq. 10's direction)‖ / ‖direction‖",
    },
    view=View(
        {"N": "depth"},
        {
            "matrices": count,
            "eigenvalues": largest("eigenvalue_error"),
            "eigenvectors": largest("eigenvector_error"),
            "orthogonality": largest("orthogonality_error"),
            "direction": largest("direction_error"),
        },
    ),
)


@claim(
    "claim1",
    says=CLAIM1.says,
    where="Claim 1",
    measures="against the dense Kronecker matrix, random W_e",
    requires=f"≤ {EXACT:.0e} relative",
    reads=("theory/claim1",),
)
def require_claim1(table: TableEvidence) -> Finding:
    """Largest relative error of eigenvalues and eigenvectors, and of the eigenvectors' orthonormality: ≤ 1e-10."""
    columns = ("eigenvalue_error", "eigenvector_error", "orthogonality_error")
    return judge_errors(table, columns, "error of eigenvalues and eigenvectors")


def compute_claim2(
    depths: Sequence[int] = DEPTHS,
    features: Sequence[int] = (1, 2, 5, 128),
    norms: Sequence[Annotated[float, at_least(0)]] = (0.0, 1e-6, 1e-2, 1.0, 1e3),
    seeds: Seeds = (0, 1, 2),
) -> list[Row]:
    """Eq. 10 against Eq. 12 for one output: random W_e of the given norms, W_e = 0 among them, and random gradients.

    The error is ‖Eq. 10 − Eq. 12‖/‖Eq. 12‖; at W_e = 0 both directions must vanish, and it is ‖Eq. 10 − Eq. 12‖.
    """
    rows: list[Row] = []
    for N in depths:
        for d in features:
            for norm in norms:
                for seed in seeds:
                    W, G = np.random.default_rng([seed, d]).standard_normal((2, 1, d))
                    W *= norm / np.linalg.norm(W)
                    general, single = end_to_end_direction(W, G, N), single_output_direction(W, G, N)
                    scale = float(np.linalg.norm(single)) or 1.0
                    error = float(np.linalg.norm(general - single)) / scale
                    rows.append({"depth": N, "features": d, "norm": norm, "seed": seed, "relative_error": error})
    return rows


def effort_claim2(
    depths: Sequence[int], features: Sequence[int], norms: Sequence[float], seeds: Sequence[int]
) -> Effort:
    """A basis of d² numbers, and a term of the sum for every layer."""
    terms, bases = sum(60e-9 * N for N in depths), sum(13e-9 * d**2 for d in features)
    seconds = len(norms) * len(seeds) * (len(features) * terms + len(depths) * bases)
    return Effort(seconds, 24 * max(features) ** 2 + 64 * max(depths))


CLAIM2 = Statement(
    "claim2",
    says="Eq. 10 equals Eq. 12 for one output",
    where="Section 5.1, Claim 2",
    compute=compute_claim2,
    effort=effort_claim2,
    columns={
        "depth": "N",
        "features": "d",
        "norm": "‖W_e‖",
        "seed": "seed of W_e and gradient",
        "relative_error": "‖Eq. 10 − Eq. 12‖ / ‖Eq. 12‖; absolute at W_e = 0, where both vanish",
    },
    view=View({"N": "depth"}, {"matrices": count, "largest relative error": largest("relative_error")}),
)


@claim(
    "claim2",
    says=CLAIM2.says,
    where="Claim 2",
    measures="random W_e, N = 2…8",
    requires=f"≤ {EXACT:.0e} relative",
    reads=("theory/claim2",),
)
def require_claim2(table: TableEvidence) -> Finding:
    """Largest relative difference of Eq. 10 and Eq. 12 for one output: ≤ 1e-10, N = 2 … 8."""
    table.require("depth", set(DEPTHS))
    return judge_errors(table, ("relative_error",), "relative difference")
