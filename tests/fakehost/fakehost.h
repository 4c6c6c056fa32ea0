/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* A HostlerHost whose kernel, libvirt and clock are played in memory. It plays
 * what the kernel does upon a write, not only that it was written: drivers bind
 * and let go, a probe succeeds when nothing bound, a stuck device takes its
 * readers along. Records lie in a real temporary folder. Freed, like any host,
 * by hostler_host_free().
 *
 * The description is a key file. Every key has a default:
 *
 *   [device 0000:01:00.0]    sysfs attributes by name (`vendor`, `power/control`,
 *                            ...; `-` for one that is not there) and
 *     driver=e1000e          bound now; empty: none
 *     native=e1000e          whose ids match; default: `driver`, but for vfio-pci
 *     iommu_group=14         empty: no IOMMU
 *     port=0000:00:01.0      the port it hangs below
 *     users=eth0 has the default route
 *                            what of the host needs it, phrases parted by `;`
 *     stirs=eth0 is up       what else is awake there, for HOSTLER_USE_ANY beside `users`
 *     dead=yes               configuration space reads ff
 *     resets=flr             methods that do reset it; default: all of them
 *     refuses=bus            methods that answer ENOTTY, whatever they did
 *     reprobed=pm            what `default` written to reset_method leaves
 *     selectable=acpi        further methods that can be asked for by name
 *     spoils=flr:bars        what is wrong after a method: `ff`, `bars`, `ids`, `class`, `header`, `d3`, `pending`,
 *                            `size` (of BAR 0), `resized` (with rebar=yes)
 *     mends=slot             methods after which nothing is wrong any more
 *     sleeps=D3cold          how deep it sleeps with power/control=auto, on vfio-pci and d3cold_allowed; a slot
 *                            is `slot` in spoils and mends, and d3cold and suspend to RAM are `d3cold` and
 *                            `suspend` in all of them
 *     hot_reset=no           VFIO has no reset of its slot; else it is that of `slot`
 *     allocated=yes          its BARs read 0, for it has Enhanced Allocation; those of class 0x0101xx do as well
 *     virtual=yes            a function whose ids and BARs read ffff and 0, as the standard has it
 *     returns=no             it is not found again when it was removed
 *     msi=no                 no MSI capability
 *     vfio_module=vfio_pci   what modules.alias names best for handing it to a VM
 *     unbind_lock=0          of NVIDIA's driver; `busy`: an unbind never returns
 *     sriov_numvfs=4         virtual functions, until its driver lets go of it
 *     clients=X (pid 9) ...  as `users`, while the desktop runs
 *     console=yes            text consoles are shown on it
 *     framebuffers=efi-framebuffer/efi-framebuffer.0   own a part of its memory
 *   [driver vfio-pci]        present=no, loadable=yes, as for all that are named
 *                            ...vfio-pci or ...vfio_pci; other drivers are present
 *     module=vfio_pci        default: its name; `-`: built in
 *     holders=nvidia_drm     modules that use the driver's, parted by `;`
 *     needs_device=true      it is loaded only where a device waits for it
 *   [display]                unit=gdm.service: a display manager that runs,
 *                            leaves=3: seconds until `clients` go when it stops,
 *                            or `never`, consoles=vtcon1;vtcon2, stopping=yes:
 *                            the host goes down
 *   [process 100]            start=1000
 *   [caller]                 pid=100: libvirtd; it is a process without a group too
 *   [image /vm/a.qcow2]      facts of storage.h; default: ext4 on SSD. Without a group there is no such file
 *   [interface eth0]         mtu=1500 and other attributes of /sys/class/net
 *   [kernel]                 /proc/cmdline=ro quiet: what kernel_text() reads there; nothing
 *                            elsewhere. log=<6>line\n<4>line: its log; without: may not be read.
 *                            no-suspend=its kernel ...: why it cannot be suspended
 *   [config]                 loopback=true: forwards on 127.0.0.1, as in hostler.conf
 *   [network default]        xml=<network>...</network>, on one line
 *   [sockets]                listen=tcp 0.0.0.0 22 sshd (pid 812): programs of the host, parted by `;`
 *   [bridge virbr0]          leases=[...]: libvirt's file of them, on one line,
 *     neighbours=192.168.122.50 52:54:00:00:00:01 fresh
 *                            whom the kernel knows there, `fresh` or `stale`, parted by `;`
 */
HostlerHost *fakehost_new(const char *description, GError **error);

/* The next call of ours, as after an exec: new run id, new deadline, the
 * libvirtd of now as caller. fakehost_new() has begun the first. */
