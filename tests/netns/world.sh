# shellcheck shell=bash disable=SC2154
# Sourced by `run`, within namespaces of its own: an outside host, this host with libvirt's bridge, rules and
# notes, two guests, and VMs whose QEMU is a sleeping process.

# in_ns NAME COMMAND...: names are set by add_ns.
declare -A ns
# Not by its process alone: while that comes up its namespace is still ours.
add_ns() {
	unshare -n sh -c 'echo is apart >"$0"; exec sleep infinity' "$work/ns-$1" >/dev/null 2>&1 &
	ns[$1]=$!
	wait_for 60 test -s "$work/ns-$1"
}
in_ns() { local name=$1; shift; nsenter --net="/proc/${ns[$name]}/ns/net" "$@"; }

# While a link-local address is on trial (a second or two, by chance) the kernel asks for no neighbour of another
# on that link, so nothing is forwarded there; a network whose guest has booted is past that.
no_address_test() {
	sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
}
no_address_on_trial() { [[ -z $(ip -6 address show tentative) ]]; }

# add_leg NAME BRIDGE-OR-ADDRESS ADDRESS/PREFIX GATEWAY: a cable between this host and a namespace.
add_leg() {
	add_ns "$1"
	ip link add "leg-$1" type veth peer name eth0 netns "${ns[$1]}"
	if [[ $2 == */* ]]; then ip addr add "$2" dev "leg-$1"; else ip link set "leg-$1" master "$2"; fi
	ip link set "leg-$1" up
	in_ns "$1" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
	in_ns "$1" ip link set lo up
	in_ns "$1" ip addr add "$3" dev eth0
	in_ns "$1" ip link set eth0 up
	in_ns "$1" ip route add default via "$4"
}

# add_leg6 NAME DEVICE-HERE ADDRESS-HERE ADDRESS-THERE: the same cable for IPv6.
add_leg6() {
	[[ -z $2 ]] || ip addr add "$3/64" dev "$2" nodad
	in_ns "$1" ip addr add "$4/64" dev eth0 nodad
	in_ns "$1" ip route add default via "$3"
}

# serve NAME PROTO/[ADDRESS/]PORT...: there, or here when NAME is no namespace. Whoever it is, $server, listens by now.
serve() {
	local where=(nsenter --net="/proc/${ns[$1]:-self}/ns/net")
	"${where[@]}" "$here/answer" "$@" </dev/null >"$work/serves-$1" 2>&1 &
	server=$!
	wait_for 60 grep -qsx serves "$work/serves-$1"
}

# shellcheck disable=SC2034  # read by `run`
make_world() {
	ip link set lo up
	sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	no_address_test
	allow_watch_user
	[[ ! -e /proc/sys/net/bridge/bridge-nf-call-iptables ]] ||
		sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0
	local n
	for n in 0 1; do
		ip link add "virbr$n" type bridge
		ip addr add "192.168.$((122 + n)).1/24" dev "virbr$n"
		ip addr add "fd00:$((122 + n))::1/64" dev "virbr$n" nodad
		ip link set "virbr$n" up
	done
	add_leg outside 192.0.2.1/24 192.0.2.2/24 192.0.2.1
	ip addr add 192.0.2.7/24 dev leg-outside
	add_leg web virbr0 192.168.122.10/24 192.168.122.1
	add_leg mail virbr0 192.168.122.11/24 192.168.122.1
	add_leg far virbr1 192.168.123.10/24 192.168.123.1
	add_leg roam virbr0 192.168.122.60/24 192.168.122.1
	in_ns roam ip link set eth0 address 52:54:00:00:22:12
	in_ns roam ip addr add 192.168.122.61/24 dev eth0
	in_ns roam ip route replace default via 192.168.122.1
	mount -t tmpfs none /var/lib/libvirt
	mkdir -p /var/lib/libvirt/dnsmasq
	add_leg6 outside leg-outside 2001:db8::1 2001:db8::2
	add_leg6 web "" fd00:122::1 fd00:122::10
	add_leg6 mail "" fd00:122::1 fd00:122::11
	add_leg6 far "" fd00:123::1 fd00:123::10
	wait_for 60 no_address_on_trial
	serve web tcp/22 tcp/9000 tcp/9001 tcp/9002 udp/5000
	serve mail tcp/22 udp/5000
	serve far tcp/22
	serve roam tcp/192.168.122.60/22 tcp/192.168.122.61/22
	serve outside tcp/2222
	serve host tcp/127.0.0.1/2222
	write_networks
}

# The hooks start what is installed; here that is what was built, and only once a test has put it there. Its user
# is real, if only here. Without root outside there is but one user, and setgroups() is denied: the test starts it.
allow_watch_user() {
	mount -t tmpfs none /usr/libexec
	mkdir -p /usr/libexec/hostler
	[[ $(id -u) -eq 0 && $(<"/proc/self/setgroups") == allow ]] || return 0
	{ grep -v ^hostler: /etc/passwd; echo hostler:x:64901:64901::/:/usr/sbin/nologin; } >"$work/passwd"
	{ grep -v ^hostler: /etc/group; echo hostler:x:64901:; } >"$work/group"
	mount --bind "$work/passwd" /etc/passwd
	mount --bind "$work/group" /etc/group
}

write_networks() {
	mkdir -p /run/libvirt/network /run/libvirt/qemu
	local name bridge net
	while read -r name bridge net; do
		cat >"/run/libvirt/network/$name.xml" <<-END
			<networkstatus><class_id bitmap='0-2'/><network>
			<name>$name</name><uuid>00000000-0000-0000-0000-0000000000$net</uuid>
			<forward mode='nat'><nat ipv6='yes'><port start='1024' end='65535'/></nat></forward>
			<bridge name='$bridge' stp='on' delay='0'/>
			<ip address='192.168.$((100 + net)).1' netmask='255.255.255.0'><dhcp>
			<range start='192.168.$((100 + net)).2' end='192.168.$((100 + net)).254'/>
			<host mac='52:54:00:00:$net:10' ip='192.168.$((100 + net)).10'/>
			<host mac='52:54:00:00:$net:11' ip='192.168.$((100 + net)).11'/>
			</dhcp></ip>
			<ip family='ipv6' address='fd00:$((100 + net))::1' prefix='64'><dhcp>
			<host id='0:3:0:1:52:54:0:0:$net:10' ip='fd00:$((100 + net))::10'/>
			<host id='0:3:0:1:52:54:0:0:$net:11' ip='fd00:$((100 + net))::11'/>
			</dhcp></ip></network></networkstatus>
		END
	done <<-END
		default virbr0 22
		second virbr1 23
	END
}

# --- libvirt's rules: the iptables back end of 9.0 and 11.3, and the nftables back end ---

# libvirt_rules COMMAND NETS REJECT: of one family; NETS of virbr0 and virbr1.
libvirt_rules() {
	local tables=$1 reject=$3 chain n net
	for chain in FWX FWI FWO; do
		$tables -N LIBVIRT_$chain 2>/dev/null || $tables -F LIBVIRT_$chain
		$tables -D FORWARD -j LIBVIRT_$chain 2>/dev/null
	done
	$tables -t nat -N LIBVIRT_PRT 2>/dev/null || $tables -t nat -F LIBVIRT_PRT
	$tables -t nat -C POSTROUTING -j LIBVIRT_PRT 2>/dev/null || $tables -t nat -A POSTROUTING -j LIBVIRT_PRT
	for chain in FWO FWI FWX; do $tables -I FORWARD -j LIBVIRT_$chain; done
	n=0
	for net in $2; do
		$tables -A LIBVIRT_FWX -i "virbr$n" -o "virbr$n" -j ACCEPT
		$tables -A LIBVIRT_FWI -d "$net" -o "virbr$n" -m conntrack \
			--ctstate RELATED,ESTABLISHED -j ACCEPT
		$tables -A LIBVIRT_FWI -o "virbr$n" -j REJECT --reject-with "$reject"
		$tables -A LIBVIRT_FWO -s "$net" -i "virbr$n" -j ACCEPT
		$tables -A LIBVIRT_FWO -i "virbr$n" -j REJECT --reject-with "$reject"
		$tables -t nat -A LIBVIRT_PRT -s "$net" ! -d "$net" -j MASQUERADE
		n=$((n + 1))
	done
}
libvirt_iptables() {
	libvirt_rules iptables "192.168.122.0/24 192.168.123.0/24" icmp-port-unreachable
	libvirt_rules ip6tables "fd00:122::/64 fd00:123::/64" icmp6-port-unreachable
}

libvirt_nftables() {
	local family net
	for family in ip ip6; do
		[[ $family == ip ]] && net=192.168.122.0/24 || net=fd00:122::/64
		nft -f - <<-END
			table $family libvirt_network {
				chain forward {
					type filter hook forward priority filter; policy accept;
					counter jump guest_cross
					counter jump guest_input
					counter jump guest_output
				}
				chain guest_cross { iif virbr0 oif virbr0 counter accept; }
				chain guest_input {
					oif virbr0 $family daddr $net ct state related,established counter accept
					oif virbr0 counter reject
				}
				chain guest_output {
					$family saddr $net iif virbr0 counter accept
					iif virbr0 counter reject
				}
				chain guest_nat {
					type nat hook postrouting priority srcnat; policy accept;
					$family saddr $net $family daddr != $net counter masquerade
				}
			}
		END
	done
}

# What is not ours, as far as it can be told: without handles, counters and our marked rules. Chains and tables
# with nothing in them are left, for they are others' too.
foreign_rules() {
	nft -s list ruleset 2>/dev/null | sed '/^table ip6* hostler {/,/^}/d; /hostler-forward/d'
	{ iptables-save; ip6tables-save; } | sed '/^#/d; /hostler-forward/d; s/\[[0-9:]*\]//'
}

# --- dnsmasq's leases, as libvirt's helper writes them: a new file in the place of the old one ---

# lease ADDRESS MAC EXPIRY
lease() {
	printf '{ "ip-address": "%s", "mac-address": "%s", "hostname": "%s", "expiry-time": %s }' "$1" "$2" ']}"$(reboot)' "$3" |
		sed 's/]}"/]}\\"/'
}
# write_leases TEXT
write_leases() {
	printf '%s\n' "$1" >/var/lib/libvirt/dnsmasq/virbr0.status.new
	mv /var/lib/libvirt/dnsmasq/virbr0.status.new /var/lib/libvirt/dnsmasq/virbr0.status
}

# --- VMs ---

declare -A vm_uuid=([web]=11111111-0000-0000-0000-000000000001 [mail]=11111111-0000-0000-0000-000000000002
	[far]=11111111-0000-0000-0000-000000000003 [roam]=11111111-0000-0000-0000-000000000004)
declare -A vm_net=([web]="default virbr0 52:54:00:00:22:10" [mail]="default virbr0 52:54:00:00:22:11"
	[far]="second virbr1 52:54:00:00:23:10" [roam]="default virbr0 52:54:00:00:22:12")

# vm_xml NAME FORWARDS [bridge]: as libvirt gives it, with the bridge once the VM starts.
vm_xml() {
	local network bridge mac live=
	read -r network bridge mac <<<"${vm_net[$1]}"
	local target=
	[[ -z ${3:-} ]] || { live="portid='x' bridge='$bridge'"; target="<target dev='leg-$1'/>"; }
	cat <<-END
		<domain type='qemu'><name>$1</name><uuid>${vm_uuid[$1]}</uuid>
		<metadata><h:vm xmlns:h='urn:hostler:1'>$2</h:vm></metadata>
		<devices><interface type='network'><mac address='$mac'/>
		<source network='$network' $live/>$target</interface></devices></domain>
	END
}
forward() { printf "<h:portForward proto='%s' %s>%s</h:portForward>" "$1" "${3:-}" "$2"; }
range() { printf "<h:range start='%s' %s/>" "$1" "${2:-}"; }

hook() {
	local phase=begin
	[[ $2 != stopped && $2 != release ]] || phase=end
	timeout 60 "$build/hooks/hostler-qemu-hook" "$1" "$2" "$phase" -
}
prepare() { vm_xml "$1" "$2" | hook "$1" prepare; }
start_vm() {
	prepare "$1" "$2" || return
	vm_xml "$1" "$2" bridge | hook "$1" start || return
	sleep infinity >/dev/null 2>&1 &
	printf '%s\n' "$!" >"/run/libvirt/qemu/$1.pid"
	vm_xml "$1" "$2" bridge | hook "$1" started
}
kill_qemu() {
	local pid
	pid=$(<"/run/libvirt/qemu/$1.pid")
	kill "$pid"
	wait_for 30 eval "! kill -0 $pid 2>/dev/null"
	rm -f "/run/libvirt/qemu/$1.pid"
}
stop_vm() {
	kill_qemu "$1"
	vm_xml "$1" "$2" | hook "$1" stopped
	vm_xml "$1" "$2" | hook "$1" release
}
settle() { timeout 60 "$build/hooks/hostler-network-hook" default started begin - </dev/null; }

# --- waiting, never longer than said ---

quietly() { "$@" >/dev/null 2>&1; }
# wait_for SECONDS COMMAND...
wait_for() {
	local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))
	shift
	until "$@"; do
		[[ ${EPOCHREALTIME/[.,]/} -lt $end ]] || return 1
		sleep 0.02
	done
}
