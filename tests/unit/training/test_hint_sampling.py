"""Hints for training: patches of the true colour, in the numbers that users may give."""

import torch

from colorizer.models.hint_unet import AB_SCALE
from colorizer.training.hint_sampling import draw_count, sample_hints
from colorizer.utils.seeding import seeded


def test_hints_are_patch_means_of_the_true_colours() -> None:
    ab = torch.arange(2 * 64 * 64, dtype=torch.float32).reshape(1, 2, 64, 64) / 100
    for seed in range(40):
        hints = sample_hints(ab, seeded(seed))
        masked = hints[0, 2] == 1
        assert torch.equal(hints[0, 2].unique(), torch.tensor([0.0, 1.0])[: 2 if masked.any() else 1])
        assert not hints[0, :2, ~masked].any()
        error = (hints[0, :2] * AB_SCALE - ab[0])[:, masked].abs()
        assert not masked.any() or float(error.max()) <= (64 + 1) * 9 / 100  # within a patch of 9 pixels


def test_their_number_is_none_a_few_or_many() -> None:
    counts = [draw_count(seeded("count", number))[0] for number in range(3000)]
    none = sum(count == 0 for count in counts) / len(counts)
    many = sum(count > 40 for count in counts) / len(counts)
    few = [count for count in counts if 0 < count <= 40]
    assert 0.36 < none < 0.44 and 0.04 < many < 0.1
    assert 7 < sum(few) / len(few) < 10.5 and min(few) == 1  # geometric, p = 1/8: a mean of 8
    assert max(counts) <= 200


def test_they_follow_from_the_generator_and_lie_inside() -> None:
    ab = torch.randn(16, 2, 32, 48) * 30
    assert torch.equal(sample_hints(ab, seeded(3)), sample_hints(ab, seeded(3)))
    assert not torch.equal(sample_hints(ab, seeded(3)), sample_hints(ab, seeded(4)))
    assert sample_hints(ab, seeded(3)).shape == (16, 3, 32, 48)
