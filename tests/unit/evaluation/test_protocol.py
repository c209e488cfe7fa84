"""The protocol: what is compared with what, and what grey and the truth themselves measure."""

import math

import numpy as np
import pytest
from PIL import Image
from skimage import data

from colorizer.evaluation import metrics, protocol
from colorizer.inference.prediction import Prediction


def test_the_protocol_takes_the_centre_square() -> None:
    picture = np.zeros((100, 300, 3), np.uint8)
    picture[:, 100:200] = (200, 100, 50)
    square = np.asarray(protocol.centre_square(Image.fromarray(picture)))
    assert square.shape == (256, 256, 3)
    assert (square == (200, 100, 50)).all()


def test_grey_has_no_colour_and_the_truth_its_own() -> None:
    photo = Image.fromarray(data.coffee())
    grey, truth = protocol.grey_scores(photo), protocol.true_scores(photo)
    assert grey.colorfulness < 0.5 < truth.colorfulness
    square = np.asarray(protocol.centre_square(photo))
    assert truth == metrics.measure(square, square)  # what is equal by definition is not computed
    assert math.isinf(truth.psnr) and truth.ciede2000 == 0
    assert grey.ciede2000 > 5


class Oracle:
    """Predicts a photo's own colours: the best that any predictor can do under the protocol."""

    def predict(self, image: Image.Image) -> Prediction:
        import torch

        from colorizer import color

        lab = color.srgb_to_lab(torch.from_numpy(np.array(image)).permute(2, 0, 1)[None] / 255)[0].numpy()
        return Prediction(lab[1:].copy(), lab[0].copy())


def test_true_colours_measure_far_better_than_grey() -> None:
    photo = Image.fromarray(data.coffee())
    oracle, grey = protocol.measure_photo(Oracle(), photo), protocol.grey_scores(photo)
    assert oracle.psnr > grey.psnr + 8
    assert oracle.ciede2000 < grey.ciede2000 / 4
    assert oracle.colorfulness == pytest.approx(protocol.true_scores(photo).colorfulness, rel=0.1)
