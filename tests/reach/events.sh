# What others do to a host's firewall and to libvirt. Each ends when it is done; what then must hold is the caller's.
# Sourced by `run`.
# shellcheck shell=bash disable=SC2154

event_nothing() { :; }
# libvirtd then makes its rules anew, some time later.
event_sighup() {
	local rules
	rules=$(libvirt_rules)
	signal_libvirtd HUP && wait_for 60 rules_differ "$rules"
}
libvirt_rules() { nft -a list ruleset 2>/dev/null | grep virbr0 | grep -v hostler; }
rules_differ() { [[ $(libvirt_rules) != "$1" ]]; }
# libvirt 11.3 sometimes does not end when it is told to; systemd kills it then.
event_restart() {
	end_libvirtd || { echo "libvirtd does not end" && end_libvirtd KILL; }
	begin_libvirtd
}
event_kill() { end_libvirtd KILL && begin_libvirtd; }
event_net-update() {
	v net-update default add-last ip-dhcp-host "<host mac='52:54:00:00:22:77' ip='192.168.22.77'/>" --live
}
# The guests' taps hang in the air until libvirtd, restarted, plugs them back.
event_net-restart() {
	v net-destroy default && v net-start default && event_restart
}
event_nft-flush() { nft flush ruleset; }
event_restart-after-flush() { event_restart; }
event_iptables-flush() { iptables -F && ip6tables -F; }
event_restart-after-iptables() { event_restart; }
# What dockerd 26 does to FORWARD as it starts, and what it sets in the kernel.
event_docker() {
	local tables chain
	for tables in iptables ip6tables; do
		for chain in DOCKER DOCKER-ISOLATION-STAGE-1 DOCKER-ISOLATION-STAGE-2 DOCKER-USER; do $tables -N $chain; done
		$tables -P FORWARD DROP
		$tables -I FORWARD -o docker0 -j DOCKER
		$tables -I FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
		$tables -I FORWARD -j DOCKER-ISOLATION-STAGE-1
		$tables -I FORWARD -j DOCKER-USER
		$tables -A DOCKER-ISOLATION-STAGE-1 -j RETURN
		$tables -A DOCKER-ISOLATION-STAGE-2 -j RETURN
		$tables -A DOCKER-USER -j RETURN
	done
	[[ ! -e /proc/sys/net/bridge/bridge-nf-call-iptables ]] ||
		sysctl -qw net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1
}
event_restart-under-docker() { event_restart; }

events=(nothing sighup restart kill net-update net-restart nft-flush restart-after-flush iptables-flush
	restart-after-iptables docker restart-under-docker)

# each_event COMMAND: which is told what has happened
each_event() {
	local event
	for event in "${events[@]}"; do
		"event_$event" >"$work/event-$event.log" 2>&1 || { fail "$event happens"; cat "$work/event-$event.log"; }
		"$1" "$event"
	done
}
