"""The shipped checkpoints are what their cards say, and show what their experiment claims."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorizer.checkpoints.card import Card, MetricsRow, read_card
from colorizer.checkpoints.history import best_row, read_history
from colorizer.checkpoints.store import WEIGHTS, list_checkpoints, load_network, scan
from colorizer.inference.colorizer import load
from colorizer.inference.hints import Hint
from colorizer.models import count_parameters
from colorizer.recipes.recipe import Recipe, read_recipe
from pages.features.ranking.shipped_samples import sample_entries, shipped_samples
from tests.support.published import PUBLISHED

SCENES = ("scenes-12-mse", "scenes-500-mse", "scenes-12-huber", "scenes-500-huber")
CARDS = list_checkpoints()
RECIPES = WEIGHTS.parent / "recipes"


def row(checkpoint: str, of: str = "checkpoint") -> MetricsRow:
    """Find the figures on the validation pictures that all of an experiment share."""
    rows = read_card(WEIGHTS / checkpoint / "card.toml").metrics
    return next(item for item in rows if item.subject == of and item.dataset.startswith("validation"))


def test_the_four_scenes_checkpoints_are_there_and_readable() -> None:
    assert {card.id for card in CARDS} >= set(SCENES)
    assert scan().problems == ()


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_a_recipe_that_goes_on_from_a_shipped_checkpoint_has_its_network(path: Path) -> None:
    model = read_recipe(path).model
    if (WEIGHTS / model.init_from / "card.toml").exists():
        assert read_card(WEIGHTS / model.init_from / "card.toml").architecture == model.architecture


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_each_folder_is_what_its_card_says(card: Card) -> None:
    folder = WEIGHTS / card.id
    for name, sha256 in card.sha256.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha256
    network, _ = load_network(folder)
    assert count_parameters(network) == card.parameters
    assert read_recipe(folder / "recipe.toml").id == card.id
    assert len(read_history(folder / "history.csv")) >= card.epochs
    assert card.summary and card.limitations and card.weights_licence and card.data_licence
    assert card.seconds > 0 and card.hardware
    recipe = read_recipe(folder / "recipe.toml")
    assert card.earlier_seconds == pytest.approx(recipe.card.earlier_hours * 3600)
    assert bool(card.earlier_seconds) == bool(recipe.model.init_from)  # its own minutes alone would be too few


def test_no_file_exceeds_20_mb_and_all_together_120_mb() -> None:
    sizes = [path.stat().st_size for path in WEIGHTS.rglob("*") if path.is_file()]
    assert max(sizes) <= 20e6
    assert sum(sizes) <= 120e6


@pytest.mark.parametrize("checkpoint", SCENES)
def test_each_was_trained_by_the_recipe_of_its_name(checkpoint: str) -> None:
    assert read_recipe(WEIGHTS / checkpoint / "recipe.toml") == read_recipe(RECIPES / f"{checkpoint}.toml")


@pytest.mark.parametrize("checkpoint", SCENES)
def test_snapshots_let_its_learning_be_watched(checkpoint: str) -> None:
    card = read_card(WEIGHTS / checkpoint / "card.toml")
    assert card.snapshots == list(read_recipe(RECIPES / f"{checkpoint}.toml").training.snapshots)
    assert {0, card.epochs - 1} <= set(card.snapshots)


@pytest.mark.parametrize("card", [card for card in CARDS if card.published is None], ids=lambda card: card.id)
def test_the_samples_were_measured_with_these_very_weights(card: Card) -> None:
    samples = shipped_samples(card)
    assert list(samples) == [entry.name for entry in sample_entries()]
    assert all(sample.outcome.scores.ciede2000 > 0 and sample.outcome.hues.sum() > 0 for sample in samples.values())


def test_the_four_saw_the_same_validation_pictures_and_took_the_same_steps() -> None:
    cards = [read_card(WEIGHTS / checkpoint / "card.toml") for checkpoint in SCENES]
    assert len({(card.validated_on.sha256, card.validated_on.images) for card in cards}) == 1
    assert len({read_history(WEIGHTS / checkpoint / "history.csv")[-1].images_seen for checkpoint in SCENES}) == 1
    assert sorted(card.trained_on.images for card in cards) == [12, 12, 500, 500]


@pytest.mark.parametrize("loss", ["mse", "huber"])
def test_500_images_beat_12_images_and_grey(loss: str) -> None:
    large = row(f"scenes-500-{loss}")
    for other in (row("scenes-12-mse"), row("scenes-12-huber"), row("scenes-12-mse", of="grey")):
        assert large.ab_rmse < other.ab_rmse
    assert large.ciede2000 < min(row("scenes-12-mse").ciede2000, row("scenes-12-huber").ciede2000)
    assert large.colorfulness >= 8


@pytest.mark.parametrize("loss", ["mse", "huber"])
def test_the_curves_of_12_images_show_over_fitting(loss: str) -> None:
    history = read_history(WEIGHTS / f"scenes-12-{loss}" / "history.csv")
    best = best_row(history)
    assert best is not None
    assert history[-1].train_loss < history[0].train_loss / 4
    assert history[-1].val_ab_rmse > best.val_ab_rmse


def test_recipes_of_shipped_checkpoints_name_their_data_by_role() -> None:
    recipes: list[Recipe] = [read_recipe(path) for path in sorted(RECIPES.glob("*.toml"))]
    assert {recipe.id for recipe in recipes} >= set(SCENES)
    assert all("/" not in recipe.data.role for recipe in recipes)


@pytest.mark.parametrize("checkpoint", PUBLISHED)
def test_each_palette_checkpoint_beats_the_published_one(checkpoint: str) -> None:
    card, shipped, blind = read_card(WEIGHTS / checkpoint / "card.toml"), row(checkpoint), row(checkpoint, of="grey")
    loss, accuracy = PUBLISHED[checkpoint]
    assert shipped.loss is not None and shipped.accuracy is not None and blind.loss is not None
    assert shipped.loss < (0.95 * loss if checkpoint.endswith("unet") else loss) < blind.loss
    assert shipped.accuracy > accuracy
    assert card.parameters <= 400_000
    assert "train.py" in shipped.command


@pytest.mark.parametrize("checkpoint", PUBLISHED)
def test_each_palette_checkpoint_was_trained_and_tested_on_its_class_by_its_recipe(checkpoint: str) -> None:
    card, recipe = read_card(WEIGHTS / checkpoint / "card.toml"), read_recipe(RECIPES / f"{checkpoint}.toml")
    assert read_recipe(WEIGHTS / checkpoint / "recipe.toml") == recipe
    assert (card.trained_on.images, card.validated_on.images) == (5000, 1000)
    assert card.options["colors"] == int(checkpoint.split("-")[1])
    assert card.snapshots == list(recipe.training.snapshots)
    assert {0, 9, card.epochs - 1} <= set(card.snapshots)


@pytest.mark.parametrize("animal", ["horse", "cat"])
def test_the_palette_checkpoints_of_a_class_differ_in_colours_and_network_alone(animal: str) -> None:
    cards = [read_card(WEIGHTS / checkpoint / "card.toml") for checkpoint in PUBLISHED if checkpoint.startswith(animal)]
    assert len({(card.trained_on.sha256, card.validated_on.sha256, card.optimizer, card.epochs) for card in cards}) == 1
    assert len({(card.architecture, card.options["colors"]) for card in cards}) == 4


@pytest.mark.parametrize("checkpoint", PUBLISHED)
def test_evaluate_measures_the_shipped_file_as_training_did(checkpoint: str) -> None:
    animal = checkpoint.split("-")[0]
    rows = read_card(WEIGHTS / checkpoint / "card.toml").metrics
    own, other = (
        next(item for item in rows if item.subject == "checkpoint" and item.dataset == f"CIFAR-10 test {name}s")
        for name in (animal, {"horse": "cat", "cat": "horse"}[animal])
    )
    validated = row(checkpoint)
    assert "evaluate" in own.command and "--own-size" in own.command
    assert own.loss == pytest.approx(validated.loss, rel=1e-3)
    assert own.accuracy == pytest.approx(validated.accuracy, rel=1e-3)
    assert other.loss is not None and other.images == 1000


def test_the_unet_beats_the_cnn_everywhere() -> None:
    """What the page says of the experiments, held to the figures."""
    for animal in ("horse", "cat"):
        for colors in (16, 32):
            unet, cnn = row(f"{animal}-{colors}-unet").loss, row(f"{animal}-{colors}-cnn").loss
            assert unet is not None and cnn is not None
            assert unet < cnn


LADDER = (
    "flowers-cnn", "flowers-autoencoder-5", "flowers-autoencoder-7", "flowers-autoencoder-7-leaky",
    "flowers-autoencoder-9-skip", "flowers-gan",
)  # fmt: skip


def test_the_six_steps_of_the_flowers_were_trained_by_their_recipes_on_the_same_pictures() -> None:
    cards = [read_card(WEIGHTS / checkpoint / "card.toml") for checkpoint in LADDER]
    assert len({(card.trained_on.sha256, card.validated_on.sha256) for card in cards}) == 1
    assert cards[0].validated_on.images == 185
    assert len({read_history(WEIGHTS / checkpoint / "history.csv")[-1].images_seen for checkpoint in LADDER[:5]}) == 1
    for checkpoint in LADDER:
        assert read_recipe(WEIGHTS / checkpoint / "recipe.toml") == read_recipe(RECIPES / f"{checkpoint}.toml")


def test_the_flowers_beat_grey_and_the_original() -> None:
    """The original's final weights: 17.83 dB with a colourfulness of 35."""
    assert row("flowers-autoencoder-9-skip").psnr >= 19.0
    assert row("flowers-gan").psnr >= 18.5
    assert row("flowers-gan").colorfulness >= 42
    for checkpoint in LADDER:
        shipped, grey = row(checkpoint), row(checkpoint, of="grey")
        assert shipped.ab_rmse < grey.ab_rmse and shipped.ciede2000 < grey.ciede2000
        assert "train.py" in shipped.command


