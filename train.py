"""Train a colorizer by a recipe.

    python train.py recipes/scenes-500-huber.toml --data ../photos
    python train.py recipes/horse-16-unet.toml                        a public data set, downloaded, where it names one
    python train.py RECIPE.toml --data "shards/*.tar"                 tar shards, read as a stream; mind the quotes
    python train.py RECIPE.toml --data TRAINING --validation TEST     pictures of its own for validation
    python train.py recipes/scenes-500-huber.toml --data ../photos --set training.epochs=5 --out runs/short
    python train.py recipes/scenes-500-huber.toml --data ../photos --resume          after Ctrl-C, or a crash
    accelerate launch --multi_gpu train.py recipes/scenes-500-huber.toml --data ../photos        several GPUs
    torchrun --nproc_per_node 2 train.py RECIPE.toml --data DIR --set training.device=cpu        two CPU processes

The run's folder (runs/<recipe id>, unless --out says otherwise) holds the history and the state while it trains, and is
a checkpoint when it is finished: copy it to weights/, or train there (--out weights/NAME), and the app shows it.

--resume goes on only with the settings and pictures the run was started with. What is only told about it (the
recipe's title, summary and [card]) may have changed: on a finished run --resume puts the new text on the card, without
reading pictures or training.
"""

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import torch
from tqdm import tqdm

from colorizer.checkpoints.history import EpochRow, age
from colorizer.checkpoints.store import RECIPE_FILE
from colorizer.cli.arguments import given_path
from colorizer.errors import ColorizerError
from colorizer.evaluation.validation import measure_baseline
from colorizer.recipes.recipe import Recipe, read_recipe
from colorizer.training.export import finish, update_card
from colorizer.training.launch import Sources, check_folder, make_accelerator
from colorizer.training.network_setup import build_network, fit_color_statistics, stitch_start
from colorizer.training.run_state import BASELINE_FILE, write_baseline
from colorizer.training.trainer import Interrupted, Trainer, Watcher
from colorizer.utils.atomic_write import write_atomically
from colorizer.utils.messages import say
from colorizer.utils.shutdown import StopRequest

_INTERRUPTED_STATUS = 130  # what shells report of a command that Ctrl-C ended
_LOG_SECONDS = 60  # between two readings of the progress bar where it goes into a file: each adds to it


def make_watcher(bar: tqdm, embedding_steps: int) -> Watcher:
    """Show each step and each epoch on a progress bar, which adds pictures a second and the time left."""

    def step(pictures: int, loss: float | None) -> None:
        if loss is not None:
            bar.set_postfix_str(f"loss {loss:.4g}", refresh=False)
        bar.update(pictures)

    def epoch(row: EpochRow) -> None:
        bar.write(
            f"{age(row.epoch)}: training loss {row.train_loss:.4g}, validation loss {row.val_loss:.4g}, "
            f"PSNR {row.val_psnr:.2f} dB, CIEDE2000 {row.val_delta_e:.2f}, ab RMSE {row.val_ab_rmse:.2f}, "
            f"colourfulness {row.val_colorfulness:.1f}, "
            + (f"accuracy {row.val_accuracy:.1%}, " if row.val_accuracy is not None else "")
            + f"{row.seconds:.1f} s"
        )

    said: list[str] = []

    def embedding(done: int, error: float) -> None:
        if not said:
            said.append(f"Learning how far a pinned colour reaches, {embedding_steps} steps ...")
            bar.write(said[0])
        bar.set_postfix_str(f"{done} of {embedding_steps} steps, error {error:.3f}", refresh=sys.stderr.isatty())

    def calibration() -> None:
        bar.write("Fitting how colours are calibrated ...")

    return Watcher(step, epoch, embedding, calibration)


