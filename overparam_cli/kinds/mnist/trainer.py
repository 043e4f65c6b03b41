"""One trial of the MNIST network: the tutorial's training loop, step by step, and what it logs.

Row t of the log speaks of the weights after t updates: loss and cross-entropy are those of the training pass which the
next update uses (dropout on), so they cost nothing extra, and row 0 is the start. Every pass is recorded, and the means
over the last 100 passes are over all of them, however few rows are written.

A step is a function of tensors that live on the device, the number of the step among them. So on CUDA it is recorded
once and replayed, dropout included, and the host neither computes nor waits between two looks.
"""

import hashlib
import time
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from overparam_cli.kinds.mnist import SMOOTHED, architecture
from overparam_cli.kinds.mnist import network as cnn
from overparam_cli.kinds.mnist.problem import ImageProblem
from overparam_cli.kinds.mnist.trial import NOTHING, MnistTrial
from overparam_cli.kinds.optimizers import OPTIMIZERS, State
from overparam_cli.memory import keep_freed
from overparam_cli.run import saved
from overparam_cli.run.graphs import Recorder, Replay, recorder_for
from overparam_cli.run.machine import DTYPES

LOOK_EVERY = 20  # steps between looks at whether the loss is finite
CHUNK = 100  # images at a time when an error is measured


