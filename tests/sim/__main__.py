"""Run seeds by hand: `python -m tests.sim FIRST [LAST]` tells each, and the story of a failure.

`python -m tests.sim --shrink SEED` leaves out rounds and faults as long as it still fails, and
prints what is left as a file for `tests/sim/corpus/`.
"""

from __future__ import annotations

import sys
import time

from tests.sim.chaos import Chaos
from tests.sim.shrink import shrunk


def main() -> int:
    """Run the seeds named; return 1 at the first that breaks an invariant."""
    if sys.argv[1] == "--shrink":
        found = shrunk(int(sys.argv[2]))
        print("it does not fail" if found is None else found.to_json())
        return 0
    first = int(sys.argv[1])
    last = int(sys.argv[2]) if len(sys.argv) > 2 else first
    for seed in range(first, last + 1):
        began = time.process_time()
        chaos = Chaos(seed)
        try:
            cluster = chaos.run()
        except AssertionError as error:
            print(f"seed {seed} fails: {error}")
            return 1
        spent = time.process_time() - began
        print(f"seed {seed}: {len(cluster.machines)} nodes, {cluster.now_ms / 1000:.0f} s of "
              f"cluster time in {spent:.2f} s")  # fmt: skip
        if first == last:
            print("\n".join(cluster.story))
    return 0


if __name__ == "__main__":
    sys.exit(main())
