/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

/* Questions to the kernel about its network, one at a time. */
typedef struct _Rtnetlink Rtnetlink;

Rtnetlink *rtnetlink_new(GError **error);
void rtnetlink_free(Rtnetlink *rtnetlink);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rtnetlink, rtnetlink_free)

/* Begins a request, to which the caller adds. `flags`: NLM_F_DUMP, or 0 for one object. */
struct nlmsghdr *rtnetlink_begin(Rtnetlink *rtnetlink, guint16 type, guint16 flags);

/* Sends it and hands each message of the answer on. FALSE: there is no such object,
 * or the answer was torn, because something came or went meanwhile: ask again. */
gboolean rtnetlink_ask(Rtnetlink *rtnetlink, mnl_cb_t each, gpointer data);
