/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comments of tables, rules and elements. Pure. */
#include "plugins/forward/comment.h"

#include <string.h>

#include "plugins/forward/span.h"

/* The name must not hold "jump ": libvirt greps listings for it (facts/nat.md §3.4). */
#define MARK "hostler-forward "

/* The same number for all kinds of objects. */
#define COMMENT_TYPE 0
G_STATIC_ASSERT(NFTNL_UDATA_TABLE_COMMENT == COMMENT_TYPE && NFTNL_UDATA_RULE_COMMENT == COMMENT_TYPE &&
		NFTNL_UDATA_SET_ELEM_COMMENT == COMMENT_TYPE);

ForwardUserdata *forward_comment_new(const char *comment)
{
	ForwardUserdata *userdata = nftnl_udata_buf_alloc(FORWARD_USERDATA_LENGTH);

	if (userdata == NULL)
		g_error("out of memory");
	if (!nftnl_udata_put_strz(userdata, COMMENT_TYPE, comment))
		g_warn_if_reached();
	return userdata;
}

gsize forward_comment_write(const char *comment, guint8 *userdata)
{
	gsize size = strlen(comment) + 1;

	g_return_val_if_fail(size <= NFTNL_UDATA_COMMENT_MAXLEN, 0);
	userdata[0] = COMMENT_TYPE;
	userdata[1] = (guint8)size;
	memcpy(userdata + 2, comment, size);
	return 2 + size;
}

/* libnftnl's own iterator trusts the lengths it finds. */
char *forward_comment_read(const guint8 *userdata, gsize length)
{
	while (length >= 2) {
		guint8 type = userdata[0];
		gsize size = userdata[1];
		const char *value = (const char *)userdata + 2;

		if (size > length - 2)
			return NULL;
		if (type == COMMENT_TYPE)
			return size > 0 && memchr(value, '\0', size) == value + size - 1 ? g_strdup(value) : NULL;
		userdata += 2 + size;
		length -= 2 + size;
	}
	return NULL;
}

char *forward_mark_new(const char *bridge)
{
	return g_strconcat(MARK, bridge, NULL);
}

char *forward_mark_read(const char *comment)
{
	if (comment == NULL || !g_str_has_prefix(comment, MARK) ||
	    !forward_bridge_is_plain(comment + strlen(MARK)))
		return NULL;
	return g_strdup(comment + strlen(MARK));
}
