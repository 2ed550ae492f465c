#!/bin/sh
# obsd: openbsd-7.8, 203.0.113.100
# Built by pierhead from the site "rented server": change that, not this file.

[ -e /vm/obsd.img ] || { mkdir -p /vm && truncate -s 10G /vm/obsd.img; }
ifconfig tap3 create 2> /dev/null
ifconfig tap3 up
brconfig bridge0 add tap3 2> /dev/null

exec /usr/pkg/bin/qemu-system-x86_64 -accel nvmm \
	-name obsd -smp 1 -m 512 \
	-drive file=/vm/obsd.img,format=raw,if=virtio \
	-netdev tap,id=net0,ifname=tap3,script=no,downscript=no \
	-device virtio-net-pci,netdev=net0,mac=00:50:56:00:03:cc \
	-display none -serial unix:/var/run/guest-obsd.console,server=on,wait=off \
	-monitor unix:/var/run/guest-obsd.monitor,server=on,wait=off \
	-pidfile /var/run/guest-obsd.pid -daemonize
