"""The printed digits: the same bytes for a seed, shapes as another renderer draws them, learnable and not trivial."""

import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest
import torch
from PIL import Image, ImageFont
from scipy.ndimage import label

from overparam_cli.data import load_images
from overparam_cli.data.digits import drawing, glyphs
from overparam_cli.errors import ConfigError, DataUnavailableError

HOLES = (1, 0, 0, 0, 1, 0, 1, 0, 2, 1)  # in a printed 0, 1, …, 9; the dot in some zeros stands in theirs


@pytest.fixture(scope="module")
def data():
    return load_images("digits-simulated:n=8000,n_test=1000")


def accuracy(scores, labels):
    return float((scores.argmax(axis=1) == labels).mean())


def test_a_small_convolutional_network_learns_them(data):
    """Three epochs of Adam: above 93 % of the digits that it has not seen; five seeds had 96.3 to 98.2 %."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        *(torch.nn.Conv2d(1, 8, 5, stride=2, padding=2), torch.nn.ReLU()),
        *(torch.nn.Conv2d(8, 32, 5, stride=2, padding=2), torch.nn.ReLU()),
        *(torch.nn.Flatten(), torch.nn.Linear(32 * 7 * 7, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10)),
    )
    x, x_test = (torch.from_numpy(images)[:, None] / 255 - 0.5 for images in (data.images, data.test_images))
    y, epochs, batch = torch.from_numpy(data.labels).long(), 3, 50
    optimizer = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=epochs * data.n // batch)
    for _ in range(epochs):
        for rows in torch.randperm(data.n).split(batch):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
            schedule.step()
    with torch.no_grad():
        assert accuracy(model(x_test).numpy(), data.test_labels) > 0.93


def test_a_linear_classifier_does_not(data):
    """Ridge regression on the pixels stays below 75 %: there is something for a network to do."""
    X, X_test = (images.reshape(len(images), -1) / 255 - 0.15 for images in (data.images, data.test_images))
    W = np.linalg.solve(X.T @ X + np.eye(784), X.T @ np.eye(10)[data.labels])  # (784, 10)
    assert 0.3 < accuracy(X_test @ W, data.test_labels) < 0.75


def test_same_seed_same_bytes_in_another_process(data):
    code = "import sys; from overparam_cli.data.digits import drawing; "
    code += "sys.stdout.buffer.write(b''.join(a.tobytes() for a in drawing.draw(1, 300, drawing.TRAINING)))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert other.stdout == data.images[:300].tobytes() + data.labels[:300].tobytes()


def test_a_smaller_set_is_the_beginning_of_a_larger_one(data):
    for n in (1, 10, 99, 100, 101, 777):
        images, labels = drawing.draw(1, n, drawing.TRAINING)
        np.testing.assert_array_equal(images, data.images[:n])
        np.testing.assert_array_equal(labels, data.labels[:n])
    np.testing.assert_array_equal(drawing.draw(1, 300, drawing.TEST)[0], data.test_images[:300])


def test_other_seeds_and_the_test_images_are_other_digits(data):
    parts = [data.images[:1000], data.test_images, drawing.draw(2, 1000, 0)[0], drawing.draw(2, 1000, 1)[0]]
    assert len({image.tobytes() for part in parts for image in part}) == 4000


def test_every_ten_images_show_the_ten_digits_in_some_order(data):
    tens = data.labels.reshape(-1, 10)
    assert (np.sort(tens, axis=1) == np.arange(10)).all()
    assert len({tuple(ten) for ten in tens}) > 700
    # Every digit comes at every place equally often: χ² with 81 degrees of freedom, one in 10⁴ lies above 135.
    places = np.array([(tens == digit).sum(axis=0) for digit in range(10)])
    assert ((places - 80) ** 2 / 80).sum() < 135


def test_white_on_black_like_mnist(data):
    assert 25 < data.images.mean() < 50  # MNIST: 33.3
    border = np.concatenate([data.images[:, [0, -1]].ravel(), data.images[:, :, [0, -1]].ravel()])
    assert border.mean() < 8
    assert data.images.reshape(data.n, -1).max(axis=1).min() > 150


def test_holes_of_every_glyph():
    for font, fields in zip(glyphs.FONTS, glyphs.distance_fields(), strict=True):
        # The outside is one of the regions; a few points cut off where two strokes meet are none.
        regions = [np.bincount(label(field < 0)[0].ravel())[1:] for field in fields]
        assert tuple(int((sizes > 5).sum()) - 1 for sizes in regions) == HOLES, font


def test_shapes_are_those_of_another_renderer():
    """Pillow draws the same glyphs: of what either covers, 85 % and more is in both, edges included."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for font, fields in zip(glyphs.FONTS, glyphs.distance_fields(), strict=True):
        pillow = ImageFont.truetype(folder / f"{font}.ttf", 400)
        for digit, field in enumerate(fields):
            mask = pillow.getmask(str(digit), mode="L")
            drawn = Image.frombytes("L", mask.size, bytes(mask))
            drawn = drawn.crop(drawn.getbbox())
            size = tuple(round(side * glyphs.EXTENT / max(drawn.size)) for side in drawn.size)
            sheet = Image.new("L", (glyphs.GRID, glyphs.GRID))
            sheet.paste(drawn.resize(size), tuple((glyphs.GRID - side) // 2 for side in size))
            inside, other = field > 0, np.asarray(sheet) > 127
            assert (inside & other).sum() > 0.85 * (inside | other).sum(), (font, digit)


def strokes(digit=4, font=0, **changes):
    """One digit without any distortion, 20 pixels high, but for the changes."""
    plain = {"height": 20.0, "stretch": 1.0, "wavelength": 20.0, "font": float(font)}
    values = {key: np.array([changes.get(key, plain.get(key, 0.0))]) for key in drawing.VARIATION}
    return drawing._strokes(values, np.array([digit]))[0]


@pytest.mark.parametrize("digit", range(10))
def test_a_plain_digit_fills_its_box_in_the_middle(digit):
    rows = np.flatnonzero(strokes(digit).sum(axis=1) > 0.4)
    assert abs(rows[0] - 4) <= 1
    assert abs(rows[-1] - 23) <= 1


def test_distortions_do_what_their_names_say():
    plain = strokes()
    np.testing.assert_allclose(strokes(right=2.0), np.roll(plain, 2, axis=1), atol=1e-6)
    np.testing.assert_allclose(strokes(down=-3.0), np.roll(plain, -3, axis=0), atol=1e-6)
    np.testing.assert_allclose(strokes(rotation=np.pi / 2), np.rot90(plain, -1), atol=1e-6)
    np.testing.assert_allclose(strokes(rotation=np.pi), plain[::-1, ::-1], atol=1e-6)
    assert strokes(thickness=1.0).sum() > 1.3 * plain.sum()
    assert (strokes(thickness=0.3) >= plain).all()
    area = strokes(8, height=10.0).sum() / strokes(8, height=20.0).sum()
    assert area == pytest.approx(1 / 4, rel=0.1)
    spread = [np.average((np.arange(28) - 13.5) ** 2, weights=strokes(0, stretch=s).sum(axis=0)) for s in (0.8, 1.2)]
    assert spread[1] / spread[0] == pytest.approx(1.5**2, rel=0.05)


def test_names_hold_what_is_not_default():
    assert load_images("digits-simulated:n=5100,seed=1,n_test=100").name == "digits-simulated:n=5100,n_test=100"
    assert load_images("digits-simulated:n=5100,seed=7").name == "digits-simulated:seed=7,n=5100"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("n=5000", r"'n' .* a whole number from 5100 to 1000000 \(the first 5000 are for validation\), not '5000'"),
        ("n=10000000", "'n' .* from 5100 to 1000000"),
        ("n_test=0", r"'n_test' .* from 100 to 1000000"),
        ("seed=-1", "'seed' .* whole number"),
        ("size=3", "choose from seed=…, n=…, n_test=…"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(ConfigError, match=message) as caught:
        load_images(f"digits-simulated:{options}")
    assert "\n" not in str(caught.value)


def test_a_font_that_is_not_there(monkeypatch, tmp_path):
    monkeypatch.setattr(matplotlib, "get_data_path", lambda: str(tmp_path))
    with pytest.raises(DataUnavailableError, match=r"no font DejaVuSans\.ttf in .*reinstall matplotlib") as caught:
        glyphs.distance_fields.__wrapped__()
    assert "\n" not in str(caught.value)


def test_nothing_heavy_is_imported_before_digits_are_drawn():
    code = "import sys, overparam_cli.data; print({'matplotlib', 'torch', 'scipy', 'pandas'} & sys.modules.keys())"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
