# What scenarios are written with. Sourced inside the emulated host, under `set -u`; `lab shell` has it as well.
# shellcheck shell=bash

LAB_TESTS=/lab/tests
LAB_RUN=/run/lab               # gone with the boot
KEEP=/lab/out/keep             # stays from phase to phase of one scenario
GUEST_KERNEL=/lab/kernel/vmlinux
GUEST_INITRD=/lab/out/guest.cpio
# A kernel that does less is up in two thirds of the time: what it would test, verify and measure at boot is left out.
GUEST_ARGUMENTS="console=ttyS0 quiet panic=-1 nokaslr norandmaps mitigations=off no_timer_check tsc=reliable noreplace-smp rodata=off \
init_on_alloc=0 nowatchdog ipv6.disable=1 8250.nr_uarts=1 cryptomgr.notests initcall_blacklist=load_system_certificate_list,\
init_kprobe_trace,cubictcp_register,crypto_kdf108_init,init_encrypted,init_ima,init_zswap,digsig_init"
# shellcheck disable=SC2034 # for scenarios
GUEST_PAGE="hostler lab guest" # what the guest's web server says
LIBVIRTD_LOG=/var/log/libvirt/libvirtd.log

. "$LAB_TESTS/inside/power.sh"
mkdir -p "$LAB_RUN"

# --- test lines ---------------------------------------------------------------------------------------------------------------

ok() { printf 'ok - %s\n' "$*"; }
fail() { printf 'not ok - %s\n' "$*"; }

# The bar keeps output from ever looking like a test line.
indent() { tr -d '\r' | sed 's/^/    | /'; }

