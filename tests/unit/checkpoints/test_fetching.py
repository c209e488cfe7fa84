"""Published weights come whole, verified and in one sentence if not: against a real server on loopback."""

import io
import pickle
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from filelock import FileLock

from benchmarks.formula_weights import formula_lightness, formula_state
from colorizer import models
from colorizer.checkpoints import published
from colorizer.checkpoints.card import Card
from colorizer.checkpoints.conversion import fetch_published
from colorizer.checkpoints.fetching import Progress
from colorizer.checkpoints.published import fetched_folder, is_fetched
from colorizer.checkpoints.store import checkpoint_folder, list_checkpoints, load_network
from colorizer.errors import CheckpointError, FetchError
from tests.support.weights_server import WeightsServer, offer, pickled_formula_weights, weights_server

JUNK = bytes(range(256)) * 4000  # 1 MB
LARGE_JUNK = JUNK * 25
KEPT = 20_971_520  # of it, after a break at 25 MB: the transfer writes pieces of 10 MiB


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WeightsServer]:
    """Start a server that is the mirror, with an empty catalogue and an empty cache."""
    monkeypatch.setattr(published, "CATALOGUE", tmp_path / "catalogue")
    monkeypatch.setenv("COLORIZER_CACHE", str(tmp_path / "cache"))
    with weights_server() as started:
        monkeypatch.setenv("COLORIZER_MIRROR", started.url)
        yield started


@pytest.fixture
def serve(server: WeightsServer, tmp_path: Path) -> Callable[..., Any]:
    """Offer content as the weights of eccv16."""
    return lambda content, **options: offer(server, tmp_path / "catalogue", "eccv16", content, **options)


def pickled(content: object) -> bytes:
    torch.save(content, stream := io.BytesIO())
    return stream.getvalue()


def shapes_of(network: str) -> dict[str, list[int]]:
    with torch.device("meta"):
        return {name: list(tensor.shape) for name, tensor in models.build(network).state_dict().items()}


def require_nothing_kept(*, but_part: bool = False) -> None:
    """Nothing lies under a final name, and no network is listed."""
    assert not is_fetched("eccv16")
    assert "eccv16" not in {card.id for card in list_checkpoints()}
    kept = {path.suffix for path in fetched_folder("eccv16").glob("*")}
    assert kept == ({".part"} if but_part else set())


class TestWhole:
    """Fetched, checked, converted, and then a checkpoint like any other."""

    def test_plain_state_dict_becomes_a_checkpoint(self, serve: Callable[..., Any]) -> None:
        serve(pickled_formula_weights("eccv16"))
        seen: list[Progress] = []
        card = fetch_published("eccv16", seen.append)
        assert seen[-1].done == seen[-1].total and seen[-1].seconds_left == 0
        assert card in list_checkpoints() and card.parameters == 32_236_011
        folder = checkpoint_folder("eccv16")
        assert {path.name for path in folder.glob("*")} == {"card.toml", "model.safetensors"}
        assert (folder / "model.safetensors").stat().st_size < 66e6  # half of 129 MB
        network, read = load_network(folder)
        assert read == card
        exact = models.build("eccv16")
        exact.load_state_dict(formula_state(shapes_of("eccv16")))
        with torch.inference_mode():
            ab, expected = network(formula_lightness()), exact.eval()(formula_lightness())
        assert float((ab - expected).abs().max()) < 5e-3 * float(expected.max() - expected.min())

    def test_wrapped_state_dict_with_spectral_norm_becomes_a_checkpoint(
        self, server: WeightsServer, tmp_path: Path
    ) -> None:
        content = pickled_formula_weights("ddcolor-tiny", wrapper="params")
        offer(server, tmp_path / "catalogue", "ddcolor-tiny", content)
        fetch_published("ddcolor-tiny")
        network, card = load_network(checkpoint_folder("ddcolor-tiny"))
        assert len(network.state_dict()) == 424 and card.parameters == 55_006_640

    def test_fetched_twice_is_asked_for_once(self, server: WeightsServer, serve: Callable[..., Any]) -> None:
        serve(pickled(formula_state(shapes_of("eccv16"))))
        first = fetch_published("eccv16")
        assert fetch_published("eccv16") == first
        assert len(server.requests) == 1

    def test_redirect_to_another_host_is_followed(self, server: WeightsServer, serve: Callable[..., Any]) -> None:
        file = serve(b"", sha256="0" * 64)
        with weights_server() as other:
            file.location = f"{other.url}/moved"
            with pytest.raises(FetchError, match="status 404"):
                fetch_published("eccv16")
            assert [path for path, _ in other.requests] == ["/moved"]

    def test_damaged_copy_in_the_cache_is_refused(self, serve: Callable[..., Any]) -> None:
        serve(pickled(formula_state(shapes_of("eccv16"))))
        fetch_published("eccv16")
        file = fetched_folder("eccv16") / "model.safetensors"
        content = bytearray(file.read_bytes())
        content[-1] ^= 1
        file.write_bytes(content)
        with pytest.raises(CheckpointError, match=r"damaged: delete the folder .* and fetch eccv16 again"):
            load_network(fetched_folder("eccv16"))


