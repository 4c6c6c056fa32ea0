/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "plugins/forward/span.h"

#define FORWARD_UUID_LENGTH 36

/* One port of the host and where it leads: an element of one of our maps. */
typedef struct {
	ForwardAddress address; /* of the host; AF_UNSPEC: each of its addresses */
	guint8 protocol;        /* IPPROTO_... */
	guint16 port;
	ForwardAddress guest; /* AF_UNSPEC: wherever the kernel's element leads, within `net` */
	guint16 guest_port;
	ForwardNet net;                     /* of a guest that is not known */
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

/* The desired elements with those whose guest is not known as `held` has them, or
 * left out: who cannot know where a guest is leaves it where it was found. Both
 * are sorted, and so is what is returned. */
GArray *forward_elements_known(const GArray *desired, const GArray *held);
