# Sourced by the test scripts: one line a check, and a sum that anybody can read.

passed=0
failed=0

ok() { passed=$((passed + 1)); printf 'ok - %s\n' "$*"; }
fail() { failed=$((failed + 1)); printf 'not ok - %s\n' "$*"; }

# check TEXT COMMAND...: what a failing command printed stands below its line.
check() {
	local text=$1 output
	shift
	if output=$("$@" 2>&1); then
		ok "$text"
	else
		fail "$text"
		printf '%s\n' "$output" | sed 's/^/#   /' | head -n 40
	fi
}

# The last line of every test script, and its exit status.
sum_up() {
	printf '%d passed, %d failed\n' "$passed" "$failed"
	[[ $failed -eq 0 && $passed -gt 0 ]]
}
