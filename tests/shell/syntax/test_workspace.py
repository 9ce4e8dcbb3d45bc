"""The workspace: definitions meet what is there; deleting takes along what made no sense alone."""

import pytest

from pcsx.cib.check import check
from pcsx.errors import Refused
from pcsx.shell.syntax import Workspace, read, show

from .language import again, empty, one, plain_cib, said, written

ABC = "primitive a Dummy\nprimitive b Dummy\nprimitive c Dummy\n"


def after(text: str, *delete: str) -> str:
    workspace = written(text)
    workspace.delete(delete)
    lines = show(workspace.root).replace(" \\\n\t", " ").splitlines()
    return "\n".join(line for line in lines if not line.startswith(("node ", "primitive ")))


def refused(text: str, *, base: str = "", replace: bool = True) -> str:
    workspace = written(base)
    before = workspace.root.copy()
    with pytest.raises(Refused) as caught:
        workspace.define(read(text), replace=replace)
    assert workspace.root.same(before)
    return str(caught.value)


def test_definitions_may_come_in_any_order() -> None:
    assert written("clone c g\ngroup g a\nprimitive a Dummy").root.same(
        written("primitive a Dummy\ngroup g a\nclone c g").root
    )


def test_loading_the_same_text_twice_changes_nothing() -> None:
    text = (
        ABC + "group g a b\nclone k g meta x=1\nlocation l c 1: n1\nproperty p=1\nalert x /y to z"
    )
    workspace = written(text)
    before = workspace.root.copy()
    assert written(text, workspace).root.same(before)


def test_a_definition_takes_the_place_of_its_namesake_where_it_stands() -> None:
    workspace = written("primitive a Dummy params x=2", written(ABC + "group g a b"))
    assert [m.id for m in one(workspace, "g").children] == ["a", "b"]
    assert "x=2" in show(workspace.root)


def test_without_leave_to_replace_a_namesake_is_refused() -> None:
    assert "exists already" in refused("primitive a Dummy", base=ABC, replace=False)


@pytest.mark.parametrize(
    ("text", "fault"),
    (
        ("group g nosuch", "no resource nosuch"),
        ("group g a a", "listed twice"),
        ("group g a\ngroup h a", "in g already"),
        ("group g a\ngroup h g", "cannot hold g"),
        ("clone k a\nclone l k", "cannot hold k"),
        ("tag t a\ntag t b", "defined twice"),
        ("group a b", "is a primitive already"),
        ("monitor nosuch 10s", "no primitive nosuch"),
    ),
)
def test_what_does_not_fit_together_is_refused_whole(text: str, fault: str) -> None:
    assert fault in refused(text, base=ABC)


def test_a_group_defined_anew_lets_former_members_stand_alone() -> None:
    workspace = written("group g b", written(ABC + "group g a b"))
    assert [m.id for m in one(workspace, "g").children] == ["b"]
    assert one(workspace, "a") in workspace.section("resources").children


def test_properties_are_merged_by_name() -> None:
    workspace = written("property b=3 c=4", written("property a=1 b=2"))
    assert said("property a=1 b=3 c=4") in show(workspace.root).replace(" \\\n\t", " ")


def test_attributes_of_a_node_are_merged_by_name() -> None:
    workspace = written("node n1 attributes a=2", written("node n1 attributes a=1 b=1"))
    values = {e.get("name"): e.get("value") for e in one(workspace, "n1").walk() if e.get("name")}
    assert values == {"a": "2", "b": "1"}


def test_a_deleted_resource_leaves_constraints_that_still_make_sense() -> None:
    text = ABC + "order o a b c\ncolocation k inf: a ( b c )\nlocation l b 1: n1\ntag t a b"
    assert after(text, "b") == "tag t a\norder o a c\ncolocation k inf: a c"


def test_of_a_set_in_one_row_the_later_goes_with_the_earlier() -> None:
    assert after(ABC + "colocation k inf: a b c", "b") == "colocation k inf: c a"


