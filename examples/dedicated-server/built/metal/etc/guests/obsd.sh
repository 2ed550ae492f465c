#!/bin/sh
# obsd: openbsd-7.8, 203.0.113.100
# Built by pierhead from the site "rented server": change that, not this file.
# Its console: cu -l /dev/nmdm-obsdB

[ -e /vm/obsd/disk.img ] || { mkdir -p /vm/obsd && truncate -s 10G /vm/obsd/disk.img; }
ifconfig tap3 create 2> /dev/null
ifconfig tap3 description obsd up
ifconfig bridge0 addm tap3 2> /dev/null
ifconfig bridge0 static tap3 00:50:56:00:03:cc 2> /dev/null
ifconfig bridge0 ifmaxaddr tap3 1

# bhyve ends with 0 when the guest reboots, and then runs again.
while :; do
	bhyve -A -H -P -c 1 -m 512M \
		-s 0,hostbridge -s 31,lpc \
		-s 2,virtio-net,tap3,mac=00:50:56:00:03:cc \
		-s 3,virtio-blk,/vm/obsd/disk.img \
		-l com1,/dev/nmdm-obsdA \
		-l bootrom,/usr/local/share/uefi-firmware/BHYVE_UEFI.fd \
		obsd || break
done
bhyvectl --vm=obsd --destroy
