/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <linux/netlink.h>

#include "hostler/config.h"

/* The machine behind one door. `host/` opens it on the running kernel,
 * tests/fakehost/ plays the kernel. Nothing else touches sysfs, /proc, modules,
 * netlink sockets or D-Bus, and one object owns all paths. */

typedef struct _HostlerHost HostlerHost;

typedef struct {
	int pid;       /* 0: no process */
	guint64 start; /* field 22 of /proc/<pid>/stat: a pid that came round again differs */
} HostlerProcess;

/* Work on one device. It runs in a child of its own, which holds the lock
 * devices/<bdf>.inflight, because a kernel call on a device may never return
 * and then outlives SIGKILL: the child is lost, the caller is not. */
typedef enum {
	HOSTLER_JOB_DONE,
	HOSTLER_JOB_FAILED, /* `error` says why */
	HOSTLER_JOB_STUCK,  /* not back at the deadline, or an earlier one still is not */
} HostlerJobState;

typedef struct _HostlerJob HostlerJob;

struct _HostlerJob {
	const char *bdf; /* or what else is worked on, by a name of [a-z0-9-]: "image-0123456789abcdef" */
	const char *const *others; /* further devices that it touches, NULL at the end; NULL: none */
	gpointer data; /* of the caller, seen by the child as it was at the fork */
	HostlerJobState state;
	GKeyFile *answer; /* what the child filled in, also when it failed; never NULL after run_jobs */
	GError *error;    /* set unless done */
	/* NULL, or called once `state` is known, while other jobs may still be out: what need
	 * not wait for the slowest. Not in the child; may run jobs and clear nothing. */
	void (*over)(HostlerHost *host, HostlerJob *job);
	gpointer over_data; /* for it alone */
};

/* Frees what the jobs own, not the array. */
void hostler_jobs_clear(HostlerJob *jobs, gsize n_jobs);

/* Runs in the child; may call the pci_ doors. FALSE with `error` set fails the job. */
typedef gboolean (*HostlerJobFunc)(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error);

/* Which use of a device counts as one; the second includes the first. */
typedef enum {
	HOSTLER_USE_NEEDED, /* what the host would lose: mounted, swap, default route, a program that has it open */
	HOSTLER_USE_ANY,    /* also what is merely awake: an interface that is up, any block device */
} HostlerUse;

typedef enum {
	HOSTLER_HELPER_WATCH,
	HOSTLER_HELPER_METRICS,
	HOSTLER_HELPER_SETTLE, /* `hostler settle`, for what a hook has no time to wait for */
} HostlerHelper;

#define HOSTLER_MAC_BYTES 6

/* Who answers behind a bridge, as the kernel's neighbour table has it. */
typedef struct {
	int family;                    /* AF_INET or AF_INET6 */
	guint8 address[16];            /* its first 4 bytes, or all */
	guint8 mac[HOSTLER_MAC_BYTES];
	gboolean fresh; /* it was heard of within the last minute, or is just being asked; FALSE: once */
} HostlerNeighbour;

/* A socket that a program of the host takes connections, or datagrams, at. */
typedef struct {
	int family;           /* AF_INET or AF_INET6 */
	guint8 address[16];   /* its first 4 bytes, or all; zero: every address of the host */
	gboolean both;        /* of IPv6, but takes what comes by IPv4 too */
	guint16 port;
	guint32 inode;        /* by which listener_owner() knows it */
} HostlerListener;

