"""Other versions of a photo: likely, visibly different, the same every time; regions, hints and maps of doubt."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from colorizer import color, load, models
from colorizer.analysis import alternatives
from colorizer.analysis.alternatives import (
    MIN_CHANCE,
    MIN_DISTANCE,
    Alternatives,
    Version,
    one_hue_share,
    rgb_of,
    shown_at,
    typical_places,
)
from colorizer.analysis.segmentation import MAX_REGIONS, Region, cells_of, colors_of, find_regions, probabilities
from colorizer.analysis.uncertainty import Uncertainty, draw_regions, draw_uncertainty, scale, uncertainty_of
from colorizer.checkpoints.card import Card
from colorizer.checkpoints.store import MODEL_FILE, to_float16, write_card, write_tensors
from colorizer.color.names import words_for
from colorizer.inference.color_distribution import Distribution, LikelyColor
from colorizer.inference.colorizer import Colorizer
from colorizer.inference.hints import hint_ab
from tests.support.toy_photo import toy_card, toy_network

RED, GREEN, BLUE, GREY = (50.0, 40.0), (-40.0, 40.0), (10.0, -50.0), (0.0, 0.0)


def bin_at(a: float, b: float) -> int:
    return int((color.ab_bins() - torch.tensor([a, b])).square().sum(1).argmin())


def distribution_from(parts: np.ndarray, mixes: list[dict[tuple[float, float], float]], step: int = 4) -> Distribution:
    """One mixture of colours for each number in `parts` (h, w)."""
    logits = np.full((len(color.ab_bins()), *parts.shape), -20.0)
    for number, mix in enumerate(mixes):
        for ab, chance in mix.items():
            logits[bin_at(*ab), parts == number] = np.log(chance)
    size = (parts.shape[0] * step - 2, parts.shape[1] * step - 1)
    return Distribution(logits.astype(np.float16), 1.0, size, step)


def halves(height: int = 20, width: int = 30) -> np.ndarray:
    """0 in the upper half, 1 in the lower."""
    return np.repeat([0, 1], height // 2)[:, None].repeat(width, 1)


def flat_lightness(distribution: Distribution, value: float = 60.0) -> np.ndarray:
    return np.full(distribution.size, value, np.float32)


def model_of(folder: Path, mix: dict[tuple[float, float], float]) -> Colorizer:
    hashes = {MODEL_FILE: write_tensors(folder / "toy" / MODEL_FILE, to_float16(toy_network(mix).state_dict()))}
    write_card(folder / "toy", toy_card("toy", sha256=hashes))
    return load("toy", device="cpu", weights=folder)


def find_all(model: Colorizer, image: Image.Image, most: int = 4) -> Alternatives:
    found = Alternatives(model, model.predict(image), image.size)
    while len(found.versions) < most and found.next_version() is not None:
        pass
    return found


@pytest.fixture(scope="module", autouse=True)
def likeliest() -> Iterator[None]:
    """Make the toy answer with its likeliest colour, not the mean of all, so that another one is plainly another."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models.Lite0Bins, "temperature", 0.1)
        patch.setattr(models.Lite0Bins, "chroma_gain", 1.0)
        yield


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    """Make four bands of light and dark: four things for a network that sees nothing else."""
    return Image.fromarray(np.repeat(np.array([40, 100, 165, 235], np.uint8), 60)[None].repeat(160, 0)).convert("RGB")


@pytest.fixture(scope="module")
def torn(tmp_path_factory: pytest.TempPathFactory) -> Colorizer:
    """Everywhere as likely green as anything, red and blue somewhat less."""
    return model_of(tmp_path_factory.mktemp("torn"), {GREEN: 0.5, RED: 0.3, BLUE: 0.2})


@pytest.fixture(scope="module")
def found(torn: Colorizer, photo: Image.Image) -> Alternatives:
    return find_all(torn, photo)


@pytest.fixture(scope="module")
def sure(tmp_path_factory: pytest.TempPathFactory) -> Colorizer:
    return model_of(tmp_path_factory.mktemp("sure"), {GREEN: 0.97, RED: 0.02, BLUE: 0.01})


# Regions


def test_regions_follow_what_the_network_holds_possible() -> None:
    parts = halves()
    distribution = distribution_from(parts, [{RED: 0.5, GREEN: 0.5}, {BLUE: 0.9, GREY: 0.1}])
    regions = find_regions(distribution, flat_lightness(distribution))
    assert [region.share for region in regions] == [0.5, 0.5]
    assert {region.mask.tobytes() for region in regions} == {(parts == 0).tobytes(), (parts == 1).tobytes()}
    assert [region.lightness for region in regions] == pytest.approx([60, 60])


