"""The sentence under a comparison of two palette checkpoints: what to look at, and what their cards say."""

from colorizer.checkpoints.card import Card, MetricsRow
from pages.features.palette.pair_picker import Pair

_TEST_HORSES = "CIFAR-10 test horses"
_VALIDATION = "validation pictures"


def colors_of(card: Card) -> int:
    """Return how many colours a checkpoint chooses from."""
    return card.options.get("colors", 0)


def _differences(one: Card, other: Card) -> list[str]:
    """Say what two checkpoints differ in: for each thing a sentence on where it shows."""
    few, many = sorted((colors_of(one), colors_of(other)))
    found = []
    if few != many:
        found.append(
            f"Look at smooth places, a coat or a sky: {many} colours have more shades for them than {few}, "
            "and more ways to choose wrong."
        )
    if one.architecture != other.architecture:
        found.append(
            "Look at edges, a mane or legs against grass: the U-Net's skips bring the contours of the photo to its "
            "output, and the CNN knows them from a quarter of the size only."
        )
    if one.trained_on.name != other.trained_on.name:
        found.append(
            f"Look at coat and ground: one network has seen nothing but {one.trained_on.name}, the other nothing but "
            f"{other.trained_on.name}, and each gives any picture the colours that it knows."
        )
    return found


def what_to_look_at(one: Card, other: Card) -> str:
    """Say in one sentence where the difference between two checkpoints shows."""
    differences = _differences(one, other)
    if len(differences) == 1:
        return differences[0]
    if not differences:
        return "These two were trained alike, so what differs is chance."
    return "These two differ in more than one thing, so that what you see cannot be put down to one of them alone."


def shared_rows(one: Card, other: Card) -> tuple[MetricsRow, MetricsRow] | None:
    """Find what two cards measured on the same pictures in the same way; None if there is nothing of the kind.

    Validation pictures come first, then the test horses, then whatever else there is.
    """
    pairs = [
        (mine, theirs)
        for mine in _rows(one)
        for theirs in _rows(other)
        if (mine.dataset, mine.images, mine.protocol) == (theirs.dataset, theirs.images, theirs.protocol)
    ]

    def rank(pair: tuple[MetricsRow, MetricsRow]) -> tuple[bool, bool]:
        return not pair[0].dataset.startswith(_VALIDATION), pair[0].dataset != _TEST_HORSES

    return min(pairs, key=rank, default=None)


def _rows(card: Card) -> list[MetricsRow]:
    return [
        row for row in card.metrics if row.subject == "checkpoint" and row.loss is not None and row.accuracy is not None
    ]


def _grey(card: Card, beside: MetricsRow) -> str:
    """Say how far no colour at all is from the same pictures, if the card has it."""
    for row in card.metrics:
        if row.subject == "grey" and (row.dataset, row.protocol) == (beside.dataset, beside.protocol):
            return f"; no colour at all: {row.ciede2000:.1f}"
    return ""


def what_was_measured(pair: Pair) -> str:
    """Say in one sentence the scores of the two cards that can be compared."""
    (one, other), (name, other_name) = pair.cards, pair.names
    rows = shared_rows(one, other)
    if rows is None:
        return "They were measured on different pictures, so there are no figures to compare."
    mine, theirs = rows
    where = f"On {mine.images:,} {mine.dataset}"
    if colors_of(one) != colors_of(other):
        return (
            f"{where} CIEDE2000 from the originals is {mine.ciede2000:.1f} for {name} and {theirs.ciede2000:.1f} for "
            f"{other_name} (lower is closer{_grey(one, mine)}); accuracy and cross-entropy of {colors_of(one)} and "
            f"{colors_of(other)} colours cannot be compared, since more colours are harder to choose among."
        )
    return (
        f"{where} {name} gives the true colour a cross-entropy of {mine.loss:.2f} nats and {other_name} of "
        f"{theirs.loss:.2f} (lower is better); their likeliest colour is the right one for {mine.accuracy:.0%} and "
        f"{theirs.accuracy:.0%} of the pixels. Much of that is lightness, which the photo has anyway: with their "
        f"chroma on its own lightness CIEDE2000 is {mine.ciede2000:.1f} and {theirs.ciede2000:.1f} (lower is closer"
        f"{_grey(one, mine)})."
    )


def finding(pair: Pair, has_uploads: bool) -> str:
    """Say what to look at and what was measured; invite to try own pictures if the samples do not show it."""
    if len(pair.cards) < 2:
        return ""
    one, other = pair.cards
    sentences = [what_to_look_at(one, other), what_was_measured(pair)]
    classes = {one.trained_on.name, other.trained_on.name}
    if len(classes) == 2 and "horses" in classes and not has_uploads:
        sentences.append("There is no horse among the samples: upload one.")
    return " ".join(sentences)
