"""A family: trials that share a parameterisation and an optimiser, so that one update moves them all."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from overparam_cli.experiments import Trial
from overparam_cli.kinds.linear.layers import Weights, end_to_end, initial_weights, layer_shapes
from overparam_cli.kinds.linear.parameterisations import Chain, MatrixChain, ScalarChain
from overparam_cli.kinds.optimizers import OPTIMIZERS, Buffers, State

RULE = "end-to-end"  # the optimiser that acts on W_e itself


def layered_widths(trial: Trial) -> tuple[int, ...]:
    """Hidden widths of what is trained: the end-to-end rule has no layers, it trains W_e."""
    return () if trial.optimizer == RULE else trial.widths


def layout(trial: Trial, k: int) -> str | tuple[int, ...]:
    """How a trial's parameters are laid out: as scalars above W_1 (any depth), or as matrices of these widths."""
    widths = layered_widths(trial)
    return "scalars" if k == 1 and all(width == 1 for width in widths) else widths


def family_key(trial: Trial, k: int) -> tuple[object, ...]:
    """What trials must share to be one family: the layout of their parameters, and the optimiser with its settings."""
    return (layout(trial, k), trial.optimizer, trial.semantics, trial.hyper)


def starting_weights(trial: Trial, d: int, k: int) -> Weights:
    """A trial's initial weights in float64; for the end-to-end rule the network's own W_e, as a single layer."""
    weights = initial_weights(d, trial.widths, k, init=trial.init, init_std=trial.init_std, seed=trial.seed)
    return [end_to_end(weights)] if trial.optimizer == RULE else weights


@dataclass
class Family:
    """Trials of one family, their parameters and optimiser state; `columns` is where they stand in the batch."""

    trials: list[Trial]
    chain: Chain
    d: int
    k: int
    state: State
    columns: slice = field(default_factory=lambda: slice(0, 0))

    def __post_init__(self) -> None:
        """Allocate all that an update needs."""
        first, params = self.trials[0], self.chain.params
        self.optimizer = OPTIMIZERS[first.optimizer]
        self.hyper = dict(first.hyper)
        rate = self._per_trial([trial.lr for trial in self.trials])
        depth = self._per_trial([float(trial.depth) for trial in self.trials])
        penalty = self._per_trial([trial.weight_decay for trial in self.trials])  # λ of Eq. 4
        decays = any(trial.weight_decay for trial in self.trials)
        rule = first.optimizer == RULE
        self.decay = penalty * self.chain.trainable() if decays and not rule else None
        self.buffers = Buffers(
            params=params,
            grads=self.chain.grads,
            scratch=torch.empty_like(params),
            lr=rate,
            state=self.state,
            depth=depth,
            rows=params.new_empty(3, len(self.trials)),
            shrink=1 - rate * penalty * depth if decays and rule else None,  # Eq. 10's (1 − ηλN)
            outputs=self.k,
        )

    def _per_trial(self, values: list[float]) -> Tensor:
        """One value a trial, shaped to broadcast against params: (B,) where trials are columns, (B, 1) where rows."""
        vector = torch.tensor(values, dtype=torch.float64).to(self.chain.params)
        return vector if self.chain.trial_dim == 1 else vector[:, None]

    def update(self, G: Tensor, t: int) -> None:
        """One optimiser step, the t-th (from 1), from G = ∇L(W_e) of this family's columns, (d, B·k)."""
        self.chain.pullback(G)
        if self.decay is not None:
            self.chain.grads.addcmul_(self.chain.params, self.decay)
        self.optimizer.update(self.buffers, self.hyper, t)

    def kept(self, alive: Sequence[int]) -> "Family":
        """This family with only the trials at positions `alive`."""
        index = torch.tensor(alive, device=self.chain.params.device)
        trials = [self.trials[i] for i in alive]
        pick = {slot: value.index_select(self.chain.trial_dim, index) for slot, value in self.state.items()}
        return restore(trials, self.chain.params.index_select(self.chain.trial_dim, index), pick, self.d, self.k)


def build(trials: list[Trial], d: int, k: int, dtype: torch.dtype, device: torch.device) -> Family:
    """A family at iteration 0."""
    pack = ScalarChain.pack if layout(trials[0], k) == "scalars" else MatrixChain.pack
    chain: Chain = pack([starting_weights(trial, d, k) for trial in trials], dtype, device)
    state = OPTIMIZERS[trials[0].optimizer].init(chain.params, dict(trials[0].hyper))
    return Family(trials, chain, d, k, state)


def restore(trials: list[Trial], params: Tensor, state: State, d: int, k: int) -> Family:
    """A family from its trials, parameters and optimiser state, as a checkpoint or a compaction leaves them."""
    if layout(trials[0], k) != "scalars":
        return Family(trials, MatrixChain(params, layer_shapes(d, layered_widths(trials[0]), k)), d, k, state)
    depths = [len(layered_widths(trial)) + 1 for trial in trials]
    rows = d + max(depths) - 1  # the deepest network may be gone: drop the rows that only pad now
    state = {slot: value[:rows].contiguous() for slot, value in state.items()}
    return Family(trials, ScalarChain(params[:rows].contiguous(), depths), d, k, state)
