"""Independent twins of the numeric core: what it computes, written a second time from the paper and from torch.

Nothing here uses the code under test, but for the initial weights, which have tests of their own.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import fractional_matrix_power
from torch import Tensor

from overparam_cli.kinds.linear.layers import initial_weights
from overparam_cli.kinds.linear.parameterisations.diagonal import Diagonal
from overparam_cli.kinds.linear.trial import LinearTrial
from overparam_cli.kinds.mnist.trial import MnistTrial
from overparam_cli.kinds.optimizers import OPTIMIZERS

Array = NDArray[np.float64]
Weights = list[Tensor]


def make_trial(**changes: Any) -> LinearTrial:
    """A trial of gradient descent on one layer in float64, with `changes`; the optimiser's defaults are filled in."""
    fields: dict[str, Any] = {
        "experiment": "test",
        "variant": "v",
        "curve": "c",
        "dataset": "test",
        "targets": (),
        "preprocessing": "none",
        "loss": "l4",
        "depth": 1,
        "init": "near-zero",
        "init_std": 0.3,
        "optimizer": "gd",
        "semantics": "tf1",
        "lr": 1e-2,
        "weight_decay": 0.0,
        "seed": 0,
        "dtype": "float64",
        "iterations": 100,
    }
    fields |= changes
    fields.setdefault("widths", (1,) * (fields["depth"] - 1))
    defaults = OPTIMIZERS[fields["optimizer"]].defaults[fields["semantics"]]
    fields.setdefault("hyper", tuple(sorted(defaults.items())))
    return LinearTrial(**fields)


def make_cnn_trial(**changes: Any) -> MnistTrial:
    """A trial of the factored network with the tutorial's settings on few, small batches, with `changes`."""
    fields: dict[str, Any] = {
        "experiment": "test",
        "variant": "v",
        "curve": "c",
        "dataset": "digits-simulated:n=5100,n_test=100",
        "widths": ((512,), (10,)),
        "init_std": 0.1,
        "optimizer": "momentum",
        "semantics": "tf1",
        "lr": 1e-2,
        "lr_decay": 0.95,
        "weight_decay": 5e-4,
        "decay_on": "factors",
        "batch": 4,
        "dropout": 0.5,
        "validation": 100,
        "evaluate_every": 100,
        "seed": 0,
        "dtype": "float64",
        "iterations": 10,
    }
    fields |= changes
    fields.setdefault("factor_stds", tuple((0.1,) * (len(inner) + 1) if inner else () for inner in fields["widths"]))
    defaults = OPTIMIZERS[fields["optimizer"]].defaults[fields["semantics"]]
    fields.setdefault("hyper", tuple(sorted(defaults.items())))
    return MnistTrial(**fields)


