# What VMs' images are put on in the emulated host, without udev, mdadm or LVM, and a guest that works on them. Sourced by scenarios.
# shellcheck shell=bash disable=SC2034 # for scenarios

WORK=/mnt/storage
LOG=/var/log/hostler
METADATA="<hostler:vm xmlns:hostler='urn:hostler:1'><hostler:metrics interval='1'/></hostler:vm>"
BELOW="loop on ext4 on NVMe" # where the loop devices lie

mounted() { # NAME DEVICE [TYPE]
	mkdir -p "$WORK/$1" && "mkfs.${3:-ext4}" -q "$2" && mount "$2" "$WORK/$1"
}

# loops N MIB: sets LOOP to so many devices, on files of the NVMe's file system.
LOOPS=0
loops() {
	local file
	LOOP=()
	for ((i = 0; i < $1; i++)); do
		file=$WORK/ext4/disk$((LOOPS++))
		truncate -s "$2M" "$file"
		LOOP+=("$(losetup --find --show "$file")") || return
	done
}

# array NAME LEVEL KIB: an md of the devices in LOOP, through sysfs, without a superblock.
array() {
	local md=/sys/block/$1/md slot=0 device
	echo "$1" >/sys/module/md_mod/parameters/new_array
	echo none >"$md/metadata_version"
	echo "$2" >"$md/level"
	echo "${#LOOP[@]}" >"$md/raid_disks"
	[[ $2 == raid1 ]] || { echo 65536 >"$md/chunk_size"; echo 2 >"$md/layout"; }
	echo "$3" >"$md/component_size"
	for device in "${LOOP[@]}"; do
		cat "/sys/block/${device##*/}/dev" >"$md/new_dev"
		echo $((slot++)) >"$md/dev-${device##*/}/slot"
	done
	echo none >"$md/resync_start"
	echo active >"$md/array_state"
	contains "active clean" "$(<"$md/array_state")"
}

make_ext4() { mounted ext4 "/dev/$(disk_of "$NVME_A")"; }
make_tmpfs() { mkdir -p "$WORK/tmpfs" && mount -t tmpfs -o size=16m tmpfs "$WORK/tmpfs"; }
make_raid1() { modprobe raid1 && loops 2 48 && array md121 raid1 40960 && mounted raid1 /dev/md121; }
make_raid5() { modprobe raid456 && loops 3 48 && array md125 raid5 40960 && mounted raid5 /dev/md125; }
make_storage() { # KIND...: a check each
	local kind
	modprobe -a loop md_mod dm_mod
	for kind in "$@"; do
		check "storage: $kind" "make_$kind" || dmesg | tail -n 5 | indent
		step "$kind"
	done
}

disk_xml() { # IMAGE CACHE [TARGET]
	echo "<disk type='file' device='disk'><driver name='qemu' type='raw' cache='$2'/><source file='$1'/>
		<target dev='${3:-vda}' bus='virtio'/></disk>"
}

# make_guest IMAGE: a boot sector that reads a sector of its disk and writes it back at each tick of the clock, for ever:
# sti; xor ax,ax; mov ds,ax; mov es,ax; again: int 13 reads, int 13 writes; hlt; jmp again
INT13='\xbb\x00\x7e\xb9\x02\x00\xba\x80\x00\xcd\x13'
make_guest() {
	truncate -s 1M "$1"
	printf "\xfb\x31\xc0\x8e\xd8\x8e\xc0\xb8\x01\x02$INT13\xb8\x01\x03$INT13\xf4\xeb\xdf" | dd of="$1" conv=notrunc status=none
	printf '\x55\xaa' | dd of="$1" bs=1 seek=510 conv=notrunc status=none
}

# The last start record of a VM as lines "SOURCE KEY VALUE" for each disk, in $LAB_RUN/record, so that jq starts once.
read_record() { # VM
	cat "$LOG/$1"-*.jsonl | jq -rs 'map(select(.event == "start"))[-1].disks[] | . as $disk | to_entries[] |
		"\($disk.source) \(.key) \(.value)"' >"$LAB_RUN/record"
}
recorded() { # IMAGE KEY: its value there
	local source key value
	while read -r source key value; do
		[[ $source != "$1" || $key != "$2" ]] || echo "$value"
	done <"$LAB_RUN/record"
}
has_started() { # VM TIMES
	is "$(cat "$LOG/$1"-*.jsonl | jq -r 'select(.event == "start") | .event' | wc -l)" "$2"
}

# What `hostler check` says of a VM, in $LAB_RUN/check; its status is hostler's.
finds() { hostler check "$1" >"$LAB_RUN/check"; }
says() { contains "$(<"$LAB_RUN/check")" "$1"; }