def train(recipe: Recipe, sources: Sources, out: Path, resume: bool, stop_request: StopRequest) -> None:
    """Run a recipe to its end: read the pictures, train, and turn the folder into a checkpoint.

    Raises:
        ColorizerError: where something is missing or wrong; the message says what.
        Interrupted: when the user stopped the run; its state is saved.
        KeyboardInterrupt: when the user stopped it before there was a state.
    """
    accelerator = make_accelerator(recipe.training)
    report = say_as_progress if accelerator.is_main_process else _be_quiet
    check_folder(recipe, out, resume)
    if resume and update_card(out, recipe):
        write_atomically(out / RECIPE_FILE, recipe.to_toml().encode())
        report(f"{out} is finished; its card has the recipe's present text.")
        return
    network = build_network(recipe)
    with accelerator.main_process_first() if not sources.folders else nullcontext():  # one process downloads
        data = sources.load(recipe, report, stop_request)
    if not resume:  # the state has it
        explained = stitch_start(recipe, network, data.training)
        if explained:
            shares = ", ".join(f"{share:.0%}" for share in explained)
            report(f"Of the features of {recipe.model.stitch_from} the encoder's explain {shares} (1/4 to 1/32).")
        fit_color_statistics(recipe, network, data.training)
    run = Trainer(recipe, network, data, out, accelerator, stop_request)
    if resume:
        run.resume()
    if accelerator.is_main_process:
        write_atomically(out / RECIPE_FILE, recipe.to_toml().encode())
        baseline = measure_baseline(run.bare_network, data.validation, run.loss, accelerator.device)
        write_baseline(out / BASELINE_FILE, baseline)
    pictures_per_epoch = run.steps_per_epoch * recipe.training.batch_size
    done = run.progress.epoch * pictures_per_epoch + run.progress.step * recipe.training.batch_size
    report(f"Training {recipe.id} on {len(data.training)} pictures, {accelerator.device}, in {out}.")
    with tqdm(
        total=recipe.training.epochs * pictures_per_epoch,
        initial=done,
        unit="img",
        disable=not accelerator.is_main_process,
        dynamic_ncols=True,
        mininterval=0.1 if sys.stderr.isatty() else _LOG_SECONDS,
    ) as bar:
        run.fit(make_watcher(bar, recipe.training.hint_embedding_steps))
    if accelerator.is_main_process:
        card = finish(run)
        report(f"Done: {out} is a finished checkpoint (its state {age(card.epochs - 1)}).")
    accelerator.end_training()


def say_as_progress(message: str) -> None:
    """Tell how far things are: on the standard output, past the bar of progress."""
    say(message, sys.stdout)


def _be_quiet(message: str) -> None:
    """Say nothing, as the other processes would say what the main one does."""


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    assert __doc__
    parser = argparse.ArgumentParser(
        prog="train.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipe", type=given_path, metavar="RECIPE.toml")
    parser.add_argument(
        "--data",
        type=given_path,
        nargs="+",
        default=[],
        metavar="DIR",
        help='folders of pictures, or tar shards: paths and patterns like "shards/*.tar" or '
        '"shard-{000..003}.tar"; without it, the public data set that the recipe names',
    )
    parser.add_argument(
        "--validation", type=given_path, nargs="+", default=[], metavar="DIR",
        help="folders of pictures to validate on; without it, some of --data are kept out of training",
    )  # fmt: skip
    parser.add_argument("--out", type=given_path, metavar="DIR", help="the run's folder (default: runs/<recipe id>)")
    parser.add_argument("--verbose", action="store_true", help="name every file in a folder that is left out")
    parser.add_argument("--resume", action="store_true", help="go on with the run in that folder")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="replace a setting of the recipe, e.g. training.epochs=5; may be given several times",
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Exit status: 0 done, 1 could not be done, 2 wrong arguments, 130 interrupted by the user."""
    options = parse_arguments(arguments)
    warnings.filterwarnings("ignore", module="PIL")  # on damaged metadata, which is not used
    try:
        recipe = read_recipe(options.recipe, options.set)
        out = options.out or Path("runs") / recipe.id
        stop_request = StopRequest()
        with stop_request.handle_signals():
            train(recipe, Sources(options.data, options.validation, options.verbose), out, options.resume, stop_request)
    except ColorizerError as error:
        say(f"train.py: {error}")
        return 1
    except OSError as error:
        say(f"train.py: {error.filename or 'a file'}: {error.strerror or error}.")
        return 1
    except torch.OutOfMemoryError:
        say("train.py: the device's memory is full; lower training.batch_size or data.crop with --set.")
        return 1
    except Interrupted:
        if os.environ.get("RANK", "0") == "0":  # one of several processes speaks
            say("Stopped; the state is saved. Give the same command with --resume to go on.")
        return _INTERRUPTED_STATUS
    except KeyboardInterrupt:  # before or after training, or a second one
        say("Broken off; what was saved before stays. If training had begun, --resume goes on.")
        return _INTERRUPTED_STATUS
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
