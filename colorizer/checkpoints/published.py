"""The networks that others published: the catalogue of those that can be fetched, and the cache of those that are here.

A fetched network is a checkpoint folder like any other, `CACHE/published/<id>/`, beside the shipped ones.
"""

import functools
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from colorizer.checkpoints.card import CARD_FILE, Card, parse_card, read_card
from colorizer.checkpoints.publication import WeightsSource
from colorizer.errors import FetchError

CATALOGUE = Path(__file__).parent / "catalogue"
"""The folder of entries. A program that needs others (a test with a server on loopback) sets it in its own entry
script; nothing in the environment changes it, as it holds the hashes."""
CACHE_VARIABLE = "COLORIZER_CACHE"
MIRROR_VARIABLE = "COLORIZER_MIRROR"
PUBLIC_VARIABLE = "COLORIZER_PUBLISHED"


@dataclass(frozen=True)
class Entry:
    """A published network that can be fetched."""

    card: Card
    """Without the sha256 of a tensor file: that is known once the weights are here."""
    sources: tuple[WeightsSource, ...]
    """The same weights at several places, in the order in which they are tried."""


def read_entry(path: Path) -> Entry:
    """Read an entry of the catalogue: a card, and `[[sources]]`."""
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    sources = tuple(WeightsSource(**source) for source in document.pop("sources"))
    return Entry(parse_card(document), sources)


@functools.lru_cache(maxsize=2)
def read_catalogue(folder: Path) -> Mapping[str, Entry]:
    """Read a folder of entries, by id; the last two folders are remembered."""
    return {path.stem: read_entry(path) for path in sorted(folder.glob("*.toml"))}


def catalogue() -> Mapping[str, Entry]:
    """Return the entries of all networks that can be fetched, by id."""
    return read_catalogue(CATALOGUE)


def find_entry(checkpoint_id: str) -> Entry:
    """Find an entry of the catalogue.

    Raises:
        FetchError: where there is none of this id; the message lists those that there are.
    """
    if checkpoint_id not in catalogue():
        raise FetchError(
            f"There is no published network {checkpoint_id!r}; those that can be fetched are {', '.join(catalogue())}."
        )
    return catalogue()[checkpoint_id]


def cache_folder() -> Path:
    """Return where fetched networks are kept: `COLORIZER_CACHE`, or a folder in the user's own cache."""
    wanted = os.environ.get(CACHE_VARIABLE)
    root = Path(wanted) if wanted else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "colorizer"
    return root / "published"


def fetched_folder(checkpoint_id: str) -> Path:
    """Return the folder of a fetched network, whether it is there or not."""
    return cache_folder() / checkpoint_id


def is_fetched(checkpoint_id: str) -> bool:
    """Tell whether a network of the catalogue is here; its card is written last."""
    return (fetched_folder(checkpoint_id) / CARD_FILE).is_file()


def read_fetched(checkpoint_id: str) -> Card:
    """Read the card of a network that is here.

    Raises:
        CheckpointError: where it is damaged.
    """
    return read_card(fetched_folder(checkpoint_id) / CARD_FILE)


def mirrored(url: str) -> str:
    """Return where a file is fetched from: `COLORIZER_MIRROR` in place of scheme and host, where that is set."""
    mirror = os.environ.get(MIRROR_VARIABLE, "").rstrip("/")
    return f"{mirror}{urlsplit(url).path}" if mirror else url


def how_to_fetch(checkpoint_id: str) -> str:
    """Say in one sentence how a network of the catalogue comes here."""
    megabytes = find_entry(checkpoint_id).sources[0].bytes / 1e6
    return (
        f"{checkpoint_id} has not been fetched yet; `python -m colorizer fetch {checkpoint_id}` "
        f"downloads it ({megabytes:.0f} MB)."
    )
