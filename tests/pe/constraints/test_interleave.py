from ..small import Decision, clone, cluster, decided, history, operation, order, primitive, started

FAILED = history(
    "x", operation("x", "start", 2), operation("x", "monitor", 3, rc=7, interval=10_000)
)
MONITORED = history("x", operation("x", "start", 2), operation("x", "monitor", 3, interval=10_000))


def restarted(interleave: str) -> list[str]:
    both = clone("c", primitive("x", ops="monitor=10s")) + clone(
        "d", primitive("y"), f"interleave={interleave}"
    )
    histories = {"a": FAILED + started("y"), "b": MONITORED + started("y")}
    steps = decided(cluster(both, constraints=order("c", "d"), histories=histories))
    return [step for step in steps if step.startswith("stop y")]


def test_interleaved_instances_restart_only_with_the_one_on_their_node() -> None:
    assert [step.split()[-1] for step in restarted("true")] == ["a"]


def test_others_restart_with_any() -> None:
    assert [step.split()[-1] for step in restarted("false")] == ["a", "b"]


def test_an_instance_without_a_partner_on_its_node_does_not_run() -> None:
    both = clone("c", primitive("x"), "clone-max=1") + clone("d", primitive("y"), "interleave=true")
    steps = decided(cluster(both, constraints=order("c", "d")))
    assert sum(step.startswith("start y") for step in steps) == 1


def test_starts_wait_for_all_instances_of_the_other_clone() -> None:
    both = clone("c", primitive("x")) + clone("d", primitive("y"), "interleave=true")
    decision = Decision(cluster(both, constraints=order("c", "d")))
    start = next(step for step in decision.real if step.startswith("start y"))
    assert sum(step.startswith("start x") for step in decision.before(start)) == 2
