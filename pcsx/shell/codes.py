"""The codes of findings and errors: what each means, and what to do about it.

`--json` gives the code of everything that is told; `pcsx explain CODE` prints what stands here. A
test keeps the table whole: every code that the program can give has its line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_TABLE: Final = """
# How a command ends
failed: Something did not work, for the reason that the message gives. Exit status 1.
elsewhere: What was asked for is not done by pcsx; the message names what does it here. Exit \
status 1.
refused: The input has faults; findings lists every one. Exit status 1. Mend them, or use --force \
where a finding names a force code.
different: With --idempotent, what should be made is there already and is not so. Exit status 3. \
Use --update to change it.
usage: The command line itself is wrong. Its help shows how it is written: add --help.
conflict: The document has moved on since the change was made, and both touch the same place. Exit \
status 3. Read the configuration again and repeat the change.
not-authorised: Access lists are on and none of the roles of who asked permits this. Exit status \
4. pcsx acl can USER PATH shows what is permitted where.
no-cluster: There is no daemon to talk to, or it is in no cluster. Exit status 5. Start pcsx \
daemon, found a cluster with pcsx cluster setup, or work on a file with -f.
timed-out: What was waited for did not come in time; it may still come. Exit status 6. pcsx status \
shows how far it is.
no-quorum: This part of the cluster may not decide: it has no majority, or no leader yet. Exit \
status 7. pcsx quorum explain shows which nodes are missing.
internal-error: The program itself is wrong; the message names a file with the details. Exit \
status 70. Please report it.
note: A remark without a name of its own; its text says it all.

# Words and options
unknown-command: There is no such command. Its hint names the nearest ones.
unknown-level: There is no such level in the shell; ls lists what is here.
ambiguous-word: The beginning of a word fits several commands. Write more of it.
dry-run: What was asked for cannot be foreseen, so that a dry run of it would act. Ask without \
--dry-run.
deprecated: The words still do what they did, and will go one day. The message has the new ones.
json: The text is no JSON, or not the JSON that the program writes. The message says where.
copy-name: A copy's name has letters, digits, dots, dashes and underlines only.
left-out: The language that was asked for has no words for this part; it stands in the XML only.

# Words of the field
booth-line: A line of booth's configuration is no NAME = VALUE.
booth-peers: These sites and arbitrators make no formation: it needs two sites and an odd number.
booth-ticket: This ticket cannot be added to booth's configuration, or taken out of it.
booth-option: This is no option of a ticket, or no value of one. booth's manual has them.
booth-exists: The file is there already. Use --force to replace it.
no-description: Elements of this kind have no description.
not-promotable: Only what is in a promotable clone can be promoted.
not-scsi: The device does not guard disks by reservations.
not-there: What should be taken away is not there.
no-disk: A device of reservations needs a disk.
no-backup: The archive has no document in it.
no-such-recipe: There is no such recipe; pcsx recipe list names them.
recipe-value: The recipe needs other values. pcsx recipe show NAME tells which.

# Tickets
ticket-name: A ticket's name has letters, digits, dots, dashes and underlines only.
ticket-attribute: This cannot be an attribute of a ticket, or a value of one.
ticket-unused: The ticket is granted or taken, and nothing depends on it. Bind something to it: \
pcsx constraint ticket.
ticket-elsewhere: Two sites that have one ticket may run the same service twice. Make sure that \
no other site has it, then use --force.
ticket-loss: What needs the ticket is stopped, demoted, frozen or its node fenced, at once. Put \
the ticket into standby first, or use --force.
no-such-ticket: Nothing is known of the ticket, and no constraint names it.

# Ids and references
id-empty: An id cannot be empty.
id-invalid: An id begins with a letter or underline, and has letters, digits, dots and dashes.
id-missing: The element needs an id, so that others can name it.
id-exists: The id names something else already. Choose another, or change what is there.
id-taken: The name is in use, and this command makes only what is new. Use load update or edit to \
change it.
id-twice: Two elements have one id. Give one of them another.
reference-unknown: Something is named that is not in the configuration. Define it, or correct the \
name.
unknown: Nothing in the configuration has that name.
in-use: Something else still needs this. Take it out there first.
no-attribute: The element has no such value to set.
not-together: The element has what may each stand there, and not together. Take one away.
no-such-id: Nothing has that id.
none: There is nothing of this kind.
wrong-section: The element stands in a section where it does not belong.
no-such-section: The configuration has no section of that name.
also-changed: Something else was changed together with it, so that the configuration stays whole.
added: This was put into the configuration.
removed: This was taken out of the configuration.
valid: The configuration has no error.

