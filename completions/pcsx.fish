# Completion of pcsx for fish. Made from the command tree: make generated.
function __pcsx_words
    switch "$argv"
        case ''
            printf '%s\n' 'acl	Say who may read and change what.' 'agent	List agents, show what they take, and let them judge it.' 'alert	Call programs when something happens.' 'apply	Make the configuration what a file says.' 'booth	Write the files of the ticket manager booth.' 'cib	Work on copies of the document, and commit them as one change.' 'client	Tell how the daemon knows who asks.' 'cluster	Found, start, stop and describe the cluster and its nodes.' 'completion	Print the completion script of a shell.' 'config	Show, save, load, compare, convert and draw the configuration.' 'configure	Edit the configuration in crm\'s language.' 'confirm	Keep a change that was made on trial.' 'constraint	Say where resources run, in which order, and with which others.' 'daemon	Run the cluster daemon in the foreground.' 'demo	Try a cluster of three daemons on this machine.' 'diff	Show what differs between two states.' 'dr	Note which other cluster takes over a lost site.' 'explain	Tell what a code of a message means.' 'group	Send messages to process groups, and watch them.' 'history	Show what was changed, when and by whom.' 'host	Tell how hosts trust each other.' 'lock	Hold a lock of the cluster while something runs.' 'maintenance	Leave the cluster, nodes or resources alone for a while.' 'metrics	Print the state in the text format of Prometheus.' 'monitor	Show nodes, resources and events live.' 'node	Put nodes into standby or maintenance; set their attributes.' 'panic	Tell the others from a crash kernel that this machine has panicked.' 'pcsd	Show which nodes\' daemons are here.' 'property	Show and set the options of the whole cluster.' 'qdevice	Tell what votes from outside of the cluster.' 'quorum	Show and configure the right to act.' 'ra	List agents, and show what they take.' 'recipe	Build what is often wanted from a few values.' 'redo	Make a change again that was undone.' 'report	Put all that tells of a fault into one file.' 'resource	Create, change, move and delete what the cluster runs.' 'ring	Show how this node is connected to the others.' 'rule	Test rules, and tell when they turn.' 'sam	Run a program under watch.' 'shell	Work at a prompt: levels, completion, one working copy.' 'simulate	Show what the cluster would do.' 'site	Grant and revoke tickets, in crm\'s words.' 'status	Show what runs where, and what is wrong.' 'stonith	Configure fence devices; fence nodes.' 'store	Read and write values that all nodes of a view hold.' 'tag	Name sets of resources.' 'ticket	Grant and revoke tickets of this site.' 'transition	Show, draw and replay what was decided.' 'undo	Take a change back.' 'why	Tell why something runs where it does, or does not.' 'witness	Vote in clusters from a machine outside of them.'
        case 'acl'
            printf '%s\n' 'can	Tell what a user may do with what an XPath selects, and by which groups; status 2 for no.' 'config	Show roles, users and groups, and whether access is controlled at all.' 'disable	Control access no longer.' 'enable	Control access from now on.' 'group	Create and delete groups of access control.' 'permission	Add permissions to roles, and delete them.' 'role	Create, delete, assign and unassign roles.' 'user	Create and delete users of access control.'
        case 'acl can'
            printf '%s\n' 'read' 'write'
        case 'acl group'
            printf '%s\n' 'create	Let a group of the system have roles.' 'delete	Forget a group and its roles.'
        case 'acl permission'
            printf '%s\n' 'add	Let a role do more, or deny it something.' 'delete	Delete a permission by its id, which `pcsx acl config` shows.'
        case 'acl permission add'
            printf '%s\n' 'read' 'write' 'deny' 'xpath' 'id'
        case 'acl role'
            printf '%s\n' 'assign	Give a role to a user or a group.' 'create	Create a role with permissions.' 'delete	Delete a role, and take it from whoever has it.' 'unassign	Take a role from a user or a group.'
        case 'acl role assign'
            printf '%s\n' 'to' 'user' 'group'
        case 'acl role create'
            printf '%s\n' 'description=' 'read' 'write' 'deny' 'xpath' 'id'
        case 'acl role unassign'
            printf '%s\n' 'from' 'user' 'group'
        case 'acl user'
            printf '%s\n' 'create	Let a user of the system have roles.' 'delete	Forget a user and its roles.'
        case 'agent'
            printf '%s\n' 'describe	Show what an agent is for, its parameters and the operations it advises.' 'list	List the types of agents, of one standard or provider if asked.' 'validate	Let an agent judge parameters, before there is a resource.'
        case 'agent validate'
            printf '%s\n' 'node='
        case 'alert'
            printf '%s\n' 'config	Show alerts and whom they tell.' 'create	Create an alert: a program that is called with what happened.' 'delete	Delete alerts.' 'recipient	Say whom an alert tells.' 'test	Call the program of an alert with a made-up event, and show how it went.' 'update	Change an alert; what is not named stays, an empty value removes.'
        case 'alert create'
            printf '%s\n' 'path=' 'id=' 'description=' 'options' 'meta'
        case 'alert recipient'
            printf '%s\n' 'add	Let an alert tell someone more.' 'delete	Tell someone no longer.' 'update	Change a recipient; what is not named stays, an empty value removes.'
        case 'alert recipient add'
            printf '%s\n' 'value=' 'id=' 'description=' 'options' 'meta'
        case 'alert recipient update'
            printf '%s\n' 'value=' 'description=' 'options' 'meta'
        case 'alert test'
            printf '%s\n' 'node='
        case 'alert update'
            printf '%s\n' 'path=' 'description=' 'options' 'meta'
        case 'booth'
            printf '%s\n' 'config	Show the configuration of booth on this node.' 'create	Have the cluster run booth on an address: one group of two resources.' 'delete	Delete the resources that run booth.' 'destroy	Remove the files of booth from this node, unless the cluster runs it.' 'setup	Write a new configuration and key for booth; an odd number of peers decides.' 'ticket	Add tickets to booth\'s configuration, and take them out.'
        case 'booth create'
            printf '%s\n' 'ip'
        case 'booth setup'
            printf '%s\n' 'sites' 'arbitrators'
        case 'booth ticket'
            printf '%s\n' 'add	Add a ticket to booth\'s configuration.' 'cleanup	Forget all that is known of a ticket; it counts as not granted.' 'delete	Take a ticket out of booth\'s configuration.' 'standby	Stop or demote in good order what needs a ticket, before it is revoked.'
        case 'cib'
            printf '%s\n' 'commit	Make what was changed in a copy a change of the document itself, all in one.' 'delete	Remove copies.' 'diff	Show what was changed in a copy since it was made.' 'element	Say what elements of the document are for.' 'import	Make a copy of the document in a file; its name is that of the file if none is given.' 'list	Show the copies there are; the one in use is marked.' 'new	Make a copy of the document as it is now; --force replaces one of the same name.' 'reset	Forget what was changed in a copy: it becomes the document as it is now.' 'use	Let the commands of this terminal work on a copy, or on the cluster itself again.'
        case 'cib element'
            printf '%s\n' 'description	Show or set what an element is said to be for; an empty text takes that away.'
        case 'cib use'
            printf '%s\n' 'live'
        case 'client'
            printf '%s\n' 'local-auth	Tell that no password is needed: the daemon\'s socket knows who asks.'
        case 'cluster'
            printf '%s\n' 'accept	Compare the code of a founder, and join its cluster.' 'authkey	Change the cluster\'s key, and show how far that is.' 'check	Look for what makes clusters fail: names, clocks, packet sizes, ports, the watchdog.' 'cib	Print the document as XML, or save it in a file to be worked on with -f.' 'cib-push	Make the document of a file the cluster\'s, or one section of it, or its difference.' 'cib-upgrade	Lift the document to the newest schema that is known here.' 'config	Show and change the settings of a corosync.conf.' 'destroy	Leave the cluster for good.' 'disable	Do not start the daemon on this node at boot.' 'discover	List the daemons that wait in their lobby and announce themselves by mDNS.' 'edit	Open the document in the editor, and commit what was changed there.' 'enable	Start the daemon on this node at every boot.' 'force-new	Begin the cluster anew with this node alone, when most voters are lost for good.' 'import	Take over the configuration of a Pacemaker cluster, and tell what becomes of each part.' 'info	Show what the daemon here is.' 'join	Join a cluster with a token that a member printed.' 'link	Add, move, remove and show links, at run time.' 'node	Add nodes and remove them; and nodes that only run resources.' 'nodekey	Change the key by which one node proves who it is.' 'rejoin	Bring this node over to its cluster, which was begun anew without it (force-new).' 'rename	Give the cluster another name.' 'restart	Leave the ring in good order on this node, and join it again.' 'setup	Form a cluster of nodes that wait in their lobby, all in one go or not at all.' 'start	Join the ring again, and run resources.' 'status	Show the headline, what is wrong, and the nodes.' 'stop	Move everything away, and leave the ring.' 'token	Print a token with which one more node may join, once, within an hour or TIME.' 'verify	Check the document: its shape, references, loops, values, scores, fencing; all at once.'
        case 'cluster authkey'
            printf '%s\n' 'rotate	Change the cluster\'s key, while everything runs on; --wait waits until the old one is void.' 'status	Show whether the cluster\'s key is being changed, and which nodes that waits for.'
        case 'cluster cib'
            printf '%s\n' 'scope='
        case 'cluster cib-push'
            printf '%s\n' 'scope=' 'diff-against='
        case 'cluster config'
            printf '%s\n' 'show	Show the settings of a corosync.conf, as text, as a command or as JSON.' 'update	Change settings of a corosync.conf; what is not named stays, an empty value removes.' 'uuid	Give the cluster of a corosync.conf an identity.'
        case 'cluster config update'
            printf '%s\n' 'transport' 'compression' 'crypto' 'totem'
        case 'cluster config uuid'
            printf '%s\n' 'generate	Give the cluster of a corosync.conf a new identity.'
        case 'cluster edit'
            printf '%s\n' 'scope='
        case 'cluster link'
            printf '%s\n' 'add	Add a link: an address of every node.' 'remove	Remove links by their numbers; those behind move up.' 'status	Show every link to every peer.' 'update	Move a link to other addresses of some nodes, or give it another priority.'
        case 'cluster link add'
            printf '%s\n' 'priority='
        case 'cluster link update'
            printf '%s\n' 'priority='
        case 'cluster node'
            printf '%s\n' 'add	Tell how one more node is added, with a token for it.' 'add-guest	Make the guest that a resource runs a node of the cluster.' 'add-remote	Add a remote node: the cluster connects to it and runs resources there.' 'clear	Forget a node that is in the ring no more: its entry, attributes and capacities.' 'delete-guest	Let a guest be no node any more; the resource that runs it stays.' 'delete-remote	Remove a remote node, by its name or its address.' 'remove	Stop a node, take it out of the cluster for good, and change the cluster\'s key.' 'rename	Give a stopped node another name, in the ring and in the configuration.'
        case 'cluster node add-remote'
            printf '%s\n' 'op' 'meta'
        case 'cluster nodekey'
            printf '%s\n' 'rotate	Change the own key of NODE, or of this one, while everything runs on.'
        case 'cluster setup'
            printf '%s\n' 'addr=' 'transport' 'link' 'compression' 'crypto' 'totem' 'quorum'
        case 'completion'
            printf '%s\n' 'bash' 'zsh' 'fish'
        case 'config'
            printf '%s\n' 'backup	Write the configuration as an archive; it has passwords, and no keys.' 'checkpoint	Look at earlier states of the configuration, and go back to one.' 'convert	Write the configuration in a file in another language: crm, xml, json or cmd.' 'diff	Show what differs between two states, as pcsx diff does.' 'graph	Draw resources, orders and colocations: as SVG, or in dot for graphviz.' 'load	Take a file into the configuration: crm\'s language, XML or JSON (- is standard input).' 'restore	Make the configuration what an archive of it says, as one change that undo takes back.' 'save	Write the configuration, or what is named of it, to a file (- is standard output).' 'show	Show nodes, resources, fence devices, constraints, alerts, defaults, properties and tags.'
        case 'config checkpoint'
            printf '%s\n' 'diff	Show what differs between the states after two changes, or since one.' 'list	List the states that can be gone back to: one after each change.' 'restore	Make the configuration what it was after a change; all changes since are taken back.' 'view	Show the configuration as it was after a change.'
        case 'config checkpoint diff'
            printf '%s\n' 'live'
        case 'configure'
            printf '%s\n' 'acl_group	Give a group of users roles.' 'acl_target	Give a user roles.' 'alert	Call a program when something happens.' 'bundle	Define containers that the cluster starts, and what runs inside.' 'clone	Run a resource or a group on many nodes; with promotable=true some are promoted.' 'colocation	Say that the first resource runs where the second one runs.' 'commit	Commit what changed.' 'default-timeouts	Give operations the timeouts that agents advise.' 'delete	Delete elements and what only they were for.' 'diff	Print what changed.' 'edit	Open the text of what is named, or of all, in an editor.' 'erase	Delete everything.' 'fencing_topology	Say which fence devices are tried, in which order; a comma joins devices of one level.' 'filter	Let a program rewrite the text, from its standard input to its standard output.' 'get-property	Print the value of cluster properties, by default where none is set.' 'graph	Draw resources, orders and colocations into a file; without one, in dot.' 'group	Define resources that run together and start one after the other.' 'load	Take in a file, or with - standard input; replace and push take it for the whole.' 'location	Say how much a resource wants a node, or must have it or never.' 'modgroup	Change who is in a group.' 'monitor	Add a monitor operation to a resource.' 'node	Give a node attributes and capacities.' 'op_defaults	Set options for every operation that does not say otherwise.' 'order	Say that one resource starts before another, and stops after it.' 'primitive	Define a resource that an agent looks after.' 'property	Set options of the whole cluster.' 'refresh	Drop what changed.' 'rename	Give an element another id.' 'role	Define what users of a role may read and change.' 'rsc_defaults	Set meta attributes for every resource that does not say otherwise.' 'rsc_template	Define what many primitives have in common; they name it as @ID.' 'rsc_ticket	Let resources run only while the site has a ticket.' 'save	Write the configuration, or what is named, to a file.' 'set	Change one value of a resource, a node or an operation.' 'show	Print the configuration, or what is named: ID, type:KIND, tag:ID, related:ID, changed.' 'tag	Give a set of resources a name.' 'verify	Tell all findings; fail where one is an error.' 'xml	Put in an element that the language has no words for.'
        case 'configure alert'
            printf '%s\n' 'attributes' 'meta' 'select' 'nodes' 'fencing' 'resources' 'to'
        case 'configure bundle'
            printf '%s\n' 'docker' 'podman' 'rkt' 'network' 'port-mapping' 'storage' 'storage-mapping' 'primitive' 'meta'
        case 'configure clone'
            printf '%s\n' 'description=' 'meta' 'params'
        case 'configure colocation'
            printf '%s\n' 'node-attribute='
        case 'configure erase'
            printf '%s\n' 'nodes'
        case 'configure group'
            printf '%s\n' 'description=' 'meta' 'params'
        case 'configure load'
            printf '%s\n' 'xml' 'update' 'replace' 'push'
        case 'configure location'
            printf '%s\n' 'role=' 'resource-discovery=' 'rule'
        case 'configure modgroup'
            printf '%s\n' 'add' 'after' 'before' 'remove'
        case 'configure node'
            printf '%s\n' 'description=' 'attributes' 'utilization'
        case 'configure op_defaults'
            printf '%s\n' 'rule'
        case 'configure order'
            printf '%s\n' 'symmetrical='
        case 'configure primitive'
            printf '%s\n' 'description=' 'params' 'meta' 'utilization' 'operations' 'op' 'op_params' 'op_meta'
        case 'configure property'
            printf '%s\n' 'rule'
        case 'configure role'
            printf '%s\n' 'read' 'write' 'deny'
        case 'configure rsc_defaults'
            printf '%s\n' 'rule'
        case 'configure rsc_template'
            printf '%s\n' 'description=' 'params' 'meta' 'utilization' 'operations' 'op' 'op_params' 'op_meta'
        case 'configure rsc_ticket'
            printf '%s\n' 'loss-policy='
        case 'configure save'
            printf '%s\n' 'xml'
        case 'configure show'
            printf '%s\n' 'xml'
        case 'constraint'
            printf '%s\n' 'colocation	Say which resources run together, and which apart.' 'config	Show all constraints; with --full, their ids too.' 'delete	Delete constraints, or rules of location constraints, by their ids.' 'location	Say which nodes a resource likes, and where it never runs.' 'order	Say in which order resources act.' 'ref	List the constraints that name a resource.' 'rule	Add rules to location constraints, and delete them.' 'ticket	Say what runs only where a ticket is held.'
        case 'constraint colocation'
            printf '%s\n' 'add	Place a resource by where another one is: with it, or with a negative score apart from it.' 'config	Show colocation constraints.' 'delete	Delete the colocation constraints between two resources.' 'set	Keep sets of resources together.'
        case 'constraint colocation add'
            printf '%s\n' 'with'
        case 'constraint colocation set'
            printf '%s\n' 'set' 'setoptions'
        case 'constraint location'
            printf '%s\n' 'add	Add a location constraint with an id of your choice.' 'config	Show location constraints, by resource or by node.' 'delete	Delete a location constraint.' 'of	Say which nodes a resource likes or avoids, and how much; or by a rule.'
        case 'constraint location add'
            printf '%s\n' 'resource-discovery='
        case 'constraint location config'
            printf '%s\n' 'resources' 'nodes'
        case 'constraint location of'
            printf '%s\n' 'prefers' 'avoids' 'rule'
        case 'constraint order'
            printf '%s\n' 'config	Show order constraints.' 'delete	Remove resources from all order constraints.' 'of	Let one resource act before another.' 'set	Order sets of resources.'
        case 'constraint order of'
            printf '%s\n' 'then'
        case 'constraint order set'
            printf '%s\n' 'set' 'setoptions'
        case 'constraint rule'
            printf '%s\n' 'add	Add a rule to a location constraint.' 'delete	Delete a rule, and its constraint if that was its last one.'
        case 'constraint rule add'
            printf '%s\n' 'id=' 'role=' 'score=' 'score-attribute='
        case 'constraint ticket'
            printf '%s\n' 'add	Let a resource run only where a ticket is held.' 'config	Show ticket constraints.' 'delete	Delete the constraints of a resource on a ticket.' 'set	Let sets of resources run only where a ticket is held.'
        case 'constraint ticket add'
            printf '%s\n' 'loss-policy=' 'id='
        case 'constraint ticket set'
            printf '%s\n' 'set' 'setoptions' 'ticket='
        case 'dr'
            printf '%s\n' 'config	Show this site\'s role, and the nodes of the other.' 'destroy	Remove the note from this node.' 'set-recovery-site	Note the nodes of the cluster that takes over when this site is lost.' 'status	Show the state of this site, and how to see that of the other.'
        case 'group'
            printf '%s\n' 'list	List the groups and the processes in them.' 'send	Join a group, say something to its members, and leave it.' 'watch	Join a group and show who comes and goes and what is said, until Ctrl-C.'
        case 'host'
            printf '%s\n' 'auth	Tell whether nodes are trusted: those of this cluster are, by its keys.' 'deauth	Tell that nodes of a cluster trust each other until one is taken out.'
        case 'host auth'
            printf '%s\n' 'addr='
        case 'lock'
            printf '%s\n' 'acquire	Wait for a lock, print its token, and hold it until this process ends (Ctrl-C) or it is lost.' 'list	List the locks, their holders and tokens, and how many wait.' 'release	End the process on this node that holds a lock by `pcsx lock acquire`, which gives it back.' 'run	Run a command while holding a lock; PCSX_LOCK_TOKEN has the token as EPOCH.PLACE.'
        case 'maintenance'
            printf '%s\n' 'off	End maintenance of the cluster, or of one node or resource.' 'on	Begin maintenance of the cluster, or of one node or resource.' 'status	Show what is in maintenance.'
        case 'node'
            printf '%s\n' 'attribute	Show or set lasting attributes of nodes; an empty value removes.' 'drain	Move everything off nodes and wait until nothing runs there any more.' 'maintenance	Leave all resources of nodes alone: they run on, and nobody looks.' 'standby	Move everything off nodes, and put nothing on them.' 'unmaintenance	Look after the resources of nodes again.' 'unstandby	Let nodes run resources again.' 'utilization	Show or set what a node has to give, as whole numbers.'
        case 'pcsd'
            printf '%s\n' 'status	Show which nodes\' daemons are here; the exit status is 2 where one is not.'
        case 'property'
            printf '%s\n' 'config	Show the options that are set; with --all also the others, with their defaults.' 'defaults	Show what the options of the cluster are where they are not set; --full: also rare ones.' 'describe	Tell what the options of the cluster are for, which values they take, and their defaults.' 'set	Set options of the whole cluster; an empty value removes one.' 'unset	Remove options of the whole cluster, so that their defaults hold.'
        case 'quorum'
            printf '%s\n' 'config	Show the options of quorum, who votes with how much, and the witness.' 'device	The older word for witness.' 'expected-votes	Count out nodes that are away, until VOTES are expected; they vote again when they are back.' 'explain	Tell in sentences how quorum stands, and what the loss of each node would mean.' 'simulate	Tell what would follow if these nodes were lost at once.' 'status	Show whether there is quorum, by which votes, why, and what is waited for.' 'unblock	End the wait for all voters (wait_for_all) of the nodes that are here now.' 'update	Change options of quorum while the cluster runs; a name without a value takes it away.' 'witness	Have a vote outside of the cluster, or none.'
        case 'quorum device'
            printf '%s\n' 'add	Have a witness vote, so that one of two nodes may go on without the other.' 'remove	Take the witness\'s vote away; two nodes are a pair by the solo rule then.' 'status	Show the witness, and whether it answers this node.'
        case 'quorum witness'
            printf '%s\n' 'add	Have a witness vote, so that one of two nodes may go on without the other.' 'remove	Take the witness\'s vote away; two nodes are a pair by the solo rule then.' 'status	Show the witness, and whether it answers this node.'
        case 'ra'
            printf '%s\n' 'classes	List the standards of which an agent is here.' 'info	Show what an agent is for, its parameters and the operations it advises.' 'list	List the types of agents, of one standard or provider if asked.' 'providers	List the providers of OCF agents that are here.' 'validate	Let an agent judge parameters, before there is a resource.'
        case 'ra validate'
            printf '%s\n' 'node='
        case 'recipe'
            printf '%s\n' 'list	List the recipes.' 'run	Build what a recipe describes, as one change; with --plan it is only shown.' 'show	Show which values a recipe takes, and what it makes of those that are given.'
        case 'resource'
            printf '%s\n' 'agent	Ask agents themselves.' 'agents	List the types of agents, of one standard or provider if asked.' 'ban	Keep a resource off a node: the one named, or the one where it runs now.' 'bundle	Run containers that the cluster starts, and resources inside them.' 'cleanup	Forget failures, so that the cluster tries again where it had given up.' 'clear	Remove the constraints that move and ban made.' 'clone	Run a resource or a group on many nodes at once.' 'config	Show how resources are configured, as text, as commands or as JSON.' 'create	Create a resource that an agent looks after.' 'debug-demote	Run the agent\'s demote by hand, on some node, and show what it says.' 'debug-monitor	Run the agent\'s monitor by hand, on some node, and show what it says.' 'debug-promote	Run the agent\'s promote by hand, on some node, and show what it says.' 'debug-start	Run the agent\'s start by hand, on some node, and show what it says.' 'debug-stop	Run the agent\'s stop by hand, on some node, and show what it says.' 'defaults	Show and set default values of all resources.' 'delete	Delete a resource, with what is in it and with the constraints on it.' 'demote	Have no instance of a promotable clone promoted, until promote.' 'describe	Show what an agent is for, its parameters and the operations that it advises.' 'description	Show or set what an element is said to be for; an empty text takes that away.' 'disable	Stop resources and keep them stopped.' 'enable	Let the cluster start resources.' 'failcount	Show and forget how often resources failed.' 'group	List groups, put resources into them and take them out.' 'list	List agents by their full names, with what they are for.' 'manage	Let the cluster act on resources again; with --monitor their monitors run again too.' 'meta	Set meta attributes of a resource, a group or a clone; an empty value removes.' 'move	Move a resource to another node, and leave nothing behind that would hold it there.' 'move-with-constraint	Move a resource by a constraint that stays until `pcsx resource clear`, or its lifetime.' 'op	Add and delete operations of resources; set defaults for all.' 'promotable	Run a resource or a group on many nodes, and promote some of the copies.' 'promote	Let the cluster promote instances of a promotable clone again, after demote.' 'providers	List the providers of OCF agents that are here.' 'refresh	Forget all that was seen of a resource, and look again.' 'relations	Show what a resource has to do with others: what holds it, its members, its constraints.' 'relocate	Bring resources to the nodes that they would choose now.' 'restart	Stop a resource and start it again; of a clone only the instance on a node, if one is named.' 'safe-disable	Stop resources and keep them stopped, unless other resources would be touched.' 'standards	List the standards of which an agent is here.' 'status	Show what runs where.' 'timing	Show how long operations take, beside their timeouts, and which timeout is advised.' 'trace	Have agents show each of their steps, and look at what they showed.' 'unclone	Run the resource or group inside a clone once only.' 'ungroup	Take resources (all, if none is named) out of a group; they keep running.' 'unmanage	Let the cluster leave resources alone; with --monitor their monitors stop too.' 'untrace	Trace a resource no longer.' 'update	Change parameters, operations and meta attributes of a resource.' 'utilization	Show or set what a resource takes of a node\'s capacity, as whole numbers.' 'validate	Let the agent of a resource judge its parameters, on this node or another.'
        case 'resource agent'
            printf '%s\n' 'validate	Let an agent judge parameters, before there is a resource.'
        case 'resource agent validate'
            printf '%s\n' 'node='
        case 'resource ban'
            printf '%s\n' 'lifetime='
        case 'resource bundle'
            printf '%s\n' 'create	Create a bundle: containers of one image, with a network and storage if wanted.' 'reset	Configure a bundle anew; nothing of its old settings stays but what is inside it.' 'update	Change a bundle; what is not named stays, an empty value removes.'
        case 'resource bundle create'
            printf '%s\n' 'container' 'network' 'port-map' 'storage-map' 'meta'
        case 'resource bundle reset'
            printf '%s\n' 'container' 'network' 'port-map' 'storage-map' 'meta'
        case 'resource bundle update'
            printf '%s\n' 'container' 'network' 'port-map' 'add' 'delete' 'storage-map' 'meta'
        case 'resource cleanup'
            printf '%s\n' 'node=' 'operation=' 'interval='
        case 'resource clone'
            printf '%s\n' 'meta'
        case 'resource create'
            printf '%s\n' 'op' 'meta' 'clone' 'promotable' 'bundle'
        case 'resource debug-demote'
            printf '%s\n' 'node='
        case 'resource debug-monitor'
            printf '%s\n' 'node='
        case 'resource debug-promote'
            printf '%s\n' 'node='
        case 'resource debug-start'
            printf '%s\n' 'node='
        case 'resource debug-stop'
            printf '%s\n' 'node='
        case 'resource defaults'
            printf '%s\n' 'config	Show the default values; with NAME=VALUE, set them.' 'set	Create, change and delete sets of default values of resources.' 'update	Set default values; an empty value removes.'
        case 'resource defaults set'
            printf '%s\n' 'create	Create a set of default values, for those that a rule picks if there is one.' 'delete	Delete sets of default values, by their ids.' 'update	Set values in a set of default values; an empty value removes.'
        case 'resource defaults set create'
            printf '%s\n' 'id=' 'score=' 'meta' 'rule'
        case 'resource defaults set update'
            printf '%s\n' 'meta'
        case 'resource failcount'
            printf '%s\n' 'reset	Forget failures, of all or of one operation, so that the cluster tries again.' 'show	Show how often resources failed on which node; with --full in which operation.'
        case 'resource failcount reset'
            printf '%s\n' 'node=' 'operation=' 'interval='
        case 'resource failcount show'
            printf '%s\n' 'node=' 'operation=' 'interval='
        case 'resource group'
            printf '%s\n' 'add	Put resources into a group, which is made if need be; or move them within it.' 'delete	Take resources (all, if none is named) out of a group; they keep running.' 'list	List the groups and their members, in the order in which they start.'
        case 'resource move-with-constraint'
            printf '%s\n' 'lifetime='
        case 'resource op'
            printf '%s\n' 'add	Add an operation to a resource.' 'defaults	Show and set default values of all operations.' 'delete	Delete an operation, by its id or by all of its options.'
        case 'resource op defaults'
            printf '%s\n' 'config	Show the default values; with NAME=VALUE, set them.' 'set	Create, change and delete sets of default values of operations.' 'update	Set default values; an empty value removes.'
        case 'resource op defaults set'
            printf '%s\n' 'create	Create a set of default values, for those that a rule picks if there is one.' 'delete	Delete sets of default values, by their ids.' 'update	Set values in a set of default values; an empty value removes.'
        case 'resource op defaults set create'
            printf '%s\n' 'id=' 'score=' 'meta' 'rule'
        case 'resource op defaults set update'
            printf '%s\n' 'meta'
        case 'resource promotable'
            printf '%s\n' 'meta'
        case 'resource refresh'
            printf '%s\n' 'node='
        case 'resource relocate'
            printf '%s\n' 'clear	Remove the constraints of a relocate run that was interrupted.' 'dry-run	Show what relocate run would move, and move nothing.' 'run	Move resources (all, or those named) to the nodes that they would choose now.' 'show	Show what would move, and where to, if nothing were held where it runs.'
        case 'resource status'
            printf '%s\n' 'node='
        case 'resource timing'
            printf '%s\n' 'node='
        case 'resource trace'
            printf '%s\n' 'on	Trace a resource from now on: all its operations, or those named.' 'show	Show what operations did that were traced or failed, and what those that hung waited for.'
        case 'resource trace show'
            printf '%s\n' 'node='
        case 'resource update'
            printf '%s\n' 'op' 'meta'
        case 'resource validate'
            printf '%s\n' 'node='
        case 'ring'
            printf '%s\n' 'links	Show every link to every peer: round trip, loss, largest packet, and whether it works.' 'stats	Show the counters of the heart: packets, drops by their reason, missed schedules.' 'status	Show the view, the log, this node\'s own state, and what is held of each peer.'
        case 'rule'
            printf '%s\n' 'check	Tell whether a rule holds now, or --at another time; status 2 where it holds nowhere.' 'next	Tell when a rule turns next: from holding to not holding, or the other way.'
        case 'site'
            printf '%s\n' 'ticket	Grant and revoke tickets: what a constraint binds to one runs only at the site that has it.'
        case 'site ticket'
            printf '%s\n' 'activate	End the standby of a ticket.' 'cleanup	Forget all that is known of a ticket; it counts as not granted.' 'grant	Let this site have a ticket.' 'revoke	Take a ticket from this site; what needs it is dealt with by its loss-policy.' 'show	Show tickets: whether this site has them, since when, and which constraints name them.' 'standby	Stop or demote in good order what needs a ticket, before it is revoked.' 'time	Show when a ticket was last granted to this site.'
        case 'status'
            printf '%s\n' 'booth	Tell how booth shows its state.' 'cluster	Show the headline alone, and the nodes.' 'cluster-wide	Show the whole state: a headline, what is wrong with a next command, nodes, resources.' 'corosync	Show the members and the links, as pcsx ring status does.' 'nodes	Show the nodes and what state they are in.' 'pcsd	Show which nodes\' daemons are here; the exit status is 2 where one is not.' 'qdevice	Show the witness, as pcsx quorum witness status does.' 'query	Ask one thing of a resource: the exit status is 0 for yes, 2 for no, 1 for a fault.' 'quorum	Show how quorum stands, as pcsx quorum status does.' 'resources	Show which resources run where.' 'tickets	Show the tickets of this site.' 'wait	Wait until the cluster has done all that its configuration asks for.' 'xml	Show the state as the XML that crm_mon prints.'
        case 'status nodes'
            printf '%s\n' 'corosync' 'both' 'config'
        case 'status query'
            printf '%s\n' 'resource' 'exists' 'is-type' 'is-state' 'get-nodes'
        case 'status resources'
            printf '%s\n' 'node='
        case 'stonith'
            printf '%s\n' 'cleanup	Forget failures, so that the cluster tries again where it had given up.' 'config	Show how fence devices are configured, as text, as commands or as JSON.' 'confirm	Give your word that a node is off, so that the cluster takes over what it ran.' 'create	Create a fence device.' 'defaults	Show and set default values of all resources.' 'delete	Delete a resource, with what is in it and with the constraints on it.' 'describe	Show the parameters of a fence agent.' 'description	Show or set what an element is said to be for; an empty text takes that away.' 'disable	Stop resources and keep them stopped.' 'enable	Let the cluster start resources.' 'failcount	Show and forget how often resources failed.' 'fence	Fence a node now: reboot it, or switch it off.' 'history	Show which nodes were fenced.' 'level	Say which devices fence a node together, and which are next.' 'list	List the fence agents that are here, with what they are for.' 'meta	Set meta attributes of a resource, a group or a clone; an empty value removes.' 'op	Add and delete operations of resources; set defaults for all.' 'refresh	Forget all that was seen of a resource, and look again.' 'sbd	Show the nodes\' watchdogs, which the daemon feeds itself.' 'status	Show which fence devices are used, and from where.' 'test	Ask every device for the power of every node, from every node; nothing is cut off.' 'update	Change parameters, operations and meta attributes of a fence device.' 'update-scsi-devices	Change the disks that a fence device guards by reservations; nodes are unfenced anew.' 'verify	Check that all devices and nodes of all levels exist.'
        case 'stonith cleanup'
            printf '%s\n' 'node=' 'operation=' 'interval='
        case 'stonith create'
            printf '%s\n' 'op' 'meta'
        case 'stonith defaults'
            printf '%s\n' 'config	Show the default values; with NAME=VALUE, set them.' 'set	Create, change and delete sets of default values of resources.' 'update	Set default values; an empty value removes.'
        case 'stonith defaults set'
            printf '%s\n' 'create	Create a set of default values, for those that a rule picks if there is one.' 'delete	Delete sets of default values, by their ids.' 'update	Set values in a set of default values; an empty value removes.'
        case 'stonith defaults set create'
            printf '%s\n' 'id=' 'score=' 'meta' 'rule'
        case 'stonith defaults set update'
            printf '%s\n' 'meta'
        case 'stonith failcount'
            printf '%s\n' 'reset	Forget failures, of all or of one operation, so that the cluster tries again.' 'show	Show how often resources failed on which node; with --full in which operation.'
        case 'stonith failcount reset'
            printf '%s\n' 'node=' 'operation=' 'interval='
        case 'stonith failcount show'
            printf '%s\n' 'node=' 'operation=' 'interval='
        case 'stonith history'
            printf '%s\n' 'cleanup	Forget the fencing on record of a node, or all; what is under way stays on record.' 'show	Show all fencing that is on record, newest first.' 'update	Have all nodes know the same fencing history, which they do: it is in the cluster\'s log.'
        case 'stonith level'
            printf '%s\n' 'add	Add a level: devices that are all used to fence the target, when lower levels failed.' 'clear	Delete all levels, those of a target, or those with just these devices.' 'config	Show the fencing levels of every target.' 'delete	Delete a level: all of that number, or those of a target or with just these devices.' 'verify	Check that all devices and nodes of all levels exist.'
        case 'stonith level add'
            printf '%s\n' 'id='
        case 'stonith level clear'
            printf '%s\n' 'target' 'stonith'
        case 'stonith level delete'
            printf '%s\n' 'target' 'stonith'
        case 'stonith op'
            printf '%s\n' 'add	Add an operation to a resource.' 'defaults	Show and set default values of all operations.' 'delete	Delete an operation, by its id or by all of its options.'
        case 'stonith op defaults'
            printf '%s\n' 'config	Show the default values; with NAME=VALUE, set them.' 'set	Create, change and delete sets of default values of operations.' 'update	Set default values; an empty value removes.'
        case 'stonith op defaults set'
            printf '%s\n' 'create	Create a set of default values, for those that a rule picks if there is one.' 'delete	Delete sets of default values, by their ids.' 'update	Set values in a set of default values; an empty value removes.'
        case 'stonith op defaults set create'
            printf '%s\n' 'id=' 'score=' 'meta' 'rule'
        case 'stonith op defaults set update'
            printf '%s\n' 'meta'
        case 'stonith refresh'
            printf '%s\n' 'node='
        case 'stonith sbd'
            printf '%s\n' 'config	Show whether fencing relies on watchdogs, and for how long it waits for them.' 'status	Show each node\'s watchdog: whether it is armed, and after how long it bites.' 'watchdog	Show the watchdogs of this machine.'
        case 'stonith sbd watchdog'
            printf '%s\n' 'list	Show the watchdogs of this machine, as the kernel tells them; none is opened.'
        case 'stonith status'
            printf '%s\n' 'node='
        case 'stonith test'
            printf '%s\n' 'node='
        case 'stonith update'
            printf '%s\n' 'op' 'meta'
        case 'stonith update-scsi-devices'
            printf '%s\n' 'set' 'add' 'delete'
        case 'store'
            printf '%s\n' 'delete	Remove a key.' 'get	Show the value of one key.' 'list	List keys, types and values, those under PREFIX where one is given.' 'set	Write a value: a string, or of TYPE (i8 to u64, float, double, str, bytes in hexadecimal).' 'watch	Show what there is under PREFIX, then every change, each once, until Ctrl-C.'
        case 'tag'
            printf '%s\n' 'config	Show tags and what they stand for.' 'create	Create a tag on resources.' 'delete	Delete tags; what they stood for stays.' 'update	Add resources to a tag, move them in it, or take them out.'
        case 'tag update'
            printf '%s\n' 'add' 'remove'
        case 'ticket'
            printf '%s\n' 'activate	End the standby of a ticket.' 'cleanup	Forget all that is known of a ticket; it counts as not granted.' 'grant	Let this site have a ticket.' 'revoke	Take a ticket from this site; what needs it is dealt with by its loss-policy.' 'show	Show tickets: whether this site has them, since when, and which constraints name them.' 'standby	Stop or demote in good order what needs a ticket, before it is revoked.' 'time	Show when a ticket was last granted to this site.'
        case 'transition'
            printf '%s\n' 'graph	Draw a decision: what waits for what, as SVG (or dot or xml, by FILE\'s ending or --format).' 'list	List the decisions that this node and the one in charge keep, newest first.' 'replay	Decide again on what a decision read, and say whether the same came of it, byte for byte.' 'show	Show what a decision was: what was to be done, in order, and the reasons of it.'
    end
