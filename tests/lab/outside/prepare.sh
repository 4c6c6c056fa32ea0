# What the lab boots: Debian's kernel with its modules, and two small initramfs. Sourced by `lab`; nothing is installed.
#
# The kernel is cached in $CACHE/<package>_<version>/ as vmlinux and modules/<release>/. The initramfs are made anew for each
# run: that takes a third of a second, and nobody boots yesterday's by mistake. Packages are cached in $CACHE/packages/.

CACHE=${HOSTLER_LAB_CACHE:-/var/cache/hostler-lab}

# The package that the meta package depends on today, as "linux-image-6.1.0-56-amd64 6.1.192-2".
kernel_package() {
	local name version
	name=$(apt-cache depends linux-image-amd64 2>/dev/null | awk '$1 == "Depends:" { print $2; exit }')
	[[ -n $name ]] || return 1
	version=$(apt-cache show "$name" 2>/dev/null | awk '$1 == "Version:" { print $2; exit }')
	[[ -n $version ]] && echo "$name $version"
}

# Sets KERNEL, the cached kernel's folder. Without apt's lists (no apt-get update yet, no network) the newest cached one will do.
find_kernel() {
	local name version
	if read -r name version < <(kernel_package); then
		KERNEL=$CACHE/${name}_${version}
	else
		KERNEL=$(find "$CACHE" -mindepth 1 -maxdepth 1 -type d -name 'linux-image-*' ! -name '*.part.*' 2>/dev/null | sort -V | tail -n 1)
		[[ -n $KERNEL ]] || die "apt knows no linux-image-amd64 (apt-get update?) and $CACHE holds no kernel"
	fi
}

# linux-image's bzImage -> the ELF inside it. Booted by PVH it saves each boot the decompression, which under TCG takes seconds.
# Offsets: Documentation/arch/x86/boot.rst (setup_sects, payload_offset, payload_length).
extract_vmlinux() {
	local image=$1 sects offset length magic unpack
	sects=$(od -An -tu1 -j $((0x1f1)) -N 1 "$image")
	offset=$(od -An -tu4 -j $((0x248)) -N 4 "$image")
	length=$(od -An -tu4 -j $((0x24c)) -N 4 "$image")
	offset=$(((sects + 1) * 512 + offset))
	magic=$(od -An -tx1 -j "$offset" -N 4 "$image" | tr -d ' ')
	case $magic in
	fd377a58) unpack="xz -dc --single-stream" ;;
	28b52ffd) unpack="zstd -dcq" ;;
	1f8b*) unpack="gzip -dcq" ;;
	*) die "$image: payload of unknown compression (magic $magic)" ;;
	esac
	# The payload ends in four bytes of size that no decompressor knows: they complain, the output is whole, and `file` decides.
	tail -c +$((offset + 1)) "$image" | head -c "$length" | $unpack 2>/dev/null || true
}

# fetch_package DIR: unpacked there.
fetch_package() {
	mkdir -p "$1/deb"
	# As root apt warns that its own user cannot write here; the download is fine.
	(cd "$1/deb" && apt-get download -qq "$(basename "${KERNEL%%_*}")" 2>"$1/apt.log") || die "apt-get download: $(cat "$1/apt.log")"
	dpkg -x "$1"/deb/*.deb "$1/tree"
}

# The compressed kernel as it came, for hosts that sleep: QEMU writes an ELF kernel's first contents into memory again at each reset
# of the machine, and waking from S3 is one.
prepare_image() {
	local part=$KERNEL.part.$$
	[[ ! -e $KERNEL/vmlinuz ]] || return 0
	say "fetching ${KERNEL##*/} once more, for vmlinuz"
	fetch_package "$part"
	mv "$part"/tree/boot/vmlinuz-* "$KERNEL/vmlinuz"
	rm -r "$part"
}