def test_regions_follow_lightness_where_the_network_says_one_thing() -> None:
    distribution = distribution_from(np.zeros((16, 16), int), [{RED: 1.0}])
    lightness = flat_lightness(distribution, 20)
    lightness[:, 32:] = 80
    regions = find_regions(distribution, lightness)
    assert sorted(region.lightness for region in regions) == pytest.approx([20, 80], abs=1)


def test_one_thing_is_one_region_and_regions_are_few_and_cover_the_photo() -> None:
    plain = distribution_from(np.zeros((12, 50), int), [{RED: 1.0}])
    assert [region.share for region in find_regions(plain, flat_lightness(plain))] == [1.0]
    torch.manual_seed(0)
    noise = Distribution(torch.randn(261, 24, 24).mul(3).half().numpy(), 1.0, (96, 96), 4)
    regions = find_regions(noise, np.random.default_rng(0).uniform(0, 100, (96, 96)).astype(np.float32))
    assert 1 <= len(regions) <= MAX_REGIONS
    assert np.array_equal(sum(region.mask.astype(int) for region in regions), np.ones((24, 24)))
    assert sorted((region.share for region in regions), reverse=True) == [region.share for region in regions]


def test_cells_leave_the_padding_out() -> None:
    distribution = distribution_from(np.zeros((8, 8), int), [{RED: 1.0}])  # 30 x 31 pixels
    planes = np.ones((2, 30, 31), np.float32)
    assert torch.equal(cells_of(distribution, planes), torch.ones(2, 8, 8))
    small = Distribution(distribution.logits, 1.0, (9, 17), 4)
    assert tuple(probabilities(small).shape) == (3, 5, 261)


def test_a_chance_is_that_at_a_typical_place() -> None:
    whole = Region(np.ones((20, 30), bool), 1.0, 60.0)
    torn = colors_of(whole, probabilities(distribution_from(halves(), [{RED: 0.6, GREEN: 0.4}] * 2)))
    assert [round(item.chance, 2) for item in torn] == [0.6, 0.4]
    split = colors_of(whole, probabilities(distribution_from(halves(), [{RED: 1.0}, {GREEN: 1.0}])))
    assert max(item.chance for item in split) < MIN_CHANCE  # each half is sure, and of another colour


def test_no_colour_counts_twice() -> None:
    torch.manual_seed(1)
    noise = Distribution(torch.randn(261, 8, 8).half().numpy(), 1.0, (32, 32), 4)
    region = Region(np.ones((8, 8), bool), 1.0, 60.0)
    assert sum(item.chance for item in colors_of(region, probabilities(noise))) <= 1


# Versions


def test_the_first_version_is_the_models_own_answer(found: Alternatives, torn: Colorizer, photo: Image.Image) -> None:
    first = found.versions[0]
    assert np.array_equal(first.prediction.ab, torn.predict(photo).ab)
    assert (first.changes, first.hints, first.changed_share) == ((), (), 0.0)


def test_versions_are_visibly_different_from_each_other(found: Alternatives) -> None:
    assert len(found.versions) >= 3
    for number, version in enumerate(found.versions):
        for other in found.versions[:number]:
            apart = np.hypot(*(version.prediction.ab - other.prediction.ab)) >= MIN_DISTANCE
            assert apart.mean() >= 0.05


def test_every_change_is_likely_and_is_seen_where_it_is_pinned(found: Alternatives) -> None:
    for version in found.versions[1:]:
        assert 0 < version.plausibility <= 1
        assert version.changes and version.hints and version.changed_share > 0
        for change in version.changes:
            ambiguous_region = found.ambiguous_regions[change.ambiguous_region]
            assert change.color.chance >= MIN_CHANCE
            cells = cells_of(found.distribution, version.prediction.ab)[
                :, torch.from_numpy(ambiguous_region.region.mask)
            ]
            moved = np.hypot(*(cells.mean(1).numpy() - np.array(ambiguous_region.own)))
            assert moved >= MIN_DISTANCE / 2


