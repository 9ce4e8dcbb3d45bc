"""Five hundred seeds of trouble, each its own mix, without a violation.

From `SWARM_FROM` on a seed draws its size, options, policy and kinds of trouble too; from
`RARE_FROM` on also what needs a moment of its own: a fencer struck as it fences, a machine that
stands still between its look at the lease and what it began, power shared with its switch. One that
ever failed is kept in `corpus/`, made small, and is run for ever. To look at one:
`python -m tests.sim SEED`.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.sim.chaos import RARE_FROM, SWARM_FROM, Chaos
from tests.sim.shrink import Case, shrunk

SEEDS = int(os.environ.get("PCSX_SEEDS", "500"))
BATCH = 10
OPEN: frozenset[int] = frozenset()
"""Seeds that show a fault that is open (docs/RING.md 13); a mended one leaves the list."""
CORPUS = sorted(Path(__file__).with_name("corpus").glob("*.json"))


def run_all(seeds: range) -> None:
    """Run each of *seeds*; those that are open must show their fault."""
    for seed in seeds:
        try:
            Chaos(seed).run()
        except AssertionError as error:
            if seed not in OPEN:
                raise AssertionError(f"seed {seed}: {error}") from error
        else:
            assert seed not in OPEN, f"seed {seed} is mended: take it off the list"


@pytest.mark.parametrize("first", range(0, SEEDS, BATCH))
def test_no_seed_breaks_an_invariant(first: int):
    run_all(range(first, min(first + BATCH, SEEDS)))


@pytest.mark.parametrize("first", range(RARE_FROM, RARE_FROM + SEEDS // 10, BATCH))
def test_no_rare_trouble_breaks_an_invariant(first: int):
    run_all(range(first, first + BATCH))


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_what_once_failed_stays_mended(path: Path):
    Case.from_json(path.read_text("utf-8")).run()


def test_shrinking_leaves_out_all_that_a_failure_does_not_need():
    rounds = Chaos(SWARM_FROM).rounds

    def needs_the_first_round_and_loss(case: Case) -> bool:
        return 0 not in case.skip and "loss" not in case.without

    case = shrunk(SWARM_FROM, needs_the_first_round_and_loss)
    assert case is not None and case.skip == tuple(range(1, rounds))
    assert "loss" not in case.without and "duplicate" in case.without
    assert Case.from_json(case.to_json()) == case


def test_a_round_left_out_leaves_the_others_as_they_are():
    assert shrunk(SWARM_FROM, lambda _: False) is None
