"""The address that the page of models had before: links to it lead on."""

import streamlit as st

from pages.common.bootstrap import run_through_app


def main() -> None:
    st.switch_page("pages/models.py")


run_through_app()
main()
