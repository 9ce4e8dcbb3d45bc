"""Real children: each ends as it ended, none is waited for, and nothing is left behind."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from pcsx.agents import Exit, Invocation, Secret, Status, outcome_of
from pcsx.daemon.io.children import TAIL, Children

ENV = (("PATH", "/usr/bin:/bin"),)


def shell(script: str, *, timeout_ms: int = 20_000, stdin: bytes = b"") -> Invocation:
    return Invocation(("/bin/sh", "-c", script), ENV, stdin, timeout_ms)


def run(
    *invocations: Invocation,
    then: Callable[[Children], None] | None = None,
    naming: list[tuple[str, int]] | None = None,
    grace_ms: int = 200,
) -> list[Exit]:
    """Run all *invocations* at once and return their exits, in their order."""

    async def all_of_them() -> list[Exit]:
        loop = asyncio.get_running_loop()
        ends = [loop.create_future() for _ in invocations]
        children = Children(
            loop,
            lambda number, exit: ends[number].set_result(exit),
            group_begins=None if naming is None else lambda group: naming.append(("begins", group)),
            group_ends=None if naming is None else lambda group: naming.append(("ends", group)),
            grace_ms=grace_ms,
        )
        for number, invocation in enumerate(invocations):
            children.spawn(number, invocation)
        if then is not None:
            then(children)
        try:
            async with asyncio.timeout(30):
                return [await end for end in ends]
        finally:
            children.close()

    return asyncio.run(all_of_them())


def is_alive(pid: int) -> bool:
    with suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def wait_gone(pid: int) -> bool:
    limit = time.monotonic() + 5
    while is_alive(pid) and time.monotonic() < limit:
        time.sleep(0.01)
    return not is_alive(pid)


def test_a_child_is_told_by_its_code_and_both_outputs():
    [exit] = run(shell("echo out; echo err >&2; exit 3"))
    assert (exit.code, exit.signal, exit.timed_out) == (3, None, False)
    assert (exit.stdout, exit.stderr) == (b"out\n", b"err\n")


def test_stdin_is_what_was_given_and_otherwise_empty():
    large = b"line\n" * 100_000
    exits = run(shell("cat", stdin=b"a=1\n"), shell("wc -c", stdin=large), shell("cat"))
    assert exits[0].stdout == b"a=1\n"
    assert int(exits[1].stdout) == len(large)
    assert exits[2].stdout == b""


def test_the_environment_is_exactly_what_was_given():
    invocation = Invocation(("/usr/bin/env",), (("A", "1"), ("B", "x y")), b"", 5000)
    [exit] = run(invocation)
    assert sorted(exit.stdout.splitlines()) == [b"A=1", b"B=x y"]


def test_death_by_a_signal_names_the_signal():
    [exit] = run(shell("kill -SEGV $$"))
    assert (exit.code, exit.signal) == (None, signal.SIGSEGV)


@pytest.mark.parametrize("naming", [None, []], ids=["unnamed", "named"])
def test_what_cannot_begin_carries_the_errno(tmp_path: Path, naming: list[tuple[str, int]] | None):
    plain = tmp_path / "plain"
    plain.write_text("#!/bin/sh\n")
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"\x00\x01\x02")
    garbage.chmod(0o755)
    wanted = {
        str(tmp_path / "missing"): errno.ENOENT,
        str(plain): errno.EACCES,
        str(garbage): errno.ENOEXEC,
        f"{plain}/below": errno.ENOTDIR,
    }
    exits = run(*(Invocation((path,), ENV, b"", 5000) for path in wanted), naming=naming)
    assert [exit.errno for exit in exits] == list(wanted.values())
    if naming is not None:
        assert [word for word, _ in naming].count("begins") == len(wanted)
        assert [word for word, _ in naming].count("ends") == len(wanted)


def test_a_zero_byte_in_a_word_is_refused_and_not_raised():
    [exit] = run(Invocation(("/bin/echo", "a\0b"), ENV, b"", 5000))
    assert exit.errno == errno.EINVAL


def test_a_child_over_its_limit_is_asked_and_then_killed():
    began = time.monotonic()
    asked, stubborn = run(
        shell("trap 'echo bye; exit 0' TERM; sleep 60 & wait", timeout_ms=300),
        shell("trap '' TERM; sleep 60", timeout_ms=300),
    )
    assert asked.timed_out and asked.stdout == b"bye\n"
    assert stubborn.timed_out and stubborn.signal == signal.SIGKILL
    assert time.monotonic() - began < 5


def test_a_kill_takes_the_whole_group(tmp_path: Path):
    pid_file = tmp_path / "pid"
    script = f"sleep 60 & echo $! > {pid_file}.new; mv {pid_file}.new {pid_file}; wait"

    def once_it_runs(children: Children) -> None:
        loop = asyncio.get_running_loop()
        if pid_file.exists():
            children.kill(0)
        else:
            loop.call_later(0.01, once_it_runs, children)

    [exit] = run(shell(script), then=once_it_runs)
    assert exit.signal == signal.SIGKILL and not exit.timed_out
    assert wait_gone(int(pid_file.read_text()))


@pytest.mark.parametrize("naming", [None, []], ids=["plain", "named"])
def test_at_the_limit_nothing_of_the_group_outlives_a_leader_that_obeys(
    naming: list[tuple[str, int]] | None,
):
    # The shell ends when it is asked to; what it began does not hear, and would run for ever.
    script = "(trap '' TERM; exec sleep 60) & echo $!; trap 'exit 1' TERM; wait"
    [exit] = run(shell(script, timeout_ms=400), naming=naming)
    assert exit.timed_out
    assert wait_gone(int(exit.stdout))


def test_a_file_of_any_name_is_told_as_text(tmp_path: Path):
    path = os.path.join(os.fsencode(tmp_path), b"a\xff\n\x1bb")
    Path(os.fsdecode(path)).touch()
    env = (*ENV, ("HELD", os.fsdecode(path)))
    [exit] = run(replace(shell('exec 5<"$HELD"; sleep 60', timeout_ms=400), env=env))
    assert exit.timed_out
    assert "a\ufffd??b" in exit.evidence
    exit.evidence.encode()


def test_what_is_hidden_is_in_no_output_and_no_evidence():
    words = "echo pass=s3same; echo s3same >&2; exec sh -c 'sleep 60; :' s3same"
    child = replace(shell(words, timeout_ms=400), hidden=("s3same", "ab", ""))
    [exit] = run(child)
    assert exit.stdout == b"pass=********\n"
    assert exit.stderr == b"********\n"
    assert "sleep 60; : ********" in exit.evidence
    assert "s3same" not in exit.evidence


def test_an_output_closed_early_or_of_any_bytes_is_taken_as_it_is():
    closed, strange, silent = run(
        shell("exec >&- 2>&-; sleep 0.1; exit 3"),
        shell(r"printf 'a\0b\377\n'; printf 'ocf-exit-reason:\303\050\0\033[31m' >&2; exit 193"),
        shell("exit 255"),
    )
    assert (closed.code, closed.stdout) == (3, b"")
    assert strange.stdout == b"a\0b\xff\n"
    outcome = outcome_of("ocf", "start", strange)
    assert outcome.reason == "\ufffd(??[31m"
    assert silent.code == 255


def test_a_service_left_behind_keeps_running_and_is_not_waited_for():
    began = time.monotonic()
    [exit] = run(shell("setsid sleep 60 & echo $!; exit 5"))
    pid = int(exit.stdout)
    try:
        assert exit.code == 5
        assert time.monotonic() - began < 10
        assert is_alive(pid)
    finally:
        os.kill(pid, signal.SIGKILL)


def test_a_service_that_floods_the_pipe_for_ever_does_not_hold_its_starter():
    [exit] = run(shell("yes & echo $! >&2; exit 0"))
    assert exit.code == 0
    assert len(exit.stdout) <= TAIL
    assert wait_gone(int(exit.stderr))  # the pipe it writes to is closed


def test_of_much_output_the_last_of_it_is_kept():
    [exit] = run(shell("head -c 104857600 /dev/zero | tr '\\0' x; echo; echo last"))
    assert exit.code == 0
    assert len(exit.stdout) == TAIL
    assert exit.stdout.endswith(b"x\nlast\n")


def test_each_group_is_named_before_its_program_and_ended_after_it():
    naming: list[tuple[str, int]] = []
    [exit] = run(shell("ps -o pgid= -p $$"), naming=naming)
    group = int(exit.stdout)
    assert naming == [("begins", group), ("ends", group)]


def test_a_named_group_is_killed_at_its_limit_too():
    naming: list[tuple[str, int]] = []
    [exit] = run(shell("sleep 60 & sleep 60", timeout_ms=200), naming=naming)
    assert exit.timed_out and exit.signal == signal.SIGTERM


def test_sigpipe_and_blocked_signals_are_not_inherited():
    # Python ignores SIGPIPE; a child that inherited that would see a write error instead.
    [exit] = run(shell("grep -E '^Sig(Ign|Blk)' /proc/self/status"))
    masks = [int(line.split()[1], 16) for line in exit.stdout.splitlines()]
    ours = (1 << 31) - 1  # above are the two that the C library keeps for itself
    assert [mask & ours for mask in masks] == [0, 0]


def test_children_inherit_no_descriptor_but_three():
    with open(os.devnull) as held:
        os.set_inheritable(held.fileno(), True)
        [exit] = run(shell("ls /proc/self/fd"))
    assert exit.stdout.split() == [b"0", b"1", b"2", b"3"]  # the last is ls's own


def test_five_hundred_children_leave_no_descriptor_and_no_zombie():
    gc.collect()  # what others left open and forgot is closed now, not meanwhile
    before = sorted(os.listdir("/proc/self/fd"))
    naming: list[tuple[str, int]] = []
    true = Invocation(("/bin/true",), ENV, b"x", 20_000)
    missing = Invocation(("/nonexistent",), ENV, b"x", 20_000)
    for _ in range(10):
        exits = run(*([true] * 45), *([missing] * 5), naming=naming)
        assert [exit.code for exit in exits] == [0] * 45 + [None] * 5
    assert sorted(os.listdir("/proc/self/fd")) == before
    assert len(naming) == 1000
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_without_pidfds_children_are_found_by_looking(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pcsx.daemon.io.children._pidfd", lambda pid: -1)
    exits = run(shell("exit 4"), shell("sleep 60", timeout_ms=100))
    assert exits[0].code == 4
    assert exits[1].timed_out


def test_close_kills_what_runs_and_tells_nothing_more():
    told: list[int] = []

    async def begin_and_close() -> int:
        children = Children(asyncio.get_running_loop(), lambda number, exit: told.append(number))
        children.spawn(1, shell("sleep 60"))
        pid = next(iter(children._children.values())).pid
        children.close()
        await asyncio.sleep(0.05)
        return pid

    pid = asyncio.run(begin_and_close())
    os.waitpid(pid, 0)
    assert told == []


def test_of_a_child_near_its_limit_it_is_kept_what_it_does_and_holds(tmp_path: Path):
    held = tmp_path / "held"
    script = f"exec 7> {held}; sleep 31.4 & wait"
    (exit,) = run(shell(script, timeout_ms=300))
    assert exit.timed_out
    assert "sleep 31.4" in exit.evidence
    assert str(held) in exit.evidence


def test_of_a_child_that_is_quick_nothing_is_kept():
    (exit,) = run(shell("exit 0"))
    assert exit.evidence == ""


def test_a_secret_is_read_from_its_file_when_the_child_begins(tmp_path: Path):
    (tmp_path / "key").write_text("hush\n")
    secret = Secret("OCF_RESKEY_key", str(tmp_path / "key"))
    asked = shell('[ "$OCF_RESKEY_key" = hush ] && echo "it is $OCF_RESKEY_key"')
    env = (*ENV, ("OCF_RESKEY_key", "lrm://"))
    (exit,) = run(replace(asked, env=env, secrets=(secret,)))
    assert exit.stdout == b"it is ********\n"


def test_without_its_secret_or_with_a_wrong_digest_nothing_is_begun(tmp_path: Path):
    (tmp_path / "key").write_text("hush")
    (tmp_path / "key.sign").write_text("0" * 32)
    secrets = [Secret("A", str(tmp_path / name)) for name in ("key", "absent")]
    asked = [replace(shell("exit 0"), secrets=(secret,)) for secret in secrets]
    exits = run(*asked)
    assert [exit.secret for exit in exits] == [secret.path for secret in secrets]
    assert outcome_of("ocf", "start", exits[0]).status is Status.NO_SECRETS
