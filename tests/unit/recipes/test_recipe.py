"""A recipe says how a checkpoint is trained; a wrong one is refused in one sentence that names the setting."""

import dataclasses
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from colorizer.errors import RecipeError
from colorizer.recipes.recipe import Recipe, parse_recipe, read_recipe
from tests.support import ROOT
from tests.support.training import RECIPE

SHIPPED = sorted((ROOT / "recipes").glob("*.toml"))
CHOICES = [path for path in SHIPPED if path.stem.startswith(("horse-", "cat-"))]
SCENES = [path for path in SHIPPED if path.stem.startswith("scenes-")]


def flat(recipe: Recipe) -> dict[str, object]:
    """section.key -> value"""
    flat: dict[str, object] = {}
    for name, value in dataclasses.asdict(recipe).items():
        flat.update(
            {f"{name}.{key}": item for key, item in value.items()} if isinstance(value, dict) else {name: value}
        )
    return flat


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_recipe_is_valid_and_named_by_its_id(path: Path) -> None:
    assert read_recipe(path).id == path.stem


def test_the_four_scenes_recipes_differ_in_images_and_loss_alone() -> None:
    assert len(SCENES) == 4
    settings = [flat(read_recipe(path)) for path in SCENES]
    differing = {key for key in settings[0] if len({repr(one[key]) for one in settings}) > 1}
    told = {"id", "title", "summary"} | {key for key in settings[0] if key.startswith("card.")}
    assert differing - told == {"data.images", "loss.name"}
    assert {(one["data.images"], one["loss.name"]) for one in settings} == {
        (images, loss) for images in (12, 500) for loss in ("mse", "huber")
    }


