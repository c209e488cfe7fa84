"""What Streamlit's server answers a browser is not lost where a run of the page begins at that very moment.

A run that begins drops what the last one has left in its session's queue, and with it, in Streamlit 1.67, two answers
that belong to no run: where an upload is to be sent (`file_urls_response`) and that a download is ready
(`backend_operation_response`; streamlit/runtime/forward_msg_queue.py). The browser waits for them for good: on a busy
server a photo did not come, and a click on a download did nothing.
"""

from typing import Final

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import app_session
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

_ANSWERS: Final = ("file_urls_response", "backend_operation_response")


class AnsweringQueue(ForwardMsgQueue):
    """A session's queue of messages, with a place for answers that outlasts the beginning of a run."""

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__()
        self._answers: list[ForwardMsg] = []

    def is_empty(self) -> bool:
        """Tell whether there is nothing to send."""
        return not self._answers and super().is_empty()

    def __len__(self) -> int:
        """Count the messages to send."""
        return len(self._answers) + super().__len__()

    def enqueue(self, msg: ForwardMsg) -> None:
        """Add a message."""
        if msg.WhichOneof("type") in _ANSWERS:
            self._answers.append(msg)
        else:
            super().enqueue(msg)

    def clear(self, retain_lifecycle_msgs: bool = False, fragment_ids_this_run: list[str] | None = None) -> None:
        """Drop what is left of the last run, or, without `retain_lifecycle_msgs`, all."""
        if not retain_lifecycle_msgs:
            self._answers = []
        super().clear(retain_lifecycle_msgs, fragment_ids_this_run)

    def flush(self) -> list[ForwardMsg]:
        """Return all messages, answers first; nothing is left then."""
        answers = self._answers
        return [*answers, *super().flush()]


def keep_answers() -> None:
    """Give such a queue to each session that begins from now on."""
    app_session.ForwardMsgQueue = AnsweringQueue  # type: ignore[misc]
