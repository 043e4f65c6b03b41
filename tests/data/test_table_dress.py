"""One table in every dress that people, spreadsheets and programs give it: the numbers are the plain table's.

Each reader is tried with ten variations or more; expected values are those that the table was written from.
"""

import bz2
import gzip
import io
import lzma
import zipfile

import numpy as np
import pandas as pd
import pytest

from overparam_cli.data import load
from overparam_cli.errors import DataInvalidError

NAMES = ("width", "depth", "price")
VALUES = np.array([[1.5, -2000.25, 3.0], [40.0, 5.5, 61234.5], [7.25, -800.0, 9.0], [10.0, 11.0, 12.25]])


def written(sep=",", end="\n", mark=".", group="", header=NAMES, quote="", form="{!r}"):
    """The table as text."""

    def cell(value):
        text = f"{value:,.4f}" if group else form.format(float(value))
        swapped = {".": mark, ",": group}
        return quote + "".join(swapped.get(c, c) for c in text) + quote

    rows = [sep.join(header)] if header else []
    rows += [sep.join(map(cell, row)) for row in VALUES]
    return end.join(rows) + end


def packed(text, kind):
    raw = text.encode()
    if kind == "zip":
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("__MACOSX/._table.csv", b"\0\5\26\7")
            archive.writestr("data/table.csv", raw)
        return file.getvalue()
    return {"gz": gzip.compress, "xz": lzma.compress, "bz2": bz2.compress}[kind](raw)


