"""Optimisers as pairs of functions over a named state, batched over trials, updating in place.

Every optimiser but the end-to-end rule is elementwise, so it does not care how parameters are laid out: `params`,
`grads` and each state tensor have one shape, and `lr` (one learning rate η per trial) broadcasts against it. An update
works in `scratch`, a tensor of the same shape, and may overwrite `grads`; it allocates nothing, but for the singular
value decompositions of the end-to-end rule with several outputs.

The paper ran TensorFlow 1.x, whose defaults (`tf1`) differ from PyTorch's (`torch`); `Optimizer.defaults` holds both.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from overparam_cli.errors import ConfigError

Hyper = Mapping[str, float]
State = dict[str, Tensor]


@dataclass
class Buffers:
    """What one update works on, for a family of B trials.

    params, grads, scratch: one shape; lr: η per trial, broadcasting against it; state: the optimiser's slots. The
    end-to-end rule also takes depth (N per trial) and shrink (1 − ηλN per trial, None without weight decay), shaped as
    lr, rows (3, B) to work in, and the number of outputs k: its params are (d, B) for k = 1, else (B, k·d). The others
    find weight decay in grads.
    """

    params: Tensor
    grads: Tensor
    scratch: Tensor
    lr: Tensor
    state: State
    depth: Tensor
    rows: Tensor
    shrink: Tensor | None = None
    outputs: int = 1


@dataclass(frozen=True)
class Optimizer:
    """An optimiser: hyperparameters per semantics, the names of its state slots, and the update.

    `elementwise`: it treats every parameter by itself, so it trains any network. `counts_steps`: the update depends on
    t, so that it is not the same operation every time.
    """

    update: Callable[[Buffers, Hyper, int], None]
    defaults: Mapping[str, Hyper]
    slots: tuple[str, ...] = ()
    elementwise: bool = True
    counts_steps: bool = False

    def init(self, params: Tensor, hyper: Hyper) -> State:
        """State before the first update: zeros, or `initial_accumulator` where the optimiser has one.

        Raises ConfigError where the optimiser divides by a root of the state and nothing keeps that above 0.
        """
        start = hyper.get("initial_accumulator", 0.0)
        if "epsilon" in hyper and hyper["epsilon"] + start <= 0:
            named = "epsilon and initial_accumulator are" if "initial_accumulator" in hyper else "epsilon is"
            raise ConfigError(f"{named} 0, so a zero gradient would be divided by zero: give a value above 0")
        return {slot: torch.full_like(params, start) for slot in self.slots}


def gd(b: Buffers, hyper: Hyper, t: int) -> None:
    """Gradient descent: w ← w − η g."""
    b.params.addcmul_(b.grads, b.lr, value=-1)


def momentum(b: Buffers, hyper: Hyper, t: int) -> None:
    """Heavy ball: a ← μ a + g, w ← w − η a (both semantics). μ: momentum."""
    b.state["velocity"].mul_(hyper["momentum"]).add_(b.grads)
    b.params.addcmul_(b.state["velocity"], b.lr, value=-1)


def adagrad(b: Buffers, hyper: Hyper, t: int) -> None:
    """AdaGrad (Duchi et al., 2011): s ← s + g², w ← w − η g / (√s + ε). tf1: s₀ 0.1, ε 0; torch: s₀ 0, ε 1e-10."""
    b.state["accumulator"].addcmul_(b.grads, b.grads)
    torch.sqrt(b.state["accumulator"], out=b.scratch)
    if hyper["epsilon"]:
        b.scratch.add_(hyper["epsilon"])
    torch.div(b.grads, b.scratch, out=b.scratch)
    b.params.addcmul_(b.scratch, b.lr, value=-1)


def adadelta(b: Buffers, hyper: Hyper, t: int) -> None:
    """AdaDelta (Zeiler, 2012): s ← ρ s + (1−ρ) g², u = g √(δ + ε) / √(s + ε), δ ← ρ δ + (1−ρ) u², w ← w − η u."""
    rho, epsilon = hyper["rho"], hyper["epsilon"]
    square, delta = b.state["square"], b.state["delta"]
    square.mul_(rho).addcmul_(b.grads, b.grads, value=1 - rho)
    torch.add(square, epsilon, out=b.scratch).rsqrt_()
    b.grads.mul_(b.scratch)
    torch.add(delta, epsilon, out=b.scratch).sqrt_()
    b.grads.mul_(b.scratch)  # the update u
    delta.mul_(rho).addcmul_(b.grads, b.grads, value=1 - rho)
    b.params.addcmul_(b.grads, b.lr, value=-1)


def adam(b: Buffers, hyper: Hyper, t: int) -> None:
    """Adam (Kingma & Ba, 2015): m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², w ← w − η √(1−β₂ᵗ)/(1−β₁ᵗ) · m/(√v + ε̂).

    t counts from 1. tf1 takes ε̂ = ε as it is; torch adds ε after bias correction (bias_corrected_epsilon = 1), which in
    this form is ε̂ = ε √(1−β₂ᵗ).
    """
    beta1, beta2, epsilon = hyper["beta1"], hyper["beta2"], hyper["epsilon"]
    first, second = b.state["first"], b.state["second"]
    first.mul_(beta1).add_(b.grads, alpha=1 - beta1)
    second.mul_(beta2).addcmul_(b.grads, b.grads, value=1 - beta2)
    correction = math.sqrt(1 - beta2**t)
    if hyper["bias_corrected_epsilon"]:
        epsilon *= correction
    torch.sqrt(second, out=b.scratch).add_(epsilon)
    torch.div(first, b.scratch, out=b.scratch)
    b.scratch.mul_(correction / (1 - beta1**t))
    b.params.addcmul_(b.scratch, b.lr, value=-1)


def end_to_end_rule(b: Buffers, hyper: Hyper, t: int) -> None:
    """The paper's end-to-end update rule: what N layers do to W_e, applied to W_e itself (Eq. 10; Eq. 12 for k = 1)."""
    if b.outputs == 1:
        _precondition_single_output(b)
    else:
        _precondition(b)
    if b.shrink is not None:
        b.params.mul_(b.shrink)
    b.params.addcmul_(b.grads, b.lr, value=-1)


