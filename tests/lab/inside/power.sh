# The two ways an emulated host ends. Sourced by lib.sh and the scripts beside.

# pause SECONDS, without a program: a process costs 20 ms here, and none starts any more when the disks are down.
pause() {
	[[ -n ${NEVER:-} ]] || exec {NEVER}<> <(:)
	read -r -t "$1" -u "$NEVER" || true
}

# power_down o|b: o switches off, b is the reset button, on which QEMU ends at once (-no-reboot). No daemon is asked, nothing is
# flushed: who wants that, syncs before.
power_down() {
	echo 1 >/proc/sys/kernel/sysrq
	echo "$1" >/proc/sysrq-trigger
	pause 30
	# Not reached, unless a driver holds the power-off up; then this.
	echo b >/proc/sysrq-trigger
	pause 30
}