class TestBreaks:
    """A download goes on where it broke off."""

    def test_broken_connection_is_resumed_at_once(self, server: WeightsServer, serve: Callable[..., Any]) -> None:
        file = serve(LARGE_JUNK, path="/junk")
        file.breaks = [25_000_000]
        with pytest.raises(FetchError, match="holds no weights that can be read safely"):  # so its sha256 was right
            fetch_published("eccv16")
        assert server.requests == [("/junk", ""), ("/junk", f"bytes={KEPT}-")]

    def test_download_is_resumed_by_the_next_call(
        self, server: WeightsServer, serve: Callable[..., Any], tmp_path: Path
    ) -> None:
        serve(JUNK)
        part = fetched_folder("eccv16") / f"{published.catalogue()['eccv16'].sources[0].sha256}.part"
        part.parent.mkdir(parents=True)
        part.write_bytes(JUNK[:700_000])
        with pytest.raises(FetchError, match="holds no weights"):
            fetch_published("eccv16")
        assert [asked for _, asked in server.requests] == ["bytes=700000-"]

    def test_server_without_ranges_starts_anew(self, server: WeightsServer, serve: Callable[..., Any]) -> None:
        file = serve(LARGE_JUNK)
        file.takes_ranges, file.breaks = False, [25_000_000]
        with pytest.raises(FetchError, match="holds no weights"):
            fetch_published("eccv16")
        assert len(server.requests) == 2

    def test_whole_part_needs_no_more_bytes(self, server: WeightsServer, serve: Callable[..., Any]) -> None:
        serve(JUNK)
        part = fetched_folder("eccv16") / f"{published.catalogue()['eccv16'].sources[0].sha256}.part"
        part.parent.mkdir(parents=True)
        part.write_bytes(JUNK)
        with pytest.raises(FetchError, match="holds no weights"):
            fetch_published("eccv16")

    def test_connection_that_keeps_breaking_says_how_far_it_came(self, serve: Callable[..., Any]) -> None:
        file = serve(LARGE_JUNK)
        file.breaks = [25_000_000] + [0] * 10
        with pytest.raises(FetchError, match=r"broke off after 21\.0 of 25\.6 MB; fetch again, which resumes there"):
            fetch_published("eccv16")
        require_nothing_kept(but_part=True)


