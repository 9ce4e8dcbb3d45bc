"""What access lists ask of whole requests."""

from __future__ import annotations

import pytest

from pcsx import protocol
from pcsx.cib import Cib
from pcsx.daemon.requests.desk import of, who
from pcsx.daemon.requests.rights import OWN, READS_ALL, require_right
from pcsx.errors import NotAuthorised
from pcsx.protocol import REQUESTS, Changes, Cleanup, Fence, GetCib, Request

LISTS = """<cib><configuration><crm_config><cluster_property_set id="o">
<nvpair id="e" name="enable-acl" value="{on}"/></cluster_property_set></crm_config><acls>
<acl_role id="see"><acl_permission id="p1" kind="read" xpath="/cib"/></acl_role>
<acl_role id="clean"><acl_permission id="p2" kind="write" xpath="/cib/status"/></acl_role>
<acl_role id="all"><acl_permission id="p3" kind="write" xpath="/cib"/></acl_role>
<acl_target id="reader"><role id="see"/></acl_target>
<acl_target id="cleaner"><role id="clean"/></acl_target>
<acl_group id="admins"><role id="all"/></acl_group>
</acls></configuration><status/></cib>"""

FENCE = Fence("n1")


def may(user: str, request: Request, *groups: str, on: str = "true") -> bool:
    cib = Cib.from_bytes(LISTS.format(on=on).encode())
    try:
        require_right(lambda: cib, request, user, groups)
    except NotAuthorised:
        return False
    return True


def test_without_access_control_all_may_all() -> None:
    assert may("nobody", FENCE, on="false")


@pytest.mark.parametrize("user", ["root", "hacluster", "pcsx"])
def test_the_privileged_may_all(user: str) -> None:
    assert may(user, FENCE)


def test_each_may_what_the_roles_say() -> None:
    assert (may("reader", Changes()), may("reader", Cleanup()), may("reader", FENCE)) == (
        True, False, False,
    )  # fmt: skip
    assert (may("cleaner", Changes()), may("cleaner", Cleanup()), may("cleaner", FENCE)) == (
        False, True, False,
    )  # fmt: skip


def test_a_group_s_role_counts() -> None:
    assert not may("ann", FENCE)
    assert may("ann", FENCE, "users", "admins")


def test_whoever_is_named_nowhere_reaches_only_what_judges_for_itself() -> None:
    asked = [
        kind for kind in REQUESTS.values() if kind in OWN | READS_ALL or kind is protocol.Cleanup
    ]
    assert GetCib in OWN
    assert {kind for kind in asked if kind in OWN} == set(OWN)
    assert not may("stranger", Changes())


def test_a_user_and_their_groups_travel_as_one_word() -> None:
    assert of(who("ann", ("users", "admins"))) == ("ann", ("users", "admins"))
    assert of(who("ann", ())) == ("ann", ())