def test_the_gan_is_the_most_colourful_and_keeps_its_iterations() -> None:
    others = [row(checkpoint).colorfulness for checkpoint in LADDER[:5]]
    assert row("flowers-gan").colorfulness > 1.4 * max(others)
    assert len(read_card(WEIGHTS / "flowers-gan" / "card.toml").snapshots) >= 5


LANDSCAPES = ("landscapes-regression", "landscapes-classification")


def test_the_two_landscapes_differ_in_their_head_alone() -> None:
    cards = [read_card(WEIGHTS / checkpoint / "card.toml") for checkpoint in LANDSCAPES]
    assert len({(card.trained_on.sha256, card.validated_on.sha256, card.optimizer, card.epochs) for card in cards}) == 1
    assert [card.head for card in cards] == ["ab", "bins"]
    assert cards[0].options == cards[1].options
    for checkpoint in LANDSCAPES:
        assert read_recipe(WEIGHTS / checkpoint / "recipe.toml") == read_recipe(RECIPES / f"{checkpoint}.toml")


def test_regression_is_nearer_and_classification_livelier() -> None:
    """Why the paper classified: the mean of all plausible colours has the least error, and is pale."""
    regression, classification = (row(checkpoint) for checkpoint in LANDSCAPES)
    assert regression.ab_rmse <= 0.9 * row("landscapes-regression", of="grey").ab_rmse
    assert regression.ab_rmse < classification.ab_rmse
    assert classification.colorfulness >= 1.5 * regression.colorfulness


