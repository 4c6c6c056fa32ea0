# Two libvirt hosts on one LAN, each in mount, UTS, PID and network namespaces of its own with a private libvirtd, and
# somebody else on that LAN: us. Sourced by `run` as the first process of its namespaces; needs $build, $work,
# ../libvirtd.sh and ../reach/world.sh, from which are forward(), range() and $guest_arguments.
# shellcheck shell=bash disable=SC2154

# --- the LAN and the hosts ---

declare -A address=([alpha]=192.0.2.11 [beta]=192.0.2.12) host_pid=()

make_lan() {
	ip link set lo up && ip link add lan type bridge && ip address add 192.0.2.2/24 dev lan && ip link set lan up
}

on() { nsenter --target "${host_pid[$1]}" --mount --uts --net --pid -- "${@:2}"; }
# virsh on a host
v_on() { on "$1" timeout 90 virsh -q -c qemu:///system "${@:2}"; }

# Not by its process alone: while that comes up its namespaces are still ours.
make_host() { # NAME
	unshare -m -u -p -n --fork --kill-child --mount-proc --propagation private "$here/host" "$build" "$work" "$1" \
		>"$work/$1.log" 2>&1 &
	wait_for 60 test -s "$work/$1.apart" && host_pid[$1]=$(pgrep -P $!) || return
	ip link add "$1" type veth peer name lan0 netns "${host_pid[$1]}" && ip link set "$1" master lan up || return
	on "$1" ip address add "${address[$1]}/24" dev lan0 && on "$1" ip link set lan0 up && touch "$work/$1.plugged"
}

make_world() {
	make_lan && make_host alpha && make_host beta && wait_for 120 test -e "$work/alpha.ready" -a -e "$work/beta.ready"
}

# --- VMs ---

declare -A vm_mac=([web]=52:54:00:00:22:10 [mail]=52:54:00:00:22:11 [other]=52:54:00:00:22:12)
declare -A vm_uuid=([web]=6f30cf5b-0000-4000-8000-000000000042 [mail]=6f30cf5b-0000-4000-8000-000000000043
	[other]=6f30cf5b-0000-4000-8000-000000000044)

vm_xml() { # NAME MEMORY FORWARDS
	cat <<-END
		<domain type='qemu'><name>$1</name><uuid>${vm_uuid[$1]}</uuid>
		<metadata><h:vm xmlns:h='urn:hostler:1'>$3<h:metrics interval='1'/></h:vm></metadata>
		<memory unit='MiB'>$2</memory><vcpu>1</vcpu>
		<os><type arch='x86_64' machine='pc'>hvm</type><kernel>$work/vmlinux</kernel><initrd>$work/guest.cpio</initrd>
		<cmdline>$guest_arguments reach.name=$1 reach.doors=tcp/22,udp/5000</cmdline></os><features><acpi/></features>
		<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
		<controller type='usb' model='none'/><memballoon model='none'/>
		<disk type='file' device='disk'><driver name='qemu' type='raw'/>
		<source file='$work/$1.img'/><target dev='vda' bus='virtio'/></disk>
		<interface type='network'><mac address='${vm_mac[$1]}'/><source network='default'/><model type='virtio'/>
		<rom enabled='no'/></interface>
		<serial type='file'><source path='/run/console-$1'/></serial></devices></domain>
	END
}
begin_vm() { # HOST NAME MEMORY FORWARDS
	vm_xml "${@:2}" >"$work/$2.xml"
	truncate -s 1M "$work/$2.img"
	v_on "$1" define "$work/$2.xml" && v_on "$1" start "$2"
}
# A guest that too little memory keeps from booting is one, too.
begin_idle() { begin_vm "$1" "$2" 16 "$3"; }
console_says() { on "$1" grep -qa "$3" "/run/console-$2"; } # HOST VM TEXT
vm_is_up() { console_says "$1" "$2" ^serves && console_says "$1" "$2" REACH-GUEST-LEASE; }
runs_on() { v_on "$1" list --name | grep -qx "$2"; }

# --- moving them ---

move() { # FROM TO VM [OPTION...]
	v_on "$1" migrate --p2p --live --unsafe "${@:4}" "$3" "qemu+tcp://${address[$2]}/system" \
		--migrateuri "tcp://${address[$2]}"
}
# So slow that there is time to do something meanwhile: done when the destination has opened the ports.
begin_slow_move() {
	forget_told
	rm -f "$work/moved"
	{ move "$@" --bandwidth 1; echo $? >"$work/moved"; } >"$work/move.log" 2>&1 &
	wait_for 90 was_told "$2" "$3 started"
}
slow_move_fails() { wait_for 90 test -s "$work/moved" && [[ $(<"$work/moved") -ne 0 ]]; }

# --- what libvirt called, by what `tell` wrote ---

forget_told() { on alpha rm -f /run/told; on beta rm -f /run/told; }
told() { on "$1" cat /run/told 2>/dev/null | sed -n "s/^$2 //p"; }
was_told() { on "$1" grep -qs "^$2 " /run/told; }
# told_just HOST VM LINE...
told_just() { diff <(printf '%s\n' "${@:3}") <(told "$1" "$2"); }
told_nothing() { ! told "$1" "$2" | grep .; }
