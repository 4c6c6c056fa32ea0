# The reachability table: who reaches what, asked of all at once. Sourced by `run`.
# shellcheck shell=bash disable=SC2154

# A cell is a line: VM/FROM NAME PROTO ADDRESS PORT EXPECTED. web has a reserved address and mail a leased one, both one
# of their own choosing over IPv6; `self` is the VM that the port leads to, `other` the other one.
cells() {
	cells_of web 2222 5000
	cells_of mail 2223 5001
}
cells_of() { # VM TCP-PORT UDP-PORT
	local from family
	for from in outside host other self; do
		for family in v4 v6; do
			printf '%s/%s %s-%s-tcp-%s tcp %s %s %s tcp 22 to %s\n' "$1" "$from" "$1" "$from" "$family" \
				"${host_address[$family]}" "$2" "$1" "$(peer "$from" "$family")"
			printf '%s/%s %s-%s-udp-%s udp %s %s %s udp 5000 to %s\n' "$1" "$from" "$1" "$from" "$family" \
				"${host_address[$family]}" "$3" "$1" "$(peer "$from" "$family")"
		done
	done
}
declare -A host_address=([v4]=192.0.2.1 [v6]=2001:db8:2::1) outside_address=([v4]=192.0.2.2 [v6]=2001:db8:2::2)
# Who comes from elsewhere is seen as who he is.
peer() { [[ $1 != outside ]] || echo "${outside_address[$2]}"; }

declare -A other_vm=([web]=mail [mail]=web)

# ask_cell SECONDS SINCE VM/FROM PROTO ADDRESS PORT EXPECTED
ask_cell() {
	local seconds=$1 since=$2 from=$3 where=() via=()
	shift 3
	case $from in
	*/outside) where=(in_outside) ;;
	*/self) via=(-v "$(address_of "${from%/*}")") ;;
	*/other) via=(-v "$(address_of "${other_vm[${from%/*}]}")") ;;
	esac
	"${where[@]}" "$work/answer" ask "$seconds" "$since" "${via[@]}" "$@"
}

# ask_all SECONDS: every cell at the same time; one line each in $work/table: NAME MILLISECONDS TEXT, `-` for none.
ask_all() {
	local since=${EPOCHREALTIME/[.,]/} from name proto address port expected
	rm -rf "$work/asked" && mkdir "$work/asked"
	while read -r from name proto address port expected; do
		ask_cell "$1" "$since" "$from" "$proto" "$address" "$port" "$expected" >"$work/asked/$name" &
		asking+=($!)
	done < <(cells)
	wait "${asking[@]}"
	asking=()
	(cd "$work/asked" && for name in *; do printf '%s %s\n' "$name" "$(<"$name")"; done) >"$work/table"
}
asking=()
count_cells() { cells | wc -l; }
count_answered() { awk '$2 != "-"' "$work/table" | wc -l; }

# all_answer EVENT: every cell within a minute, and two while the guests come up. When the last one came is printed:
# the promise is one second, but a busy machine must not fail the test.
all_answer() {
	local answered
	ask_all "$([[ $1 == nothing ]] && echo 120 || echo 60)"
	cp "$work/table" "$work/table-$1"
	answered=$(count_answered)
	printf '# after %s: %d of %d cells, the last after %d ms\n' "$1" "$answered" "$(count_cells)" \
		"$(awk '$2 != "-" && $2 > most { most = $2 } END { print most + 0 }' "$work/table")" >&3
	[[ $answered -eq $(count_cells) ]] || { awk '$2 == "-"' "$work/table"; return 1; }
}
none_answers() {
	ask_all 1
	[[ $(count_answered) -eq 0 ]] || { awk '$2 != "-"' "$work/table"; return 1; }
}
