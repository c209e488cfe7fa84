"""Rows as tables that Streamlit sends as they are, without pandas, which holds 41 MB of a server.

Streamlit makes a table of pandas out of whatever is none of Arrow's, and pyarrow imports pandas in whatever makes an
array out of Python's objects; its reader of JSON does not.
"""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import streamlit as st
from pyarrow import json as arrow_json

Row = Mapping[str, object]


def with_values(rows: Sequence[Row]) -> list[dict[str, str | float | None]]:
    """Take from rows of texts and numbers what they can show.

    Returns:
        The rows with all names in one order, but for columns that no row has a value in: NaN and infinity are none, nor
        is None or what a row lacks.
    """
    found = [{name: _value(value) for name, value in row.items()} for row in rows]
    names = dict.fromkeys(name for row in found for name, value in row.items())
    filled = [name for name in names if any(row.get(name) is not None for row in found)]
    return [{name: row.get(name) for name in filled} for row in found]


def arrow_table(rows: Sequence[Row]) -> pa.Table:
    """Make a table of rows of texts and numbers.

    Returns:
        The columns of `with_values`: texts, whole numbers where each is whole, else numbers of double precision.
    """
    shown = with_values(rows)
    schema = pa.schema({name: _type([row[name] for row in shown]) for name in (shown[0] if shown else ())})
    if not schema.names:
        return schema.empty_table()
    content = "\n".join(map(json.dumps, shown)).encode()
    return arrow_json.read_json(
        io.BytesIO(content),
        read_options=arrow_json.ReadOptions(use_threads=False, block_size=len(content)),
        parse_options=arrow_json.ParseOptions(explicit_schema=schema),
    )


def show_table(rows: Sequence[Row], **options: Any) -> None:
    """Show rows as a table that sorts itself by a click on a heading; `options` are those of `st.dataframe`."""
    # Whether a table is to come in parts, Streamlit asks pandas.
    st.dataframe(arrow_table(rows), hide_index=True, width="stretch", lazy=False, **options)


def as_csv(rows: Sequence[Row]) -> str:
    """Format rows of the same names as CSV, with a line of headings; None is empty."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def _value(value: object) -> str | float | None:
    if isinstance(value, str):
        return value.encode(errors="replace").decode()  # a file's name may hold half of a character
    if isinstance(value, int):
        return value
    return float(value) if isinstance(value, float) and math.isfinite(value) else None


def _type(values: Sequence[str | float | None]) -> pa.DataType:
    if any(isinstance(value, str) for value in values):
        return pa.string()
    return pa.int64() if all(value is None or isinstance(value, int) for value in values) else pa.float64()
