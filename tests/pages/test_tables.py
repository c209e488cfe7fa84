"""Rows as tables: what has no value, whole numbers, and names that anybody may have given a file."""

import math
import subprocess
import sys

import pyarrow as pa
import pytest

from pages.common import markdown
from pages.common.tables import arrow_table, as_csv, with_values
from tests.support import ROOT


def test_columns_have_the_types_of_their_values() -> None:
    table = arrow_table(
        [
            {"name": "2020-01-01", "steps": 3, "psnr": 23},
            {"name": "17", "steps": None, "psnr": 1.5},
            {"name": None, "steps": 2**40, "psnr": math.nan},
        ]
    )
    assert table.schema == pa.schema({"name": pa.string(), "steps": pa.int64(), "psnr": pa.float64()})
    assert table.to_pydict() == {"name": ["2020-01-01", "17", None], "steps": [3, None, 2**40], "psnr": [23, 1.5, None]}


def test_a_column_without_a_value_is_left_out() -> None:
    rows = [{"run": "a", "accuracy": None, "loss": math.inf}, {"run": "b", "ssim": math.nan, "psnr": 2.0}]
    assert with_values(rows) == [{"run": "a", "psnr": None}, {"run": "b", "psnr": 2.0}]
    assert arrow_table(rows).column_names == ["run", "psnr"]


@pytest.mark.parametrize("rows", [[], [{}], [{"psnr": None}]])
def test_nothing_makes_an_empty_table(rows: list[dict[str, object]]) -> None:
    assert arrow_table(rows).num_columns == 0


@pytest.mark.parametrize("name", ["a\nb", '"', "\\", "\x00", "\u2028", "ein Foto 🌷.jpg", "x" * 3_000_000])
def test_any_name_is_kept(name: str) -> None:
    assert arrow_table([{"picture": name}, {"picture": "next"}]).to_pydict() == {"picture": [name, "next"]}


def test_half_a_character_is_replaced() -> None:
    assert arrow_table([{"picture": "a\ud800b"}]).to_pydict() == {"picture": ["a?b"]}


def test_a_file_of_rows_has_whole_numbers_and_nothing_where_there_is_none() -> None:
    rows = [{"run": "a, b", "steps": 3, "loss": 0.1}, {"run": "c", "steps": None, "loss": 2.5e-05}]
    assert as_csv(rows) == 'run,steps,loss\n"a, b",3,0.1\nc,,2.5e-05\n'


def test_pandas_is_not_imported() -> None:
    code = (
        "import sys; from pages.common.tables import show_table; "
        "show_table([{'a': 'x', 'b': 1.5}]); sys.exit('pandas' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_a_table_of_markdown_shows_texts_as_they_are() -> None:
    shown = markdown.table([{"figure": "a | b", "value": "*1*"}, {"figure": "c", "value": "2"}])
    assert shown == "| figure | value |\n| --- | --- |\n| a \\| b | \\*1\\* |\n| c | 2 |"