milliseconds() {
	local now=${EPOCHREALTIME//[!0-9]/}
	echo "${now%???}"
}

# step TEXT: where we are, and how long the last step took.
LAST_STEP=$(milliseconds)
step() {
	local now
	now=$(milliseconds)
	printf '  + %5d ms  %s\n' "$((now - LAST_STEP))" "$*"
	LAST_STEP=$now
}

# check TEXT COMMAND...: one test line. The command's output is shown when it failed. Commands may be functions of this shell.
check() {
	local text=$1 status
	shift
	"$@" >"$LAB_RUN/output.$$" 2>&1
	status=$?
	if ((status == 0)); then
		ok "$text"
	else
		fail "$text"
		echo "    | status $status of: $*"
		indent <"$LAB_RUN/output.$$"
	fi
	return "$status"
}

# refused TEXT COMMAND...: the command must fail. Its output is left in $REFUSAL.
refused() {
	local text=$1
	shift
	if REFUSAL=$("$@" 2>&1); then
		fail "$text"
		echo "    | succeeded: $*"
	else
		ok "$text"
	fi
}

is() { [[ $1 == "$2" ]] || { echo "is '$1', should be '$2'"; return 1; }; }
contains() { [[ $1 == *"$2"* ]] || { echo "'$2' is not in: $1"; return 1; }; }
not() { ! "$@"; }

# wait_for SECONDS COMMAND...: until it succeeds; the last output is what a surrounding check shows.
wait_for() {
	local end=$(($(milliseconds) + $1 * 1000)) output
	shift
	until output=$("$@" 2>&1); do
		if (($(milliseconds) > end)); then
			echo "still not after the time given: $*"
			echo "$output"
			return 1
		fi
		pause 0.1
	done
}

# --- power --------------------------------------------------------------------------------------------------------------------

again_or_not() { ! declare -F "phase_$((PHASE + 1))" >/dev/null || echo "@again $SCENARIO $((PHASE + 1))"; }

# Both end this boot at once. If the scenario has a next phase it goes on there, in a fresh host with the same disks and $KEEP.
power_cut() { again_or_not; power_down b; }
power_off() { again_or_not; sync; power_down o; }

# --- devices ------------------------------------------------------------------------------------------------------------------

# The verbs of a topology file, on this side: a device is found by its place, whatever bus numbers the firmware gave.
declare -A PLACE
declare -a DEVICES=()
find_devices() {
	root_port() { printf -v "PLACE[$1]" '/sys/bus/pci/devices/0000:00:%02x.0' "$2"; }
	upstream() { below "PLACE[$1]" "$2" 0 0; }
	downstream() { below "PLACE[$1]" "$2" "$3" 0; }
	device() {
		below "$1" "$2" 0 "$3"
		printf -v "$1" %s "${!1##*/}"
		DEVICES+=("$1")
	}
	nic() { device "$@"; }
	nvme() { device "$@"; }
	attached() { :; }
	local cmdline
	read -r cmdline </proc/cmdline
	[[ $cmdline =~ lab\.topology=([^ ]+) ]]
	. "$LAB_TESTS/topologies/${BASH_REMATCH[1]}"
	unset -f root_port upstream downstream device nic nvme attached
}
below() { # VARIABLE PORT SLOT FUNCTION: sets it to the path of what sits there
	local place
	printf -v place '%02x.%d' "$3" "$4"
	local -a found=("${PLACE[$2]}"/0000:??:"$place")
	printf -v "$1" %s "${found[0]}"
}
find_devices

# devices: what the lab has, for people.
devices() {
	local name address text
	local -A texts=()
	while read -r address text; do
		texts[$address]=$text
	done < <(lspci -D)
	for name in "${DEVICES[@]}"; do
		printf '%-8s %s  group %-3s %-14s %s\n' "$name" "${!name}" "$(group_of "${!name}")" "$(driver_of "${!name}")" \
			"${texts[${!name}]}"
	done
}

link_name() {
	local target=none
	[[ ! -L $1 ]] || target=$(readlink "$1")
	echo "${target##*/}"
}
driver_of() { link_name "/sys/bus/pci/devices/$1/driver"; }
group_of() { link_name "/sys/bus/pci/devices/$1/iommu_group"; }
port_of() { basename "$(dirname "$(readlink -f "/sys/bus/pci/devices/$1")")"; }
driver_is() { is "$(driver_of "$1")" "$2"; }
# The net interface or block device that the host's driver made of it.
interface_of() { basename "$(echo "/sys/bus/pci/devices/$1/net/"*)"; }
disk_of() { basename "$(echo "/sys/bus/pci/devices/$1/nvme/nvme"*"/nvme"*n1)"; }

# bind BDF DRIVER: what driverctl would do; DRIVER none only unbinds.
bind() {
	local device=/sys/bus/pci/devices/$1
	[[ ! -L $device/driver ]] || echo "$1" >"$device/driver/unbind"
	[[ $2 != none ]] || return 0
	echo "$2" >"$device/driver_override"
	echo "$1" >/sys/bus/pci/drivers_probe
	echo >"$device/driver_override"
	driver_is "$1" "$2"
}

# hold FILE: a process of ours, $HOLDER, keeps FILE open. For drivers that wait for it when they are unbound, in D state and past
# SIGKILL: /dev/snd/controlC0 of $HDA, /dev/vfio/<group> of a device on vfio-pci. Letting go: kill $HOLDER.
hold() {
	sleep infinity <"$1" &
	# shellcheck disable=SC2034 # for scenarios
	HOLDER=$!
	wait_for 60 is_program "$HOLDER" sleep
}
# What a shell began in the background is the shell until then.
is_program() { is "$(<"/proc/$1/comm")" "$2"; }

# hold_unseen FILE: the same, but no process has FILE open: the descriptor is under way in a socket, where no look into /proc finds it.
hold_unseen() {
	rm -f "$LAB_RUN/held"
	python3 - "$1" "$LAB_RUN/held" <<-'END' &
		import array, os, socket, sys, time
		ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
		held = os.open(sys.argv[1], os.O_RDONLY)
		ours.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [held]))])
		os.close(held)
		open(sys.argv[2], "w").close()
		time.sleep(3600)
	END
	# shellcheck disable=SC2034 # for scenarios
	HOLDER=$!
	wait_for 60 test -e "$LAB_RUN/held"
}

# --- the state that a VM must leave as it found it ------------------------------------------------------------------------------

# pull NAME: the device of that variable (NIC_B) is taken out of the emulated host, as by hand. It is gone a moment later. Not from
# within a check, which keeps what is said to itself.
pull() { echo "@pull $1"; }

# snapshot FILE (design.md §5). A stuck device blocks the reader, as it does everywhere. Of /run/hostler the files, not the
# folders and the lock, which stay once made; QEMU has to be gone, for its processes show through ours.
snapshot() {
	{
		pci_state
		echo "--- nf_tables"
		nft -s list ruleset 2>/dev/null
		echo "--- /run/hostler"
		find /run/hostler -mindepth 1 ! -type d ! -name lock -printf '%M %u:%g %P\n' 2>/dev/null | sort -k 3
		echo "--- processes"
		cat /proc/[0-9]*/comm 2>/dev/null | grep '^hostler' | sort
	} >"$1"
}

