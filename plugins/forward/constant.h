/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libnftnl/set.h>

#include "hostler/host.h"

/* The lists of values that somebody wrote into a rule, `ct state { established, related }`:
 * the kernel has them as sets without a name of their own, which nobody can change. */

typedef struct _ForwardConstants ForwardConstants;
ForwardConstants *forward_constants_new(void);
/* One with its elements, taken over; what is no such list (it has ranges, or leads to something) is left out. */
void forward_constants_add(ForwardConstants *constants, struct nftnl_set *set);
/* Those of a table. */
gboolean forward_constants_read(HostlerHost *host, ForwardConstants *constants, guint16 family, const char *table,
				GError **error);
void forward_constants_free(ForwardConstants *constants);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ForwardConstants, forward_constants_free)

/* NULL: it is none of those. Borrowed. */
const struct nftnl_set *forward_constant_find(const ForwardConstants *constants, guint32 family, const char *table,
					      const char *name);
/* How many bytes its values have, and whether these are one of them. */
gsize forward_constant_size(const struct nftnl_set *set);
gboolean forward_constant_has(const struct nftnl_set *set, const guint8 *bytes);
