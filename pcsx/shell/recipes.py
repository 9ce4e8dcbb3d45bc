"""Recipes: what is often wanted, in crm's language, from a few values.

A recipe is a page of the language with `$NAME` where a value stands; a line with `?NAME` in front
is there only where that value was given. What it makes is a configuration like any other.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Final

from pcsx.errors import Finding, Refused
from pcsx.lean import dataclass


@dataclass(frozen=True, slots=True)
class Value:
    """One value: its name, what it is for, and what it is if not given (None: it must be)."""

    name: str
    text: str
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """One recipe; *text* is its page."""

    name: str
    summary: str
    values: tuple[Value, ...]
    text: str

    def made(self, given: Mapping[str, str]) -> str:
        """Return the page with the values in it; raises `Refused` with all that is wrong."""
        if found := list(self._faults(given)):
            raise Refused(found)
        values = {value.name: value.default or "" for value in self.values} | dict(given)
        lines = []
        for line in self.text.strip("\n").splitlines():
            condition = re.match(r"\?(\w+) ", line)
            if condition:
                if not values[condition[1]]:
                    continue
                line = line[condition.end() :]
            lines.append(re.sub(r"\$\{?(\w+)\}?", lambda m: values[m[1]], line))
        return "\n".join(lines) + "\n"

    def _faults(self, given: Mapping[str, str]) -> Iterator[Finding]:
        known = {value.name: value for value in self.values}
        for name, text in given.items():
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                hint = f"Did you mean: {near[0]}?" if near else f"It takes: {', '.join(known)}"
                told = f"the recipe {self.name} takes no {name}"
                yield Finding.error("recipe-value", name, told, hint=hint)
            elif not re.fullmatch(r"[\w./:,@%+-]*", text):
                told = f"{name}='{text}': blanks, quotes and signs of a shell cannot stand here"
                yield Finding.error("recipe-value", name, told)
        for name, value in known.items():
            if value.default is None and not given.get(name):
                told = f"the recipe {self.name} needs {name}: {value.text}"
                yield Finding.error("recipe-value", name, told)


_ID: Final = Value("id", "what the names of all that is made begin with")


def _recipe(name: str, summary: str, values: str, text: str) -> Recipe:
    """Return a recipe; a line of *values* is `name[=default]: what it is for`."""
    found = [_ID]
    for line in values.strip().splitlines():
        head, _, told = line.strip().partition(": ")
        word, equals, default = head.partition("=")
        found.append(Value(word, told, default if equals else None))
    return Recipe(name, summary, tuple(found), text)


RECIPES: Final = {
    recipe.name: recipe
    for recipe in (
        _recipe(
            "virtual-ip",
            "An address that moves to a node that lives",
            """ip: the address
            prefix=: how long its network's prefix is, as 24
            nic=: the interface""",
            """
primitive $id ocf:heartbeat:IPaddr2 params ip=$ip \\
?prefix  cidr_netmask=$prefix \\
?nic  nic=$nic \\
  op monitor interval=10s timeout=20s
""",
        ),
        _recipe(
            "web",
            "A web server behind an address, side by side on one node",
            """ip: the address
            configfile=/etc/httpd/conf/httpd.conf: apache's configuration
            statusurl=: the page that tells its status""",
            """
primitive ${id}-ip ocf:heartbeat:IPaddr2 params ip=$ip op monitor interval=10s timeout=20s
primitive ${id}-server ocf:heartbeat:apache params configfile=$configfile \\
?statusurl  statusurl=$statusurl \\
  op start timeout=40s op stop timeout=60s op monitor interval=10s timeout=20s
group $id ${id}-ip ${id}-server
""",
        ),
        _recipe(
            "filesystem",
            "A file system that one node at a time has mounted",
            """device: the block device
            directory: where it is mounted
            fstype=xfs: its type""",
            """
primitive $id ocf:heartbeat:Filesystem params device=$device directory=$directory fstype=$fstype \\
  op start timeout=60s op stop timeout=60s op monitor interval=20s timeout=40s
""",
        ),
        _recipe(
            "nfs",
            "An NFS server: file system, exports and an address, in this order",
            """ip: the address
            device: the block device
            directory: where it is mounted, and what is exported
            fstype=xfs: the type of the file system
            clients=*: who may mount it
            fsid=1: the number of the export, as on no other""",
            """
primitive ${id}-fs ocf:heartbeat:Filesystem params device=$device directory=$directory \\
  fstype=$fstype op start timeout=60s op stop timeout=60s op monitor interval=20s timeout=40s
primitive ${id}-server ocf:heartbeat:nfsserver params nfs_shared_infodir=$directory/.nfsinfo \\
  op start timeout=40s op stop timeout=20s op monitor interval=10s timeout=20s
primitive ${id}-export ocf:heartbeat:exportfs params clientspec="$clients" directory=$directory \\
  fsid=$fsid options="rw,sync" op start timeout=40s op stop timeout=120s \\
  op monitor interval=10s timeout=20s
primitive ${id}-ip ocf:heartbeat:IPaddr2 params ip=$ip op monitor interval=10s timeout=20s
group $id ${id}-fs ${id}-server ${id}-export ${id}-ip
""",
        ),
        _recipe(
            "drbd-db",
            "A replicated disk, and a database on the node where it is primary",
            """resource: the name of DRBD's resource
            device: its device, as /dev/drbd0
            directory: where it is mounted
            unit: the systemd unit of the database, as postgresql
            ip: the address
            fstype=xfs: the type of the file system""",
            """
