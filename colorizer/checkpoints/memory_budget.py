"""Whether a published network fits into the memory of this host."""

from colorizer.checkpoints.card import Card
from colorizer.utils.host_memory import LIMIT_VARIABLE, host_megabytes

APP_MB = 600
"""What the app takes with its small checkpoints and a photo of 12 megapixels in work."""


def refusal(card: Card) -> str | None:
    """Say in one sentence why a checkpoint is not offered on this host; None where it fits.

    Checkpoints that were trained here are small, and always fit.
    """
    if card.published is None:
        return None
    needed, there = card.published.memory_mb + APP_MB, host_megabytes()
    if needed <= there:
        return None
    return (
        f"{card.title} needs {needed:,} MB of memory with the app, and this host has {there:,.0f} MB, so it is not "
        f"offered here; run the app on a larger machine, or set {LIMIT_VARIABLE} if more is free."
    )
