/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who has a port is this kernel's to say: which spans it takes beside which, and what one transaction may do to
 * them. In a namespace of its own. */
#include <string.h>

#include "hostler/error.h"
#include "plugins/forward/batch.h"
#include "plugins/forward/reserve.h"
#include "realhost.h"

#define A "11111111-0000-4000-8000-00000000000a"
#define B "22222222-0000-4000-8000-00000000000b"

static HostlerHost *host;

/* "tcp any 80-90, udp any 5" */
static GArray *read_spans(const char *text)
{
	GArray *spans = g_array_new(FALSE, TRUE, sizeof(ForwardSpan));
	g_auto(GStrv) parts = g_strsplit(text, ", ", -1);

	for (guint i = 0; parts[i] != NULL; i++) {
		g_auto(GStrv) words = g_strsplit(parts[i], " ", 3);
		g_auto(GStrv) ports = g_strsplit(words[2], "-", 2);
		g_autofree char *entry = g_strdup_printf("%s %s %s %s 1 br0 10.0.0.2", words[0], words[1], ports[0],
							 ports[g_strv_length(ports) - 1]);
		ForwardSpan span;

		g_assert_true(forward_span_from_text(entry, &span));
		g_array_append_val(spans, span);
	}
	return spans;
}

static gboolean reserve(const char *uuid, const char *text)
{
	g_autoptr(GArray) spans = read_spans(text);
	g_autoptr(GError) error = NULL;
	gboolean done = forward_reserve(host, uuid, spans, &error);

	if (!done)
		g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_EXISTS);
	return done;
}

/* Spans as the kernel has them: "tcp 80-90 a, ...". */
static char *held(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(ForwardRuleset) ruleset = forward_ruleset_read(host, NULL, &error);
	g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(g_free);
	const GArray *elements;

	g_assert_no_error(error);
	elements = ruleset->tables[FORWARD_IP].elements;
	for (guint i = 0; i < elements->len; i++) {
		const ForwardElement *element = &g_array_index(elements, ForwardElement, i);

		g_ptr_array_add(parts, g_strdup_printf("%s %u-%u %s", forward_sets[element->set].name, element->port,
						       element->last_port, element->uuid + FORWARD_UUID_LENGTH - 1));
	}
	g_ptr_array_add(parts, NULL);
	return g_strjoinv(", ", (char **)parts->pdata);
}

static void begin(const char *text)
{
	g_autofree char *said = realhost_nft((const char *const[]){ "flush", "ruleset", NULL });

	g_assert_nonnull(said);
	host->deadline = host->ops->monotonic(host) + 20 * G_USEC_PER_SEC;
	g_assert_true(reserve(A, text));
}

static void test_beside(void)
{
	static const struct {
		const char *held, *refused[8], *taken[8];
	} table[] = {
		{ "tcp any 100-199",
		  { "tcp any 100-199", "tcp any 150-160", "tcp any 50-300", "tcp any 50-100", "tcp any 199-250",
		    "tcp any 1-65535", "udp any 5, tcp any 100" },
		  { "tcp any 50-99", "tcp any 200-250", "tcp any 99", "tcp any 200-65535", "udp any 100-199",
		    "tcp 192.0.2.7 150", "tcp any 1-99, tcp any 200-300" } },
		{ "tcp any 60000-65535",
		  { "tcp any 65535", "tcp any 65534-65535", "tcp any 65534", "tcp any 50000-65535", "tcp any 1-65535",
		    "tcp any 60000", "tcp any 61000-65534" },
		  { "tcp any 59999", "tcp any 1-59999" } },
		{ "tcp any 65535", { "tcp any 65000-65535", "tcp any 65535", "tcp any 1-65535" },
		  { "tcp any 65000-65534", "tcp any 65534" } },
		{ "tcp any 65534", { "tcp any 65000-65535", "tcp any 65534-65535" }, { "tcp any 65535" } },
		{ "tcp any 10-19, tcp any 30-39", { "tcp any 15-35", "tcp any 19-30", "tcp any 5-50" },
		  { "tcp any 20-29", "tcp any 1-9, tcp any 20-29, tcp any 40-65535" } },
		{ "sctp 192.0.2.7 10-19", { "sctp 192.0.2.7 19-30", "sctp 192.0.2.7 5-25" },
		  { "sctp any 10-19", "sctp 192.0.2.8 10-19", "sctp 192.0.2.7 20" } },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		for (guint j = 0; j < 8 && table[i].refused[j] != NULL; j++) {
			begin(table[i].held);
			if (reserve(B, table[i].refused[j]))
				g_error("%s beside %s is taken", table[i].refused[j], table[i].held);
		}
		for (guint j = 0; j < 8 && table[i].taken[j] != NULL; j++) {
			begin(table[i].held);
			if (!reserve(B, table[i].taken[j]))
				g_error("%s beside %s is refused", table[i].taken[j], table[i].held);
		}
	}
}