# One find and one grep for all devices, for a process costs 20 ms here.
pci_state() {
	(
		cd /sys/bus/pci/devices || exit
		find ./*/ -maxdepth 1 -name driver -printf '%p:%l\n' | sed 's,/driver:.*/,/driver:,'
		grep -H . ./*/driver_override ./*/reset_method ./*/power/control ./*/d3cold_allowed
	) | sed "s,^\./,," | sort
}

same_state() { diff -U0 "$1" "$2"; }

# --- libvirt --------------------------------------------------------------------------------------------------------------------

# Bounded and without libvirt's empty lines.
virsh() { timeout "${VIRSH_TIMEOUT:-300}" /usr/bin/virsh -q "$@"; }

with_systemd() { [[ -d /run/systemd/system ]]; }
libvirtd_answers() { VIRSH_TIMEOUT=60 virsh uri; }
libvirtd_gone() { ! pidof libvirtd; }

# Does nothing when it runs already: scenarios of one boot share it.
start_libvirtd() {
	if libvirtd_gone >/dev/null; then
		if with_systemd; then
			timeout 120 systemctl start libvirtd
		else
			libvirtd -d
		fi || { cat "$LIBVIRTD_LOG"; return 1; }
	fi
	wait_for 180 libvirtd_answers
}

stop_libvirtd() {
	if with_systemd; then
		timeout 120 systemctl stop libvirtd libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket
	else
		pkill -TERM -x libvirtd
	fi
	wait_for 120 libvirtd_gone
}

kill_libvirtd() {
	pkill -KILL -x libvirtd
	wait_for 60 libvirtd_gone
}

# default_network [MAC=ADDRESS...]: libvirt's usual NAT network, with reservations.
default_network() {
	local reservation hosts=
	for reservation in "$@"; do
		hosts+="<host mac='${reservation%=*}' ip='${reservation#*=}'/>"
	done
	virsh net-define /dev/stdin <<-END
		<network>
		  <name>default</name>
		  <forward mode='nat'/>
		  <bridge name='virbr0' stp='on' delay='0'/>
		  <ip address='192.168.122.1' netmask='255.255.255.0'>
		    <dhcp><range start='192.168.122.2' end='192.168.122.254'/>$hosts</dhcp>
		  </ip>
		</network>
	END
	virsh net-start default
}

remove_networks() {
	local network
	libvirtd_gone >/dev/null && return
	while read -r network; do
		[[ -z $network ]] || virsh net-destroy "$network"
	done < <(virsh net-list --name)
	while read -r network; do
		[[ -z $network ]] || virsh net-undefine "$network"
	done < <(virsh net-list --name --all)
}

# hook_snapshot: from now on a hook of the lab's own notes each call of libvirt: a line "NAME OPERATION SUB-OPERATION EXTRA" with the
# driver of each device at that time in $LAB_HOOK_LOG, and the XML from its stdin in $LAB_HOOK_LOG.<line>. Call it before libvirtd starts:
# libvirt looks for hooks once, unless it gets a SIGHUP. It comes after hostler's (90 after 10).
LAB_HOOK=/etc/libvirt/hooks/qemu.d/90-lab
LAB_HOOK_LOG=$LAB_RUN/hooks
hook_snapshot() {
	: >"$LAB_HOOK_LOG"
	mkdir -p "${LAB_HOOK%/*}"
	{
		echo '#!/bin/bash'
		echo "log=$LAB_HOOK_LOG"
		echo 'line=$*'
		for name in "${DEVICES[@]}"; do
			echo "link=\$(readlink /sys/bus/pci/devices/${!name}/driver); line+=\" $name=\${link##*/}\""
		done
		echo 'echo "$line" >>"$log"; mapfile -t lines <"$log"; cat >"$log.${#lines[@]}"'
	} >"$LAB_HOOK"
	chmod 755 "$LAB_HOOK"
	[[ -z $(pidof libvirtd) ]] || pkill -HUP -x libvirtd
}

