# Runs scenarios: groups them into boots, streams their test lines, counts. Sourced by `lab`.
#
# The emulated host says on its line port what it does; lines that begin with @ are for us:
#   @begin NAME PHASE     a scenario's phase begins        @end NAME          the scenario is done
#   @again NAME PHASE     the power goes now; boot again for this phase       @dirty WHY   the rest needs a fresh boot
#   @pull DEVICE          take this device out           @broken WHY        the emulation failed, not what runs in it
# Everything else is shown as it comes, `ok - ` and `not ok - ` are counted.

BOOT_TIMEOUT=400 # until the first scenario begins; 6 s are usual
GRACE=45         # what a scenario that timed out inside gets to tell why
PASSED=0
FAILED=0
COUNTED=0 # of the running scenario
BEFORE=   # PASSED and FAILED when it began
REPEATS=3 # boots that may be repeated because the emulation failed, in a whole run
RUN_DEADLINE=

seconds() { echo "${EPOCHREALTIME%[.,]*}"; }

# --- what scenarios there are and what they ask for -------------------------------------------------------------------------

list_scenarios() { (cd "$LAB/scenarios" && ls); }

# Those that a run without names takes: all but `# when: asked`.
usual_scenarios() {
	local name
	list_scenarios | while read -r name; do
		[[ $(header "$name" when always) == asked ]] || echo "$name"
	done
}

# header NAME KEY DEFAULT: a line such as `# timeout: 300` at the head of the scenario.
header() {
	local value
	value=$(sed -n "/^#/!q; s/^# *$2: *//p" "$LAB/scenarios/$1" | head -n 1)
	echo "${value:-$3}"
}

# Sets PACKAGES: a tree of what the scenario's host has besides, or nothing.
prepare_packages_of() { # NAME
	local packages
	PACKAGES=
	packages=$(header "$1" packages "")
	# shellcheck disable=SC2086 # words
	[[ -z $packages ]] || prepare_packages $packages
}

# What may share a boot has the same key.
boot_key() {
	local own=shared
	[[ $(header "$1" boot shared) != own && -z $(header "$1" packages "") ]] || own=$1
	echo "${TOPOLOGY:-$(header "$1" topology default)} $(header "$1" init none) $own"
}

# --- one boot ----------------------------------------------------------------------------------------------------------------

start_machine() { # TOPOLOGY MODE
	machine_arguments "$1" "$2" "file,path=$RUN/console"
	rm -f "$RUN/lines" "$RUN/monitor.in" "$RUN/monitor.out"
	mkfifo "$RUN/lines" "$RUN/monitor.in" "$RUN/monitor.out"
	# pdeathsig: not even kill -9 of this script leaves a QEMU behind. Its stdout is the pipe as well, so that the pipe has a
	# writer, and an end, even if QEMU never comes to open it.
	setpriv --pdeathsig KILL qemu-system-x86_64 "${MACHINE[@]}" </dev/null >"$RUN/lines" 2>"$RUN/qemu.err" &
	QEMU_PID=$!
	exec {LINES_FD}<"$RUN/lines"
}

stop_machine() {
	exec {LINES_FD}<&-
	kill -KILL "$QEMU_PID" 2>/dev/null || true
	wait "$QEMU_PID" 2>/dev/null || true
	QEMU_PID=
	[[ -z $CONSOLE ]] || cat "$RUN/console" >>"$CONSOLE"
}

failed() { # TEXT
	printf 'not ok - %s\n' "$1"
	FAILED=$((FAILED + 1))
	show_console
}

show_console() {
	# That nothing leads out of the hub is meant so.
	sed -e '/hub 0 is not connected/d' -e 's/^/    | qemu: /' "$RUN/qemu.err" | tail -n 20
	[[ ! -s $RUN/console ]] || tail -n 40 "$RUN/console" | tr -d '\r' | sed 's/^/    | console: /'
}

# Reads until QEMU ends, the emulation fails or DEADLINE passes. Sets BEGUN (name), LEFT (the queue for the next boot), BROKEN and
# OUTCOME.
read_lines() {
	local line='' part status
	while (($(seconds) < DEADLINE)); do
		IFS= read -r -t 5 -u "$LINES_FD" part && status=0 || status=$?
		line+=$part
		if ((status == 0)); then
			take_line "$line"
			line=
		elif ((status <= 128)); then # not a time-out
			OUTCOME=ended
			return
		elif lost_timer; then
			BROKEN="a timer of its kernel never rings"
			return
		fi
	done
	OUTCOME=timeout
}

# Once in some hundred boots the timer of an emulated CPU rings no more: whoever sleeps on that CPU sleeps for ever. The kernel tells
# after 21 s.
lost_timer() { grep -q "kthread timer wakeup didn't happen" "$RUN/console"; }

take_line() {
	local word name rest
	case $1 in
	@*)
		read -r word name rest <<<"$1"
		take_word "$word" "$name" "$rest"
		;;
	"ok - "*) PASSED=$((PASSED + 1)) COUNTED=$((COUNTED + 1)); printf '%s\n' "$1" ;;
	"not ok - "*) FAILED=$((FAILED + 1)) COUNTED=$((COUNTED + 1)); printf '%s\n' "$1" ;;
	*) printf '%s\n' "$1" ;;
	esac
}

take_word() { # @WORD NAME REST
	case $1 in
	@begin)
		BEGUN=$2
		[[ $3 != 1 ]] || COUNTED=0 BEFORE="$PASSED $FAILED"
		set_deadline $(($(header "$2" timeout 180) + GRACE))
		say "$2, phase $3, $(($(seconds) - BOOTED)) s after power on"
		;;
	@again) AGAIN="$2 $3" ;;
	@end)
		((COUNTED > 0)) || take_line "not ok - $2: ran no check"
		BEGUN=
		set_deadline "$BOOT_TIMEOUT"
		LEFT=("${LEFT[@]:1}")
		;;
	@pull) pull_device "$2" ;;
	@broken) BROKEN="$2 $3" ;;
	@dirty) say "the next scenario gets a fresh boot: $2 $3" ;;
	*) say "unknown line: $*" ;;
	esac
}

