"""Section 5: the end-to-end rule, its preconditioner, and the single-output case. A float64 NumPy reference.

The engine's batched version stands in `core/optimizers.py`; this one is written from the formulas, one matrix at a
time, and is what that one is tested against. Throughout,

    W  (k, d)   end-to-end matrix W_e            G  (k, d)   dL¹/dW at W
    N           depth, 1 or more                 σ  (min(k, d),) singular values of W, σ_r = 0 beyond

and a matrix power [A]^0 is the identity, of singular A too: that is how Claim 2's proof (App. A.3) reads it. Hence
W = 0 gives a zero step for N ≥ 2 and the gradient for N = 1.
"""

from collections.abc import Sequence

import numpy as np
import scipy.linalg

from overparam_cli.kinds.theory.common import DEPTHS, Array, Row

RANK_TOLERANCE = float(np.finfo(np.float64).eps)
DILATION_TOLERANCE = 1e-14  # a zero eigenvalue of the dilation comes out as up to some 1e-15 of the largest


def _full_svd(W: Array) -> tuple[Array, Array, Array]:
    """U (k, k), σ (min(k, d),), V (d, d) with W = U·diag(σ)·Vᵀ; singular values at rounding level are set to zero.

    Without that, a σ of 1e-17 where the exact value is 0 would enter as σ^{2/N}, at N = 8 as 6e-5.
    """
    U, s, Vt = np.linalg.svd(W, full_matrices=True)
    s[s <= s.max(initial=0.0) * RANK_TOLERANCE * max(W.shape)] = 0.0
    return U, s, Vt.T


def preconditioner_eigenvalues(W: Array, N: int) -> Array:
    """Claim 1's eigenvalues Σ_{j=1}^N σ_r^{2(N−j)/N}·σ_{r'}^{2(j−1)/N}, shape (k, d).

    Entry (r, r') belongs to the eigenvector vec(u_r·v_{r'}ᵀ).
    """
    return _eigenvalues(_full_svd(W)[1], W.shape, N)


def _eigenvalues(s: Array, shape: tuple[int, ...], N: int) -> Array:
    j = np.arange(1, N + 1)
    left, right = (np.zeros((size, 1)) for size in shape)  # σ_r = 0 beyond min(k, d)
    left[: len(s), 0] = right[: len(s), 0] = s
    total: Array = left ** (2 * (N - j) / N) @ (right ** (2 * (j - 1) / N)).T
    return total


def preconditioner_eigenvectors(W: Array) -> Array:
    """Claim 1's eigenvectors as the orthonormal columns of a (k·d, k·d) matrix; column r + k·r' is vec(u_r·v_{r'}ᵀ).

    vec is column-first, so in the same order the eigenvalues are `preconditioner_eigenvalues(W, N).ravel(order="F")`.
    """
    U, _, V = _full_svd(W)
    columns: Array = np.asarray(np.kron(V, U), dtype=np.float64)
    return columns


def end_to_end_direction(W: Array, G: Array, N: int) -> Array:
    """The general rule's direction (Eq. 10): Σ_{j=1}^N [WWᵀ]^{(j−1)/N}·G·[WᵀW]^{(N−j)/N}, shape (k, d).

    One SVD W = U·diag(σ)·Vᵀ serves all N terms: by Claim 1 it is U·(Λ ⊙ UᵀGV)·Vᵀ, Λ the preconditioner's eigenvalues.
    """
    U, s, V = _full_svd(W)
    direction: Array = U @ (_eigenvalues(s, W.shape, N) * (U.T @ G @ V)) @ V.T
    return direction


def end_to_end_step(W: Array, G: Array, N: int, lr: float, weight_decay: float = 0.0) -> Array:
    """One step of the end-to-end rule (Eq. 10): (1 − ηλN)·W − η·(direction), with η = `lr` and λ = `weight_decay`."""
    return (1 - lr * weight_decay * N) * W - lr * end_to_end_direction(W, G, N)


