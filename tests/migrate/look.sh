# What is asked of the two hosts: who answers, what hostler has of a VM, what its book says. Sourced by `run`.
# shellcheck shell=bash disable=SC2154

answers() { # HOST VM PROTO PORT
	"$work/answer" ask 30 "${EPOCHREALTIME/[.,]/}" "$3" "${address[$1]}" "$4" "$2 $3"
}
web_answers() { answers "$1" web tcp 2222 && answers "$1" web udp 5000; }

records_of() { on "$1" find /run/hostler/vms /run/hostler/watch /run/hostler/ended -name "${vm_uuid[$2]}"; }
rules_of() { on "$1" nft list ruleset | grep "${vm_uuid[$2]}"; }
# Of a VM that ended its book gets the last line first.
no_records() { [[ -z $(records_of "$1" "$2") ]]; }
nothing_of() { # HOST VM
	wait_for 60 no_records "$1" "$2" || { records_of "$1" "$2"; return 1; }
	! rules_of "$1" "$2"
}
no_table() { ! on "$1" nft list ruleset | grep hostler; }
no_helpers() { ! on "$1" pgrep '^hostler'; }

book() { on "$1" cat "/var/log/hostler/$2-${vm_uuid[${3:-$2}]}.jsonl" 2>/dev/null; } # HOST NAME [VM]
# holds HOST VM FILTER: of all lines as one array, once it does
is_true() { [[ $(book "$1" "$2" | jq -s "$3") == true ]]; }
holds() { wait_for 60 is_true "$@" || { book "$1" "$2" | tail -n 3 | cut -c1-300; return 1; }; }
run_of() { book "$1" "$2" | jq -rs 'last.run'; }

# --- what a book says of a migration ---

books_are_valid() { # HOST
	local valid=$here/../live/valid schema=$here/../../data/hostler-metrics.schema.json
	on "$1" bash -c "'$valid' '$schema' /var/log/hostler/*.jsonl"
}

# holds_of_run HOST VM RUN FILTER: of that run's lines
holds_of_run() { holds "$1" "$2" "map(select(.run == \"$3\")) | $4"; }
# Of the last run; since libvirt has answered there is nothing to wait for in it, but its report.
report_says() { # HOST VM TEXT
	on "$1" "$build/qemu-helpers/hostler" report "$2" --logs /var/log/hostler >"$work/report" 2>&1
	grep -F "$3" "$work/report" || { head -n 5 "$work/report"; return 1; }
}
all_arriving='map(select(.event == "sample")) | length > 0 and all(.arriving and .missing == "disks" and .disks == []
	and .reason == "the VM is still arriving from another host")'
unfaltering='all(.event != "stall" and .event != "resume" and .event != "gap")'
is_arriving() { holds_of_run "$1" "$2" "$(run_of "$1" "$2")" "($all_arriving) and any(.state == \"paused\") and ($unfaltering)"; }
never_ran() {
	holds "$1" "$2" 'last | .event == "report" and .reason == "migration failed"' &&
		holds_of_run "$1" "$2" "$(run_of "$1" "$2")" "($all_arriving) and ($unfaltering)" &&
		report_says "$1" "$2" "never ran here: its migration to this host failed"
}
# That run has one sample more than before, none left out, and counts on.
goes_on() { # HOST VM RUN
	local number
	number=$(book "$1" "$2" | jq -s 'map(select(.event == "sample")) | last.number')
	[[ $(run_of "$1" "$2") == "$3" ]] && holds "$1" "$2" "last | .event == \"sample\" and .number > $number" &&
		holds_of_run "$1" "$2" "$3" 'map(select(.event == "sample") | .number) | . == [range(1; length + 1)]' &&
		holds_of_run "$1" "$2" "$3" '[.[] | select(.disks[0]?) | .cpu_seconds] | . == sort'
}
never_faltered() { holds_of_run "$1" "$2" "$3" "$unfaltering and all(.arriving | not)"; }
has_not_come() { holds_of_run "$1" "$2" "$(run_of "$1" "$2")" 'any(.event == "sample") and all(.arriving | not)'; }
# Each sample has figures, all of them are in the report, and so is how long after the last one the VM ended.
last_seen() {
	holds_of_run "$1" "$2" "$(run_of "$1" "$2")" 'map(select(.event == "sample")) as $samples | last |
		($samples | length) == .samples and ($samples | all(.cpu_seconds)) and (.disks | length) == 1 and
		.disks[0].read_ops == ($samples | map(select(.disks[0]?)) | last.disks[0].read_ops) and .unseen_seconds >= 0'
}
# Arriving at first, and then no more.
arrived() {
	holds_of_run "$1" "$2" "$(run_of "$1" "$2")" "($unfaltering) and (map(select(.event == \"sample\") | .arriving == true)
		| . == (sort | reverse))"
}
