# A libvirt host of its own, in namespaces: libvirtd, QEMU by TCG, the built hooks and the built hostler-metrics.
# Sourced by `run` as the first process of its pid namespace; needs $build and $work.
# shellcheck shell=bash

log_dir=/var/log/hostler

# --- the host ---

make_users() {
	{ grep -v ^hostler /etc/passwd; echo hostler-metrics:x:64902:64901::/:/usr/sbin/nologin; } >"$work/passwd"
	{ grep -v ^hostler: /etc/group; echo hostler:x:64901:; } >"$work/group"
	mount --bind "$work/passwd" /etc/passwd
	mount --bind "$work/group" /etc/group
}

# What is written to /etc is gone with the namespace.
lay_over_etc() {
	mkdir "$work/etc" && mount -t tmpfs none "$work/etc" && mkdir "$work"/etc/{upper,work} &&
		mount -t overlay -o "lowerdir=/etc,upperdir=$work/etc/upper,workdir=$work/etc/work" etc /etc &&
		umount --lazy "$work/etc"
}

make_folders() {
	local folder
	# libvirt would make a cgroup for each VM among those of the machine.
	! mountpoint -q /sys/fs/cgroup || umount --recursive --lazy /sys/fs/cgroup
	for folder in /run /etc/libvirt /var/lib/libvirt /var/cache/libvirt /usr/libexec; do
		mkdir -p "$folder" && mount -t tmpfs none "$folder" || return
	done
	mount -t tmpfs -o size=2m none /var/log || return
	mkdir -p /run/lock /var/log/libvirt /var/lib/libvirt/images /usr/libexec/hostler
	cp "$build/qemu-helpers/hostler-metrics" /usr/libexec/hostler/
}

install_hooks() {
	local object
	for object in qemu network daemon; do
		mkdir -p "/etc/libvirt/hooks/$object.d"
		ln -s "$build/hooks/hostler-$object-hook" "/etc/libvirt/hooks/$object.d/10-hostler"
	done
}

