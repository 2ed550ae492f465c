#!/bin/sh
# fbsd: freebsd-14.3, 198.51.100.10
# Built by pierhead from the site "rented server": change that, not this file.

[ -e /vm/fbsd.img ] || { mkdir -p /vm && truncate -s 10G /vm/fbsd.img; }
ifconfig tap0 create 2> /dev/null
ifconfig tap0 up
brconfig bridge0 add tap0 2> /dev/null

exec /usr/pkg/bin/qemu-system-x86_64 -accel nvmm \
	-name fbsd -smp 1 -m 512 \
	-drive file=/vm/fbsd.img,format=raw,if=virtio \
	-netdev tap,id=net0,ifname=tap0,script=no,downscript=no \
	-device virtio-net-pci,netdev=net0,mac=00:50:56:00:01:aa \
	-display none -serial unix:/var/run/guest-fbsd.console,server=on,wait=off \
	-monitor unix:/var/run/guest-fbsd.monitor,server=on,wait=off \
	-pidfile /var/run/guest-fbsd.pid -daemonize
