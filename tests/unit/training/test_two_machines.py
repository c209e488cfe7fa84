"""Training over several machines: two launchers that meet over loopback, as two hosts do, each with its own files."""

import os
import socket
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from colorizer.checkpoints.store import load_network
from tests.support.photos import make_pictures
from tests.support.processes import PATIENCE_SECONDS, TRAIN, environment
from tests.support.training import RECIPE, write_recipe


def write_shards(folder: Path, pictures: Path, each: int) -> Path:
    """Tar shards of so many pictures each, as webdataset has them."""
    folder.mkdir(parents=True)
    files = sorted(pictures.glob("*.png"))
    for first in range(0, len(files), each):
        with tarfile.open(folder / f"{first // each:03d}.tar", "w") as shard:
            for file in files[first : first + each]:
                shard.add(file, file.name)
    return folder


@pytest.mark.slow
def test_two_launchers_train_one_network_from_shards_of_their_own(tmp_path: Path) -> None:
    pytest.importorskip("webdataset")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    pictures, recipe = make_pictures(tmp_path / "pictures", 20), write_recipe(tmp_path / "toy.toml", RECIPE)
    launchers = []
    for rank in range(2):
        machine = tmp_path / f"machine-{rank}"
        shards = write_shards(machine / "shards", pictures, 5)
        command = [sys.executable, "-m", "torch.distributed.run", "--nnodes", "2", "--nproc_per_node", "1"]
        command += ["--node_rank", str(rank), "--master_addr", "127.0.0.1", "--master_port", str(port)]
        command += [str(TRAIN), str(recipe), "--data", f"{shards}/*.tar", "--out", str(machine / "run")]
        command += ["--set", "training.epochs=1"]
        with (machine / "log").open("wb") as log:
            launchers.append(
                subprocess.Popen(
                    command, env=environment() | {"GLOO_SOCKET_IFNAME": "lo"}, stdout=log,
                    stderr=subprocess.STDOUT, start_new_session=True,
                )
            )  # fmt: skip
    try:
        for launcher in launchers:
            launcher.wait(2 * PATIENCE_SECONDS)
    finally:
        for launcher in launchers:
            if launcher.poll() is None:
                os.killpg(launcher.pid, 9)
    said = [(tmp_path / f"machine-{rank}" / "log").read_text() for rank in range(2)]
    assert [launcher.returncode for launcher in launchers] == [0, 0], said
    network, card = load_network(tmp_path / "machine-0" / "run")
    assert card.hardware.startswith("2 processes")
    assert all(bool(parameter.isfinite().all()) for parameter in network.parameters())
    assert not (tmp_path / "machine-1" / "run" / "card.toml").exists(), "the first machine has the result"
