/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For hooks, which link no JSON and do not wait for a guest to speak: they know of
 * reserved addresses alone. */
#include "plugins/forward/find.h"

ForwardFinder *forward_finder_new(HostlerHost *host)
{
	return NULL;
}

void forward_finder_free(ForwardFinder *finder)
{
}

ForwardFound forward_find(ForwardFinder *finder, const ForwardSpan *span, const ForwardAddress *held,
			  ForwardAddress *guest)
{
	return FORWARD_UNKNOWN;
}

gboolean forward_find_leased(ForwardFinder *finder, const ForwardSpan *span, ForwardAddress *guest)
{
	return FALSE;
}
