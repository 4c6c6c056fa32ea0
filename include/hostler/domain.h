/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* A VM as libvirt's XML describes it, reduced to what hostler serves. Read by
 * exact element paths from the root: a <hostdev> inside <metadata> is text.
 * Every string is owned by its struct and may be NULL unless said otherwise. */

typedef enum {
	HOSTLER_PCI_HOSTDEV,   /* <hostdev type='pci'> */
	HOSTLER_PCI_NVME,      /* <disk type='nvme'> */
	HOSTLER_PCI_INTERFACE, /* <interface type='hostdev'>, or the device a VF pool gave */
} HostlerPciOrigin;

typedef struct {
	char *bdf;        /* canonical, "0000:01:00.0", never NULL */
	gboolean managed; /* libvirt would bind and return it */
	gboolean rom;     /* <rom file>: the guest finds its firmware in a file */
	HostlerPciOrigin origin;
} HostlerPciDevice;

typedef enum {
	HOSTLER_NIC_UNKNOWN,
	HOSTLER_NIC_NETWORK,
	HOSTLER_NIC_BRIDGE,
	HOSTLER_NIC_DIRECT, /* macvtap */
	HOSTLER_NIC_USER,
	HOSTLER_NIC_ETHERNET,
	HOSTLER_NIC_HOSTDEV,
	HOSTLER_NIC_INTERNAL,
	HOSTLER_NIC_VHOSTUSER,
	HOSTLER_NIC_VDPA,
	HOSTLER_NIC_VDS,
	HOSTLER_NIC_UDP,
	HOSTLER_NIC_CLIENT,
	HOSTLER_NIC_SERVER,
	HOSTLER_NIC_MCAST,
	HOSTLER_NIC_NULL,
} HostlerInterfaceType;

typedef struct {
	HostlerInterfaceType type;
	char *type_name; /* as in the XML, for messages and logs */
	char *mac;       /* lower case, "52:54:00:12:34:56" */
	char *network;   /* type network: the network's name */
	char *bridge;    /* type bridge, or network once it runs */
	char *source;    /* direct: the lower device; others: what <source> names */
	char *mode;      /* direct: vepa, bridge, private, passthrough */
	char *target;    /* host side, "vnet3"; only while the VM runs */
	char *model;
} HostlerInterface;

typedef struct {
	char *type;   /* file, block, nvme, network, dir, volume, vhostuser ... */
	char *device; /* disk, cdrom, floppy, lun */
	char *source; /* path, "pool/volume", "protocol:name" or a BDF */
	char *target; /* "vda" */
	char *bus;
	char *format; /* raw, qcow2 ... */
	char *cache;
	char *io;
} HostlerDisk;

/* One <range>. Ports are 1..65535 and start <= end, to + (end - start) <= 65535;
 * `exclude` takes its ports out of the other ranges of the same forward. No port
 * is left in two ranges of one VM, protocol and host address. */
typedef struct {
	guint16 start;
	guint16 end;
	guint16 to;
	gboolean exclude;
} HostlerPortRange;

typedef enum {
	HOSTLER_PROTO_TCP,
	HOSTLER_PROTO_UDP,
	HOSTLER_PROTO_SCTP,
	HOSTLER_N_PROTOS
} HostlerProto;

/* One <portForward>. */
typedef struct {
	HostlerProto proto;
	char *address; /* of the host, IPv4 or IPv6, as inet_ntop() writes it; NULL: every address */
	char *source;  /* who may come, "cidr[,cidr]", each masked by its prefix; IPv4 or IPv6 */
	char *rate;    /* new connections, "20/s": 1..1000000 for each s, m, h or d */
	char *mac;     /* which NIC of the VM, as HostlerInterface has it; NULL: the first on a NAT network */
	GArray *ranges; /* HostlerPortRange, at least one that is no `exclude` */
} HostlerForward;

typedef enum {
	HOSTLER_DISPLAY_KEEP,
	HOSTLER_DISPLAY_RELEASE,
} HostlerDisplay;

typedef enum {
	HOSTLER_COMPANIONS_BIND,
	HOSTLER_COMPANIONS_REFUSE,
	HOSTLER_COMPANIONS_GROUP,
} HostlerCompanions;

typedef enum {
	HOSTLER_RESET_AUTO,
	HOSTLER_RESET_OFF,
} HostlerReset;

/* What the VM's <metadata> asks of us: <vm xmlns="urn:hostler:1">. */
typedef struct {
	GPtrArray *forwards; /* HostlerForward, never NULL */
	HostlerDisplay display;
	HostlerCompanions companions;
	HostlerReset reset;
	guint metrics_interval; /* seconds, 1..3600; 0: hostler.conf decides */
} HostlerSettings;

/* What the VM is built of, as far as it matters to devices passed to it. What
 * libvirt's XML does not say, or not in a form we know, is NULL, 0 or FALSE. */
typedef struct {
	char *machine;       /* <os><type machine>: "pc-q35-7.2" */
	gboolean uefi;       /* <os firmware='efi'>, or a <loader type='pflash'> */
	gboolean kvm_hidden; /* <features><kvm><hidden state='on'> */
	gboolean hyperv;     /* <features><hyperv> */
	gboolean vendor_id;  /* <features><hyperv><vendor_id state='on'> */
	guint64 memory;      /* bytes */
	guint64 hard_limit;  /* bytes, of <memtune>; 0: none */
	gboolean huge_pages; /* <memoryBacking><hugepages> */
	guint64 huge_page;   /* bytes of a page; 0: the host's default */
} HostlerPlatform;

typedef struct {
	char *uuid; /* canonical lower case, never NULL */
	char *name; /* user text, never NULL */
	GPtrArray *devices;    /* HostlerPciDevice, no BDF twice */
	GPtrArray *interfaces; /* HostlerInterface */
	GPtrArray *disks;      /* HostlerDisk */
	HostlerPlatform platform;
	HostlerSettings settings;
} HostlerDomain;

#define HOSTLER_XML_MAX_BYTES (32 * 1024 * 1024)
#define HOSTLER_XML_MAX_DEPTH 256

/* NULL and HOSTLER_ERROR_XML, or HOSTLER_ERROR_SETTINGS for our own element, with
 * line, place and mend when the text is no domain we can serve; nothing is
 * returned half read. */
HostlerDomain *hostler_domain_from_xml(const char *xml, gsize length, GError **error);
/* The same of the <domstatus> that libvirt keeps of a running VM under
 * /run/libvirt/qemu: what the VM has now, plugged and unplugged since it started. */
HostlerDomain *hostler_domain_from_status(const char *xml, gsize length, GError **error);
void hostler_domain_free(HostlerDomain *domain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostlerDomain, hostler_domain_free)

const char *hostler_proto_name(HostlerProto proto);
