/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdio.h> /* which the next one needs */

#include <libnftnl/expr.h>

#include "plugins/forward/desired.h"

/* What elements of our sets carry: a counter of new connections, or a limit of them. */
struct nftnl_expr *forward_counter_new(const ForwardElement *element);
struct nftnl_expr *forward_limit_new(const ForwardElement *element);
/* Either, into the ForwardElement `data`; for nftnl_set_elem_expr_foreach(). */
int forward_limit_read(struct nftnl_expr *expr, void *data);
