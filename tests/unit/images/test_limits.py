"""The limits are in one place, let usual pictures in, and are raised on one's own computer."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from colorizer.errors import PictureError
from colorizer.images import LIMITS, open_image
from colorizer.images.fetch import LinkPolicy
from colorizer.images.limits import MAX_LINK_BYTES, MAX_UPLOAD_MEGABYTES, local_limits
from tests.support.image_files import colourful, encoded

ROOT = Path(__file__).resolve().parents[3]


def test_streamlit_takes_as_much_as_we_do() -> None:
    with (ROOT / ".streamlit" / "config.toml").open("rb") as file:
        assert tomllib.load(file)["server"]["maxUploadSize"] == MAX_UPLOAD_MEGABYTES
    assert LIMITS.max_bytes == MAX_UPLOAD_MEGABYTES * 1_000_000


def test_a_link_may_have_what_an_upload_may_and_the_proxy_lets_both_through() -> None:
    assert LinkPolicy().max_bytes == MAX_LINK_BYTES == LIMITS.max_bytes
    size = re.search(r"max_size (\d+)MB", (ROOT / "hosting/proxy/Caddyfile").read_text())
    assert size and int(size[1]) * 1_000_000 > MAX_UPLOAD_MEGABYTES * 2**20  # as Streamlit counts them


def test_50_megapixels_and_a_scan_without_compression_are_within_the_limits() -> None:
    assert LIMITS.max_pixels >= 8160 * 6144
    assert LIMITS.max_bytes >= 2362 * 3543 * 3 + 100_000  # 10 x 15 cm at 600 dpi


def test_on_ones_own_computer_bytes_count_by_what_they_decode_to() -> None:
    picture = encoded(colourful(), "TIFF") + bytes(LIMITS.max_bytes)
    with pytest.raises(PictureError, match="MB"):
        open_image(picture)
    assert open_image(picture, limits=local_limits()).size == colourful().size
    assert local_limits().max_pixels == LIMITS.max_pixels
    assert local_limits(100_000_000).max_pixels == 100_000_000


def test_more_pixels_are_read_where_the_user_says_so() -> None:
    large = np.zeros((5300, 10_000), np.uint8)
    with pytest.raises(PictureError, match=r"53\.0 million"):
        open_image(large)
    assert open_image(large, limits=local_limits(60_000_000)).size == (10_000, 5300)


def test_pictures_are_opened_without_torch() -> None:
    program = "import sys, colorizer.images, colorizer.images.archives, colorizer.images.folders; " \
              "from colorizer.images import encode_image; from PIL import Image; " \
              "encode_image(Image.new('RGB', (1000, 1000)), 'JPEG', ''); assert 'torch' not in sys.modules"  # fmt: skip
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)