void fakehost_begin(HostlerHost *host);

/* Whether a `hostler settle` was called for since it was last asked. */
gboolean fakehost_settle_asked(HostlerHost *host);

/* --- what was done: one line a write, in order --- */
const char *fakehost_transcript(HostlerHost *host);
void fakehost_transcript_clear(HostlerHost *host);
void fakehost_note(HostlerHost *host, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Devices that are not as the description found them, a line each fact; "" if
 * all are. Owned by the caller. */
char *fakehost_differences(HostlerHost *host);

/* --- what goes wrong ---
 *
 *   DOOR BDF [ATTRIBUTE] [#N] EFFECT     the Nth such call from now on; #* each
 *
 * DOOR is read, write, link, probe, config, config-write, users, vfio-module,
 * on-vfio, unbind-lock, hot-reset (ATTRIBUTE for the first three only), or without a BDF
 * `modprobe MODULE`, `rmmod MODULE`, `firewall`, `suspend`, `manager which|stop|start`,
 * `consoles all`, `console NAME`, `framebuffers BDF`, `framebuffer NAME`,
 * `storage PATH`. EFFECT:
 *   EBUSY, EIO, ...   the kernel refuses
 *   hang              it never returns; what it would have done happens at let_go
 *   nothing           it succeeds and has done nothing
 *   vanish            the device is pulled out
 *   caller dies       libvirtd is killed at that moment
 *   vm starts         libvirt runs another VM from then on, called stranger
 *   run dies          our own run is: nothing more reaches the machine
 *   slow              it works, and leaves but a second until the deadline
 */
gboolean fakehost_fault(HostlerHost *host, const char *fault, GError **error);
/* The same by number: the nth door of all that are opened from now on, reads
 * included. */
void fakehost_fault_at(HostlerHost *host, guint n, const char *effect);
/* None of those that have not happened yet will. */
void fakehost_faults_forget(HostlerHost *host);
guint fakehost_doors(HostlerHost *host);
/* The device that the oldest of the hanging children is in; NULL: none hangs. */
const char *fakehost_hanging(HostlerHost *host);
/* The kernel comes back to the child that hangs on this device. FALSE: none does. */
gboolean fakehost_let_go(HostlerHost *host, const char *bdf);
/* Whether this run was killed. Then nothing of what it did since counts, and
 * the records are set back to that moment. */
gboolean fakehost_run_died(HostlerHost *host);

/* --- what happens meanwhile --- */
void fakehost_clock(HostlerHost *host, gint64 seconds);
/* Any fact of a device, by its name in the description; NULL: not there. The
 * BDF "display" sets one of [display]. */
const char *fakehost_get(HostlerHost *host, const char *bdf, const char *fact);
void fakehost_set(HostlerHost *host, const char *bdf, const char *fact, const char *value);
/* Its module is unloaded: its devices have no driver. */
void fakehost_driver_end(HostlerHost *host, const char *driver);
/* What libvirt notes of a running VM, a <domstatus>; NULL: nothing any more. */
void fakehost_vm_xml_set(HostlerHost *host, const char *uuid, const char *xml);
/* Whether a VM is on its way from another host. */
void fakehost_vm_arrives_set(HostlerHost *host, const char *vm, gboolean arrives);
/* What libvirt's log of the VM's QEMU says from now on. */
void fakehost_shutoff_reason_set(HostlerHost *host, const char *vm, const char *reason);
/* What dnsmasq has leased on a bridge, the text of libvirt's file; NULL: there is none; "!is torn": it
 * cannot be read, and the error says "it is torn". And
 * whom the kernel knows there, as in the description. */
void fakehost_leases_set(HostlerHost *host, const char *bridge, const char *text);
void fakehost_neighbours_set(HostlerHost *host, const char *bridge, const char *text);
/* A device is pulled out; it, or what is there of it already, is plugged in and is
 * as the description found it. */
void fakehost_pull(HostlerHost *host, const char *bdf);
void fakehost_plug(HostlerHost *host, const char *bdf);
void fakehost_process_start(HostlerHost *host, int pid, guint64 start);
void fakehost_process_end(HostlerHost *host, int pid);
/* QEMU of a VM runs, and opens those of `bdfs` that are on vfio-pci. */
void fakehost_qemu_start(HostlerHost *host, const char *name, const char *const *bdfs);
void fakehost_qemu_end(HostlerHost *host, const char *name);
/* libvirtd is killed, and another one started. */
void fakehost_caller_end(HostlerHost *host);
void fakehost_caller_start(HostlerHost *host);
