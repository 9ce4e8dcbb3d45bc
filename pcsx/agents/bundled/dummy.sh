#!/bin/sh
# A resource that does nothing but remember whether it was started: for demonstrations and tests.
# Written without a single external program on its hot path, so that a call costs about 1 ms.

case $OCF_TRACE_RA in
    1 | true | yes | on) set -x ;;
esac

describe() {
    cat <<'END'
<?xml version="1.0"?>
<resource-agent name="dummy" version="1.0">
<version>1.1</version>
<longdesc lang="en">
Does nothing, and remembers in a small file whether it was started. It runs anywhere, without root,
and several nodes on one machine do not disturb each other. For trying a cluster out, and for tests
of the cluster itself: operations can be made slow, or made to fail.
</longdesc>
<shortdesc lang="en">Does nothing, for trying a cluster out</shortdesc>
<parameters>
<parameter name="state" unique-group="state">
<longdesc lang="en">The file that remembers whether the resource was started. Usually it is found by
the name of the resource, in the directory of the node's daemon.</longdesc>
<shortdesc lang="en">State file</shortdesc>
<content type="string" default=""/>
</parameter>
<parameter name="fake" reloadable="1">
<longdesc lang="en">A value that means nothing. It can be changed to see a reload.</longdesc>
<shortdesc lang="en">A value without meaning</shortdesc>
<content type="string" default="dummy"/>
</parameter>
<parameter name="delay" reloadable="1">
<longdesc lang="en">How many seconds each start, stop and monitor takes.</longdesc>
<shortdesc lang="en">Seconds each operation takes</shortdesc>
<content type="integer" default="0"/>
</parameter>
<parameter name="fail" reloadable="1">
<longdesc lang="en">The names of the actions that fail, separated by blanks, such as "start monitor".</longdesc>
<shortdesc lang="en">Actions that fail</shortdesc>
<content type="string" default=""/>
</parameter>
</parameters>
<actions>
<action name="start" timeout="20s"/>
<action name="stop" timeout="20s"/>
<action name="monitor" timeout="20s" interval="10s" depth="0"/>
<action name="reload-agent" timeout="20s"/>
<action name="migrate_to" timeout="20s"/>
<action name="migrate_from" timeout="20s"/>
<action name="validate-all" timeout="20s"/>
<action name="meta-data" timeout="5s"/>
</actions>
</resource-agent>
END
}

because() {
    echo "${OCF_EXIT_REASON_PREFIX:-ocf-exit-reason:}$1" >&2
}

check() {
    case ${OCF_RESKEY_delay:-0} in
        *[!0-9]*)
            because "delay must be a whole number of seconds, not '$OCF_RESKEY_delay'"
            exit 6 ;;
    esac
}

case $1 in
    meta-data) describe; exit 0 ;;
    start | stop | monitor | reload-agent | migrate_to | migrate_from | validate-all) check ;;
    *) because "no such action: '$1'"; exit 3 ;;
esac

directory=${PCSX_RUN_DIR:-${HA_RSCTMP:-/run/resource-agents}}/agents
state=${OCF_RESKEY_state:-$directory/dummy-${OCF_RESOURCE_INSTANCE:-default}.state}

if [ "${OCF_RESKEY_delay:-0}" -gt 0 ]; then
    sleep "$OCF_RESKEY_delay"
fi
case " ${OCF_RESKEY_fail:-} " in
    *" $1 "*)
        # A probe tells the truth, or the resource would count as failed where it never ran.
        if [ "$1" != monitor ] || [ "${OCF_RESKEY_CRM_meta_interval:-0}" != 0 ]; then
            because "the parameter 'fail' asks for this"
            exit 1
        fi ;;
esac

remember() {
    case $state in
        */*) [ -d "${state%/*}" ] || mkdir -p "${state%/*}" || exit 1 ;;
    esac
    echo "${OCF_RESKEY_fake:-dummy}" > "$state" || { because "cannot write $state"; exit 1; }
}

case $1 in
    start | migrate_from) remember ;;
    reload-agent)
        [ -f "$state" ] || { because "it does not run, so there is nothing to reload"; exit 7; }
        remember ;;
    stop | migrate_to)
        if [ -f "$state" ]; then rm -f "$state" || exit 1; fi ;;
    monitor) [ -f "$state" ] || exit 7 ;;
esac
exit 0
