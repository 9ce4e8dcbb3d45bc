"""Shutdown locks: who waits for the node that was shut down, and when the lock is over."""

from pcsx.pe.schedule import schedule
from tests.pe.small import NOON, cluster, primitive, started


def test_the_lock_of_what_was_started_in_spite_of_it_goes_with_its_history():
    locked = started("web").replace("<lrm_resource ", '<lrm_resource shutdown-lock="1400000000" ')
    cib = cluster(primitive("web"), options="shutdown-lock=true", histories={"a": locked})
    plan = schedule(cib, NOON)
    assert [action.node for action in plan.actions if action.task == "lrm_delete"] == ["a"]
