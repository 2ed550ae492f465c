#!/bin/sh
# fbsd: freebsd-14.3, 198.51.100.10
# Built by pierhead from the site "rented server": change that, not this file.
# Its console: cu -l /dev/nmdm-fbsdB

[ -e /vm/fbsd/disk.img ] || { mkdir -p /vm/fbsd && truncate -s 20G /vm/fbsd/disk.img; }
ifconfig tap0 create 2> /dev/null
ifconfig tap0 description fbsd up
ifconfig bridge0 addm tap0 2> /dev/null
ifconfig bridge0 static tap0 00:50:56:00:01:aa 2> /dev/null
ifconfig bridge0 ifmaxaddr tap0 1

# bhyve ends with 0 when the guest reboots, and then runs again.
while :; do
	bhyve -A -H -P -c 2 -m 2048M \
		-s 0,hostbridge -s 31,lpc \
		-s 2,virtio-net,tap0,mac=00:50:56:00:01:aa \
		-s 3,virtio-blk,/vm/fbsd/disk.img \
		-l com1,/dev/nmdm-fbsdA \
		-l bootrom,/usr/local/share/uefi-firmware/BHYVE_UEFI.fd \
		fbsd || break
done
bhyvectl --vm=fbsd --destroy
