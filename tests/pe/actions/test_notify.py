from ..small import Decision, clone, cluster, primitive, started

KEY = "x_pre_notify_start_0"
TOLD = clone("c", primitive("x"), "notify=true")


def test_what_runs_is_told_before_and_after_another_instance_starts() -> None:
    decision = Decision(cluster(TOLD, histories={"a": started("x")}))
    notes = [action for action in decision.transition.actions if action.task == "notify"]
    told = sorted((action.key, action.node) for action in notes if action.node)
    assert told == [
        ("x:1_post_notify_start_0", "b"),
        ("x_post_notify_start_0", "a"),
        ("x_pre_notify_start_0", "a"),
    ]
    assert decision.before("start x:1 b") == ["notify x:0 a"]
    assert all(action.priority == 1_000_000 for action in notes if "post" in action.key)


def test_a_notification_carries_who_does_what_where() -> None:
    told = dict(Decision(cluster(TOLD, histories={"a": started("x")})).step(KEY).meta)
    assert told["notify_type"] == "pre"
    assert told["notify_operation"] == "start"
    assert (told["notify_start_resource"], told["notify_start_uname"]) == ("x:1", "b")
    assert (told["notify_active_resource"], told["notify_active_uname"]) == ("x:0", "a")
    assert told["notify_stop_resource"] == " "
    assert told["notify_all_uname"] == "a b"


def test_a_clone_without_notify_tells_nobody() -> None:
    decision = Decision(cluster(clone("c", primitive("x")), histories={"a": started("x")}))
    assert not any("notify" in name for name in decision.real)
