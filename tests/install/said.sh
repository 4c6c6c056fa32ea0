# Sourced by run: what the admin's command says to those who begin: one line on stderr, and what to type instead.
# shellcheck shell=bash disable=SC2154 # $work and $stage are its

# says STATUS PATTERN COMMAND...
says() {
	local status pattern=$2 expected=$1
	shift 2
	"$@" </dev/null >"$work/out" 2>"$work/err"
	status=$?
	[[ $status -eq $expected && $(wc -l <"$work/err") -eq 1 ]] && grep -qE -- "$pattern" "$work/err" && return
	printf 'status %d, not %d, and on stderr, not "%s":\n' "$status" "$expected" "$pattern"
	cat "$work/err"
	return 1
}
as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }

# The usage of each is what its options in the manual's synopsis are.
each_usage_is_told() {
	local command options told
	for command in apply check groups status report settle reset; do
		options=$(hostler "$command" one two 2>&1 >/dev/null | grep -o -- '--[a-z]*' | sort -u | paste -sd ' ')
		told=$(sed -n "/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/{/^\.Cm $command\$/,/^\.Nm\$/p}" \
			"$stage/usr/share/man/man8/hostler.8" | grep -oP '(Fl|\|) -\K[a-z]+' | sed 's/^/--/' | sort -u | paste -sd ' ')
		[[ -n $options && $options == "$told" ]] || { echo "$command: usage $options, manual $told"; return 1; }
	done
}

helper_tells() { timeout 120 "/usr/libexec/hostler/hostler-$1" --help </dev/null 2>&1 | grep -q 'it ends by itself'; }

test_said() {
	local command
	check "without a command it names them" says 3 'apply, check, .* See: hostler --help' hostler
	check "a slip of the finger is understood" says 3 "perhaps 'check'; see: hostler --help" hostler chek
	check "an option that is none leads to the help" says 3 'Unknown option --verbose; see: hostler --help' hostler status --verbose
	check "so does one without its argument" says 3 'Missing argument for --xml; see: hostler --help' hostler check --xml
	for command in apply reset; do
		check "$command without a VM says its usage" says 3 "usage: hostler $command VM\\|--xml FILE" hostler "$command"
	done
	for command in check groups status settle; do
		check "who may not use $command is told how" says 3 "mend: sudo hostler $command\$" as_nobody hostler "$command"
	done
	check "with all that was typed" says 3 "mend: sudo hostler check --json 'two words'\$" as_nobody hostler check --json 'two words'
	check "without libvirt a VM is not looked for" says 3 'libvirt cannot be asked: .*--xml FILE' hostler check none
	check "a file that is not there" says 3 'cannot read /nowhere: No such file' hostler check --xml /nowhere
	check "a dump that is none says how one is made" says 3 'sudo lspci -xxxx > FILE' hostler check --dump /etc/passwd
	check "a bundle is not written over a file" says 3 'not there yet' hostler status --bundle /etc/passwd
	rm -rf /var/log/hostler
	check "no log: nobody was measured" says 3 'no VM has been measured here yet' hostler report
	mkdir -m 0750 /var/log/hostler
	check "an empty folder says the same" says 3 'no VM has been measured here yet' hostler report
	check "logs that one may not read" says 3 'Permission denied; .*sudo hostler report' as_nobody hostler report
	check "the manual's synopsis is each command's usage" each_usage_is_told
	for command in watch metrics; do
		check "hostler-$command explains itself, and begins nothing" helper_tells "$command"
	done
}
