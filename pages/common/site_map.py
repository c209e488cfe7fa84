"""What pages there are: the words that they stand under, their addresses, and a sentence on each for messengers."""

from dataclasses import dataclass
from typing import Final

SITE_NAME: Final = "Colorizer"


@dataclass(frozen=True)
class PageInfo:
    name: str
    """Of its file in `pages`; below the front page its address, too."""
    title: str
    description: str
    """One or two sentences for whoever sees a link to it, and nothing else."""

    @property
    def tab_title(self) -> str:
        """Name the browser's tab, and the link in a messenger."""
        return f"{self.title} · {SITE_NAME}"


FRONT: Final = PageInfo(
    "colorize",
    "Colour a photo",
    "Give a black-and-white photo colours that could be true, and change whatever you know better. The colours are "
    "invented: plausible, never evidence.",
)
SECTIONS: Final[dict[str, tuple[PageInfo, ...]]] = {
    "Colour": (
        FRONT,
        PageInfo("alternatives", "What else could it be?", "One grey photo, in several equally likely colours."),
    ),
    "Learn": (
        PageInfo(
            "learn",
            "Lessons",
            "Five questions about networks that colour photos, each answered on a photo of your choice.",
        ),
        PageInfo("learning", "Watch it learn", "One photo, as a network coloured it while it was trained: a film."),
        PageInfo("curves", "Loss curves", "How each network was trained: its error after every epoch."),
        PageInfo(
            "palette",
            "Colours from a palette",
            "Networks that choose among 16 or 32 colours, side by side.",
        ),
        PageInfo("spaces", "Colour spaces", "A photo taken apart into lightness and colour, and put together again."),
    ),
    "Compare": (
        PageInfo(
            "compare",
            "Compare checkpoints",
            "One photo, coloured by several networks that differ in one thing, with its measured quality.",
        ),
        PageInfo("triptych", "Grey, generated, original", "What a network saw, what it made of it, and the truth."),
        PageInfo("best_and_worst", "Best and worst", "The photos that a network colours best, and worst."),
    ),
    "Models": (
        PageInfo("models", "Models", "Every network: what it learned from, how good it is, and what it gets wrong."),
    ),
}
LESSON_PAGES: Final = (
    PageInfo("lesson_guess", "Why colour is a guess", "A red car and a green one can be the same grey. What now?"),
    PageInfo("lesson_pictures", "12 or 500 pictures", "What does a network learn that has seen only 12 pictures?"),
    PageInfo("lesson_loss", "MSE or Huber", "Two ways to count an error. Does the difference show in the colours?"),
    PageInfo("lesson_choice", "Mean or choice", "The mean of green and brown is grey. What if the network may choose?"),
    PageInfo(
        "lesson_adversary",
        "What an adversary adds",
        "What colours become when a second network judges them.",
    ),
)
MOVED: Final = PageInfo("checkpoints", "Models", SECTIONS["Models"][0].description)
"""An address that links out in the world still have."""
PAGES: Final = (*(page for pages in SECTIONS.values() for page in pages), *LESSON_PAGES, MOVED)
