"""The file that Streamlit Community Cloud is pointed at; the requirements beside it take torch without CUDA."""

import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

if __name__ == "__main__":  # by a host that runs scripts and knows no servers
    runpy.run_path(str(ROOT / "app.py"), run_name="__main__")
else:
    import streamlit as st

    from pages.common.bootstrap import browser_opened
    from pages.common.served_page import page_routes

    app = st.App(ROOT / "app.py", routes=page_routes(), lifespan=browser_opened)
