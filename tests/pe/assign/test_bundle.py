from __future__ import annotations

from pcsx.pe.assign.dispatch import assign
from pcsx.pe.constraints import colocation
from pcsx.pe.model import Role
from pcsx.pe.scores import NEVER
from pcsx.values import INFINITY
from tests.pe.assign.build import colocate, place_of, scores_of
from tests.pe.constraints.documents import document, prepared, primitive


def bundle_work(replicas, *, image="", attributes=None, extra=""):
    bundle = (
        f'<bundle id="b"><docker image="i" replicas="{replicas}" {image}/>'
        '<network ip-range-start="10.0.0.2" control-port="3121"/>'
        f"{primitive('x')}</bundle>"
    )
    work = prepared(document(bundle + extra, attributes=attributes))
    work.tell_scores = True
    for rsc in work.resources:
        colocation.imply(work, rsc)
    return work


def places(work, *names):
    return [place_of(work.by_id[name]) for name in names]


def test_containers_spread_and_all_that_belongs_to_one_is_where_it_is():
    work = bundle_work(2)
    assign(work, work.by_id["b"])
    first, second = places(work, "b-docker-0", "b-docker-1")
    assert {first, second} == {"a", "b"}
    assert places(work, "b-ip-10.0.0.2", "b-0") == [first, first]
    assert places(work, "b-ip-10.0.0.3", "b-1") == [second, second]


def test_the_service_runs_in_its_own_container_only():
    work = bundle_work(2)
    assign(work, work.by_id["b"])
    assert places(work, "x:0", "x:1") == ["b-0", "b-1"]
    assert scores_of(work.by_id["x:0"]) == {"b-0": INFINITY}


def test_no_node_has_more_containers_than_allowed():
    work = bundle_work(4)
    assign(work, work.by_id["b"])
    assert sorted(map(str, places(work, *(f"b-docker-{n}" for n in range(4))))) == [
        "None", "a", "b", "c",
    ]  # fmt: skip


def test_asked_again_a_bundle_tells_its_scores_again_and_nothing_moves():
    work = bundle_work(1)
    assign(work, work.by_id["b"])
    where = places(work, "b-docker-0", "b-0", "x:0")
    told = [line for line in work.score_lines if line.startswith("pcmk__bundle")]
    assign(work, work.by_id["b"])
    again = [line for line in work.score_lines if line.startswith("pcmk__bundle")]
    assert places(work, "b-docker-0", "b-0", "x:0") == where
    assert len(again) == 2 * len(told)


def test_a_dependent_of_a_bundle_must_be_where_a_container_is():
    work = bundle_work(1, extra=primitive("d"))
    dependent = work.by_id["d"]
    colocate(dependent, work.by_id["b"])
    assign(work, dependent)
    (where,) = places(work, "b-docker-0")
    assert place_of(dependent) == where
    assert scores_of(dependent)[where] == 0


def test_a_dependent_of_the_promoted_copy_is_on_its_host():
    work = bundle_work(2, image='promoted-max="1"', extra=primitive("d"))
    for number, score in enumerate("59"):
        work.nodes_by_name[f"b-{number}"].attrs["master-x"] = score
    dependent = work.by_id["d"]
    colocate(dependent, work.by_id["b"], primary_role=Role.PROMOTED)
    assign(work, dependent)
    assert work.by_id["x:1"].next_role == Role.PROMOTED
    assert work.by_id["x:0"].next_role == Role.UNPROMOTED
    assert place_of(dependent) == place_of(work.by_id["b-docker-1"])


def test_a_container_without_node_leaves_its_service_out_of_promotion():
    work = bundle_work(4, image='promoted-max="1"')
    assign(work, work.by_id["b"])
    (left,) = (n for n in range(4) if place_of(work.by_id[f"b-docker-{n}"]) is None)
    assert set(scores_of(work.by_id[f"b-docker-{left}"]).values()) == {NEVER}
    assert work.by_id[f"x:{left}"].next_role != Role.PROMOTED


def test_in_a_cluster_that_is_opted_into_a_connection_knows_bundle_nodes_too():
    bundle = (
        '<bundle id="q"><docker image="i" replicas="2"/><network control-port="3121"/>'
        f"{primitive('x')}</bundle>"
    )
    work = prepared(document(bundle, options="symmetric-cluster=false"))
    assert scores_of(work.by_id["q-1"]) == {"a": 0, "b": 0, "c": 0, "q-0": NEVER, "q-1": NEVER}
