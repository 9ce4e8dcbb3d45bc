#!/bin/bash
# Process 1 of a machine: boot.sh NAME PLACE AGENTS DIRECTORY...; then it reaps for ever.
set -e
name=$1 place=$2 agents=$3
shift 3
hostname "$name"
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/lock /run/resource-agents /run/nginx
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
for own in "$@"; do
    mkdir -p "$place/root$own" "$own"
    mount --bind "$place/root$own" "$own"
done
mkdir -p /var/log/nginx
mount -t overlay overlay -o "lowerdir=$agents:/usr/sbin" /usr/sbin
set +e
: > "$place/ready"
while :; do
    sleep 86400 &
    wait $!
done
