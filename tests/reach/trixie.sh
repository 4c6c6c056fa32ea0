# Debian 13's libvirt as a root folder, fetched once by mmdebstrap from the mirror that apt uses. Sourced by `run`.
# shellcheck shell=bash

trixie_packages=bash,coreutils,dnsmasq-base,findutils,gawk,grep,iproute2,iptables,libglib2.0-0t64,libjson-glib-1.0-0
trixie_packages+=,libmnl0,libnftnl11,libpci3,libsystemd0,libvirt-clients,libvirt-daemon-driver-network
trixie_packages+=,libvirt-daemon-driver-qemu,libvirt-daemon-system,libvirt-daemon-config-network,nftables,procps
trixie_packages+=,qemu-system-x86,sed,util-linux,busybox-static,conntrack,kmod

trixie_root=${HOSTLER_LAB_CACHE:-/var/cache/hostler-lab}/trixie-libvirt

# Idempotent. Built beside and renamed: a folder of that name is whole.
prepare_trixie() {
	[[ ! -d $trixie_root ]] || return 0
	local part=$trixie_root.part.$$
	mkdir -p "${trixie_root%/*}"
	printf '# fetching Debian 13 into %s (some 200 MB)\n' "$trixie_root"
	DEBIAN_FRONTEND=noninteractive timeout 1200 mmdebstrap --quiet --variant=minbase --mode=root \
		--aptopt='APT::Install-Recommends "false"' --include="$trixie_packages" \
		trixie "$part" http://deb.debian.org/debian >"$part.log" 2>&1 ||
		{ tail -n 20 "$part.log"; rm -rf "$part"; return 1; }
	rm -f "$part.log"
	mv -T "$part" "$trixie_root"
}