# The lab's own scenarios show what libvirt does alone: our hooks are put aside until the scenario ends.
without_hostler() {
	rm -f /etc/libvirt/hooks/*.d/10-hostler
	trap with_hostler EXIT
}
with_hostler() {
	local kind
	for kind in qemu network daemon; do
		[[ ! -x /usr/sbin/hostler-$kind-hook ]] || ln -sf "/usr/sbin/hostler-$kind-hook" "/etc/libvirt/hooks/$kind.d/10-hostler"
	done
	# One that began without our hooks would never look for them again.
	libvirtd_gone >/dev/null || stop_libvirtd
}

# --- hostler --------------------------------------------------------------------------------------------------------------------

claims() { find /run/hostler/devices -name '????:??:??.?' 2>/dev/null; }
has_claims() { is "$(claims | wc -l)" "$1"; }
helpers_gone() { ! pgrep -a '^hostler'; }
# without_books: nothing is measured in this scenario. hostler-metrics stays some four seconds after the last VM, and each
# as_found would wait for it; handover, apparmor and units have it with devices.
without_books() {
	local file=/etc/hostler/hostler.conf.d/lab-books.conf
	mkdir -p "${file%/*}"
	printf '[metrics]\nenabled=false\n' >"$file"
	# shellcheck disable=SC2064 # now
	trap "rm -f $file" EXIT
}
# status_of BDF: what `hostler status` says of the device.
status_of() { hostler status | grep -F "$1"; }
passthrough() { echo "<hostler:vm xmlns:hostler='urn:hostler:1'><hostler:passthrough $1/></hostler:vm>"; }

# as_found TEXT: ends each part of a scenario. `snapshot "$LAB_RUN/before"` begins it.
as_found() {
	check "$1: no helper is left" wait_for 120 helpers_gone
	snapshot "$LAB_RUN/after"
	check "$1: the host is as it was" same_state "$LAB_RUN/before" "$LAB_RUN/after"
}

# delay_hook OPERATION WHEN PATH CALL: the hook waits 6 s, WHEN being enter or exit of that system call on that path; plain_hook ends
# that. -D: whoever calls the hook must stay its parent.
HOSTLER_HOOK=/etc/libvirt/hooks/qemu.d/10-hostler
delay_hook() {
	rm "$HOSTLER_HOOK"
	cat >"$HOSTLER_HOOK" <<-END
		#!/bin/bash
		[[ \$2 == $1 ]] || exec /usr/sbin/hostler-qemu-hook "\$@"
		exec strace -D -f --quiet=all -o /run/lab/strace -P "$3" -e inject="$4":delay_$2=6s:when=1 /usr/sbin/hostler-qemu-hook "\$@"
	END
	chmod 755 "$HOSTLER_HOOK"
}
plain_hook() { ln -sf /usr/sbin/hostler-qemu-hook "$HOSTLER_HOOK"; }

# --- virtual machines -------------------------------------------------------------------------------------------------------------

xml_text() { sed -e 's/&/\&amp;/g' -e 's/</\&lt;/g' -e 's/>/\&gt;/g' -e "s/'/\&apos;/g" -e 's/"/\&quot;/g' <<<"$1"; }

hostdev_xml() { # BDF MANAGED
	local domain bus slot function
	IFS=:. read -r domain bus slot function <<<"$1"
	echo "<hostdev mode='subsystem' type='pci' managed='$2'><source><address domain='0x$domain' bus='0x$bus' slot='0x$slot'" \
		"function='0x$function'/></source></hostdev>"
}

console_of() { echo "$LAB_RUN/console-$1"; }

# vm_xml NAME [OPTION...]: a small VM that runs only its firmware, unless told otherwise:
#   --hostdev BDF      a host device, managed='yes'     --unmanaged BDF   the same, managed='no'
#   --nic MAC          virtio on the network default    --disk FILE       raw, virtio
#   --guest            boots the small Linux of guest/init; its console is in $(console_of NAME)
#   --append TEXT      for its kernel                   --memory MIB      (64; 192 with --guest)
#   --metadata XML     inside <metadata>                --devices XML     inside <devices>
#   --uuid UUID        --machine TYPE (q35)
vm_xml() {
	local name=$1 memory='' machine=q35 uuid='' metadata='' devices='' guest='' append='' boot=''
	shift
	while (($# > 0)); do
		case $1 in
		--guest) guest=yes; shift; continue ;;
		--hostdev) devices+=$(hostdev_xml "$2" yes) ;;
		--unmanaged) devices+=$(hostdev_xml "$2" no) ;;
		--nic) devices+="<interface type='network'><mac address='$2'/><source network='default'/><model type='virtio'/></interface>" ;;
		--disk) devices+="<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='$2'/><target dev='vda' bus='virtio'/></disk>" ;;
		--append) append=$2 ;;
		--memory) memory=$2 ;;
		--metadata) metadata="<metadata>$2</metadata>" ;;
		--devices) devices+=$2 ;;
		--uuid) uuid="<uuid>$2</uuid>" ;;
		--machine) machine=$2 ;;
		*) echo "vm_xml: unknown option $1" >&2; return 2 ;;
		esac
		shift 2
	done
	if [[ -n $guest ]]; then
		: "${memory:=192}"
		append="$GUEST_ARGUMENTS $append"
		boot="<kernel>$GUEST_KERNEL</kernel><initrd>$GUEST_INITRD</initrd><cmdline>$(xml_text "$append")</cmdline>"
		devices+="<serial type='file'><source path='$(console_of "$name")'/></serial>"
	fi
	cat <<-END
		<domain type='qemu'>
		  <name>$(xml_text "$name")</name>$uuid
		  $metadata
		  <memory unit='MiB'>${memory:-64}</memory>
		  <vcpu>1</vcpu>
		  <os><type arch='x86_64' machine='$machine'>hvm</type>$boot</os>
		  <features><acpi/></features>
		  <on_crash>destroy</on_crash>
		  <devices>
		    <emulator>/usr/bin/qemu-system-x86_64</emulator>
		    <controller type='usb' model='none'/>
		    <memballoon model='none'/>
		    $devices
		  </devices>
		</domain>
	END
}

define_vm() { vm_xml "$@" | virsh define /dev/stdin; }

vm_is() { is "$(virsh domstate "$1")" "$2"; }

# start_refused TEXT VM: one test line. A VM that starts all the same is ended, so that what follows finds the host as expected.
start_refused() {
	refused "$1" virsh start "$2"
	[[ $REFUSAL == *error:* ]] || { virsh destroy "$2"; wait_for 120 helpers_gone; } >/dev/null
}

forget_vms() {
	local vm
	libvirtd_gone >/dev/null && return
	while read -r vm; do
		[[ -z $vm ]] || virsh destroy "$vm"
	done < <(virsh list --name)
	while read -r vm; do
		[[ -z $vm ]] || virsh undefine --managed-save --snapshots-metadata "$vm"
	done < <(virsh list --name --all)
}

guest_is_up() { grep -q LAB-GUEST-READY "$(console_of "$1")"; }
page_from() { contains "$(wget -q -T 5 -t 1 -O - "http://$1/")" "$GUEST_PAGE"; }

# --- registers ------------------------------------------------------------------------------------------------------------------
#
# What a guest wrote into a device shows whether the device was reset before somebody else got it. The e1000e has an I/O BAR with
# two words, IOADDR and IODATA, behind which lie all its registers; a guest's firmware maps it, QEMU's monitor reaches it (`o`,
# `i`) and so does the host (sysfs resource2). Good registers, which nothing in a firmware-only guest touches: RDBAL and TDBAL.

RDBAL=0x2800
TDBAL=0x3800

# printf makes 0 of nothing, and 0 is what a cleared register says.
hexadecimal() {
	[[ -n $1 ]] || { echo "not readable"; return 1; }
	printf '%#x\n' "$1"
}

hmp() { virsh qemu-monitor-command "$1" --hmp "$2" | tr -d '\r'; }

# guest_bar VM BDF NUMBER: where the guest's firmware mapped that BAR of the host's device BDF.
guest_bar() {
	local domain bus slot function alias
	IFS=:. read -r domain bus slot function <<<"$2"
	alias=$(virsh dumpxml "$1" | tr "'" '"' | sed -n '/<hostdev/,/<\/hostdev>/p' |
		sed -n "/<source>/,/<alias/{/domain=\"0x$domain\" bus=\"0x$bus\" slot=\"0x$slot\" function=\"0x$function\"/,/<alias/s/.*<alias name=\"\(.*\)\".*/\1/p}")
	hmp "$1" "info pci" | awk -v id="\"$alias\"" -v bar="BAR$3:" '
		/^ *Bus .*device/       { at = "" }
		$1 == bar               { at = $0; sub(/.* at /, "", at); sub(/ .*/, "", at) }
		$1 == "id" && $2 == id && at { print at; found = 1 }
		END { exit !found }'
}
guest_io() { guest_bar "$1" "$2" 2; }
guest_memory_word() { # VM BDF OFFSET
	local start
	wait_for 180 guest_bar "$1" "$2" 0 || return
	start=$(guest_bar "$1" "$2" 0)
	hexadecimal "$(hmp "$1" "xp /1xw $((start + $3))" | sed -n 's/.*: *//p')"
}
guest_has_io() { guest_io "$1" "$2" && [[ $(hmp "$1" "i /w $(guest_io "$1" "$2")") != *0xffffffff* ]]; }

