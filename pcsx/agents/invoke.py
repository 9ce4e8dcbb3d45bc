"""One call of an agent as a child process to be: argv, the whole environment, stdin, the limit.

Everything about the machine comes as a `Host`; nothing is looked up here. Whether the program is
there shows when it is run. Old names of variables are set beside the new ones because shipped
agents read the old ones.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Final

from pcsx.agents.bundled import FENCE_AGENTS, HELPERS, RESOURCE_AGENTS
from pcsx.agents.metadata import AgentMetadata
from pcsx.agents.names import AgentName, parse_agent
from pcsx.agents.outcome import INSTALLED
from pcsx.agents.types import Invocation, Outcome, Secret, Status, UnitTask
from pcsx.lean import dataclass
from pcsx.values import is_secret

Pairs = tuple[tuple[str, str], ...]

AGENT_FEATURE_SET: Final = "3.20.0"
"""What agents are told we can do: by it they choose `crm_attribute -p` and `crm_mon`'s XML."""

METADATA_TIMEOUT_MS: Final = 30_000

_OLD_WORDS: Final = (
    ("promoted_max", "master_max"),
    ("promoted_node_max", "master_node_max"),
    ("notify_promoted_resource", "notify_master_resource"),
    ("notify_promoted_uname", "notify_master_uname"),
    ("notify_unpromoted_resource", "notify_slave_resource"),
    ("notify_unpromoted_uname", "notify_slave_uname"),
)


SECRETS_DIR: Final = "/var/lib/pacemaker/lrm/secrets"
"""Where each node has the values that the configuration only hints at."""


@dataclass(frozen=True, slots=True)
class Host:
    """What an agent must be told about the machine and the node that it runs on."""

    node: str = ""
    ocf_root: str = "/usr/lib/ocf"
    fence_dir: str = "/usr/sbin"
    init_dir: str = "/etc/init.d"
    run_dir: str = "/run/pcsx"
    """Where our bundled agents keep state; one directory a node, so that nodes share machines."""
    rsc_tmp: str = "/run/resource-agents"
    """Where the field's agents keep state (`HA_RSCTMP`)."""
    var_run: str = ""
    """In place of `/var/run` for agents that look there (`HA_VARRUN`); empty: they choose."""
    compat_dir: str = ""
    """Where `crm_attribute` and its like are found first (`HA_SBIN_DIR`)."""
    path: str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    python: str = field(default_factory=lambda: sys.executable)
    shell: str = "/bin/sh"
    secrets_dir: str = SECRETS_DIR
    """Where values are that the configuration only hints at: RESOURCE/NAME, and NAME.sign."""
    trace_dir: str = ""
    """Where agents write what they trace; empty: they choose."""
    log_facility: str = "daemon"
    log_file: str = ""
    debug: bool = False
    extra: Pairs = ()
    """More variables, which win."""

    def bundled(self, file: str) -> tuple[str, ...]:
        """Return the words that run our own agent in *file*."""
        path = str(Path(__file__).parent / "bundled" / file)
        if file.endswith(".sh"):
            return (self.shell, path)
        # The BMC agents need what is installed beside us; the others start faster without site.
        return (self.python, "-I", path) if file in _NEED_SITE else (self.python, "-I", "-S", path)


_NEED_SITE: Final = ("fence_pcsx_ipmi.py", "fence_pcsx_redfish.py")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a resource agent: *task* on *resource*, with its parameters.

    *meta* has the field's names without `CRM_meta_` before them (`notify_type`, `clone_max`, …).
    """

    agent: tuple[str, str, str]
    task: str
    resource: str
    params: Pairs = ()
    meta: Pairs = ()
    interval_ms: int = 0
    timeout_ms: int = 20_000
    traced: bool = False
    """Have the agent write each of its steps to stderr."""


def invocation_of(call: Call, host: Host) -> Invocation | Outcome:
    """Return the child that carries *call* out, or the outcome where there can be none.

    Fence devices are called by `fence_invocation`; here `monitor` and `start` of one are not known.
    """
    argv = _argv(call.agent, call.task, host)
    if isinstance(argv, Outcome):
        return argv
    env = base_environment(host)
    unit: UnitTask | None = None
    secrets: tuple[Secret, ...] = ()
    if call.agent[0] == "ocf":
        secrets = _secrets(call, host)
        env.update(_ocf_environment(call, host))
    elif call.agent[0] in ("systemd", "service"):
        env["PCSX_INIT_DIR"] = host.init_dir
        env["PCSX_TIMEOUT_MS"] = str(call.timeout_ms)
        script = f"{host.init_dir}/{call.agent[2]}" if call.agent[0] == "service" else ""
        unit = UnitTask(unit_of(call.agent[2]), call.task, script)
    hidden = _hidden(dict(call.params))
    return Invocation(argv, _pairs(env, host), b"", call.timeout_ms, unit, secrets, hidden)


_UNIT_KINDS: Final = (".service", ".socket", ".mount", ".timer", ".path", ".target")


def unit_of(type_: str) -> str:
    """Return the unit that a resource of the type means: without a suffix it is a service."""
    return type_ if type_.endswith(_UNIT_KINDS) else f"{type_}.service"


SECRET: Final = "lrm://"
"""The value that stands in the configuration for one that is kept in a file on each node."""


def _secrets(call: Call, host: Host) -> tuple[Secret, ...]:
    """Return where the values are that the configuration only hints at.

    A stop goes on without them: a resource that cannot be stopped would have its node fenced.
    """
    if call.task in ("stop", "meta-data"):
        return ()
    resource = call.resource.partition(":")[0]
    return tuple(
        Secret(f"OCF_RESKEY_{name}", f"{host.secrets_dir}/{resource}/{name}")
        for name, value in call.params
        if value == SECRET and "/" not in name
    )


def _hidden(params: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values that the agent may print and nobody shall read."""
    return tuple(
        value for name, value in sorted(params.items()) if is_secret(name) and value != SECRET
    )


