/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* IOMMU groups with their members, as `hostler groups` finds them. */

typedef struct {
	char *bdf;
	char *trouble; /* it could not be read, and why; then nothing below is known */
	gboolean stuck;
	guint class; /* 0x0300 */
	guint vendor;
	guint device;
	guint revision;
	gboolean bridge; /* of any kind: no VM can want it */
	gboolean port;   /* a bridge between PCI buses: whatever drives it, it is in nobody's way */
	char *driver; /* NULL: none */
	gboolean on_vfio; /* that one hands devices to VMs */
	GStrv reset_methods;
	GStrv users; /* what of the host, and which VM, has it: a phrase each */
} Member;

typedef struct {
	char *number;
	GPtrArray *members; /* Member, by BDF */
} Group;

/* Every group (Group) of the host, in the order of their numbers. Each device is
 * read in a job of its own; one that is stuck is not read at all. */
GPtrArray *groups_read(HostlerHost *host);

/* --- what it means for a VM --- */

/* As lspci writes it: without the domain if that is 0000. */
const char *member_address(const Member *member);
/* The host's driver has it, so a VM that wants another of the group takes it too. */
gboolean member_is_in_hosts_hands(const Member *member);

/* Whether a VM can have something of this group as it stands. `why`, owned by
 * the caller: "alone", "01:00.0 takes along 01:00.1", or who stands in the way. */
gboolean group_passable(const Group *group, char **why);
/* "alone", or "takes along 01:00.1; must list, too, 02:00.0": what goes with this
 * one member by itself, and what a VM has to have besides. */
char *group_along(const Group *group, const Member *wanted);
