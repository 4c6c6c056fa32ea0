/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The group [forward] of the stays: who has which ports, and what the kernel is to
 * hold for them. */
#include "plugins/forward/stays.h"

#include "hostler/log.h"
#include "plugins/forward/find.h"
#include "plugins/forward/loopback.h"

gboolean forward_stay_has_spans(const HostlerRecord *stay)
{
	return forward_spans_are_stored(stay->body);
}

GArray *forward_stay_spans(const HostlerRecord *stay)
{
	guint n_bad;
	GArray *spans = forward_spans_load(stay->body, &n_bad);

	if (n_bad > 0)
		hostler_log(G_LOG_LEVEL_WARNING, "record-invalid",
			    &(HostlerSubject){ .vm = stay->name, .uuid = stay->uuid },
			    "%u entries of [forward] in the stay %s cannot be read; restart the VM to open them",
			    n_bad, stay->uuid);
	return spans;
}

static gint compare_ages(gconstpointer a, gconstpointer b)
{
	const HostlerRecord *x = *(const HostlerRecord *const *)a;
	const HostlerRecord *y = *(const HostlerRecord *const *)b;

	return (x->since > y->since) - (x->since < y->since);
}

GPtrArray *forward_stays_all(HostlerHost *host)
{
	GPtrArray *stays = hostler_records_load(host, HOSTLER_RECORD_STAY);

	for (guint i = stays->len; i > 0; i--) {
		if (!forward_stay_has_spans(g_ptr_array_index(stays, i - 1)))
			g_ptr_array_remove_index(stays, i - 1);
	}
	return stays;
}

GPtrArray *forward_stays_alive(HostlerHost *host)
{
	GPtrArray *stays = forward_stays_all(host);

	for (guint i = stays->len; i > 0; i--) {
		if (!hostler_record_alive(host, g_ptr_array_index(stays, i - 1)))
			g_ptr_array_remove_index(stays, i - 1);
	}
	g_ptr_array_sort(stays, compare_ages);
	return stays;
}

gboolean forward_stay_is_open(const HostlerRecord *stay)
{
	return stay->phase == HOSTLER_PHASE_HELD;
}

GPtrArray *forward_stays_open(HostlerHost *host)
{
	GPtrArray *stays = forward_stays_alive(host);

	for (guint i = stays->len; i > 0; i--) {
		if (!forward_stay_is_open(g_ptr_array_index(stays, i - 1)))
			g_ptr_array_remove_index(stays, i - 1);
	}
	return stays;
}

/* What the kernel has at that key, if it is this VM's. */
static const ForwardElement *find_own(const ForwardRuleset *held, const char *uuid, sa_family_t family,
				      const ForwardElement *key)
{
	const ForwardTable *table = &held->tables[forward_family_of(family)];
	const ForwardElement *element = NULL;
	guint place;

	if (g_array_binary_search(table->elements, key, forward_element_compare, &place))
		element = &g_array_index(table->elements, ForwardElement, place);
	return element != NULL && g_str_equal(element->uuid, uuid) ? element : NULL;
}

/* Where the kernel leads the first port of a span, if it is this VM's. */
static ForwardAddress held_guest(const ForwardRuleset *held, const char *uuid, const ForwardSpan *span)
{
	gboolean by_address = span->address.family != AF_UNSPEC;
	const ForwardElement key = {
		.set = by_address ? FORWARD_SET_ADDRESS_PORTS : FORWARD_SET_PORTS,
		.address = span->address,
		.protocol = forward_protocol_number(span->proto),
		.port = span->start,
		.last_port = span->start,
	};
	const ForwardElement *element = find_own(held, uuid, span->family, &key);

	return element != NULL ? element->guest : (ForwardAddress){ .family = AF_UNSPEC };
}

