"""The checkpoints that this host can run."""

from colorizer.checkpoints.memory_budget import refusal
from colorizer.checkpoints.store import Listing, scan


def offered() -> Listing:
    """Scan the checkpoints, and leave out those that exceed the host's memory."""
    listing = scan()
    return Listing(tuple(card for card in listing.cards if refusal(card) is None), listing.problems)