# The document
cib-not-xml: The text is no well-formed XML. The message has the line and column.
cib-not-a-cib: The XML is something else than a cluster's configuration: its outermost element is \
cib.
cib-doctype: A document type or an entity could read files or grow without end, so it is refused. \
Write the values themselves.
cib-too-large: The document is larger than a cluster may have.
cib-text: There is text where only elements belong.
cib-bad-character: A value has a character that XML cannot hold.
schema: The document has an element or attribute where the schema has none. pcsx cluster verify \
lists all such places.
import-fault: The cluster to be taken over has this fault; --force takes it over all the same.
patch-garbled: The difference cannot be read. It was not made by pcsx, or only a part arrived.
committed-garbled: A record of the log cannot be read; the node that meets it stops.
proposal-garbled: What was proposed cannot be read.
change-garbled: A record of a change cannot be read.
snapshot-garbled: A copy of the whole that another node sent cannot be read.
diverged: This node's copy is not what the others have. It takes theirs.

# The configuration language
syntax: The line is not written as the language is. The message has the line and the word; \
pcsx configure help WORD shows how it is written.
member-kind: A container cannot hold a resource of that kind: groups and bundles hold primitives, \
clones hold a primitive or a group.
member-taken: The resource is in another container already. Take it out there first.
member-twice: A resource is listed twice.
taken: The resource is in another container already.
no-resource: There is no resource of that name.
no-group: What is named is no group.
rename: That cannot get another name: only named elements other than nodes can.

# Resources
agent-ambiguous: Several agents have that name. Say class and provider: ocf:heartbeat:NAME.
agent-class: The class of the agent is none that can be run here: ocf, systemd, lsb, service or \
stonith.
agent-metadata: The agent's description of itself cannot be read. It may be broken, or print \
something else first.
agent-missing: The resource has neither an agent nor a template.
agent-name: That is no agent's name: CLASS:TYPE, or ocf:PROVIDER:TYPE.
agent-not-installed: The agent is missing on some nodes. Install its package there, or keep the \
resource off them.
agent-provider: Only agents of the class ocf have a provider, and they need one.
agent-unknown: The agent is not installed here, so that parameters and operations cannot be \
checked.
parameter-missing: The agent needs a value for this parameter. pcsx resource describe AGENT lists \
all of them.
parameter-unknown: The agent has no such parameter. pcsx resource describe AGENT lists those it \
has.
parameter-value: The value is not of the kind that the agent asks for.
parameter-empty: The parameter is given without a value. Leave it out, or give one.
parameter-deprecated: The agent knows a newer parameter for this.
parameter-not-unique: The agent wants this value to be used once, and another resource has it.
value-shared: Two resources have one value for what the agent wants to be used once.
switch-shared: Devices for different nodes have one address, so cutting one node cuts the others. \
Give each its own address, or the plug of each node.
timeout-short: The operation has less time than its agent advises. Slow is then taken for failed.
operation-name: The agent has no such operation.
operation-option: An operation has no such option.
operation-value: The value is none that the option of an operation takes.
operation-twice: Two operations have one name and one interval; the second would never run.
operation-alike: There is such an operation already; --force adds it with another interval or role.
operation-exclusive: Two of the options exclude each other.
no-such-operation: The resource has no such operation.
not-safe: With --safe nothing is done that other resources would feel. The message tells what \
would happen to them.
no-monitor: No monitor is enabled, so that the resource is managed without being watched.
no-such-resource: There is no resource of that name. pcsx resource config shows what there is.
not-a-primitive: What is named holds other resources; this is done to the primitive in it.
not-promotable: The agent cannot be promoted: it has no promote and demote.
remote-by-create: This would make a remote or guest node. pcsx cluster node add-remote and \
add-guest do that whole.
resource-inside: The resource is in a clone or bundle, and is moved with it.
resource-tagged: The resource is in a tag. Take it out there first: pcsx tag update.
agent-refuses: The agent itself judged the parameters and refuses them; its words are in the \
message.
runs-elsewhere: The resource runs on another node, and a second one may damage its data.
already-a-clone: The resource is a clone already.
already-cloned: The resource, or what it is in, is cloned already.
clone-child: A clone holds one primitive or group.
clone-of-many: The group is cloned, and a clone cannot hold several resources instead.
not-a-clone: The resource is not cloned.
stonith-clone: A fence device is never cloned: every node can use it anyway.
group-empty: A group needs a member.
group-member: A group holds primitives only.
group-member-twice: A resource is listed twice.
group-beside-itself: A resource cannot be placed beside itself.
group-referenced: Constraints name the group, which would go with its last member. Delete them \
first, or use --force.
in-group: The resource is in a group already.
not-in-group: The resource is not in that group.
not-a-group: What is named is no group.
no-such-group: There is no group of that name.
bundle-engine: A bundle needs one container engine: podman or docker.
bundle-exclusive: Two of the options exclude each other.
bundle-full: The bundle holds a resource already; it can hold one.
bundle-image: A bundle needs the image of its container.
bundle-kind: The container is of another engine than was said.
bundle-option: A bundle has no such option here.
bundle-port: A port map needs either port or range, with port numbers.
bundle-storage: A storage map needs source-dir or source-dir-root, and target-dir.
bundle-unreachable: The cluster cannot reach into the bundle: give it ip-range-start or \
control-port.
bundle-value: The value is none that the option of a bundle takes.
not-a-bundle: What is named is no bundle.
no-such-mapping: The bundle has no port or storage map of that id.
ban-constraint: A constraint keeps the resource away until it is cleared: pcsx resource clear.
move-constraint: A constraint moved the resource; it is cleared once it has moved.
no-diary: A node does not tell what it recorded; the message tells why.