primitive ${id}-drbd ocf:linbit:drbd params drbd_resource=$resource \\
  op start timeout=240s op promote timeout=90s op demote timeout=90s op stop timeout=100s \\
  op monitor interval=10s role=Promoted timeout=20s \\
  op monitor interval=20s role=Unpromoted timeout=20s
clone ${id}-disk ${id}-drbd meta promotable=true promoted-max=1 clone-max=2 notify=true
primitive ${id}-fs ocf:heartbeat:Filesystem params device=$device directory=$directory \\
  fstype=$fstype op start timeout=60s op stop timeout=60s op monitor interval=20s timeout=40s
primitive ${id}-db systemd:$unit op start timeout=120s op stop timeout=120s \\
  op monitor interval=20s timeout=60s
primitive ${id}-ip ocf:heartbeat:IPaddr2 params ip=$ip op monitor interval=10s timeout=20s
group $id ${id}-fs ${id}-db ${id}-ip
colocation ${id}-with-disk inf: $id ${id}-disk:Promoted
order ${id}-after-disk Mandatory: ${id}-disk:promote $id:start
""",
        ),
        _recipe(
            "pgsql",
            "PostgreSQL with streaming replication, and an address of the primary",
            """ip: the address of the primary
            pgdata=/var/lib/pgsql/data: the directory of the data
            bindir=/usr/bin: where psql and pg_ctl are
            nodes: the names of the nodes, with a comma between""",
            """
primitive ${id}-server ocf:heartbeat:pgsql params pgdata=$pgdata pgctl=$bindir/pg_ctl \\
  psql=$bindir/psql rep_mode=sync node_list="$nodes" master_ip=$ip restart_on_promote=true \\
  op start timeout=120s op stop timeout=120s op promote timeout=120s op demote timeout=120s \\
  op monitor interval=7s timeout=60s op monitor interval=4s role=Promoted timeout=60s \\
  op notify timeout=90s
clone $id ${id}-server meta promotable=true notify=true interleave=true
primitive ${id}-ip ocf:heartbeat:IPaddr2 params ip=$ip op monitor interval=10s timeout=20s
colocation ${id}-ip-with-primary inf: ${id}-ip ${id}:Promoted
order ${id}-ip-after-promote Mandatory: ${id}:promote ${id}-ip:start
order ${id}-ip-till-demote Optional: ${id}:demote ${id}-ip:stop symmetrical=false
""",
        ),
        _recipe(
            "gfs2",
            "A file system that all nodes have mounted: locks, logical volumes, gfs2",
            """vg: the shared volume group
            lv: the logical volume
            directory: where it is mounted""",
            """
primitive ${id}-dlm ocf:pacemaker:controld op start timeout=90s op stop timeout=100s \\
  op monitor interval=30s timeout=20s on-fail=fence
primitive ${id}-lvmlockd ocf:heartbeat:lvmlockd op start timeout=90s op stop timeout=90s \\
  op monitor interval=30s timeout=90s on-fail=fence
group ${id}-locking ${id}-dlm ${id}-lvmlockd
clone ${id}-locks ${id}-locking meta interleave=true
primitive ${id}-lv ocf:heartbeat:LVM-activate params vgname=$vg lvname=$lv \\
  vg_access_mode=lvmlockd activation_mode=shared op start timeout=90s op stop timeout=90s \\
  op monitor interval=30s timeout=90s
primitive ${id}-fs ocf:heartbeat:Filesystem params device=/dev/$vg/$lv directory=$directory \\
  fstype=gfs2 options=noatime op start timeout=60s op stop timeout=60s \\
  op monitor interval=10s timeout=40s on-fail=fence
group ${id}-mount ${id}-lv ${id}-fs
clone $id ${id}-mount meta interleave=true
order ${id}-after-locks Mandatory: ${id}-locks $id
colocation ${id}-with-locks inf: $id ${id}-locks
""",
        ),
        _recipe(
            "galera",
            "A Galera cluster of MariaDB: every node may write",
            """nodes: the names of the nodes, with a comma between
            user=mysql: who runs it""",
            """
primitive ${id}-server ocf:heartbeat:galera params wsrep_cluster_address="gcomm://$nodes" \\
  user=$user op start timeout=120s op stop timeout=120s op promote timeout=300s \\
  op demote timeout=120s op monitor interval=20s timeout=30s \\
  op monitor interval=10s role=Promoted timeout=30s op monitor interval=30s role=Unpromoted \\
  timeout=30s
clone $id ${id}-server meta promotable=true promoted-max=3 interleave=true
""",
        ),
        _recipe(
            "vm",
            "A virtual machine that moves while it runs",
            """config: the XML file of the machine, the same on every node
            hypervisor=qemu:///system: the hypervisor's address""",
            """
primitive $id ocf:heartbeat:VirtualDomain params config=$config hypervisor="$hypervisor" \\
  migration_transport=ssh meta allow-migrate=true op start timeout=90s op stop timeout=90s \\
  op migrate_to timeout=120s op migrate_from timeout=60s op monitor interval=10s timeout=30s
""",
        ),
    )
}
"""All recipes, by name."""


def recipe_named(name: str) -> Recipe:
    """Return the recipe *name*; raises `Refused` where there is none."""
    if name not in RECIPES:
        near = difflib.get_close_matches(name, RECIPES, 1)
        hint = f"Did you mean: {near[0]}?" if near else f"There are: {', '.join(RECIPES)}"
        told = f"there is no recipe {name}"
        raise Refused([Finding.error("no-such-recipe", name, told, hint=hint)])
    return RECIPES[name]
