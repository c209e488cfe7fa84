"""From CNN to GAN and the GAN's own moments, with checkpoints that paint everything in one colour each."""

from collections.abc import Iterator
from html import unescape

import pytest

from colorizer.checkpoints.store import MODEL_FILE, list_checkpoints, read_tensors, snapshot_file
from pages.common.experiments import OWN_CHOICE, available
from pages.common.model_cache import weights_hash
from pages.common.snapshots import SnapshotRef, at_snapshot, full_title, snapshots
from tests.support.flowers_app import KEPT, SHIPPED, STEPS, Report, Server, a_card, is_painted, lab_hue, ship

SECOND = "flowers-gan-after-2-epochs"
MOMENTS = ["After 1 epoch", "After 2 epochs", "After 5 epochs", "After 7 epochs", "After 9 epochs", "After 12 epochs"]
IDS = [f"flowers-gan-{title.lower().replace(' ', '-')}" for title in MOMENTS]
GAN = {"experiment": "GAN iterations", "sample": "Flower"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = Server(tmp_path_factory.mktemp("flowers"))
    yield started
    started.process.kill()
    started.process.communicate()


@pytest.fixture(scope="module")
def damaged(server: Server) -> Report:
    """Cut off the end of the second snapshot, which nobody has seen before."""
    path = server.weights / "flowers-gan" / snapshot_file(1)
    content = path.read_bytes()
    path.write_bytes(content[:-8])
    try:
        return server.visit(GAN)
    finally:
        path.write_bytes(content)


@pytest.fixture(scope="module")
def iterations(server: Server, damaged: Report) -> Report:
    """Restore its file, for another visitor of the same server."""
    return server.visit(GAN)


@pytest.fixture(scope="module")
def steps(server: Server) -> Report:
    return server.visit({"experiment": "From CNN to GAN", "sample": "Cat"})


def headings(report: Report) -> list[str]:
    """List the titles of the tiles, in order."""
    bodies = [body for body in report["html"] if 'class="tile"' in body]
    return [unescape(body.partition("<h3>")[2].partition("<span")[0]) for body in bodies]


def remarks(report: Report) -> dict[str, str]:
    """Read the sentences under results, by title."""
    found = {}
    for body in report["html"]:
        title, _, rest = body.partition("<h3>")[2].partition("<span")
        if 'class="remark">' in rest:
            found[unescape(title)] = unescape(rest.partition('class="remark">')[2].partition("</p>")[0])
    return found


def test_the_six_steps_stand_in_their_order_before_grey_and_original(steps: Report) -> None:
    assert steps["exceptions"] == steps["errors"] == []
    assert headings(steps) == [*STEPS.values(), "Grey", "Original"]
    assert "Cat" in steps["html"][-1] or any("Cat, 451 × 300 px" in body for body in steps["html"])


def test_each_step_says_its_weakness_in_one_sentence_and_nothing_else_does(steps: Report) -> None:
    said = remarks(steps)
    assert list(said) == list(STEPS.values())
    assert len(set(said.values())) == len(STEPS)
    for sentence in said.values():
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert sentence.count(".") == 1
        assert len(sentence) <= 110


def test_each_step_shows_its_own_picture(steps: Report) -> None:
    paints = dict(zip(STEPS, [*(number / 6 for number in range(5)), SHIPPED], strict=True))
    assert {name: is_painted(steps["hues"][name], hue) for name, hue in paints.items()} == dict.fromkeys(STEPS, True)


def test_the_moments_stand_in_the_order_of_their_training_without_remarks(iterations: Report) -> None:
    assert iterations["exceptions"] == iterations["errors"] == []
    assert headings(iterations) == [*MOMENTS, "Grey", "Original"]
    assert remarks(iterations) == {}


def test_each_moment_shows_the_picture_of_its_own_snapshot(iterations: Report) -> None:
    paints = dict(zip(IDS, [*KEPT.values(), SHIPPED], strict=True))
    assert {name: is_painted(iterations["hues"][name], hue) for name, hue in paints.items()} == dict.fromkeys(IDS, True)


def test_downloads_are_named_by_their_moment_and_say_it_inside(iterations: Report) -> None:
    assert iterations["buttons"] == [f"Download GAN {title.lower()}" for title in MOMENTS] + [
        "Download all (JPEG, ZIP)"
    ]
    notes = iterations["files"]
    assert list(notes) == [f"Flower-{name}.jpg" for name in IDS]
    for note, title in zip(notes.values(), MOMENTS, strict=True):
        assert note.endswith(f"Checkpoint: flowers-gan; saturation: 1. {title} of its training.")


def test_the_note_of_a_checkpoint_names_no_moment(steps: Report) -> None:
    assert steps["files"]["Cat-flowers-gan.jpg"].endswith("Checkpoint: flowers-gan; saturation: 1.")


def test_any_two_moments_can_be_laid_over_one_another(iterations: Report) -> None:
    assert iterations["sides"] == ["Grey", "Original", *MOMENTS]


def test_a_damaged_snapshot_is_a_sentence_on_its_tile_and_the_rest_stands(damaged: Report) -> None:
    assert damaged["exceptions"] == []
    (sentence,) = damaged["errors"]
    assert sentence.startswith("GAN after 2 epochs: snapshots/0001.safetensors is damaged")
    assert headings(damaged) == [*MOMENTS, "Grey", "Original"]
    assert set(damaged["hues"]) == set(IDS) - {SECOND}
    assert f"Flower-{SECOND}.jpg" not in damaged["files"]
    assert len(damaged["files"]) == len(MOMENTS) - 1


def test_a_replaced_snapshot_is_loaded_anew_and_the_others_are_not_touched(server: Server, iterations: Report) -> None:
    try:
        ship(server.weights, "flowers-gan", SHIPPED, {**KEPT, 1: 0.95})
        anew = server.visit(GAN)["hues"]
    finally:
        ship(server.weights, "flowers-gan", SHIPPED, KEPT)
    assert is_painted(anew[SECOND], 0.95)
    assert {**anew, SECOND: 0} == {**iterations["hues"], SECOND: 0}


def test_a_side_of_the_slider_that_is_no_longer_there_does_no_harm(server: Server) -> None:
    report = server.visit(GAN, right="After 2 epochs", experiment="From CNN to GAN")
    assert report["exceptions"] == report["errors"] == []
    assert headings(report) == [*STEPS.values(), "Grey", "Original"]
    assert report["sides"] == ["Grey", "Original", *STEPS.values()]


def test_a_gan_is_compared_with_itself_where_it_has_two_states_or_more() -> None:
    snapshots = {MODEL_FILE: "ef", snapshot_file(3): "01"}
    assert "GAN iterations" in available([a_card("flowers-gan", sha256=snapshots)])
    assert "GAN iterations" not in available([a_card("flowers-gan")])
    assert "GAN iterations" not in available([a_card("flowers-cnn", sha256=snapshots)])


def test_the_steps_are_offered_where_all_are_there() -> None:
    cards = [a_card(name) for name in STEPS]
    assert list(available(cards)) == ["From CNN to GAN"]
    assert list(available(cards[1:])) == []


def test_no_name_of_an_experiment_holds_another() -> None:
    gan = a_card("flowers-gan", sha256={MODEL_FILE: "ef", snapshot_file(3): "01"})
    known = {card.id: card for card in (*list_checkpoints(), *map(a_card, STEPS), gan)}
    titles = [*available(list(known.values())), OWN_CHOICE]
    assert {"From CNN to GAN", "GAN iterations", "Data and loss"} < set(titles)
    assert [(one, other) for one in titles for other in titles if one != other and one in other] == []


def test_a_moment_is_a_card_of_its_own_with_the_file_of_its_epoch() -> None:
    gan = a_card("flowers-gan", sha256={MODEL_FILE: "ef", snapshot_file(0): "01", snapshot_file(4): "23"})
    states = snapshots(gan)
    assert [state.id for state in states] == [
        f"flowers-gan-after-{age}" for age in ("1-epoch", "5-epochs", "12-epochs")
    ]
    assert [weights_hash(state) for state in states] == ["01", "23", "ef"]
    assert [state.epochs for state in states] == [1, 5, 12]
    assert not any(state.snapshots or state.metrics for state in states)
    assert all(isinstance(state, SnapshotRef) and state.checkpoint is gan for state in states)
    assert full_title(at_snapshot(gan, 0)) == "GAN after 1 epoch"
    assert full_title(gan) == "GAN"


def test_the_painters_paint_what_the_tests_think(server: Server) -> None:
    state = read_tensors(server.weights / "flowers-gan" / snapshot_file(4))
    assert not state["layers.4.weight"].any()
    hues = [lab_hue(hue) for hue in (*KEPT.values(), SHIPPED)]
    assert min(abs((one - other + 180) % 360 - 180) for one in hues for other in hues if one != other) > 24