class CnnTrainer:
    """Trains one trial, `advance` by `advance`; its state can be saved between any two."""

    def __init__(
        self,
        trial: MnistTrial,
        problem: ImageProblem,
        device: torch.device,
        state: Mapping[str, Any] | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        """Start at iteration 0 with the weights of the trial's seed, or where `state` was of the same trial.

        `recorder` is what records steps, the device's own by default.
        """
        keep_freed()
        self.trial, self.problem, self.device = trial, problem, device
        self.dtype = DTYPES[trial.dtype]
        self.iteration = self.passes = self._seen = 0  # updates made, passes recorded, passes looked at
        self.diverged_at: int | None = None
        self.evaluations: dict[int, dict[str, float]] = {}
        self.widths = dict(zip(architecture.DENSE, trial.widths, strict=True))
        initial = state["parameters"] if state else self._initial()
        placed = {name: cnn.in_layout(value.to(device, self.dtype, copy=True)) for name, value in initial.items()}
        self.parameters = {name: value.requires_grad_() for name, value in placed.items()}
        self.optimizer = OPTIMIZERS[trial.optimizer]
        self.index = torch.zeros((), dtype=torch.int64, device=device)  # of the step, on the device
        self.rate = torch.zeros((), dtype=self.dtype, device=device)
        self.history = torch.full((2, trial.iterations + 1), torch.nan, dtype=torch.float64, device=device)
        values = {name: value.detach() for name, value in self.parameters.items()}
        hyper = dict(trial.hyper)
        self.states: dict[str, State] = {name: self.optimizer.init(value, hyper) for name, value in values.items()}
        self.moves = {
            name: self.optimizer.bind(value, self.rate, self.states[name], hyper) for name, value in values.items()
        }
        self.batch = torch.arange(trial.batch, device=device)
        self.dropout = torch.Generator(device).manual_seed(trial.seed)
        recorder = recorder or recorder_for(device)
        self._run = Replay(self._steps, recorder, generators=(self.dropout,)) if recorder else self._steps
        if state:
            self._load_state(state)

    def _initial(self) -> cnn.Parameters:
        trial = self.trial
        stds = dict(zip(architecture.DENSE, trial.factor_stds, strict=True))
        return cnn.initial_parameters(self.widths, init_std=trial.init_std, factor_stds=stds, seed=trial.seed)

    @property
    def finished(self) -> bool:
        """Whether it has diverged, or the pass after the last update is recorded."""
        return self.diverged_at is not None or self.passes > self.trial.iterations

    def advance(self, seconds: float) -> None:
        """Train for about `seconds`, or to the end if that comes first."""
        until = time.monotonic() + seconds
        while not self.finished:
            if self._evaluation_is_due():
                self.evaluations[self.iteration] = self.evaluate()
            if self.iteration == self.trial.iterations:
                with torch.no_grad():
                    self.training_pass(self._decay()[0])  # of the step that is not made: the last row
                self.passes += 1
            else:
                self._to_look(until)
            self._look()
            if time.monotonic() >= until:
                return

    def _to_look(self, until: float) -> None:
        """Up to the next look, evaluation, or end, unless time is up before."""
        for _ in range(self._steps_to_look()):
            self.step()
            if time.monotonic() >= until:
                return

    def _evaluation_is_due(self) -> bool:
        regular = self.iteration % self.trial.evaluate_every == 0
        return self.iteration not in self.evaluations and (regular or self.iteration == self.trial.iterations)

    def _steps_to_look(self) -> int:
        """Steps until the loss is looked at, the next evaluation is due, or the end, whichever comes first."""
        to_evaluation = self.trial.evaluate_every - self.iteration % self.trial.evaluate_every
        return min(LOOK_EVERY, to_evaluation, self.trial.iterations - self.iteration)

    def _look(self) -> None:
        """See whether the loss of a pass since the last look was not finite, and of which."""
        lost = (~self.history[:, self._seen : self.passes].isfinite()).any(dim=0).nonzero()
        if len(lost):
            self.diverged_at = self._seen + int(lost[0])
        self._seen = self.passes

    def step(self) -> None:
        """One update."""
        self._run(1)
        self.iteration += 1
        self.passes += 1

    @property
    def refused(self) -> str:
        """Why the device does not record steps, so that they take longer; "" where it does, or need not."""
        return self._run.refused if isinstance(self._run, Replay) else ""

    def _steps(self, count: int) -> None:
        for _ in range(count):
            self._step()

    def _step(self) -> None:
        """Nothing here waits for the device."""
        trial, inputs = self.trial, list(self.parameters.values())
        term, decay = self._decay()
        gradients = dict(zip(self.parameters, torch.autograd.grad(self.training_pass(term), inputs), strict=True))
        with torch.no_grad():
            for name, own in decay.items():
                gradients[name].add_(own, alpha=trial.weight_decay)
            rate = cnn.learning_rate(self.index, trial.lr, trial.lr_decay, trial.batch, len(self.problem.images))
            self.rate.copy_(rate)
            self.index.add_(1)
            t = self.index.double() if isinstance(self._run, Replay) else self.iteration + 1
            for name, move in self.moves.items():
                move(gradients[name], t)

    @torch.no_grad()
    def _decay(self) -> tuple[Tensor | None, cnn.Parameters]:
        """The weight decay's term now and its gradients, both before they are multiplied by it; nothing without it."""
        trial = self.trial
        if not trial.weight_decay or trial.decay_on == NOTHING:
            return None, {}
        return cnn.DECAYS[trial.decay_on](self.parameters)

    def training_pass(self, term: Tensor | None) -> Tensor:
        """Cross-entropy of this step's batch with dropout, to be differentiated; recorded with the total loss."""
        images, labels = self._images(cnn.batch_offset(self.index, self.trial.batch, len(self.problem.images)))
        cross_entropy = F.cross_entropy(cnn.logits(self.parameters, images, self._mask(self.dropout)), labels)
        with torch.no_grad():
            values = torch.stack([cross_entropy, self._total(cross_entropy, term)]).double()
            self.history.index_copy_(1, self.index[None], values[:, None])
        return cross_entropy

    def _images(self, offset: Tensor) -> tuple[Tensor, Tensor]:
        """The batch from image `offset` on, (B, 1, 28, 28), and its labels."""
        rows = offset + self.batch
        images = self.problem.images.index_select(0, rows)
        return cnn.scale_pixels(images, self.dtype), self.problem.labels.index_select(0, rows)

    def _mask(self, generator: torch.Generator) -> Tensor | None:
        """What dropout multiplies the hidden units by, (B, 512)."""
        if not self.trial.dropout:
            return None
        kept = 1 - self.trial.dropout
        mask = torch.empty(self.trial.batch, architecture.DENSE["dense1"][1], dtype=self.dtype, device=self.device)
        return mask.bernoulli_(kept, generator=generator).div_(kept)

    def _total(self, cross_entropy: Tensor, term: Tensor | None) -> Tensor:
        """Cross-entropy and the weight decay's term."""
        return cross_entropy if term is None else cross_entropy + self.trial.weight_decay * term

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Errors in percent, ‖W_e‖ of the dense layers, and what the tutorial prints; nothing else is changed by it."""
        row = {f"{part}_error": self.error(*images) for part, images in self.problem.held_out.items()}
        row["norm"] = float(cnn.dense_norm(self.parameters))
        if self.iteration:  # fetched after the step, on the same batch, with a fresh dropout mask
            size = len(self.problem.images)
            images, labels = self._images(cnn.batch_offset(self.index - 1, self.trial.batch, size))
            scores = cnn.logits(self.parameters, images, self._mask(self._printed_generator()))
            row["printed_loss"] = float(self._total(F.cross_entropy(scores, labels), self._decay()[0]))
        return row

    def _printed_generator(self) -> torch.Generator:
        """Draws the mask of one printed loss: of no other, nor of training, however often errors are measured."""
        text = f"printed loss of seed {self.trial.seed} at {self.iteration}"
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])  # a CPU generator takes 32 bits
        return torch.Generator(self.device).manual_seed(seed)

    @torch.no_grad()
    def error(self, images: Tensor, labels: Tensor) -> float:
        """Share of `images` that the network, without dropout, takes for another digit, in percent."""
        wrong = torch.zeros((), dtype=torch.int64, device=self.device)
        for some, own in zip(torch.split(images, CHUNK), torch.split(labels, CHUNK), strict=True):
            scores = cnn.logits(self.parameters, cnn.scale_pixels(some, self.dtype))
            wrong += (scores.argmax(dim=1) != own).sum()
        return 100 * int(wrong) / len(images)

    def means(self) -> Tensor:
        """Means of cross-entropy and total loss over the last 100 passes up to each one, fewer at the start; (2, T)."""
        known = self.history[:, : self.rows].cpu()
        head = [known[:, :end].mean(dim=1) for end in range(1, min(SMOOTHED, self.rows + 1))]
        # Each window by itself: differences of running sums would never recover from a pass of 1e18.
        full = known.unfold(1, SMOOTHED, 1).mean(dim=-1) if self.rows >= SMOOTHED else known[:, :0]
        return torch.cat([torch.stack(head, dim=1) if head else known[:, :0], full], dim=1)

    @property
    def rows(self) -> int:
        """Passes that are recorded and finite."""
        return self.passes if self.diverged_at is None else self.diverged_at

    def state(self) -> dict[str, Any]:
        """A copy of all that changes while training, the random state of dropout included."""
        return {
            "iteration": self.iteration,
            "diverged_at": self.diverged_at,
            "parameters": {name: value.detach().clone() for name, value in self.parameters.items()},
            "optimizer": {
                name: {slot: value.clone() for slot, value in own.items()} for name, own in self.states.items()
            },
            "history": self.history[:, : self.passes].clone(),
            "evaluations": {iteration: dict(row) for iteration, row in self.evaluations.items()},
            "dropout": self.dropout.get_state(),
        }

    @torch.no_grad()
    def _load_state(self, state: Mapping[str, Any]) -> None:
        self.iteration, self.diverged_at = int(state["iteration"]), state["diverged_at"]
        self.passes = self._seen = state["history"].shape[1]
        self.index.fill_(self.iteration)
        for name, own in state["optimizer"].items():
            for slot, value in own.items():
                self.states[name][slot].copy_(value)
        self.history[:, : self.passes].copy_(state["history"])
        self.evaluations = {int(iteration): dict(row) for iteration, row in state["evaluations"].items()}
        self.dropout.set_state(state["dropout"])

    def check(self, state: Mapping[str, Any]) -> None:
        """Raise one of `saved.MALFORMED` unless `state` can be that of this trial."""
        total, iteration = self.trial.iterations, saved.count(state["iteration"], self.trial.iterations)
        ended = iteration == total and state["history"].shape[1] > total  # with the pass after the last update
        saved.tensor(state["history"], self.history[:, : iteration + ended])
        saved.tensors(state["parameters"], self.parameters)
        for name, own in self.states.items():
            saved.tensors(state["optimizer"][name], own)
        for at, row in state["evaluations"].items():
            saved.count(at, total)
            saved.numbers(row)
        saved.tensor(state["dropout"], self.dropout.get_state())
        if state["diverged_at"] is not None:
            saved.count(state["diverged_at"], total)


def learning_rates(trial: MnistTrial, train: int, iterations: Sequence[int]) -> list[float]:
    """The rate of each of `iterations`."""
    steps = torch.tensor(iterations, dtype=torch.int64)
    rates: list[float] = cnn.learning_rate(steps, trial.lr, trial.lr_decay, trial.batch, train).tolist()
    return rates
