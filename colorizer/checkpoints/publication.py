"""What a card says of a network that others published: whose it is, and what they measured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Publication:
    """The work that a network and its weights come from."""

    authors: str
    paper: str
    """Title, venue and year."""
    link: str
    """Where the paper is found."""
    code: str
    """Where the authors' own code is found."""
    differences: str
    """What this app does otherwise than the authors around the network, in plain sentences."""
    memory_mb: int
    """What the loaded network and colouring one photo take together, at the peak."""


@dataclass(frozen=True)
class PublishedFigure:
    """A number from a paper: measured by its authors, under a protocol of their own."""

    what: str
    value: float
    dataset: str
    protocol: str
    source: str


@dataclass(frozen=True)
class WeightsSource:
    """A file of weights as its authors published it."""

    url: str
    """With its revision pinned, where the host has revisions."""
    sha256: str
    bytes: int
    """Its size; some are known to the nearest 100 kB."""
