/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who has a port that is wanted: what is refused, and what is only said. */
#include <glib.h>
#include <string.h>

#include "fakehost.h"
#include "hostler/error.h"
#include "hostler/record.h"
#include "plugins/forward/reserve.h"
#include "plugins/forward/taken.h"

#define OWN "11111111-0000-0000-0000-000000000001"
#define OTHER "22222222-0000-0000-0000-000000000002"

static void add_span(GArray *spans, const char *text)
{
	ForwardSpan span;

	g_assert_true(forward_span_from_text(text, &span));
	g_array_append_val(spans, span);
}

static ForwardDesired *reserved(const char *uuid, const char *texts)
{
	ForwardDesired *desired = forward_desired_new();
	g_autoptr(GArray) spans = g_array_new(FALSE, TRUE, sizeof(ForwardSpan));
	g_auto(GStrv) lines = g_strsplit(texts, "\n", 0);

	for (guint i = 0; lines[i] != NULL; i++)
		add_span(spans, lines[i]);
	forward_desired_reserve(desired, uuid, spans);
	forward_desired_finish(desired);
	return desired;
}

static ForwardRuleset *held_by(const char *uuid, const char *texts)
{
	g_autoptr(ForwardDesired) desired = reserved(uuid, texts);
	ForwardRuleset *ruleset = forward_ruleset_new();

	for (ForwardFamily family = 0; family < FORWARD_N_FAMILIES; family++) {
		const GArray *elements = desired->tables[family].elements;

		g_array_append_vals(ruleset->tables[family].elements, elements->data, elements->len);
	}
	return ruleset;
}

static char *name_of(gpointer data, const char *uuid)
{
	g_assert_cmpstr(uuid, ==, OTHER);
	return g_strdup(data);
}

/* All that is said, a line each. */
static char *say(const ForwardDesired *wanted, const ForwardRuleset *ruleset, gboolean across)
{
	g_autoptr(HostlerFindings) findings = hostler_findings_new();
	g_autoptr(GArray) clashes = forward_taken_find(wanted, OWN, ruleset, across);
	GString *text = g_string_new(NULL);

	forward_taken_say(clashes, across, name_of, (gpointer) "web", findings);
	for (guint i = 0; i < findings->items->len; i++) {
		const HostlerFinding *finding = g_ptr_array_index(findings->items, i);

		g_assert_cmpint(finding->severity, ==, across ? HOSTLER_SEVERITY_ADVICE : HOSTLER_SEVERITY_REFUSE);
		g_string_append_printf(text, "%s%s", i > 0 ? "\n" : "", finding->text);
	}
	return g_string_free(text, FALSE);
}

#define WANTED \
	"tcp any 100 200 100 b 10.0.0.2\nudp any 10 10 10 b 10.0.0.2\n" \
	"tcp 192.0.2.7 300 301 300 b 10.0.0.2\nsctp any 10 10 10 b fd00::2"
#define ALREADY " of the host is forwarded to VM 'web' already"

static void test_taken(void)
{
	static const struct {
		const char *held, *refused, *advice;
	} table[] = {
		{ "tcp any 150 150 1 b 10.0.0.3", "tcp port 150" ALREADY, "" },
		{ "tcp any 190 210 1 b 10.0.0.3", "tcp ports 190-200" ALREADY, "" },
		{ "tcp any 1 65535 1 b 10.0.0.3", "tcp ports 100-200" ALREADY,
		  "tcp ports 300-301 of 192.0.2.7 of the host goes to this VM, that of the other addresses to VM 'web'" },
		{ "tcp any 201 299 1 b 10.0.0.3", "", "" },
		{ "udp any 100 200 1 b 10.0.0.3", "", "" },
		{ "tcp any 100 200 1 b fd00::3", "", "" },
		{ "sctp any 10 10 1 b fd00::3", "sctp port 10" ALREADY, "" },
		{ "sctp any 10 10 1 b 10.0.0.3\nudp any 10 10 1 b 10.0.0.3", "udp port 10" ALREADY, "" },
		{ "tcp 192.0.2.8 300 300 1 b 10.0.0.3", "", "" },
		{ "tcp 192.0.2.7 301 301 1 b 10.0.0.3", "tcp port 301 of 192.0.2.7" ALREADY, "" },
		{ "tcp 192.0.2.8 150 150 1 b 10.0.0.3", "",
		  "tcp port 150 of 192.0.2.8 of the host goes to VM 'web', that of the other addresses to this VM" },
	};
	g_autoptr(ForwardDesired) wanted = reserved(OWN, WANTED);

	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autoptr(ForwardRuleset) ruleset = held_by(OTHER, table[i].held);
		g_autofree char *refused = say(wanted, ruleset, FALSE);
		g_autofree char *advice = say(wanted, ruleset, TRUE);

		g_assert_cmpstr(refused, ==, table[i].refused);
		g_assert_cmpstr(advice, ==, table[i].advice);
	}
}

static void test_own(void)
{
	g_autoptr(ForwardDesired) wanted = reserved(OWN, WANTED);
	g_autoptr(ForwardRuleset) ruleset = held_by(OWN, WANTED);
	g_autofree char *refused = say(wanted, ruleset, FALSE);
	g_autofree char *advice = say(wanted, ruleset, TRUE);

	g_assert_cmpstr(refused, ==, "");
	g_assert_cmpstr(advice, ==, "");
}

