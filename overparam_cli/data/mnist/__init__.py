"""MNIST, the paper's images (Figure 5): how they come here, and what they are held against."""

from pathlib import Path

from overparam_cli.data.entries import Download, ImagesEntry
from overparam_cli.data.facts import Check, close, exact
from overparam_cli.data.images import SIDE, class_counts
from overparam_cli.data.mnist import files, idx

N, N_TEST = 60_000, 10_000
# How often each digit 0 … 9 is there.
TRAIN_COUNTS = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
TEST_COUNTS = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
FIRST_LABELS = [5, 0, 4, 1, 9, 2, 1, 3]
MEAN_PIXEL = 33.318421449829934  # of the training images, 0.1307 of white


def verify(folder: Path) -> list[Check]:
    """Every file against its checksum, before anything is made of it; then counts, labels and the mean pixel.

    Raises DataInvalidError where a file cannot be parsed.
    """
    found = files.look(folder)
    checksums = [_checksum(one) for one in found]
    data = files.parse(found)
    return [
        *checksums,
        exact("training images", (N, SIDE, SIDE), data.images.shape),
        exact("test images", (N_TEST, SIDE, SIDE), data.test_images.shape),
        exact("training images of each digit", TRAIN_COUNTS, class_counts(data.labels)),
        exact("test images of each digit", TEST_COUNTS, class_counts(data.test_labels)),
        exact("first training labels", FIRST_LABELS, data.labels[: len(FIRST_LABELS)].tolist()),
        close("mean pixel of the training images", MEAN_PIXEL, float(data.images.mean()), 1e-12),
    ]


def _checksum(one: files.Found) -> Check:
    """The SHA-256 of a file as it is served or, where it came another way and is sound, of what is in it."""
    content = b"" if one.place is None else files.content_of(one.place)
    found = files.digest(content)
    if one.place and one.sound and found != one.file.sha256:
        unpacked = files.digest(idx.unpacked(content, one.place.name))
        return exact(f"SHA-256 of what is in {one.place.name}", one.file.content, unpacked)
    return exact(f"SHA-256 of {one.file.name}", one.file.sha256, found)


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
            expected=files.EXPECTED,
        ),
        paper=True,
    ),
}
