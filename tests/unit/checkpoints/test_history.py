"""`history.csv`: written whole, read back exactly, refused when it is something else."""

import dataclasses
import math
from pathlib import Path

import pytest

from colorizer.checkpoints.history import COLUMNS, best_row, format_history, read_history, write_history
from colorizer.errors import CheckpointError
from tests.support.checkpoints import history_row


def test_the_columns_are_those_that_the_design_fixes() -> None:
    assert ", ".join(COLUMNS) == (
        "epoch, images_seen, learning_rate, train_loss, val_loss, val_psnr, val_delta_e, val_ab_rmse, "
        "val_colorfulness, seconds"
    )
    assert format_history([history_row(0)]).splitlines()[0] == ",".join(COLUMNS)


def test_rows_come_back_with_every_digit(tmp_path: Path) -> None:
    rows = [history_row(0), history_row(1, math.inf), history_row(2, 5e-324)]
    write_history(tmp_path / "history.csv", rows)
    assert read_history(tmp_path / "history.csv") == rows


def test_accuracies_are_columns_where_the_run_has_them_and_come_back(tmp_path: Path) -> None:
    rows = [dataclasses.replace(history_row(epoch), train_accuracy=1 / 3, val_accuracy=1 / 7) for epoch in range(2)]
    write_history(tmp_path / "history.csv", rows)
    header = (tmp_path / "history.csv").read_text().splitlines()[0]
    assert header == f"{','.join(COLUMNS)},train_accuracy,val_accuracy"
    assert read_history(tmp_path / "history.csv") == rows


def test_a_missing_accuracy_is_an_empty_cell_and_comes_back_as_none(tmp_path: Path) -> None:
    rows = [history_row(0), dataclasses.replace(history_row(1), val_accuracy=0.5)]
    write_history(tmp_path / "history.csv", rows)
    assert [line.split(",")[10:] for line in (tmp_path / "history.csv").read_text().splitlines()] == [
        ["val_accuracy"],
        [""],
        ["0.5"],
    ]
    assert read_history(tmp_path / "history.csv") == rows


def test_a_history_without_epochs_is_no_error(tmp_path: Path) -> None:
    write_history(tmp_path / "history.csv", [])
    assert read_history(tmp_path / "history.csv") == []


@pytest.mark.parametrize(
    "content",
    [
        b"epoch,loss\n0,1\n",
        b"\xff\xfe\x00",
        ",".join(COLUMNS).encode() + b"\n0,1,2\n",
        format_history([history_row(0)]).replace("80.5", "x").encode(),
        format_history([dataclasses.replace(history_row(0), val_accuracy=0.625)]).replace("0.625", "x").encode(),
    ],
    ids=["other columns", "bytes", "short row", "text", "accuracy"],
)
def test_another_file_is_refused_by_its_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "history.csv").write_bytes(content)
    with pytest.raises(CheckpointError, match=f"{tmp_path.name}/history.csv is not a readable training history"):
        read_history(tmp_path / "history.csv")
    with pytest.raises(CheckpointError, match="No such file"):
        read_history(tmp_path / "none.csv")


def test_the_best_epoch_has_the_lowest_ab_rmse_and_is_the_earlier_of_two() -> None:
    rows = [history_row(0, 15), history_row(1, 12), history_row(2, 13), history_row(3, 12), history_row(4, math.nan)]
    assert best_row(rows) == rows[1]
    assert best_row([]) is None
    assert best_row([history_row(0, math.nan)]) is None
