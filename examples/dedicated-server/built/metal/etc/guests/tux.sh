#!/bin/sh
# tux: linux, 203.0.113.101
# Built by pierhead from the site "rented server": change that, not this file.
# Its console: cu -l /dev/nmdm-tuxB

[ -e /vm/tux/disk.img ] || { mkdir -p /vm/tux && truncate -s 10G /vm/tux/disk.img; }
ifconfig tap2 create 2> /dev/null
ifconfig tap2 description tux up
ifconfig bridge0 addm tap2 2> /dev/null
ifconfig bridge0 static tap2 00:50:56:00:04:dd 2> /dev/null
ifconfig bridge0 ifmaxaddr tap2 1

# bhyve ends with 0 when the guest reboots, and then runs again.
while :; do
	bhyve -A -H -P -c 1 -m 512M \
		-s 0,hostbridge -s 31,lpc \
		-s 2,virtio-net,tap2,mac=00:50:56:00:04:dd \
		-s 3,virtio-blk,/vm/tux/disk.img \
		-l com1,/dev/nmdm-tuxA \
		-l bootrom,/usr/local/share/uefi-firmware/BHYVE_UEFI.fd \
		tux || break
done
bhyvectl --vm=tux --destroy
