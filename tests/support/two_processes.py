"""`train.py` in two processes that train one run, without an interpreter and a torch of their own for each run."""

import contextlib
import io
import multiprocessing
import os
import socket
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait

from tests.support.command_line import Answer
from tests.support.processes import PATIENCE_SECONDS

PROCESSES = 2
_LEAVE_SECONDS = 20
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["train", "colorizer.training.trainer"])  # torch is loaded once, in the server


def train_in_two_processes(*arguments: object) -> Answer:
    """Run `train.py ARGUMENTS...` in two processes as accelerate's launcher would start them; what both wrote, joined.

    The status is that of both, or -1 where they differ.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [str(argument) for argument in arguments]
    pipes = [CONTEXT.Pipe(duplex=False) for _ in range(PROCESSES)]
    workers = [CONTEXT.Process(target=_train, args=(rank, port, words, pipes[rank][1])) for rank in range(PROCESSES)]
    for worker in workers:
        worker.start()
    for _, there in pipes:
        there.close()  # else the end of a worker would not be seen here
    try:
        answers = _receive([here for here, _ in pipes])
    finally:
        for worker in workers:
            worker.join(_LEAVE_SECONDS)
            worker.kill()  # for one that waits for another that failed
    statuses = {answer.status for answer in answers}
    status = statuses.pop() if len(statuses) == 1 else -1
    return Answer(status, "".join(one.output for one in answers), "".join(one.errors for one in answers))


def _receive(pipes: Sequence[Connection]) -> list[Answer]:
    """Their answers; fails as soon as one ends without one, as the other may then wait for it."""
    answers: dict[Connection, Answer] = {}
    end = time.monotonic() + PATIENCE_SECONDS
    while len(answers) < len(pipes):
        ready = wait([pipe for pipe in pipes if pipe not in answers], max(0, end - time.monotonic()))
        assert ready, "a process of training did not end"
        for pipe in ready:
            assert isinstance(pipe, Connection)
            answers[pipe] = pipe.recv()
    return [answers[pipe] for pipe in pipes]


def _train(rank: int, port: int, arguments: Sequence[str], pipe: Connection) -> None:
    """Be one of the processes."""
    os.environ |= {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(PROCESSES),
        "LOCAL_WORLD_SIZE": str(PROCESSES),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "OMP_NUM_THREADS": "1",
    }
    import torch

    import train

    torch.set_num_threads(1)
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        status = train.main(arguments)
    pipe.send(Answer(status, output.getvalue(), errors.getvalue()))
