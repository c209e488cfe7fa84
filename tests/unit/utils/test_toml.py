"""What `toml.dumps` writes, the standard library's reader gives back."""

import math
import tomllib
from typing import Any

import numpy as np
import pytest

from colorizer.utils import toml

DOCUMENTS: list[dict[str, Any]] = [
    {},
    {"text": "plain", "number": 3, "negative": -(10**30), "yes": True, "no": False},
    {"floats": [0.1, 1 / 3, 1e300, 5e-324, 1e16, 1e-7, 2.0]},
    {"quotes": "she said \"no\" and 'yes'", "backslash": "C:\\new\\table", "empty": ""},
    {"unicode": "Grün, 色, 🎨, \u2028, \ufeff", "control": "".join(map(chr, range(32))) + "\x7f\x80\x9f"},
    {"lines": "one\ntwo\r\nthree\ttab"},
    {"a.b": 1, "a b": 2, "": 3, 'quo"te': 4, "Größe": 5, "a-b_c9": 6},
    {"sha256": {"model.safetensors": "ab", "snapshots/0001.safetensors": "cd"}, "plain": 1},
    {"empty list": [], "texts": ["a", 'b"', "ç"], "numbers": [1, 2], "flags": [True, False]},
    {"rows": [{"of": "grey", "psnr": 1.5}, {"of": "truth"}], "table": {"x": 1}, "last": "comes first in the file"},
    {"table": {}},
]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: "+".join(document)[:20] or "nothing")
def test_a_document_comes_back_as_it_was(document: dict[str, Any]) -> None:
    text = toml.dumps(document)
    assert tomllib.loads(text) == document
    text.encode()  # can be written as UTF-8


def test_a_tuple_comes_back_as_a_list() -> None:
    assert tomllib.loads(toml.dumps({"snapshots": (1, 2), "none": ()})) == {"snapshots": [1, 2], "none": []}


def test_not_a_number_infinity_and_the_sign_of_zero_come_back() -> None:
    read = tomllib.loads(toml.dumps({"nan": math.nan, "inf": math.inf, "minus": -math.inf, "zero": -0.0}))
    assert math.isnan(read["nan"])
    assert (read["inf"], read["minus"]) == (math.inf, -math.inf)
    assert math.copysign(1, read["zero"]) == -1


def test_whole_floats_stay_floats() -> None:
    assert [type(value) for value in tomllib.loads(toml.dumps({"a": 2.0, "b": 1e22})).values()] == [float, float]


def test_a_float_of_numpy_is_written_as_its_number() -> None:
    assert tomllib.loads(toml.dumps({"psnr": np.float64(0.1)})) == {"psnr": 0.1}


@pytest.mark.parametrize("value", [None, b"bytes", {1, 2}, [None], {"deep": {"er": 1}}, 1j], ids=repr)
def test_other_types_are_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="cannot be written as TOML"):
        toml.dumps({"table": {"value": value}})
