"""The shipped checkpoints are what their cards say, and show what their experiment claims."""

import hashlib

import pytest

from colorizer.cards import Card, MetricsRow, read_card
from colorizer.checkpoints import WEIGHTS, list_checkpoints, load_network, scan
from colorizer.history import best_row, read_history
from colorizer.models import count_parameters
from colorizer.recipes import Recipe, read_recipe

SCENES = ("scenes-12-mse", "scenes-500-mse", "scenes-12-huber", "scenes-500-huber")
CARDS = list_checkpoints()
RECIPES = WEIGHTS.parent / "recipes"


def row(checkpoint: str, of: str = "checkpoint") -> MetricsRow:
    """The figures on the validation pictures that all of an experiment share."""
    rows = read_card(WEIGHTS / checkpoint / "card.toml").metrics
    return next(item for item in rows if item.of == of and item.pictures.startswith("validation"))


def test_the_four_scenes_checkpoints_are_there_and_readable() -> None:
    assert {card.id for card in CARDS} >= set(SCENES)
    assert scan().problems == ()


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_each_folder_is_what_its_card_says(card: Card) -> None:
    folder = WEIGHTS / card.id
    for name, sha256 in card.sha256.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha256
    network, _ = load_network(folder)
    assert count_parameters(network) == card.parameters
    assert read_recipe(folder / "recipe.toml").id == card.id
    assert len(read_history(folder / "history.csv")) >= card.epochs
    assert card.summary and card.wrong and card.weights_licence and card.data_licence
    assert card.seconds > 0 and card.hardware


def test_no_file_exceeds_10_mb_and_all_together_100_mb() -> None:
    sizes = [path.stat().st_size for path in WEIGHTS.rglob("*") if path.is_file()]
    assert max(sizes) <= 10e6
    assert sum(sizes) <= 100e6


@pytest.mark.parametrize("checkpoint", SCENES)
def test_each_was_trained_by_the_recipe_of_its_name(checkpoint: str) -> None:
    assert read_recipe(WEIGHTS / checkpoint / "recipe.toml") == read_recipe(RECIPES / f"{checkpoint}.toml")


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
