"""Top Hessian eigenvalues: of the training loss at W_e, and of the layered loss that gradient descent on layers meets.

Gradient descent with rate η on a quadratic diverges when η exceeds 2 over the top eigenvalue of its Hessian, so this
eigenvalue against 2/η tells whether a step is still stable. Two are of interest:

    curvature   of L at W_e (Section 3)
    sharpness   of L^N at (W_1 … W_N), L^N(W_1 … W_N) = L(W_N ⋯ W_1) (Eq. 3)

With J the derivative of W_e in the layers, the Hessian of L^N is Jᵀ H J plus a term in G = ∇L(W_e). Where G vanishes,
its nonzero eigenvalues are those of the paper's preconditioner times H: JJᵀ is that preconditioner on a balanced net.

No Hessian is formed: Lanczos' method needs products with it alone, for many networks at once. All in float64. Shapes
are those of `regression`, W_e (..., k, d), X (n, d), Y (n, k); P is a network's number of weights.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.func import vjp

from overparam_cli.kinds.linear import objective
from overparam_cli.kinds.linear.layers import end_to_end, pullback
from overparam_cli.kinds.linear.loss import Loss
from overparam_cli.kinds.linear.parameterisation import Maps

Product = Callable[[Tensor], Tensor]  # (B, P) → (B, P), a symmetric operator for each row

STEPS = 60  # of Lanczos at most
FIRST_CHECK, CHECK_EVERY = 6, 4  # steps between looks for convergence
TOLERANCE = 1e-4  # residual, relative to the largest Ritz value: bounds the error, which is of second order in it
NEGLIGIBLE = 1e-14  # a new direction this much smaller than the operator is rounding
LAYERS = Maps(end_to_end, pullback)
BASIS_NUMBERS = 2**26  # float64 numbers a Lanczos basis may take: half a gigabyte


def start_vector(P: int) -> Tensor:
    """The unit vector (P,) every run of Lanczos' method starts from, whatever the network and its batch."""
    draw = torch.randn(P, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return draw.div(torch.linalg.vector_norm(draw))


def top_eigenvalue(
    product: Product, B: int, P: int, *, device: torch.device | None = None, steps: int = STEPS, tol: float = TOLERANCE
) -> Tensor:
    """Largest algebraic eigenvalue of B symmetric operators on ℝ^P by Lanczos with full re-orthogonalisation, (B,).

    A row is done when the residual of its top Ritz vector is at most `tol` times its largest Ritz value in modulus, and
    keeps the value it then has, so a companion that needs longer does not change it. After `steps` steps the Ritz
    value stands as it is, a lower bound. Rows in which a number is not finite give NaN and leave the others alone.
    """
    steps = min(steps, P)
    basis = torch.empty(B, steps, P, dtype=torch.float64, device=device)
    basis[:, 0] = start_vector(P).to(basis.device)
    diagonal, beside = basis.new_zeros(B, steps), basis.new_zeros(B, steps)  # of the tridiagonal matrix
    value, open_rows = torch.full((B,), torch.nan, dtype=torch.float64), torch.arange(B)
    size = basis.new_zeros(B)  # of the operator, as far as seen
    ended = torch.zeros(B, dtype=torch.bool, device=basis.device)  # the Krylov space is exhausted
    for m in range(1, steps + 1):
        known, last = basis[:, :m], basis[:, m - 1]
        w = product(last)
        # Past the end, a copy of the first diagonal entry: no larger than the top eigenvalue, so it does not show.
        diagonal[:, m - 1] = torch.where(ended, diagonal[:, 0], (w * last).sum(1))
        size = torch.maximum(size, torch.linalg.vector_norm(w, dim=1))
        for _ in range(2):  # once leaves rounding errors of the order of what was removed
            w = w - torch.einsum("bmp,bm->bp", known, torch.einsum("bmp,bp->bm", known, w))
        beta = torch.linalg.vector_norm(w, dim=1)
        ended = ended | (beta <= NEGLIGIBLE * size)
        beside[:, m - 1] = beta.masked_fill(ended, 0.0)
        if m == steps or (m >= FIRST_CHECK and (m - FIRST_CHECK) % CHECK_EVERY == 0):
            top, done = _ritz(diagonal[:, :m].cpu()[open_rows], beside[:, :m].cpu()[open_rows], tol)
            value[open_rows] = top
            open_rows = open_rows[~done]
            if not len(open_rows):
                break
        if m < steps:
            basis[:, m] = torch.where(ended[:, None], 0.0, w / beta[:, None])
    return value.to(basis.device)


def _ritz(diagonal: Tensor, beside: Tensor, tol: float) -> tuple[Tensor, Tensor]:
    """Top eigenvalue of tridiagonal matrices (B, m) and whether it is final; the last of `beside` leads out of them."""
    finite = diagonal.isfinite().all(dim=1) & beside.isfinite().all(dim=1)
    diagonal, beside = diagonal.where(finite[:, None], 0.0), beside.where(finite[:, None], 0.0)
    T = torch.diag_embed(diagonal) + torch.diag_embed(beside[:, :-1], offset=-1)  # the lower half is read
    ritz, vectors = torch.linalg.eigh(T)
    residual = beside[:, -1] * vectors[:, -1, -1].abs()
    done = residual <= tol * ritz.abs().amax(dim=1)
    return ritz[:, -1].where(finite, torch.nan), done | ~finite


def curvature(W: Tensor, X: Tensor, Y: Tensor, loss: Loss) -> Tensor:
    """Top eigenvalue of the Hessian of L at W, (...,) float64; W (..., k, d). For ℓ2 it is that of XᵀX/n everywhere.

    NaN where W is not finite.
    """
    W, X, Y = W.double(), X.double(), Y.double()
    if loss.quadratic:
        constant: Tensor = torch.linalg.eigvalsh(X.T @ X / len(X))[-1]
        return constant.where(W.isfinite().all(dim=-1).all(dim=-1), torch.nan)
    return sharpness([W.reshape(-1, *W.shape[-2:])], X, Y, loss).reshape(W.shape[:-2])


def sharpness(weights: Sequence[Tensor], X: Tensor, Y: Tensor, loss: Loss, maps: Maps = LAYERS) -> Tensor:
    """Top eigenvalue of the Hessian of the layered loss L^N (Eq. 3), without weight decay, (B,) float64.

    Args:
        weights: W_1 … W_N of B networks of one shape, each (B, n_j, n_{j−1}); or whatever tensors `maps` are of.
        X: (n, d).
        Y: (n, k).
        loss: of residuals or margins.
        maps: from the tensors to W_e and back.

    NaN where a weight is not finite, or so large that the Hessian is not. Weight decay λ (Eq. 4) adds λ to it.
    """
    layers, X, Y = [weight.double() for weight in weights], X.double(), Y.double()
    P = sum(weight[0].numel() for weight in layers)
    chunk = max(1, BASIS_NUMBERS // (min(STEPS, P) * P))
    parts = zip(*(torch.split(weight, chunk) for weight in layers), strict=True)
    return torch.cat([_sharpness(part, X, Y, loss, maps) for part in parts])


def _sharpness(weights: tuple[Tensor, ...], X: Tensor, Y: Tensor, loss: Loss, maps: Maps) -> Tensor:
    """`sharpness` of as many networks as memory allows at once.

    Products with the Hessian are the backward pass through the gradient of Eq. 3, pullback of ∇L at the end-to-end
    matrix: the Hessian is symmetric, so its transpose does, and the forward pass is made once for all products.
    """
    shapes = [weight.shape[1:] for weight in weights]
    sizes = [shape.numel() for shape in shapes]
    derivative = _derivative(X, Y, loss)
    transposed = vjp(lambda *layers: tuple(maps.pullback(layers, derivative(maps.end_to_end(layers)))), *weights)[1]

    def product(V: Tensor) -> Tensor:
        parts = zip(torch.split(V, sizes, dim=1), shapes, strict=True)
        blocks = transposed(tuple(part.reshape(-1, *shape) for part, shape in parts))
        return torch.cat([block.flatten(1) for block in blocks], dim=1)

    return top_eigenvalue(product, len(weights[0]), sum(sizes), device=weights[0].device)


def _derivative(X: Tensor, Y: Tensor, loss: Loss) -> Callable[[Tensor], Tensor]:
    """W ↦ ∇L(W); for ℓ2 through XᵀX/n and YᵀX/n, without n."""
    if loss.quadratic:
        gram, moment = X.T @ X / len(X), Y.T @ X / len(X)
        return lambda W: W @ gram - moment
    return lambda W: objective.gradient(W, X, Y, loss)
