"""What stays the same stays where it is: no run takes away what it shows anew at the same place.

Streamlit sends the elements of a run one after the other, and the browser may draw between any two of them. So what
counts is what was sent, not what was there in the end.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext
from streamlit.testing.v1 import AppTest

from tests.support.app import OpenApp, assert_clean

Slot = tuple[int, ...]


@dataclass
class Sent:
    """The elements of a run in the order in which they were sent: where, of what kind, and what they show."""

    elements: list[tuple[Slot, str, bytes]] = field(default_factory=list)

    def receive(self, message: ForwardMsg) -> None:
        if message.WhichOneof("type") == "navigation":  # `app.py` begins; what was sent before is of a run given up
            self.elements.clear()
        if message.WhichOneof("type") != "delta":
            return
        delta, slot = message.delta, tuple(message.metadata.delta_path)
        if delta.WhichOneof("type") == "new_element":
            self.elements.append((slot, str(delta.new_element.WhichOneof("type")), delta.SerializeToString()))

    def changes(self) -> list[list[str]]:
        """List the kinds of what was shown one after the other at one place, "empty" among them."""
        kinds: dict[Slot, dict[bytes, str]] = defaultdict(dict)
        for slot, kind, content in self.elements:
            kinds[slot][content] = kind
        return [list(shown.values()) for shown in kinds.values() if len(shown) > 1]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sent]:
    """Record what is sent to the browser."""
    log, enqueue = Sent(), ScriptRunContext.enqueue

    def record(context: ScriptRunContext, message: ForwardMsg) -> None:
        log.receive(message)
        enqueue(context, message)

    monkeypatch.setattr(ScriptRunContext, "enqueue", record)
    yield log


def _another_saturation(app: AppTest) -> None:
    app.slider(key="saturation").set_value(1.4)


def _another_format(app: AppTest) -> None:
    app.segmented_control(key="format").set_value("PNG")


def _another_rendering(app: AppTest) -> None:
    app.segmented_control(key="rendering").set_value("palette")


def _nothing(app: AppTest) -> None:
    """As when a widget of no consequence was touched."""


@pytest.mark.parametrize(
    ("page", "change"),
    [
        ("pages/colorize.py", _another_format),
        ("pages/compare.py", _another_saturation),
        ("pages/compare.py", _another_format),
        ("pages/triptych.py", _nothing),
        ("pages/palette.py", _another_rendering),
        ("pages/learning.py", _nothing),
        ("pages/spaces.py", _nothing),
        ("pages/best_and_worst.py", _nothing),
        ("pages/alternatives.py", _another_format),
        ("pages/curves.py", _nothing),
        ("pages/models.py", _nothing),
    ],
)
def test_a_run_without_anything_to_compute_shows_each_thing_once(
    open_app: OpenApp, sent: Sent, page: str, change: Callable[[AppTest], None]
) -> None:
    app = open_app(page)
    change(app)
    app.run()
    assert_clean(app)
    assert len(sent.elements) > 5
    assert sent.changes() == []
