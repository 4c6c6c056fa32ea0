# QEMU's arguments for the emulated host. Sourced by `lab`; machine_arguments fills the array MACHINE.

# --- the verbs of a topology file, on this side -------------------------------------------------------------------------------
# shellcheck disable=SC2317 # called by the topology file
root_port() { # PORT SLOT [OPTIONS]
	CHASSIS=$((CHASSIS + 1))
	MACHINE+=(-device "pcie-root-port,id=$1,bus=pcie.0,addr=$2,chassis=$CHASSIS${3:+,$3}")
}

upstream() { # PORT PARENT
	MACHINE+=(-device "x3130-upstream,id=$1,bus=$2")
}

downstream() { # PORT PARENT SLOT
	CHASSIS=$((CHASSIS + 1))
	MACHINE+=(-device "xio3130-downstream,id=$1,bus=$2,addr=$3,chassis=$CHASSIS")
}

device() { # NAME PORT FUNCTION MODEL
	local name=",id=$1"
	[[ $4 != *,id=* ]] || name=
	MACHINE+=(-device "$4,bus=$2,addr=0.$3$name")
}

attached() { # MODEL: sits on a bus of the device before it
	MACHINE+=(-device "$1")
}

# All network cards hang on one hub inside this QEMU, so they reach each other and nothing else. No ROM: a guest's firmware would
# run it and try to boot from the net.
nic() { # NAME PORT FUNCTION [OPTIONS]
	NICS=$((NICS + 1))
	MACHINE+=(-netdev "hubport,id=net$NICS,hubid=0")
	device "$1" "$2" "$3" "e1000e,netdev=net$NICS,romfile=,mac=52:54:00:4c:ab:0$NICS${4:+,$4}"
}

# A file, not null-co: that would lose what mkfs writes. It outlives a power cut within one scenario.
nvme() { # NAME PORT FUNCTION SIZE
	[[ -e $RUN/$1.img ]] || truncate -s "$4" "$RUN/$1.img"
	MACHINE+=(-drive "if=none,id=drive$1,format=raw,cache=writeback,file=$RUN/$1.img")
	device "$1" "$2" "$3" "nvme,serial=$1,drive=drive$1"
}

# ---------------------------------------------------------------------------------------------------------------------------

share() { # TAG DIR [OPTIONS]
	MACHINE+=(-fsdev "local,id=$1,path=$2,security_model=none,multidevs=remap${3:+,$3}"
		-device "virtio-9p-pci,fsdev=$1,mount_tag=$1")
}

# machine_arguments TOPOLOGY MODE CONSOLE, where MODE is queue, systemd or shell and CONSOLE one of QEMU's chardevs.
machine_arguments() {
	local topology=$1 mode=$2 console=$3 image=vmlinux append
	[[ ${SLEEPS:-no} != yes ]] || image=vmlinuz
	# norandmaps halves the time of every exec: TCG finds translated code again by its virtual address. quiet: the console is a slow
	# device. The others: nothing to calibrate, to test or to defend here, and no grace period to wait for.
	append="console=ttyS0 quiet panic=-1 intel_iommu=on norandmaps mitigations=off no_timer_check tsc=reliable audit=0"
	append+=" rcupdate.rcu_expedited=1 cryptomgr.notests"
	append+=" lab.mode=$mode lab.topology=$topology"
	CHASSIS=0 NICS=0
	MACHINE=(-name hostler-lab -M q35,kernel-irqchip=split -accel "tcg,thread=multi,tb-size=512"
		-cpu max,smap=off,smep=off,pku=off,la57=off -smp 2 -m "${HOSTLER_LAB_MEMORY:-2560M}"
		-nodefaults -audiodev none,id=silent -display none -monitor none -no-reboot
		-chardev "$console,id=console" -serial chardev:console
		-device "intel-iommu,intremap=on,caching-mode=on"
		-kernel "$KERNEL/$image" -initrd "$RUN/host.cpio")
	share root / readonly=on
	share tests "$LAB" readonly=on
	share bench "${LAB%/*}/bench" readonly=on
	share kernel "$KERNEL" readonly=on
	share out "$RUN/out"
	if [[ -n $PACKAGES ]]; then
		share packages "$PACKAGES" readonly=on
		append+=" lab.packages=yes"
	fi
	if [[ -n ${HOSTLER_STAGE:-} ]]; then
		share stage "$HOSTLER_STAGE" readonly=on
		append+=" lab.stage=yes"
	fi
	if [[ $mode != shell ]]; then
		# Test lines have a way of their own, apart from the noisy console. Not stdio: QEMU takes the end of stdin for a hang-up.
		MACHINE+=(-chardev "file,id=lines,path=$RUN/lines" -device virtio-serial-pci
			-device virtserialport,chardev=lines,name=hostler.lab.lines)
		# Its answers nobody reads: they are few, and fit into the pipe.
		MACHINE+=(-chardev "pipe,id=monitor,path=$RUN/monitor" -mon chardev=monitor,mode=control)
	fi
	# shellcheck source=/dev/null
	source "$LAB/topologies/$topology"
	MACHINE+=(-append "$append")
}