def test_hints_lie_in_their_regions_and_all_others_are_pinned_to_the_colour_that_they_have(
    found: Alternatives, photo: Image.Image
) -> None:
    height, width = found.distribution.size
    regions = find_regions(found.distribution, found.base.lightness)
    for version in found.versions[1:]:
        masks = [found.ambiguous_regions[change.ambiguous_region].region.mask for change in version.changes]
        inside, anchored = np.any(masks, axis=0), []
        for hint in version.hints:
            row, column = int(hint.y * height / photo.height) // 4, int(hint.x * width / photo.width) // 4
            wanted = [np.array([change.color.a, change.color.b]) for change in version.changes]
            if not inside[row, column]:
                wanted = [found.base.ab[:, row * 4 + 2, column * 4 + 2]]
                anchored += [number for number, region in enumerate(regions) if region.mask[row, column]]
            hue = np.array(hint_ab(hint))
            assert min(np.degrees(np.arccos(hue @ one / np.hypot(*hue) / np.hypot(*one))) for one in wanted) < 12
        others = [number for number, region in enumerate(regions) if not (region.mask & inside).any()]
        assert sorted(anchored) == others and others


def test_the_same_photo_has_the_same_versions(found: Alternatives, torn: Colorizer, photo: Image.Image) -> None:
    again = find_all(torn, photo)
    assert [version.hints for version in again.versions] == [version.hints for version in found.versions]
    assert [version.plausibility for version in again.versions] == [item.plausibility for item in found.versions]


def test_a_likelier_answer_to_a_question_comes_first(found: Alternatives) -> None:
    single = [version for version in found.versions if len(version.changes) == 1]
    of_one = [
        version.plausibility
        for version in single
        if version.changes[0].ambiguous_region == single[0].changes[0].ambiguous_region
    ]
    assert of_one == sorted(of_one, reverse=True)


def test_a_model_that_is_sure_has_its_own_answer_alone(sure: Colorizer, photo: Image.Image) -> None:
    found = find_all(sure, photo)
    assert len(found.versions) == 1 and found.ambiguous_regions == []
    assert found.next_version() is None


def test_a_second_colour_below_the_least_chance_is_not_shown(tmp_path: Path, photo: Image.Image) -> None:
    likely = find_all(model_of(tmp_path / "a", {GREEN: 0.9, RED: 0.1}), photo)
    unlikely = find_all(model_of(tmp_path / "b", {GREEN: 0.96, RED: 0.04}), photo)
    assert len(likely.versions) > 1
    assert len(unlikely.versions) == 1


@pytest.mark.parametrize("size", [(1, 1), (5, 5), (16, 3000), (3000, 16), (33, 47)])
def test_photos_of_any_shape(torn: Colorizer, size: tuple[int, int]) -> None:
    random = np.random.default_rng(0).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    found = find_all(torn, Image.fromarray(random))
    assert found.versions[0].changes == ()
    for version in found.versions:
        assert all(0 <= hint.x < size[0] and 0 <= hint.y < size[1] for hint in version.hints)


def test_a_photo_of_one_grey_is_one_question(torn: Colorizer) -> None:
    found = find_all(torn, Image.new("RGB", (64, 48), (128, 128, 128)))
    (question,) = found.ambiguous_regions
    assert question.region.share == 1.0
    assert [words_for(50, item.a, item.b) for item in question.others] == ["red", "blue"]
    assert len(found.versions) == 1, "another colour over all of it is no other thing"


def moved(*parts: tuple[float, float, float]) -> np.ndarray:
    """By how much a and b change, in parts of a photo of 1,000 pixels: (share, a, b)."""
    return np.concatenate([np.full((round(1000 * share), 2), (a, b)) for share, a, b in parts]).T


def test_a_share_of_one_hue_is_that_of_what_moves_visibly_the_same_way() -> None:
    assert one_hue_share(moved((0.6, 20, 20), (0.4, 0, 0))) == pytest.approx(0.6)
    assert one_hue_share(moved((0.3, 20, 20), (0.3, 5, 30), (0.4, -20, -20))) == pytest.approx(0.6)  # hues nearby
    assert one_hue_share(moved((0.4, 20, 20), (0.6, -20, -20))) == pytest.approx(0.6)
    assert one_hue_share(moved((0.2, 30, -1), (0.2, 30, 1), (0.6, -30, 0))) == pytest.approx(0.6)
    assert one_hue_share(moved((0.2, 30, -1), (0.3, 30, 1), (0.5, 0, 1))) == pytest.approx(0.5)  # across 0 degrees
    assert one_hue_share(moved((1.0, 3, 4))) == 0  # nobody sees that
    assert one_hue_share(np.zeros((2, 0))) == 0