end

function __pcsx_options
    switch "$argv"
        case ''
            printf '%s\n' '--force	Go on where a check says that it can be overridden.' '--json	Print one JSON object, for success and for failure.' '--dry-run	Say what would change, and change nothing.' '--exit-code	With --dry-run, end with status 2 where something would change.' '--idempotent	Count as done what is there already, or is gone already.' '--update	With --idempotent, change what is there and differs.' '--confirmed=	Take the change back after TIME, unless confirmed.' '--shadow=	Work on the copy of that name (see pcsx cib).' '--wait	Wait until the cluster has done what was asked, at most n s.' '--request-timeout=	Give up on one request after n seconds (60).' '--debug	Show how it was done, and the whole story of an internal error.' '--no-color	Write without colours.' '--help	Show this page.' '--version	Show the version.'
        case 'acl role delete'
            printf '%s\n' '--autodelete	Remove the constraint once it moved (always done).'
        case 'acl role unassign'
            printf '%s\n' '--autodelete	Remove the constraint once it moved (always done).'
        case 'agent describe'
            printf '%s\n' '--full	Show all there is, with ids.'
        case 'apply'
            printf '%s\n' '--plan	Show what would be done, and do nothing.' '--prune	Delete what an earlier apply made and the file has no more.' '--yes	Do not ask.' '--format=	The language: crm, xml, cmd or json.'
        case 'booth'
            printf '%s\n' '--booth-conf=	The configuration of booth.' '--booth-key=	The key of booth.' '--name=	The name meant.'
        case 'booth config'
            printf '%s\n' '--booth-conf=	The configuration of booth.' '--booth-key=	The key of booth.' '--name=	The name meant.'
        case 'booth create'
            printf '%s\n' '--name=	The name meant.'
        case 'booth delete'
            printf '%s\n' '--name=	The name meant.'
        case 'booth destroy'
            printf '%s\n' '--booth-conf=	The configuration of booth.' '--booth-key=	The key of booth.' '--name=	The name meant.'
        case 'booth setup'
            printf '%s\n' '--booth-conf=	The configuration of booth.' '--booth-key=	The key of booth.' '--name=	The name meant.'
        case 'booth ticket add'
            printf '%s\n' '--booth-conf=	The configuration of booth.' '--booth-key=	The key of booth.' '--name=	The name meant.'
        case 'booth ticket delete'
            printf '%s\n' '--booth-conf=	The configuration of booth.' '--booth-key=	The key of booth.' '--name=	The name meant.'
        case 'cluster check'
            printf '%s\n' '--fix	Mend what can be mended.'
        case 'cluster cib'
            printf '%s\n' '--config	The configuration part only.'
        case 'cluster cib-push'
            printf '%s\n' '--config	The configuration part only.'
        case 'cluster config'
            printf '%s\n' '--corosync_conf=	Write this corosync.conf and touch no node.' '--output-format=	Print as text, cmd or json.'
        case 'cluster config show'
            printf '%s\n' '--corosync_conf=	Write this corosync.conf and touch no node.' '--output-format=	Print as text, cmd or json.'
        case 'cluster config update'
            printf '%s\n' '--corosync_conf=	Write this corosync.conf and touch no node.'
        case 'cluster config uuid generate'
            printf '%s\n' '--corosync_conf=	Write this corosync.conf and touch no node.'
        case 'cluster destroy'
            printf '%s\n' '--all	Take all of them.' '--yes	Do not ask.'
        case 'cluster edit'
            printf '%s\n' '--config	The configuration part only.'
        case 'cluster force-new'
            printf '%s\n' '--accept-loss	Accept that what only lost nodes knew is lost.' '--yes	Do not ask.'
        case 'cluster import'
            printf '%s\n' '--corosync_conf=	Write this corosync.conf and touch no node.'
        case 'cluster rejoin'
            printf '%s\n' '--yes	Do not ask.'
        case 'cluster setup'
            printf '%s\n' '--corosync_conf=	Write this corosync.conf and touch no node.' '--overwrite	Replace the file that is there.' '--no-cluster-uuid	Give the cluster no UUID.' '--no-keys-sync	Keep the keys that are there.' '--start	Start it as well.' '--enable	Start it at boot as well.' '--keep	Keep what stands when it fails.' '--profile=	The timing profile.' '--name=	The name meant.'
        case 'cluster start'
            printf '%s\n' '--all	Take all of them.'
        case 'cluster stop'
            printf '%s\n' '--all	Take all of them.'
        case 'cluster verify'
            printf '%s\n' '--full	Show all there is, with ids.'
        case 'config'
            printf '%s\n' '--output-format=	Print as text, cmd or json.'
        case 'config checkpoint'
            printf '%s\n' '--limit=	No more than that many.'
        case 'config checkpoint list'
            printf '%s\n' '--limit=	No more than that many.'
        case 'config checkpoint view'
            printf '%s\n' '--format=	The language: crm, xml, cmd or json.'
        case 'config convert'
            printf '%s\n' '--format=	The language: crm, xml, cmd or json.'
        case 'config load'
            printf '%s\n' '--replace	Take the file for the whole.' '--push	Take the file for the whole.' '--format=	The language: crm, xml, cmd or json.'
        case 'config restore'
            printf '%s\n' '--local	This node only.'
        case 'config save'
            printf '%s\n' '--format=	The language: crm, xml, cmd or json.'
        case 'config show'
            printf '%s\n' '--output-format=	Print as text, cmd or json.'
        case 'constraint'
            printf '%s\n' '--full	Show all there is, with ids.' '--all	Take all of them.' '--output-format=	Print as text, cmd or json.'
        case 'constraint colocation'
            printf '%s\n' '--full	Show all there is, with ids.' '--output-format=	Print as text, cmd or json.'
        case 'constraint colocation config'
            printf '%s\n' '--full	Show all there is, with ids.' '--output-format=	Print as text, cmd or json.'
        case 'constraint config'
            printf '%s\n' '--full	Show all there is, with ids.' '--all	Take all of them.' '--output-format=	Print as text, cmd or json.'
        case 'constraint location'
            printf '%s\n' '--full	Show all there is, with ids.' '--all	Take all of them.' '--output-format=	Print as text, cmd or json.'
        case 'constraint location config'
            printf '%s\n' '--full	Show all there is, with ids.' '--all	Take all of them.' '--output-format=	Print as text, cmd or json.'
        case 'constraint location of'
            printf '%s\n' '--full	Show all there is, with ids.' '--all	Take all of them.' '--output-format=	Print as text, cmd or json.'
        case 'constraint order'
            printf '%s\n' '--full	Show all there is, with ids.' '--output-format=	Print as text, cmd or json.'
        case 'constraint order config'
            printf '%s\n' '--full	Show all there is, with ids.' '--output-format=	Print as text, cmd or json.'
        case 'constraint order of'
            printf '%s\n' '--full	Show all there is, with ids.' '--output-format=	Print as text, cmd or json.'
        case 'constraint ticket'
            printf '%s\n' '--full	Show all there is, with ids.' '--output-format=	Print as text, cmd or json.'
        case 'constraint ticket config'
            printf '%s\n' '--full	Show all there is, with ids.' '--output-format=	Print as text, cmd or json.'
        case 'demo'
            printf '%s\n' '--nodes=	How many nodes, 3 to 9.' '--profile=	How patient: standard or fast.' '--json	One object a line; the last is a summary.' '--keep	Leave the cluster up, and say how to talk to it.'
        case 'dr'
            printf '%s\n' '--dr-conf=	The file of this note.'
        case 'dr config'
            printf '%s\n' '--dr-conf=	The file of this note.'
        case 'dr destroy'
            printf '%s\n' '--dr-conf=	The file of this note.'
        case 'dr set-recovery-site'
            printf '%s\n' '--dr-conf=	The file of this note.'
        case 'dr status'
            printf '%s\n' '--full	Show all there is, with ids.' '--hide-inactive	Leave out what does not run.' '--dr-conf=	The file of this note.'
        case 'group send'
            printf '%s\n' '--safe	Refuse what would touch other resources; for a message: end once all hold it.'
        case 'history'
            printf '%s\n' '--changes	The committed changes.' '--limit=	No more than that many.'
        case 'maintenance off'
            printf '%s\n' '--node=	The node meant.' '--resource=	The resource meant.'
        case 'maintenance on'
            printf '%s\n' '--for=	End it by itself after that time.' '--node=	The node meant.' '--resource=	The resource meant.'
        case 'node attribute'
            printf '%s\n' '--name=	The name meant.' '--output-format=	Print as text, cmd or json.'
        case 'node maintenance'
            printf '%s\n' '--all	Take all of them.'
        case 'node standby'
            printf '%s\n' '--all	Take all of them.'
        case 'node unmaintenance'
            printf '%s\n' '--all	Take all of them.'
        case 'node unstandby'
            printf '%s\n' '--all	Take all of them.'
        case 'node utilization'
            printf '%s\n' '--name=	The name meant.'
        case 'panic'
            printf '%s\n' '--file=	What the daemon left; else by its settings.' '--config=	The daemon\'s settings: /etc/pcsx/pcsx.toml.' '--force	Say so though this is no crash kernel.'
        case 'property'
            printf '%s\n' '--all	Take all of them.' '--defaults	Show the default values.' '--output-format=	Print as text, cmd or json.' '--full	Show all there is, with ids.'
        case 'property config'
            printf '%s\n' '--all	Take all of them.' '--defaults	Show the default values.' '--output-format=	Print as text, cmd or json.' '--full	Show all there is, with ids.'
        case 'property defaults'
            printf '%s\n' '--full	Show all there is, with ids.'
        case 'property describe'
            printf '%s\n' '--full	Show all there is, with ids.'
        case 'ra info'
            printf '%s\n' '--full	Show all there is, with ids.'
        case 'recipe run'
            printf '%s\n' '--plan	Show what would be done, and do nothing.'
        case 'report'
            printf '%s\n' '--from=	Since then.' '--to=	Until then.'
        case 'resource'
            printf '%s\n' '--hide-inactive	Leave out what does not run.' '--full	Show all there is, with ids.'
        case 'resource ban'
            printf '%s\n' '--promoted	Mean the promoted role only.' '--master	The older word for --promoted.'
        case 'resource bundle create'
            printf '%s\n' '--disabled	Do not start it.'
        case 'resource bundle reset'
            printf '%s\n' '--disabled	Do not start it.'
        case 'resource cleanup'
            printf '%s\n' '--node=	The node meant.' '--strict	Leave other resources alone, and refuse what would touch them.'
        case 'resource clear'
            printf '%s\n' '--promoted	Mean the promoted role only.' '--master	The older word for --promoted.' '--expired	Only those whose time is over.'
        case 'resource config'
            printf '%s\n' '--output-format=	Print as text, cmd or json.' '--full	Show all there is, with ids.'
        case 'resource create'
            printf '%s\n' '--group=	Put it into this group.' '--before=	Put it before this member.' '--after=	Put it after this member.' '--disabled	Do not start it.' '--no-default-ops	Add no operation but a monitor.' '--agent-validation	Let the agent judge the parameters.' '--all	Take all of them.'
        case 'resource debug-demote'
            printf '%s\n' '--full	Show all there is, with ids.'
        case 'resource debug-monitor'
            printf '%s\n' '--full	Show all there is, with ids.'
        case 'resource debug-promote'
            printf '%s\n' '--full	Show all there is, with ids.'
        case 'resource debug-start'
            printf '%s\n' '--full	Show all there is, with ids.'
        case 'resource debug-stop'
            printf '%s\n' '--full	Show all there is, with ids.'
        case 'resource defaults'
            printf '%s\n' '--all	Take all of them.' '--full	Show all there is, with ids.' '--no-expire-check	Do not look whether rules are over.' '--output-format=	Print as text, cmd or json.'
        case 'resource defaults config'
            printf '%s\n' '--all	Take all of them.' '--full	Show all there is, with ids.' '--no-expire-check	Do not look whether rules are over.' '--output-format=	Print as text, cmd or json.'
        case 'resource describe'
            printf '%s\n' '--full	Show all there is, with ids.'
        case 'resource disable'
            printf '%s\n' '--safe	Refuse what would touch other resources; for a message: end once all hold it.' '--no-strict	Let other resources move, but not stop.' '--simulate	Show what would happen, and change nothing.' '--brief	Say less.'
        case 'resource failcount'
            printf '%s\n' '--full	Show all there is, with ids.'
        case 'resource failcount show'
            printf '%s\n' '--full	Show all there is, with ids.'
        case 'resource group add'
            printf '%s\n' '--before=	Put it before this member.' '--after=	Put it after this member.'
        case 'resource list'
            printf '%s\n' '--nodesc	Leave out descriptions.'
        case 'resource manage'
            printf '%s\n' '--monitor	Change its monitor operations too.'
        case 'resource move'
            printf '%s\n' '--promoted	Mean the promoted role only.' '--master	The older word for --promoted.' '--strict	Leave other resources alone, and refuse what would touch them.' '--autodelete	Remove the constraint once it moved (always done).' '--keep-constraint	Keep the constraint that moved it.'
        case 'resource move-with-constraint'
            printf '%s\n' '--promoted	Mean the promoted role only.' '--master	The older word for --promoted.'
        case 'resource op defaults'
            printf '%s\n' '--all	Take all of them.' '--full	Show all there is, with ids.' '--no-expire-check	Do not look whether rules are over.' '--output-format=	Print as text, cmd or json.'
        case 'resource op defaults config'
            printf '%s\n' '--all	Take all of them.' '--full	Show all there is, with ids.' '--no-expire-check	Do not look whether rules are over.' '--output-format=	Print as text, cmd or json.'
        case 'resource refresh'
            printf '%s\n' '--node=	The node meant.' '--strict	Leave other resources alone, and refuse what would touch them.' '--full	Show all there is, with ids.'
        case 'resource relations'
            printf '%s\n' '--full	Show all there is, with ids.'
        case 'resource safe-disable'
            printf '%s\n' '--no-strict	Let other resources move, but not stop.' '--simulate	Show what would happen, and change nothing.' '--brief	Say less.'
        case 'resource status'
            printf '%s\n' '--hide-inactive	Leave out what does not run.' '--full	Show all there is, with ids.'
        case 'resource unmanage'
            printf '%s\n' '--monitor	Change its monitor operations too.'
        case 'resource update'
            printf '%s\n' '--agent-validation	Let the agent judge the parameters.'
        case 'rule check'
            printf '%s\n' '--at=	At that time.' '--node=	The node meant.'
        case 'rule next'
            printf '%s\n' '--at=	At that time.' '--node=	The node meant.'
        case 'sam'
            printf '%s\n' '--recovery=	quit or restart.' '--quorum	Start it only with quorum; its loss is a failure.' '--store	Show its state in the store, at runtime.process.PID.' '--health=	It must say that it is well each S s.' '--warn=	Seconds from SIGTERM to SIGKILL.'
        case 'simulate'
            printf '%s\n' '--xml-file=	Read the document from FILE (-: stdin).' '--xml-pipe	Read the document from stdin.' '--live-check	Read the running cluster\'s document.' '--run	Decide, and show what would be done.' '--simulate	Decide, and carry it out on paper.' '--in-place	As -S, and write the result back.' '--show-scores	Show the scores of resources on nodes.' '--show-utilization	Show what is left of capacities.' '--show-attrs	Show the attributes of nodes.' '--show-failcounts	Show what failed, and how often.' '--quiet	Show nothing but scores and errors.' '--save-graph=	Write what is to be done as XML to FILE.' '--save-dotfile=	Write it as a picture in dot format.' '--graph=	Draw it: .svg, .dot or .xml by FILE\'s ending.' '--all-actions	In the picture: also what is not needed.' '--save-input=	Write the document that is decided on.' '--save-output=	Write the document that comes out.' '--set-datetime=	Pretend that it is TIME (ISO 8601).' '--node-up=	Bring a node online.' '--node-down=	Take a node offline.' '--node-fail=	Lose a node.' '--op-inject=	Record RSC_TASK_MS@NODE=RC.' '--op-fail=	Let RSC_TASK_MS@NODE=RC fail.' '--quorum=	Have quorum, or lose it.' '--watchdog=	Have a watchdog, or none.' '--ticket-grant=	Grant a ticket.' '--ticket-revoke=	Revoke a ticket.' '--ticket-standby=	Suspend a ticket.' '--ticket-activate=	End its standby.' '--ticket=	Have the ticket granted, revoked, in standby or active.' '--attribute=	Set an attribute.' '--cleanup=	Forget its failures.' '--json	Print one JSON object.'
        case 'status'
            printf '%s\n' '--full	Show all there is, with ids.' '--hide-inactive	Leave out what does not run.' '--by-node	Group what runs by node.' '--check	Judge by the exit status.' '--quiet	Say nothing; the exit status tells.' '--watch	Show it again whenever it changes.'
        case 'status booth'
            printf '%s\n' '--full	Show all there is, with ids.'
        case 'status cluster'
            printf '%s\n' '--full	Show all there is, with ids.'
        case 'status cluster-wide'
            printf '%s\n' '--full	Show all there is, with ids.' '--hide-inactive	Leave out what does not run.' '--by-node	Group what runs by node.' '--check	Judge by the exit status.' '--quiet	Say nothing; the exit status tells.' '--watch	Show it again whenever it changes.'
        case 'status corosync'
            printf '%s\n' '--full	Show all there is, with ids.'
        case 'status nodes'
            printf '%s\n' '--full	Show all there is, with ids.'
        case 'status qdevice'
            printf '%s\n' '--full	Show all there is, with ids.'
        case 'status query'
            printf '%s\n' '--quiet	Say nothing; the exit status tells.'
        case 'status quorum'
            printf '%s\n' '--full	Show all there is, with ids.'
        case 'status resources'
            printf '%s\n' '--hide-inactive	Leave out what does not run.' '--full	Show all there is, with ids.'
        case 'status tickets'
            printf '%s\n' '--full	Show all there is, with ids.'
        case 'stonith'
            printf '%s\n' '--hide-inactive	Leave out what does not run.' '--full	Show all there is, with ids.'
        case 'stonith cleanup'
            printf '%s\n' '--node=	The node meant.' '--strict	Leave other resources alone, and refuse what would touch them.'
        case 'stonith config'
            printf '%s\n' '--output-format=	Print as text, cmd or json.' '--full	Show all there is, with ids.'
        case 'stonith create'
            printf '%s\n' '--group=	Put it into this group.' '--before=	Put it before this member.' '--after=	Put it after this member.' '--disabled	Do not start it.' '--no-default-ops	Add no operation but a monitor.' '--agent-validation	Let the agent judge the parameters.' '--no-test	Do not test the device.'
        case 'stonith defaults'
            printf '%s\n' '--all	Take all of them.' '--full	Show all there is, with ids.' '--no-expire-check	Do not look whether rules are over.' '--output-format=	Print as text, cmd or json.'
        case 'stonith defaults config'
            printf '%s\n' '--all	Take all of them.' '--full	Show all there is, with ids.' '--no-expire-check	Do not look whether rules are over.' '--output-format=	Print as text, cmd or json.'
        case 'stonith describe'
            printf '%s\n' '--full	Show all there is, with ids.'
        case 'stonith failcount'
            printf '%s\n' '--full	Show all there is, with ids.'
        case 'stonith failcount show'
            printf '%s\n' '--full	Show all there is, with ids.'
        case 'stonith fence'
            printf '%s\n' '--off	Switch it off, do not reboot it.'
        case 'stonith level'
            printf '%s\n' '--output-format=	Print as text, cmd or json.' '--full	Show all there is, with ids.'
        case 'stonith level config'
            printf '%s\n' '--output-format=	Print as text, cmd or json.' '--full	Show all there is, with ids.'
        case 'stonith list'
            printf '%s\n' '--nodesc	Leave out descriptions.'
        case 'stonith op defaults'
            printf '%s\n' '--all	Take all of them.' '--full	Show all there is, with ids.' '--no-expire-check	Do not look whether rules are over.' '--output-format=	Print as text, cmd or json.'
        case 'stonith op defaults config'
            printf '%s\n' '--all	Take all of them.' '--full	Show all there is, with ids.' '--no-expire-check	Do not look whether rules are over.' '--output-format=	Print as text, cmd or json.'
        case 'stonith refresh'
            printf '%s\n' '--node=	The node meant.' '--strict	Leave other resources alone, and refuse what would touch them.'
        case 'stonith sbd status'
            printf '%s\n' '--full	Show all there is, with ids.'
        case 'stonith status'
            printf '%s\n' '--hide-inactive	Leave out what does not run.' '--full	Show all there is, with ids.'
        case 'stonith update'
            printf '%s\n' '--agent-validation	Let the agent judge the parameters.'
        case 'store watch'
            printf '%s\n' '--revision=	Go on after this revision.'
        case 'tag update'
            printf '%s\n' '--before=	Put it before this member.' '--after=	Put it after this member.'
        case 'transition graph'
            printf '%s\n' '--format=	The language: crm, xml, cmd or json.'
        case 'transition list'
            printf '%s\n' '--limit=	No more than that many.'
        case 'transition show'
            printf '%s\n' '--full	Show all there is, with ids.'
        case 'why'
            printf '%s\n' '--on=	Ask about this node alone.' '--fenced=	Why is this node fenced, or why not?' '--moved=	Why does, or did, it move?' '--failed=	What did its operations that failed do, or those of all?' '--transition=	As it was when N was decided.' '--at=	As if it were that time (ISO 8601).' '--json	Print one JSON object.'
    end
