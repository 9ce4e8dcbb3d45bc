"""Who is promotable: clones that say so, and what is in them."""

import pytest

from pcsx.pe.model import Role
from tests.pe.constraints.documents import work_of
from tests.pe.small import clone, cluster, history, operation, primitive

BUNDLE = (
    '<bundle id="b"><meta_attributes id="bm"><nvpair id="bp" name="promotable" value="true"/>'
    '</meta_attributes><podman image="i" replicas="1" promoted-max="1"/>'
    '<network control-port="3121"/><primitive id="in" class="ocf" provider="pacemaker" '
    'type="Stateful"/></bundle>'
)


def test_a_clone_and_what_is_in_it_is_promotable():
    work = work_of(cluster(clone("c", primitive("p"), "promotable=true")))
    assert work.by_id["c"].promotable and work.by_id["p:0"].promotable


def test_a_resource_on_its_own_is_not_whatever_it_says():
    assert not work_of(cluster(primitive("p", meta="promotable=true"))).by_id["p"].promotable


def test_what_a_bundle_is_made_of_is_not_and_its_service_is():
    work = work_of(cluster(BUNDLE))
    assert work.by_id["in:0"].promotable
    assert not work.by_id["b-0"].promotable and not work.by_id["b-podman-0"].promotable


@pytest.mark.parametrize("name", ["b-0", "b-podman-0"])
def test_a_failed_part_of_a_promotable_bundle_is_started(name: str):
    failed = operation(name, "monitor", 3, rc=1, interval=60_000)
    records = history(name, operation(name, "start", 2), failed)
    work = work_of(cluster(BUNDLE, histories={"a": records}))
    assert work.by_id[name].role == Role.STARTED
