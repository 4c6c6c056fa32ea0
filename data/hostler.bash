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
	local current=${COMP_WORDS[COMP_CWORD]} previous='' command='' subject='' word
	COMPREPLY=()
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		if [[ $previous == --@(xml|dump) ]]; then
			subject=$word
		elif [[ $word != -* && $previous != --@(bundle|logs) ]]; then
			if [[ -z $command ]]; then command=$word; else subject=$word; fi
		fi
		previous=$word
	done
	if [[ $previous == --logs ]]; then
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
	elif [[ $previous == --xml || $previous == --dump || $previous == --bundle ]]; then
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
	elif [[ $current == -* ]]; then
		case $command in
		apply) word=--xml ;;
		check) word='--xml --dump' ;;
		report) word='--csv --logs' ;;
		settle) word=--wait ;;
		status) word=--bundle ;;
		reset) word='--suspend --xml' ;;
		*) word='' ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "--json $word --help --version" -- "$current")
	elif [[ -z $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W "apply check groups status report settle reset" -- "$current")
	elif [[ -z $subject && $command == @(apply|check|report|reset) ]]; then
		_hostler_machines "$current"
	fi
}

complete -F _hostler hostler
