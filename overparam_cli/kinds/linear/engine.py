"""The one loop that trains a batch of linear trials.

By Eq. 3 the loss of a deep linear network is the loss of its end-to-end matrix, so every trial of a sweep, whatever its
depth, widths, initialisation or optimiser, needs the same thing of the data: G = ∇L(W_e). One iteration is

1. every family writes its end-to-end matrices into one batch W_e, (d, B·k);
2. a gradient kernel makes G = ∇L(W_e) of it for all trials, (d, B·k);
3. every family pulls its columns of G back to its parameters and updates them.

Trials that diverge leave the batch.
"""

import heapq
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from overparam_cli.kinds.linear import family as families
from overparam_cli.kinds.linear import losses, objective
from overparam_cli.kinds.linear.family import Family
from overparam_cli.kinds.linear.kernels import kernel_for
from overparam_cli.kinds.linear.pace import Pace
from overparam_cli.kinds.linear.trial import LinearTrial
from overparam_cli.run import saved
from overparam_cli.run.graphs import Recorder, Replay, recorder_for
from overparam_cli.run.machine import DTYPES

CHECK_EVERY = 100  # iterations between looks for divergence (and at every logged iteration)


@dataclass(frozen=True)
class Snapshot:
    """What the engine saw at `iteration`, for `trials` in its own order; loss and norm are None between log points."""

    iteration: int
    trials: tuple[LinearTrial, ...]
    loss: Tensor | None  # (B,) float64, L(W_e)
    norm: Tensor | None  # (B,) float64, ‖W_e‖_F
    diverged: tuple[
        LinearTrial, ...
    ]  # weights, or loss where it is taken, found non-finite now; they have left the batch


