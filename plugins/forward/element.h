/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libnftnl/set.h>

#include "plugins/forward/desired.h"

/* Elements of our maps as the kernel keeps them. FALSE: it is none that we write. */
gboolean forward_element_read(struct nftnl_set_elem *from, ForwardElement *element);
/* With its target and owner, or the key alone. */
struct nftnl_set_elem *forward_element_new(const ForwardElement *element, gboolean key_alone);

/* An empty map, with what nft needs to list it in words. */
struct nftnl_set *forward_map_new(gboolean by_address);
const char *forward_map_name(gboolean by_address);
