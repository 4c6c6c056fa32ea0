# The real firewalls, in the place of events.sh's when `run` is told one's name: Debian's packages, fetched once and laid over this
# world's /usr and /etc, and what their users and they themselves do. Sourced by `run`.
# shellcheck shell=bash disable=SC2154

declare -A firewall_packages=([firewalld]=firewalld [ufw]=ufw [docker]=docker.io
	[firewalld2]='firewalld trixie:firewalld trixie:python3-firewall') # Debian 13's, which knows StrictForwardPorts
# By event: what `hostler status` has to say of a port that is shut from outside then.
declare -A shut_by=(
	[firewalld-failed-reload]="DROPPED: chain filter_forward of table inet firewalld_policy_drop .*systemctl restart firewalld"
	[strict]="REJECTED: a rule in chain filter_FORWARD_dnat of table inet firewalld .*StrictForwardPorts=no"
)

# This world's own from now on, with the packages' files in them; what is written stays in memory.
prepare_firewall() {
	local folder memory=$work/memory
	mkdir -p "$memory" && mount -t tmpfs none "$memory" || return
	for folder in usr etc; do
		mkdir -p "$memory/$folder/data" "$memory/$folder/work"
		mount -t overlay -o "lowerdir=$HOSTLER_REACH_PACKAGES/$folder:/$folder,upperdir=$memory/$folder/data" \
			-o "workdir=$memory/$folder/work" none "/$folder" || return
	done
}
# Before libvirtd begins, as on a host that boots.
ready_firewall() {
	"ready_$firewall"
	events=("${firewall_events[@]}")
}
serve() { # NAME COMMAND...: for as long as this world is there
	local name=$1
	shift
	"$@" >>"$work/$name.log" 2>&1 </dev/null &
}

# --- firewalld ---

ready_firewalld() {
	local actions=/usr/share/polkit-1/actions
	firewall_events=(nothing firewalld-start reload complete-reload restart zone policy direct nft-flush
		firewalld-failed-reload firewalld-restart restart-after-flush firewalld-stop firewalld-again)
	[[ $firewall == firewalld ]] || firewall_events=(nothing firewalld-start reload strict lenient zone firewalld-stop)
	# As the package's own script would.
	ln -sf org.fedoraproject.FirewallD1.server.policy.choice "$actions/org.fedoraproject.FirewallD1.policy"
	mkdir -p /run/dbus
	dbus-daemon --system --fork --nopidfile
	printf '# firewalld %s\n' "$(sed -n "s/^VERSION *= *['\"]\(.*\)['\"]/\1/p" \
		/usr/lib/python3/dist-packages/firewall/config/__init__.py)"
}
firewalld_runs() { [[ $(firewall-cmd --state 2>&1) == running ]]; }
# libvirt hears of it by D-Bus and puts its rules and its bridge back, one program after the other.
others_rest() {
	local before
	before=$(foreign_rules)
	sleep 2
	[[ $before == "$(foreign_rules)" ]]
}
begin_firewalld() {
	serve firewalld firewalld --nofork --nopid
	wait_for 60 firewalld_runs && wait_for 60 others_rest
}
event_firewalld-start() { begin_firewalld && [[ $(firewall-cmd --get-zone-of-interface=virbr0) == libvirt ]]; }
event_reload() { firewall-cmd --reload && wait_for 60 others_rest; }
event_complete-reload() { firewall-cmd --complete-reload && wait_for 60 others_rest; }
# It deletes a table of its own that is gone, stops at that, and leaves everything shut: firewalld's way, without hostler too.
event_firewalld-failed-reload() { ! firewall-cmd --reload; }
event_firewalld-restart() { end_firewalld && begin_firewalld; }
# What somebody might take for the way to shut a port.
event_zone() { firewall-cmd --zone=drop --change-interface=lan0; }
event_policy() {
	firewall-cmd --permanent --new-policy=shut && firewall-cmd --permanent --policy=shut --set-target=REJECT &&
		firewall-cmd --permanent --policy=shut --set-priority=-1 &&
		firewall-cmd --permanent --policy=shut --add-ingress-zone=ANY &&
		firewall-cmd --permanent --policy=shut --add-egress-zone=libvirt && event_reload
}
event_direct() {
	firewall-cmd --direct --add-rule ipv4 filter FORWARD 0 -o virbr0 -j REJECT &&
		firewall-cmd --direct --add-rule ipv6 filter FORWARD 0 -o virbr0 -j REJECT
}
end_firewalld() { pkill -TERM -x firewalld && wait_for 60 eval "! pgrep -x firewalld >/dev/null" && wait_for 60 others_rest; }
event_firewalld-stop() { end_firewalld; }
event_firewalld-again() { begin_firewalld; }