end

function __pcsx_kinds
    switch "$argv"
        case 'acl group create'
            printf '%s\n' 'role'
        case 'acl permission add'
            printf '%s\n' 'role'
        case 'acl permission delete'
            printf '%s\n' 'permission'
        case 'acl role assign'
            printf '%s\n' 'role'
        case 'acl role delete'
            printf '%s\n' 'role'
        case 'acl role unassign'
            printf '%s\n' 'role'
        case 'acl user create'
            printf '%s\n' 'role'
        case 'agent describe'
            printf '%s\n' 'reply'
        case 'agent validate'
            printf '%s\n' 'reply'
        case 'alert delete'
            printf '%s\n' 'alert'
        case 'alert recipient add'
            printf '%s\n' 'alert'
        case 'alert recipient delete'
            printf '%s\n' 'recipient'
        case 'alert recipient update'
            printf '%s\n' 'recipient'
        case 'alert test'
            printf '%s\n' 'alert'
        case 'alert update'
            printf '%s\n' 'alert'
        case 'cluster force-new'
            printf '%s\n' 'node'
        case 'cluster node add-guest'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'node' 'primitive'
        case 'cluster node add-remote'
            printf '%s\n' 'node'
        case 'cluster node clear'
            printf '%s\n' 'node'
        case 'cluster node delete-guest'
            printf '%s\n' 'node'
        case 'cluster node delete-remote'
            printf '%s\n' 'node'
        case 'cluster node remove'
            printf '%s\n' 'node'
        case 'cluster node rename'
            printf '%s\n' 'node'
        case 'cluster nodekey rotate'
            printf '%s\n' 'node'
        case 'cluster setup'
            printf '%s\n' 'node'
        case 'cluster start'
            printf '%s\n' 'node'
        case 'cluster stop'
            printf '%s\n' 'node'
        case 'configure acl_group'
            printf '%s\n' 'role'
        case 'configure acl_target'
            printf '%s\n' 'role'
        case 'configure alert'
            printf '%s\n' 'reply'
        case 'configure bundle'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive' 'reply'
        case 'configure clone'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive' 'reply'
        case 'configure colocation'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'configure default-timeouts'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'configure delete'
            printf '%s\n' 'alert' 'bundle' 'clone' 'colocation' 'device' 'group' 'location' 'node' 'order' 'primitive' 'role' 'set' 'tag' 'template' 'ticket' 'user' 'usergroup'
        case 'configure edit'
            printf '%s\n' 'alert' 'bundle' 'clone' 'colocation' 'device' 'group' 'location' 'node' 'order' 'primitive' 'role' 'set' 'tag' 'template' 'ticket' 'user' 'usergroup'
        case 'configure fencing_topology'
            printf '%s\n' 'device' 'node'
        case 'configure filter'
            printf '%s\n' 'alert' 'bundle' 'clone' 'colocation' 'device' 'group' 'location' 'node' 'order' 'primitive' 'role' 'set' 'tag' 'template' 'ticket' 'user' 'usergroup'
        case 'configure group'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive' 'reply'
        case 'configure location'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'node' 'primitive'
        case 'configure modgroup'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'configure monitor'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'configure op_defaults'
            printf '%s\n' 'reply'
        case 'configure order'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'configure primitive'
            printf '%s\n' 'reply'
        case 'configure property'
            printf '%s\n' 'reply'
        case 'configure rename'
            printf '%s\n' 'alert' 'bundle' 'clone' 'colocation' 'device' 'group' 'location' 'node' 'order' 'primitive' 'role' 'set' 'tag' 'template' 'ticket' 'user' 'usergroup'
        case 'configure rsc_defaults'
            printf '%s\n' 'reply'
        case 'configure rsc_template'
            printf '%s\n' 'reply'
        case 'configure rsc_ticket'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'configure save'
            printf '%s\n' 'alert' 'bundle' 'clone' 'colocation' 'device' 'group' 'location' 'node' 'order' 'primitive' 'role' 'set' 'tag' 'template' 'ticket' 'user' 'usergroup'
        case 'configure show'
            printf '%s\n' 'alert' 'bundle' 'clone' 'colocation' 'device' 'group' 'location' 'node' 'order' 'primitive' 'role' 'set' 'tag' 'template' 'ticket' 'user' 'usergroup'
        case 'configure tag'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'constraint colocation add'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive' 'reply'
        case 'constraint colocation delete'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'constraint colocation set'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'constraint delete'
            printf '%s\n' 'colocation' 'location' 'order' 'ticket'
        case 'constraint location'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'node' 'primitive'
        case 'constraint location add'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'node' 'primitive'
        case 'constraint location config'
            printf '%s\n' 'colocation' 'location' 'node' 'order' 'ticket'
        case 'constraint location delete'
            printf '%s\n' 'colocation' 'location' 'order' 'ticket'
        case 'constraint location of'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'node' 'primitive'
        case 'constraint order'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'constraint order delete'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'constraint order of'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'constraint order set'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'constraint ref'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'constraint rule add'
            printf '%s\n' 'colocation' 'location' 'order' 'ticket'
        case 'constraint rule delete'
            printf '%s\n' 'rule'
        case 'constraint ticket add'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'constraint ticket delete'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'constraint ticket set'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'dr set-recovery-site'
            printf '%s\n' 'node'
        case 'group send'
            printf '%s\n' 'group'
        case 'group watch'
            printf '%s\n' 'group'
        case 'host auth'
            printf '%s\n' 'node'
        case 'host deauth'
            printf '%s\n' 'node'
        case 'node attribute'
            printf '%s\n' 'node'
        case 'node drain'
            printf '%s\n' 'node'
        case 'node maintenance'
            printf '%s\n' 'node'
        case 'node standby'
            printf '%s\n' 'node'
        case 'node unmaintenance'
            printf '%s\n' 'node'
        case 'node unstandby'
            printf '%s\n' 'node'
        case 'node utilization'
            printf '%s\n' 'node'
        case 'pcsd status'
            printf '%s\n' 'node'
        case 'property set'
            printf '%s\n' 'reply'
        case 'quorum simulate'
            printf '%s\n' 'node'
        case 'ra info'
            printf '%s\n' 'reply'
        case 'ra validate'
            printf '%s\n' 'reply'
        case 'resource'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource agent validate'
            printf '%s\n' 'reply'
        case 'resource ban'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'node' 'primitive'
        case 'resource bundle reset'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource bundle update'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource cleanup'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource clear'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'node' 'primitive'
        case 'resource clone'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource config'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource create'
            printf '%s\n' 'reply'
        case 'resource debug-demote'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource debug-monitor'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource debug-promote'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource debug-start'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource debug-stop'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource defaults'
            printf '%s\n' 'reply'
        case 'resource defaults config'
            printf '%s\n' 'reply'
        case 'resource defaults set create'
            printf '%s\n' 'reply'
        case 'resource defaults set delete'
            printf '%s\n' 'set'
        case 'resource defaults set update'
            printf '%s\n' 'reply' 'set'
        case 'resource defaults update'
            printf '%s\n' 'reply'
        case 'resource delete'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource demote'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource describe'
            printf '%s\n' 'reply'
        case 'resource description'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource disable'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource enable'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource failcount'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource failcount reset'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource failcount show'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource group add'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource group delete'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource manage'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource meta'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive' 'reply'
        case 'resource move'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'node' 'primitive'
        case 'resource move-with-constraint'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'node' 'primitive'
        case 'resource op add'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive' 'reply'
        case 'resource op defaults'
            printf '%s\n' 'reply'
        case 'resource op defaults config'
            printf '%s\n' 'reply'
        case 'resource op defaults set create'
            printf '%s\n' 'reply'
        case 'resource op defaults set delete'
            printf '%s\n' 'set'
        case 'resource op defaults set update'
            printf '%s\n' 'reply' 'set'
        case 'resource op defaults update'
            printf '%s\n' 'reply'
        case 'resource op delete'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'operation' 'primitive'
        case 'resource promotable'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource promote'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource refresh'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource relations'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource relocate dry-run'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource relocate run'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource restart'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'node' 'primitive'
        case 'resource safe-disable'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource status'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource timing'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource trace'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource trace on'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource trace show'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource unclone'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource ungroup'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource unmanage'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource untrace'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource update'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive' 'reply'
        case 'resource utilization'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'resource validate'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'status pcsd'
            printf '%s\n' 'node'
        case 'stonith'
            printf '%s\n' 'device'
        case 'stonith cleanup'
            printf '%s\n' 'device'
        case 'stonith config'
            printf '%s\n' 'device'
        case 'stonith confirm'
            printf '%s\n' 'node'
        case 'stonith create'
            printf '%s\n' 'reply'
        case 'stonith defaults'
            printf '%s\n' 'reply'
        case 'stonith defaults config'
            printf '%s\n' 'reply'
        case 'stonith defaults set create'
            printf '%s\n' 'reply'
        case 'stonith defaults set delete'
            printf '%s\n' 'set'
        case 'stonith defaults set update'
            printf '%s\n' 'reply' 'set'
        case 'stonith defaults update'
            printf '%s\n' 'reply'
        case 'stonith delete'
            printf '%s\n' 'device'
        case 'stonith describe'
            printf '%s\n' 'reply'
        case 'stonith description'
            printf '%s\n' 'device'
        case 'stonith disable'
            printf '%s\n' 'device'
        case 'stonith enable'
            printf '%s\n' 'device'
        case 'stonith failcount'
            printf '%s\n' 'device'
        case 'stonith failcount reset'
            printf '%s\n' 'device'
        case 'stonith failcount show'
            printf '%s\n' 'device'
        case 'stonith fence'
            printf '%s\n' 'node'
        case 'stonith history'
            printf '%s\n' 'node'
        case 'stonith history cleanup'
            printf '%s\n' 'node'
        case 'stonith history show'
            printf '%s\n' 'node'
        case 'stonith level add'
            printf '%s\n' 'device' 'node'
        case 'stonith level clear'
            printf '%s\n' 'device' 'node'
        case 'stonith level delete'
            printf '%s\n' 'device' 'node'
        case 'stonith meta'
            printf '%s\n' 'device' 'reply'
        case 'stonith op add'
            printf '%s\n' 'device' 'reply'
        case 'stonith op defaults'
            printf '%s\n' 'reply'
        case 'stonith op defaults config'
            printf '%s\n' 'reply'
        case 'stonith op defaults set create'
            printf '%s\n' 'reply'
        case 'stonith op defaults set delete'
            printf '%s\n' 'set'
        case 'stonith op defaults set update'
            printf '%s\n' 'reply' 'set'
        case 'stonith op defaults update'
            printf '%s\n' 'reply'
        case 'stonith op delete'
            printf '%s\n' 'device' 'operation'
        case 'stonith refresh'
            printf '%s\n' 'device'
        case 'stonith status'
            printf '%s\n' 'device'
        case 'stonith test'
            printf '%s\n' 'device'
        case 'stonith update'
            printf '%s\n' 'device' 'reply'
        case 'stonith update-scsi-devices'
            printf '%s\n' 'device'
        case 'tag'
            printf '%s\n' 'tag'
        case 'tag config'
            printf '%s\n' 'tag'
        case 'tag create'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive'
        case 'tag delete'
            printf '%s\n' 'tag'
        case 'tag update'
            printf '%s\n' 'bundle' 'clone' 'device' 'group' 'primitive' 'tag'
    end
