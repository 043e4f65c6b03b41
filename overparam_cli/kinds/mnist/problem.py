"""The images that the MNIST network is trained on, split and on their device."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from overparam_cli.data import ImageDataset, load_images
from overparam_cli.errors import DataInvalidError
from overparam_cli.kinds.mnist.trial import MnistTrial
from overparam_cli.run.machine import pick_device
from overparam_cli.run.settings import Settings


@dataclass(frozen=True)
class ImageProblem:
    """A set of images on the device, the first `validation` of which are kept from training."""

    dataset: ImageDataset
    validation: int
    images: Tensor  # (train, 28, 28) uint8
    labels: Tensor  # (train,) int64
    held_out: Mapping[str, tuple[Tensor, Tensor]]  # "validation", "test" → images and labels

    @property
    def fingerprint(self) -> str:
        """Of the data set."""
        return self.dataset.fingerprint

    def describe(self) -> dict[str, Any]:
        """Data set and split, for the manifest; n counts the images that are trained on."""
        dataset = {
            "name": self.dataset.name,
            "embedded": self.dataset.embedded,
            "source": self.dataset.source,
            "d": self.dataset.images[0].size,
            "k": self.dataset.classes,
            "fingerprint": self.dataset.fingerprint,
        }
        split = {"n": len(self.images), "n_validation": self.validation, "n_test": self.dataset.n_test}
        return {"dataset": dataset | split}


def split(dataset: ImageDataset, validation: int, device: torch.device) -> ImageProblem:
    """The tutorial's split: the first `validation` training images are for validation, the others for training."""
    images, labels = torch.from_numpy(dataset.images).to(device), torch.from_numpy(dataset.labels).to(device).long()
    test = torch.from_numpy(dataset.test_images).to(device), torch.from_numpy(dataset.test_labels).to(device).long()
    held_out = {"validation": (images[:validation], labels[:validation]), "test": test}
    return ImageProblem(dataset, validation, images[validation:], labels[validation:], held_out)


def load_problem(trial: MnistTrial, settings: Settings) -> ImageProblem:
    """The images that a trial is about, split. Errors as in `data.load_images`; DataInvalidError for too few images."""
    bar = False if settings.quiet else None  # None: where the output is a terminal
    where: dict[str, Any] = {"data_dir": settings.data_dir, "offline": settings.offline, "progress": bar}
    key = ("images", trial.dataset, trial.dataset_key)
    dataset = settings.memo.once(key, lambda: load_images(trial.dataset, **where), f"reading {trial.dataset}")
    if dataset.n < trial.validation + trial.batch + 1:
        raise DataInvalidError(
            f"{trial.dataset} has {dataset.n:,} training images, too few for {trial.validation:,} of validation and "
            f"batches of {trial.batch}: lower them with --set validation=… or --set batch=…"
        )
    return split(dataset, trial.validation, pick_device(settings.device))
