"""The app as the browser tests start it: the same, but for links to this very machine, which are allowed here only."""

import dataclasses
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402 - the path has to be there first

from colorizer.images import fetch  # noqa: E402
from pages.common.served_page import page_routes  # noqa: E402
from pages.common.session_queue import keep_answers  # noqa: E402

fetch.POLICY = dataclasses.replace(fetch.POLICY, is_allowed_address=lambda address: address.is_loopback)
keep_answers()
app = st.App(ROOT / "app.py", routes=page_routes())
