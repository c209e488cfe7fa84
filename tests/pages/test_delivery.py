"""Files that are made on the click: they are there when the browser asks for them, and not for ever."""

import logging
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.runtime.scriptrunner_utils.script_run_context import SCRIPT_RUN_CONTEXT_ATTR_NAME

from pages.common.delivery import Delivery

ZIP = "application/zip"


@pytest.fixture
def manager() -> MediaFileManager:
    return MediaFileManager(MemoryMediaFileStorage("/media"))


def click(manager: MediaFileManager, delivery: Delivery, content: bytes, name: str) -> str:
    """Do what Streamlit does on a click on a button whose file is made then; return the file's id."""

    def make() -> bytes:
        delivery.hold(content, ZIP, name)
        return content

    url = manager.execute_deferred(manager.add_deferred(make, ZIP, name, name))
    return url.rpartition("/")[2].partition(".")[0]


def other_pages_run(manager: MediaFileManager) -> None:
    for _ in range(3):
        manager.remove_orphaned_files()


def test_a_file_outlasts_the_runs_of_others_pages(manager: MediaFileManager) -> None:
    file = click(manager, Delivery(manager), b"photos", "a.zip")
    other_pages_run(manager)
    found = manager.read_file(file)
    assert found is not None and found.content == b"photos"


def test_the_server_s_log_stays_empty(manager: MediaFileManager, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        Delivery(manager).hold(b"photos", ZIP, "a.zip")
        assert caplog.text == ""
        manager.add(b"photos", ZIP, "a.zip")  # in a thread of anybody else's
    assert "missing ScriptRunContext" in caplog.text


@pytest.mark.parametrize("count", [1, 3])
def test_it_is_deleted_in_the_end(manager: MediaFileManager, count: int) -> None:
    delivery = Delivery(manager, kept_seconds=0.05)
    for number in range(count - 1):
        click(manager, delivery, b"others", f"{number}.zip")
    file = click(manager, delivery, b"photos", "a.zip")
    end = time.monotonic() + 60
    while manager.read_file(file) is not None:
        assert time.monotonic() < end
        time.sleep(0.01)
        other_pages_run(manager)


def test_the_latest_files_stay_where_all_are_too_large(manager: MediaFileManager) -> None:
    delivery = Delivery(manager, most_bytes=25)
    files = [click(manager, delivery, bytes([number]) * 10, f"{number}.zip") for number in range(4)]
    large = click(manager, delivery, b"." * 100, "large.zip")
    other_pages_run(manager)
    assert [manager.read_file(file) is None for file in files] == [True] * 4
    assert manager.read_file(large) is not None


@pytest.fixture
def in_a_run() -> Iterator[str]:
    """Make this the thread of a visitor's page; return the session's id."""
    thread, session = threading.current_thread(), "a-visitor"
    setattr(thread, SCRIPT_RUN_CONTEXT_ATTR_NAME, SimpleNamespace(session_id=session))
    yield session
    delattr(thread, SCRIPT_RUN_CONTEXT_ATTR_NAME)


def test_what_a_page_holds_outlasts_its_next_run_and_is_let_go_all_the_same(
    manager: MediaFileManager, in_a_run: str
) -> None:
    delivery = Delivery(manager, most_bytes=5)
    url = manager.add(b"grey", "image/jpeg", "tile")
    delivery.hold(b"grey", "image/jpeg")
    manager.clear_session_refs(in_a_run)  # as the next run begins
    other_pages_run(manager)
    file = url.rpartition("/")[2].partition(".")[0]
    assert manager.read_file(file) is not None
    delivery.hold(b"another", "image/jpeg")
    other_pages_run(manager)
    assert manager.read_file(file) is None


def test_a_picture_that_is_replaced_in_the_same_run_can_still_be_fetched(manager: MediaFileManager) -> None:
    delivery = Delivery(manager, kind="picture")
    url = manager.add(b"grey", "image/jpeg", "tile")  # as st.image does
    delivery.hold(b"grey", "image/jpeg")
    manager.add(b"coloured", "image/jpeg", "tile")
    other_pages_run(manager)
    found = manager.read_file(url.rpartition("/")[2].partition(".")[0])
    assert found is not None and found.content == b"grey"