end

function __pcsx_is
    switch "$argv"
        case ''
            printf '%s\n' closed
        case 'acl'
            printf '%s\n' open
        case 'acl can'
            printf '%s\n' open
        case 'acl config'
            printf '%s\n' open
        case 'acl disable'
            printf '%s\n' open
        case 'acl enable'
            printf '%s\n' open
        case 'acl group'
            printf '%s\n' closed
        case 'acl group create'
            printf '%s\n' open
        case 'acl group delete'
            printf '%s\n' open
        case 'acl permission'
            printf '%s\n' closed
        case 'acl permission add'
            printf '%s\n' open
        case 'acl permission delete'
            printf '%s\n' open
        case 'acl role'
            printf '%s\n' closed
        case 'acl role assign'
            printf '%s\n' open
        case 'acl role create'
            printf '%s\n' open
        case 'acl role delete'
            printf '%s\n' open
        case 'acl role unassign'
            printf '%s\n' open
        case 'acl user'
            printf '%s\n' closed
        case 'acl user create'
            printf '%s\n' open
        case 'acl user delete'
            printf '%s\n' open
        case 'agent'
            printf '%s\n' closed
        case 'agent describe'
            printf '%s\n' open
        case 'agent list'
            printf '%s\n' open
        case 'agent validate'
            printf '%s\n' open
        case 'alert'
            printf '%s\n' open
        case 'alert config'
            printf '%s\n' open
        case 'alert create'
            printf '%s\n' open
        case 'alert delete'
            printf '%s\n' open
        case 'alert recipient'
            printf '%s\n' closed
        case 'alert recipient add'
            printf '%s\n' open
        case 'alert recipient delete'
            printf '%s\n' open
        case 'alert recipient update'
            printf '%s\n' open
        case 'alert test'
            printf '%s\n' open
        case 'alert update'
            printf '%s\n' open
        case 'apply'
            printf '%s\n' open
        case 'booth'
            printf '%s\n' open
        case 'booth config'
            printf '%s\n' open
        case 'booth create'
            printf '%s\n' open
        case 'booth delete'
            printf '%s\n' open
        case 'booth destroy'
            printf '%s\n' open
        case 'booth setup'
            printf '%s\n' open
        case 'booth ticket'
            printf '%s\n' closed
        case 'booth ticket add'
            printf '%s\n' open
        case 'booth ticket cleanup'
            printf '%s\n' open
        case 'booth ticket delete'
            printf '%s\n' open
        case 'booth ticket standby'
            printf '%s\n' open
        case 'cib'
            printf '%s\n' open
        case 'cib commit'
            printf '%s\n' open
        case 'cib delete'
            printf '%s\n' open
        case 'cib diff'
            printf '%s\n' open
        case 'cib element'
            printf '%s\n' closed
        case 'cib element description'
            printf '%s\n' open
        case 'cib import'
            printf '%s\n' open
        case 'cib list'
            printf '%s\n' open
        case 'cib new'
            printf '%s\n' open
        case 'cib reset'
            printf '%s\n' open
        case 'cib use'
            printf '%s\n' open
        case 'client'
            printf '%s\n' closed
        case 'client local-auth'
            printf '%s\n' open
        case 'cluster'
            printf '%s\n' closed
        case 'cluster accept'
            printf '%s\n' open
        case 'cluster authkey'
            printf '%s\n' open
        case 'cluster authkey rotate'
            printf '%s\n' open
        case 'cluster authkey status'
            printf '%s\n' open
        case 'cluster check'
            printf '%s\n' open
        case 'cluster cib'
            printf '%s\n' open
        case 'cluster cib-push'
            printf '%s\n' open
        case 'cluster cib-upgrade'
            printf '%s\n' open
        case 'cluster config'
            printf '%s\n' open
        case 'cluster config show'
            printf '%s\n' open
        case 'cluster config update'
            printf '%s\n' open
        case 'cluster config uuid'
            printf '%s\n' closed
        case 'cluster config uuid generate'
            printf '%s\n' open
        case 'cluster destroy'
            printf '%s\n' open
        case 'cluster disable'
            printf '%s\n' open
        case 'cluster discover'
            printf '%s\n' open
        case 'cluster edit'
            printf '%s\n' open
        case 'cluster enable'
            printf '%s\n' open
        case 'cluster force-new'
            printf '%s\n' open
        case 'cluster import'
            printf '%s\n' open
        case 'cluster info'
            printf '%s\n' open
        case 'cluster join'
            printf '%s\n' open
        case 'cluster link'
            printf '%s\n' open
        case 'cluster link add'
            printf '%s\n' open
        case 'cluster link remove'
            printf '%s\n' open
        case 'cluster link status'
            printf '%s\n' open
        case 'cluster link update'
            printf '%s\n' open
        case 'cluster node'
            printf '%s\n' closed
        case 'cluster node add'
            printf '%s\n' open
        case 'cluster node add-guest'
            printf '%s\n' open
        case 'cluster node add-remote'
            printf '%s\n' open
        case 'cluster node clear'
            printf '%s\n' open
        case 'cluster node delete-guest'
            printf '%s\n' open
        case 'cluster node delete-remote'
            printf '%s\n' open
        case 'cluster node remove'
            printf '%s\n' open
        case 'cluster node rename'
            printf '%s\n' open
        case 'cluster nodekey'
            printf '%s\n' closed
        case 'cluster nodekey rotate'
            printf '%s\n' open
        case 'cluster rejoin'
            printf '%s\n' open
        case 'cluster rename'
            printf '%s\n' open
        case 'cluster restart'
            printf '%s\n' open
        case 'cluster setup'
            printf '%s\n' open
        case 'cluster start'
            printf '%s\n' open
        case 'cluster status'
            printf '%s\n' open
        case 'cluster stop'
            printf '%s\n' open
        case 'cluster token'
            printf '%s\n' open
        case 'cluster verify'
            printf '%s\n' open
        case 'completion'
            printf '%s\n' open
        case 'config'
            printf '%s\n' open
        case 'config backup'
            printf '%s\n' open
        case 'config checkpoint'
            printf '%s\n' open
        case 'config checkpoint diff'
            printf '%s\n' open
        case 'config checkpoint list'
            printf '%s\n' open
        case 'config checkpoint restore'
            printf '%s\n' open
        case 'config checkpoint view'
            printf '%s\n' open
        case 'config convert'
            printf '%s\n' open
        case 'config diff'
            printf '%s\n' open
        case 'config graph'
            printf '%s\n' open
        case 'config load'
            printf '%s\n' open
        case 'config restore'
            printf '%s\n' open
        case 'config save'
            printf '%s\n' open
        case 'config show'
            printf '%s\n' open
        case 'configure'
            printf '%s\n' closed
        case 'configure acl_group'
            printf '%s\n' open
        case 'configure acl_target'
            printf '%s\n' open
        case 'configure alert'
            printf '%s\n' open
        case 'configure bundle'
            printf '%s\n' open
        case 'configure clone'
            printf '%s\n' open
        case 'configure colocation'
            printf '%s\n' open
        case 'configure commit'
            printf '%s\n' open
        case 'configure default-timeouts'
            printf '%s\n' open
        case 'configure delete'
            printf '%s\n' open
        case 'configure diff'
            printf '%s\n' open
        case 'configure edit'
            printf '%s\n' open
        case 'configure erase'
            printf '%s\n' open
        case 'configure fencing_topology'
            printf '%s\n' open
        case 'configure filter'
            printf '%s\n' open
        case 'configure get-property'
            printf '%s\n' open
        case 'configure graph'
            printf '%s\n' open
        case 'configure group'
            printf '%s\n' open
        case 'configure load'
            printf '%s\n' open
        case 'configure location'
            printf '%s\n' open
        case 'configure modgroup'
            printf '%s\n' open
        case 'configure monitor'
            printf '%s\n' open
        case 'configure node'
            printf '%s\n' open
        case 'configure op_defaults'
            printf '%s\n' open
        case 'configure order'
            printf '%s\n' open
        case 'configure primitive'
            printf '%s\n' open
        case 'configure property'
            printf '%s\n' open
        case 'configure refresh'
            printf '%s\n' open
        case 'configure rename'
            printf '%s\n' open
        case 'configure role'
            printf '%s\n' open
        case 'configure rsc_defaults'
            printf '%s\n' open
        case 'configure rsc_template'
            printf '%s\n' open
        case 'configure rsc_ticket'
            printf '%s\n' open
        case 'configure save'
            printf '%s\n' open
        case 'configure set'
            printf '%s\n' open
        case 'configure show'
            printf '%s\n' open
        case 'configure tag'
            printf '%s\n' open
        case 'configure verify'
            printf '%s\n' open
        case 'configure xml'
            printf '%s\n' open
        case 'confirm'
            printf '%s\n' open
        case 'constraint'
            printf '%s\n' open
        case 'constraint colocation'
            printf '%s\n' open
        case 'constraint colocation add'
            printf '%s\n' open
        case 'constraint colocation config'
            printf '%s\n' open
        case 'constraint colocation delete'
            printf '%s\n' open
        case 'constraint colocation set'
            printf '%s\n' open
        case 'constraint config'
            printf '%s\n' open
        case 'constraint delete'
            printf '%s\n' open
        case 'constraint location'
            printf '%s\n' open
        case 'constraint location add'
            printf '%s\n' open
        case 'constraint location config'
            printf '%s\n' open
        case 'constraint location delete'
            printf '%s\n' open
        case 'constraint location of'
            printf '%s\n' open
        case 'constraint order'
            printf '%s\n' open
        case 'constraint order config'
            printf '%s\n' open
        case 'constraint order delete'
            printf '%s\n' open
        case 'constraint order of'
            printf '%s\n' open
        case 'constraint order set'
            printf '%s\n' open
        case 'constraint ref'
            printf '%s\n' open
        case 'constraint rule'
            printf '%s\n' closed
        case 'constraint rule add'
            printf '%s\n' open
        case 'constraint rule delete'
            printf '%s\n' open
        case 'constraint ticket'
            printf '%s\n' open
        case 'constraint ticket add'
            printf '%s\n' open
        case 'constraint ticket config'
            printf '%s\n' open
        case 'constraint ticket delete'
            printf '%s\n' open
        case 'constraint ticket set'
            printf '%s\n' open
        case 'daemon'
            printf '%s\n' open
        case 'demo'
            printf '%s\n' open
        case 'diff'
            printf '%s\n' open
        case 'dr'
            printf '%s\n' open
        case 'dr config'
            printf '%s\n' open
        case 'dr destroy'
            printf '%s\n' open
        case 'dr set-recovery-site'
            printf '%s\n' open
        case 'dr status'
            printf '%s\n' open
        case 'explain'
            printf '%s\n' open
        case 'group'
            printf '%s\n' open
        case 'group list'
            printf '%s\n' open
        case 'group send'
            printf '%s\n' open
        case 'group watch'
            printf '%s\n' open
        case 'history'
            printf '%s\n' open
        case 'host'
            printf '%s\n' closed
        case 'host auth'
            printf '%s\n' open
        case 'host deauth'
            printf '%s\n' open
        case 'lock'
            printf '%s\n' open
        case 'lock acquire'
            printf '%s\n' open
        case 'lock list'
            printf '%s\n' open
        case 'lock release'
            printf '%s\n' open
        case 'lock run'
            printf '%s\n' open
        case 'maintenance'
            printf '%s\n' open
        case 'maintenance off'
            printf '%s\n' open
        case 'maintenance on'
            printf '%s\n' open
        case 'maintenance status'
            printf '%s\n' open
        case 'metrics'
            printf '%s\n' open
        case 'monitor'
            printf '%s\n' open
        case 'node'
            printf '%s\n' closed
        case 'node attribute'
            printf '%s\n' open
        case 'node drain'
            printf '%s\n' open
        case 'node maintenance'
            printf '%s\n' open
        case 'node standby'
            printf '%s\n' open
        case 'node unmaintenance'
            printf '%s\n' open
        case 'node unstandby'
            printf '%s\n' open
        case 'node utilization'
            printf '%s\n' open
        case 'panic'
            printf '%s\n' open
        case 'pcsd'
            printf '%s\n' closed
        case 'pcsd status'
            printf '%s\n' open
        case 'property'
            printf '%s\n' open
        case 'property config'
            printf '%s\n' open
        case 'property defaults'
            printf '%s\n' open
        case 'property describe'
            printf '%s\n' open
        case 'property set'
            printf '%s\n' open
        case 'property unset'
            printf '%s\n' open
        case 'qdevice'
            printf '%s\n' closed
        case 'quorum'
            printf '%s\n' open
        case 'quorum config'
            printf '%s\n' open
        case 'quorum device'
            printf '%s\n' open
        case 'quorum device add'
            printf '%s\n' open
        case 'quorum device remove'
            printf '%s\n' open
        case 'quorum device status'
            printf '%s\n' open
        case 'quorum expected-votes'
            printf '%s\n' open
        case 'quorum explain'
            printf '%s\n' open
        case 'quorum simulate'
            printf '%s\n' open
        case 'quorum status'
            printf '%s\n' open
        case 'quorum unblock'
            printf '%s\n' open
        case 'quorum update'
            printf '%s\n' open
        case 'quorum witness'
            printf '%s\n' open
        case 'quorum witness add'
            printf '%s\n' open
        case 'quorum witness remove'
            printf '%s\n' open
        case 'quorum witness status'
            printf '%s\n' open
        case 'ra'
            printf '%s\n' closed
        case 'ra classes'
            printf '%s\n' open
        case 'ra info'
            printf '%s\n' open
        case 'ra list'
            printf '%s\n' open
        case 'ra providers'
            printf '%s\n' open
        case 'ra validate'
            printf '%s\n' open
        case 'recipe'
            printf '%s\n' open
        case 'recipe list'
            printf '%s\n' open
        case 'recipe run'
            printf '%s\n' open
        case 'recipe show'
            printf '%s\n' open
        case 'redo'
            printf '%s\n' open
        case 'report'
            printf '%s\n' open
        case 'resource'
            printf '%s\n' open
        case 'resource agent'
            printf '%s\n' closed
        case 'resource agent validate'
            printf '%s\n' open
        case 'resource agents'
            printf '%s\n' open
        case 'resource ban'
            printf '%s\n' open
        case 'resource bundle'
            printf '%s\n' closed
        case 'resource bundle create'
            printf '%s\n' open
        case 'resource bundle reset'
            printf '%s\n' open
        case 'resource bundle update'
            printf '%s\n' open
        case 'resource cleanup'
            printf '%s\n' open
        case 'resource clear'
            printf '%s\n' open
        case 'resource clone'
            printf '%s\n' open
        case 'resource config'
            printf '%s\n' open
        case 'resource create'
            printf '%s\n' open
        case 'resource debug-demote'
            printf '%s\n' open
        case 'resource debug-monitor'
            printf '%s\n' open
        case 'resource debug-promote'
            printf '%s\n' open
        case 'resource debug-start'
            printf '%s\n' open
        case 'resource debug-stop'
            printf '%s\n' open
        case 'resource defaults'
            printf '%s\n' open
        case 'resource defaults config'
            printf '%s\n' open
        case 'resource defaults set'
            printf '%s\n' closed
        case 'resource defaults set create'
            printf '%s\n' open
        case 'resource defaults set delete'
            printf '%s\n' open
        case 'resource defaults set update'
            printf '%s\n' open
        case 'resource defaults update'
            printf '%s\n' open
        case 'resource delete'
            printf '%s\n' open
        case 'resource demote'
            printf '%s\n' open
        case 'resource describe'
            printf '%s\n' open
        case 'resource description'
            printf '%s\n' open
        case 'resource disable'
            printf '%s\n' open
        case 'resource enable'
            printf '%s\n' open
        case 'resource failcount'
            printf '%s\n' open
        case 'resource failcount reset'
            printf '%s\n' open
        case 'resource failcount show'
            printf '%s\n' open
        case 'resource group'
            printf '%s\n' closed
        case 'resource group add'
            printf '%s\n' open
        case 'resource group delete'
            printf '%s\n' open
        case 'resource group list'
            printf '%s\n' open
        case 'resource list'
            printf '%s\n' open
        case 'resource manage'
            printf '%s\n' open
        case 'resource meta'
            printf '%s\n' open
        case 'resource move'
            printf '%s\n' open
        case 'resource move-with-constraint'
            printf '%s\n' open
        case 'resource op'
            printf '%s\n' closed
        case 'resource op add'
            printf '%s\n' open
        case 'resource op defaults'
            printf '%s\n' open
        case 'resource op defaults config'
            printf '%s\n' open
        case 'resource op defaults set'
            printf '%s\n' closed
        case 'resource op defaults set create'
            printf '%s\n' open
        case 'resource op defaults set delete'
            printf '%s\n' open
        case 'resource op defaults set update'
            printf '%s\n' open
        case 'resource op defaults update'
            printf '%s\n' open
        case 'resource op delete'
            printf '%s\n' open
        case 'resource promotable'
            printf '%s\n' open
        case 'resource promote'
            printf '%s\n' open
        case 'resource providers'
            printf '%s\n' open
        case 'resource refresh'
            printf '%s\n' open
        case 'resource relations'
            printf '%s\n' open
        case 'resource relocate'
            printf '%s\n' closed
        case 'resource relocate clear'
            printf '%s\n' open
        case 'resource relocate dry-run'
            printf '%s\n' open
        case 'resource relocate run'
            printf '%s\n' open
        case 'resource relocate show'
            printf '%s\n' open
        case 'resource restart'
            printf '%s\n' open
        case 'resource safe-disable'
            printf '%s\n' open
        case 'resource standards'
            printf '%s\n' open
        case 'resource status'
            printf '%s\n' open
        case 'resource timing'
            printf '%s\n' open
        case 'resource trace'
            printf '%s\n' open
        case 'resource trace on'
            printf '%s\n' open
        case 'resource trace show'
            printf '%s\n' open
        case 'resource unclone'
            printf '%s\n' open
        case 'resource ungroup'
            printf '%s\n' open
        case 'resource unmanage'
            printf '%s\n' open
        case 'resource untrace'
            printf '%s\n' open
        case 'resource update'
            printf '%s\n' open
        case 'resource utilization'
            printf '%s\n' open
        case 'resource validate'
            printf '%s\n' open
        case 'ring'
            printf '%s\n' open
        case 'ring links'
            printf '%s\n' open
        case 'ring stats'
            printf '%s\n' open
        case 'ring status'
            printf '%s\n' open
        case 'rule'
            printf '%s\n' closed
        case 'rule check'
            printf '%s\n' open
        case 'rule next'
            printf '%s\n' open
        case 'sam'
            printf '%s\n' open
        case 'shell'
            printf '%s\n' open
        case 'simulate'
            printf '%s\n' open
        case 'site'
            printf '%s\n' closed
        case 'site ticket'
            printf '%s\n' open
        case 'site ticket activate'
            printf '%s\n' open
        case 'site ticket cleanup'
            printf '%s\n' open
        case 'site ticket grant'
            printf '%s\n' open
        case 'site ticket revoke'
            printf '%s\n' open
        case 'site ticket show'
            printf '%s\n' open
        case 'site ticket standby'
            printf '%s\n' open
        case 'site ticket time'
            printf '%s\n' open
        case 'status'
            printf '%s\n' open
        case 'status booth'
            printf '%s\n' open
        case 'status cluster'
            printf '%s\n' open
        case 'status cluster-wide'
            printf '%s\n' open
        case 'status corosync'
            printf '%s\n' open
        case 'status nodes'
            printf '%s\n' open
        case 'status pcsd'
            printf '%s\n' open
        case 'status qdevice'
            printf '%s\n' open
        case 'status query'
            printf '%s\n' open
        case 'status quorum'
            printf '%s\n' open
        case 'status resources'
            printf '%s\n' open
        case 'status tickets'
            printf '%s\n' open
        case 'status wait'
            printf '%s\n' open
        case 'status xml'
            printf '%s\n' open
        case 'stonith'
            printf '%s\n' open
        case 'stonith cleanup'
            printf '%s\n' open
        case 'stonith config'
            printf '%s\n' open
        case 'stonith confirm'
            printf '%s\n' open
        case 'stonith create'
            printf '%s\n' open
        case 'stonith defaults'
            printf '%s\n' open
        case 'stonith defaults config'
            printf '%s\n' open
        case 'stonith defaults set'
            printf '%s\n' closed
        case 'stonith defaults set create'
            printf '%s\n' open
        case 'stonith defaults set delete'
            printf '%s\n' open
        case 'stonith defaults set update'
            printf '%s\n' open
        case 'stonith defaults update'
            printf '%s\n' open
        case 'stonith delete'
            printf '%s\n' open
        case 'stonith describe'
            printf '%s\n' open
        case 'stonith description'
            printf '%s\n' open
        case 'stonith disable'
            printf '%s\n' open
        case 'stonith enable'
            printf '%s\n' open
        case 'stonith failcount'
            printf '%s\n' open
        case 'stonith failcount reset'
            printf '%s\n' open
        case 'stonith failcount show'
            printf '%s\n' open
        case 'stonith fence'
            printf '%s\n' open
        case 'stonith history'
            printf '%s\n' open
        case 'stonith history cleanup'
            printf '%s\n' open
        case 'stonith history show'
            printf '%s\n' open
        case 'stonith history update'
            printf '%s\n' open
        case 'stonith level'
            printf '%s\n' open
        case 'stonith level add'
            printf '%s\n' open
        case 'stonith level clear'
            printf '%s\n' open
        case 'stonith level config'
            printf '%s\n' open
        case 'stonith level delete'
            printf '%s\n' open
        case 'stonith level verify'
            printf '%s\n' open
        case 'stonith list'
            printf '%s\n' open
        case 'stonith meta'
            printf '%s\n' open
        case 'stonith op'
            printf '%s\n' closed
        case 'stonith op add'
            printf '%s\n' open
        case 'stonith op defaults'
            printf '%s\n' open
        case 'stonith op defaults config'
            printf '%s\n' open
        case 'stonith op defaults set'
            printf '%s\n' closed
        case 'stonith op defaults set create'
            printf '%s\n' open
        case 'stonith op defaults set delete'
            printf '%s\n' open
        case 'stonith op defaults set update'
            printf '%s\n' open
        case 'stonith op defaults update'
            printf '%s\n' open
        case 'stonith op delete'
            printf '%s\n' open
        case 'stonith refresh'
            printf '%s\n' open
        case 'stonith sbd'
            printf '%s\n' closed
        case 'stonith sbd config'
            printf '%s\n' open
        case 'stonith sbd status'
            printf '%s\n' open
        case 'stonith sbd watchdog'
            printf '%s\n' open
        case 'stonith sbd watchdog list'
            printf '%s\n' open
        case 'stonith status'
            printf '%s\n' open
        case 'stonith test'
            printf '%s\n' open
        case 'stonith update'
            printf '%s\n' open
        case 'stonith update-scsi-devices'
            printf '%s\n' open
        case 'stonith verify'
            printf '%s\n' open
        case 'store'
            printf '%s\n' closed
        case 'store delete'
            printf '%s\n' open
        case 'store get'
            printf '%s\n' open
        case 'store list'
            printf '%s\n' open
        case 'store set'
            printf '%s\n' open
        case 'store watch'
            printf '%s\n' open
        case 'tag'
            printf '%s\n' open
        case 'tag config'
            printf '%s\n' open
        case 'tag create'
            printf '%s\n' open
        case 'tag delete'
            printf '%s\n' open
        case 'tag update'
            printf '%s\n' open
        case 'ticket'
            printf '%s\n' open
        case 'ticket activate'
            printf '%s\n' open
        case 'ticket cleanup'
            printf '%s\n' open
        case 'ticket grant'
            printf '%s\n' open
        case 'ticket revoke'
            printf '%s\n' open
        case 'ticket show'
            printf '%s\n' open
        case 'ticket standby'
            printf '%s\n' open
        case 'ticket time'
            printf '%s\n' open
        case 'transition'
            printf '%s\n' closed
        case 'transition graph'
            printf '%s\n' open
        case 'transition list'
            printf '%s\n' open
        case 'transition replay'
            printf '%s\n' open
        case 'transition show'
            printf '%s\n' open
        case 'undo'
            printf '%s\n' open
        case 'why'
            printf '%s\n' open
        case 'witness'
            printf '%s\n' open
    end
end

function __pcsx_complete
    set -l words (commandline -opc)
    set -l cur (commandline -ct)
    set -l where ''
    set -l file
    set -l at 2
    while test $at -le (count $words)
        switch $words[$at]
            case -f
                set at (math $at + 1)
                set file -f $words[$at]
            case '-*'
            case '*'
                set -l next (string trim -- "$where $words[$at]")
                if test -z "$(__pcsx_is $next)"
                    test "$(__pcsx_is $where)" = closed; and return
                    break
                end
                set where $next
        end
        set at (math $at + 1)
    end
    if test "$words[-1]" = -f
        __fish_complete_path $cur
        return
    end
    if string match -q -- '-*' $cur
        __pcsx_options $where
        test -n "$where"; and __pcsx_options ''
        return
    end
    __pcsx_words $where
    set -l kinds (__pcsx_kinds $where)
    if test -n "$kinds"
        pcsx completion ids $file $kinds 2>/dev/null
        contains reply $kinds; and pcsx completion reply $words[2..-1] "$cur" 2>/dev/null
    end
end

complete -c pcsx -f -a '(__pcsx_complete)'
