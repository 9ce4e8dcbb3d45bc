"""Two hundred seeds of trouble, each its own mix, without a violation.

A seed that ever failed is named in `FAILED` and is run for ever. To look at one:
`python -m tests.sim SEED`.
"""

from __future__ import annotations

import os

import pytest

from tests.sim.chaos import Chaos

SEEDS = int(os.environ.get("PCSX_SEEDS", "200"))
FAILED: tuple[int, ...] = ()
"""Seeds beyond the range that failed once; 4, 5, 6, 27 and 39 are within it."""
BATCH = 10


@pytest.mark.parametrize("first", range(0, SEEDS, BATCH))
def test_no_seed_breaks_an_invariant(first: int):
    for seed in range(first, min(first + BATCH, SEEDS)):
        try:
            Chaos(seed).run()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error


@pytest.mark.parametrize("seed", FAILED)
def test_seeds_that_once_failed_stay_mended(seed: int):
    Chaos(seed).run()