configure_libvirt() {
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

make_bridge() { ip link set lo up && ip link add br0 type bridge && ip link set br0 up; }

# A copy: the machine's AppArmor profile for libvirtd goes by its path, and would not let it run hooks from a build folder.
begin_libvirtd() {
	[[ -e $work/libvirtd ]] || cp "$(type -P libvirtd)" "$work/libvirtd"
	"$work/libvirtd" --daemon >>"$work/libvirtd-start.log" 2>&1 </dev/null
	wait_for 10 quietly v uri
}
signal_libvirtd() { kill "-$1" "$(</run/libvirtd.pid)"; }
end_libvirtd() {
	signal_libvirtd "${1:-TERM}"
	wait_for 5 libvirtd_gone
}
libvirtd_gone() { ! signal_libvirtd 0 2>/dev/null; }
v() { timeout 20 virsh -q -c qemu:///system "$@"; }

make_world() {
	lay_over_etc && make_folders && make_sinks && make_users && install_hooks && configure_libvirt && make_bridge && make_disk && begin_libvirtd
}

# --- VMs ---

# A boot sector that reads a sector and writes it back at each tick of the clock:
#   sti; xor ax,ax; mov ds,ax; mov es,ax
#   again: (mov ax,0201; mov bx,7e00; mov cx,2; mov dx,80; int 13), the same with 0301; hlt; jmp again
make_disk() {
	local disk=/var/lib/libvirt/images/busy.img
	truncate -s 1M "$disk"
	printf '\xfb\x31\xc0\x8e\xd8\x8e\xc0'"$(int13 '\x02')$(int13 '\x03')"'\xf4\xeb\xdf' |
		dd of="$disk" conv=notrunc status=none
	printf '\x55\xaa' | dd of="$disk" bs=1 seek=510 conv=notrunc status=none
}
int13() { printf '%s' '\xb8\x01'"$1"'\xbb\x00\x7e\xb9\x02\x00\xba\x80\x00\xcd\x13'; }

uuid_of() { printf '6f30cf5b-0000-4000-8000-%012d' "$1"; }
name_in_xml() { sed 's/&/\&amp;/g; s/</\&lt;/g' <<<"$1"; }

# Anywhere a VM's image may lie; those that are not named here are where they always are.
declare -A images=()
image_of() { printf '%s' "${images[$1]:-/var/lib/libvirt/images/vm$1.img}"; }
# Tabs would be blanks in an attribute.
image_in_xml() { image_of "$1" | sed "s/&/\&amp;/g; s/</\&lt;/g; s/'/\&apos;/g; s/\t/\&#9;/g"; }

# vm_xml NUMBER NAME INTERVAL
vm_xml() {
	cat <<-END
		<domain type='qemu'>
		  <name>$(name_in_xml "$2")</name>
		  <uuid>$(uuid_of "$1")</uuid>
		  <metadata><hostler:vm xmlns:hostler='urn:hostler:1'><hostler:metrics interval='$3'/></hostler:vm></metadata>
		  <memory unit='MiB'>16</memory>
		  <os><type arch='x86_64' machine='pc'>hvm</type><boot dev='hd'/></os>
		  <features><acpi/></features>
		  <devices>
		    <emulator>/usr/bin/qemu-system-x86_64</emulator>
		    <disk type='file' device='disk'>
		      <driver name='qemu' type='raw' cache='writeback'/>
		      <source file='$(image_in_xml "$1")'/>
		      <target dev='vda' bus='virtio'/>
		    </disk>
		    <disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>
		    <interface type='bridge'>
		      <mac address='52:54:00:00:00:0$1'/>
		      <source bridge='br0'/>
		      <model type='virtio'/>
		      <rom enabled='no'/>
		    </interface>
		    <interface type='user'><mac address='52:54:00:00:01:0$1'/><model type='virtio'/><rom enabled='no'/></interface>
		  </devices>
		</domain>
	END
}

# begin_vm NUMBER NAME INTERVAL; persistent, so that it can be started again
begin_vm() {
	cp /var/lib/libvirt/images/busy.img "$(image_of "$1")"
	vm_xml "$@" >"$work/vm$1.xml"
	v define "$work/vm$1.xml" >/dev/null && v start "$(uuid_of "$1")" >/dev/null
}
end_vm() { v destroy "$(uuid_of "$1")" >/dev/null; }
qemu_of() { pgrep -f "qemu-system-x86_64.*$(uuid_of "$1")"; }

# --- the books ---

# The log of a VM, however it is called. Rotated parts are none of it.
book_of() { find "$log_dir" -name "*-$(uuid_of "$1").jsonl"; }
# query NUMBER FILTER [JQ-OPTION...]: all lines as one array
query() {
	local number=$1 filter=$2
	shift 2
	jq -s "$@" "$filter" "$(book_of "$number")"
}
# holds NUMBER FILTER: it is true; what was looked at is shown when not
holds() {
	[[ $(query "$1" "$2") == true ]] || { printf 'not true of VM %s: %s\n' "$1" "$2"; tail -n 4 "$(book_of "$1")" | cut -c1-700; return 1; }
}
# count NUMBER EVENT
count() { if [[ -n $(book_of "$1") ]]; then query "$1" "map(select(.event == \"$2\")) | length"; else echo 0; fi; }
has_lines() { [[ $(count "$1" "$2") -ge $3 ]]; }
all_parse() {
	local book
	for book in "$log_dir"/*.jsonl; do
		cp "$book" "$work/now" || return # it goes on being written
		jq -e . "$work/now" >/dev/null || { printf '%s\n' "$book"; return 1; }
		[[ -z $(tail -c 1 "$work/now" | tr -d '\n') && $(jq -c . "$work/now" | wc -l) -eq $(wc -l <"$work/now") ]] || return
	done
}

# --- hostler-metrics ---

metrics_pid() { pgrep -x hostler-metrics; }
metrics_runs() { [[ -n $(metrics_pid) ]]; }
metrics_gone() { [[ -z $(metrics_pid) ]]; }

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
