"""Palettes are read from files or computed by k-means; what is no palette is refused in one sentence by its name."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data
from sklearn.cluster import KMeans

from colorizer.color.lab import LUMA
from colorizer.color.palettes import kmeans_colors, named_palettes, read_palette
from colorizer.data.dataset import Pictures
from colorizer.data.reading import resize
from colorizer.errors import DataError, RecipeError
from colorizer.training.color_statistics import kmeans_palette
from tests.support import ROOT
from tests.support.photos import make_pictures


def refusal(setting: str) -> str:
    """Return the one sentence with which a palette is refused."""
    with pytest.raises(RecipeError) as refused:
        read_palette(setting)
    message = str(refused.value)
    assert "\n" not in message
    assert message.startswith("model.palette") and message.endswith(".")
    return message


@pytest.mark.parametrize(("name", "colors"), [("horse-16", 16), ("horse-32", 32)])
def test_a_packaged_palette_is_found_by_its_name_from_any_folder(
    name: str, colors: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert name in named_palettes()
    palette = read_palette(name)
    assert (tuple(palette.shape), palette.dtype) == ((colors, 3), torch.float32)
    content = json.loads((ROOT / "recipes" / "palettes" / f"{name}.json").read_text())
    assert np.array_equal(palette.numpy(), np.array(content, np.float32))
    assert len({tuple(color) for color in palette.tolist()}) == colors


def test_a_palette_of_ones_own_is_found_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.json").write_text("[[0, 0.5, 1], [1, 1, 1]]")
    expected = torch.tensor([[0, 0.5, 1], [1, 1, 1]])
    assert torch.equal(read_palette(str(tmp_path / "mine.json")), expected)
    monkeypatch.chdir(tmp_path)
    assert torch.equal(read_palette("mine.json"), expected)


GOOD = [0.1, 0.2, 0.3]
BROKEN = {
    "empty": b"",
    "no JSON": b"[[0, 0, 0], [1, 1, 1]",
    "no text": b"\xff\xfe\x00",
    "deep": b"[" * 100_000,
    "deep in an entry": b"[[0, 0, 0], " + b"[" * 900 + b"]" * 900 + b"]",
    "a table": b'{"colors": [[0, 0, 0], [1, 1, 1]]}',
    "a number": b"16",
    "no colours": b"[]",
    "1 colour": json.dumps([GOOD]).encode(),
    "300 colours": json.dumps([GOOD] * 300).encode(),
    "above 1": json.dumps([GOOD, [0, 0, 1.01]]).encode(),
    "bytes": json.dumps([GOOD, [0, 0, 255]]).encode(),
    "below 0": json.dumps([GOOD, [0, 0, -0.01]]).encode(),
    "NaN": b"[[0, 0, 0], [0, 0, NaN]]",
    "infinite": b"[[0, 0, 0], [0, 0, Infinity]]",
    "a number beyond floats": f"[[0, 0, 0], [0, 0, 1{'0' * 400}]]".encode(),
    "a number without end": f"[[0, 0, 0], [0, 0, {'9' * 5000}]]".encode(),
    "booleans": b"[[0, 0, 0], [true, false, true]]",
    "strings": b'[[0, 0, 0], ["0", "0", "1"]]',
    "hexadecimal": b'["#000000", "#ffffff"]',
    "two channels": b"[[0, 0, 0], [0, 1]]",
    "four channels": b"[[0, 0, 0], [0, 0, 0, 1]]",
    "nothing": b"[[0, 0, 0], null]",
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_file_that_is_no_palette_is_refused_by_its_name(fault: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_bytes(BROKEN[fault])
    message = refusal(str(path))
    assert f"{path} is not a palette, a JSON list of 2 to 256 colours [red, green, blue]" in message
    assert len(message) < 500


def test_the_entry_at_fault_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text(json.dumps([GOOD, GOOD, [0, 0, 7]]))
    assert "entry 2 is [0, 0, 7]" in refusal(str(tmp_path / "mine.json"))


def test_a_missing_palette_is_refused_with_those_that_are_there(tmp_path: Path) -> None:
    message = refusal("zebra-16")
    assert "'zebra-16'" in message
    assert "kmeans:K" in message and "horse-16, horse-32" in message
    assert f"{tmp_path}/none.json cannot be read: No such file" in refusal(str(tmp_path / "none.json"))
    (tmp_path / "folder.json").mkdir()
    assert "folder.json cannot be read: Is a directory" in refusal(str(tmp_path / "folder.json"))


@pytest.mark.parametrize("name", ["../toy", "../../etc/passwd", "..", "", "kmeans16", "Horse-16 ", "a\0b"])
def test_a_name_that_leads_elsewhere_finds_nothing(name: str) -> None:
    refusal(name)


def test_the_number_of_colours_of_a_k_means_palette_is_read_from_its_name() -> None:
    assert [kmeans_colors(f"kmeans:{number}") for number in (2, 16, 256)] == [2, 16, 256]
    assert kmeans_colors("horse-16") is None
    assert kmeans_colors("mine.json") is None


WRONG = ["", "x", "0", "1", "257", "-16", "+16", "16.0", " 16", "16 ", "²", "١٦", "1_6", "9" * 5000]


@pytest.mark.parametrize("number", WRONG, ids=lambda number: repr(number[:5]))
def test_a_number_of_colours_that_cannot_be_is_refused(number: str) -> None:
    with pytest.raises(RecipeError, match="it must be kmeans:K with K from 2 to 256"):
        kmeans_colors(f"kmeans:{number}")


def made_of(colors: np.ndarray, seed: int, count: int = 4, side: int = 24) -> Pictures:
    """Pictures of pixels that are all taken from uint8 (K, 3)."""
    random = np.random.default_rng(seed)
    held = [colors[random.integers(0, len(colors), (side, side))].transpose(2, 0, 1).copy() for _ in range(count)]
    return Pictures([], side, [torch.from_numpy(picture) for picture in held])


def some_colors(count: int, seed: int) -> np.ndarray:
    """uint8 (count, 3), all different."""
    every = np.stack(np.meshgrid(*[np.arange(0, 256, 17)] * 3), -1).reshape(-1, 3)
    return np.random.default_rng(seed).permutation(every)[:count].astype(np.uint8)


@pytest.mark.parametrize("count", [2, 7, 32])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_colours_of_pictures_that_have_so_many_are_found_from_dark_to_bright(count: int, seed: int) -> None:
    colors = some_colors(count, seed)
    palette = kmeans_palette(made_of(colors, seed), count, seed)
    assert (tuple(palette.shape), palette.dtype) == ((count, 3), torch.float32)
    found = (palette.numpy() * 255).round().astype(int)
    assert {tuple(color) for color in found.tolist()} == {tuple(color) for color in colors.tolist()}
    brightness = palette.double().numpy() @ np.array(LUMA)
    assert (np.diff(brightness) >= 0).all()


def photo(side: int = 144) -> Pictures:
    picture = resize(Image.fromarray(data.coffee()), side)
    return Pictures([], side, [picture])


def test_equal_seeds_give_equal_palettes_and_others_need_not() -> None:
    one, again, other = (kmeans_palette(photo(64), 16, seed) for seed in (5, 5, 6))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert bool(((one >= 0) & (one <= 1)).all())


@pytest.mark.parametrize("count", [4, 16, 32])
def test_the_palette_of_a_photo_is_about_as_good_as_scikit_learns(count: int) -> None:
    pictures = photo()
    pixels = pictures[0, 0.5].reshape(3, -1).T.double().numpy() / 255
    palette = kmeans_palette(pictures, count, 0).double().numpy()
    inertia = ((pixels[:, None] - palette) ** 2).sum(2).min(1).sum()
    assert inertia < 1.03 * KMeans(count, n_init=4, random_state=1).fit(pixels).inertia_


def test_pictures_that_are_not_held_in_memory_give_the_same_palette(tmp_path: Path) -> None:
    paths = sorted(make_pictures(tmp_path, 6).iterdir())
    held = Pictures(paths, 40, [resize(Image.open(path).convert("RGB"), 40) for path in paths])
    assert torch.equal(kmeans_palette(held, 8, 0), kmeans_palette(Pictures(paths, 40, None), 8, 0))


def test_pictures_with_fewer_colours_are_refused() -> None:
    with pytest.raises(
        DataError, match=r"The pictures have fewer than 8 colours; choose a smaller K for model\.palette"
    ):
        kmeans_palette(made_of(some_colors(7, 0), 0), 8, 0)
    assert len(kmeans_palette(made_of(some_colors(7, 0), 0), 7, 0)) == 7
