"""What the server answers a browser outlasts the beginning of a run, which drops what is left of the last one."""

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import app_session
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

from pages.common.session_queue import AnsweringQueue, keep_answers


def upload_address() -> ForwardMsg:
    message = ForwardMsg()
    message.file_urls_response.response_id = "one"
    return message


def download() -> ForwardMsg:
    message = ForwardMsg()
    message.backend_operation_response.request_id = "two"
    return message


def text(words: str, place: int) -> ForwardMsg:
    message = ForwardMsg()
    message.delta.new_element.text.body = words
    message.metadata.delta_path.extend([0, place])
    return message


def filled(queue: ForwardMsgQueue) -> ForwardMsgQueue:
    for message in (text("old", 0), upload_address(), text("older", 1), download()):
        queue.enqueue(message)
    return queue


def test_answers_outlast_the_beginning_of_a_run_and_nothing_else_does() -> None:
    queue = filled(AnsweringQueue())
    queue.clear(retain_lifecycle_msgs=True)
    queue.enqueue(text("new", 0))
    assert len(queue) == 3 and not queue.is_empty()
    assert queue.flush() == [upload_address(), download(), text("new", 0)]
    assert len(queue) == 0 and queue.is_empty() and queue.flush() == []


def test_with_the_session_all_goes() -> None:
    queue = filled(AnsweringQueue())
    queue.clear()
    assert queue.is_empty() and queue.flush() == []


def test_streamlits_own_queue_loses_them() -> None:
    """Once it does not, `session_queue` can go."""
    queue = filled(ForwardMsgQueue())
    queue.clear(retain_lifecycle_msgs=True)
    assert queue.is_empty()


def test_sessions_are_given_such_a_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_session, "ForwardMsgQueue", ForwardMsgQueue)
    keep_answers()
    assert app_session.ForwardMsgQueue is AnsweringQueue
    assert "ForwardMsgQueue" in app_session.AppSession.__init__.__code__.co_names  # where Streamlit takes it from