def test_the_four_scenes_recipes_take_equally_many_steps() -> None:
    recipes = [read_recipe(path) for path in SCENES]
    steps = {one.training.epochs * (one.training.images_per_epoch // one.training.batch_size) for one in recipes}
    assert len(steps) == 1
    assert all(one.training.images_per_epoch for one in recipes)  # else the steps would follow from data.images


def test_the_eight_palette_recipes_differ_in_pictures_palette_and_network_alone() -> None:
    settings = [flat(read_recipe(path)) for path in CHOICES]
    assert len(settings) == 8
    differing = {key for key in settings[0] if len({repr(one[key]) for one in settings}) > 1}
    told = {"id", "title", "summary"} | {key for key in settings[0] if key.startswith("card.")}
    assert differing - told == {"data.role", "data.public", "model.palette", "model.architecture"}
    keys = ("data.role", "data.public", "model.palette", "model.architecture", "id")
    assert {tuple(one[key] for key in keys) for one in settings} == {
        (f"{animal}s", f"cifar10:{animal}", f"horse-{colors}", f"palette-{network}", f"{animal}-{colors}-{network}")
        for animal in ("horse", "cat")
        for colors in (16, 32)
        for network in ("cnn", "unet")
    }


def test_the_eight_palette_recipes_belong_to_one_experiment_and_say_how_they_differ() -> None:
    recipes = [read_recipe(path) for path in CHOICES]
    assert len({one.card.experiment for one in recipes}) == 1
    for texts in (
        [one.title for one in recipes],
        [one.summary for one in recipes],
        [one.card.variable for one in recipes],
    ):
        assert len(set(texts)) == 8
    assert all(one.training.select == "last" for one in recipes)  # validated on test pictures: none is chosen by them
    assert all(one.training.snapshots[-1] == one.training.epochs - 1 for one in recipes)


def test_settings_that_are_left_out_have_their_defaults() -> None:
    recipe = parse_recipe(RECIPE)
    assert (recipe.training.learning_rate, recipe.training.select, recipe.data.flip) == (1e-3, "best", True)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_recipe_survives_being_written_as_toml(path: Path) -> None:
    recipe = read_recipe(path)
    assert parse_recipe(recipe.to_toml()) == recipe


def test_the_written_recipe_states_every_setting() -> None:
    recipe = parse_recipe(RECIPE)
    document = tomllib.loads(recipe.to_toml())
    for name in ("model", "data", "loss", "training", "card"):
        assert list(document[name]) == [field.name for field in dataclasses.fields(getattr(recipe, name))]


OVERRIDES = {
    "training.epochs=7": ("training", "epochs", 7),
    "training.learning_rate = 2": ("training", "learning_rate", 2.0),
    "model.width=8": ("model", "width", 8),
    "model.palette=kmeans:16": ("model", "palette", "kmeans:16"),
    "data.public=cifar10:cat": ("data", "public", "cifar10:cat"),
    "training.snapshots=[0, 2]": ("training", "snapshots", (0, 2)),
    "data.flip=false": ("data", "flip", False),
    'model.encoder_weights="imagenet"': ("model", "encoder_weights", "imagenet"),
    "model.encoder_weights=imagenet": ("model", "encoder_weights", "imagenet"),
    "card.limitations=it paints grass blue, often": ("card", "limitations", "it paints grass blue, often"),
}


@pytest.mark.parametrize("override", OVERRIDES)
def test_an_override_replaces_a_setting(override: str) -> None:
    section, key, value = OVERRIDES[override]
    found = getattr(getattr(parse_recipe(RECIPE, [override]), section), key)
    assert (found, type(found)) == (value, type(value))


def test_the_last_override_of_a_setting_wins_and_plain_settings_have_no_section() -> None:
    recipe = parse_recipe(RECIPE, ["training.epochs=5", "training.epochs=6", "id=other"])
    assert (recipe.training.epochs, recipe.id) == (6, "other")


WRONG = {
    "training.epoch=3": ["unknown setting training.epoch", "epochs", "batch_size"],
    "trainning.epochs=3": ["unknown setting trainning", "training"],
    "colour=3": ["unknown setting colour"],
    "training.epochs=0": ["training.epochs", "at least 1"],
    "training.epochs=2.5": ["training.epochs", "whole number"],
    "training.epochs=true": ["training.epochs", "whole number"],
    "training.epochs=many": ["training.epochs", "whole number"],
    "training.batch_size=0": ["training.batch_size", "at least 1"],
    "training.images_per_epoch=-1": ["training.images_per_epoch", "0"],
    "training.learning_rate=fast": ["training.learning_rate", "a number"],
    "training.learning_rate=0": ["training.learning_rate", "above 0"],
    "training.learning_rate=nan": ["training.learning_rate", "finite"],
    "training.learning_rate=inf": ["training.learning_rate", "finite"],
    f"training.learning_rate=1{'0' * 400}": ["training.learning_rate", "finite"],
    "training.weight_decay=-1": ["training.weight_decay", "0 or more"],
    "training.warmup_steps=-1": ["training.warmup_steps", "0 or more"],
    "training.early_stopping_epochs=-1": ["training.early_stopping_epochs", "0"],
    "training.seed=-1": ["training.seed", "0"],
    f"training.seed={2**64}": ["training.seed", "2**63"],
    "training.schedule=linear": ["training.schedule", "constant, cosine"],
    "training.schedule=3": ["training.schedule", "constant, cosine"],
    "training.device=gpu": ["training.device", "auto, cpu, cuda, mps"],
    "training.select=": ["training.select", "best, last"],
    "training.mixed_precision=1": ["training.mixed_precision", "true or false"],
    "training.snapshots=2": ["training.snapshots", "list of whole numbers"],
    "training.snapshots=[1.5]": ["training.snapshots", "whole number"],
    "training.snapshots=[-1]": ["training.snapshots", "[-1]"],
    "data.images=-1": ["data.images", "0"],
    "data.validation_images=0": ["data.validation_images", "at least 1"],
    "data.crop=8": ["data.crop", "16"],
    "data.side=31": ["data.side", "data.crop"],
    "data.cache_gigabytes=-1": ["data.cache_gigabytes", "0 or more"],
    "data.role=3": ["data.role", "a text"],
    "loss.name=l2": ["loss.name", "mse, huber, l1"],
    "loss.name=2": ["loss.name", "mse, huber, l1"],
    "loss.huber_delta=0": ["loss.huber_delta", "above 0"],
    "model.encoder_weights=places": ["model.encoder_weights", "random, imagenet"],
    "model.width=-1": ["model.width", "0"],
    "model.width=wide": ["model.width", "whole number"],
    "model.palette=16": ["model.palette", "a text"],
    "data.public=3": ["data.public", "a text"],
    f"training.epochs={'9' * 5000}": ["training.epochs", "whole number"],
    f"training.snapshots={'[' * 5000}": ["training.snapshots", "list of whole numbers"],
    "model=3": ["model", "table"],
    "id=Ä toy": ["id", "lower-case"],
    "id=../toy": ["id", "lower-case"],
    "title=3": ["title", "text"],
    "training.epochs": ["--set training.epochs", "section.key=value"],
    "=3": ["--set =3", "section.key=value"],
    "title.short=3": ["--set title.short=3", "not a section"],
}


@pytest.mark.parametrize("override", WRONG, ids=lambda override: override[:40])
def test_a_wrong_setting_is_refused_by_name_with_what_is_allowed(override: str) -> None:
    with pytest.raises(RecipeError) as refused:
        parse_recipe(RECIPE, [override])
    message = str(refused.value)
    assert all(part in message for part in WRONG[override]), message
    assert "\n" not in message
    assert message.endswith(".")


BY_OLD_NAMES = """
id = "toy"
title = "A toy"
summary = "As recipes were written before settings had the names of the field."
family = "toys"

[model]
architecture = "lite0-bins"
start = "runs/other"
trunk = "random"

[data]
role = "toys"
zoom = 1.5
aged = true
working_side = 160

[loss]
name = "cross_entropy_huber"

[training]
epochs = 3
trunk_rate = 0.1
binding_steps = 900
frozen_norm = true
keep = "last"

[adversary]
evidence = "lab"
verdict = "patches"
judged_images = 7
noise_every = 5

[card]
wrong = "Skies."
"""
PRESENT_NAMES = {
    "model.init_from": "runs/other",
    "model.encoder_weights": "random",
    "data.random_resize": 1.5,
    "data.degrade": True,
    "data.inference_size": 160,
    "training.encoder_rate": 0.1,
    "training.hint_embedding_steps": 900,
    "training.freeze_batchnorm": True,
    "training.select": "last",
    "adversary.discriminator_input": "lab",
    "adversary.discriminator_output": "patch",
    "adversary.eval_images": 7,
    "adversary.noise_interval": 5,
    "card.limitations": "Skies.",
}


def test_a_recipe_with_the_old_names_of_settings_is_read_and_written_with_the_present_ones() -> None:
    recipe = parse_recipe(BY_OLD_NAMES)
    found = flat(recipe)
    assert {name: found[name] for name in PRESENT_NAMES} == PRESENT_NAMES
    assert parse_recipe(recipe.to_toml()) == recipe
    written = tomllib.loads(recipe.to_toml())
    assert not {"start", "trunk", "zoom", "keep", "verdict", "wrong"} & {
        key for part in written.values() for key in part
    }


def test_an_old_name_may_be_set_over_a_present_one_and_the_other_way_round() -> None:
    assert parse_recipe(BY_OLD_NAMES, ["training.select=best"]).training.select == "best"
    assert parse_recipe(RECIPE, ["training.select=last", "training.keep=best"]).training.select == "best"
    answers = parse_recipe(BY_OLD_NAMES, ["adversary.verdict=picture"]).adversary
    assert answers is not None and answers.discriminator_output == "global"


def test_a_setting_under_both_its_names_and_an_old_value_under_the_present_name_are_refused() -> None:
    both = BY_OLD_NAMES.replace('keep = "last"', 'keep = "last"\nselect = "best"')
    with pytest.raises(
        RecipeError, match=r"^training\.keep is the old name of select, and both are there; remove one\.$"
    ):
        parse_recipe(both)
    with pytest.raises(RecipeError, match="it must be one of global, patch"):
        parse_recipe(BY_OLD_NAMES, ["adversary.discriminator_output=patches"])


def test_reading_a_recipe_imports_no_network_and_no_torch() -> None:
    code = f"""
import sys
from pathlib import Path
from colorizer.recipes.recipe import read_recipe
read_recipe(Path({str(SHIPPED[0])!r}))
print(*sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "colorizer.recipes.schema" in loaded
    assert not {name for name in loaded if name.partition(".")[0] in ("torch", "numpy", "PIL", "streamlit")}
    assert not {name for name in loaded if name.startswith("colorizer.")} & {"colorizer.models", "colorizer.color"}


SENTENCES = {
    "training.epochs=0": "training.epochs must be at least 1.",
    "training.images_per_epoch=-1": "training.images_per_epoch must be 0 (each once) or more.",
    "training.weight_decay=-1": "training.weight_decay must be 0 or more.",
    "training.learning_rate=0": "training.learning_rate must be above 0 and at most 1e36.",
    "training.encoder_rate=2": "training.encoder_rate must be 0 to 1.",
    "training.seed=-1": "training.seed must be from 0 to 2**63 - 1.",
    "adversary.dropout=1": "adversary.dropout must be at least 0 and below 1.",
    "adversary.width=0": "adversary.width must be 1 to 256.",
    "training.epochs=many": "training.epochs is 'many'; it must be a whole number.",
    "training.select=first": "training.select is 'first'; it must be one of best, last.",
    "training.snapshots=2": "training.snapshots is 2; it must be a list of whole numbers.",
    "model=3": "model must be a table of settings.",
    "training.snapshots=[-1]": "training.snapshots counts epochs from 0, and names [-1].",
    f"training.snapshots={'[' * 250}1{']' * 250}": "it is nested too deeply.",
    "card.colour=1": "unknown setting card.colour; there are: experiment, variable, earlier_hours, weights_licence, "
    "data_licence, limitations.",
}


@pytest.mark.parametrize("override", SENTENCES, ids=lambda override: override[:40])
def test_what_does_not_fit_is_said_in_one_plain_sentence(override: str) -> None:
    with pytest.raises(RecipeError) as refused:
        parse_recipe(RECIPE, [override])
    assert str(refused.value) == SENTENCES[override]


def test_a_misspelt_setting_is_named_before_the_one_that_is_missing_for_it() -> None:
    with pytest.raises(RecipeError, match=r"unknown setting training\.epoch; there are: epochs, "):
        parse_recipe(RECIPE.replace("epochs = 3", "epoch = 3"))


@pytest.mark.parametrize("line", ['architecture = "resnet18-colorizer"', 'role = "toys"', 'name = "mse"', "epochs = 3"])
def test_a_missing_setting_is_named(line: str) -> None:
    with pytest.raises(RecipeError, match=f"the setting .*{line.split()[0]} is missing"):
        parse_recipe(RECIPE.replace(line, ""))


def test_a_missing_section_or_title_is_named() -> None:
    with pytest.raises(RecipeError, match=r"lacks the section \[model\], \[loss\]"):
        parse_recipe('id = "a"\n[data]\nrole = "x"\n[training]\nepochs = 1\n')
    with pytest.raises(RecipeError, match="title"):
        parse_recipe(RECIPE.replace('title = "A toy"', ""))


def test_a_file_that_is_missing_or_no_toml_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"none\.toml: the recipe cannot be read: No such file"):
        read_recipe(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(RecipeError, match=r"bytes\.toml: .*UTF-8"):
        read_recipe(tmp_path / "bytes.toml")
    for broken in ("id = ", f"id = {'9' * 5000}", f"id = {'[' * 5000}"):
        (tmp_path / "broken.toml").write_text(broken)
        with pytest.raises(RecipeError, match=r"broken\.toml: the recipe is not valid TOML"):
            read_recipe(tmp_path / "broken.toml")


def test_recipes_are_equal_without_their_text_when_they_train_the_same_weights() -> None:
    recipe = parse_recipe(RECIPE)
    retold = parse_recipe(RECIPE, ["title=Other", "summary=Other", "card.limitations=Skies", "card.experiment=toys"])
    assert retold != recipe
    assert retold.without_text() == recipe.without_text()
    assert parse_recipe(RECIPE, ["training.seed=1"]).without_text() != recipe.without_text()
