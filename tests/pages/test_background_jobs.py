"""Work beside the page: one thread for each kind, dropped where something else is wanted."""

import itertools
import threading

from pages.common.background_jobs import BackgroundJobs, StillWanted


def test_work_is_done_once_while_it_goes_on_and_again_where_something_is_left() -> None:
    jobs, starts, release = BackgroundJobs(), itertools.count(), threading.Event()

    def work(look: StillWanted) -> None:
        next(starts)
        release.wait(30)

    for _ in range(3):
        jobs.keep_going("album", "key", work)
    release.set()
    jobs.wait("album", 30)
    assert next(starts) == 1
    jobs.keep_going("album", "key", work)
    jobs.wait("album", 30)
    assert next(starts) == 3  # two were counted, and the first look


def test_what_is_not_wanted_any_more_ends_before_its_next_piece() -> None:
    jobs, started, done, ended = BackgroundJobs(), threading.Event(), threading.Event(), threading.Event()

    def endless(look: StillWanted) -> None:
        try:
            while True:
                started.set()
                look()
        finally:
            ended.set()

    jobs.keep_going("versions", "one photo", endless)
    assert started.wait(30)
    jobs.keep_going("album", "all", lambda look: None)  # of another kind
    assert not ended.is_set()
    jobs.keep_going("versions", "another photo", lambda look: done.set())
    assert ended.wait(30) and done.wait(30)


def test_a_failure_ends_its_own_work_only() -> None:
    jobs, done = BackgroundJobs(), threading.Event()
    jobs.keep_going("versions", "a", lambda look: [][1])
    jobs.wait("versions", 30)
    jobs.keep_going("versions", "a", lambda look: done.set())
    assert done.wait(30)
