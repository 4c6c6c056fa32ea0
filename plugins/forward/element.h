/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libnftnl/set.h>

#include "plugins/forward/desired.h"

/* Elements of our sets as the kernel keeps them. FALSE: it is none that we write. */
gboolean forward_element_read(struct nftnl_set_elem *from, ForwardFamily family, ForwardSet set,
			      ForwardElement *element);
/* With what it leads to, its limit and owner, or the key alone. */
struct nftnl_set_elem *forward_element_new(const ForwardElement *element, ForwardFamily family, gboolean key_alone);

/* An empty set, with what nft needs to list it in words. */
struct nftnl_set *forward_set_new(ForwardFamily family, ForwardSet set);
