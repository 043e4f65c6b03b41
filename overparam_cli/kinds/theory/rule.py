"""Section 5: the end-to-end rule, its preconditioner, and the single-output case. A float64 NumPy reference.

The engine's batched version stands in `linear/parameterisations/end_to_end.py`; this one is written from the formulas,
one matrix at a time, and is what that one is tested against. Throughout,

    W  (k, d)   end-to-end matrix W_e            G  (k, d)   dL¹/dW at W
    N           depth, 1 or more                 σ  (min(k, d),) singular values of W, σ_r = 0 beyond

and a matrix power [A]^0 is the identity, of singular A too: that is how Claim 2's proof (App. A.3) reads it. Hence
W = 0 gives a zero step for N ≥ 2 and the gradient for N = 1.
"""

import numpy as np

from overparam_cli.kinds.theory.common import Array

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
    known = np.append(s, 0.0)[:, None]  # σ_r = 0 beyond min(k, d): one row stands for all of those
    sums = known ** (2 * (N - j) / N) @ (known ** (2 * (j - 1) / N)).T
    rows, columns = (np.minimum(np.arange(size), len(s)) for size in shape)
    total: Array = sums[np.ix_(rows, columns)]
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
    total = np.zeros((W.size, W.size))
    for j in range(1, N + 1):
        total += np.kron(*_gram_powers(W, 2 * (N - j) / N, 2 * (j - 1) / N))
    return total


def _gram_powers(W: Array, right: float, left: float) -> tuple[Array, Array]:
    """[WᵀW]^{right/2} (d, d) and [WWᵀ]^{left/2} (k, k), as blocks of powers of the dilation D = [[0, W], [Wᵀ, 0]].

    D² = diag(WWᵀ, WᵀW), so the blocks of |D|^a are [WWᵀ]^{a/2} and [WᵀW]^{a/2}. Eigenvalues of D keep the digits that
    those of the products, which are their squares, lose.
    """
    import scipy.linalg

    k, d = W.shape
    values, vectors = scipy.linalg.eigh(np.block([[np.zeros((k, k)), W], [W.T, np.zeros((d, d))]]))
    sizes = np.abs(values)
    sizes[sizes <= sizes.max() * DILATION_TOLERANCE] = 0.0
    upper, lower = vectors[:k], vectors[k:]
    return (lower * sizes**right) @ lower.T, (upper * sizes**left) @ upper.T
