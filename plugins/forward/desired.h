/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "plugins/forward/place.h"
#include "plugins/forward/span.h"

#define FORWARD_UUID_LENGTH 36

/* An element of one of our sets: what it holds beside its key depends on the set. */
typedef struct {
	ForwardSet set;
	ForwardAddress address; /* of the host; AF_UNSPEC: each of its addresses */
	guint8 protocol;        /* IPPROTO_... */
	guint16 port;
	guint16 last_port; /* of spans and by source; else the same */
	gboolean is_end;   /* only while a dump is read: `port` is the first one after a span */
	ForwardNet source; /* by source; else AF_UNSPEC */
	ForwardAddress guest; /* AF_UNSPEC: wherever the kernel's element leads, within `net` */
	guint16 guest_port;
	ForwardNet net; /* of a guest that is not known */
	guint64 connections, bytes;         /* that its counter has counted */
	char rate[FORWARD_RATE_LENGTH + 1]; /* "20/s" */
	char uuid[FORWARD_UUID_LENGTH + 1]; /* whose it is; "" when the kernel's element does not say */
} ForwardElement;

/* What the kernel is to hold, in one family. */
typedef struct {
	GArray *elements;   /* ForwardElement, in the order of forward_element_compare() */
	GPtrArray *bridges; /* char *, sorted, none twice */
	GPtrArray *guarded; /* likewise, those between which and 127.0.0.0/8 our rules stand; none of IPv6 */
	guint features;     /* FORWARD_WITH_...: what our table needs for the ports of all VMs */
	guint8 *had;        /* by port, a bit for each protocol: a VM has it, of every address */
	guint n_twice;      /* ports that a second one wanted */
} ForwardDesiredTable;

typedef struct {
	ForwardDesiredTable tables[FORWARD_N_FAMILIES];
} ForwardDesired;

ForwardDesired *forward_desired_new(void);
void forward_desired_free(ForwardDesired *desired);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ForwardDesired, forward_desired_free)

/* All ports of one VM, reserved and open, or only reserved; those that it was
 * given first stay with a VM. */
void forward_desired_add(ForwardDesired *desired, const char *uuid, const GArray *spans);
void forward_desired_reserve(ForwardDesired *desired, const char *uuid, const GArray *spans);
/* Bridges (char *) of IPv4 that lead to guests from 127.0.0.0/8, or did a moment ago: sorted, none twice. */
void forward_desired_guard(ForwardDesired *desired, const GPtrArray *bridges);
/* As these two, but of each span its first port alone: enough to tell whether the
 * kernel has it, for a VM's ports come and go in one transaction. */
void forward_desired_probe(ForwardDesired *desired, const char *uuid, const GArray *spans, gboolean open);
/* After the last VM: sorts. Returns how many ports were wanted twice. */
guint forward_desired_finish(ForwardDesired *desired);
gboolean forward_desired_is_empty(const ForwardDesired *desired);

/* IPPROTO_... */
guint8 forward_protocol_number(HostlerProto proto);

/* Those of the elements that are at one of the keys, and all spans; both sorted, and what is returned. */
GArray *forward_elements_at(const GArray *elements, const GArray *keys);

/* By set and key alone. */
gint forward_element_compare(gconstpointer a, gconstpointer b);
/* Key, what it leads to or limits, and owner; not what was counted. */
gboolean forward_element_equal(const ForwardElement *a, const ForwardElement *b);
/* FORWARD_WITH_...: what our table needs to hold these elements. */
guint forward_elements_features(const GArray *elements);

/* Those of the desired elements whose guest is not known as `held` has them, or left
 * out: who cannot know where a guest is leaves it where it was found. What was counted
 * for the same VM goes to a span that has a port of where it was. Both are sorted. */
void forward_elements_know(GArray *desired, const GArray *held);
