/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Spans of ports from what the kernel lists of them: where each begins, and where it is over. Pure. */
#include <stdlib.h>

#include "plugins/forward/element.h"

/* One may begin where another is over. */
static int compare_edges(const void *a, const void *b)
{
	const ForwardElement *x = a, *y = b;

	return x->port != y->port ? (int)x->port - (int)y->port : (int)y->is_end - (int)x->is_end;
}

static void end_span(ForwardElement *span, const ForwardElement *edge)
{
	if (span != NULL)
		span->last_port = (guint16)(edge->port - 1);
}

/* What has no end goes on to the next, or to the last port of all. */
void forward_elements_join(GArray *elements, guint first)
{
	ForwardElement *edges = &g_array_index(elements, ForwardElement, first);
	ForwardElement *open = NULL;
	guint n = elements->len - first, kept = 0;

	if (n == 0)
		return;
	qsort(edges, n, sizeof(*edges), compare_edges);
	for (guint i = 0; i < n; i++) {
		end_span(open, &edges[i]);
		open = NULL;
		if (edges[i].is_end)
			continue;
		edges[kept] = edges[i];
		open = &edges[kept++];
		open->last_port = G_MAXUINT16;
	}
	g_array_set_size(elements, first + kept);
}
