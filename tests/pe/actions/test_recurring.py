from ..small import Decision, cluster, decided, history, operation, primitive

MONITORED = history("x", operation("x", "start", 2), operation("x", "monitor", 3, interval=10_000))


def test_a_monitor_that_runs_is_left_alone() -> None:
    rsc = primitive("x", ops="monitor=10s")
    assert decided(cluster(rsc, histories={"a": MONITORED})) == []


def test_a_missing_monitor_is_issued_after_the_start() -> None:
    decision = Decision(cluster(primitive("x", ops="monitor=10s")))
    assert decision.before("monitor=10000 x a") == ["start x a"]


def test_another_interval_ends_the_old_monitor_and_begins_the_new_one() -> None:
    rsc = primitive("x", ops="monitor=20s")
    assert decided(cluster(rsc, histories={"a": MONITORED})) == [
        "cancel=10000 x a",
        "monitor=20000 x a",
    ]


def test_a_monitor_that_is_no_longer_configured_runs_on_if_the_cluster_says_so() -> None:
    cib = cluster(
        primitive("x"), histories={"a": MONITORED}, options="cancel-removed-actions=false"
    )
    assert decided(cib) == []


def test_of_two_monitors_with_one_interval_none_is_scheduled() -> None:
    rsc = primitive("x", ops="monitor=10 monitor=10s")
    decision = Decision(cluster(rsc))
    assert decision.real == ["start x a"]
    assert any("configured twice" in notice for notice in decision.transition.notices)


def test_an_unknown_role_and_a_start_that_repeats_are_noticed_and_ignored() -> None:
    rsc = primitive("x", ops="start=10s monitor=20s").replace(
        'name="monitor"', 'name="monitor" role="Boss"'
    )
    decision = Decision(cluster(rsc))
    assert decision.real == ["start x a"]
    assert len(decision.transition.notices) == 2


def test_a_monitor_of_the_role_stopped_runs_where_the_resource_does_not() -> None:
    rsc = primitive("x", ops="monitor=10s").replace(
        'name="monitor"', 'name="monitor" role="Stopped"'
    )
    decision = Decision(cluster(rsc))
    assert decision.real == ["monitor=10000 x b", "start x a"]
    assert decision.step("monitor=10000 x b").target_rc == 7


def test_maintenance_ends_the_monitors() -> None:
    rsc = primitive("x", ops="monitor=10s", meta="maintenance=true")
    decision = Decision(cluster(rsc, histories={"a": MONITORED}))
    assert decision.real == ["cancel=10000 x a"]
    assert decision.step("cancel=10000 x a").meta_value("call_id") == "3"