# Constraints and rules
constraint-duplicate: A constraint says the same already; --force makes another.
constraint-incomplete: The constraint has only one of its two ends.
constraint-kind: An order is Mandatory, Optional or Serialize.
constraint-option: The constraint has no such option.
constraint-value: The value is none that the option takes.
colocation-self: A resource is placed with itself.
order-self: A resource is ordered after itself.
order-loop: Orders lead in a circle, so that none of these could ever start. Take one away.
inside-a-clone: The resource is in a clone or bundle; constrain that, or use --force.
location-nowhere: The constraint names neither a node nor a rule.
node-unknown: No node has that name (yet).
no-such-constraint: There is no constraint of that id.
no-such-rule: There is no rule of that id.
pattern: The regular expression cannot be read.
role: There is no such role: Started, Stopped, Promoted, Unpromoted.
role-unknown: There is no such role: Started, Stopped, Promoted, Unpromoted.
rule-empty: A rule needs an expression.
rule-syntax: The rule is not written as rules are. The message shows where.
score: A score is a whole number, INFINITY or -INFINITY.
score-invalid: A score is a whole number, INFINITY or -INFINITY.
score-missing: The constraint has a node and no score.
set-empty: A set needs a member.
set-option: A set has no such option, or not that value.
subject-kind: A resource is named plainly or as resource%ID, a pattern as regexp%PATTERN.
ticket-missing: The constraint names no ticket.
ticket-name: A ticket's name has letters, digits and dashes only.

# Options, defaults, nodes
option-twice: An option is set twice in one set; only one of them counts.
option-value: The value is none that the option takes.
property-unknown: There is no such cluster property. pcsx property describe lists them.
property-value: The value is none that the property takes.
property-internal: The cluster sets this itself.
property-not-set: The property has its default value; there is nothing to unset.
property-watchdog: stonith-watchdog-timeout is left at 0 while no watchdog is used for fencing.
defaults-overridden: Defaults hold only where a resource sets no value of its own.
still-in-maintenance: Something else is in maintenance by its own setting; end that too.
no-such-set: There is no set of defaults with that id.
several-sets: There are several sets of defaults. Say which one by its id.
no-such-node: The cluster has no node of that name.
node-name: That cannot be the name of a node.
node-twice: A node is named twice.