# guest_register_write VM BDF REGISTER VALUE, guest_register_read VM BDF REGISTER (prints 0x...). Both wait for the firmware, which
# maps the device about three seconds after the start.
guest_register_write() {
	local io
	wait_for 180 guest_has_io "$1" "$2" || return
	io=$(guest_io "$1" "$2")
	hmp "$1" "o /w $io $3" >/dev/null
	hmp "$1" "o /w $((io + 4)) $4" >/dev/null
	is "$(guest_register_read "$1" "$2" "$3")" "$4"
}

guest_register_read() {
	local io
	wait_for 180 guest_has_io "$1" "$2" || return
	io=$(guest_io "$1" "$2")
	hmp "$1" "o /w $io $3" >/dev/null
	hexadecimal "$(hmp "$1" "i /w $((io + 4))" | sed -n 's/.*= *//p')"
}

# guest_ejects VM: what a guest's system does when `virsh detach-device` asks it for a device; a firmware does not. In its place, by
# the registers of ACPI's PCI hot-plug (q35): a bus is chosen at 0xcd0, which of its slots shall go is read at 0xcc4, 0xcc8 lets go.
guest_ejects() {
	local bus slots
	for ((bus = 0; bus < 16; bus++)); do
		hmp "$1" "o /w 0xcd0 $bus" >/dev/null
		slots=$(hmp "$1" "i /w 0xcc4" | sed -n 's/.*= *//p')
		[[ -n $slots ]] || return 1
		((slots != 0)) || continue
		hmp "$1" "o /w 0xcc8 $slots" >/dev/null
		return 0
	done
	echo "the guest of $1 was not asked for anything"
	return 1
}

