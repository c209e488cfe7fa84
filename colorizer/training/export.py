"""The end of a run: its kept state in float16, and a card measured on that very state, make the folder a checkpoint."""

import dataclasses
import math
import platform
from pathlib import Path
from typing import Literal

import torch

from colorizer import models
from colorizer.checkpoints.card import CARD_FILE, CalibrationFactors, Card, MetricsRow, PictureSet, read_card
from colorizer.checkpoints.history import EpochRow, best_row
from colorizer.checkpoints.store import (
    MODEL_FILE,
    load_state,
    read_tensors,
    snapshot_file,
    to_float16,
    write_card,
    write_tensors,
)
from colorizer.errors import CheckpointError
from colorizer.evaluation.scores import Scores
from colorizer.evaluation.validation import Baseline, measure_network
from colorizer.recipes.recipe import Recipe
from colorizer.recipes.schema import AdversarySettings, TrainingSettings
from colorizer.training.run_state import BASELINE_FILE, read_baseline, state_file
from colorizer.training.trainer import Trainer


def hardware_name(device: torch.device, processes: int) -> str:
    """Return what a run was computed on, e.g. "2 threads of Intel(R) Xeon(R) CPU"."""
    if device.type == "cuda":
        return f"{processes} x {torch.cuda.get_device_name(device)}"
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    threads = torch.get_num_threads()
    where = f"{threads} thread{'' if threads == 1 else 's'} of {model}"
    where = where if device.type == "cpu" else f"{device.type} of {where}"
    return where if processes == 1 else f"{processes} processes, each {where}"


def describe_loss(recipe: Recipe, head: str) -> str:
    """Return the loss in words, with its unit; `head` is that of the network."""
    if recipe.loss.name == "huber":
        return f"Huber, threshold {recipe.loss.huber_delta:g} Lab units"
    if head == "bins":
        share = recipe.loss.uniform_share
        bins = f"cross-entropy over bins of ab, nats, mean over pixels; rare ones count more (uniform share {share:g})"
        weight, delta = recipe.loss.regression_weight, recipe.loss.huber_delta
        beside = f"; plus {weight:g} times Huber over ab, threshold {delta:g} Lab units"
        if recipe.loss.region_weight:
            beside += f", plus {recipe.loss.region_weight:g} times that over the mean ab of whole regions"
        if recipe.loss.psnr_weight:
            beside += f", plus {recipe.loss.psnr_weight:g} times ln(squared error of ab) at equal colourfulness"
        return bins + beside if recipe.loss.name == "cross_entropy_huber" else bins
    over = "RGB in 0..1" if head == "rgb" else "ab, Lab units"
    own = {
        "mse": f"mean squared error over {over}, squared",
        "l1": f"mean absolute error over {over}",
        "cross_entropy": "cross-entropy over the colours of the palette, nats, mean over all pixels",
    }[recipe.loss.name]
    return f"{own}; {_describe_adversary(recipe.adversary)}" if recipe.adversary else own


def _describe_adversary(settings: AdversarySettings) -> str:
    """Return what it was trained against, in words."""
    sources = {"rgb": "the picture as generated", "lab": "the photo's L with the generated ab"}
    inputs = sources[settings.discriminator_input]
    answers = {"global": "one answer a picture", "patch": "one answer a patch"}[settings.discriminator_output]
    by = {"batch": "BatchNorm", "spectral": "spectral normalisation"}[settings.normalisation]
    extras = [f"skipped above {settings.accuracy_threshold:.0%} accuracy"] if settings.accuracy_threshold < 1 else []
    extras += [f"noise every {settings.noise_interval}th epoch"] if settings.noise_interval else []
    extras += [f"label smoothing {settings.label_smoothing:g}"] if settings.label_smoothing else []
    return (
        f"times {settings.loss_weight:g}, plus the binary cross-entropy, nats, of a discriminator's answer against "
        f"'true' ({', '.join([inputs, answers, by, f'learning rate {settings.learning_rate:g}', *extras])})"
    )


def describe_optimizer(settings: TrainingSettings) -> str:
    """Optimizer and schedule in words."""
    kept = f"; {settings.start_share:.0%} of the weights it began with" if settings.start_share else ""
    return (
        f"AdamW, learning rate {settings.learning_rate:g} ({settings.schedule}, {settings.warmup_steps} steps of "
        f"warm-up), weight decay {settings.weight_decay:g}, batches of {settings.batch_size}{kept}"
    )


def _command(run: Trainer) -> str:
    """Return what trains this checkpoint again, and measures it."""
    folders = {"public": "", "split": " --data FOLDERS", "folders": " --data FOLDERS --validation TEST_FOLDERS"}
    return f"python train.py recipes/{run.recipe.id}.toml{folders[run.data.origin]}"


