"""The five lessons: what each asks, which two checkpoints answer it, and where the answer shows."""

from dataclasses import dataclass
from typing import Final, Literal

from pages.common.site_map import LESSON_PAGES, PageInfo

_GUESS, _PICTURES, _LOSS, _CHOICE, _ADVERSARY = LESSON_PAGES
Measure = Literal["ab RMSE", "Colourfulness"]


@dataclass(frozen=True)
class Lesson:
    page: PageInfo
    question: str
    pair: tuple[str, str]
    """Ids of the checkpoints, the one with the weakness on the left."""
    measure: Measure
    """On whose curve the answer shows."""
    look_at: str
    """What to look at in the two pictures."""
    try_next: str
    sample: str
    """The one that shows it best."""
    experiment: str
    """Its title on Compare."""
    film_of: str
    """The checkpoint whose training can be watched, where its states are kept."""

    @property
    def title(self) -> str:
        return self.page.title

    @property
    def address(self) -> str:
        return self.page.name


LESSONS: Final = (
    Lesson(
        _GUESS,
        "A grey photo says how light everything is, and nothing else. A red car and a green one can be the same grey. "
        "So what does a network do that has to answer all the same?",
        ("landscapes-regression", "photo"),
        "Colourfulness",
        "Neither is the truth. One answers with the mean of all it has seen; the other has seen more, and dares more.",
        "Take the micrograph: its brown and blue are stains that a laboratory chose, and no photo of the world teaches "
        "them. Then open “What else could it be?”: a photo in the other colours that the model holds likely.",
        "Coffee",
        "Students and the all-rounder",
        "photo",
    ),
    Lesson(
        _PICTURES,
        "The same network, the same loss, the same number of steps. One learns from 12 pictures, the other from 500. "
        "What does the first one learn?",
        ("scenes-12-huber", "scenes-500-huber"),
        "ab RMSE",
        "The one with 12 pictures paints what it remembers: stains and edges that have nothing to do with your photo.",
        "Give both a photo with a sky, then one without. Only one of them notices.",
        "Rocket",
        "12 or 500 images",
        "scenes-12-huber",
    ),
    Lesson(
        _LOSS,
        "The loss says how much an error costs. MSE squares it, so one bright flower costs as much as a field of small "
        "errors. Huber counts a large error in a line. Does it show?",
        ("scenes-500-mse", "scenes-500-huber"),
        "ab RMSE",
        "Hardly: with 500 scenes both lean to the same cautious mean. That nothing differs is a result, too.",
        "Move the slider above, and see at which error the two losses part.",
        "Flower",
        "MSE or Huber",
        "scenes-500-huber",
    ),
    Lesson(
        _CHOICE,
        "If grass is green or brown, their mean is a grey that no grass ever had. What if the network may choose?",
        ("landscapes-regression", "landscapes-classification"),
        "Colourfulness",
        "Look at grass and leaves: the mean is dull, the choice is lively, and now and then plainly wrong.",
        "Give both a photo of grass, then a face, which neither has ever learned.",
        "Grass (grey)",
        "Regression or classification",
        "landscapes-classification",
    ),
    Lesson(
        _ADVERSARY,
        "A second network learns to tell true photos from coloured ones, and the first learns to get past it. "
        "What does that do to the colours?",
        ("flowers-autoencoder-9-skip", "flowers-gan"),
        "Colourfulness",
        "The adversary knows no pale flowers. Colours grow bolder, and are not always where they belong.",
        "These two know flowers and nothing else: try a face, and see.",
        "Flower",
        "From CNN to GAN",
        "flowers-gan",
    ),
)