ready_firewalld2() { ready_firewalld; }
forwards_strictly() { # yes|no
	sed -i '/^StrictForwardPorts=/d' /etc/firewalld/firewalld.conf
	printf 'StrictForwardPorts=%s\n' "$1" >>/etc/firewalld/firewalld.conf
	event_reload
}
event_strict() { forwards_strictly yes; }
event_lenient() { forwards_strictly no; }

# --- ufw ---

ready_ufw() {
	firewall_events=(nothing ufw-enable ufw-routed ufw-reload ufw-deny-to-guest restart ufw-disable ufw-empties restart-after-flush
		ufw-disable-again restart-after-ufw)
	# As the package's own script would.
	cp /usr/share/ufw/iptables/*.rules /usr/share/ufw/ufw.conf /etc/ufw/
	chmod 640 /etc/ufw/*.rules
	printf '# %s\n' "$(ufw version | head -n 1)"
}
event_ufw-enable() { ufw --force enable; }
event_ufw-routed() { ufw default deny routed && iptables -S FORWARD | grep -x -- '-P FORWARD DROP'; }
event_ufw-reload() { ufw reload; }
event_ufw-deny-to-guest() { ufw route deny to 192.168.22.0/24; }
event_ufw-disable() { ufw disable; }
# Told to manage the built-in chains it empties them, of libvirt's rules too.
event_ufw-empties() {
	sed -i 's/^MANAGE_BUILTINS=.*/MANAGE_BUILTINS=yes/' /etc/default/ufw
	ufw --force enable && ! iptables -S FORWARD | grep LIBVIRT
}
# And with the chains of libvirt's, whose libvirtd then wants a restart, without hostler too.
event_ufw-disable-again() { ufw disable; }
event_restart-after-ufw() { event_restart; }

# --- docker ---

# Docker has FORWARD drop what no rule accepts only where nobody has turned forwarding on before: it comes first, as at boot.
ready_docker() {
	firewall_events=(nothing restart docker-restart docker-user docker-network docker-stop docker-again restart-under-docker)
	mount -t cgroup2 none /sys/fs/cgroup
	sysctl -qw net.ipv4.ip_forward=0
	begin_docker || fail "docker begins"
	iptables -S FORWARD | grep -qx -- '-P FORWARD DROP' || fail "docker has FORWARD drop"
	printf '# %s\n' "$(dockerd --version)"
}
docker_answers() { docker info >/dev/null 2>&1; }
begin_docker() {
	serve docker dockerd -G root --storage-driver vfs --data-root /run/docker-data --exec-root /run/docker-exec
	wait_for 60 docker_answers
}
end_docker() { pkill -TERM -x dockerd && wait_for 60 eval "! pgrep -x dockerd >/dev/null"; }
event_docker-restart() { end_docker && begin_docker; }
event_docker-user() { iptables -I DOCKER-USER -d 192.168.22.0/24 -j DROP; }
event_docker-network() { docker network create --opt com.docker.network.bridge.name=yard backyard; }
event_docker-stop() { end_docker; }
# As if it came to a host without br_netfilter, whose guests needed no hairpin flag until now: dockerd loads the module, and
# that begins with 1.
event_docker-again() {
	local port
	sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0
	for port in $(ip -o link show master virbr0 | grep -o 'vnet[0-9]*'); do bridge link set dev "$port" hairpin off || return; done
	sysctl -qw net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1
	begin_docker
}
event_restart-under-docker() { event_restart; }