class TestRefused:
    """One sentence for each failure, and nothing kept that is wrong."""

    def test_wrong_hash(self, serve: Callable[..., Any]) -> None:
        serve(JUNK, sha256="ab" * 32)
        with pytest.raises(FetchError, match=r"not the published one \(1,024,000 bytes, .* deleted unread"):
            fetch_published("eccv16")
        require_nothing_kept()

    def test_file_that_is_cut_on_the_server(self, serve: Callable[..., Any]) -> None:
        serve(JUNK[:-1], sha256="ab" * 32, size=len(JUNK))
        with pytest.raises(FetchError, match=r"not the published one \(1,023,999 bytes"):
            fetch_published("eccv16")
        require_nothing_kept()

    def test_more_bytes_than_the_file_has(self, serve: Callable[..., Any]) -> None:
        serve(JUNK * 40, size=20_000_000)
        with pytest.raises(FetchError, match=r"sends more than the 20 MB that the file has"):
            fetch_published("eccv16")
        assert not is_fetched("eccv16")

    def test_cut_pickle(self, serve: Callable[..., Any]) -> None:
        serve(pickled(formula_state({"model1.0.bias": [64]}))[:-100])
        with pytest.raises(FetchError, match="holds no weights that can be read safely"):
            fetch_published("eccv16")

    @pytest.mark.filterwarnings("ignore:Detected pickle protocol")
    def test_pickle_that_would_run_code(self, serve: Callable[..., Any], tmp_path: Path) -> None:
        class Evil:
            def __reduce__(self) -> tuple[Any, ...]:
                return Path.touch, (tmp_path / "ran",)

        for content in (pickled({"model1.0.bias": Evil()}), pickle.dumps(Evil())):
            serve(content)
            published.read_catalogue.cache_clear()
            with pytest.raises(FetchError, match="holds no weights that can be read safely"):
                fetch_published("eccv16")
        assert not (tmp_path / "ran").exists()

    def test_something_else_than_tensors(self, serve: Callable[..., Any]) -> None:
        serve(pickled({"epoch": 3}))
        with pytest.raises(FetchError, match="holds something else than named tensors"):
            fetch_published("eccv16")

    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            ({"model1.0.bias": None}, "lacks the tensor model1.0.bias"),
            ({"model9.0.bias": [64]}, "has the foreign tensor model9.0.bias"),
            ({"model1.0.bias": [65]}, r"model1.0.bias has another shape: \(65,\) in the file, \(64,\) in the network"),
        ],
    )
    def test_other_names_and_shapes(
        self, serve: Callable[..., Any], change: dict[str, list[int] | None], sentence: str
    ) -> None:
        shapes = {name: shape for name, shape in (shapes_of("eccv16") | change).items() if shape is not None}
        serve(pickled({name: torch.zeros(shape) for name, shape in shapes.items()}))
        with pytest.raises(FetchError, match=sentence):
            fetch_published("eccv16")
        assert not is_fetched("eccv16")

    def test_no_network(self, serve: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
        serve(JUNK)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        monkeypatch.setenv("COLORIZER_MIRROR", f"http://127.0.0.1:{port}")
        with pytest.raises(FetchError, match=rf"^127\.0\.0\.1:{port} cannot be reached; check the network"):
            fetch_published("eccv16")

    @pytest.mark.parametrize("status", [403, 404, 500])
    def test_server_that_does_not_have_it(self, serve: Callable[..., Any], status: int) -> None:
        serve(JUNK).status = status
        with pytest.raises(FetchError, match=rf"status {status} instead of the file"):
            fetch_published("eccv16")

    def test_disk_with_too_little_room(self, serve: Callable[..., Any]) -> None:
        serve(JUNK, size=10**15)
        with pytest.raises(FetchError, match=r"Fetching takes 1,600,000,000 MB and .* left; free some space"):
            fetch_published("eccv16")

    def test_disk_that_fills_up_on_the_way(self, serve: Callable[..., Any]) -> None:
        serve(JUNK)
        part = fetched_folder("eccv16") / f"{published.catalogue()['eccv16'].sources[0].sha256}.part"
        part.parent.mkdir(parents=True)
        part.symlink_to("/dev/full")  # every write to it fails as on a full disk
        with pytest.raises(FetchError, match=r"^The disk that holds .* is full; free some space and fetch again"):
            fetch_published("eccv16")

    def test_cache_that_cannot_be_written(
        self, serve: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        serve(JUNK)
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("COLORIZER_CACHE", str(tmp_path / "file"))
        with pytest.raises(FetchError, match=r"cannot be written .*; set COLORIZER_CACHE to another folder"):
            fetch_published("eccv16")

    def test_second_process_does_not_fetch_the_same(self, serve: Callable[..., Any]) -> None:
        serve(JUNK)
        fetched_folder("eccv16").mkdir(parents=True)
        with (
            FileLock(fetched_folder("eccv16").with_name(".eccv16.lock")),
            pytest.raises(FetchError, match="by another process"),
        ):
            fetch_published("eccv16")

    def test_unknown_id_lists_those_that_can_be_fetched(self, serve: Callable[..., Any]) -> None:
        serve(JUNK)
        with pytest.raises(FetchError, match=r"no published network 'photo'; those that can be fetched are eccv16\."):
            fetch_published("photo")

    def test_checkpoint_that_is_not_here_yet_says_how_to_fetch_it(self, serve: Callable[..., Any]) -> None:
        serve(JUNK)
        with pytest.raises(CheckpointError, match=r"eccv16 has not been fetched yet; `python -m colorizer fetch eccv"):
            checkpoint_folder("eccv16")


def test_second_source_is_asked_when_the_first_has_nothing(
    server: WeightsServer, serve: Callable[..., Any], tmp_path: Path
) -> None:
    serve(JUNK, path="/first").status = 404
    entry = tmp_path / "catalogue" / "eccv16.toml"
    text = entry.read_text()
    source = text[text.index("[[sources]]") :]
    entry.write_text(text + source.replace("/first", "/second"))
    with pytest.raises(FetchError, match="status 404"):
        fetch_published("eccv16")
    assert [path for path, _ in server.requests] == ["/first", "/second"]


class TestCatalogue:
    """The shipped entries are complete."""

    CARDS: ClassVar[list[Card]] = [entry.card for entry in published.catalogue().values()]

    def test_five_networks_can_be_fetched(self) -> None:
        assert [card.id for card in self.CARDS] == [
            "ddcolor-artistic", "ddcolor-large", "ddcolor-tiny", "eccv16", "siggraph17",
        ]  # fmt: skip

    @pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
    def test_card_says_whose_it_is_and_fits_its_network(self, card: Card) -> None:
        assert card.published is not None
        assert card.published.authors and card.published.paper and card.published.differences
        assert card.weights_licence and "ImageNet" in card.data_licence
        with torch.device("meta"):
            network = models.build(card.architecture, **card.options)
        assert models.count_parameters(network) == card.parameters
        assert (network.head, network.takes_hints) == (card.head, card.takes_hints)

    @pytest.mark.parametrize("name", [card.id for card in CARDS])
    def test_sources_are_pinned(self, name: str) -> None:
        for source in published.find_entry(name).sources:
            assert source.url.startswith("https://") and "/main/" not in source.url
            assert len(bytes.fromhex(source.sha256)) == 32
            assert source.bytes == pytest.approx(4 * published.find_entry(name).card.parameters, rel=2e-3)
