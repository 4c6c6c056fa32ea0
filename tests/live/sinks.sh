# Where figures go besides the books, and what happens when nothing can be written there. Sourced by `run`.
# shellcheck shell=bash

prometheus_dir=/run/prometheus
journal=$work/journal

# A folder of 64 KiB for Prometheus' files; a journal that is a file. libvirt's notes need no more.
make_sinks() {
	mkdir -p "$prometheus_dir" /run/systemd/journal /etc/hostler &&
		mount -t tmpfs -o size=64k,mode=755,uid=64902 none "$prometheus_dir" || return
	printf '[metrics]\nprometheus=%s\n' "$prometheus_dir" >/etc/hostler/hostler.conf
	socat -u UNIX-RECV:/run/systemd/journal/socket,mode=666 "OPEN:$journal,creat,append" &
	wait_for 60 test -S /run/systemd/journal/socket
}

# How often the journal says what matches.
said() { grep -acE "^MESSAGE=.*$1" "$journal"; }
says_more() { [[ $(said "$1") -gt $2 ]]; }
said_once_more() { [[ $(said "$1") -eq $(($2 + 1)) ]] || { printf '%d times, %d before\n' "$(said "$1")" "$2"; return 1; }; }

journal_has_report() { # VM
	wait_for 60 grep -qaE "^MESSAGE=VM '$1' ran for .*, ended: .*vda: read .*, wrote " "$journal" &&
		grep -qax HOSTLER_CODE=metrics-report "$journal" && grep -qax "HOSTLER_VM=$1" "$journal"
}

# --- Prometheus ---

prom_of() { find "$prometheus_dir" -name "hostler-*-$(uuid_of "$1").prom"; }
no_prometheus_file() { [[ -z $(find "$prometheus_dir" -type f) ]]; }
prom_passes() { promtool check metrics <"$(prom_of "$1")"; }
prom_has() { grep -qF -- "$2" "$(prom_of "$1")" || { cat "$(prom_of "$1")"; return 1; }; }
prom_written_after() { [[ $(stat -c %Y "$(prom_of "$1")") -gt $2 ]]; }
evil_label='x$(touch pwned);%s%n'$'\t\u202e''\"'"'"'\\<&'

test_prometheus() {
	check "Prometheus has a file of each VM" test -s "$(prom_of 1)" -a -s "$(prom_of 2)"
	check "promtool finds nothing to say about it" prom_passes 1
	check "nor about that of the hostile name" prom_passes 2
	check "which has the name, byte for byte but for what has to be escaped" \
		prom_has 2 "libvirt_domain_block_stats_read_bytes_total{domain=\"$evil_label\",target_device=\"vda\"} "
	check "a NIC is named as the exporters for libvirt name it" \
		prom_has 1 'libvirt_domain_interface_stats_receive_bytes_total{domain="web",target_device="vnet'
	check "the files are for everybody to read" \
		test "$(stat -c '%a' "$(prom_of 1)") $(find "$prometheus_dir" -type f | wc -l)" = "644 2"
}

# --- what is in the way: it is said once, and writing goes on by itself ---

said_twice() { [[ $(said 'cannot write /var/log/hostler') -eq 2 ]] || { grep -aE '^MESSAGE=can' "$journal"; return 1; }; }

test_sinks() {
	local before samples
	before=$(said 'cannot write /var/log/hostler')
	check "a full disk and a folder that was away were each said once" said_twice
	mount --bind "$log_dir" "$log_dir"
	mount -o remount,bind,ro "$log_dir"
	wait_for 60 says_more 'cannot write /var/log/hostler' "$before"
	sleep 3 # in which it might say it again
	umount --lazy "$log_dir"
	samples=$(count 1 sample)
	check "a file system that was read-only is no end" wait_for 60 has_lines 1 sample $((samples + 2))
	check "it was said once" said_once_more 'cannot write /var/log/hostler' "$before"
	check "and so it was that it can be written again" test "$(said 'can write to /var/log/hostler again')" -eq 3
	check "the VM runs on" quietly v domid web

	before=$(said "cannot write Prometheus' files")
	quietly dd if=/dev/zero of="$prometheus_dir/fill" bs=4k
	wait_for 60 says_more "cannot write Prometheus' files" "$before"
	samples=$(count 1 sample)
	wait_for 60 has_lines 1 sample $((samples + 3)) # at each of which it might say it again
	check "where Prometheus' files are full, that is said once" said_once_more "cannot write Prometheus' files" "$before"
	check "and no half file is there" prom_passes 1
	rm "$prometheus_dir/fill"
	check "with room again they are written" wait_for 60 prom_written_after 1 "$EPOCHSECONDS"
}

# --- the books afterwards ---

schema=$here/../../data/hostler-metrics.schema.json
books_are_valid() { "$here/valid" "$schema" "$log_dir"/*.jsonl "$log_dir"/rotated; }
finds_wrong_line() {
	local line
	line=$(grep -m 1 '"event":"start"' "$log_dir/rotated")
	! "$here/valid" "$schema" <(printf '%s\n' "${line/\"interval_seconds\":1/\"interval_seconds\":\"1\"}") >"$work/invalid" &&
		grep -q '^1 lines, 1 errors$' "$work/invalid"
}
report_tells() { "$hostler" report "$1" >"$work/report" && grep -qP "$2" "$work/report" || { cat "$work/report"; return 1; }; }

test_books_told() {
	check "every line of every book is as the schema says" books_are_valid
	check "and one that is not is found" finds_wrong_line
	check "hostler report tells of a VM" report_tells web '^run\tlength\tran for .*, ended: (crashed|shutdown|destroyed)'
	check "and of one with a hostile name, in lines that are fit to be read" eval \
		'report_tells "$evil" "^disks\tvda\tread\t" && ! LC_ALL=C grep -P "[^\x09\x20-\x7e]" "$work/report"'
	check "hostler report adds up all of them" eval \
		'"$hostler" report --json | jq -e ".storage[0].read_ops > 0 and .networks[0].devices >= 2"'
	check "CSV and JSON at once are refused in words" eval '! "$hostler" report --csv --json web 2>"$work/both" && grep -q "not both" "$work/both"'
	check "their samples are there as CSV" eval '"$hostler" report --csv web | grep -qE "^[^,]+,web,[^,]+,disk,vda,read_bytes,[0-9]+$"'
}