def save(folder, content, name="table.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def check(path, targets=("price",), **asked):
    dataset = load(path, targets=targets, **asked)
    np.testing.assert_array_equal(dataset.X, VALUES[:, :2])
    np.testing.assert_array_equal(dataset.Y, VALUES[:, 2:])
    return dataset


PLAIN = written()
SEMICOLON = written(";", mark=",")
DRESSES = {
    "plain": (PLAIN, "table.csv"),
    "semicolons-decimal-commas": (SEMICOLON, "table.csv"),
    "semicolons-decimal-points": (written(";"), "table.csv"),
    "semicolons-thousands-points": (written(";", mark=",", group="."), "table.csv"),
    "semicolons-thousands-spaces": (written(";", mark=",", group=" "), "table.csv"),
    "semicolons-thousands-hard-spaces": (written(";", mark=",", group="\u202f"), "table.csv"),
    "semicolons-thousands-apostrophes": (written(";", group="'"), "table.csv"),
    "semicolons-thousands-commas": (written(";", group=","), "table.csv"),
    "commas-quoted-decimal-commas": (written(",", mark=",", quote='"'), "table.csv"),
    "commas-quoted-thousands": (written(",", group=",", quote='"'), "table.csv"),
    "tabs": (written("\t"), "table.tsv"),
    "tabs-in-a-csv": (written("\t"), "table.csv"),
    "tabs-decimal-commas": (written("\t", mark=","), "table.txt"),
    "commas-in-a-tsv": (PLAIN, "table.tsv"),
    "pipes": (written("|"), "table.psv"),
    "pipes-in-a-txt": (written(" | "), "table.txt"),
    "spaces": (written(" "), "table.txt"),
    "aligned": (written("   "), "table.dat"),
    "spaces-at-both-ends": (written(" ").replace("\n", "  \n "), "table.txt"),
    "spaces-decimal-commas": (written(" ", mark=","), "table.txt"),
    "spaces-and-tabs": (written(" \t "), "table.data"),
    "commas-and-spaces": (written(" , "), "table.csv"),
    "exponents": (written(form="{:.17e}"), "table.csv"),
    "exponents-decimal-commas": (written(";", mark=",", form="{:.17E}"), "table.csv"),
    "plus-signs": (written(form="{:+}"), "table.csv"),
    "typographic-minus": (PLAIN.replace("-", "−"), "table.csv"),
    "windows": (written(end="\r\n"), "table.csv"),
    "old-mac": (written(end="\r"), "table.csv"),
    "no-last-line-end": (PLAIN.rstrip("\n"), "table.csv"),
    "blank-lines-between": (written(end="\n\n"), "table.csv"),
    "blank-first-lines": ("\n  \n\r\n" + PLAIN, "table.csv"),
    "comments-first": ("# measured\n#\n# at home, in May\n" + PLAIN, "table.csv"),
    "comments-within-and-last": (PLAIN.replace("7.25", "# a pause\n7.25") + "# end\n", "table.csv"),
    "header-in-a-comment": ("# " + " ".join(NAMES) + "\n" + written(" ", header=()), "table.txt"),
    "separator-said": ("sep=;\r\n" + written(";", mark=",", end="\r\n"), "table.csv"),
    "separators-at-line-ends": (written(end=",\n"), "table.csv"),
    "separators-at-line-ends-but-the-first": (written(end=",\n").replace(",\n", "\n", 1), "table.csv"),
    "empty-rows-last": (PLAIN + ",,\n,,\n", "table.csv"),
    "end-of-file-character": (PLAIN + "\x1a", "table.csv"),
    "quoted": (written(quote='"', header=[f'"{name}"' for name in NAMES]), "table.csv"),
    "name-on-two-lines": (PLAIN.replace("width", '"wid\nth"').replace("wid\nth", "width\n"), "table.csv"),
    "spaces-around-names": (PLAIN.replace("width,depth", " width , depth "), "table.csv"),
    "utf-8-mark": (b"\xef\xbb\xbf" + PLAIN.encode(), "table.csv"),
    "utf-16-mark": (PLAIN.encode("utf-16"), "table.csv"),
    "utf-16-little": (PLAIN.encode("utf-16-le"), "table.csv"),
    "utf-16-big-mark": (b"\xfe\xff" + PLAIN.encode("utf-16-be"), "table.csv"),
    "utf-16-tabs": (written("\t").encode("utf-16"), "Unicode Text.txt"),
    "utf-32": (PLAIN.encode("utf-32"), "table.csv"),
    "gzip": (packed(PLAIN, "gz"), "table.csv.gz"),
    "xz": (packed(SEMICOLON, "xz"), "table.csv.xz"),
    "bzip2": (packed(PLAIN, "bz2"), "table.txt.bz2"),
    "zip": (packed(PLAIN, "zip"), "table.csv.zip"),
    "zip-alone": (packed(SEMICOLON, "zip"), "export.zip"),
    "gzip-called-csv": (packed(PLAIN, "gz"), "table.csv"),
    "capitals": (PLAIN, "TABLE.CSV"),
}


@pytest.mark.parametrize("dress", DRESSES)
def test_the_same_numbers_in_every_dress(tmp_path, dress):
    content, name = DRESSES[dress]
    dataset = check(save(tmp_path, content, name))
    assert (dataset.feature_names, dataset.target_names) == (NAMES[:2], NAMES[2:])


def test_latin_1_names(tmp_path):
    text = PLAIN.replace("width", "größe")
    dataset = check(save(tmp_path, text.encode("latin-1")))
    assert dataset.feature_names == ("größe", "depth")
    assert dataset.notes == ("the text is not UTF-8 and was read as Windows-1252 (Latin-1)",)


@pytest.mark.parametrize(
    ("header", "target"), [(("2019", "2020", "2021"), "2021"), (("0", "1", "2"), "2"), (("400.5", "401", "402"), "402")]
)
def test_a_header_of_numbers_is_one_where_a_target_is_named_after_it(tmp_path, header, target):
    dataset = check(save(tmp_path, written(header=header)), (target,))
    assert dataset.feature_names == header[:2]


@pytest.mark.parametrize("sep", [",", ";", "\t", " "])
def test_no_header(tmp_path, sep):
    dataset = check(save(tmp_path, written(sep, header=())), ("column3",))
    assert dataset.notes == ("no line of column names: they are called column1 … column3",)


INDICES = {  # how an index comes into a file → the line about it
    "pandas": (lambda frame, path: frame.to_csv(path), "column 1, which has no name"),
    "pandas-twice": (lambda frame, path: _twice(frame, path), "column 1, which has no name"),
    "named-by-pandas": (lambda frame, path: frame.to_csv(path, index_label="Unnamed: 0"), "column 1"),
    "reset": (lambda frame, path: frame.reset_index().to_csv(path, index=False), "'index' was left out"),
    "filtered": (lambda frame, path: frame.set_axis([3, 8, 11, 40]).reset_index().to_csv(path, index=False), "'index'"),
    "shuffled": (lambda frame, path: frame.set_axis([3, 1, 0, 2]).to_csv(path), "column 1, which has no name"),
    "from-one": (lambda frame, path: frame.assign(n=[1, 2, 3, 4]).to_csv(path, index=False), "'n' was left out"),
    "from-one-first": (
        lambda frame, path: frame.set_axis([1, 2, 3, 4]).to_csv(path, index_label="sample"), "'sample' was left out"
    ),
    "r-row-names": (
        lambda frame, path: frame.set_axis(list("pqrs")).to_csv(path, sep=" ", header=False) or _headed(path),
        "column 1, which has no name",
    ),
    "r-rownames": (lambda frame, path: frame.set_axis([4, 3, 2, 1]).to_csv(path, index_label="rownames"), "'rownames'"),
    "dates": (lambda frame, path: frame.set_axis(pd.date_range("2018", periods=4)).to_csv(path), "column 1, which"),
    "decimal-commas": (lambda frame, path: frame.to_csv(path, sep=";", decimal=","), "column 1, which has no name"),
}  # fmt: skip


def _twice(frame, path):
    frame.to_csv(path)
    pd.read_csv(path).to_csv(path)


def _headed(path):
    path.write_text(" ".join(NAMES) + "\n" + path.read_text())


@pytest.mark.parametrize("kind", INDICES)
def test_an_index_is_never_trained_on(tmp_path, kind):
    make, line = INDICES[kind]
    make(pd.DataFrame(VALUES, columns=NAMES), tmp_path / "table.csv")
    dataset = check(str(tmp_path / "table.csv"))
    assert any(line in note for note in dataset.notes)
    assert all("\n" not in note for note in dataset.notes)


def test_a_column_that_counts_is_a_feature_when_it_is_asked_for(tmp_path):
    frame = pd.DataFrame(VALUES, columns=NAMES).assign(step=[0, 1, 2, 3])
    frame.to_csv(tmp_path / "t.csv", index=False)
    dataset = load(str(tmp_path / "t.csv"), targets=["price"], features=["step"])
    np.testing.assert_array_equal(dataset.X[:, 0], [0, 1, 2, 3])
    assert "step" in load(str(tmp_path / "t.csv"), targets=["step"]).target_names


def test_an_unnamed_column_of_numbers_is_refused(tmp_path):
    with pytest.raises(DataInvalidError, match=r"column 2 has no name: give it one, or remove it"):
        load(save(tmp_path, PLAIN.replace("depth", "")), targets=["price"])


def test_years_are_no_row_numbers(tmp_path):
    frame = pd.DataFrame(VALUES, columns=NAMES).assign(year=[2015, 2016, 2017, 2018])
    frame.to_csv(tmp_path / "t.csv", index=False)
    assert "year" in load(str(tmp_path / "t.csv"), targets=["price"]).feature_names


COLUMNAR = {
    "parquet": lambda frame, path: frame.to_parquet(path),
    "snappy": lambda frame, path: frame.to_parquet(path, compression="snappy"),
    "gzip": lambda frame, path: frame.to_parquet(path, compression="gzip"),
    "index-kept": lambda frame, path: frame.set_axis([5, 7, 9, 11]).to_parquet(path),
    "index-of-text": lambda frame, path: frame.set_axis(list("pqrs")).to_parquet(path),
    "index-reset": lambda frame, path: frame.reset_index().to_parquet(path),
    "nullable": lambda frame, path: frame.convert_dtypes().to_parquet(path),
    "numbers-as-text": lambda frame, path: frame.map(repr).to_parquet(path),
    "decimals": lambda frame, path: frame.map(_decimal).to_parquet(path),
    "categories": lambda frame, path: frame.astype({"depth": "category"}).to_parquet(path),
    "feather": lambda frame, path: frame.to_feather(path),
    "feather-uncompressed": lambda frame, path: frame.to_feather(path, compression="uncompressed"),
    "row-groups": lambda frame, path: frame.to_parquet(path, row_group_size=1),
}


def _decimal(value):
    from decimal import Decimal

    return Decimal(str(value)).quantize(Decimal("0.0001"))


@pytest.mark.parametrize("kind", COLUMNAR)
def test_columnar_files(tmp_path, kind):
    path = tmp_path / ("t.feather" if "feather" in kind else "t.parquet")
    COLUMNAR[kind](pd.DataFrame(VALUES, columns=NAMES), path)
    check(str(path))


def libsvm(label=lambda y: f"{y:g}", sep=" ", start=1, end="\n", rows=VALUES, comment=""):
    """As the format is described: only what is not 0 is written."""
    lines = []
    for row in rows:
        pairs = [f"{i}:{v!r}" for i, v in enumerate(row[:2].tolist(), start=start) if v]
        lines.append(sep.join([label(row[2]), *pairs]) + comment)
    return end.join(lines) + end


SVM = {
    "plain": (libsvm(), "t.svm"),
    "libsvm": (libsvm(), "t.libsvm"),
    "txt": (libsvm(), "t.txt"),
    "from-zero": (libsvm(start=0), "t.svm"),
    "tabs": (libsvm(sep="\t"), "t.svmlight"),
    "spaces-last": (libsvm(end=" \n"), "t.dat"),
    "windows": (libsvm(end="\r\n"), "t.svm"),
    "comments": ("# made by hand\n\n" + libsvm(comment=" # a row"), "t.svm"),
    "plus": (libsvm(label=lambda y: f"{y:+g}"), "t.svm"),
    "queries": (libsvm(label=lambda y: f"{y:g} qid:3"), "t.svm"),
    "gzip": (gzip.compress(libsvm().encode()), "t.svm.gz"),
    "byte-order-mark": ("\ufeff" + libsvm(), "t.svm"),
}


@pytest.mark.parametrize("kind", SVM)
def test_svmlight(tmp_path, kind):
    content, name = SVM[kind]
    np.testing.assert_array_equal(check(save(tmp_path, content, name), ()).target_names, ["label"])


def test_svmlight_fills_in_zeros_and_takes_several_labels(tmp_path):
    """The gas-sensor files' own format has `gas;concentration` for a label."""
    path = save(tmp_path, "1;10.5 1:2 3:4\n2;20 2:-1.5\n1;7 1:1 2:1 3:1\n1;8 3:9\n", "batch1.dat")
    dataset = load(path, targets=["label2"], drop=["label1"])
    np.testing.assert_array_equal(dataset.X, [[2, 0, 4], [0, -1.5, 0], [1, 1, 1], [0, 0, 9]])
    np.testing.assert_array_equal(dataset.Y[:, 0], [10.5, 20, 7, 8])
    assert dataset.feature_names == ("1", "2", "3")


@pytest.mark.real_data
def test_a_file_of_the_gas_sensor_data(real_data):
    dataset = load(str(real_data / "gas-sensor" / "batch1.dat"), targets=["label2"], drop=["label1"], varying=False)
    lines = (real_data / "gas-sensor" / "batch1.dat").read_text().splitlines()
    assert dataset.X.shape == (len(lines), 128)
    np.testing.assert_array_equal(dataset.Y[:, 0], [float(line.split()[0].split(";")[1]) for line in lines])
    assert dataset.X[3, 127] == float(lines[3].split("128:")[1])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 1:2 3:4\n2 3:4 1:2\n", r"line 2: its indices do not rise"),
        ("1 1:2\n2 1:2 1:3\n", r"line 2: its indices do not rise"),
        ("1 1:2\n2 1:nan\n", r"line 2: '2 1:nan' is not 'label index:value"),
        ("1 1:2\n2 1:\n", r"line 2"),
        ("1 1:2\ncat 1:3\n", r"line 2"),
        ("1 1:2\n1,2 1:3\n", r"line 2: it has 2 labels, and the first row 1"),
        ("1 1:2\n2 -1:3\n", r"line 2"),
        ("1 1:2\n<html>\n", r"line 2"),
    ],
)
def test_svmlight_refusals(tmp_path, text, message):
    with pytest.raises(DataInvalidError, match=message) as caught:
        load(save(tmp_path, text, "t.svm"))
    assert "\n" not in str(caught.value)
