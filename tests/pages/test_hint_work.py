"""What the browser tells is done as far as it makes sense; every step can be taken back."""

from typing import Any

import pytest

from colorizer.inference.hints import MAX_HINTS, Hint
from pages.features.hints.state import HintWork, act, receive

RED, BLUE = (200, 30, 20), (20, 30, 200)


def worked(*messages: dict[str, Any]) -> HintWork:
    work = HintWork((400, 300))
    for message in messages:
        act(work, message)
    return work


ASK = {"act": "ask", "x": 0.5, "y": 0.25}
PIN = {"act": "pin", "rgb": "#c81e14"}


def test_a_click_asks_and_a_colour_pins() -> None:
    work = worked(ASK)
    assert work.point == (0.5, 0.25) and work.selected is None and work.hints == ()
    act(work, PIN)
    assert work.hints == (Hint(200, 75, RED),)
    assert work.point is None and work.selected is None  # a choice was made: nothing is asked any more


def test_another_colour_for_a_pinned_point_changes_it() -> None:
    work = worked(ASK, PIN, {"act": "select", "index": 0}, {"act": "pin", "rgb": "#141ec8"})
    assert work.hints == (Hint(200, 75, BLUE),)
    act(work, {"act": "ask", "x": 1, "y": 1})
    act(work, PIN)
    assert work.hints == (Hint(200, 75, BLUE), Hint(399, 299, RED))


def test_points_are_moved_and_removed() -> None:
    work = worked(ASK, PIN, {"act": "move", "index": 0, "x": 0.0, "y": 1.0})
    assert work.hints == (Hint(0, 299, RED),)
    assert work.selected is None and work.point is None
    act(work, {"act": "remove", "index": 0})
    assert work.hints == () and work.point is None


def test_every_step_is_taken_back_and_done_again() -> None:
    work = worked(ASK, PIN, {"act": "move", "index": 0, "x": 0.75, "y": 0.5}, {"act": "clear"})
    assert work.hints == ()
    seen = []
    for _ in range(4):
        act(work, {"act": "undo"})
        seen.append(work.hints)
    assert seen == [(Hint(300, 150, RED),), (Hint(200, 75, RED),), (), ()]
    act(work, {"act": "redo"})
    act(work, {"act": "redo"})
    assert work.hints == (Hint(300, 150, RED),)
    act(work, ASK)
    act(work, PIN)
    assert not work.future  # something else was done since


def test_closing_forgets_the_point_alone() -> None:
    work = worked(ASK, PIN, {"act": "select", "index": 0}, {"act": "close"})
    assert work.point is None and work.selected is None and len(work.hints) == 1


def test_there_is_an_end_to_points() -> None:
    work = HintWork((400, 300))
    for number in range(MAX_HINTS + 5):
        act(work, {"act": "ask", "x": (number % 40) / 40, "y": (number // 40) / 40})
        act(work, PIN)
    assert len(work.hints) == MAX_HINTS
    assert len(work.past) <= 100


@pytest.mark.parametrize(
    "message",
    [
        None,
        7,
        "pin",
        [],
        {},
        {"act": ["pin"]},
        {"act": "pin"},
        {"act": "pin", "rgb": "red"},
        {"act": "pin", "rgb": "#12345g"},
        {"act": "pin", "rgb": 5},
        {"act": "ask", "x": "1", "y": 1},
        {"act": "ask", "x": True, "y": 0.5},
        {"act": "ask", "x": float("nan"), "y": 0.5},
        {"act": "ask", "x": 1e308 * 10, "y": 0.5},
        {"act": "ask", "x": -0.1, "y": 0.5},
        {"act": "move", "index": 3, "x": 0.1, "y": 0.1},
        {"act": "move", "index": -1, "x": 0.1, "y": 0.1},
        {"act": "move", "index": "0", "x": 0.1, "y": 0.1},
        {"act": "select", "index": 10**40},
        {"act": "remove", "index": True},
        {"act": "explode"},
    ],
)
def test_whatever_else_a_browser_sends_changes_nothing(message: object) -> None:
    work = worked(ASK, PIN, {"act": "close"})
    act(work, message)
    assert (work.hints, work.point, work.selected, len(work.past)) == ((Hint(200, 75, RED),), None, None, 1)


def test_a_colour_without_a_point_changes_nothing() -> None:
    assert worked(PIN).hints == ()


def test_each_message_is_done_once_and_in_order() -> None:
    work = HintWork((400, 300))
    first, second = {**ASK, "id": 11, "of": "this"}, {**PIN, "id": 12, "of": "this"}
    receive(work, "this", [first])
    receive(work, "this", [first, second])
    receive(work, "this", [first, second])
    assert work.hints == (Hint(200, 75, RED),) and len(work.past) == 1 and work.answered == 12


@pytest.mark.parametrize(
    "messages",
    [
        None,
        "pin",
        {"act": "clear"},
        [None, 3, []],
        [{"act": "clear"}],
        [{"act": "clear", "id": 99, "of": "another"}],
        [{"act": "clear", "id": "99", "of": "this"}],
        [{"act": "clear", "id": True, "of": "this"}],
        [{"act": "clear", "id": 10**60, "of": "this"}],
        [{"act": "clear", "id": 3, "of": "this"}],
    ],
)
def test_messages_of_another_canvas_or_none_at_all_change_nothing(messages: object) -> None:
    work = worked(ASK, PIN)
    work.answered = 5
    receive(work, "this", messages)
    assert len(work.hints) == 1 and work.answered == 5