/* One VM holds every second port: the answer is not a book. */
static void test_many(void)
{
	g_autoptr(GString) held = g_string_new("tcp any 1 1 1 b 10.0.0.3");
	g_autoptr(ForwardDesired) wanted = reserved(OWN, "tcp any 1 65535 1 b 10.0.0.2");
	g_autoptr(ForwardRuleset) ruleset = NULL;
	g_autoptr(GArray) clashes = NULL;

	for (guint port = 3; port < 2000; port += 2)
		g_string_append_printf(held, "\ntcp any %u %u 1 b 10.0.0.3", port, port);
	ruleset = held_by(OTHER, held->str);
	clashes = forward_taken_find(wanted, OWN, ruleset, FALSE);
	g_assert_cmpuint(clashes->len, ==, 16);
}

/* --- a kernel whose dumps leave out what its sets hold --- */

static guint commits;

static gboolean play_dump(HostlerHost *host, const struct nlmsghdr *request,
			  int (*each)(const struct nlmsghdr *message, void *data), gpointer data, GError **error)
{
	return TRUE;
}

static gboolean play_commit(HostlerHost *host, const void *batch, gsize length, GError **error)
{
	if (++commits > 3)
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_EXISTS, "File exists");
	return FALSE;
}

/* What is there and seen nowhere is looked for again, and is nobody's fault. */
static void test_unseen(void)
{
	const HostlerHostOps ops = { .nft_dump = play_dump, .nft_commit = play_commit };
	g_autoptr(GArray) spans = g_array_new(FALSE, TRUE, sizeof(ForwardSpan));
	g_autoptr(GError) error = NULL;
	HostlerHost host = { .ops = &ops };

	add_span(spans, "tcp any 1 1 1 b 10.0.0.2");
	commits = 0;
	g_assert_true(forward_reserve(&host, OWN, spans, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(commits, ==, 4);
}

/* --- what is looked at before a VM starts --- */

/* As of a host with containers, or with one for each service of a cluster. */
static GStrv many_addresses(HostlerHost *host, GError **error)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new();

	for (guint i = 1; i < 256; i++)
		g_ptr_array_add(all, g_strdup_printf("192.0.2.%u", i));
	g_ptr_array_add(all, NULL);
	return (GStrv)g_ptr_array_steal(all, NULL);
}

static void store_stay(HostlerHost *host, const char *uuid, const char *texts)
{
	g_autoptr(HostlerRecord) stay = hostler_record_new(host, HOSTLER_RECORD_STAY, uuid, uuid, "web");
	g_autoptr(GArray) spans = g_array_new(FALSE, TRUE, sizeof(ForwardSpan));
	g_auto(GStrv) lines = g_strsplit(texts, "\n", 0);
	g_autoptr(GError) error = NULL;

	for (guint i = 0; lines[i] != NULL; i++)
		add_span(spans, lines[i]);
	forward_spans_store(stay->body, spans);
	hostler_record_store(host, stay, &error);
	g_assert_no_error(error);
}

static char *keys_text(const ForwardDesired *keys)
{
	const GArray *elements = keys->tables[FORWARD_IP].elements;
	GString *text = g_string_new(NULL);

	g_assert_cmpuint(elements->len, <, 100);
	for (guint i = 0; i < elements->len; i++) {
		const ForwardElement *element = &g_array_index(elements, ForwardElement, i);
		char address[FORWARD_ADDRESS_LENGTH];

		g_string_append_printf(text, "%s %s %u-%u;", forward_sets[element->set].name,
				       forward_address_text(&element->address, address), element->port,
				       element->last_port);
	}
	return g_string_free(text, FALSE);
}

/* Of single addresses what others have, and not each port of ours at each address that the host has. */
static void test_keys(void)
{
	g_autoptr(HostlerHost) host = fakehost_new("", NULL);
	g_autoptr(GArray) spans = g_array_new(FALSE, TRUE, sizeof(ForwardSpan));
	g_autoptr(ForwardDesired) keys = NULL;
	g_autofree char *text = NULL;
	static HostlerHostOps ops; /* outlives the host */

	ops = *host->ops;
	ops.addresses = many_addresses;
	host->ops = &ops;
	store_stay(host, OTHER, "tcp 192.0.2.8 150 150 1 b 10.0.0.3\ntcp 192.0.2.9 199 60000 199 b 10.0.0.3\n"
				"udp 192.0.2.8 150 150 1 b 10.0.0.3\ntcp any 100 100 1 b 10.0.0.3\n"
				"tcp 2001:db8::1 150 150 1 b fd00::3");
	store_stay(host, OWN, "tcp 192.0.2.10 150 150 1 b 10.0.0.2");
	add_span(spans, "tcp any 100 200 100 b 10.0.0.2");
	add_span(spans, "tcp 192.0.2.7 300 301 300 b 10.0.0.2");
	keys = forward_reserve_keys(host, OWN, spans);
	text = keys_text(keys);
	g_assert_cmpstr(text, ==,
			"taken_tcp any 100-200;taken_tcp any 300-301;taken_address 192.0.2.7 300-300;"
			"taken_address 192.0.2.7 301-301;taken_address 192.0.2.8 150-150;"
			"taken_address 192.0.2.9 199-199;taken_address 192.0.2.9 200-200;");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/forward/taken/taken", test_taken);
	g_test_add_func("/forward/taken/own", test_own);
	g_test_add_func("/forward/taken/many", test_many);
	g_test_add_func("/forward/taken/unseen", test_unseen);
	g_test_add_func("/forward/taken/keys", test_keys);
	return g_test_run();
}
