from ..small import Decision, cluster, decided, history, operation, order, primitive, started

AWAY = '<rsc_location id="l" rsc="x" node="b" score="INFINITY"/>'
LIVE = primitive("x", ops="monitor=10s", meta="allow-migrate=true")
MONITORED = history("x", operation("x", "start", 2), operation("x", "monitor", 3, interval=10_000))


def test_a_resource_that_may_migrate_moves_alive() -> None:
    decision = Decision(cluster(LIVE, constraints=AWAY, histories={"a": MONITORED}))
    assert decision.real == [
        "migrate_from x b", "migrate_to x a", "monitor=10000 x b", "stop x a",
    ]  # fmt: skip
    assert decision.before("migrate_from x b") == ["migrate_to x a"]
    assert decision.before("stop x a") == ["migrate_from x b", "migrate_to x a"]
    step = decision.step("migrate_to x a")
    assert (step.meta_value("migrate_source"), step.meta_value("migrate_target")) == ("a", "b")


def test_a_resource_that_may_not_is_stopped_first() -> None:
    plain = primitive("x")
    decision = Decision(cluster(plain, constraints=AWAY, histories={"a": started("x")}))
    assert decision.real == ["start x b", "stop x a"]
    assert decision.before("start x b") == ["stop x a"]


def test_what_must_stop_with_another_resource_does_not_migrate() -> None:
    base = primitive("base")
    apart = f'<rsc_location id="m" rsc="base" node="b" score="INFINITY"/>{AWAY}{order("base", "x")}'
    both = {"a": started("base") + MONITORED}
    decision = Decision(cluster(base + LIVE, constraints=apart, histories=both))
    assert decision.before("start x b") == ["start base b", "stop base a", "stop x a"]
    assert not any("migrate" in name for name in decision.real)


def test_a_finished_migration_whose_source_was_not_stopped_is_stopped_there_alone() -> None:
    ends = {"migrate_source": "a", "migrate_target": "b"}
    source = history("x", operation("x", "migrate_to", 3, **ends))
    target = history("x", operation("x", "migrate_from", 1, **ends))
    cib = cluster(LIVE, histories={"a": source, "b": target})
    assert decided(cib) == ["monitor=10000 x b", "stop x a"]