typedef struct {
	/* --- PCI. Each may sleep in the kernel for ever: only from within a job. --- */
	/* An attribute below the device's folder, "driver_override", "power/control";
	 * without the newline. A driver_override that is not set reads "(null)".
	 * HOSTLER_ERROR_ABSENT when it is not there. */
	char *(*pci_read)(HostlerHost *host, const char *bdf, const char *attribute, GError **error);
	/* As given and in one piece. "" is written as a newline, which is what clears
	 * driver_override and reset_method: the kernel never sees a write of nothing. */
	gboolean (*pci_write)(HostlerHost *host, const char *bdf, const char *attribute, const char *value,
			      GError **error);
	/* The last part of a link, "driver" or "iommu_group"; NULL without an error: no link. */
	char *(*pci_link)(HostlerHost *host, const char *bdf, const char *link, GError **error);
	/* Asks the bus to find the device a driver. Success says nothing: read the driver back. */
	gboolean (*pci_probe)(HostlerHost *host, const char *bdf, GError **error);
	/* Up to `length` bytes of configuration space from `offset`. */
	gboolean (*pci_config)(HostlerHost *host, const char *bdf, guint offset, guint8 *bytes, gsize length,
			       GError **error);
	gboolean (*pci_config_write)(HostlerHost *host, const char *bdf, guint offset, const guint8 *bytes,
				     gsize length, GError **error);

	/* What of the host stands on this device, a phrase each: "nvme0n1p2 is mounted
	 * on /home", "eth0 has the default route"; a few at most, the last then says
	 * how many more. Fit for a terminal. Empty: nothing. */
	GStrv (*pci_users)(HostlerHost *host, const char *bdf, HostlerUse use, GError **error);

	/* The module that is to hand this device to a VM: "vfio_pci", or the variant
	 * that modules.alias names best. NULL with an error. */
	char *(*pci_vfio_module)(HostlerHost *host, const char *bdf, GError **error);
	/* Whether its driver of now is such a one. FALSE without an error: another, or none. */
	gboolean (*pci_on_vfio)(HostlerHost *host, const char *bdf, GError **error);
	/* VFIO's reset of a whole slot, of which `bdfs` are all functions, on such a
	 * driver and not open; not empty. They are opened as by QEMU, which has the
	 * kernel reset the first by its reset_method besides, and closed again. The
	 * kernel makes sure itself that they are all and ours: HOSTLER_ERROR_ABSENT
	 * says that they are not, or that it has no such reset here, and nothing was
	 * reset by it. */
	gboolean (*pci_hot_reset)(HostlerHost *host, const char *const *bdfs, GError **error);

	/* NVIDIA's driver never comes back from an unbind while it has clients. TRUE:
	 * it has none now, or is not the driver; FALSE with HOSTLER_ERROR_VFIO_BUSY after
	 * two seconds of asking, or another error. Whoever does not unbind then unlocks. */
	gboolean (*gpu_unbind_lock)(HostlerHost *host, const char *bdf, GError **error);
	void (*gpu_unbind_unlock)(HostlerHost *host, const char *bdf);

	/* --- PCI, from the kernel's own memory: never sleeps on a device. --- */
	gboolean (*pci_exists)(HostlerHost *host, const char *bdf);
	/* The port that a device hangs below; NULL: it is on the root bus. */
	char *(*pci_port)(HostlerHost *host, const char *bdf);
	/* BDFs of the devices right below a port, sorted. */
	GStrv (*pci_below)(HostlerHost *host, const char *port);
	/* BDFs of all devices, sorted; never NULL. */
	GStrv (*pci_devices)(HostlerHost *host);
	/* The numbers of all IOMMU groups, as text, in their order; never NULL. Empty: no IOMMU. */
	GStrv (*groups)(HostlerHost *host);
	/* The number of the device's IOMMU group; NULL: it is in none. */
	char *(*pci_group)(HostlerHost *host, const char *bdf);
	/* BDFs of an IOMMU group, sorted; NULL with an error when there is no such group. */
	GStrv (*group_members)(HostlerHost *host, const char *group, GError **error);

	/* What the kernel says of itself: the text of "/proc/cmdline", "/proc/cpuinfo" or
	 * another file below /proc, /sys/kernel, /sys/module, /sys/power, /sys/class/dmi, /sys/fs/selinux or
	 * /lib/modules, behind which no device stands, without the newline at its end. NULL: it is not
	 * there, or longer than 4 MiB. */
	char *(*kernel_text)(HostlerHost *host, const char *path);
	/* What the kernel's ring buffer holds, as syslog(2) gives it: each line begins with
	 * "<LEVEL>". NULL with an error: we may not read it. */
	char *(*kernel_log)(HostlerHost *host, GError **error);

	/* One line of an attribute of a network interface, "mtu"; NULL: it has none. What
	 * its driver is asked for ("speed") may sleep: only from within a job. */
	char *(*net_read)(HostlerHost *host, const char *name, const char *attribute);

	/* --- storage: only from within a job --- */
	/* What an image, a block device or a folder of a VM stands on: fills the group
	 * HOSTLER_STORAGE, see storage.h. With `tries` also what it can do. */
	gboolean (*storage_read)(HostlerHost *host, const char *path, gboolean tries, GKeyFile *facts,
				 GError **error);

	/* The same, without `tries`, from what the kernel has in its memory, and in no job:
	 * FALSE when a disk, a server or another process would have to be waited for, or
	 * might have to be. `facts` then says of a network file system what the path and the
	 * table of mounts tell; of others it has no meaning. */
	gboolean (*storage_peek)(HostlerHost *host, const char *path, GKeyFile *facts);

	/* --- jobs, bounded by the host's deadline; side by side --- */
	void (*run_jobs)(HostlerHost *host, HostlerJob *jobs, gsize n_jobs, HostlerJobFunc func);
	/* Whether a job on this device is still out. What one left that was killed goes. */
	gboolean (*job_in_flight)(HostlerHost *host, const char *bdf);

	/* --- what shows the host's desktop and its text consoles --- */
	/* The unit that is its display manager, "gdm.service"; NULL without an error:
	 * none runs. Both are bounded: HOSTLER_ERROR_DEADLINE says that systemd has the
	 * order and is not done with it, HOSTLER_ERROR_STOPPING that the host goes down
	 * and nothing was asked of systemd. */
	char *(*display_manager)(HostlerHost *host, GError **error);
	gboolean (*display_manager_switch)(HostlerHost *host, const char *unit, gboolean on, GError **error);

	/* Only from within a job, each of these four: it may sleep in the kernel. A
	 * switch that is as asked for, or whose object is gone, is left as it is. */
	/* "vtcon1": the text consoles that are shown by these devices and no other. */
	GStrv (*consoles)(HostlerHost *host, const char *const *bdfs, GError **error);
	gboolean (*console_switch)(HostlerHost *host, const char *console, gboolean on, GError **error);
	/* "efi-framebuffer/efi-framebuffer.0", platform driver and device: what owns a
	 * part of the device's memory since the firmware showed something there. */
	GStrv (*framebuffers)(HostlerHost *host, const char *bdf, GError **error);
	gboolean (*framebuffer_switch)(HostlerHost *host, const char *framebuffer, gboolean on, GError **error);

	/* --- the whole host --- */
	/* Why it cannot be suspended to RAM and woken by its clock, so that its devices lose
	 * their power meanwhile: a phrase. NULL: it can. */
	char *(*suspend_objection)(HostlerHost *host);
	/* Does so, for `seconds`, and returns when it is awake again. Only from within a job: it
	 * sleeps in the kernel, and waking is up to the machine. */
	gboolean (*suspend)(HostlerHost *host, guint seconds, GError **error);

	/* --- modules, processes, helpers --- */
	gboolean (*module_load)(HostlerHost *host, const char *module, GError **error);
	/* Bounded; one that is not there is no error. */
	gboolean (*module_unload)(HostlerHost *host, const char *module, GError **error);
	/* The module of a PCI driver, last, and before it those that use it, in the
	 * order in which they can be unloaded. Empty: it is no module. */
	GStrv (*driver_modules)(HostlerHost *host, const char *driver);
	gboolean (*driver_present)(HostlerHost *host, const char *driver);
	gboolean (*module_loaded)(HostlerHost *host, const char *module);
	/* The PCI driver that a loaded module brought; NULL: it is not loaded or has none. */
	char *(*module_driver)(HostlerHost *host, const char *module);
	/* The module that a PCI driver is in; NULL: built in, or there is no such driver. */
	char *(*driver_module)(HostlerHost *host, const char *driver);
	/* FALSE: no such process. */
	gboolean (*process_find)(HostlerHost *host, int pid, HostlerProcess *process);
	/* QEMU of the running VM `name`, from libvirt's pid file. */
	gboolean (*qemu_find)(HostlerHost *host, const char *name, HostlerProcess *process);
	/* libvirt's note on the running VM with this canonical UUID, a <domstatus> for
	 * hostler_domain_from_status(); NULL: it does not run, or its note cannot be read. */
	char *(*vm_xml)(HostlerHost *host, const char *uuid);
	/* Whether libvirt's note on the VM `name` says that it migrates to this host and has not arrived, so that of the
	 * guest nothing has run here. `came`: that it was to come is known, and asked is whether it has; of a QEMU that has
	 * just ended only this tells. FALSE also when there is no note to be read. */
	gboolean (*vm_arrives)(HostlerHost *host, const char *name, gboolean came);
	/* Why libvirt shut the VM `name` off last, in libvirt's words ("shutdown",
	 * "crashed"), from its log of the VM's QEMU; NULL: that does not tell. */
	char *(*shutoff_reason)(HostlerHost *host, const char *name);
	/* The name of a VM that libvirt runs, whichever; NULL: it runs none. */
	char *(*vm_running)(HostlerHost *host);
	/* Has a helper run, detached: by systemd's path units, or where there is no
	 * systemd by ourselves. */
	void (*helper_start)(HostlerHost *host, HostlerHelper helper);

	/* --- networks --- */
	/* The XML of every network that libvirt runs (char *). */
	GPtrArray *(*network_xmls)(HostlerHost *host);
	/* What libvirt's dnsmasq has leased on a bridge: the bytes of its file, of 8 MiB
	 * at most, with a NUL behind. NULL without an error: there is none.
	 * HOSTLER_ERROR_RECORD: it is longer. */
	char *(*lease_text)(HostlerHost *host, const char *bridge, gsize *length, GError **error);
	/* A descriptor that becomes readable when such a file changes; read it dry, close it. -1 with an error. */
	int (*leases_listen)(HostlerHost *host, GError **error);
	/* Whom the kernel knows behind a bridge (HostlerNeighbour); NULL with an error. */
	GArray *(*neighbours)(HostlerHost *host, const char *bridge, GError **error);
	/* The same as leases_listen() for neighbours, and what reads it dry: TRUE when one
	 * with a MAC of `guests` (lower case), or at an address of them (as inet_ntop() writes
	 * it; NULL at the end), is among them, or could be. */
	int (*neighbours_listen)(HostlerHost *host, GError **error);
	gboolean (*neighbours_heard)(HostlerHost *host, int fd, const char *const *guests);
	/* Where programs of the host listen (HostlerListener) by IPPROTO_...; NULL with an error. */
	GArray *(*listeners)(HostlerHost *host, int protocol, GError **error);
	/* Who has that socket, "sshd (pid 812)", fit for a terminal; NULL: nobody that can be seen. */
	char *(*listener_owner)(HostlerHost *host, guint32 inode);
	/* All addresses of the host's interfaces, both families, as inet_ntop() writes
	 * them; NULL with an error. */
	GStrv (*addresses)(HostlerHost *host, GError **error);
	/* Lets a frame leave a bridge by the port that it came in by. The flag goes with
	 * the interface. */
	gboolean (*port_hairpin)(HostlerHost *host, const char *port, GError **error);
	/* Whether the kernel routes 127.0.0.0/8 by a bridge: net.ipv4.conf.BRIDGE.route_localnet, which goes
	 * with the bridge. HOSTLER_ERROR_ABSENT: there is no such bridge. */
	gboolean (*route_localnet)(HostlerHost *host, const char *bridge, gboolean on, GError **error);
	/* The same of net.ipv4.conf.BRIDGE.arp_accept: whether who announces an address of the bridge's network
	 * unasked becomes a neighbour. */
	gboolean (*arp_accept)(HostlerHost *host, const char *bridge, gboolean on, GError **error);
	/* Sends a dump request to NETLINK_NETFILTER (nf_tables or ctnetlink), or with NLM_F_ACK one for a
	 * single object (also to delete it), and hands on each message of the answer
	 * (as mnl_cb_t: <= 0 ends it). A dump that the kernel changed
	 * meanwhile is asked for again; a missing object is an empty dump. */
	gboolean (*nft_dump)(HostlerHost *host, const struct nlmsghdr *request,
			     int (*each)(const struct nlmsghdr *message, void *data), gpointer data, GError **error);
	/* One transaction: all of the batch or nothing. HOSTLER_ERROR_STALE: the
	 * ruleset is no longer the one that the batch was made for (its generation
	 * id); dump again, build again. HOSTLER_ERROR_EXISTS: something that was to be
	 * new is there. */
	gboolean (*nft_commit)(HostlerHost *host, const void *batch, gsize length, GError **error);
	/* A non-blocking socket that is told of every change of the ruleset; the
	 * caller closes it. -1 with an error. */
	int (*nft_listen)(HostlerHost *host, GError **error);

	/* --- time --- */
	gint64 (*monotonic)(HostlerHost *host); /* microseconds, CLOCK_MONOTONIC */
	gint64 (*boottime)(HostlerHost *host);  /* seconds, CLOCK_BOOTTIME */
	void (*pause)(HostlerHost *host, gint64 microseconds);

	/* Frees what this kind of host keeps besides; may be NULL. */
	void (*close)(HostlerHost *host);
} HostlerHostOps;

struct _HostlerHost {
	const HostlerHostOps *ops;
	char *run_dir;     /* "/run/hostler" */
	char *log_dir;     /* "/var/log/hostler" */
	char *config_file; /* "/etc/hostler/hostler.conf" */
	char *quirks_dir;  /* "/usr/share/hostler/quirks"; the admin's own: quirks.d beside config_file */
	HostlerConfig config;
	char *boot_id;
	char *run;             /* id of this run of ours, new for each hook call */
	HostlerProcess caller; /* our parent when we began; pid 0: it was gone by then, or is init */
	gint64 deadline;       /* ops->monotonic() at which we must be done */
	GData *kept;           /* what was read once for all of this run, by names; freed with it */
};

/* The running machine; host/host.c. */
HostlerHost *hostler_host_open(void);
void hostler_host_free(HostlerHost *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostlerHost, hostler_host_free)

/* Microseconds until the deadline, never negative. */
gint64 hostler_host_time_left(HostlerHost *host);
/* Whether the parent we began with is still our parent. */
gboolean hostler_host_caller_lives(HostlerHost *host);
gboolean hostler_process_alive(HostlerHost *host, const HostlerProcess *process);
