"""The best and the worst: the figures are `evaluate`'s own, and the order is what the figures say."""

import csv
import io
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from colorizer.cli import evaluate
from colorizer.errors import PictureError
from colorizer.evaluation import protocol, ranking, scores
from colorizer.evaluation.metrics import Bytes
from colorizer.evaluation.ranking import RANKINGS, EvaluationQueue, measure_all, order, pick
from colorizer.evaluation.scores import Scores
from colorizer.images.archives import Entry, from_folder
from colorizer.inference.colorizer import load
from colorizer.inference.prediction import Prediction
from tests.support.command_line import call
from tests.support.photos import crop_of_a_photo, make_pictures

CIEDE2000, PSNR, AB_RMSE = RANKINGS


def entry(name: str, pixels: Bytes) -> Entry:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return Entry(name, stream.getvalue)


class Tint:
    """Gives every pixel the same colour."""

    def __init__(self, a: float, b: float) -> None:
        self._ab = np.array([a, b], np.float32)

    def predict(self, image: Image.Image) -> Prediction:
        return Prediction(np.tile(self._ab[:, None, None], (1, 8, 8)), np.full((8, 8), 50, np.float32))


class Broken:
    """Fails on every picture."""

    def predict(self, image: Image.Image) -> Prediction:
        raise RuntimeError("a fault")


def test_order_puts_the_best_first_in_each_measure() -> None:
    rows = [Scores(ciede2000=value, ab_rmse=value, psnr=value) for value in (3.0, 1.0, 2.0, 1.0)]
    assert order(rows, CIEDE2000) == [1, 3, 2, 0]
    assert order(rows, AB_RMSE) == [1, 3, 2, 0]
    assert order(rows, PSNR) == [0, 2, 1, 3]


@pytest.mark.parametrize(
    ("count", "best", "middling", "worst"),
    [
        (0, [], [], []),
        (1, [0], [], []),
        (2, [0], [], [1]),
        (3, [0], [1], [2]),
        (6, [0, 1], [2, 3], [5, 4]),
        (12, [0, 1, 2, 3], [4, 5, 6, 7], [11, 10, 9, 8]),
        (101, [0, 1, 2, 3], [48, 49, 50, 51], [100, 99, 98, 97]),
    ],
)
def test_pick_takes_both_ends_and_the_middle_and_nothing_twice(
    count: int, best: list[int], middling: list[int], worst: list[int]
) -> None:
    ranked = pick(range(count))
    assert (ranked.best, ranked.middling, ranked.worst) == (best, middling, worst)


def test_scores_are_those_of_the_protocol_to_the_last_bit() -> None:
    photo, model = Image.fromarray(data.coffee()), Tint(20, -10)
    (evaluated,) = measure_all([entry("coffee", data.coffee())], {"tint": model}).measured(["tint"])
    assert evaluated.grey == protocol.grey_scores(photo)
    assert evaluated.truth == protocol.true_scores(photo)
    assert evaluated.outcomes["tint"].scores == protocol.measure_photo(model, photo)
    assert np.array_equal(np.asarray(evaluated.image()), np.asarray(protocol.centre_square(photo)))


def test_what_is_kept_of_a_picture_is_small_whatever_its_size() -> None:
    large = np.asarray(Image.fromarray(data.coffee()).resize((2400, 1600)))
    (evaluated,) = measure_all([entry("large", large)], {"tint": Tint(20, -10)}).measured(["tint"])
    outcome = evaluated.outcomes["tint"]
    assert len(evaluated.square) < 200_000
    assert len(outcome.picture) < 60_000
    assert outcome.hues.nbytes < 6_000
    with Image.open(io.BytesIO(outcome.picture)) as picture:
        assert picture.size == (256, 256)


def test_broken_and_grey_pictures_fall_out_by_name_and_the_rest_is_done() -> None:
    def unreadable() -> bytes:
        raise PictureError("It is gone.")

    entries = [
        entry("one", crop_of_a_photo(0)),
        Entry("torn", lambda: b"\x89PNG nothing"),
        entry("grey", data.camera()),
        Entry("gone", unreadable),
        entry("two", crop_of_a_photo(1)),
    ]
    queue = measure_all(entries, {"tint": Tint(9, 9)})
    assert [evaluated.name for evaluated in queue.measured(["tint"])] == ["one", "two"]
    assert [problem.partition(":")[0] for problem in queue.problems] == ["torn", "grey", "gone"]
    assert "nothing to compare with" in queue.problems[1]
    assert queue.pictures == 2


