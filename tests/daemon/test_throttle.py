"""Laws of how many operations run at once."""

from __future__ import annotations

from pcsx.daemon.throttle import jobs_at_once


def test_a_calm_node_runs_what_it_may():
    assert jobs_at_once(cores=2, limit=0, load=50) == 8
    assert jobs_at_once(cores=16, limit=0, load=50) == 32
    assert jobs_at_once(cores=16, limit=5, load=50) == 5


def test_the_more_a_node_is_loaded_the_less_it_begins_but_never_nothing():
    counts = [jobs_at_once(cores=16, limit=0, load=load) for load in (100, 200, 400, 800)]
    assert counts == [32, 16, 8, 1]
    assert jobs_at_once(cores=1, limit=1, load=10_000) == 1


def test_a_threshold_of_nothing_switches_it_off():
    assert jobs_at_once(cores=2, limit=0, load=10_000, threshold=0) == 8