class Engine:
    """Trains trials that share a data set, loss, dtype and number of iterations."""

    def __init__(
        self,
        X: Tensor,
        Y: Tensor,
        trials: Sequence[LinearTrial],
        *,
        device: torch.device | None = None,
        kernel: str = "auto",
        recorder: Recorder | None = None,
    ) -> None:
        """Start at iteration 0. X (n, d) and Y (n, k) in float64; W_e of a trial has shape (k, d).

        `recorder` is what records iterations, the device's own by default.
        Raises ConfigError for a `kernel` that is not to be had.
        """
        self.device = device or torch.device("cpu")
        self.loss_function, self.dtype = losses.named(trials[0].loss), DTYPES[trials[0].dtype]
        self.loss_scale = trials[0].loss_scale
        self.X, self.Y = X.to(self.device), Y.to(self.device)
        self.d, self.k = X.shape[1], Y.shape[1]
        self.iteration = 0
        self.pace: Pace | None = None
        self._recorder = recorder or recorder_for(self.device)
        self._restored = False
        grouped: dict[Hashable, list[LinearTrial]] = {}
        for trial in trials:
            grouped.setdefault(families.family_key(trial, self.k), []).append(trial)
        self.kernel = kernel_for(self.loss_function, self.X, self.Y, self.dtype, kernel, scale=self.loss_scale)
        self._lay_out_batch(
            [families.build(group, self.d, self.k, self.dtype, self.device) for group in grouped.values()]
        )

    def _lay_out_batch(self, members: list[Family]) -> None:
        """Give every family its columns and allocate the loop's buffers."""
        self.families, start = members, 0
        for member in members:
            member.columns = slice(start, start + len(member.trials) * self.k)
            start = member.columns.stop
        self.trials = tuple(trial for member in members for trial in member.trials)
        self.W_e, self.G = self.kernel.lay_out(start)
        chains = [own for member in members if (own := member.chains())]
        self._descent = self.kernel.descend(chains) if len(chains) == len(members) else None
        self._run = self._descend if self._descent else self._steps
        if self._recorder:
            self._run = Replay(self._run, self._recorder, CHECK_EVERY)
        self._t = self._clock()
        self._slots = [(member, self.W_e[:, member.columns], self.G[:, member.columns]) for member in members]

    def _clock(self) -> int | Tensor:
        """The number of the iteration for optimisers: a tensor where it must be counted in recorded iterations."""
        if self._recorder is None:
            return self.iteration
        return torch.full((), self.iteration, dtype=torch.float64, device=self.device)

    @property
    def refused(self) -> str:
        """Why the device does not record iterations, so that they take longer; "" where it does, or need not."""
        return self._run.refused if isinstance(self._run, Replay) else ""

    def _write_end_to_end(self) -> None:
        for member, W_e, _ in self._slots:
            member.networks.end_to_end(W_e)

    def advance(self, steps: int) -> None:
        """So many iterations of every trial, at the pace's number of threads if there is a pace."""
        if self.pace and self.trials:
            self.pace.advance(self._advance, steps, len(self.trials))
        else:
            self._advance(steps)

    def _advance(self, steps: int) -> None:
        """By the kernel alone where it can, recorded where that pays."""
        self._run(steps)
        self.iteration += steps

    def step(self) -> None:
        """One iteration of every trial."""
        self.advance(1)

    def _descend(self, count: int) -> None:
        if self._descent:
            self._descent(self.iteration, count)

    def _steps(self, count: int) -> None:
        """Nothing here waits for the device."""
        for _ in range(count):
            self._t += 1  # in place, if it is a tensor
            self._write_end_to_end()
            self.kernel.gradient()
            for member, _, G in self._slots:
                member.update(G, self._t)

    def end_to_end(self) -> Tensor:
        """End-to-end matrices of all trials now, (B, k, d), in the order of `trials`; a copy."""
        self._write_end_to_end()
        B = len(self.trials)
        return self.W_e[:, : B * self.k].clone().view(self.d, B, self.k).permute(1, 2, 0)

    def loss(self) -> Tensor:
        """L(W_e) of all trials now in float64 whatever the weights' precision, (B,)."""
        return self.loss_scale * objective.value(self.end_to_end().double(), self.X, self.Y, self.loss_function)

    def run(self, iterations: int, log_points: Sequence[int]) -> Iterator[Snapshot]:
        """Train up to `iterations`, yielding at every log point and every CHECK_EVERY iterations.

        Log points up to the current iteration are passed over, except that a start yields iteration 0; an engine
        restored at iteration 0 does not, because it was yielded before the state was saved.
        """
        logged = frozenset(point for point in log_points if point <= iterations)
        if self.iteration == 0 and 0 in logged and not self._restored:
            yield self._look(log=True)
        stops = heapq.merge(sorted({*logged, iterations}), range(CHECK_EVERY, iterations, CHECK_EVERY))
        for stop in stops:
            if stop <= self.iteration:
                continue
            self.advance(stop - self.iteration)
            yield self._look(log=stop in logged)
            if not self.trials:
                return

    def _look(self, *, log: bool) -> Snapshot:
        """Drop trials that are no longer finite, then measure the rest."""
        lost = self._drop(self.end_to_end().sum(dim=(1, 2)).isfinite())
        if not log or not self.trials:
            return Snapshot(self.iteration, self.trials, None, None, lost)
        loss, norm = self.loss(), self.end_to_end().double().flatten(1).norm(dim=1)
        finite = loss.isfinite()  # a power of the residuals overflows before the weights do
        lost += self._drop(finite)
        if not self.trials:
            return Snapshot(self.iteration, self.trials, None, None, lost)
        return Snapshot(self.iteration, self.trials, loss[finite], norm[finite], lost)

    def _drop(self, finite: Tensor) -> tuple[LinearTrial, ...]:
        """Let go of the trials for which `finite`, (B,), is false; returns them."""
        alive = finite.tolist()
        if all(alive):
            return ()
        lost = tuple(trial for trial, ok in zip(self.trials, alive, strict=True) if not ok)
        self._keep(alive)
        return lost

    def release(self, trials: Collection[LinearTrial]) -> None:
        """Let go of trials that need no more iterations."""
        if trials:
            self._keep([trial not in trials for trial in self.trials])

    def _keep(self, alive: Sequence[bool]) -> None:
        """Leave out trials, so that they stop costing."""
        remaining, members = iter(alive), []
        for member in self.families:
            places = [i for i, ok in zip(range(len(member.trials)), remaining, strict=False) if ok]
            if places:
                members.append(member if len(places) == len(member.trials) else member.kept(places))
        self._lay_out_batch(members)

    def state(self) -> dict[str, Any]:
        """A copy of all that changes while training, as tensors and plain values: a restored engine goes on exactly."""
        return {
            "iteration": self.iteration,
            "families": [
                {
                    "trials": [trial.trial_id for trial in member.trials],
                    "params": member.networks.params.clone(),
                    "state": {slot: value.clone() for slot, value in member.state.items()},
                }
                for member in self.families
            ],
        }

    def load_state(self, state: dict[str, Any], trials: Sequence[LinearTrial]) -> None:
        """Go on from a copy of `state`; `trials` are those it may name.

        Raises one of `saved.MALFORMED` where it is no such state.
        """
        by_id = {trial.trial_id: trial for trial in trials}
        self.iteration, self._restored = int(state["iteration"]), True
        self._lay_out_batch([self._saved_family(own, by_id) for own in state["families"]])
        if len({trial.trial_id for trial in self.trials}) < len(self.trials):
            raise ValueError("its trials are not those of a batch")
        if not self.end_to_end().isfinite().all():  # such trials leave a batch before its state is taken
            raise ValueError("its weights are not finite")

    def _saved_family(self, own: Mapping[str, Any], by_id: Mapping[str, LinearTrial]) -> Family:
        """A family as `state` has it."""
        trials = [by_id[trial_id] for trial_id in own["trials"]]
        if len({families.family_key(trial, self.k) for trial in trials}) != 1:
            raise ValueError("its trials are not those of a family")
        like = families.build(trials, self.d, self.k, self.dtype, self.device)
        params = saved.tensor(own["params"], like.networks.params).to(self.device, copy=True)
        slots = saved.tensors(own["state"], like.state)
        moved = {slot: value.to(self.device, copy=True) for slot, value in slots.items()}
        return families.restore(trials, params, moved, self.d, self.k)