# Opened to read as well: else this would wait for a QEMU that has gone. The second greeting of a boot is refused; no matter.
pull_device() { # ID
	printf '{"execute":"qmp_capabilities"}\n{"execute":"device_del","arguments":{"id":"%s"}}\n' "$1" 1<>"$RUN/monitor.in"
}

set_deadline() { # SECONDS from now, but not past the whole run's
	DEADLINE=$(($(seconds) + $1))
	[[ -z $RUN_DEADLINE ]] || ((DEADLINE < RUN_DEADLINE)) || DEADLINE=$RUN_DEADLINE
}

# boot TOPOLOGY MODE: one boot for the queue LEFT, of "NAME PHASE"; afterwards LEFT holds what has still to be run.
boot() {
	local waiting=${#LEFT[@]}
	BEGUN='' AGAIN='' OUTCOME='' BROKEN='' BOOTED=$(seconds)
	: >"$RUN/console"
	queue_lines >"$RUN/out/queue"
	set_deadline "$BOOT_TIMEOUT"
	start_machine "$1" "$2"
	read_lines
	stop_machine
	if [[ -n $AGAIN ]]; then
		LEFT[0]=$AGAIN
	elif [[ -n $BROKEN ]] && ((REPEATS > 0)); then
		repeat_boot
	elif [[ $OUTCOME != ended ]]; then
		failed "${BEGUN:-the emulated host} hangs, or --timeout is over"
		[[ -n $BEGUN ]] && LEFT=("${LEFT[@]:1}") || LEFT=()
	elif [[ -n $BEGUN ]]; then
		failed "$BEGUN: the emulated host went away in the middle"
		LEFT=("${LEFT[@]:1}")
	elif ((${#LEFT[@]} == waiting)); then
		failed "the emulated host ended before it ran a scenario"
		LEFT=()
	fi
}

# What the broken host found of its scenario does not count.
repeat_boot() {
	REPEATS=$((REPEATS - 1))
	say "once more${BEGUN:+, $BEGUN}: in the emulated host $BROKEN"
	show_console
	[[ -n $BEGUN ]] || return 0
	read -r PASSED FAILED <<<"$BEFORE"
	LEFT[0]="$BEGUN 1"
}

queue_lines() { # NAME PHASE TIMEOUT
	local entry
	for entry in "${LEFT[@]}"; do
		echo "$entry $(header "${entry% *}" timeout 180)"
	done
}

# --- all of them ---------------------------------------------------------------------------------------------------------------

run_group() { # TOPOLOGY INIT NAME...
	local topology=$1 mode=queue name SLEEPS
	[[ $2 != systemd ]] || mode=systemd
	shift 2
	LEFT=()
	for name in "$@"; do LEFT+=("$name 1"); done
	prepare_packages_of "$1"
	SLEEPS=$(header "$1" sleeps no)
	[[ $SLEEPS != yes ]] || prepare_image
	while ((${#LEFT[@]} > 0)); do
		# Disks are new for each scenario that begins; after a power cut they are what they were.
		[[ ${LEFT[0]} != *" 1" ]] || rm -rf "$RUN"/*.img "$RUN/out/keep"
		mkdir -p "$RUN/out/keep"
		boot "$topology" "$mode"
	done
}

# Sets CHOSEN: a scenario of hostler's without hostler fails here, not after its waits.
choose() { # NAME...
	local name
	CHOSEN=()
	for name in "$@"; do
		if [[ $(header "$name" needs nothing) == hostler && -z ${HOSTLER_STAGE:-} ]]; then
			take_line "not ok - $name: needs HOSTLER_STAGE"
		else
			CHOSEN+=("$name")
		fi
	done
}

run_groups() { # NAME...
	local -A groups=()
	local -a order=()
	local name key
	for name in "$@"; do
		key=$(boot_key "$name")
		[[ -n ${groups[$key]:-} ]] || order+=("$key")
		groups[$key]+=" $name"
	done
	for key in "${order[@]}"; do
		# shellcheck disable=SC2086 # words: TOPOLOGY INIT, and names
		run_group ${key% *} ${groups[$key]}
	done
}

run() {
	local -a names=()
	local name started
	CONSOLE='' TOPOLOGY=''
	while (($# > 0)); do
		case $1 in
		--keep-console) CONSOLE=${2:?--keep-console needs a file}; shift 2; : >"$CONSOLE" ;;
		--timeout) RUN_DEADLINE=$(($(seconds) + ${2:?--timeout needs seconds})); shift 2 ;;
		--topology) TOPOLOGY=${2:?--topology needs a name}; shift 2 ;;
		-*) die "unknown option $1" ;;
		*) names+=("$1"); shift ;;
		esac
	done
	((${#names[@]} > 0)) || mapfile -t names < <(usual_scenarios)
	for name in "${names[@]}"; do
		[[ -f $LAB/scenarios/$name ]] || die "no scenario $name; there are: $(list_scenarios | tr '\n' ' ')"
	done
	[[ -z $TOPOLOGY || -f $LAB/topologies/$TOPOLOGY ]] || die "no topology $TOPOLOGY"
	started=$(seconds)
	prepare_run
	choose "${names[@]}"
	run_groups "${CHOSEN[@]}"
	keep_capabilities
	say "$(($(seconds) - started)) s"
	echo "$PASSED passed, $FAILED failed"
	((FAILED == 0))
}
