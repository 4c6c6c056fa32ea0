# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of hostler(8) for bash.

# One name a line, and each may hold spaces: they are offered quoted, and what is typed may be quoted already.
_hostler_machines() {
	local name quoted
	type -P virsh >/dev/null || return
	while IFS= read -r name; do
		[[ -n $name ]] || continue
		printf -v quoted '%q' "$name"
		if [[ $name == "$1"* || $quoted == "$1"* ]]; then
			COMPREPLY+=("$quoted")
		fi
	done < <(LC_ALL=C timeout 2 virsh --quiet --readonly list --all --name 2>/dev/null)
}

_hostler() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command='' word
	COMPREPLY=()
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		[[ $word == -* ]] || { command=$word; break; }
	done
	if [[ $previous == --xml || $previous == --dump ]]; then
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
	elif [[ $current == -* ]]; then
		case $command in
		apply) word=--xml ;;
		check) word='--xml --dump' ;;
		settle) word=--wait ;;
		*) word='' ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "--json $word --help --version" -- "$current")
	elif [[ -z $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W "apply check groups status settle" -- "$current")
	elif [[ ($command == check || $command == apply) && $previous == "$command" ]]; then
		_hostler_machines "$current"
	fi
}

complete -F _hostler hostler
