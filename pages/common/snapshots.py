"""Moments: one checkpoint as it was after some epochs of its training, each of them as a card of its own."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from colorizer.checkpoints.card import Card
from colorizer.checkpoints.history import age
from colorizer.checkpoints.store import MODEL_FILE, snapshot_file


@dataclass(frozen=True, kw_only=True)
class SnapshotRef(Card):
    """A state of a checkpoint. It is compared, shown and saved as any card is."""

    checkpoint: Card
    epoch: int
    """Counted from 0, one of the checkpoint's `snapshots`."""

    @property
    def full_title(self) -> str:
        """With the checkpoint's, where nothing around says whose moment it is."""
        return f"{self.checkpoint.title} {age(self.epoch)}"


def at_snapshot(card: Card, epoch: int) -> SnapshotRef:
    """Make a card of a checkpoint after an epoch of its `snapshots`; its only file is the state of that epoch."""
    file = MODEL_FILE if epoch == card.epochs - 1 else snapshot_file(epoch)
    own: dict[str, Any] = {item.name: getattr(card, item.name) for item in dataclasses.fields(Card)}
    own |= {
        "id": f"{card.id}-{age(epoch).replace(' ', '-')}",
        "title": age(epoch).capitalize(),
        "epochs": epoch + 1,
        "sha256": {MODEL_FILE: card.sha256[file]} if file in card.sha256 else {},
        "metrics": (),  # those on the card are of the shipped state
    }
    return SnapshotRef(**own, checkpoint=card, epoch=epoch)


def snapshots(card: Card) -> list[Card]:
    """List every kept state of a checkpoint in order, the shipped one last; empty if only that one is kept."""
    return [at_snapshot(card, epoch) for epoch in card.snapshots]


def full_title(card: Card) -> str:
    """Name a result away from its neighbours: in an alt text, on a button, in a sentence on a failure."""
    return card.full_title if isinstance(card, SnapshotRef) else card.title
