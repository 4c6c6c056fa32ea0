# A forwarded port and who asks for it: a host outside, a VM that runs only its firmware, and in the place of its guest a namespace on
# libvirt's bridge with the address that is reserved for it. Sourced by scenarios.
# shellcheck shell=bash

MAC=52:54:00:00:00:60
GUEST4=192.168.122.60 GUEST6=fd00:122::60
HOST4=198.51.100.1 HOST6=2001:db8:51::1
OUTSIDE4=198.51.100.2 OUTSIDE6=2001:db8:51::2
ANSWERS=$LAB_RUN/answers

forwards() { # PROTO...: port 2222 leads to 22
	local proto
	echo "<hostler:vm xmlns:hostler='urn:hostler:1'>"
	for proto; do
		echo "<hostler:portForward proto='$proto'><hostler:range start='2222' to='22'/></hostler:portForward>"
	done
	echo "</hostler:vm>"
}

network_xml() { # NAME BRIDGE THIRD-BYTE
	cat <<-END
		<network><name>$1</name><forward mode='nat'><nat ipv6='yes'/></forward><bridge name='$2' stp='off' delay='0'/>
		  <ip address='192.168.$3.1' netmask='255.255.255.0'>
		    <dhcp><range start='192.168.$3.2' end='192.168.$3.254'/><host mac='$MAC' ip='192.168.$3.60'/></dhcp>
		  </ip>
		  <ip family='ipv6' address='fd00:$3::1' prefix='64'>
		    <dhcp><host id='0:3:0:1:$MAC' ip='fd00:$3::60'/></dhcp>
		  </ip>
		</network>
	END
}
start_network() { network_xml "$@" | virsh net-define /dev/stdin && virsh net-start "$1"; }

# What firewalls make of a new interface is theirs, so these stand before.
make_leg() { # NAME BRIDGE
	ip netns add "$1" &&
		ip link add "leg-$1" type veth peer name eth0 netns "$1" &&
		ip netns exec "$1" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 &&
		ip link set "leg-$1" up && ip -n "$1" link set lo up
}
give_addresses() { # NAME IPV4/PREFIX IPV6/PREFIX GATEWAY4 GATEWAY6
	ip -n "$1" address add "$2" dev eth0 && ip -n "$1" address add "$3" dev eth0 nodad &&
		ip -n "$1" link set eth0 up && ip -n "$1" route add default via "$4" && ip -n "$1" route add default via "$5"
}
make_outside() {
	make_leg outside &&
		ip address add "$HOST4/24" dev leg-outside && ip address add "$HOST6/64" dev leg-outside nodad &&
		give_addresses outside "$OUTSIDE4/24" "$OUTSIDE6/64" "$HOST4" "$HOST6"
}
# In the guest's place; the VM's own card has no program in its ROM that would ask for the same address.
make_guest() { # PROTO...
	local proto doors=()
	make_leg guest && ip link set leg-guest master virbr0 &&
		give_addresses guest "$GUEST4/24" "$GUEST6/64" 192.168.122.1 fd00:122::1 || return
	for proto; do doors+=("$proto" 22); done
	ip netns exec guest "$LAB_TESTS/inside/port" serve "${doors[@]}" >/dev/null 2>&1 &
}
define_guest() { # PROTO...
	define_vm horse --metadata "$(forwards "$@")" --devices "<interface type='network'><mac address='$MAC'/>
		<source network='default'/><model type='virtio'/><rom enabled='no'/></interface>"
}

# --- who asks ---

# From outside by both families, and the host itself asks.
begin_asking() { # PROTO...
	local proto outside=() host=()
	for proto; do
		outside+=("outside-$proto-v4" "$proto" "$HOST4" 2222 "outside-$proto-v6" "$proto" "$HOST6" 2222)
		host+=("host-$proto-v4" "$proto" "$HOST4" 2222 "host-$proto-v6" "$proto" "$HOST6" 2222)
	done
	ip netns exec outside "$LAB_TESTS/inside/port" ask "$LAB_RUN/asking" "${outside[@]}" >>"$ANSWERS" 2>&1 &
	"$LAB_TESTS/inside/port" ask "$LAB_RUN/asking" "${host[@]}" >>"$ANSWERS" 2>&1 &
	CELLS=$((4 * $#))
}

# What was asked since then: who answered, after how long at last, and how many questions before that had no answer.
asked_since() { # MILLISECONDS
	awk -v since="$1" '
		$2 < since { next }
		!($1 in open) { open[$1] = 1 }
		$4 == "-" { if (!($1 in first)) lost[$1]++; next }
		$1 ~ /^outside-.*-v4/ && $4 !~ /-to-198.51.100.2$/ || $1 ~ /^outside-.*-v6/ && $4 !~ /-to-2001:db8:51::2$/ { print "wrong:", $0 }
		!($1 in first) { first[$1] = $3 - since }
		END {
			for (cell in open) {
				if (cell in first) { n++; if (first[cell] > last) last = first[cell] }
				else print "no answer:", cell
				sum += lost[cell]
			}
			print n + 0, "answered, the last after", last + 0, "ms;", sum + 0, "questions were lost"
		}' "$ANSWERS"
}
all_answer_since() {
	local told
	told=$(asked_since "$1")
	printf '%s\n' "$told"
	[[ $told != *wrong:* && ${told##*$'\n'} == "$CELLS answered"* ]]
}
# Asked it was, and by more than one.
none_answers_since() {
	local told
	sleep 5
	told=$(asked_since "$1" | tail -n 1)
	[[ $told == "0 answered"* && ! $told =~ \ [01]\ questions ]] || { echo "$told"; return 1; }
}

# all_answer TEXT: every cell, to a question that was put after now. How long it took is told; a busy machine must not fail the check.
all_answer() {
	local since
	since=$(milliseconds)
	touch "$LAB_RUN/asking"
	check "$1: the port answers, from outside and from the host, over IPv4 and IPv6" wait_for 60 all_answer_since "$since"
	asked_since "$since" | tail -n 1 | indent
	rm "$LAB_RUN/asking"
}
none_answers() {
	touch "$LAB_RUN/asking"
	check "$1: no cell answers" none_answers_since "$(milliseconds)"
	rm "$LAB_RUN/asking"
}

# --- what must hold ---

status_says() { contains "$(hostler status)" "$1"; }
nothing_of_ours() { not grep hostler <(nft list ruleset) && is "$(find /run/hostler/vms /run/hostler/watch -type f -o -type l)" ""; }
