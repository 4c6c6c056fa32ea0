/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"
#include "plugins/forward/span.h"

/* Where a guest without a reserved address is. Hooks do not look (find-none.c), and
 * leave a forward as the kernel has it; hostler-watch and `hostler` do (find-lease.c). */

typedef enum {
	FORWARD_UNKNOWN, /* as the kernel has it is as good as anything */
	FORWARD_NOWHERE, /* not there: another guest has that address now */
	FORWARD_FOUND,
} ForwardFound;

/* For one settling: what was read is read once. */
typedef struct _ForwardFinder ForwardFinder;

ForwardFinder *forward_finder_new(HostlerHost *host);
void forward_finder_free(ForwardFinder *finder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ForwardFinder, forward_finder_free)

/* Of a span that floats; `held` is where the kernel leads to now, or of no family.
 * Never an address outside the span's network, nor one that is another guest's. */
ForwardFound forward_find(ForwardFinder *finder, const ForwardSpan *span, const ForwardAddress *held,
			  ForwardAddress *guest);
/* Of a span that does not: where a lease that runs says that its guest is. FALSE: none does. */
gboolean forward_find_leased(ForwardFinder *finder, const ForwardSpan *span, ForwardAddress *guest);
