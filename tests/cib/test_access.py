"""Access: the nearest permission decides, deny first, and nobody widens their own rights."""

from dataclasses import replace

import pytest
from lxml import etree

from pcsx.cib import Cib
from pcsx.cib.access import Mode, can, check_rights, forbidden_places, readable
from pcsx.errors import NotAuthorised

from .test_replica import wish

LISTS = """
<acls>
  <acl_target id="ann"><role id="operator"/></acl_target>
  <acl_target id="bob"><role id="reader"/></acl_target>
  <acl_group id="staff"><role id="reader"/></acl_group>
  <acl_user id="old"><role_ref id="reader"/><deny id="x" tag="nodes"/></acl_user>
  <acl_role id="operator">
    <acl_permission id="o1" kind="read" xpath="/cib"/>
    <acl_permission id="o2" kind="write" xpath="//resources"/>
    <acl_permission id="o3" kind="deny" reference="secret"/>
    <acl_permission id="o4" kind="write" object-type="node" attribute="uname"/>
    <acl_permission id="o5" kind="write" xpath="//["/>
  </acl_role>
  <acl_role id="reader"><acl_permission id="r1" kind="read" xpath="//resources"/></acl_role>
</acls>"""


def document(enabled: str = "true", resources: str = '<primitive id="a"/>') -> Cib:
    return Cib.from_bytes(
        f"""<cib epoch="1"><configuration><crm_config><cluster_property_set id="o">
        <nvpair id="o-1" name="enable-acl" value="{enabled}"/></cluster_property_set></crm_config>
        <nodes><node id="1" uname="n"/></nodes>
        <resources>{resources}<primitive id="secret" type="s"/></resources>{LISTS}
        </configuration></cib>""".encode()
    )


def changed(cib: Cib, xpath: str, name: str = "type", value: str = "x") -> Cib:
    def change(tree: etree._Element) -> None:
        found = tree.find(xpath)
        assert found is not None
        found.set(name, value)

    return cib.edited(change)


def places(old: Cib, new: Cib, user: str, *groups: str) -> list[str]:
    return list(forbidden_places(old, new, user, groups))


@pytest.mark.parametrize("user", ("root", "hacluster"))
def test_the_privileged_may_everything(user: str) -> None:
    assert can(document(), user, "//primitive", Mode.WRITE)


def test_without_enable_acl_everyone_may_everything() -> None:
    assert can(document("false"), "nobody", "//primitive", Mode.WRITE)


def test_what_nobody_names_is_denied() -> None:
    assert not can(document(), "nobody", "//primitive", Mode.READ)
    with pytest.raises(NotAuthorised):
        readable(document(), "nobody")


def test_deny_beats_what_its_parent_allows() -> None:
    assert can(document(), "ann", "//primitive[@id='a']", Mode.WRITE)
    assert not can(document(), "ann", "//primitive[@id='secret']", Mode.READ)


def test_roles_come_by_user_group_and_the_old_form() -> None:
    for user, groups in (("bob", ()), ("x", ("staff",)), ("old", ())):
        assert can(document(), user, "//primitive[@id='a']", Mode.READ, groups)
        assert not can(document(), user, "//primitive[@id='a']", Mode.WRITE, groups)


def test_an_attribute_selects_elements_that_have_it() -> None:
    assert can(document(), "ann", "//node", Mode.WRITE)


def test_reading_gives_what_may_be_read_and_the_way_to_it() -> None:
    seen = readable(document(), "bob")
    assert [e.get("id") for e in seen.tree.iter("primitive")] == ["a", "secret"]
    assert seen.tree.find(".//node") is None
    assert readable(document(), "root") == document()


def test_changes_are_allowed_or_named_by_place() -> None:
    old = document()
    assert places(old, changed(old, ".//primitive"), "ann") == []
    assert places(old, changed(old, ".//primitive"), "bob") == [
        "/cib/configuration/resources/primitive[@id='a']"
    ]
    assert places(old, changed(old, ".//primitive[@id='secret']"), "ann") != []
    assert places(old, changed(old, ".//nvpair", "value", "false"), "ann") != []


def test_adding_and_removing_need_the_right_to_write() -> None:
    old = document()
    more = document(resources='<primitive id="a"/><primitive id="b"/>')
    assert places(old, more, "ann") == []
    assert places(more, old, "ann") == []
    assert places(old, more, "bob") == ["/cib/configuration/resources/primitive[@id='b']"]
    assert places(more, old, "bob") == ["/cib/configuration/resources/primitive[@id='b']"]


def test_a_denied_element_is_not_removed_with_its_parent() -> None:
    old = document(resources='<group id="g"><primitive id="secret"/></group>')
    assert places(old, document(resources=""), "ann") != []


def test_nobody_gives_themselves_rights_by_the_change_at_hand() -> None:
    old = document()
    new = changed(changed(old, ".//acl_permission[@id='r1']", "kind", "write"), ".//primitive")
    assert len(places(old, new, "bob")) == 2


def test_as_a_check_of_the_replica_it_raises() -> None:
    old = document()
    proposal = replace(wish(old, changed(old, ".//primitive")), user="bob")
    with pytest.raises(NotAuthorised):
        check_rights(old, changed(old, ".//primitive"), proposal)
    assert check_rights(old, changed(old, ".//primitive"), replace(proposal, user="root")) == []
