"""The training loss with a linear predictor, L(W), and its gradient (Section 3, Appendix C.1).

Shapes, the same everywhere:

    W     (..., k, d)   predictors x ↦ W·x; any number of leading batch dimensions
    X     (n, d)        features, one row an example
    Y     (n, k)        labels
    R     (..., k, n)   residuals W·Xᵀ − Yᵀ or margins Yᵀ ∘ W·Xᵀ, as the loss's form says; examples last, so that one
                        matrix product makes them

    L(W)  = (1/n) Σ_i Σ_o ℓ(R_oi)      dL/dW = (1/n) ℓ′(R)·X, its rows' terms times the labels where R are margins

There is no bias term (Appendix C.1). The outputs do not interact: row o of W is a problem of its own, on column o of Y.
"""

from torch import Tensor

from overparam_cli.kinds.linear.loss import Loss


def value(W: Tensor, X: Tensor, Y: Tensor, loss: Loss) -> Tensor:
    """L(W), (...): one number for each predictor of the batch."""
    return loss.value(residuals(W, X, Y, loss))


def gradient(W: Tensor, X: Tensor, Y: Tensor, loss: Loss) -> Tensor:
    """dL/dW, (..., k, d)."""
    slope: Tensor = loss.slope(residuals(W, X, Y, loss))
    return (slope if loss.form == "residual" else slope * Y.T) @ X / X.shape[0]


def residuals(W: Tensor, X: Tensor, Y: Tensor, loss: Loss) -> Tensor:
    """What the loss is a function of, R (..., k, n)."""
    return W @ X.T - Y.T if loss.form == "residual" else W @ X.T * Y.T
