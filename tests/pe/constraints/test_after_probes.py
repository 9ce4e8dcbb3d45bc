from ..small import Decision, cluster, order, primitive, started


def test_nothing_restarts_before_what_it_depends_on_has_been_found() -> None:
    off = primitive("x", meta="target-role=Stopped")
    cib = cluster(
        off + primitive("y"),
        constraints=order("x", "y"),
        histories={"b": started("y")},
        probed=False,
    )
    decision = Decision(cib)
    assert "stop y b" in decision.real
    assert {"probe x a", "probe x b"} <= set(decision.before("stop y b"))


def test_what_waits_for_a_stop_waits_for_the_probes_too() -> None:
    off = primitive("x", meta="target-role=Stopped")
    cib = cluster(
        off + primitive("y"),
        constraints=order("x:stop", "y:start"),
        probed=False,
    )
    decision = Decision(cib)
    start = next(step for step in decision.real if step.startswith("start y"))
    assert {"probe x a", "probe x b"} <= set(decision.before(start))