/* What it has already is nobody's conflict; what is refused leaves nothing behind. */
static void test_more(void)
{
	g_autofree char *more = NULL, *same = NULL;

	begin("tcp any 100-199, tcp any 300");
	g_assert_true(reserve(A, "tcp any 50-400"));
	more = held();
	g_assert_cmpstr(more, ==, "taken_tcp 50-99 a, taken_tcp 100-199 a, taken_tcp 200-299 a, taken_tcp 300-300 a, "
				  "taken_tcp 301-400 a");
	g_assert_false(reserve(B, "tcp any 500-600, tcp any 400, udp any 7"));
	same = held();
	g_assert_cmpstr(same, ==, more);
}

static void commit(const ForwardDesired *desired)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(ForwardRuleset) ruleset = forward_ruleset_read(host, NULL, &error);
	g_autoptr(GArray) changes = forward_changes(desired, ruleset);
	g_autoptr(GByteArray) batch = forward_batch(changes, ruleset->generation);

	host->ops->nft_commit(host, batch->data, batch->len, &error);
	g_assert_no_error(error);
}

/* In one transaction spans go and others come in their place. */
static void test_change(void)
{
	static const struct {
		const char *before, *a, *b, *after;
	} table[] = {
		{ "tcp any 100-199", "tcp any 100-149", "tcp any 150-199", "taken_tcp 100-149 a, taken_tcp 150-199 b" },
		{ "tcp any 100-199", "tcp any 150-199", "tcp any 100-149", "taken_tcp 100-149 b, taken_tcp 150-199 a" },
		{ "tcp any 100-199", "udp any 1", "tcp any 50-300", "taken_tcp 50-300 b, taken_udp 1-1 a" },
		{ "tcp any 1-65535", "tcp any 1-65534", "tcp any 65535", "taken_tcp 1-65534 a, taken_tcp 65535-65535 b" },
		{ "tcp any 10, tcp any 12, tcp any 14", "tcp any 9-15", "udp any 65535",
		  "taken_tcp 9-15 a, taken_udp 65535-65535 b" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autoptr(ForwardDesired) desired = forward_desired_new();
		g_autoptr(GArray) a = read_spans(table[i].a);
		g_autoptr(GArray) b = read_spans(table[i].b);
		g_autofree char *after = NULL;

		begin(table[i].before);
		forward_desired_reserve(desired, A, a);
		forward_desired_reserve(desired, B, b);
		g_assert_cmpuint(forward_desired_finish(desired), ==, 0);
		commit(desired);
		after = held();
		g_assert_cmpstr(after, ==, table[i].after);
	}
}

/* As nft lists it, and as it puts it back. */
static void test_listed(void)
{
	g_autofree char *listing = NULL, *before = NULL, *after = NULL;
	g_autofree char *said = NULL;

	begin("tcp any 100-199, tcp any 65535, udp any 1-65535");
	before = held();
	listing = realhost_nft((const char *const[]){ "list", "table", "ip", "hostler", NULL });
	g_assert_nonnull(strstr(listing, "100-199 counter packets 0 bytes 0 comment \"" A "\""));
	said = realhost_nft((const char *const[]){ "delete", "table", "ip", "hostler", NULL });
	g_assert_nonnull(said);
	g_assert_true(realhost_nft_commands(listing));
	after = held();
	g_assert_cmpstr(after, ==, before);
	g_assert_false(reserve(B, "tcp any 65535"));
	g_assert_false(reserve(B, "udp any 65535"));
	g_assert_true(reserve(B, "tcp any 200-65534"));
}

int main(int argc, char **argv)
{
	int result;

	host = realhost_new();
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/spans/beside", test_beside);
	g_test_add_func("/spans/more", test_more);
	g_test_add_func("/spans/change", test_change);
	g_test_add_func("/spans/listed", test_listed);
	result = g_test_run();
	hostler_host_free(host);
	return result;
}