# The same from the host, while no VM runs with the device and, better, no driver: register_write BDF REGISTER VALUE and
# register_read BDF REGISTER. Leaves power and command register as they were.
register_write() { awake "$1" io_words "$1" "$2" "$3"; }
register_read() { awake "$1" io_words "$1" "$2"; }

# memory_word BDF OFFSET [VALUE]: the same for a word of BAR 0, of a device without driver. NVMe: AQA (0x24) no reset clears, CC (0x14)
# each does; a guest's firmware enables the controller, so there $(guest_memory_word VM BDF 0x14) is not 0.
memory_word() { awake "$1" bar0_word "$@"; }
bar0_word() {
	local start
	read -r start _ <"/sys/bus/pci/devices/$1/resource"
	busybox devmem $((start + $2)) 32 ${3:+"$3"}
}

awake() { # BDF COMMAND...: with the device in D0 and decoding
	local device=/sys/bus/pci/devices/$1 control command
	shift
	control=$(<"$device/power/control")
	echo on >"$device/power/control"
	command=$(setpci -s "${device##*/}" COMMAND)
	setpci -s "${device##*/}" COMMAND=0x3:0x3
	"$@"
	setpci -s "${device##*/}" "COMMAND=$command"
	echo "$control" >"$device/power/control"
}

io_words() { # BDF REGISTER [VALUE]
	local file=/sys/bus/pci/devices/$1/resource2
	word "$2" | dd of="$file" bs=4 conv=notrunc status=none
	if [[ -n ${3:-} ]]; then
		word "$3" | dd of="$file" bs=4 seek=1 conv=notrunc status=none
	else
		hexadecimal "$(dd if="$file" bs=4 skip=1 count=1 status=none | od -An -tu4 | tr -d ' ')"
	fi
}

# word NUMBER: its four bytes, low one first.
word() {
	local bytes
	printf -v bytes '\\x%02x\\x%02x\\x%02x\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255))
	printf '%b' "$bytes"
}
