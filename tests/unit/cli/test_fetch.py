"""`python -m colorizer fetch`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from colorizer.checkpoints import published
from colorizer.cli import main
from tests.support.weights_server import WeightsServer, offer, pickled_formula_weights, weights_server


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WeightsServer]:
    """Start a server that is the mirror, with the formula weights of eccv16."""
    monkeypatch.setattr(published, "CATALOGUE", tmp_path / "catalogue")
    monkeypatch.setenv("COLORIZER_CACHE", str(tmp_path / "cache"))
    with weights_server() as started:
        monkeypatch.setenv("COLORIZER_MIRROR", started.url)
        offer(started, tmp_path / "catalogue", "eccv16", pickled_formula_weights("eccv16"))
        yield started


def test_fetch_brings_a_network_that_colours(
    server: WeightsServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from PIL import Image

    assert main(["fetch"]) == 0
    assert "not fetched" in capsys.readouterr().out
    assert server.requests == []
    assert main(["fetch", "eccv16"]) == 0
    said = capsys.readouterr().err
    assert "Richard Zhang" in said and "BSD-2-Clause" in said and "ImageNet" in said
    assert main(["fetch", "eccv16"]) == 0
    assert "is here already" in capsys.readouterr().err
    assert len(server.requests) == 1
    assert main(["list"]) == 0
    assert "eccv16" in capsys.readouterr().out
    Image.effect_noise((90, 70), 60).save(tmp_path / "grey.png")
    assert (
        main(["colorize", str(tmp_path / "grey.png"), "-o", str(tmp_path / "out.png"), "--checkpoint", "eccv16"]) == 0
    )
    with Image.open(tmp_path / "out.png") as result:
        assert result.size == (90, 70)


def test_measured_figures_go_into_the_card_in_the_cache(server: WeightsServer, tmp_path: Path) -> None:
    from skimage import data
    from skimage.io import imsave

    (tmp_path / "photos").mkdir()
    imsave(tmp_path / "photos" / "cat.png", data.chelsea()[::4, ::4])
    assert main(["fetch", "eccv16"]) == 0
    assert main(["evaluate", str(tmp_path / "photos"), "--checkpoint", "eccv16", "--card", "one cat"]) == 0
    rows = published.read_fetched("eccv16").metrics
    assert next((row.subject, row.dataset, row.images) for row in rows) == ("checkpoint", "one cat", 1)


def test_fetch_of_an_unknown_network_names_the_known(server: WeightsServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch", "ddcolor-huge"]) == 1
    assert "those that can be fetched are eccv16" in capsys.readouterr().err


def test_failed_fetch_is_one_sentence(server: WeightsServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.files["/weights.pth"].status = 503
    assert main(["fetch", "eccv16"]) == 1
    assert "status 503" in capsys.readouterr().err.splitlines()[-1]
