"""Try random programs until stopped: ``python -m tests.autodiff.programs --help``."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from itertools import count

from tests.autodiff.programs.checks import failure, refused
from tests.autodiff.programs.coverage import differentiable
from tests.autodiff.programs.generate import generate, ops_of
from tests.autodiff.programs.minimise import report


def main() -> int:
    """Run programs, print what fails, and in the end how often each op occurred."""
    options = _options()
    first = int.from_bytes(os.urandom(5), "big") if options.seed is None else options.seed
    print(f"programs from seed {first} on; Ctrl-C ends")
    ops: Counter[str] = Counter(dict.fromkeys(differentiable(), 0))
    done = failed = 0
    start = time.monotonic()
    try:
        for seed in count(first):
            passed = _passes(seed, ops)
            done, failed = done + 1, failed + (not passed)
            _progress(done, failed, time.monotonic() - start)
            if done == options.programs or time.monotonic() - start > 60 * options.minutes:
                break
    except KeyboardInterrupt:
        pass
    _table(done, failed, time.monotonic() - start, ops)
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.autodiff.programs", description=__doc__)
    parser.add_argument("--programs", type=int, metavar="N", help="end after so many")
    parser.add_argument("--seed", type=int, metavar="S", help="of the first; otherwise a fresh one")
    parser.add_argument("--minutes", type=float, metavar="M", default=float("inf"))
    return parser.parse_args()


def _passes(seed: int, ops: Counter[str]) -> bool:
    program = generate(seed)
    found = failure(program)
    if found is None:
        ops.update(ops_of(program))
        return True
    print(f"\r{'':60}\r{report(program, found)}", flush=True)
    return False


def _progress(done: int, failed: int, seconds: float) -> None:
    if sys.stdout.isatty() or done % 100 == 0:
        line = f"{done} programs, {failed} failed, {1e3 * seconds / done:.0f} ms each"
        print(f"\r{line}", end="" if sys.stdout.isatty() else "\n", flush=True)


def _table(done: int, failed: int, seconds: float, ops: Counter[str]) -> None:
    print(f"\n{done} programs in {seconds:.0f} s, {failed} failed\n\nprograms  op")
    for op, n in sorted(ops.items(), key=lambda item: (item[1], item[0])):
        print(f"{n:8}  {op}")
    print(f"\n{'refusals':>8}" if refused else "\nno refusals")
    for message, n in refused.most_common():
        print(f"{n:8}  {message}")


if __name__ == "__main__":
    raise SystemExit(main())
