"""What is pushed to a Space: one commit that holds all that its Dockerfile copies, and the front matter it wants."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def pushed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clone what the script pushes; to a real repository, on this machine."""
    folder = tmp_path_factory.mktemp("space")
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    subprocess.run(["git", "init", "--quiet", "--bare", str(folder / "remote.git")], check=True)
    script = ["bash", str(ROOT / "hosting/space/push.sh"), "--remote", str(folder / "remote.git")]
    subprocess.run(script, check=True, capture_output=True)
    clone = ["git", "clone", "--quiet", "--branch", "main", str(folder / "remote.git"), str(folder / "clone")]
    subprocess.run(clone, check=True)
    return folder / "clone"


def test_the_front_matter_names_docker_the_port_a_licence_and_a_picture_that_is_there(pushed: Path) -> None:
    text = (pushed / "README.md").read_text()
    matter = dict(re.findall(r"^(\w+): *(.*?) *(?:#.*)?$", text.split("---")[1], re.MULTILINE))
    assert matter["sdk"] == "docker" and matter["app_port"] == "7860" and matter["license"] == "mit"
    assert (pushed / matter["thumbnail"]).is_file()
    assert len(matter["short_description"]) <= 60


def test_everything_that_the_dockerfile_copies_is_there(pushed: Path) -> None:
    lines = re.findall(r"^COPY (?!--from)(.+)$", (pushed / "Dockerfile").read_text(), re.MULTILINE)
    sources = [source for line in lines for source in line.split()[:-1]]
    assert "weights" in sources and all((pushed / source).exists() for source in sources)


def test_the_space_listens_where_its_front_matter_says_and_takes_uploads_in_a_frame(pushed: Path) -> None:
    text = (pushed / "Dockerfile").read_text()
    last = dict(re.findall(r"(STREAMLIT_SERVER_\w+)=(\S+)", text))
    assert last["STREAMLIT_SERVER_PORT"] == "7860"
    assert last["STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION"] == "false"


def test_it_is_one_commit(pushed: Path) -> None:
    count = subprocess.run(["git", "rev-list", "--count", "HEAD"], cwd=pushed, capture_output=True, text=True)
    assert count.stdout.strip() == "1"
