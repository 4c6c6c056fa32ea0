# A VM that reads and writes known bytes, and what its book says of them. Sourced by `run`.
# shellcheck shell=bash

exact_requests=200
exact_folder=$work/exact # on a disk of this machine; /var/lib/libvirt is a tmpfs here

# A boot sector that reads a sector of each of three disks and writes it back, so many times, and then rests:
#   sti; xor ax,ax; mov ds,ax; mov es,ax; mov bp,80
#   drive: mov si,200
#   again: (mov ax,0201; mov bx,7e00; mov cx,2; mov dx,bp; int 13), the same with 0301; dec si; jnz again
#   inc bp; cmp bp,83; jnz drive; rest: hlt; jmp rest
exact_sector() {
	printf '\xfb\x31\xc0\x8e\xd8\x8e\xc0\xbd\x80\x00\xbe\xc8\x00'"$(exact_int13 '\x02')$(exact_int13 '\x03')"
	printf '\x4e\x75\xe3\x45\x81\xfd\x83\x00\x75\xd9\xf4\xeb\xfd'
}
exact_int13() { printf '%s' '\xb8\x01'"$1"'\xbb\x00\x7e\xb9\x02\x00\x89\xea\xcd\x13'; }

exact_images() {
	mkdir -p "$exact_folder" && truncate -s 1M "$exact_folder/raw.img" /var/lib/libvirt/images/exact.img || return
	exact_sector | dd of="$exact_folder/raw.img" conv=notrunc status=none
	printf '\x55\xaa' | dd of="$exact_folder/raw.img" bs=1 seek=510 conv=notrunc status=none
	quietly qemu-img create -f qcow2 "$exact_folder/exact.qcow2" 1M
}
# The firmware finds a disk only when it might boot from it.
exact_disk() { # TARGET ORDER FORMAT FILE
	echo "<disk type='file' device='disk'><driver name='qemu' type='$3'/><source file='$4'/>
		<target dev='$1' bus='virtio'/><boot order='$2'/></disk>"
}
exact_xml() {
	vm_xml 5 exact 1 | sed "s/<boot dev='hd'.>//; /device='disk'/,/<\/disk>/d; /<\/emulator>/r "<(
		exact_disk vda 1 raw "$exact_folder/raw.img"
		exact_disk vdb 2 qcow2 "$exact_folder/exact.qcow2"
		exact_disk vdc 3 raw /var/lib/libvirt/images/exact.img
	)
}
exact_begin() { exact_images && exact_xml >"$work/vm5.xml" && v create "$work/vm5.xml" >/dev/null; }

# Of the first disk the firmware reads the boot sector, and whatever else it likes.
exact_totals="(.disks | map({key: .target, value: .}) | from_entries) as \$d | $exact_requests as \$n |
	([\$d.vda, \$d.vdb, \$d.vdc] | all(.write_ops == \$n and .write_bytes == \$n * 512 and .read_bytes == .read_ops * 512)) and
	\$d.vdb.read_ops == \$n and \$d.vdc.read_ops == \$n and \$d.vda.read_ops > \$n and \$d.vda.read_ops < \$n + 8"
test_exact() {
	check "a VM with a raw disk, a qcow2 and one on a tmpfs starts" exact_begin
	check "what it read and wrote is counted to the byte" wait_for 120 holds_quietly 5 "last | .event == \"sample\" and ($exact_totals)"
	end_vm 5
	check "and so does the report" eval 'wait_for 120 has_lines 5 report 1 && holds 5 "last | $exact_totals"'
}
