"""The command `fetch`: download the weights of published networks, or list those that can be had."""

import argparse

from tqdm import tqdm

from colorizer.checkpoints import published
from colorizer.checkpoints.conversion import fetch_published
from colorizer.checkpoints.fetching import Progress
from colorizer.cli.colorize import report
from colorizer.errors import FetchError


def fetch_command(options: argparse.Namespace) -> int:
    """Fetch each network that is named; without any, say which there are. What fails is named, and the rest fetched."""
    if not options.ids:
        _list()
        return 0
    for checkpoint_id in options.ids:
        published.find_entry(checkpoint_id)
    failed = False
    for checkpoint_id in options.ids:
        try:
            _fetch(checkpoint_id)
        except FetchError as error:
            report(str(error))
            failed = True
    return 1 if failed else 0


def _list() -> None:
    """Print one line a network: size, licence, and whether it is here."""
    for name, entry in published.catalogue().items():
        size = f"{entry.sources[0].bytes / 1e6:.0f} MB"
        state = "here" if published.is_fetched(name) else "not fetched"
        print(f"{name:20}{size:>8}  {state:13}{entry.card.title}; weights: {entry.card.weights_licence}")


def _fetch(checkpoint_id: str) -> None:
    entry = published.find_entry(checkpoint_id)
    if published.is_fetched(checkpoint_id):
        report(f"{checkpoint_id} is here already, in {published.fetched_folder(checkpoint_id)}.")
        return
    authors = entry.card.published.authors if entry.card.published else "others"
    report(f"{entry.card.title}: by {authors}; trained on {entry.card.trained_on.name}.")
    report(f"Licence of the weights: {entry.card.weights_licence}.")
    with tqdm(total=entry.sources[0].bytes, unit="B", unit_scale=True, desc=checkpoint_id) as bar:

        def show(progress: Progress) -> None:
            bar.total = progress.total
            bar.update(progress.done - bar.n)

        fetch_published(checkpoint_id, show)
    report(f"{checkpoint_id} is in {published.fetched_folder(checkpoint_id)}.")
