from ..small import Decision, clone, cluster, decided, group, primitive, stopped


def test_every_node_is_asked_before_anything_starts() -> None:
    decision = Decision(cluster(primitive("x"), probed=False))
    assert decision.before("start x a") == ["probe x a", "probe x b"]
    assert decision.step("probe x a").target_rc == 7


def test_a_node_that_told_already_is_not_asked_again() -> None:
    cib = cluster(primitive("x"), probed=False, histories={"a": stopped("x")})
    assert decided(cib) == ["probe x b", "start x a"]


def test_unmanaged_resources_are_probed_too() -> None:
    cib = cluster(primitive("x", meta="is-managed=false"), probed=False)
    assert decided(cib) == ["probe x a", "probe x b"]


def test_one_instance_of_an_anonymous_clone_answers_for_all() -> None:
    decision = Decision(cluster(clone("c", primitive("x")), probed=False))
    assert sum(name.startswith("probe") for name in decision.real) == 2


def test_every_instance_of_a_unique_clone_is_probed_everywhere() -> None:
    unique = clone("c", primitive("x"), "globally-unique=true clone-max=2 clone-node-max=2")
    decision = Decision(cluster(unique, probed=False))
    assert sum(name.startswith("probe") for name in decision.real) == 4


def test_members_of_a_group_are_probed_one_by_one() -> None:
    cib = cluster(group("g", primitive("x"), primitive("y")), probed=False)
    assert Decision(cib).before("start y a") == [
        "probe x a", "probe x b", "probe y a", "probe y b", "start x a",
    ]  # fmt: skip


def test_a_location_can_forbid_the_question() -> None:
    never = '<rsc_location id="l" rsc="x" node="b" score="-INFINITY" resource-discovery="never"/>'
    cib = cluster(primitive("x"), constraints=never, probed=False)
    assert decided(cib) == ["probe x a", "start x a"]


def test_a_pending_node_holds_the_start_back() -> None:
    cib = cluster(primitive("x"), probed=False, attributes={"b": "standby=true"})
    assert decided(cib) == ["probe x a", "probe x b", "start x a"], "standby nodes are asked"
