#!/bin/sh
# Runs a systemd unit as a resource: UNIT ACTION, with the exit codes of an OCF agent.

unit=$1
case $unit in
    *.service | *.socket | *.mount | *.timer | *.path) ;;
    *) unit=$unit.service ;;
esac
run=${PCSX_UNIT_RUN_DIR:-/run/systemd/system}
dropin=$run/$unit.d

because() {
    echo "ocf-exit-reason:$1" >&2
}

# Prints one property of the unit; fails where no manager answers.
property() {
    systemctl show --property="$1" --value -- "$unit" 2> /dev/null
}

known() {
    state=$(property LoadState) || { because "systemd does not answer"; exit 1; }
    [ "$state" != not-found ] && [ -n "$state" ]
}

# While the cluster has the unit, systemd must not restart it by itself, and at shutdown of the
# machine it must not stop it before the cluster has.
take() {
    mkdir -p "$dropin" || return 1
    {
        printf '[Unit]\nDescription=Cluster controlled %s\nBefore=pcsx.service\n' "$unit"
        case $unit in
            *.service) printf '[Service]\nRestart=no\n' ;;
        esac
    } > "$dropin/50-pcsx.conf" || return 1
    systemctl daemon-reload
}

release() {
    [ -f "$dropin/50-pcsx.conf" ] || return 0
    rm -f "$dropin/50-pcsx.conf"
    rmdir "$dropin" 2> /dev/null
    systemctl daemon-reload
}

# Waits while the unit is on its way from one state to another; who calls us has the time limit.
settled() {
    while :; do
        active=$(property ActiveState) || { because "systemd does not answer"; exit 1; }
        case $active in
            activating | deactivating) sleep 0.5 ;;
            *) return ;;
        esac
    done
}

# Where systemd is not the first process (sd_booted(3)) no unit can run: that is no failure of a
# stop, for which the machine would be fenced.
if [ ! -d "$run" ]; then
    [ "$2" = stop ] && exit 0
    because "systemd does not run on this machine, so it has no unit $unit"
    exit 5
fi

case $2 in
    start)
        known || { because "there is no unit $unit"; exit 5; }
        take || { because "cannot write $dropin"; exit 1; }
        systemctl start -- "$unit" || { because "$unit did not start"; exit 1; }
        settled
        [ "$active" = active ] || { because "$unit is $active"; exit 1; } ;;
    stop)
        known || exit 0
        # By the drop-in the unit stops after us: when systemd stops us, that order must not count.
        mode=replace
        [ "$(systemctl is-active pcsx.service 2> /dev/null)" != deactivating ] ||
            mode=ignore-dependencies
        systemctl stop --job-mode="$mode" -- "$unit" || { because "$unit did not stop"; exit 1; }
        settled
        case $active in
            active | reloading) because "$unit is still $active"; exit 1 ;;
        esac
        release ;;
    monitor | status)
        known || exit 7
        settled
        case $active in
            active | reloading | refreshing) exit 0 ;;
            *) exit 7 ;;
        esac ;;
    reload) systemctl reload -- "$unit" || exit 1 ;;
    *) because "no such action: '$2'"; exit 3 ;;
esac
exit 0
