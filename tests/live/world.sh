# A libvirt host of its own, in namespaces: libvirtd, QEMU by TCG, the built hooks and the built hostler-metrics.
# Sourced by `run` as the first process of its pid namespace; needs $build, $work and libvirtd.sh.
# shellcheck shell=bash

log_dir=/var/log/hostler

# --- the host ---

# What is written to /etc is gone with the namespace.
lay_over_etc() {
	mkdir "$work/etc" && mount -t tmpfs none "$work/etc" && mkdir "$work"/etc/{upper,work} &&
		mount -t overlay -o "lowerdir=/etc,upperdir=$work/etc/upper,workdir=$work/etc/work" etc /etc &&
		umount --lazy "$work/etc"
}

make_bridge() { ip link set lo up && ip link add br0 type bridge && ip link set br0 up; }

make_world() { # [TICKS]
	lay_over_etc && private_folders hostler-metrics && make_sinks && private_users && private_hooks &&
		private_configuration && make_bridge && make_disk "$@" && begin_libvirtd
}

# --- VMs ---

# A boot sector that reads a sector and writes it back at each tick of the clock, or so many of them:
#   sti; xor ax,ax; mov ds,ax; mov es,ax
#   again: (mov ax,0201; mov bx,7e00; mov cx,2; mov dx,80; int 13), the same with 0301;
#   mov cx,1; rest: hlt; loop rest; jmp again
make_disk() { # [TICKS]; 18 are a second
	local disk=/var/lib/libvirt/images/busy.img ticks
	printf -v ticks '\\x%02x' "${1:-1}"
	truncate -s 1M "$disk"
	printf '\xfb\x31\xc0\x8e\xd8\x8e\xc0'"$(int13 '\x02')$(int13 '\x03')"'\xb9'"$ticks"'\x00\xf4\xe2\xfd\xeb\xdc' |
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
	jq -s "$@" "$filter" <(whole_lines "$(book_of "$number")")
}
# It goes on being written: of the last line there may be half.
whole_lines() { awk 'NR > 1 { print last } { last = $0 } END { if (last ~ /}$/) print last }' "$1"; }
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

# The oldest: another that finds it there leaves at once.
metrics_pid() { pgrep -ox hostler-metrics; }
metrics_runs() { [[ -n $(metrics_pid) ]]; }
metrics_gone() { [[ -z $(metrics_pid) ]]; }