def _precondition_single_output(b: Buffers) -> None:
    """Eq. 12: G ← ‖W_e‖^{2−2/N} (G + (N−1) Pr_{W_e}{G}), for the columns of params and grads, (d, B).

    W_e = 0 is sent to 0 for N ≥ 2, as Claim 2 defines it: the power is 0, and so is what multiplies the projection.
    """
    overlap, norm, power = b.rows  # (B,) each
    torch.mul(b.params, b.grads, out=b.scratch)
    torch.sum(b.scratch, dim=0, out=overlap)  # ⟨W_e, G⟩
    torch.linalg.vector_norm(b.params, dim=0, out=norm)
    torch.sub(b.depth, 1, out=power)
    overlap.mul_(power)  # exactly 0 for N = 1, so nothing below can come of it
    torch.div(2, b.depth, out=power).neg_().add_(2)  # 2 − 2/N
    torch.pow(norm, power, out=power)
    norm.clamp_(min=torch.finfo(norm.dtype).tiny)  # only ever divides what is 0 there
    overlap.div_(norm).mul_(power).div_(norm)  # in this order, because the product of overlap and power underflows
    b.grads.mul_(power)
    b.grads.addcmul_(b.params, overlap)


def _precondition(b: Buffers) -> None:
    """Eq. 10: G ← Σ_j [W_e W_eᵀ]^{(j−1)/N} G [W_eᵀ W_e]^{(N−j)/N} for params and grads (B, k·d), from one SVD.

    With W_e = U S Vᵀ (thin) the terms 1 < j < N live in span(U) × span(V), where they are elementwise products with
    Σ_j S_r^{2(j−1)/N} S_s^{2(N−j)/N}; the terms j = 1 and j = N carry a zeroth power, which is the identity on the
    whole space, so one of their sides is not projected. W_e = 0 is sent to 0 for N ≥ 2.
    """
    B, k = b.params.shape[0], b.outputs
    W, G = b.params.view(B, k, -1), b.grads.view(B, k, -1)  # (B, k, d)
    # The SVD refuses what is not finite, and a diverged trial must not stop the others. Its G is not finite either.
    U, S, Vh = torch.linalg.svd(W.nan_to_num(0, 0, 0), full_matrices=False)  # (B, k, r), (B, r), (B, r, d)
    UtG, GV = U.mT @ G, G @ Vh.mT  # (B, r, d), (B, k, r)
    N = b.depth.view(B, 1)
    core = S.new_zeros(B, S.shape[1], S.shape[1])  # (B, r, r)
    for j in range(2, int(N.max())):
        inner = (j < N).to(S.dtype)
        left, right = S ** (2 * (j - 1) / N), S ** (2 * (N - j).clamp(min=0) / N)
        core += inner[:, :, None] * left[:, :, None] * right[:, None, :]
    ends = S ** (2 * (N - 1) / N)  # (B, r): S^{2(N−1)/N}
    first = (GV * ends[:, None, :]) @ Vh  # j = 1: I_k on the left
    last = U @ (ends[:, :, None] * UtG)  # j = N: I_d on the right
    middle = U @ (core * (UtG @ Vh.mT)) @ Vh
    torch.where(N[:, :, None] > 1, first + middle + last, G, out=b.scratch.view(B, k, -1))  # N = 1 has a single term
    b.grads.copy_(b.scratch)


def _both(**defaults: float) -> Mapping[str, Hyper]:
    """Defaults of an optimiser whose two semantics agree."""
    return {"tf1": defaults, "torch": defaults}


SEMANTICS = ("tf1", "torch")

OPTIMIZERS: Mapping[str, Optimizer] = {
    "gd": Optimizer(gd, _both()),
    "momentum": Optimizer(momentum, _both(momentum=0.9), ("velocity",)),
    "adagrad": Optimizer(
        adagrad,
        {"tf1": {"initial_accumulator": 0.1, "epsilon": 0.0}, "torch": {"initial_accumulator": 0.0, "epsilon": 1e-10}},
        ("accumulator",),
    ),
    "adadelta": Optimizer(
        adadelta,
        {"tf1": {"rho": 0.95, "epsilon": 1e-8}, "torch": {"rho": 0.9, "epsilon": 1e-6}},
        ("square", "delta"),
    ),
    "adam": Optimizer(
        adam,
        {
            "tf1": {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "bias_corrected_epsilon": 0.0},
            "torch": {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "bias_corrected_epsilon": 1.0},
        },
        ("first", "second"),
        counts_steps=True,
    ),
    "end-to-end": Optimizer(end_to_end_rule, _both(), elementwise=False),
}
