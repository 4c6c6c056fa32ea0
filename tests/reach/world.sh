# A host with a private libvirtd, a namespace outside of it, and guests that are real: Debian's kernel by TCG, with an
# address from libvirt's dnsmasq. Sourced by `run` within its namespaces; needs $build, $work and libvirtd.sh.
# shellcheck shell=bash

# What a guest need not do at boot under TCG.
guest_arguments="console=ttyS0 quiet panic=-1 nokaslr norandmaps mitigations=off no_timer_check tsc=reliable \
noreplace-smp rodata=off init_on_alloc=0 nowatchdog 8250.nr_uarts=1 cryptomgr.notests \
initcall_blacklist=load_system_certificate_list,init_kprobe_trace,crypto_kdf108_init,init_encrypted,init_ima,init_zswap,\
digsig_init"

# --- the host and what is outside ---

in_outside() { nsenter --net="/proc/$outside_pid/ns/net" "$@"; }
# Not by its process alone: while that comes up its namespace is still ours.
make_outside() {
	unshare -n sh -c 'echo is apart >"$0"; exec sleep infinity' "$work/outside" >/dev/null 2>&1 &
	outside_pid=$!
	wait_for 60 test -s "$work/outside" || return
	ip link add lan0 type veth peer name eth0 netns "$outside_pid"
	ip address add 192.0.2.1/24 dev lan0
	ip address add 2001:db8:2::1/64 dev lan0 nodad
	ip link set lan0 up
	in_outside ip link set lo up
	in_outside ip address add 192.0.2.2/24 dev eth0
	in_outside ip address add 2001:db8:2::2/64 dev eth0 nodad
	in_outside ip link set eth0 up
	in_outside ip route add default via 192.0.2.1
	in_outside ip route add default via 2001:db8:2::1
}

# libvirt itself turns forwarding on when a network starts. br_netfilter as it finds it: on, where the kernel has it.
make_host() {
	ip link set lo up
	make_outside
}

network_xml() { # NAME BRIDGE THIRD-BYTE
	cat <<-END
		<network><name>$1</name><forward mode='nat'><nat ipv6='yes'><port start='1024' end='65535'/></nat></forward>
		<bridge name='$2' stp='off' delay='0'/>
		<ip address='192.168.$3.1' netmask='255.255.255.0'><dhcp>
		<range start='192.168.$3.100' end='192.168.$3.200'/><host mac='52:54:00:00:$3:10' ip='192.168.$3.10'/>
		</dhcp></ip>
		<ip family='ipv6' address='fd00:$3::1' prefix='64'/></network>
	END
}
define_network() { # NAME BRIDGE THIRD-BYTE
	network_xml "$@" >"$work/network-$1.xml"
	v net-define "$work/network-$1.xml"
}

# make_world HOOKS: with hostler's hooks, or as the machine would be without it
make_world() {
	[[ -z $firewall ]] || prepare_firewall || return
	private_folders hostler-watch hostler-metrics && private_users && private_configuration || return
	[[ $1 != yes ]] || private_hooks
	[[ -z $backend ]] || printf 'firewall_backend = "%s"\n' "$backend" >/etc/libvirt/network.conf
	make_host || return
	[[ -z $firewall ]] || ready_firewall || return
	begin_libvirtd || return
	define_network default virbr0 22 && define_network other virbr9 29 && v net-start default
}

# --- VMs ---

declare -A vm_mac=([web]=52:54:00:00:22:10 [mail]=52:54:00:00:22:11)
declare -A vm_v6=([web]=fd00:22::10 [mail]=fd00:22::11)
declare -A vm_uuid=([web]=6f30cf5b-0000-4000-8000-000000000022 [mail]=6f30cf5b-0000-4000-8000-000000000023)
vms=(web mail)

forward() { printf "<h:portForward proto='%s' %s>%s</h:portForward>" "$1" "${3:-}" "$2"; }
range() { printf "<h:range start='%s' %s/>" "$1" "${2:-}"; }

vm_xml() { # NAME FORWARDS
	cat <<-END
		<domain type='qemu'><name>$1</name><uuid>${vm_uuid[$1]}</uuid>
		<metadata><h:vm xmlns:h='urn:hostler:1'>$2</h:vm></metadata>
		<memory unit='MiB'>128</memory><vcpu>1</vcpu>
		<os><type arch='x86_64' machine='pc'>hvm</type><kernel>$guest_kernel</kernel><initrd>$work/guest.cpio</initrd>
		<cmdline>$guest_arguments reach.name=$1 reach.v6=${vm_v6[$1]}/64,fd00:22::1 reach.doors=tcp/22,udp/5000</cmdline>
		</os><features><acpi/></features>
		<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
		<controller type='usb' model='none'/><memballoon model='none'/>
		<interface type='network'><mac address='${vm_mac[$1]}'/><source network='default'/><model type='virtio'/>
		<driver><guest csum='off'/></driver><rom enabled='no'/></interface>
		<serial type='file'><source path='$work/console-$1'/></serial></devices></domain>
	END
}
begin_vm() { # NAME FORWARDS
	vm_xml "$@" >"$work/$1.xml"
	v create "$work/$1.xml"
}
address_of() { grep -ao 'REACH-GUEST-LEASE [0-9.]*' "$work/console-$1" | tail -n 1 | cut -d' ' -f2; }
vm_is_up() { grep -q ^serves "$work/console-$1" && [[ -n $(address_of "$1") ]]; }
