#!/bin/sh
# Runs a service of the system as a resource: NAME ACTION. An init script is taken where there is
# one, a unit otherwise. Exit codes are those of an OCF agent.

script=${PCSX_INIT_DIR:-/etc/init.d}/$1
[ -x "$script" ] || exec /bin/sh "${0%/*}/systemd_unit.sh" "$1" "$2"

case $2 in
    monitor | status)
        "$script" status
        case $? in
            0) exit 0 ;;
            1 | 2 | 3) exit 7 ;;
            150) exit 5 ;;
            151) exit 4 ;;
            *) exit 1 ;;
        esac ;;
esac
"$script" "$2"
code=$?
[ "$code" -le 7 ] || code=1
exit "$code"
