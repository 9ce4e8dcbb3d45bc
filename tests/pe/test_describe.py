from .small import Decision, clone, cluster, primitive, started


def test_an_action_carries_its_parameters_and_options_in_milliseconds() -> None:
    rsc = primitive("x", ops="monitor=10s", params="ip=1 nic=eth0").replace(
        'interval="10s"', 'interval="10s" timeout="5s"'
    )
    step = Decision(cluster(rsc)).step("monitor=10000 x a")
    assert step.params == (("ip", "1"), ("nic", "eth0"))
    assert step.meta_value("interval") == "10000"
    assert (step.meta_value("timeout"), step.timeout_ms) == ("5000", 5000)
    assert step.meta_value("on_node") == "a"


def test_an_instance_is_called_as_the_histories_call_it() -> None:
    cib = cluster(
        clone("c", primitive("x", meta="target-role=Stopped")), histories={"a": started("x")}
    )
    step = Decision(cib).step("x_stop_0")
    assert (step.resource, step.instance) == ("x", "x:0")
    assert (step.key, step.internal_key) == ("x_stop_0", "x:0_stop_0")
    assert step.meta_value("clone") == "0"
    assert step.meta_value("clone_max") == "2"
    assert step.meta_value("globally_unique") == "false"


def test_a_fencing_tells_who_is_down_and_how() -> None:
    cib = cluster(primitive("x"), lost="b", fencing=True, histories={"b": started("x")})
    step = Decision(cib).step("fence b")
    assert step.downed == ("b",)
    assert step.meta_value("stonith_action") == "reboot"
    assert step.resource is None


def test_the_side_with_the_more_important_resources_gets_a_head_start() -> None:
    rsc = primitive("x", meta="priority=10") + primitive("y")
    histories = {"a": started("y"), "b": started("x")}
    cib = cluster(
        rsc, lost="b", fencing=True, histories=histories, options="priority-fencing-delay=15s"
    )
    assert Decision(cib).step("fence b").meta_value("priority-fencing-delay") == "15"
    mirrored = {"a": started("x"), "b": started("y")}
    cib = cluster(
        rsc, lost="b", fencing=True, histories=mirrored, options="priority-fencing-delay=15s"
    )
    assert Decision(cib).step("fence b").meta_value("priority-fencing-delay") == "0"
