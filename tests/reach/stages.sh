# From the machine into namespaces, one after the other: what is fetched and built, a world without hostler, and the
# world that is tested, both in mount, PID and network namespaces, and maybe in another Debian's root. Sourced by `run`.
# shellcheck shell=bash disable=SC2154
# shellcheck source=trixie.sh
source "$here/trixie.sh"

# The guests boot the lab's kernel, which is fetched by the same words.
prepare_guests() { # FOLDER [PACKAGE...]
	local LAB=$here/../lab RUN=$1 KERNEL
	say() { printf '# %s\n' "$*"; }
	die() { printf 'tests/reach/run: %s\n' "$*" >&2; exit 1; }
	# shellcheck source=../lab/outside/prepare.sh
	source "$LAB/outside/prepare.sh"
	prepare_kernel
	make_initramfs "$1/guest.cpio" "$here/guest-init"
	cp "$KERNEL/vmlinux" "$1/vmlinux"
	[[ $# -lt 2 ]] || prepare_packages "${@:2}" || return
	mkdir -p "$1/tree/bin"
	cp "$1/answer" "$1/tree/bin/"
	(cd "$1/tree" && echo bin/answer | cpio --quiet -o -H newc) >>"$1/guest.cpio"
}

# libvirt's nftables back end asks tc for an action that mends checksums of DHCP, which not every kernel has; the guests
# here need none, see vm_xml. Where the real tc can, it does.
forgive_tc() { # ROOT
	mv "$1/usr/sbin/tc" "$1/usr/sbin/tc.real"
	cat >"$1/usr/sbin/tc" <<-'END'
		#!/bin/sh
		/usr/sbin/tc.real "$@" || case "$*" in *"action csum"*) exit 0 ;; *) exit 1 ;; esac
	END
	chmod 755 "$1/usr/sbin/tc"
}

# Another root, of which nothing is changed: what is written stays in memory.
enter_root() {
	local root=$1/root folder
	mkdir -p "$root" "$1/upper"
	mount -t tmpfs none "$1/upper" && mkdir "$1/upper/"{data,work} || return
	mount -t overlay -o "lowerdir=$trixie_root,upperdir=$1/upper/data,workdir=$1/upper/work" none "$root" || return
	forgive_tc "$root"
	mount -t proc proc "$root/proc"
	for folder in /dev /sys "$source" "$build" "$HOSTLER_REACH_WORK"; do
		mkdir -p "$root$folder"
		mount --rbind "$folder" "$root$folder" || return
	done
}

# world NAME: this script again, inside
world() {
	local enter=() within=()
	mkdir -p "$shared/$1"
	cp "$shared/answer" "$shared/guest.cpio" "$shared/$1/"
	enter=(unshare -m -p -n --fork --kill-child --mount-proc --propagation private)
	HOSTLER_REACH_PACKAGES=$PACKAGES HOSTLER_REACH_WORLD=$1 HOSTLER_REACH_STAGE=between HOSTLER_REACH_WORK=$shared \
		timeout --kill-after=5 850 "${enter[@]}" "$0" "$build" ${backend:+--backend "$backend"} \
		${root:+--trixie} ${firewall:+--firewall "$firewall"}
}

run_stages() {
	source=$(cd "$here/../.." && pwd)
	if [[ ${HOSTLER_REACH_STAGE:-} == between ]]; then
		export HOSTLER_REACH_STAGE=inside
		[[ -n $root ]] || exec "$0" "$build" ${backend:+--backend "$backend"} ${firewall:+--firewall "$firewall"}
		enter_root "$HOSTLER_REACH_WORK/$HOSTLER_REACH_WORLD" || exit 1
		exec chroot "$HOSTLER_REACH_WORK/$HOSTLER_REACH_WORLD/root" \
			"$here/run" "$build" ${backend:+--backend "$backend"}
	fi
	PACKAGES=
	shared=$(mktemp -d)
	trap 'rm -rf "$shared"' EXIT
	[[ -z $root ]] || prepare_trixie || exit 1
	"${CC:-cc}" -std=gnu17 -Wall -Wextra -O2 -static -o "$shared/answer" "$here/answer.c" || exit 1
	# shellcheck disable=SC2086 # words
	prepare_guests "$shared" ${firewall:+${firewall_packages[$firewall]}}
	world control >"$shared/control.log" 2>&1 &
	world tested
	status=$?
	wait "$!" || { echo "# the world without hostler:"; sed 's/^/# /' "$shared/control.log"; }
	exit "$status"
}
