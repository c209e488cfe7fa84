"""Pieces of work one after the other: each is named while it is done, shown when it is there, and fails alone."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape

import streamlit as st

from pages.common.error_boundary import sentence
from pages.common.slot import Slot


@dataclass(frozen=True)
class Job:
    """One piece of work, such as one photo by one checkpoint."""

    doing: str
    """What the status line says meanwhile, e.g. "Colouring beach.jpg: Photo"."""
    subject: str
    """What a sentence about its failure begins with, e.g. the checkpoint's title."""
    work: Callable[[], None]
    """Does it, and keeps the result."""
    fail: Callable[[str], None]
    """Keeps that sentence instead."""
    show: Callable[[], None] = lambda: None
    """Shows either."""


def status_line(key: str = "status") -> Slot:
    """Make the place of a line that says what is being done; it has the height of a line before that comes."""
    return Slot(st.container(key=key))


def set_status(status: Slot, text: str) -> None:
    """Show what is being done, or what is on the page; screen readers read it out."""
    status.html(f'<p class="status" role="status">{escape(text)}</p>')


def run_jobs(jobs: Iterable[Job], total: int, status: Slot) -> None:
    """Do one job after the other; what goes wrong with one touches no other.

    Args:
        jobs: the work; each is made when its turn comes.
        total: how many they are at most, for "2 of 5".
        status: the place for what is being done.
    """
    for number, job in enumerate(jobs, 1):
        set_status(status, f"{job.doing} ({number} of {total}) ...")
        try:
            job.work()
        except Exception as error:  # of whatever kind: the others are still to come
            job.fail(sentence(error, job.subject))
        job.show()
