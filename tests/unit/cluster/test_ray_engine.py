"""A real Ray cluster of two nodes and a real S3 server on one machine: what breaks costs only what was in hand."""

from pathlib import Path

import pytest

from colorizer.checkpoints.store import WEIGHTS
from colorizer.cluster import storage
from colorizer.cluster.plan import plan
from colorizer.cluster.ray_engine import ClusterOptions, color_on_ray, pack_checkpoint
from colorizer.inference.batch import Settings
from tests.support.processes import PATIENCE_SECONDS

REASON = "Ray is not installed: pip install 'colorizer[cluster]'"
PHOTOS = 48


@pytest.mark.slow
def test_a_cluster_that_breaks_loses_nothing(s3_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason=REASON)
    import s3fs

    from benchmarks import cluster
    from benchmarks.synthetic_photos import make_photos

    monkeypatch.setattr(cluster, "PATIENCE_SECONDS", PATIENCE_SECONDS)  # the benchmark's own is for many more photos
    monkeypatch.setenv("RAY_worker_niceness", "0")
    s3fs.S3FileSystem().mkdir("breaks")
    for path in make_photos(tmp_path / "photos", PHOTOS, (192, 144)).iterdir():
        storage.write_whole(f"s3://breaks/in/{path.name}", path.read_bytes())
    with cluster.ray_cluster(2) as nodes:
        story = cluster.break_cluster(nodes, "s3://breaks/in", "s3://breaks/out", PHOTOS)
    assert story.is_complete, story.said
    assert 0 < story.recoloured <= PHOTOS // 4 + 8


@pytest.mark.slow
def test_a_bad_photo_and_a_good_one_without_an_address(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason=REASON)
    from benchmarks.synthetic_photos import make_photos

    photos = make_photos(tmp_path / "photos", 3, (90, 60))
    (photos / "torn.jpg").write_bytes(b"no picture")
    checkpoint, tasks = pack_checkpoint("horse-16-cnn", WEIGHTS), plan([str(photos)], str(tmp_path / "out"))
    outcomes = list(color_on_ray(checkpoint, Settings(), tasks, ClusterOptions(jobs=1)))
    assert {Path(outcome.source).name: outcome.problem is None for outcome in outcomes} == {
        "00000.jpg": True, "00001.jpg": True, "00002.jpg": True, "torn.jpg": False,
    }  # fmt: skip
    assert len(list((tmp_path / "out").glob("*.jpg"))) == 3
