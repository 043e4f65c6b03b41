"""MNIST, the paper's images (Figure 5): how they come here, and what they are held against."""

from pathlib import Path

from overparam_cli.data.cache import sha256
from overparam_cli.data.entries import Download, ImagesEntry
from overparam_cli.data.facts import Check, close, exact
from overparam_cli.data.images import SIDE, class_counts
from overparam_cli.data.mnist import files

N, N_TEST = 60_000, 10_000
# How often each digit 0 … 9 is there.
TRAIN_COUNTS = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
TEST_COUNTS = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
FIRST_LABELS = [5, 0, 4, 1, 9, 2, 1, 3]
MEAN_PIXEL = 33.318421449829934  # of the training images, 0.1307 of white


def verify(folder: Path) -> list[Check]:
    """Every file against its checksum, then counts, labels and the mean pixel.

    Raises DataInvalidError where a file cannot be parsed.
    """
    data = files.parse(folder)
    return [
        *(
            exact(f"SHA-256 of {file.name}", file.sha256, sha256(folder / files.FOLDER / file.name))
            for file in files.FILES
        ),
        exact("training images", (N, SIDE, SIDE), data.images.shape),
        exact("test images", (N_TEST, SIDE, SIDE), data.test_images.shape),
        exact("training images of each digit", TRAIN_COUNTS, class_counts(data.labels)),
        exact("test images of each digit", TEST_COUNTS, class_counts(data.test_labels)),
        exact("first training labels", FIRST_LABELS, data.labels[: len(FIRST_LABELS)].tolist()),
        close("mean pixel of the training images", MEAN_PIXEL, float(data.images.mean()), 1e-12),
    ]


ENTRIES = {
    "mnist": ImagesEntry(
        what=f"MNIST: handwritten digits of {SIDE} × {SIDE} pixels, and {N_TEST} more to test on",
        n=N,
        d=SIDE * SIDE,
        source="LeCun, Cortes and Burges, downloaded once",
        load=lambda _, folder: files.read(folder),
        verify=verify,
        download=Download(
            missing=files.missing,
            fetch=lambda folder, progress: files.fetch(folder, progress=progress),
            cached=files.cached,
            stand_in=files.STAND_IN,
        ),
        paper=True,
    ),
}
