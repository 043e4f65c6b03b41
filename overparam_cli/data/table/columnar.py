"""Parquet and Feather, read by pyarrow, which is an extra."""

import importlib.util
import io

from overparam_cli.data.table.content import PARQUET
from overparam_cli.data.table.text import Frame
from overparam_cli.errors import DataInvalidError
from overparam_cli.memory import require


def parse(content: bytes, table: str, form: str) -> Frame:
    """The table in the content of a file, without its index. Raises DataInvalidError."""
    if importlib.util.find_spec("pyarrow") is None:
        raise DataInvalidError(f"reading {table} needs pyarrow: pip install 'overparam[parquet]', or save it as CSV")
    import pandas as pd

    try:
        if form == PARQUET:
            _check_size(content, table)
            data = pd.read_parquet(io.BytesIO(content), engine="pyarrow", page_checksum_verification=True)
        else:
            data = pd.read_feather(io.BytesIO(content))
    except DataInvalidError:
        raise
    except Exception as error:  # pyarrow has errors of its own for every way a file can be broken
        reason = " ".join(str(error).split())[:200]
        raise DataInvalidError(f"table {table} cannot be read as {form}: {reason}") from None
    plain = isinstance(data.index, pd.RangeIndex)
    notes = () if plain else (f"its index ({', '.join(str(name) for name in data.index.names)}) was left out",)
    names = tuple(" ".join(str(name).split()) for name in data.columns)
    return Frame(data.reset_index(drop=True).set_axis(range(len(names)), axis="columns"), names, notes)


def _check_size(content: bytes, table: str) -> None:
    """Refuse what would not fit before it is unpacked."""
    import pyarrow.parquet as parquet

    facts = parquet.ParquetFile(io.BytesIO(content)).metadata
    require(3 * 8 * facts.num_rows * facts.num_columns, f"table {table}", "choose rows or columns", DataInvalidError)
