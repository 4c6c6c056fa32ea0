/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libmnl/libmnl.h>
#include <libnftnl/set.h>

#include "plugins/forward/desired.h"

/* Elements of our sets as the kernel keeps them; of a span its first port, or its end. FALSE: it is
 * none that we write. */
gboolean forward_element_read(struct nftnl_set_elem *from, ForwardFamily family, ForwardSet set,
			      ForwardElement *element);
/* Into a list that is open in `message`: with what it leads to, its limit and owner, or the
 * key alone. At most FORWARD_ELEMENT_BYTES. */
#define FORWARD_ELEMENT_BYTES 512
void forward_element_put(struct nlmsghdr *message, const ForwardElement *element, ForwardFamily family,
			 gboolean key_alone);

/* From `first` on the elements are firsts and ends of spans of one set, in any order: makes spans of
 * them. Pure. */
void forward_elements_join(GArray *elements, guint first);

/* Bytes of a key. */
gsize forward_key_size(ForwardFamily family, ForwardSet set);