def test_a_container_that_goes_leaves_its_members_and_their_constraints() -> None:
    assert after(ABC + "group g a b\nlocation l g 1: n1", "g") == "location l a 1: n1"


def test_a_container_without_members_goes_too() -> None:
    assert after("primitive a Dummy\nclone k a\norder o k k2", "a") == ""


def test_deleting_what_is_not_there_names_it() -> None:
    with pytest.raises(Refused) as caught:
        written(ABC).delete(["a", "x", "y"])
    assert [f.subject for f in caught.value.findings] == ["x", "y"]


def test_a_role_that_is_used_stays() -> None:
    workspace = written("role r read cib\nacl_target u r")
    with pytest.raises(Refused):
        workspace.delete(["r"])
    workspace.delete(["u", "r"])
    assert workspace.find("r") is None


def test_a_new_name_is_used_in_all_that_refers_to_it() -> None:
    workspace = written(
        ABC + "group g a b\nlocation l a 1: n1\norder o a b c\ntag t a\n"
        "primitive f stonith:x\nfencing_topology n1: f,f"
    )
    workspace.rename("a", "z")
    workspace.rename("f", "e")
    assert "reference-unknown" not in [f.code for f in check(plain_cib(workspace))]
    assert workspace.find("a") is None
    with pytest.raises(Refused):
        workspace.rename("z", "b")


def test_constraints_name_a_new_container_instead_of_its_members() -> None:
    workspace = written(
        ABC + "location l a 1: n1\norder o a b c\norder p a b\ncolocation k inf: ( a c ) b\n"
        "tag t a\nlocation m { a b c } 1: n1"
    )
    (group,) = read("group g a b")
    workspace.define([group], replace=False)
    told = workspace.speak_for_members(group)
    assert [text.split()[0] for text in told] == ["l", "o", "p", "k", "m"]
    lines = show(workspace.root).splitlines()
    assert [line for line in lines if line.startswith(("loc", "ord", "col", "tag"))] == [
        "tag t a",
        "location l g 1: n1",
        "order o g c",
        "colocation k inf: c g",
        "location m { g c } 1: n1",
    ]


def test_members_of_a_group_come_and_go() -> None:
    workspace = written(ABC + "group g a")
    workspace.add_to_group("g", "b")
    workspace.add_to_group("g", "c", before="b")
    workspace.remove_from_group("g", "a")
    assert [m.id for m in one(workspace, "g").children] == ["c", "b"]
    for wrong in (("g", "b"), ("a", "b"), ("g", "nosuch"), ("nosuch", "b")):
        with pytest.raises(Refused):
            workspace.add_to_group(*wrong)


def test_a_value_is_set_by_its_path() -> None:
    workspace = written("primitive a Dummy params x.y=1 op monitor interval=10 timeout=1")
    workspace.set_value("a.x.y", "2")
    workspace.set_value("a.monitor.timeout", "9")
    text = show(workspace.root)
    assert "x.y=2" in text
    assert "timeout=9" in text
    for wrong in ("a.nosuch", "nosuch.x", "a.start.timeout"):
        with pytest.raises(Refused):
            workspace.set_value(wrong, "1")


def test_levels_without_a_target_are_for_every_node() -> None:
    workspace = written("primitive f stonith:x\nfencing_topology f")
    topology = workspace.root.find("fencing-topology")
    assert topology is not None
    assert [level.get("target") for level in topology.children] == ["n1", "n2"]


def test_erasing_keeps_the_nodes_unless_told() -> None:
    workspace = written(ABC)
    workspace.erase()
    assert workspace.names() == ["n1", "n2"]
    workspace.erase(nodes=True)
    assert workspace.names() == []


def test_a_node_and_a_resource_may_share_a_name() -> None:
    workspace = written("primitive n1 ocf:pacemaker:remote")
    assert one(workspace, "n1").tag == "primitive"
    assert again(workspace).root.same(workspace.root)
    assert isinstance(empty(), Workspace)
