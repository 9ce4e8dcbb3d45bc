"""Guests that only histories still know of."""

from __future__ import annotations

import pytest

from pcsx.pe.read.working_set import working_set
from tests.pe.small import NOON, clone, cluster, history, operation, primitive, started


@pytest.mark.parametrize(
    "resources", [primitive("vm"), clone("vms", primitive("vm"))], ids=["alone", "cloned"]
)
def test_a_connection_that_was_removed_lives_in_what_histories_call_its_container(
    resources: str,
) -> None:
    link = history("g", operation("g", "start", 3), agent="ocf pacemaker remote")
    link = link.replace("<lrm_resource ", '<lrm_resource container="vm" ', 1)
    work = working_set(cluster(resources, histories={"a": started("vm") + link}), NOON)
    connection = next(rsc for rsc in work.resources if rsc.id == "g")
    assert connection.launcher is not None
    assert connection.launcher.base_id == "vm"
    assert next(node for node in work.nodes if node.name == "g").is_guest
