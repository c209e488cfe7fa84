"""The address that the page of models had before: links to it lead on."""

import streamlit as st

from pages.common.bootstrap import run_through_app
from pages.common.navigation import page_at


def main() -> None:
    st.switch_page(page_at("models"))


run_through_app()
main()
