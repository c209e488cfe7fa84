"""The page that leads to the five lessons."""

import streamlit as st

from pages.common.navigation import page_at
from pages.features.lessons.lessons import LESSONS


def show_contents() -> None:
    """Show each lesson with its question."""
    st.title("Lessons")
    st.markdown("Five questions, each answered by two networks that differ in one thing, on a photo of your choice.")
    with st.container(key="lessons"):
        for number, lesson in enumerate(LESSONS, 1):
            with st.container(border=True):
                st.page_link(page_at(lesson.address), label=f"**{number}. {lesson.title}**")
                st.markdown(lesson.question)
