#!/bin/sh
# tux: linux, 203.0.113.101
# Built by pierhead from the site "rented server": change that, not this file.

[ -e /vm/tux.img ] || { mkdir -p /vm && truncate -s 10G /vm/tux.img; }
ifconfig tap2 create 2> /dev/null
ifconfig tap2 up
brconfig bridge0 add tap2 2> /dev/null

exec /usr/pkg/bin/qemu-system-x86_64 -accel nvmm \
	-name tux -smp 1 -m 512 \
	-drive file=/vm/tux.img,format=raw,if=virtio \
	-netdev tap,id=net0,ifname=tap2,script=no,downscript=no \
	-device virtio-net-pci,netdev=net0,mac=00:50:56:00:04:dd \
	-display none -serial unix:/var/run/guest-tux.console,server=on,wait=off \
	-monitor unix:/var/run/guest-tux.monitor,server=on,wait=off \
	-pidfile /var/run/guest-tux.pid -daemonize