def metadata_invocation(agent: AgentName, host: Host) -> Invocation | Outcome:
    """Return the child that prints the metadata of *agent*.

    Units and init scripts describe themselves nowhere: for them there is no such child, see
    `find.Installed.described`.
    """
    if agent.standard == "stonith":
        argv: tuple[str, ...] | Outcome = (*fence_argv(agent.type, host), "-o", "metadata")
    else:
        argv = _argv(agent.key, "meta-data", host)
    if isinstance(argv, Outcome):
        return argv
    call = Call(agent.key, "meta-data", agent.type)
    env = base_environment(host)
    if agent.standard == "ocf":
        env.update(_ocf_environment(call, host))
    return Invocation(argv, _pairs(env, host), b"", METADATA_TIMEOUT_MS)


def _argv(agent: tuple[str, str, str], task: str, host: Host) -> tuple[str, ...] | Outcome:
    name = AgentName(*agent)
    if parse_agent(str(name)) != name:
        return Outcome(INSTALLED, Status.NOT_INSTALLED, f"'{name}' names no agent")
    match agent:
        case ("ocf", "pcsx", type_):
            if type_ not in RESOURCE_AGENTS:
                return Outcome(INSTALLED, Status.NOT_INSTALLED, f"there is no agent {name}")
            return (*host.bundled(RESOURCE_AGENTS[type_]), task)
        case ("ocf", provider, type_):
            return (f"{host.ocf_root}/resource.d/{provider}/{type_}", task)
        case ("lsb", _, type_):
            return (f"{host.init_dir}/{type_}", "status" if task == "monitor" else task)
        case ("systemd" | "service" as standard, _, type_):
            return (*host.bundled(HELPERS[standard]), type_, task)
        case _:
            return Outcome(INSTALLED, Status.NOT_INSTALLED, f"{name} is not called this way")


def base_environment(host: Host) -> dict[str, str]:
    """Return what every child gets, and no more: nothing is inherited from the daemon."""
    path = f"{host.compat_dir}:{host.path}" if host.compat_dir else host.path
    env = {
        "PATH": path,
        "LANG": "C",
        "HOME": "/root",
        "PCSX_RUN_DIR": host.run_dir,
        "PCSX_NODE": host.node,
        "HA_RSCTMP": host.rsc_tmp,
        "HA_debug": "1" if host.debug else "0",
        "PCMK_debug": "1" if host.debug else "0",
        "HA_LOGFACILITY": host.log_facility,
        "PCMK_LOGFACILITY": host.log_facility,
    }
    if host.compat_dir:
        env["HA_SBIN_DIR"] = host.compat_dir
    if host.var_run:
        env["HA_VARRUN"] = host.var_run
    if host.log_file:
        env["HA_LOGFILE"] = host.log_file
        env["PCMK_logfile"] = host.log_file
    return env


def _pairs(env: dict[str, str], host: Host) -> Pairs:
    env.update(host.extra)
    return tuple(
        (name, value)
        for name, value in sorted(env.items())
        if name and "=" not in name and "\0" not in name + value
    )


