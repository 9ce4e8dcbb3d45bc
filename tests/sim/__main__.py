"""Run seeds by hand: `python -m tests.sim FIRST [LAST]` tells each, and the story of a failure.

`python -m tests.sim --shrink SEED` leaves out rounds and faults as long as it still fails, and
prints what is left as a file for `tests/sim/corpus/`. `python -m tests.sim --soak HOURS [NODES]`
lets a cluster at rest live with 5 % of loss and stalls of 200 ms for so long.
"""

from __future__ import annotations

import sys
import time

from tests.sim.chaos import Chaos
from tests.sim.shrink import shrunk
from tests.sim.soak import soaked


def main() -> int:
    """Run the seeds named; return 1 at the first that breaks an invariant."""
    if sys.argv[1] == "--shrink":
        found = shrunk(int(sys.argv[2]))
        print("it does not fail" if found is None else found.to_json())
        return 0
    if sys.argv[1] == "--soak":
        return soak(float(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 3)
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


def soak(hours: float, count: int) -> int:
    """Tell how a long soak went; return 1 if it cost anybody anything."""
    began = time.process_time()
    try:
        soaked(1, hours=hours, count=count)
    except AssertionError as error:
        print(f"the soak fails: {error}")
        return 1
    spent = time.process_time() - began
    print(f"{count} nodes, {hours:g} h of 5 % loss and 200 ms stalls: no fencing, no new view "
          f"({spent:.0f} s of CPU, {hours * 3600 / spent:.0f} times real time)")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