def test_the_objects_network_beats_grey_on_pictures_of_another_source() -> None:
    """On the 200 test pictures of Berkeley's segmentation data set, which are in no training folder."""
    rows = read_card(WEIGHTS / "objects-12conv" / "card.toml").metrics
    shipped, grey = (
        next(item for item in rows if item.dataset == "BSDS" and item.subject == of) for of in ("checkpoint", "grey")
    )
    assert shipped.images == 200 and "evaluate" in shipped.command
    assert shipped.ab_rmse <= 0.96 * grey.ab_rmse


def test_the_objects_network_was_trained_in_subsets_and_says_what_memory_it_took() -> None:
    recipe = read_recipe(WEIGHTS / "objects-12conv" / "recipe.toml")
    assert recipe == read_recipe(RECIPES / "objects-12conv.toml")
    assert recipe.data.subsets == 8
    peaks = [epoch.peak_memory_mb for epoch in read_history(WEIGHTS / "objects-12conv" / "history.csv")]
    assert all(peak is not None and 0 < peak < 4000 for peak in peaks)


def photo_figures(of: str) -> MetricsRow:
    """On the 224 test pictures of BSDS and Kodak together, at the settings that the app begins with."""
    rows = read_card(WEIGHTS / "photo" / "card.toml").metrics
    return next(row for row in rows if row.dataset == "BSDS and Kodak" and row.subject == of)


def test_photo_colours_other_peoples_pictures_better_than_grey_does() -> None:
    shipped, grey = photo_figures("checkpoint"), photo_figures("grey")
    assert shipped.images == 224 and "evaluate" in shipped.command
    assert shipped.psnr >= 23.0
    assert shipped.colorfulness >= 26
    assert shipped.ciede2000 < grey.ciede2000


def test_photo_does_what_hints_say() -> None:
    """Published: +1.8, +4.0 and +6.7 dB with 2, 10 and 100 points (Zhang et al. 2017).

    A few points gain the less, the nearer the colours were without them, so two are measured from grey as well.
    """
    rows = {row.what: row.value for row in read_card(WEIGHTS / "photo" / "card.toml").measurements}
    counts = (0, 1, 2, 5, 10, 20, 50, 100)
    given = ["1 hint" if count == 1 else f"{count} hints" for count in counts]
    psnr = [rows[f"PSNR with {points}"] for points in given]
    assert psnr == sorted(psnr)
    gains = {count: value - psnr[0] for count, value in zip(counts, psnr, strict=True)}
    assert gains[2] >= 1.4 and gains[10] >= 4 and gains[100] >= 6
    assert psnr[2] - photo_figures("grey").psnr >= 2.95
    assert all(rows[f"ab error at the points of {points}"] < 6 for points in given[1:])
    assert rows["ab change far from 1 hint"] < 1.5


def test_photo_colours_alike_at_any_size() -> None:
    rows = {row.what: row.value for row in read_card(WEIGHTS / "photo" / "card.toml").measurements}
    assert rows["ab change from 512 to 2048 pixels"] < 3


def test_a_colour_pinned_to_one_side_of_a_strong_edge_stays_there() -> None:
    levels = np.repeat(np.array([60, 200], np.uint8), 160)
    photo = Image.fromarray(np.broadcast_to(levels[:, None], (240, 320, 3)).copy())
    model = load("photo")
    plain, pinned = model.predict(photo).ab, model.predict(photo, [Hint(120, 120, (140, 40, 30))]).ab
    moved = np.hypot(*(pinned - plain))[80]  # the row of the pin; the edge is at column 106
    assert moved[80] > 30 and moved[102] > 20
    assert moved[111:].max() < 0.2 * moved[102]