def _ocf_environment(call: Call, host: Host) -> dict[str, str]:
    _, provider, type_ = call.agent
    env = {
        "OCF_RA_VERSION_MAJOR": "1",
        "OCF_RA_VERSION_MINOR": "1",
        "OCF_ROOT": host.ocf_root,
        "OCF_RESOURCE_INSTANCE": call.resource,
        "OCF_RESOURCE_TYPE": type_,
        "OCF_RESOURCE_PROVIDER": provider,
        "OCF_EXIT_REASON_PREFIX": "ocf-exit-reason:",
        "OCF_OUTPUT_FORMAT": "text",
        "OCF_RESKEY_crm_feature_set": AGENT_FEATURE_SET,
    }
    for name, value in call.params:
        if name == "OCF_CHECK_LEVEL":
            env[name] = value
        elif name != "crm_feature_set":
            env[f"OCF_RESKEY_{name}"] = value
    meta = _whole_meta(call, host)
    if "OCF_CHECK_LEVEL" in meta:
        env.setdefault("OCF_CHECK_LEVEL", meta["OCF_CHECK_LEVEL"])
    for name, value in meta.items():
        env[f"OCF_RESKEY_CRM_meta_{name}"] = value
    if call.traced:
        env["OCF_TRACE_RA"] = "1"
        env["OCF_TRACE_FILE"] = "/dev/stderr"
    elif env.get("OCF_RESKEY_trace_ra", "0") not in ("", "0"):
        env["OCF_TRACE_RA"] = "1"
        if host.trace_dir:
            env.setdefault("OCF_RESKEY_trace_dir", host.trace_dir)
    return env


def _whole_meta(call: Call, host: Host) -> dict[str, str]:
    """Return the meta values with what the executor adds, and the older words beside the new."""
    meta = {name.replace("-", "_"): value for name, value in call.meta}
    meta["timeout"] = str(call.timeout_ms)
    meta["interval"] = str(call.interval_ms)
    meta["name"] = call.task
    meta.setdefault("on_node", host.node)
    meta.setdefault("on_node_uuid", host.node)
    for new, old in _OLD_WORDS:
        if new in meta:
            meta.setdefault(old, meta[new])
        elif old in meta:
            meta[new] = meta[old]
    if "promoted_max" in meta:
        meta.setdefault("promotable", "true")
    return meta


# --- fence agents ---------------------------------------------------------------------------------


def fence_argv(type_: str, host: Host) -> tuple[str, ...]:
    """Return the words that run the fence agent *type_*: our own, or an installed one."""
    if type_ in FENCE_AGENTS:
        return host.bundled(FENCE_AGENTS[type_])
    return (f"{host.fence_dir}/{type_}",)


def fence_invocation(
    type_: str,
    action: str,
    params: Mapping[str, str],
    host: Host,
    *,
    timeout_ms: int,
    target: str = "",
    plug: str = "",
    metadata: AgentMetadata | None = None,
) -> Invocation | Outcome:
    """Return the child that has fence agent *type_* do *action*, to *target* if one is given.

    *plug* is the name that the device knows the target by. It is passed in the parameter that
    `pcmk_host_argument` names, else in the agent's own (`plug`, or the older `port`), unless the
    user set that one to something else than `dynamic`.
    """
    name = AgentName("stonith", "", type_)
    if parse_agent(str(name)) != name:
        return Outcome(INSTALLED, Status.NOT_INSTALLED, f"'{type_}' names no fence agent")
    given = {
        key: value
        for key, value in params.items()
        if not key.startswith(("pcmk_", "CRM_meta_", "crm_")) and key not in _NOT_PASSED
    }
    given["action"] = action
    if target:
        given["nodename"] = target
        for argument in _plug_arguments(params, metadata):
            if given.get(argument, "dynamic") == "dynamic":
                given[argument] = plug or target
    lines = [f"{key}={value}" for key, value in sorted(given.items()) if _one_line(key, value)]
    stdin = ("\n".join(lines) + "\n").encode()
    env = _pairs(base_environment(host), host)
    # What a device lists is compared with names, so it is left as it is; nobody is shown it.
    hidden = () if action in ("list", "list-status") else _hidden(given)
    return Invocation(fence_argv(type_, host), env, stdin, timeout_ms, hidden=hidden)


_NOT_PASSED: Final = frozenset(("provides", "stonith-timeout", "priority", "option"))


def _one_line(key: str, value: str) -> bool:
    return bool(key) and "\n" not in key + value and "\0" not in key + value


def _plug_arguments(params: Mapping[str, str], metadata: AgentMetadata | None) -> tuple[str, ...]:
    wanted = params.get("pcmk_host_argument", "")
    if wanted == "none":
        return ()
    if wanted:
        return (wanted,)
    if metadata is None:
        return ("plug", "port")  # an agent passes over what it does not know
    return (metadata.plug_parameter,) if metadata.plug_parameter else ()
