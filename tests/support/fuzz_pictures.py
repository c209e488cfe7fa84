"""Mutated picture files through `open_image`: only a picture or a PictureError may come out, in time and in memory.

    python -m tests.support.fuzz_pictures --count 20000   # seeds 0 to 19999, a line for each find
    python -m tests.support.fuzz_pictures --seed 123      # one of them again, with its traceback

Each seed makes one file: a small real one of every format, with flipped bytes, cuts, swapped or repeated pieces and
lengths that lie. A child process of 1.5 GB of address space opens them; a file may take 5 seconds of its time. A child
that crashes or hangs is replaced, and its seed reported.
"""

import argparse
import functools
import queue
import random
import subprocess
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence

from tests.support import ROOT
from tests.support.image_files import every_format

MEMORY_BYTES = 1_500_000_000
CPU_SECONDS = 5.0
_PATIENCE_SECONDS = 90.0  # of the clock, where others have the cores
_LIES = (0, 1, 2, 7, 0x7F, 0xFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_HEAD_BYTES = 400


@functools.cache
def originals() -> tuple[bytes, ...]:
    """One small file of each format and variety."""
    return tuple(every_format().values())


def mutated(seed: int) -> bytes:
    """Make the file of a seed."""
    dice = random.Random(seed)
    data = bytearray(dice.choice(originals()))
    for _ in range(dice.choice((1, 1, 2, 3, 6))):
        dice.choice((_flip, _flip, _cut, _swap, _repeat, _lie, _lie))(data, dice)
    return bytes(data)


def _place(data: bytearray, dice: random.Random) -> int:
    """Anywhere, or more often where headers are."""
    return dice.randrange(max(1, min(len(data), dice.choice((64, _HEAD_BYTES, len(data))))))


def _flip(data: bytearray, dice: random.Random) -> None:
    for _ in range(dice.choice((1, 1, 2, 8))):
        at = _place(data, dice)
        data[at : at + 1] = bytes((dice.randrange(256),))


def _cut(data: bytearray, dice: random.Random) -> None:
    del data[_place(data, dice) + 12 :]


def _swap(data: bytearray, dice: random.Random) -> None:
    first, second = sorted((_place(data, dice), _place(data, dice)))
    length = dice.choice((4, 8, 16, 64))
    one, other = data[first : first + length], data[second : second + length]
    if second - first >= length and len(one) == len(other):
        data[first : first + length], data[second : second + length] = other, one


def _repeat(data: bytearray, dice: random.Random) -> None:
    at, length = _place(data, dice), dice.choice((4, 12, 64, 300))
    data[at:at] = data[at : at + length] * dice.choice((1, 2, 20))


def _lie(data: bytearray, dice: random.Random) -> None:
    at, size = _place(data, dice), dice.choice((2, 4))
    lie = dice.choice(_LIES) & ((1 << 8 * size) - 1)
    data[at : at + size] = lie.to_bytes(size, dice.choice(("big", "little")))


def judge(seed: int) -> str:
    """Open the file of a seed: "picture", "refused", or what went wrong."""
    from colorizer.errors import PictureError
    from colorizer.images import open_image

    began = time.process_time()
    try:
        photo = open_image(mutated(seed))
        found = "picture" if photo.image.mode == "RGB" and photo.image.size > (0, 0) else "a strange picture"
    except PictureError as error:
        found = "refused" if str(error).endswith(".") and "\n" not in str(error) else f"no sentence: {error}"
    except BaseException as error:
        found = f"{type(error).__name__}: {error}"
    seconds = time.process_time() - began
    return found if seconds <= CPU_SECONDS else f"took {seconds:.1f} s"


def _serve() -> None:
    """In the child: a seed on each line of the input, an answer on each line of the output."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        print(judge(int(line)).replace("\n", " "), flush=True)


class _Child:
    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.support.fuzz_pictures", "--serve"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            cwd=ROOT,
        )  # fmt: skip
        self.answers: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.answers.put(line.strip())
        self.answers.put("")

    def ask(self, seed: int) -> str:
        """Return the answer; "" where the child died."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(f"{seed}\n")
            self.process.stdin.flush()
            return self.answers.get(timeout=_PATIENCE_SECONDS)
        except (queue.Empty, OSError):
            return "hung or died"

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


def run(seeds: Sequence[int]) -> Iterator[tuple[int, str]]:
    """(seed, answer) of each, in order."""
    child = _Child()
    try:
        for seed in seeds:
            answer = child.ask(seed)
            if answer in ("", "hung or died"):
                status = child.process.poll()
                child.end()
                child, answer = _Child(), f"died with status {status}" if status is not None else "hung"
            yield seed, answer
    finally:
        child.end()


def main(arguments: Sequence[str]) -> int:
    """Exit status 0 where nothing was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--serve", action="store_true")
    options = parser.parse_args(arguments)
    if options.serve:
        _serve()
        return 0
    if options.seed is not None:
        return _show(options.seed)
    counts: dict[str, int] = {}
    for seed, answer in run(range(options.first, options.first + options.count)):
        counts[answer] = counts.get(answer, 0) + 1
        if answer not in ("picture", "refused"):
            print(f"seed {seed}: {answer}", flush=True)
    print(f"{options.count} files: " + ", ".join(f"{count} {answer}" for answer, count in sorted(counts.items())))
    return 1 if counts.keys() - {"picture", "refused"} else 0


def _show(seed: int) -> int:
    from colorizer.images import open_image

    try:
        print(open_image(mutated(seed)))
    except Exception:
        traceback.print_exc()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
