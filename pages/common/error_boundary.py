"""Errors at the edge: whatever goes wrong reaches the visitor as one sentence, and the log in full."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from colorizer.errors import ColorizerError

_log = logging.getLogger(__name__)


def sentence(error: Exception, subject: str = "") -> str:
    """Put an error into one sentence; `subject` is what it happened to, for example a file's name.

    Our own errors speak for themselves. Any other is a fault of this program: the log has its traceback.
    """
    if isinstance(error, ColorizerError):
        text = str(error)
    else:
        _log.error("%s failed", subject or "a page", exc_info=error)
        text = "Unexpected error (see the server log). Reload the page to continue."
    text = text if text.endswith((".", "!", "?")) else f"{text}."
    return f"{subject}: {text}" if subject else text


@contextmanager
def error_boundary() -> Iterator[None]:
    """Show what is raised inside as one sentence. Streamlit's own signals (stop, rerun) are no Exceptions."""
    try:
        yield
    except Exception as error:  # the edge: nothing may end in a traceback on the screen
        st.error(sentence(error))
