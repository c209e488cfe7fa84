"""A short run of the fuzzer, and the seeds of long ones that found something."""

import pytest

from tests.support.fuzz_pictures import run

FOUND: tuple[int, ...] = ()
"""Seeds that once gave something else than a picture or a refusal."""


def test_three_hundred_mutated_files_give_a_picture_or_a_refusal() -> None:
    answers = dict(run(range(300)))
    assert {seed: answer for seed, answer in answers.items() if answer not in ("picture", "refused")} == {}
    assert {"picture", "refused"} <= set(answers.values())


@pytest.mark.skipif(not FOUND, reason="no seed has found anything yet")
def test_what_the_fuzzer_once_found_stays_mended() -> None:
    assert {answer for _, answer in run(FOUND)} <= {"picture", "refused"}
