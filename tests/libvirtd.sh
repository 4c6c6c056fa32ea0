# A private libvirtd for whoever made mount, PID and network namespaces of his own: its folders are tmpfs, its hooks
# the built ones. Sourced by the worlds of live/ and reach/; needs $build and $work.
# shellcheck shell=bash

# private_folders HELPER...: all that libvirt and hostler write, and the built helpers where the hooks start them.
private_folders() {
	local folder helper
	# libvirt would make a cgroup for each VM among those of the machine.
	! mountpoint -q /sys/fs/cgroup || umount --recursive --lazy /sys/fs/cgroup
	for folder in /run /etc/libvirt /var/lib/libvirt /var/cache/libvirt /usr/libexec; do
		mkdir -p "$folder" && mount -t tmpfs none "$folder" || return
	done
	mount -t tmpfs -o size=2m none /var/log || return
	mkdir -p /run/lock /var/log/libvirt /var/lib/libvirt/{images,dnsmasq} /usr/libexec/hostler
	for helper in "$@"; do cp "$build/qemu-helpers/$helper" /usr/libexec/hostler/ || return; done
}

# hostler's users are real, if only here.
private_users() {
	{
		grep -v ^hostler /etc/passwd
		echo hostler:x:64901:64901::/:/usr/sbin/nologin
		echo hostler-metrics:x:64902:64901::/:/usr/sbin/nologin
	} >"$work/passwd"
	{ grep -v ^hostler: /etc/group; echo hostler:x:64901:; } >"$work/group"
	mount --bind "$work/passwd" /etc/passwd
	mount --bind "$work/group" /etc/group
}

private_hooks() {
	local object
	for object in qemu network daemon; do
		mkdir -p "/etc/libvirt/hooks/$object.d"
		ln -s "$build/hooks/hostler-$object-hook" "/etc/libvirt/hooks/$object.d/10-hostler"
	done
}

private_configuration() {
	cat >/etc/libvirt/qemu.conf <<-'END'
		security_driver = "none"
		user = "root"
		group = "root"
		dynamic_ownership = 0
		namespaces = []
		cgroup_controllers = []
		stdio_handler = "file"
	END
	cat >/etc/libvirt/libvirtd.conf <<-END
		log_outputs = "3:file:$work/libvirtd.log"
		auth_unix_ro = "none"
		auth_unix_rw = "none"
		unix_sock_ro_perms = "0777"
	END
}

# A copy: the machine's AppArmor profile for libvirtd goes by its path, and would not let it run hooks from a build folder.
# begin_libvirtd [OPTION...]
begin_libvirtd() {
	[[ -e $work/libvirtd ]] || cp "$(type -P libvirtd)" "$work/libvirtd"
	"$work/libvirtd" --daemon "$@" >>"$work/libvirtd-start.log" 2>&1 </dev/null
	wait_for 120 quietly v uri
}
signal_libvirtd() { kill "-$1" "$(</run/libvirtd.pid)"; }
end_libvirtd() {
	signal_libvirtd "${1:-TERM}"
	wait_for 60 libvirtd_gone
}
libvirtd_gone() { ! signal_libvirtd 0 2>/dev/null; }
v() { timeout 120 virsh -q -c qemu:///system "$@"; }

# --- waiting, never longer than said ---

quietly() { "$@" >/dev/null 2>&1; }
# wait_for SECONDS COMMAND...
wait_for() {
	local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))
	shift
	until "$@"; do
		[[ ${EPOCHREALTIME/[.,]/} -lt $end ]] || return 1
		sleep 0.1
	done
}
