"""A card says everything about a checkpoint, and comes back as it was written."""

import dataclasses
import math
from pathlib import Path

import pytest

from colorizer.checkpoints.card import Measurement, MetricsRow, read_card
from colorizer.checkpoints.store import WEIGHTS
from colorizer.errors import CheckpointError
from tests.support.checkpoints import CARD

SHIPPED = sorted(WEIGHTS.glob("*/card.toml"))

CHOOSER = dataclasses.replace(
    CARD,
    head="palette",
    options={"colors": 16, "width": 32},
    metrics=(MetricsRow("checkpoint", "toys", 4, "p", "c", 20.0, 11.0, 14.0, 9.0, loss=1.25, accuracy=0.5),),
)


def write(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "card.toml").write_text(text, encoding="utf-8")
    return folder / "card.toml"


def test_a_card_comes_back_as_it_was(tmp_path: Path) -> None:
    assert read_card(write(tmp_path / "toy", CARD.to_toml())) == CARD
    assert read_card(write(tmp_path / "toy", CHOOSER.to_toml())) == CHOOSER
    bare = dataclasses.replace(CARD, metrics=(), sha256={})
    assert read_card(write(tmp_path / "toy", bare.to_toml())) == bare


def test_control_characters_quotes_and_other_scripts_come_back(tmp_path: Path) -> None:
    text = "she said \"no\" and 'yes', C:\\new\\table, Grün, 色, 🎨, \u2028" + "".join(map(chr, range(32))) + "\x7f\x80"
    card = dataclasses.replace(CARD, summary=text, seconds=1 / 3, sha256={"a b.c": "", 'quo"te': "", "Größe": "1"})
    assert read_card(write(tmp_path / "toy", card.to_toml())) == card


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_a_shipped_card_comes_back_as_it_was(path: Path, tmp_path: Path) -> None:
    card = read_card(path)
    assert read_card(write(tmp_path / card.id, card.to_toml())) == card


def test_a_card_with_the_old_names_of_fields_is_read(tmp_path: Path) -> None:
    measurement = Measurement("PSNR with 2 hints", "toys", 4, 20.0, "dB", "p", "c")
    card = dataclasses.replace(CARD, measurements=(measurement,))
    text = card.to_toml().replace("limitations = ", "wrong = ")
    text = text.replace("subject = ", "of = ").replace("dataset = ", "pictures = ")
    assert text.count("\npictures = ") == 2
    assert read_card(write(tmp_path / "toy", text)) == card


def test_a_figure_that_a_protocol_lacks_is_none_and_one_without_end_stays(tmp_path: Path) -> None:
    row = MetricsRow("grey", "toys", 4, "p", "c", math.inf, 11.0, 14.0, 9.0)
    (found,) = read_card(write(tmp_path / "toy", dataclasses.replace(CARD, metrics=(row,)).to_toml())).metrics
    assert (found.ssim, found.psnr) == (None, math.inf)


def test_a_card_from_before_there_were_options_has_none(tmp_path: Path) -> None:
    text = CARD.to_toml().replace("[options]\n", "")
    assert read_card(write(tmp_path / "toy", text)).options == {}


def test_a_copied_checkpoint_has_the_id_of_its_own_folder(tmp_path: Path) -> None:
    assert read_card(write(tmp_path / "my-copy", CARD.to_toml())).id == "my-copy"


def test_snapshots_are_sorted_epochs_and_abilities_follow_from_the_head() -> None:
    assert CARD.snapshots == [2, 10]
    assert not CARD.takes_temperature
    assert not CARD.takes_hints
    assert not CARD.has_palette
    assert dataclasses.replace(CARD, head="bins").takes_temperature
    assert CHOOSER.has_palette and not CHOOSER.takes_temperature


def test_the_shipped_epoch_is_among_the_snapshots_where_there_are_any() -> None:
    assert dataclasses.replace(CARD, epochs=31).snapshots == [2, 10, 30]
    assert dataclasses.replace(CARD, sha256={"model.safetensors": "ef"}).snapshots == []


BROKEN = {
    "no TOML": "id = ",
    "empty": "",
    "lacks a field": CARD.to_toml().replace('head = "ab"\n', ""),
    "a field too many": f"colour = 3\n{CARD.to_toml()}",
    "text for a number": CARD.to_toml().replace("epochs = 3", 'epochs = "three"'),
    "number for a text": CARD.to_toml().replace('head = "ab"', "head = 3"),
    "no table": CARD.to_toml().replace("[trained_on]", "[trained_upon]"),
    "metrics of another kind": CARD.to_toml().replace("psnr = 20.0", 'psnr = "good"'),
    "a text for what may be none": CARD.to_toml().replace("ssim = 0.9", 'ssim = "good"'),
    "sha256 of another kind": CARD.to_toml().replace('"model.safetensors" = "ef"', '"model.safetensors" = 5'),
    "snapshot without an epoch": CARD.to_toml().replace("snapshots/0010", "snapshots/last"),
    "options that are a text": 'options = "wide"\n' + CARD.to_toml().replace("[options]\n", ""),
    "an option that is a text": CARD.to_toml().replace("[options]", '[options]\nwidth = "wide"'),
    "an option that is a fraction": CARD.to_toml().replace("[options]", "[options]\nwidth = 1.5"),
    "accuracy of another kind": CHOOSER.to_toml().replace("accuracy = 0.5", 'accuracy = "half"'),
    "a number without end": CARD.to_toml().replace("epochs = 3", f"epochs = {'3' * 5000}"),
    "a list without end": f"title = {'[' * 3000}",
    "sha256 that is a text": 'sha256 = "ef"\n'
    + dataclasses.replace(CARD, sha256={}).to_toml().replace("[sha256]\n", ""),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_card_is_refused_in_one_sentence_by_its_name(tmp_path: Path, fault: str) -> None:
    with pytest.raises(CheckpointError, match=r"toy/card\.toml is not a readable card: ") as refused:
        read_card(write(tmp_path / "toy", BROKEN[fault]))
    assert "\n" not in str(refused.value)


def test_a_missing_card_and_one_that_is_no_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"card\.toml is missing: the folder is not a finished checkpoint"):
        read_card(tmp_path / "card.toml")
    (tmp_path / "card.toml").write_bytes(b"\xff\xff")
    with pytest.raises(CheckpointError, match="is not a readable card"):
        read_card(tmp_path / "card.toml")
