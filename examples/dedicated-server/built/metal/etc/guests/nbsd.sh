#!/bin/sh
# nbsd: netbsd-10.1, 203.0.113.11
# Built by pierhead from the site "rented server": change that, not this file.
# Its console: cu -l /dev/nmdm-nbsdB

[ -e /vm/nbsd/disk.img ] || { mkdir -p /vm/nbsd && truncate -s 10G /vm/nbsd/disk.img; }
ifconfig tap1 create 2> /dev/null
ifconfig tap1 description nbsd up
ifconfig bridge0 addm tap1 2> /dev/null
ifconfig bridge0 static tap1 00:50:56:00:02:bb 2> /dev/null
ifconfig bridge0 ifmaxaddr tap1 1

# bhyve ends with 0 when the guest reboots, and then runs again.
while :; do
	bhyve -A -H -P -c 1 -m 512M \
		-s 0,hostbridge -s 31,lpc \
		-s 2,virtio-net,tap1,mac=00:50:56:00:02:bb \
		-s 3,virtio-blk,/vm/nbsd/disk.img \
		-l com1,/dev/nmdm-nbsdA \
		-l bootrom,/usr/local/share/uefi-firmware/BHYVE_UEFI.fd \
		nbsd || break
done
bhyvectl --vm=nbsd --destroy
