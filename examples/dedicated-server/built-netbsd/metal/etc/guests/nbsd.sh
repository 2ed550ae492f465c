#!/bin/sh
# nbsd: netbsd-10.1, 203.0.113.11
# Built by pierhead from the site "rented server": change that, not this file.

[ -e /vm/nbsd.img ] || { mkdir -p /vm && truncate -s 10G /vm/nbsd.img; }
ifconfig tap1 create 2> /dev/null
ifconfig tap1 up
brconfig bridge0 add tap1 2> /dev/null

exec /usr/pkg/bin/qemu-system-x86_64 -accel nvmm \
	-name nbsd -smp 1 -m 512 \
	-drive file=/vm/nbsd.img,format=raw,if=virtio \
	-netdev tap,id=net0,ifname=tap1,script=no,downscript=no \
	-device virtio-net-pci,netdev=net0,mac=00:50:56:00:02:bb \
	-display none -serial unix:/var/run/guest-nbsd.console,server=on,wait=off \
	-monitor unix:/var/run/guest-nbsd.monitor,server=on,wait=off \
	-pidfile /var/run/guest-nbsd.pid -daemonize