def _metrics_row(subject: Literal["checkpoint", "grey", "truth"], scores: Scores, run: Trainer) -> MetricsRow:
    """`scores` as the card has them; the loss and the accuracy of a network with classes only."""
    crop = run.recipe.data.crop
    rounded = {name: round(value, 4) for name, value in scores.taken().items()}
    if "accuracy" not in rounded:
        rounded.pop("loss", None)
    return MetricsRow(
        subject=subject,
        dataset=f"validation pictures of {run.recipe.data.role}",
        images=len(run.data.validation),
        protocol=f"centre crop, Lanczos to {crop} x {crop}, network at that size; per picture, then averaged",
        command=_command(run),
        **rounded,
    )


def _true_scores(baseline: Baseline) -> Scores:
    return Scores(psnr=math.inf, ciede2000=0.0, ab_rmse=0.0, colorfulness=baseline.true_colorfulness)


def _ship(run: Trainer) -> dict[str, str]:
    """Write the kept state and the snapshots in float16; returns the sha256 of each file."""
    settings = run.recipe.training
    rows = run.progress.rows
    load_state(run.bare_network, run.kept_state(), "the kept weights")
    if run.projection is not None and isinstance(run.bare_network, models.HintedBins):
        run.bare_network.projection = run.projection
    hashes = {MODEL_FILE: write_tensors(run.folder / MODEL_FILE, to_float16(run.bare_network.state_dict()))}
    for epoch in settings.snapshots:
        if epoch <= rows[-1].epoch and epoch != _kept_row(run).epoch:  # that one is the model itself
            snapshot = to_float16(read_tensors(run.folder / state_file(epoch)))
            hashes[snapshot_file(epoch)] = write_tensors(run.folder / snapshot_file(epoch), snapshot)
    return hashes


def finish(run: Trainer) -> Card:
    """Write `model.safetensors`, the snapshots and `card.toml` of a run that `fit` has brought to its end; the main
    process only.

    Raises:
        CheckpointError: where a weight does not fit into float16.
    """
    hashes = _ship(run)
    load_state(run.bare_network, read_tensors(run.folder / MODEL_FILE), MODEL_FILE)
    run.bare_network.eval()
    if isinstance(run.bare_network, models.BinsNetwork):
        run.bare_network.calibration = run.calibration
    shipped = measure_network(run.bare_network, run.data.validation, run.loss, run.accelerator.device)
    baseline = read_baseline(run.folder / BASELINE_FILE)
    recipe, rows = run.recipe, run.progress.rows
    card = Card(
        id=recipe.id,
        title=recipe.title,
        summary=recipe.summary,
        family=recipe.family,
        experiment=recipe.card.experiment,
        variable=recipe.card.variable,
        architecture=recipe.model.architecture,
        head=run.bare_network.head,
        parameters=models.count_parameters(run.bare_network),
        input_size=recipe.data.inference_size or recipe.data.crop,
        epochs=_kept_row(run).epoch + 1,
        loss=describe_loss(recipe, run.bare_network.head),
        optimizer=describe_optimizer(recipe.training),
        hardware=hardware_name(run.accelerator.device, run.accelerator.num_processes),
        seconds=round(sum(row.seconds for row in rows), 1),
        earlier_seconds=round(recipe.card.earlier_hours * 3600, 1),
        weights_licence=recipe.card.weights_licence,
        data_licence=recipe.card.data_licence,
        limitations=recipe.card.limitations,
        trained_on=PictureSet(recipe.data.role, len(run.data.training), run.data.training_sha256),
        validated_on=PictureSet(recipe.data.role, len(run.data.validation), run.data.validation_sha256),
        sha256=hashes,
        options=dict(run.bare_network.options),
        takes_hints=run.bare_network.takes_hints,
        calibration=None if run.calibration is None else CalibrationFactors(**vars(run.calibration)),
        metrics=(
            _metrics_row("checkpoint", shipped, run),
            _metrics_row("grey", baseline.grey, run),
            _metrics_row("truth", _true_scores(baseline), run),
        ),
    )
    write_card(run.folder, card)
    return card


def update_card(folder: Path, recipe: Recipe) -> Card | None:
    """Bring the recipe's text (title, summary, [card]) and working side onto the card of a finished run; its weights
    and figures stay.

    Returns:
        The card, or None where the folder is not that of a finished run, or its files are not those of its card.
    """
    try:
        card = read_card(folder / CARD_FILE)
        for name, sha256 in card.sha256.items():
            read_tensors(folder / name, sha256)
    except CheckpointError:
        return None
    text = dataclasses.asdict(recipe.card) | {"title": recipe.title, "summary": recipe.summary}
    earlier = round(text.pop("earlier_hours") * 3600, 1)
    size = recipe.data.inference_size or recipe.data.crop
    card = dataclasses.replace(card, **text, earlier_seconds=earlier, input_size=size)
    write_card(folder, card)
    return card


def _kept_row(run: Trainer) -> EpochRow:
    rows = run.progress.rows
    best = best_row(rows) if run.recipe.training.select == "best" else None
    return best or rows[-1]
