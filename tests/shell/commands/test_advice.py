"""What is said of a whole configuration beyond its own text."""

from __future__ import annotations

from tests.shell.support import Shell


def _device(shell: Shell, id: str, host: str, ip: str, *more: str) -> None:
    words = f"stonith create {id} fence_test ip={ip} pcmk_host_list={host}"
    shell.must(" ".join([words, *more, "--force"]))


def test_one_switch_that_is_to_cut_different_nodes_is_told(shell: Shell) -> None:
    _device(shell, "a", "n1", "192.0.2.1")
    _device(shell, "b", "n2", "192.0.2.2")
    assert "one switch" not in shell("configure verify").err
    _device(shell, "c", "n3", "192.0.2.2")
    told = shell("configure verify").err
    assert "one switch at 192.0.2.2 for different nodes: b (n2), c (n3)" in told
    assert "one switch at 192.0.2.2" in shell("cluster verify --full").err
    for id, plug in (("b", 2), ("c", 3)):  # outlets of one power strip
        shell.must(f"stonith update {id} plug={plug} --force")
    assert "one switch" not in shell("configure verify").err
