#!/bin/sh
# A promotable resource that does nothing but remember its role: for demonstrations and tests.

case $OCF_TRACE_RA in
    1 | true | yes | on) set -x ;;
esac

describe() {
    cat <<'END'
<?xml version="1.0"?>
<resource-agent name="stateful" version="1.0">
<version>1.1</version>
<longdesc lang="en">
Does nothing, and remembers in a small file whether it was started and promoted. It runs anywhere,
without root. For trying promotable clones out, and for tests of the cluster itself. It tells the
cluster how much it wishes to be promoted, as a database would.
</longdesc>
<shortdesc lang="en">Remembers its role, for trying promotable clones out</shortdesc>
<parameters>
<parameter name="state" unique-group="state">
<longdesc lang="en">The file that remembers the role. Usually it is found by the name of the
resource, in the directory of the node's daemon.</longdesc>
<shortdesc lang="en">State file</shortdesc>
<content type="string" default=""/>
</parameter>
<parameter name="unpromoted_score" reloadable="1">
<longdesc lang="en">The promotion score that an instance gives itself when it is started or demoted.</longdesc>
<shortdesc lang="en">Promotion score while unpromoted</shortdesc>
<content type="integer" default="5"/>
</parameter>
<parameter name="promoted_score" reloadable="1">
<longdesc lang="en">The promotion score that an instance gives itself when it is promoted.</longdesc>
<shortdesc lang="en">Promotion score while promoted</shortdesc>
<content type="integer" default="10"/>
</parameter>
<parameter name="fail" reloadable="1">
<longdesc lang="en">The names of the actions that fail, separated by blanks, such as "promote monitor".</longdesc>
<shortdesc lang="en">Actions that fail</shortdesc>
<content type="string" default=""/>
</parameter>
</parameters>
<actions>
<action name="start" timeout="20s"/>
<action name="stop" timeout="20s"/>
<action name="promote" timeout="20s"/>
<action name="demote" timeout="20s"/>
<action name="notify" timeout="20s"/>
<action name="monitor" role="Promoted" timeout="20s" interval="10s" depth="0"/>
<action name="monitor" role="Unpromoted" timeout="20s" interval="11s" depth="0"/>
<action name="reload-agent" timeout="20s"/>
<action name="validate-all" timeout="20s"/>
<action name="meta-data" timeout="5s"/>
</actions>
</resource-agent>
END
}

because() {
    echo "${OCF_EXIT_REASON_PREFIX:-ocf-exit-reason:}$1" >&2
}

case $1 in
    meta-data) describe; exit 0 ;;
    start | stop | promote | demote | notify | monitor | reload-agent | validate-all) ;;
    *) because "no such action: '$1'"; exit 3 ;;
esac

directory=${PCSX_RUN_DIR:-${HA_RSCTMP:-/run/resource-agents}}/agents
state=${OCF_RESKEY_state:-$directory/stateful-${OCF_RESOURCE_INSTANCE:-default}.state}
role=stopped
if [ -f "$state" ]; then read -r role < "$state"; fi

case " ${OCF_RESKEY_fail:-} " in
    *" $1 "*)
        if [ "$1" != monitor ] || [ "${OCF_RESKEY_CRM_meta_interval:-0}" != 0 ]; then
            because "the parameter 'fail' asks for this"
            exit 1
        fi ;;
esac

become() {
    case $state in
        */*) [ -d "${state%/*}" ] || mkdir -p "${state%/*}" || exit 1 ;;
    esac
    echo "$1" > "$state" || { because "cannot write $state"; exit 1; }
}

# Outside a cluster there is nobody to tell the score to, which is no fault of the resource.
score() {
    "${HA_SBIN_DIR:+$HA_SBIN_DIR/}crm_attribute" --promotion="${OCF_RESOURCE_INSTANCE:-default}" \
        --lifetime=reboot "$@" > /dev/null 2>&1 || :
}

case $1 in
    start)
        [ "$role" != stopped ] || become unpromoted
        score --update="${OCF_RESKEY_unpromoted_score:-5}" ;;
    promote)
        [ "$role" != stopped ] || { because "it does not run"; exit 7; }
        become promoted
        score --update="${OCF_RESKEY_promoted_score:-10}" ;;
    demote)
        [ "$role" != stopped ] || { because "it does not run"; exit 7; }
        become unpromoted
        score --update="${OCF_RESKEY_unpromoted_score:-5}" ;;
    stop)
        score --delete
        if [ "$role" != stopped ]; then rm -f "$state" || exit 1; fi ;;
    monitor)
        case $role in
            stopped) exit 7 ;;
            promoted) exit 8 ;;
        esac ;;
    reload-agent)
        [ "$role" != stopped ] || { because "it does not run"; exit 7; }
        ;;
esac
exit 0
