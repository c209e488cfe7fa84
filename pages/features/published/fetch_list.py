"""The published networks that are not here yet: a button for each on a private machine, one sentence elsewhere."""

import streamlit as st

from colorizer.checkpoints import published
from colorizer.checkpoints.fetching import Progress
from colorizer.checkpoints.memory_budget import refusal
from colorizer.checkpoints.published import Entry
from pages.features.published.jobs import FetchQueue, fetch_queue
from pages.features.published.visitor import is_at_this_machine

_INTRODUCTION = (
    "The field's best, by other authors. Their weights are not part of this app; fetched once, they are checkpoints "
    "like all others, on your own photos beside those that were trained here."
)
_ON_A_PUBLIC_HOST = (
    "On this host only its operator can fetch them: with COLORIZER_PUBLISHED=1 the app does so when it starts."
)


def _missing() -> list[str]:
    return [name for name in published.catalogue() if not published.is_fetched(name)]


def show_fetchable() -> None:
    """List what can be fetched; nothing is downloaded unless somebody at this machine asks for it."""
    queue, missing = fetch_queue(), _missing()
    if not missing:
        return
    st.subheader("Published networks", anchor="published")
    st.markdown(_INTRODUCTION)
    is_private = is_at_this_machine()
    if not is_private:
        st.caption(_ON_A_PUBLIC_HOST)
    _watch(missing, queue.is_working, is_private)


def _watch(names: list[str], is_working: bool, is_private: bool) -> None:
    """Show each, and while something is being fetched look again every second."""

    @st.fragment(run_every=1 if is_working else None)
    def rows() -> None:
        queue = fetch_queue()
        for name in names:
            _show(name, queue, is_private)
        if is_working and not queue.is_working:
            st.rerun()

    rows()


def _show(name: str, queue: FetchQueue, is_private: bool) -> None:
    entry = published.find_entry(name)
    size = f"{entry.sources[0].bytes / 1e6:.0f} MB"
    with st.container(border=True, key=f"fetch-{name}"):
        st.markdown(f"**{entry.card.title}**, {size}. Licence: {entry.card.weights_licence}.")
        st.caption(entry.card.summary)
        if name in queue.problems:
            st.error(queue.problems[name])
        if name in queue.progress:
            _show_progress(queue.progress[name])
        elif name in queue.waiting:
            st.caption("Waiting for the one before it.")
        elif (reason := refusal(entry.card)) is not None:
            st.caption(reason)
        elif is_private:
            _show_button(name, entry, queue, size)


def _show_button(name: str, entry: Entry, queue: FetchQueue, size: str) -> None:
    label = f"Fetch {entry.card.title} ({size})"
    if st.button(label, key=f"fetch-button-{name}", icon=":material/download:"):
        queue.add(name)
        st.rerun()


def _show_progress(progress: Progress | None) -> None:
    if progress is None:
        st.progress(0.0, "Connecting ...")
        return
    left = "" if progress.seconds_left is None else f", {_duration(progress.seconds_left)} left"
    if progress.done >= progress.total:
        st.progress(1.0, "Checking and converting ...")
        return
    share = progress.done / progress.total
    st.progress(share, f"{progress.done / 1e6:.0f} of {progress.total / 1e6:.0f} MB{left}")


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 90 else f"{seconds / 60:.0f} minutes"