/* Of one address the first port stands for all. */
static gboolean is_reserved(const ForwardRuleset *held, const char *uuid, const ForwardSpan *span)
{
	gboolean by_address = span->address.family != AF_UNSPEC;
	gboolean is_cut = span->end == G_MAXUINT16 && span->start < span->end; /* the last port of all stands alone */
	ForwardElement key = {
		.address = span->address,
		.protocol = forward_protocol_number(span->proto),
		.port = span->start,
		.last_port = by_address ? span->start : is_cut ? G_MAXUINT16 - 1 : span->end,
	};

	key.set = forward_set_of_taken(key.protocol, by_address);
	return find_own(held, uuid, span->family, &key) != NULL;
}

/* Ports of a guest that another one has the address of lead nowhere: to no network. */
static void find_guests(ForwardFinder *finder, const char *uuid, GArray *spans, const ForwardRuleset *held)
{
	for (guint i = 0; i < spans->len; i++) {
		ForwardSpan *span = &g_array_index(spans, ForwardSpan, i);
		ForwardAddress at, guest;
		ForwardFound found;

		if (!forward_span_floats(span))
			continue;
		at = held_guest(held, uuid, span);
		found = forward_find(finder, span, &at, &guest);
		if (found == FORWARD_FOUND)
			span->guest = guest;
		else if (found == FORWARD_NOWHERE)
			span->net = (ForwardNet){ 0 };
	}
}

/* Where nobody says anything of a guest, what is open stays as it is. */
static void keep_guests(const char *uuid, GArray *spans, const ForwardRuleset *held)
{
	for (guint i = 0; i < spans->len; i++) {
		ForwardSpan *span = &g_array_index(spans, ForwardSpan, i);
		ForwardAddress at = held_guest(held, uuid, span);

		if (forward_span_floats(span) && forward_net_suits_guest(&span->net, &at))
			span->guest = at;
	}
}

void forward_stay_find_guests(HostlerHost *host, const HostlerRecord *stay, GArray *spans, const ForwardRuleset *held)
{
	g_autoptr(ForwardFinder) finder = forward_finder_new(host);

	find_guests(finder, stay->uuid, spans, held);
	keep_guests(stay->uuid, spans, held);
}

static gboolean is_whole(GHashTable *whole, const HostlerRecord *stay)
{
	return whole == NULL || g_hash_table_contains(whole, stay->uuid);
}

static void add(ForwardDesired *desired, GHashTable *whole, const HostlerRecord *stay, const GArray *spans,
		gboolean open)
{
	if (!is_whole(whole, stay))
		forward_desired_probe(desired, stay->uuid, spans, open);
	else if (open)
		forward_desired_add(desired, stay->uuid, spans);
	else
		forward_desired_reserve(desired, stay->uuid, spans);
}

ForwardDesired *forward_stays_keys(const GPtrArray *stays, GHashTable *whole)
{
	ForwardDesired *keys = forward_desired_new();

	for (guint i = 0; i < stays->len; i++) {
		const HostlerRecord *stay = g_ptr_array_index(stays, i);
		g_autoptr(GArray) spans = forward_stay_spans(stay);

		add(keys, whole, stay, spans, TRUE);
	}
	forward_desired_finish(keys);
	return keys;
}

static GPtrArray *find_spans(HostlerHost *host, const GPtrArray *stays, const ForwardRuleset *held)
{
	g_autoptr(ForwardFinder) finder = forward_finder_new(host);
	GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);

	for (guint i = 0; i < stays->len; i++) {
		const HostlerRecord *stay = g_ptr_array_index(stays, i);
		GArray *spans = forward_stay_spans(stay);

		g_ptr_array_add(all, spans);
		if (forward_stay_is_open(stay))
			find_guests(finder, stay->uuid, spans, held);
	}
	return all;
}

/* Those that the kernel has as this VM's, or those that it has not. */
static GArray *pick(const GArray *spans, const char *uuid, const ForwardRuleset *held, gboolean reserved)
{
	GArray *picked = g_array_new(FALSE, TRUE, sizeof(ForwardSpan));

	for (guint i = 0; i < spans->len; i++) {
		const ForwardSpan *span = &g_array_index(spans, ForwardSpan, i);

		if (is_reserved(held, uuid, span) == reserved)
			g_array_append_val(picked, *span);
	}
	return picked;
}

