"""A family: trials that share a parameterisation and an optimiser, so that one update moves them all."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from overparam_cli.kinds.linear.kernels import Chains
from overparam_cli.kinds.linear.parameterisation import Networks, Parameterisation
from overparam_cli.kinds.linear.parameterisations import parameterisation
from overparam_cli.kinds.linear.parameterisations.end_to_end import EndToEnd
from overparam_cli.kinds.linear.parameterisations.layers import MatrixChain, ScalarChain
from overparam_cli.kinds.linear.trial import LinearTrial
from overparam_cli.kinds.optimizers import OPTIMIZERS, State


def parameterisation_of(trial: LinearTrial) -> Parameterisation:
    """The trial's own, or the one that its optimiser is bound to."""
    return parameterisation(OPTIMIZERS[trial.optimizer].parameterisation or trial.parameterisation)


def family_key(trial: LinearTrial, k: int) -> Hashable:
    """What trials must share to be one family: the layout of their parameters, and the optimiser with its settings."""
    group = parameterisation_of(trial).group(trial, k)
    return (trial.parameterisation, group, trial.optimizer, trial.semantics, trial.hyper)


@dataclass
class Family:
    """Trials of one family, their networks and optimiser state; `columns` is where they stand in the batch."""

    trials: list[LinearTrial]
    networks: Networks
    d: int
    k: int
    state: State
    columns: slice = field(default_factory=lambda: slice(0, 0))

    def __post_init__(self) -> None:
        """Allocate all that an update needs."""
        first, params = self.trials[0], self.networks.params
        self._rate = self._per_trial([trial.lr for trial in self.trials])
        self._penalty = self._per_trial([trial.weight_decay for trial in self.trials])  # λ of Eq. 4
        decays = any(trial.weight_decay for trial in self.trials)
        self.decay = self._penalty * self.networks.decay() if decays else None
        self._move = OPTIMIZERS[first.optimizer].bind(params, self._rate, self.state, dict(first.hyper))

    def _per_trial(self, values: list[float]) -> Tensor:
        """One value a trial, shaped to broadcast against params."""
        shape = [1] * self.networks.params.dim()
        shape[self.networks.trial_dim] = len(values)
        return torch.tensor(values, dtype=torch.float64).to(self.networks.params).view(shape)

    def update(self, G: Tensor, t: int | Tensor) -> None:
        """One optimiser step, the t-th (see `kinds.optimizer`), from G = ∇L(W_e) of this family's columns, (d, B·k)."""
        self.networks.pullback(G)
        if self.decay is not None:
            self.networks.grads.addcmul_(self.networks.params, self.decay)
        self._move(self.networks.grads, t)

    def chains(self) -> Chains | None:
        """The family as a kernel may descend with it by itself; None unless it is known, and of one output."""
        first, chain = self.trials[0], self.networks
        whole = isinstance(chain, EndToEnd) and self.k == 1
        if isinstance(chain, EndToEnd) and whole:
            real, sizes = chain.depth, tuple[int, ...]()
        elif isinstance(chain, ScalarChain):
            real, sizes = chain.real, ()
        elif isinstance(chain, MatrixChain) and self.k == 1:
            real, sizes = chain.params.new_empty(0), (self.d, *first.widths, 1)
        else:
            return None
        function, hyper = OPTIMIZERS[first.optimizer].function, dict(first.hyper)
        rate, decay = self._rate.flatten(), self._penalty.flatten()
        return Chains(chain.params, real, rate, decay, function, self.state, hyper, sizes, whole)

    def kept(self, alive: Sequence[int]) -> "Family":
        """This family with only the trials at positions `alive`."""
        index = torch.tensor(alive, device=self.networks.params.device)

        def pick(value: Tensor) -> Tensor:
            return value.index_select(self.networks.trial_dim, index)

        state = {slot: pick(value) for slot, value in self.state.items()}
        return restore([self.trials[i] for i in alive], pick(self.networks.params), state, self.d, self.k)


def build(trials: list[LinearTrial], d: int, k: int, dtype: torch.dtype, device: torch.device) -> Family:
    """A family at iteration 0."""
    own, first = parameterisation_of(trials[0]), trials[0]
    networks = own.pack([own.initial(trial, d, k) for trial in trials], dtype, device)
    state = OPTIMIZERS[first.optimizer].init(networks.params, dict(first.hyper))
    return Family(trials, networks, d, k, state)


def restore(trials: list[LinearTrial], params: Tensor, state: Mapping[str, Tensor], d: int, k: int) -> Family:
    """A family from its trials, parameters and optimiser state, as a checkpoint or a compaction leaves them.

    What the networks drop of the parameters, the state drops too.
    """
    networks = parameterisation_of(trials[0]).restore(params, trials, d, k)
    kept = tuple(slice(size) for size in networks.params.shape)
    return Family(trials, networks, d, k, {slot: value[kept].contiguous() for slot, value in state.items()})
