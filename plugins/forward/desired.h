/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <netinet/in.h>

#include "plugins/forward/span.h"

#define FORWARD_UUID_LENGTH 36

/* One port of the host and where it leads: an element of one of our maps. */
typedef struct {
	struct in_addr address; /* of the host; INADDR_ANY: each of its addresses */
	guint8 protocol;        /* IPPROTO_... */
	guint16 port;
	struct in_addr guest;
	guint16 guest_port;
	char uuid[FORWARD_UUID_LENGTH + 1]; /* whose it is; "" when the kernel's element does not say */
} ForwardElement;

/* What the kernel is to hold. */
typedef struct {
	GArray *elements;   /* ForwardElement, in the order of forward_element_compare() */
	GPtrArray *bridges; /* char *, sorted, none twice */
} ForwardDesired;

ForwardDesired *forward_desired_new(void);
void forward_desired_free(ForwardDesired *desired);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ForwardDesired, forward_desired_free)

/* All ports of one VM; those that it was given first stay with a VM. */
void forward_desired_add(ForwardDesired *desired, const char *uuid, const GArray *spans);
/* After the last VM: sorts. Returns how many ports were wanted twice. */
guint forward_desired_finish(ForwardDesired *desired);

/* By key alone: address, protocol, port. */
gint forward_element_compare(gconstpointer a, gconstpointer b);
/* Key, target and owner. */
gboolean forward_element_equal(const ForwardElement *a, const ForwardElement *b);
gboolean forward_desired_has_addresses(const ForwardDesired *desired);
