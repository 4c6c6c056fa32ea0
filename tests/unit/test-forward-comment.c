/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comments in userdata: ours, and what others may have put there. */
#include <glib.h>
#include <string.h>

#include "plugins/forward/comment.h"

static char *read_bytes(const char *bytes, gsize length)
{
	/* A copy of just this length: whatever reads beyond it is caught. */
	g_autofree guint8 *copy = g_memdup2(bytes, length);

	return forward_comment_read(copy, length);
}

static void test_round_trip(void)
{
	static const char *const comments[] = { "", "managed by hostler", "11111111-2222-3333-4444-555555555555",
						"hostler-forward virbr0" };

	for (gsize i = 0; i < G_N_ELEMENTS(comments); i++) {
		g_autoptr(ForwardUserdata) userdata = forward_comment_new(comments[i]);
		g_autofree char *read = read_bytes(nftnl_udata_buf_data(userdata), nftnl_udata_buf_len(userdata));

		g_assert_cmpstr(read, ==, comments[i]);
	}
}

static void test_foreign(void)
{
#define BYTES(text) text, sizeof(text) - 1
	static const struct {
		const char *bytes;
		gsize length;
		const char *comment;
	} cases[] = {
		{ BYTES("\0\3ab\0"), "ab" },
		{ BYTES("\1\4xxxx\0\3ab\0"), "ab" }, /* behind an attribute of another type */
		{ BYTES(""), NULL },
		{ BYTES("\0"), NULL },
		{ BYTES("\0\0"), NULL },
		{ BYTES("\0\3ab"), NULL },      /* shorter than it says */
		{ BYTES("\0\3abc"), NULL },     /* no zero at the end */
		{ BYTES("\0\4a\0b\0"), NULL },  /* a zero within */
		{ BYTES("\0\377ab\0"), NULL },
		{ BYTES("\1\377xx\0\3ab\0"), NULL },
		{ BYTES("\1\3xxx"), NULL },
		{ BYTES("\1\0\1\0\1\0\0\2x\0"), "x" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *read = read_bytes(cases[i].bytes, cases[i].length);

		g_assert_cmpstr(read, ==, cases[i].comment);
	}
}

/* Whatever bytes come, a comment is one string within them or none. */
static void test_garbage(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(20250101);

	for (guint i = 0; i < 20000; i++) {
		char bytes[64];
		gsize length = (gsize)g_rand_int_range(random, 0, sizeof(bytes));
		g_autofree char *read = NULL;

		for (gsize j = 0; j < length; j++)
			bytes[j] = (char)g_rand_int_range(random, 0, g_rand_boolean(random) ? 8 : 256);
		read = read_bytes(bytes, length);
		if (read != NULL)
			g_assert_nonnull(memmem(bytes, length, read, strlen(read) + 1));
	}
}

static void test_mark(void)
{
	static const struct {
		const char *comment;
		const char *bridge;
	} cases[] = {
		{ "hostler-forward virbr0", "virbr0" },   { "hostler-forward ", NULL },
		{ "hostler-forward", NULL },              { NULL, NULL },
		{ "hostler-forwards virbr0", NULL },      { " hostler-forward virbr0", NULL },
		{ "hostler-forward virbr0 x", NULL },     { "hostler-forward virbr+", NULL },
		{ "hostler-forward a234567890123456", NULL },
	};
	g_autofree char *mark = forward_mark_new("virbr0");

	g_assert_cmpstr(mark, ==, "hostler-forward virbr0");
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *bridge = forward_mark_read(cases[i].comment);

		g_assert_cmpstr(bridge, ==, cases[i].bridge);
	}
}

/* libvirt takes each listed line with "jump " in it for a jump of its own chains. */
static void test_no_jump(void)
{
	g_autofree char *mark = forward_mark_new("jump");

	g_assert_null(strstr(mark, "jump "));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/forward/comment/round-trip", test_round_trip);
	g_test_add_func("/forward/comment/foreign", test_foreign);
	g_test_add_func("/forward/comment/garbage", test_garbage);
	g_test_add_func("/forward/comment/mark", test_mark);
	g_test_add_func("/forward/comment/no-jump", test_no_jump);
	return g_test_run();
}
