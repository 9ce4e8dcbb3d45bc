from pcsx.pe.digests import digest_of

from ..small import Decision, cluster, decided, history, operation, primitive


def running(**digests: str) -> dict[str, str]:
    return {"a": history("x", operation("x", "start", 2, **digests))}


def test_other_parameters_mean_a_restart() -> None:
    cib = cluster(
        primitive("x", params="ip=2"), histories=running(op_digest=digest_of({"ip": "1"}))
    )
    assert decided(cib) == ["start x a", "stop x a"]


def test_the_same_parameters_mean_nothing() -> None:
    cib = cluster(
        primitive("x", params="ip=2"), histories=running(op_digest=digest_of({"ip": "2"}))
    )
    assert decided(cib) == []


def test_what_can_be_reloaded_is() -> None:
    cib = cluster(
        primitive("x", params="ip=1 speed=9"),
        histories=running(
            op_digest=digest_of({"ip": "1", "speed": "1"}),
            op_restart_digest=digest_of({"ip": "1"}),
            op_force_restart="ip",
        ),
    )
    assert decided(cib) == ["reload-agent x a"]


def test_what_cannot_be_reloaded_is_restarted() -> None:
    cib = cluster(
        primitive("x", params="ip=2 speed=9"),
        histories=running(
            op_digest=digest_of({"ip": "1", "speed": "9"}),
            op_restart_digest=digest_of({"ip": "1"}),
            op_force_restart="ip",
        ),
    )
    assert decided(cib) == ["start x a", "stop x a"]


def test_another_timeout_of_a_monitor_issues_it_again_without_a_restart() -> None:
    old = operation(
        "x", "monitor", 3, interval=10_000, op_digest=digest_of({"CRM_meta_timeout": "5"})
    )
    cib = cluster(
        primitive("x", ops="monitor=10s"),
        histories={"a": history("x", operation("x", "start", 2), old)},
    )
    assert decided(cib) == ["monitor=10000 x a"]


def test_another_agent_is_stopped_and_forgotten_before_the_new_one_starts() -> None:
    old = {"a": history("x", operation("x", "start", 2), agent="ocf pacemaker Other")}
    decision = Decision(cluster(primitive("x"), histories=old))
    assert decision.real == ["delete x a", "start x a", "stop x a"]
    assert decision.before("start x a") == ["delete x a", "stop x a"]


def test_what_is_no_longer_configured_is_stopped_and_forgotten() -> None:
    old = {"a": history("gone", operation("gone", "start", 2))}
    decision = Decision(cluster(primitive("x"), histories=old))
    assert decision.before("delete gone a") == ["stop gone a"]