def test_a_fault_is_raised_unless_somebody_explains_it() -> None:
    entries = [entry("one", crop_of_a_photo(0)), entry("two", crop_of_a_photo(1))]
    with pytest.raises(RuntimeError):
        measure_all(entries, {"broken": Broken()})
    queue = EvaluationQueue(entries, lambda error, name: f"{name} had {error}")
    while queue.steps_left(["broken"]):
        queue.advance({"broken": Broken()})
    assert queue.problems == ["one had a fault", "two had a fault"]


def test_steps_are_counted_down_and_nothing_is_computed_twice() -> None:
    models = {"red": Tint(30, 20), "blue": Tint(0, -40)}
    queue = EvaluationQueue([entry(str(number), crop_of_a_photo(number)) for number in range(3)])
    left = []
    while queue.steps_left(["red"]):
        left.append(queue.steps_left(["red"]))
        queue.advance({"red": models["red"]})
    assert left == [6, 5, 4, 3, 2, 1]
    kept = [evaluated.outcomes["red"] for evaluated in queue.measured(["red"])]
    assert queue.steps_left(models) == 3
    assert queue.measured(models) == []
    while queue.steps_left(models):
        queue.advance(models)
    assert [evaluated.outcomes["red"] for evaluated in queue.measured(models)] == kept


def test_what_was_done_before_a_stop_is_there() -> None:
    models = {"red": Tint(30, 20)}
    queue = EvaluationQueue([entry(str(number), crop_of_a_photo(number)) for number in range(4)])
    for _ in range(5):
        queue.advance(models)
    assert [evaluated.name for evaluated in queue.measured(models)] == ["0", "1"]
    assert queue.pictures == 4


def test_a_picture_is_read_only_when_its_turn_comes() -> None:
    turns: list[str] = []

    def remember(name: str) -> Entry:
        return Entry(name, lambda: turns.append(name) or crop_of_a_photo(0))  # type: ignore[func-returns-value]

    queue = EvaluationQueue([remember("one"), remember("two")])
    queue.advance({"red": Tint(30, 20)})
    assert turns == ["one"]


def test_csv_has_a_line_for_each_of_each_picture() -> None:
    (evaluated,) = measure_all([entry("a, b", crop_of_a_photo(0))], {"tint": Tint(9, 9)}).measured(["tint"])
    stream = io.StringIO(newline="")
    scores.write_csv(stream, [(evaluated.name, evaluated.measured({"tint": "scenes"}))])
    rows = list(csv.DictReader(io.StringIO(stream.getvalue())))
    assert [(row["photo"], row["of"]) for row in rows] == [("a, b", "grey"), ("a, b", "scenes"), ("a, b", "truth")]
    assert float(rows[1]["ab_rmse"]) == evaluated.outcomes["tint"].scores.ab_rmse
    assert rows[1]["accuracy"] == ""


def test_means_do_not_depend_on_the_order() -> None:
    rows = [Scores(psnr=value) for value in (1e16, 1.0, -1e16)]
    assert scores.mean(rows).taken() == scores.mean(rows[::-1]).taken() == {"psnr": pytest.approx(1 / 3)}


@pytest.mark.slow
def test_the_table_of_a_trial_is_that_of_the_terminal(tmp_path: Path) -> None:
    folder, wanted = make_pictures(tmp_path / "photos", 5), ("scenes-12-huber", "scenes-500-huber")
    (folder / "broken.png").write_bytes(b"\x89PNG nothing")
    Image.fromarray(data.camera()).save(folder / "grey.png")
    models = {name: load(name, device="cpu") for name in wanted}
    queue = measure_all(from_folder(folder).entries, models)
    measured = [evaluated.measured({name: name for name in wanted}) for evaluated in queue.measured(models)]
    averages = {of: scores.mean([row[of] for row in measured]) for of in measured[0]}
    options = [argument for name in wanted for argument in ("--checkpoint", name)]
    answer = call("evaluate", folder, *options)
    assert evaluate.format_table(averages) in answer.output
    assert "5 photos." in answer.output
    assert {Path(problem.partition(":")[0]).name for problem in queue.problems} == {"broken.png", "grey.png"}


def test_every_ranking_names_a_score() -> None:
    measured = protocol.grey_scores(Image.fromarray(data.coffee()))
    for one in RANKINGS:
        assert not math.isnan(one.of(measured))
        assert one.title == scores.HEADINGS[one.score].removesuffix(" dB")
    assert ranking.RANKINGS[0] is CIEDE2000
