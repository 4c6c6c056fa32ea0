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