def projection(W: Array, V: Array) -> Array:
    """Pr_W{V} = (W/‖W‖)⟨V, W/‖W‖⟩, and 0 for W = 0 (Eq. 13); W and V are (..., d)."""
    norm = np.linalg.norm(W, axis=-1, keepdims=True)
    unit = np.divide(W, norm, out=np.zeros_like(W), where=norm > 0)
    projected: Array = unit * np.sum(unit * V, axis=-1, keepdims=True)
    return projected


def single_output_direction(W: Array, G: Array, N: int) -> Array:
    """‖W‖^{2−2/N}·(G + (N−1)·Pr_W{G}): the rule for one output (Eq. 12), and the field F(W) of Theorem 2 (Eq. 14).

    Shapes (..., d). For N = 1 it is G everywhere, W = 0 included.
    """
    norm = np.linalg.norm(W, axis=-1, keepdims=True)
    direction: Array = norm ** (2 - 2 / N) * (G + (N - 1) * projection(W, G))
    return direction


def dense_preconditioner(W: Array, N: int) -> Array:
    """P_W = Σ_{j=1}^N [WᵀW]^{(N−j)/N} ⊗ [WWᵀ]^{(j−1)/N}, the (k·d, k·d) matrix of App. A.2.

    P_W·vec(G) is the vec of Eq. 10's direction. Made without the SVD of W, so that it can check Claim 1.
    """
    powers = [_gram_powers(W, 2 * (N - j) / N, 2 * (j - 1) / N) for j in range(1, N + 1)]
    total: Array = np.sum([np.kron(right, left) for right, left in powers], axis=0)
    return total


def _gram_powers(W: Array, right: float, left: float) -> tuple[Array, Array]:
    """[WᵀW]^{right/2} (d, d) and [WWᵀ]^{left/2} (k, k), as blocks of powers of the dilation D = [[0, W], [Wᵀ, 0]].

    D² = diag(WWᵀ, WᵀW), so the blocks of |D|^a are [WWᵀ]^{a/2} and [WᵀW]^{a/2}. Eigenvalues of D keep the digits that
    those of the products, which are their squares, lose.
    """
    k, d = W.shape
    values, vectors = scipy.linalg.eigh(np.block([[np.zeros((k, k)), W], [W.T, np.zeros((d, d))]]))
    sizes = np.abs(values)
    sizes[sizes <= sizes.max() * DILATION_TOLERANCE] = 0.0
    upper, lower = vectors[:k], vectors[k:]
    return (lower * sizes**right) @ lower.T, (upper * sizes**left) @ upper.T


def check_claim1(
    depths: Sequence[int] = DEPTHS,
    shapes: Sequence[tuple[int, int]] = ((1, 6), (2, 5), (3, 3), (4, 7), (6, 4)),
    seeds: Sequence[int] = (0, 1, 2),
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
                rows.append(
                    {"depth": N, "outputs": k, "features": d, "rank": min(k, d), "seed": seed, **_claim1(W, G, N)}
                )
                if min(k, d) > 1:
                    W = W[:, :1] @ W[:1]
                    rows.append({"depth": N, "outputs": k, "features": d, "rank": 1, "seed": seed, **_claim1(W, G, N)})
    return rows


def _claim1(W: Array, G: Array, N: int) -> Row:
    P, V = dense_preconditioner(W, N), preconditioner_eigenvectors(W)
    values = preconditioner_eigenvalues(W, N).ravel(order="F")
    largest = values.max()
    direction = end_to_end_direction(W, G, N).ravel(order="F")
    return {
        "eigenvalue_error": float(np.max(np.abs(np.sort(values) - scipy.linalg.eigvalsh(P))) / largest),
        "eigenvector_error": float(np.max(np.linalg.norm(P @ V - V * values, axis=0)) / largest),
        "orthogonality_error": float(np.max(np.abs(V.T @ V - np.eye(len(V))))),
        "direction_error": float(np.linalg.norm(P @ G.ravel(order="F") - direction) / np.linalg.norm(direction)),
    }


def check_claim2(
    depths: Sequence[int] = DEPTHS,
    features: Sequence[int] = (1, 2, 5, 128),
    norms: Sequence[float] = (0.0, 1e-6, 1e-2, 1.0, 1e3),
    seeds: Sequence[int] = (0, 1, 2),
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
