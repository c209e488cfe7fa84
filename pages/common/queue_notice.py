"""What a visitor sees of the queue for the processor: nothing, unless it takes longer than two seconds."""

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.common.compute_queue import place_sentence

_PLACE, _IS_SHOWN = "queue-notice", "queue-notice-is-shown"


def reserve() -> None:
    """Reserve a place for the notice, above the page; call it in the main script, before the page runs."""
    st.session_state[_PLACE] = st.empty()
    st.session_state[_IS_SHOWN] = False


def require_present() -> None:
    """Let Streamlit end the script here, by an exception of its own, if the visitor left or wants something else."""
    if get_script_run_ctx(suppress_warning=True) is not None:
        st.session_state.get(_PLACE)  # every look at the state is a place where the script may end


def tell_place(place: int) -> None:
    """Show the place in the queue, 1 for whoever is next."""
    _with_place(lambda at: at.info(place_sentence(place)), True)


def clear() -> None:
    """Take the notice away, if there is one."""
    if get_script_run_ctx(suppress_warning=True) is not None and st.session_state.get(_IS_SHOWN, False):
        _with_place(lambda at: at.empty(), False)


def _with_place(show: Callable[[DeltaGenerator], object], is_shown: bool) -> None:
    if get_script_run_ctx(suppress_warning=True) is None:
        return
    place = st.session_state.get(_PLACE)
    if isinstance(place, DeltaGenerator):
        show(place)
        st.session_state[_IS_SHOWN] = is_shown
