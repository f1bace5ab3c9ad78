#!/usr/bin/env bash
# Runs a command beside which a node with real pods may be started: in namespaces of its own for processes, mounts and the
# network, whose only interface is a bridge that leads nowhere. Nothing can leave it. Needs root.
#   unshare -n -m -p -f --kill-child --mount-proc tests/cluster/in_namespaces.sh COMMAND…
set -euo pipefail
cgroups=$(mktemp -d)
mount --rbind /sys/fs/cgroup "$cgroups"
mount -t sysfs sysfs /sys
mount --rbind "$cgroups" /sys/fs/cgroup
ip link set lo up
ip link add node0 type bridge
ip addr add 10.77.0.1/24 dev node0
ip link add nd0 type veth peer name nd1
ip link set nd1 master node0
ip link set node0 up
ip link set nd0 up
ip link set nd1 up
# A default route, without which kubelet and kube-proxy find no address of the node. Nobody has that one.
ip route add default via 10.77.0.254 dev node0
sysctl -qw net.ipv4.ip_forward=1
"$@"
