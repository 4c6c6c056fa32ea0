/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a stay says of open ports: there and back, and what is not believed. */
#include <arpa/inet.h>
#include <glib.h>

#include "plugins/forward/span.h"

static const char *const sound[] = {
	"tcp any 2222 2222 22 virbr0 192.168.122.10",
	"udp 192.0.2.7 5000 5010 6000 virbr-a.b_1 10.0.0.2",
	"tcp any 1 65535 1 br0 10.0.0.2",
	"tcp any 65535 65535 65535 abcdefghijklmno 10.0.0.2",
	"tcp any 22 22 22 virbr0 192.168.122.10 mac=52:54:00:00:00:01 net=192.168.122.1/24",
	"tcp any 22 22 22 virbr0 floating mac=52:54:00:00:00:01 net=192.168.122.1/24",
	"tcp any 22 22 22 virbr0 floating mac=52:54:00:00:00:01 net=fd00::1/64",
	"tcp any 22 22 22 virbr0 192.168.122.10 mac=52:54:00:00:00:01 tap=vnet3 net=192.168.122.1/24",
	"sctp 2001:db8::7 22 22 22 virbr0 fd00::7",
	"udp any 22 22 22 virbr0 10.0.0.2 source=10.0.0.0/8,192.0.2.7/32 rate=1000000/d",
};

static const char *const unsound[] = {
	"",
	"tcp",
	"icmp any 1 1 1 br0 10.0.0.2",
	"TCP any 1 1 1 br0 10.0.0.2",
	"tcp all 1 1 1 br0 10.0.0.2",
	"tcp 0.0.0.0 1 1 1 br0 10.0.0.2",
	"tcp any 0 1 1 br0 10.0.0.2",
	"tcp any 2 1 1 br0 10.0.0.2",
	"tcp any 1 65536 1 br0 10.0.0.2",
	"tcp any 1 10 65530 br0 10.0.0.2",
	"tcp any -1 1 1 br0 10.0.0.2",
	"tcp any 1x 1 1 br0 10.0.0.2",
	"tcp any 1 1 1 br0 10.0.0",
	"tcp any 1 1 1 br0 0.0.0.0",
	"tcp any 1 1 1 br+ 10.0.0.2",
	"tcp any 1 1 1 br\" 10.0.0.2",
	"tcp any 1 1 1  10.0.0.2",
	"tcp any 1 1 1 abcdefghijklmnop 10.0.0.2",
	"tcp any 1 1 1 br0 10.0.0.2 ",
	"tcp any 1 1 1 br0 10.0.0.2 more",
	" tcp any 1 1 1 br0 10.0.0.2",
	"tcp any 1 1 1 br0 floating",
	"tcp any 1 1 1 br0 floating mac=52:54:00:00:00:01",
	"tcp any 1 1 1 br0 floating net=10.0.0.1/24",
	"tcp 10.0.0.1 1 1 1 br0 fd00::7",
	"tcp any 1 1 1 br0 10.0.0.2 net=fd00::1/64",
	"tcp any 1 1 1 br0 10.0.0.2 net=10.0.0.1/33",
	"tcp any 1 1 1 br0 10.0.0.2 net=10.0.0.1",
	"tcp any 1 1 1 br0 10.0.0.2 mac=52:54:00:00:00:0",
	"tcp any 1 1 1 br0 10.0.0.2 mac=52:54:00:00:00:0A",
	"tcp any 1 1 1 br0 10.0.0.2 tap=",
	"tcp any 1 1 1 br0 10.0.0.2 tap=vnet+",
	"tcp any 1 1 1 br0 10.0.0.2 source=",
	"tcp any 1 1 1 br0 10.0.0.2 source=10.0.0.0/8,",
	"tcp any 1 1 1 br0 10.0.0.2 source=fd00::/8",
	"tcp any 1 1 1 br0 10.0.0.2 rate=5",
	"tcp any 1 1 1 br0 10.0.0.2 rate=0/s",
	"tcp any 1 1 1 br0 10.0.0.2 rate=5/w",
	"tcp any 1 1 1 br0 10.0.0.2 rate=5/sec",
	"tcp any 1 1 1 br0 10.0.0.2 limit=5",
};

static void test_round_trip(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(sound); i++) {
		ForwardSpan span = { 0 };
		g_autofree char *text = NULL;

		g_assert_true(forward_span_from_text(sound[i], &span));
		text = forward_span_to_text(&span);
		g_assert_cmpstr(text, ==, sound[i]);
	}
}

static void test_unsound(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(unsound); i++) {
		ForwardSpan span = { 0 };

		if (forward_span_from_text(unsound[i], &span))
			g_error("taken for sound: '%s'", unsound[i]);
	}
}

/* The rest of a stay is still believed when one entry is not. */
static void test_stay(void)
{
	g_autoptr(GKeyFile) body = g_key_file_new();
	const char *const texts[] = { sound[0], "garbage", sound[1], unsound[7] };
	g_autoptr(GArray) loaded = NULL;
	guint n_bad = 0;

	g_assert_false(forward_spans_are_stored(body));
	g_key_file_set_string_list(body, "forward", "ports", texts, G_N_ELEMENTS(texts));
	g_assert_true(forward_spans_are_stored(body));
	loaded = forward_spans_load(body, &n_bad);
	g_assert_cmpuint(loaded->len, ==, 2);
	g_assert_cmpuint(n_bad, ==, 2);
	g_assert_cmpuint(g_array_index(loaded, ForwardSpan, 1).start, ==, 5000);
}

static void test_store(void)
{
	g_autoptr(GKeyFile) body = g_key_file_new();
	g_autoptr(GArray) spans = g_array_new(FALSE, TRUE, sizeof(ForwardSpan));
	g_autoptr(GArray) loaded = NULL;
	guint n_bad = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(sound); i++) {
		ForwardSpan span = { 0 };

		g_assert_true(forward_span_from_text(sound[i], &span));
		g_array_append_val(spans, span);
	}
	forward_spans_store(body, spans);
	loaded = forward_spans_load(body, &n_bad);
	g_assert_cmpuint(n_bad, ==, 0);
	g_assert_cmpmem(loaded->data, loaded->len * sizeof(ForwardSpan), spans->data,
			spans->len * sizeof(ForwardSpan));
}

static void test_shown(void)
{
	static const char *const shown[] = { "tcp port 2222", "udp ports 5000-5010 of 192.0.2.7", "tcp ports 1-65535",
					     "tcp port 65535", "tcp port 22", "tcp port 22", "tcp port 22", "tcp port 22",
					     "sctp port 22 of 2001:db8::7", "udp port 22" };

	for (gsize i = 0; i < G_N_ELEMENTS(sound); i++) {
		ForwardSpan span = { 0 };
		g_autofree char *text = NULL;

		g_assert_true(forward_span_from_text(sound[i], &span));
		text = forward_span_shown(&span);
		g_assert_cmpstr(text, ==, shown[i]);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/forward/span/round-trip", test_round_trip);
	g_test_add_func("/forward/span/unsound", test_unsound);
	g_test_add_func("/forward/span/stay", test_stay);
	g_test_add_func("/forward/span/store", test_store);
	g_test_add_func("/forward/span/shown", test_shown);
	return g_test_run();
}