def make_problem(n: int, d: int, k: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Features (n, d) of unequal scale and labels (n, k) that a linear map nearly explains."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) * np.linspace(0.4, 1.2, d)
    Y = X @ rng.normal(size=(d, k)) * 0.7 + 0.3 * rng.normal(size=(n, k))
    return torch.from_numpy(X), torch.from_numpy(Y)


def loss_from(outputs: Tensor, Y: Tensor, loss: str) -> Tensor:
    """The training loss of predictions (n, k), differentiable, as torch.nn has it where it has it.

    ℓp is Section 3's (1/n) Σ_i Σ_o (1/p)(output − label)^p.
    """
    functional, total = torch.nn.functional, "sum"
    if loss.startswith("huber"):
        return functional.huber_loss(outputs, Y, reduction=total, delta=float(loss[5:] or 1)) / len(Y)
    if loss == "logistic":
        return functional.binary_cross_entropy_with_logits(outputs, (Y + 1) / 2, reduction=total) / len(Y)
    p = int(loss[1:])
    return ((outputs - Y).abs() ** p).sum() / (p * len(Y))


def loss_of(W: Tensor, X: Tensor, Y: Tensor, loss: str) -> Tensor:
    """`loss_from` of a linear predictor W (k, d)."""
    return loss_from(torch.nn.functional.linear(X, W), Y, loss)


class Factors(torch.nn.Module):
    """A diagonal network, x ↦ (u_1 ⊙ … ⊙ u_N) x."""

    def __init__(self, factors: Weights) -> None:
        """Start from `factors`, (k, d) each."""
        super().__init__()
        self.factors = torch.nn.ParameterList([factor.clone() for factor in factors])

    def forward(self, x: Tensor) -> Tensor:
        """The predictions (n, k) of x (n, d)."""
        W = torch.ones_like(self.factors[0])
        for factor in self.factors:
            W = W * factor
        return x @ W.T


class TF1Adam:
    """`tf.train.AdamOptimizer` of TensorFlow 1.x as its documentation writes it, one array at a time, in NumPy."""

    def __init__(self, parameters: Sequence[Tensor], lr: float, weight_decay: float = 0.0) -> None:
        """Start at t = 0 with zero moments."""
        self.parameters, self.lr, self.weight_decay = list(parameters), lr, weight_decay
        self.t = 0
        self.m = [np.zeros(parameter.shape) for parameter in parameters]
        self.v = [np.zeros(parameter.shape) for parameter in parameters]

    def zero_grad(self) -> None:
        for parameter in self.parameters:
            parameter.grad = None

    def step(self) -> None:
        self.t += 1
        rate = self.lr * np.sqrt(1 - 0.999**self.t) / (1 - 0.9**self.t)
        for place, parameter in enumerate(self.parameters):
            assert parameter.grad is not None
            w = parameter.detach().numpy()
            g = parameter.grad.numpy() + self.weight_decay * w
            self.m[place] = 0.9 * self.m[place] + 0.1 * g
            self.v[place] = 0.999 * self.v[place] + 0.001 * g**2
            w -= rate * self.m[place] / (np.sqrt(self.v[place]) + 1e-8)  # in place, so in the parameter


def torch_optimizer(name: str, semantics: str, parameters: Sequence[Tensor], lr: float, weight_decay: float) -> Any:
    """torch's own optimiser under the settings that the design documents for TensorFlow 1.x and for torch."""
    settings: dict[str, Any] = {"lr": lr, "weight_decay": weight_decay}
    kinds: dict[tuple[str, str], tuple[Callable[..., Any], dict[str, Any]]] = {
        ("gd", "tf1"): (torch.optim.SGD, {}),
        ("gd", "torch"): (torch.optim.SGD, {}),
        ("momentum", "tf1"): (torch.optim.SGD, {"momentum": 0.9}),
        ("momentum", "torch"): (torch.optim.SGD, {"momentum": 0.9}),
        ("adagrad", "tf1"): (torch.optim.Adagrad, {"initial_accumulator_value": 0.1, "eps": 0.0}),
        ("adagrad", "torch"): (torch.optim.Adagrad, {}),
        ("adadelta", "tf1"): (torch.optim.Adadelta, {"rho": 0.95, "eps": 1e-8}),
        ("adadelta", "torch"): (torch.optim.Adadelta, {}),
        ("adam", "tf1"): (TF1Adam, {}),
        ("adam", "torch"): (torch.optim.Adam, {}),
    }
    make, special = kinds[name, semantics]
    return make(parameters, **settings, **special)


def symmetric_power(A: Array, exponent: float, rank: int) -> Array:
    """Aᵉ of a positive semidefinite matrix of known rank, with A⁰ = I as in Eq. 10.

    Where A has full rank it is SciPy's; otherwise eigenvalues that are zero but for rounding must be taken for zero,
    because a small power of rounding is large.
    """
    if exponent == 0 or rank == len(A):
        return np.real(fractional_matrix_power(A, exponent))
    values, vectors = np.linalg.eigh(A)
    values[: len(A) - rank] = 0.0  # in rising order
    power: Array = (vectors * values**exponent) @ vectors.T
    return power


def rule_step(W: Array, G: Array, N: int, lr: float, weight_decay: float = 0.0) -> Array:
    """Eq. 10, term by term, for W and G of shape (k, d)."""
    rank = int(np.linalg.matrix_rank(W))
    total = np.zeros_like(W)
    for j in range(1, N + 1):
        left = symmetric_power(W @ W.T, (j - 1) / N, rank)
        right = symmetric_power(W.T @ W, (N - j) / N, rank)
        total += left @ G @ right
    return (1 - lr * weight_decay * N) * W - lr * total


def single_output_rule_step(w: Array, g: Array, N: int, lr: float, weight_decay: float = 0.0) -> Array:
    """Eq. 12 for w and g of shape (d,)."""
    norm = np.linalg.norm(w)
    projection = w / norm * (g @ (w / norm)) if norm > 0 else np.zeros_like(w)
    return (1 - lr * weight_decay * N) * w - lr * norm ** (2 - 2 / N) * (g + (N - 1) * projection)


def starting_layers(trial: LinearTrial, d: int, k: int) -> Weights:
    """A trial's initial weights W_1 … W_N."""
    return initial_weights(d, trial.widths, k, init=trial.init, init_std=trial.init_std, seed=trial.seed)


def explicit_network(trial: LinearTrial, d: int, k: int) -> torch.nn.Module:
    """The trial's network as torch.nn writes it, at its initial weights."""
    if trial.parameterisation == "diagonal":
        return Factors(Diagonal.initial(trial, d, k))
    layers = starting_layers(trial, d, k)
    network = torch.nn.Sequential(
        *(torch.nn.Linear(layer.shape[1], layer.shape[0], bias=False, dtype=torch.float64) for layer in layers)
    )
    with torch.no_grad():
        for parameter, layer in zip(network.parameters(), layers, strict=True):
            parameter.copy_(layer)
    return network


def train_alone(trial: LinearTrial, X: Tensor, Y: Tensor, iterations: int) -> Array:
    """One trial by itself, the way everybody writes it; its W_e (iterations + 1, k, d) at every iteration, float64.

    Every kernel is compared with it, so it is trained once.
    """
    key = trial, iterations, *(part for own in (X, Y) for part in (own.shape, own.numpy().tobytes()))
    if key not in ALONE:
        ALONE[key] = _trained_alone(trial, X, Y, iterations)
    return ALONE[key].copy()


ALONE: dict[tuple[object, ...], Array] = {}


def _trained_alone(trial: LinearTrial, X: Tensor, Y: Tensor, iterations: int) -> Array:
    if trial.optimizer == "end-to-end":
        return _follow_rule(trial, starting_layers(trial, X.shape[1], Y.shape[1]), X, Y, iterations)
    network = explicit_network(trial, X.shape[1], Y.shape[1])
    optimizer = torch_optimizer(
        trial.optimizer, trial.semantics, list(network.parameters()), trial.lr, trial.weight_decay
    )
    basis, path = torch.eye(X.shape[1], dtype=torch.float64), []
    for _ in range(iterations):
        path.append(network(basis).detach().numpy().T.copy())
        optimizer.zero_grad()
        (trial.loss_scale * loss_from(network(X), Y, trial.loss)).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    path.append(network(basis).detach().numpy().T.copy())
    return np.array(path)


def _follow_rule(trial: LinearTrial, layers: Weights, X: Tensor, Y: Tensor, iterations: int) -> Array:
    W = layers[0].numpy()
    for layer in layers[1:]:
        W = layer.numpy() @ W
    path = [W]
    for _ in range(iterations):
        leaf = torch.from_numpy(W).requires_grad_()
        G = torch.autograd.grad(trial.loss_scale * loss_of(leaf, X, Y, trial.loss), leaf)[0].numpy()
        if len(W) == 1:
            W = single_output_rule_step(W[0], G[0], trial.depth, trial.lr, trial.weight_decay)[None]
        else:
            W = rule_step(W, G, trial.depth, trial.lr, trial.weight_decay)
        path.append(W)
    return np.array(path)
