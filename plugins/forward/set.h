/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libmnl/libmnl.h>
#include <libnftnl/set.h>

#include "plugins/forward/place.h"

/* An empty set, with what nft needs to list it in words, for a table of `n_ports` ports. */
struct nftnl_set *forward_set_new(ForwardFamily family, ForwardSet set, guint n_ports);
/* Whether it is this one of ours, as the kernel lists it. */
gboolean forward_set_is(const struct nftnl_set *listed, ForwardFamily family, ForwardSet set);
/* Into a message about elements: of which set they are. */
void forward_set_put_name(struct nlmsghdr *message, ForwardSet set);