def test_no_version_is_a_cast_over_the_picture() -> None:
    model, image = load("photo", device="cpu"), Image.fromarray(data.chelsea())
    found = find_all(model, image)
    own = shown_ab_of(found.versions[0])
    for version in found.versions[1:]:
        change = shown_ab_of(version) - own
        assert one_hue_share(change) <= 0.5
        masks = [found.ambiguous_regions[change.ambiguous_region].region.mask for change in version.changes]
        asked = np.any(masks, axis=0).repeat(4, 0).repeat(4, 1)[: change.shape[1], : change.shape[2]]
        assert one_hue_share(change[:, ~asked]) <= 0.5


def shown_ab_of(version: Version) -> np.ndarray:
    lab = torch.from_numpy(np.concatenate([version.prediction.lightness[None], version.prediction.ab]))
    return np.asarray(color.fit_gamut(lab[None])[0, 1:])


class AllBlueAfterAHint(models.Lite0Bins):
    """Whatever the hint says, and wherever: everything becomes blue."""

    def answer(self, lightness: torch.Tensor, hints: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        output, embedding = super().answer(lightness, hints)
        output[:, : len(self.bins)] = -20.0
        output[:, bin_at(*BLUE)] = 0.0
        output[:, len(self.bins) :] = torch.tensor(BLUE).reshape(1, 2, 1, 1)
        return output, embedding


def test_what_changes_nearly_all_of_a_photo_is_no_version(found: Alternatives) -> None:
    for version in found.versions[1:]:
        change = shown_ab_of(version) - shown_ab_of(found.versions[0])
        assert 0.08 <= (np.hypot(*change) >= 10).mean() <= 0.75


def test_what_turns_most_of_the_rest_to_one_hue_is_not_offered(photo: Image.Image) -> None:
    network = AllBlueAfterAHint()
    network.load_state_dict(toy_network({GREEN: 0.5, RED: 0.3, BLUE: 0.2}).state_dict())
    found = find_all(Colorizer(network.eval(), toy_card("toy"), torch.device("cpu")), photo)
    assert found.ambiguous_regions, "there are questions, and each answer was tried"
    assert len(found.versions) == 1 and found.is_exhausted


def test_a_black_photo_has_no_other_colours(torn: Colorizer) -> None:
    """Black has no chroma in sRGB, whatever the network says."""
    assert len(find_all(torn, Image.new("RGB", (64, 48))).versions) == 1


class BlueAfterAHint(models.Lite0Bins):
    """Torn as long as nobody says anything; sure of blue once there is a hint."""

    def answer(self, lightness: torch.Tensor, hints: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        output, embedding = super().answer(lightness, hints)
        output[:, : len(self.bins)] = -20.0
        output[:, bin_at(*BLUE)] = 0.0
        return output, embedding


def test_the_chance_of_a_second_change_is_what_the_network_says_after_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Pale colours keep the other half from turning visibly blue by itself after the first change."""
    monkeypatch.setattr(models.Lite0Bins, "chroma_gain", 0.4)
    monkeypatch.setattr(alternatives, "MAX_MOVED", 1.0)  # there are two things only, and both are to change
    network = BlueAfterAHint()
    network.load_state_dict(toy_network({GREEN: 0.5, RED: 0.3, BLUE: 0.2}).state_dict())
    model = Colorizer(network.eval(), toy_card("toy"), torch.device("cpu"))
    levels = np.repeat(np.array([60, 190], np.uint8), 48)
    photo = Image.fromarray(np.broadcast_to(levels[:, None, None], (96, 96, 3)).copy())
    found = find_all(model, photo, most=8)
    assert len(found.ambiguous_regions) == 2
    (second, *others) = [version for version in found.versions if len(version.changes) == 2]
    assert {change.ambiguous_region for change in second.changes} == {0, 1}
    first, after = second.changes[0].color, second.changes[1].color
    assert words_for(50, after.a, after.b) == "blue" and after.chance == pytest.approx(1.0, abs=0.01)
    assert second.plausibility == pytest.approx(first.chance / 0.5, abs=0.02)  # times 1 for the second
    assert all(words_for(50, item.changes[1].color.a, item.changes[1].color.b) == "blue" for item in others)


def test_a_checkpoint_without_hints_is_refused(photo: Image.Image) -> None:
    model = load("scenes-500-huber", device="cpu")
    with pytest.raises(ValueError, match="scenes-500-huber has no distribution over colours that hints could decide"):
        Alternatives(model, model.predict(photo), photo.size)


# Places and colours


def test_typical_places_are_inside_apart_and_of_middling_lightness() -> None:
    mask = np.zeros((20, 30), bool)
    mask[2:18, 3:15] = True
    lightness = np.full((20, 30), 50.0, np.float32)
    lightness[2:18, 3:5] = 95
    places = typical_places(Region(mask, 0.32, 50.0), lightness)
    assert len(places) == len(set(places)) == 8
    assert all(mask[place] and lightness[place] == 50 for place in places)
    assert np.ptp([row for row, _ in places]) > 10
    thin = np.zeros((20, 30), bool)
    thin[4] = True
    assert all(row == 4 for row, _ in typical_places(Region(thin, 0.05, 50.0), lightness))


def test_a_colour_is_offered_as_far_as_its_lightness_has_it() -> None:
    strong = LikelyColor(0.0, -100.0, 0.5)
    bright = shown_at(90, strong)
    assert abs(bright.a) < 1 and -40 < bright.b < -5
    red, green, blue = rgb_of(90, strong)
    assert blue > red and blue > green


@pytest.mark.parametrize(
    ("lab", "words"),
    [
        ((50, 1, 2), "nearly grey"),
        ((60, 60, 40), "red"),
        ((75, 25, 45), "orange"),
        ((35, 15, 25), "brown"),
        ((85, -5, 60), "yellow"),
        ((40, -5, 40), "olive"),
        ((50, -12, 8), "greyish green"),
        ((40, 10, -50), "blue"),
    ],
)
def test_colours_have_plain_names(lab: tuple[float, float, float], words: str) -> None:
    assert words_for(*lab) == words


# Doubt


def test_doubt_is_told_in_lab_units() -> None:
    one = np.full((10, 10), 12.0, np.float32)
    one[0] = 31.0
    uncertainty = Uncertainty(one)
    assert (round(uncertainty.mean, 1), round(uncertainty.percentile_90)) == (13.9, 14)
    assert uncertainty.limits == (10.0, 35.0)
    assert Uncertainty(np.full((4, 4), 20.0, np.float32)).limits == (20.0, 30.0)
    both = distribution_from(np.zeros((4, 4), int), [{(40.0, 0.0): 0.5, (-40.0, 0.0): 0.5}])
    assert uncertainty_of(both).mean == pytest.approx(40, abs=0.3)


def test_the_scale_of_doubt_has_equal_steps_and_only_grows_lighter() -> None:
    stops = torch.from_numpy(scale(16)).T[None, :, :, None].float() / 255
    lab = color.srgb_to_lab(stops)[0, :, :, 0].T
    steps = lab.diff(dim=0).norm(dim=1)
    assert steps.min() > 0.8 * steps.max()
    assert bool((lab[:, 0].diff() > 2).all())


def test_the_map_of_doubt_has_the_asked_size_and_shows_where() -> None:
    planes = np.zeros((8, 12), np.float32)
    planes[:, 6:] = 40
    picture = np.asarray(draw_uncertainty(Uncertainty(planes), (120, 80)))
    assert picture.shape == (80, 120, 3)
    assert picture[40, 10].tolist() == scale()[0].tolist() and picture[40, 110].tolist() == scale()[-1].tolist()


def test_regions_are_tinted_and_lettered_on_the_grey_photo() -> None:
    grey = Image.new("RGB", (120, 80), (100, 100, 100))
    mask = np.zeros((20, 30), bool)
    mask[:, :15] = True
    picture = np.asarray(draw_regions(grey, [Region(mask, 0.5, 50.0)], [(10, 5)])).astype(int)
    assert np.ptp(picture[5, 50]) > 30 and np.ptp(picture[5, 100]) == 0
    assert picture[40, 22].tolist() != picture[5, 50].tolist()  # its letter
    assert np.array_equal(np.asarray(draw_regions(grey, [], [])), np.asarray(grey))


def test_versions_are_small_enough_to_keep(found: Alternatives) -> None:
    def bytes_of(version: Version) -> int:
        return version.prediction.ab.nbytes + version.prediction.lightness.nbytes

    assert all(version.prediction.distribution is None for version in found.versions)
    assert max(map(bytes_of, found.versions)) < 2e6


def test_the_toy_is_what_the_page_takes() -> None:
    card: Card = toy_card("toy")
    assert card.takes_hints and card.takes_temperature
    assert isinstance(toy_network({GREEN: 1.0}), models.Lite0Bins)
