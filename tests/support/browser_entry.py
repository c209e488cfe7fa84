"""The app as the browser tests start it: the same, but for links to this very machine, which are allowed here only."""

import dataclasses
import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from colorizer.images import fetch  # noqa: E402 - the path has to be there first

fetch.POLICY = dataclasses.replace(fetch.POLICY, is_allowed_address=lambda address: address.is_loopback)
runpy.run_path(str(ROOT / "app.py"), run_name="__main__")