/* Two may want a port when metadata was changed and nobody asked for it to be applied; it stays where it is. */
static void add_all(ForwardDesired *desired, GHashTable *whole, const GPtrArray *stays, const GPtrArray *spans,
		    const ForwardRuleset *held, gboolean reserved)
{
	for (guint i = 0; i < stays->len; i++) {
		const HostlerRecord *stay = g_ptr_array_index(stays, i);
		g_autoptr(GArray) some = pick(g_ptr_array_index(spans, i), stay->uuid, held, reserved);

		add(desired, whole, stay, some, forward_stay_is_open(stay));
	}
}

/* hostler-watch settles at each change of anything, and a hook more than once. */
static gboolean is_news(HostlerHost *host, guint n_twice)
{
	guint before = GPOINTER_TO_UINT(g_datalist_get_data(&host->kept, "ports wanted twice"));

	g_datalist_set_data(&host->kept, "ports wanted twice", GUINT_TO_POINTER(n_twice));
	return n_twice > 0 && n_twice != before;
}

ForwardDesired *forward_stays_desired(HostlerHost *host, const GPtrArray *stays, GHashTable *whole,
				      const ForwardRuleset *held)
{
	ForwardDesired *desired = forward_desired_new();
	g_autoptr(GPtrArray) guarded = forward_loopback_guarded(host, stays);
	g_autoptr(GPtrArray) spans = find_spans(host, stays, held);
	guint n_twice;

	add_all(desired, whole, stays, spans, held, TRUE);
	add_all(desired, whole, stays, spans, held, FALSE);
	forward_desired_guard(desired, guarded);
	n_twice = forward_desired_finish(desired);
	if (is_news(host, n_twice))
		hostler_log(G_LOG_LEVEL_WARNING, hostler_error_code_name(HOSTLER_ERROR_FORWARD_TAKEN), NULL,
			    "%u ports are wanted by two running VMs and stay with the one that had them first; see "
			    "which: hostler status", n_twice);
	return desired;
}

static void add_word(GPtrArray *words, const char *word)
{
	if (!g_ptr_array_find_with_equal_func(words, word, g_str_equal, NULL))
		g_ptr_array_add(words, g_strdup(word));
}

static void add_floating(GPtrArray *guests, const HostlerRecord *stay, const GArray *spans,
			 const ForwardRuleset *held)
{
	for (guint i = 0; i < spans->len; i++) {
		const ForwardSpan *span = &g_array_index(spans, ForwardSpan, i);
		char text[FORWARD_ADDRESS_LENGTH];
		ForwardAddress at;

		if (!forward_span_floats(span))
			continue;
		add_word(guests, span->mac);
		at = held_guest(held, stay->uuid, span);
		if (at.family != AF_UNSPEC)
			add_word(guests, forward_address_text(&at, text));
	}
}

static gboolean has_floating(const GArray *spans)
{
	for (guint i = 0; i < spans->len; i++) {
		if (forward_span_floats(&g_array_index(spans, ForwardSpan, i)))
			return TRUE;
	}
	return FALSE;
}

/* Of those that float the first ports alone: where these lead the others do. */
static ForwardRuleset *read_floating(HostlerHost *host, const GPtrArray *stays)
{
	g_autoptr(GHashTable) nobody = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(ForwardDesired) keys = forward_stays_keys(stays, nobody);
	ForwardRuleset *held = forward_ruleset_read(host, keys, NULL);

	return held != NULL ? held : forward_ruleset_new();
}

GStrv forward_stays_floating(HostlerHost *host)
{
	g_autoptr(GPtrArray) stays = forward_stays_open(host);
	g_autoptr(ForwardRuleset) held = NULL;
	GPtrArray *guests = g_ptr_array_new();

	for (guint i = 0; i < stays->len; i++) {
		const HostlerRecord *stay = g_ptr_array_index(stays, i);
		g_autoptr(GArray) spans = forward_stay_spans(stay);

		if (!has_floating(spans))
			continue;
		if (held == NULL)
			held = read_floating(host, stays);
		add_floating(guests, stay, spans, held);
	}
	g_ptr_array_add(guests, NULL);
	return (GStrv)g_ptr_array_free(guests, FALSE);
}
