"""`history.csv`: written whole, read back exactly, refused when it is something else."""

import dataclasses
import math
from pathlib import Path

import pytest

from colorizer.checkpoints.history import COLUMNS, EpochRow, best_row, format_history, read_history, write_history
from colorizer.errors import CheckpointError


def row(epoch: int, ab_rmse: float = 14.0) -> EpochRow:
    return EpochRow(epoch, 512 * (epoch + 1), 1 / 3e3, 0.1 + 0.2, 80.5, 22.8, 11.2, ab_rmse, 7.25, 1.125)


def test_the_columns_are_those_that_the_design_fixes() -> None:
    assert ", ".join(COLUMNS) == (
        "epoch, images_seen, learning_rate, train_loss, val_loss, val_psnr, val_delta_e, val_ab_rmse, "
        "val_colorfulness, seconds"
    )
    assert format_history([row(0)]).splitlines()[0] == ",".join(COLUMNS)


def test_rows_come_back_with_every_digit(tmp_path: Path) -> None:
    rows = [row(0), row(1, math.inf), row(2, 5e-324)]
    write_history(tmp_path / "history.csv", rows)
    assert read_history(tmp_path / "history.csv") == rows


def test_accuracies_are_columns_where_the_run_has_them_and_come_back(tmp_path: Path) -> None:
    rows = [dataclasses.replace(row(epoch), train_accuracy=1 / 3, val_accuracy=1 / 7) for epoch in range(2)]
    write_history(tmp_path / "history.csv", rows)
    header = (tmp_path / "history.csv").read_text().splitlines()[0]
    assert header == f"{','.join(COLUMNS)},train_accuracy,val_accuracy"
    assert read_history(tmp_path / "history.csv") == rows


def test_a_missing_accuracy_is_an_empty_cell_and_comes_back_as_none(tmp_path: Path) -> None:
    rows = [row(0), dataclasses.replace(row(1), val_accuracy=0.5)]
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
        format_history([row(0)]).replace("80.5", "x").encode(),
        format_history([dataclasses.replace(row(0), val_accuracy=0.625)]).replace("0.625", "x").encode(),
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
    rows = [row(0, 15), row(1, 12), row(2, 13), row(3, 12), row(4, math.nan)]
    assert best_row(rows) == rows[1]
    assert best_row([]) is None
    assert best_row([row(0, math.nan)]) is None