# Tags, access lists, alerts
in-tag: The element is in the tag already.
not-in-tag: The element is not in the tag.
no-such-tag: There is no tag of that name.
tag-beside-itself: An element cannot be placed beside itself.
tag-both: An element cannot be added and removed at once.
tag-empty: A tag needs a member.
tag-of-tag: A tag cannot hold a tag.
tag-referenced: Constraints name the tag. Delete them first.
tag-twice: An element is listed twice.
no-such-role: There is no ACL role of that name.
no-such-user: There is no ACL user or group of that name.
no-such-permission: There is no permission of that id.
role-assigned: The user or group has the role already.
no-such-alert: There is no alert of that id.
no-such-recipient: There is no recipient of that id.
recipient-exists: The alert tells that recipient already; --force adds it twice.

# Fencing
fencing-missing: Fencing is on and there is no device, so that nothing is recovered from a lost \
node. Make one (pcsx stonith create), or set stonith-enabled=false knowing the price.
fence-action: A node is fenced by reboot or off; what a device calls them is set by \
pcmk_reboot_action and pcmk_off_action.
level-exists: The level has these devices already.
level-index: A fencing level has a number from 1 to 9.
no-such-device: There is no fence device of that name.
no-such-level: There is no such fencing level.
target-kind: A level is for a node, regexp%PATTERN or attrib%NAME=VALUE.
is-up: The node answers, so that it is not confirmed as off. Fence it, or use --force.
cannot-fence: No device says that it can fence this node.
not-answered-for: Nobody has said that this lost node is off, and what still runs there would run \
twice. Look, then name it.
not-asked: A node could not be asked to try the devices; the message tells why.
slow: The device needed more than half of its timeout, and may miss it when it counts.
watchdog: There is no watchdog device, so that a node that hangs is stopped by others only.

# Founding the cluster, and its nodes
address: The address means nothing, or is none that others can reach.
address-twice: Two nodes have one address.
clock: The clocks of the nodes differ. More than 60 s is refused; set them by NTP.
cloned: Two machines have one machine id: one was copied from the other. Give it an id of its own.
cluster-name: That cannot be a cluster's name.
cluster-name-gfs2: GFS2 cannot be mounted in a cluster of that name; --force takes it where there \
is none.
corosync-crypto: There is no such cipher or hash in corosync.conf.
corosync-links: The links do not fit each other or the transport.
corosync-nodes: A cluster needs at least one node.
corosync-option: corosync.conf has no such option, or not that value.
corosync-transport: There is no such transport: knet, udp or udpu.
demo-nodes: The demonstration runs with two nodes or more.
in-a-cluster: The node is in a cluster already. Take it out there first, or destroy that one.
links: Nodes have different numbers of addresses.
loopback: The name means 127.0.0.1 or its like, where no other machine is reached. Mend /etc/hosts \
or give an address.
mtu: Large packets do not come through on this link.
name: The name of this machine does not resolve as others will use it.
no-nodes: A cluster needs at least one node.
node-address: The address of a node means nothing or is given twice.
node-unresolved: The node's name means no address here; it was taken as it is.
not-among-them: This machine is not among the nodes of the new cluster.
not-found: A node was not found: its daemon does not run, or a firewall is between.
other-cluster: The node is in another cluster.
other-name: The machine goes by another name.
port: The port is taken or closed.
rt: The daemon may not run in real time here, so that a busy machine may look dead.
too-many-nodes: That is more nodes than a cluster can have.
unresolved: The name means no address here.
version: The nodes run different versions of pcsx.

# Quorum and settings
derived: The value follows from others and is not set by itself.
expected-votes: That number of votes is none that the cluster can have.
no-votes: Nobody would have a vote, so that nothing could ever be decided.
profile: There is no such timing profile: fast, standard, vm or wan.
settings-port: A setting is no port number.
settings-toml: pcsx.toml cannot be read. The message has the line.
settings-watchdog: A watchdog waits for 2 to 600 seconds.
settings-type: A setting is of another kind.
settings-unknown: There is no such setting.
"""


def _read(table: str) -> Mapping[str, str]:
    lines = (line for line in table.splitlines() if line and not line.startswith("# "))
    return {code: text for code, _, text in (line.partition(": ") for line in lines)}


MEANINGS: Final = _read(_TABLE)
"""What every code means, in sentences."""