# Idempotent; two runs at once do not meet, for each builds beside and renames.
prepare_kernel() {
	local part
	find_kernel
	[[ ! -e $KERNEL/complete ]] || return 0
	say "fetching ${KERNEL##*/}"
	part=$KERNEL.part.$$
	mkdir -p "$part/modules"
	fetch_package "$part"
	extract_vmlinux "$part"/tree/boot/vmlinuz-* >"$part/vmlinux"
	[[ $(head -c 4 "$part/vmlinux" | tail -c 3) == ELF ]] || die "no ELF kernel in ${KERNEL##*/}"
	mv "$part"/tree/lib/modules/* "$part/modules/" 2>/dev/null || mv "$part"/tree/usr/lib/modules/* "$part/modules/"
	# depmod -b wants DIR/lib/modules.
	mkdir "$part/lib" && ln -s ../modules "$part/lib/modules"
	depmod -b "$part" "$(ls "$part/modules")"
	rm -r "$part/tree" "$part/deb" "$part/apt.log"
	touch "$part/complete"
	rm -rf "$KERNEL"
	mv -T "$part" "$KERNEL" 2>/dev/null || rm -rf "$part" # another run was first
}

# Without its signature a module loads as well, and nothing has to be verified: under TCG in TCG that takes seconds.
# At the end: signature, struct module_signature (12 bytes, the last four the signature's length, big-endian), magic (28 bytes).
cut_signature() {
	local module=$1 length
	[[ $(tail -c 28 "$module" | tr -d '\n\0') == "~Module signature appended~" ]] || return 0
	length=$((16#$(tail -c 32 "$module" | head -c 4 | od -An -tx1 | tr -d ' ')))
	truncate -s -$((length + 12 + 28)) "$module"
}

# copy_modules TREE NAME...: the modules and all they need, as a tree for busybox's modprobe, which knows no compression.
copy_modules() {
	local release path target
	release=$(ls "$KERNEL/modules")
	target=$1/lib/modules/$release
	mkdir -p "$target"
	modprobe --dirname "$KERNEL" --set-version "$release" --show-depends --all "${@:2}" |
		awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r path; do
		case $path in
		*.xz) xz -dc "$path" ;;
		*.zst) zstd -dcq "$path" ;;
		*.gz) gzip -dc "$path" ;;
		*) cat "$path" ;;
		esac >"$target/$(basename "${path%.ko*}").ko"
		cut_signature "$target/$(basename "${path%.ko*}").ko"
	done
	depmod -b "$1" "$release" 2>/dev/null # it misses modules.order and modules.builtin, which nobody here reads
}

# make_initramfs OUTPUT INIT: with the programs and modules that INIT names in its header.
make_initramfs() {
	local tree applet
	tree=$(mktemp -d "$RUN/initramfs.XXXXXX")
	mkdir -p "$tree"/{bin,dev,proc,sys,etc}
	cp "$(command -v busybox)" "$tree/bin/busybox"
	install -m 755 "$2" "$tree/init"
	# Links only for what the init uses: making all 270 takes the nested guest 15 s.
	for applet in $(sed -n 's/^# Uses: //p' "$2"); do
		ln -s busybox "$tree/bin/$applet"
	done
	# shellcheck disable=SC2046 # words
	copy_modules "$tree" $(sed -n 's/^# Modules: //p' "$2")
	# Not compressed: unpacking is what costs under TCG.
	(cd "$tree" && find . | cpio --quiet -o -H newc) >"$1"
	rm -r "$tree"
}

prepare_initramfs() {
	make_initramfs "$RUN/host.cpio" "$LAB/inside/init"
	make_initramfs "$RUN/out/guest.cpio" "$LAB/guest/init"
}

# --- what a test needs besides the machine's own packages --------------------------------------------------------------------

# prepare_packages NAME...: sets PACKAGES to a tree of these packages of Debian's with what apt would install along with them here, and
# of SUITE:NAME alone from another of Debian's suites. It is made once. Nothing is installed: it is laid over the machine's root
# where it is wanted, and no script of theirs has run.
prepare_packages() {
	local name tree=$* part
	tree=${tree// /+}
	PACKAGES=$CACHE/packages/${tree//:/-} # for mount(8) a colon has a meaning
	[[ ! -d $PACKAGES ]] || return 0
	part=$PACKAGES.part.$$
	say "fetching $*"
	mkdir -p "$part"/tree/usr/{bin,sbin,lib,lib64}
	ln -s usr/{bin,sbin,lib,lib64} "$part/tree/" # as in the machine's root, and they must stay so
	for name in "$@"; do
		rm -rf "$part/deb"
		mkdir -p "$part/deb/partial"
		fetch_package "$part" "$name" >"$part/apt.log" 2>&1 || die "apt-get: $(cat "$part/apt.log")"
		unpack_packages "$part"
	done
	# As their scripts would: compiling is what Python is slow with.
	find "$part/tree/usr" -type d -name '*-packages' -exec python3 -m compileall -q {} + >/dev/null
	mv -T "$part/tree" "$PACKAGES" 2>/dev/null || true # another run was first
	rm -rf "$part"
}

fetch_package() { # PART [SUITE:]NAME
	local options=(-qq -o Debug::NoLocking=true -o Dir::Cache::archives="$1/deb")
	if [[ $2 != *:* ]]; then
		apt-get install -y "${options[@]}" --download-only --no-install-recommends "$2"
		return
	fi
	mkdir -p "$1/lists/partial"
	echo "deb http://deb.debian.org/debian ${2%:*} main" >"$1/sources.list"
	options+=(-o Dir::Etc::SourceList="$1/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$1/lists"
		-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=)
	apt-get "${options[@]}" update && (cd "$1/deb" && apt-get "${options[@]}" download "${2#*:}")
}

unpack_packages() { # PART; there is none when the machine has them all
	local deb
	find "$1/deb" -name '*.deb' | while read -r deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -C "$1/tree" -xf - --keep-directory-symlink --no-overwrite-dir
	done
}
