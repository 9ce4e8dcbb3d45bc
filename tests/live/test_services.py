"""Real services by the field's agents: replicated databases are promoted, fail over and rejoin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.live.cluster import Cluster
from tests.live.lab import NET, Lab, Machine, until

pytestmark = pytest.mark.live

REDIS = Path("/usr/bin/redis-server")
POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))


@pytest.fixture(scope="module")
def made() -> Iterator[Cluster]:
    with Lab(3) as lab:
        cluster = Cluster(lab)
        cluster.form()
        cluster.fencing()
        for machine in lab.machines:
            name_all(lab, machine)
        start = lab.on_boot

        def named(machine: Machine) -> None:
            name_all(lab, machine)
            start(machine)

        lab.on_boot = named
        yield cluster


@pytest.fixture(autouse=True)
def all_on(made: Cluster) -> None:
    """Begin each test with three machines online."""
    for machine in made.lab.machines:
        if not machine.is_on:
            machine.power_on()
            made.lab.on_boot(machine)
    made.wait_online(3)


def name_all(lab: Lab, machine: Machine) -> None:
    """Have the machines know each other by name."""
    lines = "".join(f"{each.address} {each.name}\n" for each in lab.machines)
    hosts = machine.place / "root/etc/pcsx/hosts"
    hosts.write_text(f"127.0.0.1 localhost\n{lines}")
    machine.run("mount --bind /etc/pcsx/hosts /etc/hosts")


def whole(made: Cluster) -> None:
    """Wait until all three machines are there again, and nothing is left to do."""
    made.wait_online(3)
    made.settle()


def roles(made: Cluster, resource: str, role: str) -> list[str]:
    """Return the nodes on which an instance of *resource* has *role*."""
    found: list[str] = []

    def walk(entries: list[dict]) -> None:
        for each in entries:
            walk(each.get("children", []))
            if each["id"].partition(":")[0] == resource and each.get("role") == role:
                found.extend(each["nodes"])

    walk(made.status().get("resources", []))
    return found


def promoted(made: Cluster, resource: str) -> str:
    names = roles(made, resource, "Promoted")
    return names[0] if len(names) == 1 else ""


@pytest.mark.skipif(not REDIS.exists(), reason="needs redis-server: .ci/install-live")
def test_redis_is_promoted_fails_over_and_rejoins(made: Cluster, figure: Callable[..., None]):
    lab = made.lab
    for machine in lab.machines:
        (machine.place / "root/etc/pcsx/redis.conf").write_text(
            "bind 0.0.0.0\nprotected-mode no\nport 6379\ndir /var/lib/pcsx\n"
            "unixsocket /run/redis.sock\nsave 1 1\nappendonly no\n"
        )
    made.pcsx(
        "resource create redis ocf:heartbeat:redis config=/etc/pcsx/redis.conf user=root "
        "rundir=/run pidfile_name=redis.pid socket_name=redis.sock "
        "op monitor interval=5s timeout=20s role=Promoted "
        "op monitor interval=6s timeout=20s role=Unpromoted "
        "promotable notify=true --wait=90"
    )
    until(lambda: promoted(made, "redis"), 60, "one is promoted")
    until(lambda: len(roles(made, "redis", "Unpromoted")) == 2, 60, "two replicas")
    first = lab[promoted(made, "redis")]
    first.run("redis-cli set answer 42")
    replicas = [machine for machine in lab.machines if machine is not first]
    for replica in replicas:
        until(lambda m=replica: m.run("redis-cli get answer").out.strip() == "42", 30, "replicated")
    moment = first.power_off()
    taken = until(
        lambda: promoted(made, "redis") not in ("", first.name), 90, "another is promoted"
    )
    figure("redis, promoted node loses power", "another is promoted", taken - moment)
    second = lab[promoted(made, "redis")]
    assert second.run("redis-cli get answer").out.strip() == "42"
    # Status has it promoted as soon as its agent is told to; until that is done it is read-only.
    until(
        lambda: second.run("redis-cli set answer 43", check=False).out.strip() == "OK",
        30,
        "writable",
    )
    first.power_on()
    lab.on_boot(first)
    whole(made)
    until(
        lambda: first.run("redis-cli get answer", check=False).out.strip() == "43", 60, "rejoined"
    )
    assert promoted(made, "redis") == second.name
    made.pcsx("resource delete redis --wait=60")


@pytest.mark.skipif(not POSTGRES, reason="needs postgresql: .ci/install-live")
def test_postgresql_is_promoted_fails_over_and_rejoins(made: Cluster, figure: Callable[..., None]):
    lab = made.lab
    bin = POSTGRES[-1].parent
    data = "/var/lib/pcsx/pg/data"
    first = lab.machines[0]
    for machine in lab.machines:
        machine.run("mkdir -p /var/lib/pcsx/pg/tmp && chmod 711 /var/lib/pcsx && "
                    "chown -R postgres /var/lib/pcsx/pg && mkdir -p /run/pg && "
                    "chown postgres /run/pg")  # fmt: skip
    first.run(f"su postgres -c '{bin}/initdb -A trust -D {data} >/dev/null'")
    settings = (
        "listen_addresses = '*'\nunix_socket_directories = '/run/pg'\nwal_level = replica\n"
        "max_wal_senders = 10\nhot_standby = on\nwal_keep_size = 64MB\nfsync = off\n"
        "restart_after_crash = off\n"
    )
    base = first.place / "root" / data.lstrip("/")
    with (base / "postgresql.conf").open("a") as file:
        file.write(settings)
    with (base / "pg_hba.conf").open("a") as file:
        file.write(f"host all all {NET}.0/24 trust\nhost replication all {NET}.0/24 trust\n")
    first.run(f"su postgres -c '{bin}/pg_ctl -w -D {data} -l /dev/null start'")
    for replica in lab.machines[1:]:
        replica.run(f"su postgres -c '{bin}/pg_basebackup -h n1 -U postgres -D {data} -X stream'")
    first.run(f"su postgres -c '{bin}/pg_ctl -w -D {data} stop'")
    nodes = " ".join(machine.name for machine in lab.machines)
    made.pcsx(
        f"resource create master-ip ocf:heartbeat:IPaddr2 ip={NET}.210 cidr_netmask=24 nic=eth0"
    )
    made.pcsx(
        f"resource create pg ocf:heartbeat:pgsql pgctl={bin}/pg_ctl psql={bin}/psql "
        f"pgdata={data} config={data}/postgresql.conf socketdir=/run/pg logfile=/var/log/pg.log "
        f'tmpdir=/var/lib/pcsx/pg/tmp rep_mode=async node_list="{nodes}" master_ip={NET}.210 '
        "restart_on_promote=false primary_conninfo_opt=connect_timeout=5 "
        "op monitor interval=4s timeout=30s op monitor interval=3s timeout=30s role=Promoted "
        "promotable notify=true --wait=120"
    )
    made.pcsx("constraint colocation add master-ip with Promoted pg-clone")
    made.pcsx("constraint order promote pg-clone then start master-ip --wait=60", check=False)
    until(lambda: promoted(made, "pg"), 120, "one is promoted")
    until(lambda: len(roles(made, "pg", "Unpromoted")) == 2, 60, "two replicas")
    leader = lab[promoted(made, "pg")]

    def ask(machine: Machine, words: str) -> str:
        ran = machine.run(f'psql -h /run/pg -U postgres -tAc "{words}"', check=False)
        return ran.out.strip()

    until(lambda: ask(leader, "create table t (n int)") == "CREATE TABLE", 60, "it takes writes")
    ask(leader, "insert into t values (42)")
    replicas = [machine for machine in lab.machines if machine is not leader]
    until(lambda: all(ask(m, "select n from t") == "42" for m in replicas), 60, "replicated")
    # The agent promotes only what the last primary knew to be in step.
    until(lambda: made.pcsx("cluster cib").out.count("STREAMING|ASYNC") == 2, 90, "in step")
    moment = leader.power_off()
    taken = until(lambda: promoted(made, "pg") not in ("", leader.name), 120, "another is promoted")
    figure("postgresql, promoted node loses power", "another is promoted", taken - moment)
    until(
        lambda: ask(lab[promoted(made, "pg")], "select n from t") == "42", 30, "its data is there"
    )
    leader.power_on()
    lab.on_boot(leader)
    made.wait_online(3)


def test_the_fields_small_agents_run_reload_and_migrate(made: Cluster):
    lab = made.lab
    agents = (
        "fs ocf:heartbeat:Filesystem device=tmpfs directory=/run/mounted fstype=tmpfs",
        "alive ocf:pacemaker:ping host_list=127.0.0.1 dampen=1s name=reached attempts=1 clone",
        "mark ocf:pacemaker:attribute name=marked active_value=yes inactive_value=no",
        "state ocf:pacemaker:Stateful promotable",
        "dummy ocf:pacemaker:Dummy fake=one meta allow-migrate=true",
    )
    for machine in lab.machines:
        machine.run("mkdir -p /run/mounted")
    for words in agents:
        made.pcsx(f"resource create {words} op monitor interval=10s --wait=90")
    (node,) = made.where("fs")
    assert lab[node].run("findmnt -n -o FSTYPE /run/mounted").out.strip() == "tmpfs"
    until(lambda: promoted(made, "state"), 60, "one is promoted")
    shown = made.pcsx("cluster cib").out
    assert 'name="marked" value="yes"' in shown
    until(lambda: made.pcsx("cluster cib").out.count('name="reached"') == 3, 60, "ping has told")
    (node,) = made.where("dummy")
    log = lab[node].place / "daemon.log"
    made.pcsx("resource update dummy fake=two --wait=60")
    assert "dummy reload-agent" in log.read_text() or "dummy start ok" in log.read_text()
    assert log.read_text().count("dummy stop") == 0, "a reload is no restart"
    target = next(machine for machine in lab.machines if machine.name != node)
    made.pcsx(f"resource move dummy {target.name} --wait=60")
    assert made.where("dummy") == [target.name]
    assert "dummy migrate_to ok" in log.read_text()
    assert "dummy migrate_from ok" in (target.place / "daemon.log").read_text()
    for id in ("fs", "alive", "mark", "state", "dummy"):
        made.pcsx(f"resource delete {id}")
    made.settle()


TOLD = b"""#!/bin/sh
env | grep -E '^(CRM_alert_|from=)' >/etc/pcsx/told/$CRM_alert_recipient.$CRM_alert_kind.$$
"""
SELECTING = (
    '<alert id="quiet" path="/etc/pcsx/tell"><select><select_fencing/></select>'
    '<recipient id="quiet-r" value="quiet"/></alert></alerts>'
)


def heard(made: Cluster, recipient: str, kind: str) -> list[dict[str, str]]:
    """Return the events of *kind* that *recipient* was told of, as variables."""
    found = []
    for machine in made.lab.machines:
        for file in sorted((machine.place / "root/etc/pcsx/told").glob(f"{recipient}.{kind}.*")):
            lines = file.read_text().splitlines()
            found.append(dict(line.split("=", 1) for line in lines if "=" in line))
    return found


def test_alerts_tell_each_recipient_what_they_select_and_a_hanging_one_is_ended(made: Cluster):
    for machine in made.lab.machines:
        machine.put("/etc/pcsx/tell", TOLD, 0o755)
        machine.put("/etc/pcsx/hang", b"#!/bin/sh\nsleep 60\n", 0o755)
        place = machine.place / "root/etc/pcsx/told"
        place.mkdir()
        place.chmod(0o777)
    made.pcsx("alert create path=/etc/pcsx/tell id=tell options from=lab")
    for name in ("ops", "dev"):
        made.pcsx(f"alert recipient add tell value={name}")
    made.pcsx("alert create path=/etc/pcsx/hang id=hang meta timeout=1s")
    made.pcsx("cluster cib /etc/pcsx/cib.xml", made.lab.machines[0])
    whole_text = (made.lab.machines[0].place / "root/etc/pcsx/cib.xml").read_text()
    whole_text = whole_text.replace("</alerts>", SELECTING)
    made.lab.machines[0].put("/etc/pcsx/cib.xml", whole_text.encode())
    made.pcsx("cluster cib-push /etc/pcsx/cib.xml --force", made.lab.machines[0])

    made.pcsx("resource create told ocf:pcsx:dummy op monitor interval=10s --wait=60")
    until(lambda: len(heard(made, "dev", "resource")) >= 2, 20, "dev is told of start and monitor")
    starts = [each for each in heard(made, "ops", "resource") if each["CRM_alert_task"] == "start"]
    (start,) = starts
    assert start["CRM_alert_rsc"] == "told" and start["CRM_alert_rc"] == "0"
    assert start["from"] == "lab" and start["CRM_alert_node"] in made.where("told")
    victim = next(m for m in made.lab.machines if m is not made.dc())
    made.pcsx(f"stonith fence {victim.name} --off --wait=60", made.dc())
    until(lambda: heard(made, "quiet", "fencing"), 20, "quiet is told of fencing")
    (fencing,) = heard(made, "quiet", "fencing")
    assert fencing["CRM_alert_node"] == victim.name and fencing["CRM_alert_rc"] == "0"
    assert not heard(made, "quiet", "resource") and not heard(made, "quiet", "node")
    until(
        lambda: any(each.get("CRM_alert_desc") == "lost" for each in heard(made, "ops", "node")),
        20, "ops is told of the node",
    )  # fmt: skip
    tested = made.pcsx("alert test tell attribute")
    assert tested.out.count(": ok") == 2
    hangs = made.pcsx("alert test hang", check=False)
    assert hangs.status == 1 and "did not finish in time" in hangs.out
    made.pcsx("alert delete tell hang quiet")
    made.pcsx("resource delete told")
