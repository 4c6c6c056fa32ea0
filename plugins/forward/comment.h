/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <libnftnl/udata.h>

/* Comments in userdata, as nft writes and lists them: how our objects in the
 * kernel are known as ours. */

#define FORWARD_TABLE_COMMENT "managed by hostler"

typedef struct nftnl_udata_buf ForwardUserdata;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ForwardUserdata, nftnl_udata_buf_free)

/* At most NFTNL_UDATA_COMMENT_MAXLEN bytes. */
ForwardUserdata *forward_comment_new(const char *comment);
/* The same into `userdata`; returns how many bytes it took. */
#define FORWARD_USERDATA_LENGTH (2 + NFTNL_UDATA_COMMENT_MAXLEN)
gsize forward_comment_write(const char *comment, guint8 *userdata);
/* The comment in a table's, a rule's or an element's userdata; NULL when there
 * is none. Anybody may have written the bytes. */
char *forward_comment_read(const guint8 *userdata, gsize length);

/* The mark of our rules in other people's chains, "hostler-forward virbr0", and
 * back: the bridge, or NULL when the rule is none of ours. */
char *forward_mark_new(const char *bridge);
char *forward_mark_read(const char *comment);
