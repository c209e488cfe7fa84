"""Adversarial training: both sides' losses against a direct computation, the rules that hold the discriminator back,
and a run that is recorded, interrupted, resumed and shipped like any other."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import colorizer
from colorizer import color
from colorizer.checkpoints.card import read_card
from colorizer.checkpoints.history import COLUMNS, EpochRow, read_history
from colorizer.data.splits import load_training_data
from colorizer.errors import RecipeError, TrainingError
from colorizer.models import Discriminator
from colorizer.recipes.recipe import parse_recipe
from colorizer.recipes.schema import AdversarySettings
from colorizer.training.export import finish
from colorizer.training.gan import Adversary
from colorizer.training.launch import make_accelerator
from colorizer.training.network_setup import build_network
from colorizer.training.trainer import Trainer, Watcher
from tests.support.photos import make_pictures
from tests.support.training import ADVERSARIAL_COLUMNS, GAN_RECIPE, QUIET, fitted, make_run

CPU = torch.device("cpu")
VARIANTS = [
    (),
    (
        "adversary.discriminator_input=lab",
        "adversary.discriminator_output=patch",
        "adversary.normalisation=spectral",
        "adversary.dropout=0",
    ),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pictures(tmp_path_factory.mktemp("photos"), 20)


def make_adversary(*overrides: str) -> Adversary:
    recipe = parse_recipe(GAN_RECIPE, overrides)
    assert recipe.adversary is not None
    return Adversary(recipe.adversary, recipe.data.crop, recipe.training, make_accelerator(recipe.training))


def pictures(seed: int) -> tuple[Tensor, Tensor]:
    """Random sRGB (3, 3, 16, 16) in 0..1, and the same in Lab."""
    srgb = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(seed))
    return srgb, color.srgb_to_lab(srgb)


def cross_entropy(logits: Tensor, label: float) -> float:
    """As written in Goodfellow et al. 2014, in float64."""
    chance = 1 / (1 + np.exp(-logits.detach().double().numpy()))
    return float(-(label * np.log(chance) + (1 - label) * np.log(1 - chance)).mean())


def test_the_generators_loss_is_cross_entropy_against_flipped_labels_plus_the_weighted_own_loss() -> None:
    adversary = make_adversary("adversary.loss_weight=75", "adversary.dropout=0")
    made, _ = pictures(1)
    _, lab = pictures(2)
    loss = adversary.generator_loss(torch.tensor(0.5), made, lab)
    assert loss.item() == pytest.approx(37.5 + cross_entropy(adversary.network(made * 2 - 1), 1.0), rel=1e-5)


@pytest.mark.parametrize("settings", VARIANTS)
def test_the_generators_loss_teaches_the_generator_alone(settings: tuple[str, ...]) -> None:
    adversary = make_adversary(*settings)
    made, _ = pictures(1)
    made.requires_grad_(True)
    adversary.generator_loss(torch.tensor(0.0), made, pictures(2)[1]).backward()
    assert made.grad is not None and bool(made.grad.isfinite().all()) and bool((made.grad != 0).any())
    assert all(parameter.grad is None for parameter in adversary.network.parameters())
    assert all(parameter.requires_grad for parameter in adversary.network.parameters())


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_discriminators_loss_is_the_mean_over_true_and_generated(smoothing: float) -> None:
    adversary = make_adversary(f"adversary.label_smoothing={smoothing}", "adversary.dropout=0")
    (made, _), (srgb, lab) = pictures(1), pictures(2)
    on_true = cross_entropy(adversary.network(srgb * 2 - 1), 1 - smoothing)
    on_made = cross_entropy(adversary.network(made * 2 - 1), 0.0)
    loss = adversary.learn(made, srgb, lab, (0, 0), 1.0)
    assert loss.item() == pytest.approx((on_true + on_made) / 2, rel=1e-5)
    assert not loss.requires_grad


@pytest.mark.parametrize("settings", VARIANTS)
def test_the_discriminator_learns_to_tell_red_from_the_rest_and_not_the_generator(settings: tuple[str, ...]) -> None:
    adversary = make_adversary(*settings, "adversary.learning_rate=0.01")
    srgb, lab = pictures(2)
    made = torch.tensor([0.9, 0.1, 0.1])[:, None, None] * torch.rand(3, 1, 16, 16).expand(3, 3, 16, 16)
    made = made.clone().requires_grad_(True)
    losses = [adversary.learn(made, srgb, lab, (0, step), 1.0).item() for step in range(25)]
    assert losses[-1] < 0.5 * losses[0]
    assert made.grad is None


def test_evidence_in_lab_is_the_photos_own_lightness_with_the_generated_chroma() -> None:
    adversary = make_adversary("adversary.discriminator_input=lab")
    (made, its_lab), (_, lab) = pictures(1), pictures(2)
    inputs = adversary.discriminator_input(made, lab)
    assert torch.allclose(inputs[:, :1], (lab[:, :1] - 50) / 50)
    assert torch.allclose(inputs[:, 1:] * 50, its_lab[:, 1:], atol=1e-4)
    assert float(inputs.abs().max()) < 2.6


def test_colours_of_black_and_white_have_a_finite_slope() -> None:
    adversary = make_adversary("adversary.discriminator_input=lab")
    extremes = torch.cat([torch.zeros(1, 3, 16, 16), torch.ones(1, 3, 16, 16)]).requires_grad_(True)
    adversary.generator_loss(torch.tensor(0.0), extremes, pictures(2)[1][:2]).backward()
    assert extremes.grad is not None and bool(extremes.grad.isfinite().all())


def test_in_a_noise_epoch_the_generated_pictures_are_not_looked_at() -> None:
    def weights_after(epoch: int, seed: int) -> Tensor:
        adversary = make_adversary("adversary.noise_interval=5", "adversary.dropout=0")
        srgb, lab = pictures(2)
        adversary.learn(pictures(seed)[0], srgb, lab, (epoch, 3), 1.0)
        return torch.cat([parameter.detach().flatten() for parameter in adversary.network.parameters()])

    assert torch.equal(weights_after(4, 10), weights_after(4, 11))
    assert not torch.equal(weights_after(3, 10), weights_after(3, 11))
    assert not torch.equal(weights_after(4, 10), weights_after(9, 10))  # other noise


def test_every_fifth_epoch_has_noise_and_none_without_the_setting() -> None:
    settings = AdversarySettings(noise_interval=5)
    assert [epoch for epoch in range(16) if settings.is_noise_epoch(epoch)] == [4, 9, 14]
    assert not any(AdversarySettings(noise_interval=0).is_noise_epoch(epoch) for epoch in range(16))


def test_it_is_skipped_above_the_threshold_and_not_at_it_or_before_the_first_epoch() -> None:
    settings = AdversarySettings(accuracy_threshold=0.8)
    assert [settings.is_skipped(accuracy) for accuracy in (None, 0.0, 0.8, 0.801, 1.0)] == [False] * 3 + [True] * 2
    assert not AdversarySettings(accuracy_threshold=1.0).is_skipped(1.0)


def test_the_rate_of_the_discriminator_follows_the_schedule() -> None:
    adversary = make_adversary("adversary.learning_rate=0.02")
    srgb, lab = pictures(2)
    adversary.learn(pictures(1)[0], srgb, lab, (0, 0), 0.25)
    assert adversary.optimizer.param_groups[0]["lr"] == pytest.approx(0.005)


def test_the_history_has_the_adversarial_columns(folder: Path, tmp_path: Path) -> None:
    run = fitted(GAN_RECIPE, folder, tmp_path)
    rows = read_history(tmp_path / "history.csv")
    assert rows == run.progress.rows
    assert (tmp_path / "history.csv").read_text().splitlines()[0] == ",".join(
        [*COLUMNS, *ADVERSARIAL_COLUMNS, "peak_memory_mb"]
    )
    for row in rows:
        assert row.generator_loss is not None and row.generator_loss > 75 * row.train_loss
        assert row.discriminator_loss is not None and 0.01 < row.discriminator_loss < 3
        assert row.discriminator_accuracy is not None
        assert row.discriminator_accuracy * 12 == pytest.approx(round(row.discriminator_accuracy * 12))  # 2 x 6 answers
        assert row.discriminator_steps == 3


def test_the_accuracy_is_the_share_of_right_answers_on_pictures_of_the_epochs_choice(
    folder: Path, tmp_path: Path
) -> None:
    run = make_run(GAN_RECIPE, folder, tmp_path)
    assert run.learner.adversary is not None
    for bias, share in ((100.0, 0.5), (-100.0, 0.5)):  # everything true, everything made: half is right
        last = run.learner.adversary.network.layers[-1]
        assert isinstance(last, torch.nn.Linear)
        last.bias.data.fill_(bias)
        assert run.learner.adversary.accuracy(run.bare_network, run.data.training, 0) == share
    assert run.recipe.adversary is not None and run.recipe.adversary.eval_images == 6


def test_a_discriminator_that_is_too_good_rests_for_an_epoch_and_its_weights_with_it(
    folder: Path, tmp_path: Path
) -> None:
    run = make_run(GAN_RECIPE, folder, tmp_path, "adversary.accuracy_threshold=0.01")  # any right answer is too good
    states: list[dict[str, Tensor]] = []

    def keep(row: EpochRow) -> None:
        assert run.learner.adversary is not None
        states.append({name: tensor.clone() for name, tensor in run.learner.adversary.network.named_parameters()})

    run.fit(Watcher(lambda pictures, loss: None, keep))
    assert [row.discriminator_steps for row in run.progress.rows] == [3, 0, 0]
    assert [row.discriminator_loss is None for row in run.progress.rows] == [False, True, True]
    assert all(torch.equal(states[0][name], states[2][name]) for name in states[0])
    with (tmp_path / "history.csv").open(newline="") as file:
        assert [row["discriminator_loss"] == "" for row in csv.DictReader(file)] == [False, True, True]
    assert read_history(tmp_path / "history.csv") == run.progress.rows


def test_a_plain_run_has_no_adversarial_columns_and_an_adversary_changes_its_weights(
    folder: Path, tmp_path: Path
) -> None:
    plain_recipe = GAN_RECIPE.partition("[adversary]")[0]
    recipe = parse_recipe(plain_recipe)
    assert recipe.adversary is None and "adversary" not in recipe.to_toml()
    data = load_training_data([folder], recipe.data, lambda message: None)
    plain = Trainer(recipe, build_network(recipe), data, tmp_path / "plain", make_accelerator(recipe.training))
    plain.fit(QUIET)
    assert (tmp_path / "plain" / "history.csv").read_text().splitlines()[0] == ",".join([*COLUMNS, "peak_memory_mb"])
    adversarial = fitted(GAN_RECIPE, folder, tmp_path / "gan")
    weights = [run.bare_network.state_dict() for run in (plain, adversarial)]
    assert any(not torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_a_finished_adversarial_run_is_a_checkpoint_like_any_other(folder: Path, tmp_path: Path) -> None:
    run = fitted(GAN_RECIPE, folder, tmp_path / "toy-gan", "training.snapshots=[0]", "adversary.label_smoothing=0.1")
    finish(run)
    card = read_card(tmp_path / "toy-gan" / "card.toml")
    assert (card.head, card.snapshots) == ("rgb", [0, 2])
    assert card.loss.startswith("mean absolute error over RGB in 0..1; times 75, plus the binary cross-entropy")
    assert "label smoothing 0.1" in card.loss and "skipped" not in card.loss
    assert parse_recipe((run.recipe).to_toml()) == run.recipe
    model = colorizer.load("toy-gan", weights=tmp_path)
    result = model.colorize(np.full((40, 30, 3), 90, np.uint8))
    assert result.image.size == (30, 40)
    assert not any("adversary" in name for name in run.bare_network.state_dict())


def test_a_run_whose_discriminator_breaks_is_stopped(folder: Path, tmp_path: Path) -> None:
    run = make_run(GAN_RECIPE, folder, tmp_path, "adversary.learning_rate=1e36", "training.warmup_steps=0")
    with pytest.raises(TrainingError, match="diverged"):
        run.fit(QUIET)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("adversary.loss_weight=-1", "adversary.loss_weight must be 0 or more"),
        ("adversary.dropout=1.0", "adversary.dropout must be at least 0 and below 1"),
        ("adversary.width=0", "adversary.width must be 1 to 256"),
        ("adversary.learning_rate=0", "adversary.learning_rate must be above 0"),
        ("adversary.accuracy_threshold=0", "adversary.accuracy_threshold must be above 0 and at most 1"),
        ("adversary.accuracy_threshold=1.1", "adversary.accuracy_threshold must be above 0 and at most 1"),
        ("adversary.eval_images=0", "adversary.eval_images must be at least 1"),
        ("adversary.noise_interval=-1", "adversary.noise_interval must be 0"),
        ("adversary.label_smoothing=0.5", "adversary.label_smoothing must be at least 0 and below 0.5"),
        ("adversary.discriminator_input=hsv", "adversary.discriminator_input is 'hsv'; it must be one of rgb, lab"),
        ("adversary.discriminator_output=pixels", "adversary.discriminator_output is 'pixels'"),
        ("adversary.normalisation=none", "adversary.normalisation is 'none'"),
        ("adversary.weight=75", "unknown setting adversary.weight"),
    ],
)
def test_impossible_settings_are_refused(override: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        parse_recipe(GAN_RECIPE, [override])


def test_a_network_without_pictures_cannot_have_an_adversary() -> None:
    recipe = parse_recipe(GAN_RECIPE, ["model.architecture=resnet18-colorizer", "model.width=0"])
    with pytest.raises(TrainingError, match=r"\[adversary\] judges whole pictures; resnet18-colorizer makes none"):
        build_network(recipe)


def test_a_crop_that_the_discriminator_cannot_see_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"data\.crop: the discriminator takes pictures whose side is a multiple"):
        make_run(GAN_RECIPE, folder, tmp_path, "data.crop=20")


@pytest.mark.parametrize(("verdict", "shape"), [("global", (2, 1)), ("patch", (2, 3, 3))])
@pytest.mark.parametrize("normalisation", ["batch", "spectral"])
def test_the_discriminator_answers_once_a_picture_or_once_a_patch(
    verdict: str, normalisation: str, shape: tuple[int, ...]
) -> None:
    network = Discriminator(24, 4, verdict, normalisation, 0.25)  # type: ignore[arg-type]
    assert tuple(network(torch.randn(2, 3, 24, 24)).shape) == shape


def test_spectral_normalisation_bounds_the_slope_of_each_layer() -> None:
    torch.manual_seed(0)
    network = Discriminator(16, 4, "patch", "spectral", 0.0)
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, torch.nn.Conv2d):
                layer.parametrizations.weight.original.mul_(50)  # type: ignore[union-attr, operator]
        for _ in range(60):
            network(torch.randn(1, 3, 16, 16))  # power iteration
        network.eval()
        layers = [layer for layer in network.modules() if isinstance(layer, torch.nn.Conv2d)]
        norms = [torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() for layer in layers]
    assert norms == pytest.approx([1.0] * 5, rel=0.1)
