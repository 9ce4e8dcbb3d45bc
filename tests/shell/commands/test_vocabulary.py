"""Every word of the field's tools leads somewhere: it is done, or its answer says what does it.

The words are the facts of an interface: which commands pcs 0.11 and 0.12 and crm have.
"""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from pcsx import cli
from pcsx.shell.words import Verb
from tests.shell.support import Shell

PCS = """
acl: config enable disable
acl role: create delete remove assign unassign
acl user: create delete remove
acl group: create delete remove
acl permission: add delete remove
alert: config create update delete remove
alert recipient: add update delete remove
booth: setup destroy config create delete remove restart status pull sync enable disable start stop
booth ticket: add delete remove grant revoke cleanup standby unstandby
cib: element
cib element: description
client: local-auth
cluster: setup config authkey start stop kill enable disable auth status sync cib cib-push
cluster: cib-upgrade edit node link uidgid corosync reload destroy verify report rename pcsd-status
cluster config: show update uuid
cluster config uuid: generate
cluster authkey: corosync
cluster node: add delete remove add-remote delete-remote remove-remote add-guest delete-guest
cluster node: remove-guest clear rename-cib rename-corosync
cluster link: add delete remove update
config: show backup restore checkpoint
config checkpoint: view diff restore
constraint: config location order colocation ticket delete remove ref rule
constraint location: add delete remove config
constraint order: set delete remove config
constraint colocation: add set delete remove config
constraint ticket: add set delete remove config
constraint rule: add delete remove
dr: config status set-recovery-site destroy
host: auth deauth
node: attribute maintenance unmaintenance standby unstandby utilization
pcsd: certkey status sync-certificates deauth
property: config set unset defaults describe
qdevice: status setup destroy start stop kill enable disable
quorum: config status device expected-votes unblock update
quorum device: add delete remove status update heuristics
resource: status config list describe create delete remove enable disable safe-disable restart
resource: debug-start debug-stop debug-promote debug-demote debug-monitor move
resource: move-with-constraint ban clear standards providers agents update op meta group ungroup
resource: clone promotable unclone bundle manage unmanage defaults cleanup refresh failcount
resource: utilization relations description relocate
resource op: add delete remove defaults
resource op defaults: config set update
resource op defaults set: create delete remove update
resource group: list add delete remove
resource bundle: create reset update
resource defaults: config set update
resource defaults set: create delete remove update
resource failcount: show reset
resource relocate: dry-run run show clear
status: status resources cluster corosync quorum qdevice booth nodes pcsd xml wait query
stonith: status config list describe create update update-scsi-devices delete remove op defaults
stonith: meta cleanup refresh failcount enable disable level fence confirm history sbd description
stonith level: config add delete remove clear verify
stonith history: show cleanup update
stonith sbd: enable disable device status config watchdog
stonith sbd device: setup message
stonith sbd watchdog: list test
tag: config list create delete remove update
"""
CRM = """
cluster: start stop restart enable disable status rename run
node: standby online maintenance ready attribute utilization
resource: status start stop restart promote demote manage unmanage move ban clear cleanup refresh
resource: failcount meta utilization trace untrace secret
configure: node primitive rsc_template group clone ms bundle monitor location colocation order
configure: rsc_ticket tag property rsc_defaults op_defaults fencing_topology role acl_target user
configure: alert show edit filter set modgroup rename delete erase refresh xml load save graph
configure: upgrade default-timeouts verify commit diff
cib: new use import delete reset commit diff list
ra: classes providers list info validate
site: ticket
site ticket: grant revoke delete standby activate show time
root: history report maintenance status
"""
PCSX = """
cluster: discover check token join accept authkey rename destroy
cluster node: rename
agent: validate
rule: check next
ticket: grant revoke standby activate show
recipe: list show run
maintenance: on off status
quorum: explain
store: get set watch list
lock: acquire release run
config: save load diff graph convert
"""


def paths(table: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of each command; a line has the level, a colon, and the words on it."""
    for line in table.strip().splitlines():
        level, _, words = line.partition(":")
        lead = () if level == "root" else tuple(level.split())
        yield from ((*lead, word) for word in words.split())


def found(path: tuple[str, ...]) -> click.Command | None:
    """Return the command that the whole words of *path* name."""
    command: click.Command | None = cli.root
    for word in path:
        if not isinstance(command, click.Group):
            return None
        command = command.get_command(click.Context(command), word)
    return command


@pytest.mark.parametrize("table", [PCS, CRM, PCSX], ids=["pcs", "crm", "pcsx"])
def test_every_word_is_in_the_tree(table: str) -> None:
    assert [" ".join(path) for path in paths(table) if found(path) is None] == []


def elsewhere(level: click.Group, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the paths of all words that only say what does it instead."""
    for name in level.list_commands(click.Context(level)):
        command = level.get_command(click.Context(level), name)
        if isinstance(command, click.Group):
            yield from elsewhere(command, (*path, name))
        elif isinstance(command, Verb) and command.body.__module__ == "pcsx.shell.elsewhere":
            yield (*path, name)


def test_what_is_done_by_other_means_names_them_and_ends_with_1(shell: Shell) -> None:
    words = list(elsewhere(cli.root, ()))
    assert len(words) > 20
    for path in words:
        ran = shell.bare(*path, "--json")
        error = ran.json["error"]
        if error["code"] == "no-cluster":  # what the cluster does by itself says so where it is one
            assert ran.status == 5, path
            continue
        assert (ran.status, error["code"]) == (1, "elsewhere"), path
        assert error["message"] and error["hint"], path
