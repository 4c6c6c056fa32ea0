/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports that lead to a guest, and how a stay keeps them. Pure. */
#include "plugins/forward/span.h"

#include <arpa/inet.h>
#include <string.h>

#define GROUP "forward"
#define KEY "ports"
#define ANY "any"

enum { PROTO, ADDRESS, START, END, TO, BRIDGE, GUEST, N_FIELDS };

const char *forward_address_text(struct in_addr address, char text[FORWARD_ADDRESS_LENGTH])
{
	return inet_ntop(AF_INET, &address, text, FORWARD_ADDRESS_LENGTH);
}

gboolean forward_bridge_is_plain(const char *bridge)
{
	gsize length = strspn(bridge, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

	return length > 0 && length < IFNAMSIZ && bridge[length] == '\0';
}

char *forward_span_to_text(const ForwardSpan *span)
{
	char address[FORWARD_ADDRESS_LENGTH] = ANY, guest[FORWARD_ADDRESS_LENGTH];

	if (span->address.s_addr != INADDR_ANY)
		forward_address_text(span->address, address);
	return g_strdup_printf("%s %s %u %u %u %s %s", hostler_proto_name(span->proto), address, span->start,
			       span->end, span->to, span->bridge, forward_address_text(span->guest, guest));
}

static gboolean read_proto(const char *text, HostlerProto *proto)
{
	for (*proto = HOSTLER_PROTO_TCP; *proto <= HOSTLER_PROTO_UDP; (*proto)++) {
		if (g_str_equal(text, hostler_proto_name(*proto)))
			return TRUE;
	}
	return FALSE;
}

static gboolean read_address(const char *text, struct in_addr *address)
{
	return inet_pton(AF_INET, text, address) == 1 && address->s_addr != INADDR_ANY;
}

static gboolean read_host_address(const char *text, struct in_addr *address)
{
	address->s_addr = INADDR_ANY;
	return g_str_equal(text, ANY) || read_address(text, address);
}

static gboolean read_port(const char *text, guint16 *port)
{
	guint64 value = 0;

	if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT16, &value, NULL))
		return FALSE;
	*port = (guint16)value;
	return TRUE;
}

gboolean forward_span_from_text(const char *text, ForwardSpan *span)
{
	g_auto(GStrv) fields = g_strsplit(text, " ", N_FIELDS + 1);

	if (g_strv_length(fields) != N_FIELDS || !read_proto(fields[PROTO], &span->proto) ||
	    !read_host_address(fields[ADDRESS], &span->address) || !read_port(fields[START], &span->start) ||
	    !read_port(fields[END], &span->end) || !read_port(fields[TO], &span->to) ||
	    !forward_bridge_is_plain(fields[BRIDGE]) || !read_address(fields[GUEST], &span->guest))
		return FALSE;
	g_strlcpy(span->bridge, fields[BRIDGE], sizeof(span->bridge));
	return span->start <= span->end && span->to + (span->end - span->start) <= G_MAXUINT16;
}

char *forward_span_shown(const ForwardSpan *span)
{
	char address[FORWARD_ADDRESS_LENGTH];
	g_autofree char *ports = NULL;

	if (span->start == span->end)
		ports = g_strdup_printf("%s port %u", hostler_proto_name(span->proto), span->start);
	else
		ports = g_strdup_printf("%s ports %u-%u", hostler_proto_name(span->proto), span->start, span->end);
	if (span->address.s_addr == INADDR_ANY)
		return g_steal_pointer(&ports);
	return g_strdup_printf("%s of %s", ports, forward_address_text(span->address, address));
}

gboolean forward_spans_collide(const ForwardSpan *a, const ForwardSpan *b)
{
	return a->proto == b->proto && a->start <= b->end && b->start <= a->end &&
	       (a->address.s_addr == b->address.s_addr || a->address.s_addr == INADDR_ANY ||
		b->address.s_addr == INADDR_ANY);
}

void forward_spans_store(GKeyFile *body, const GArray *spans)
{
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < spans->len; i++)
		g_ptr_array_add(texts, forward_span_to_text(&g_array_index(spans, ForwardSpan, i)));
	g_ptr_array_add(texts, NULL);
	g_key_file_set_string_list(body, GROUP, KEY, (const char *const *)texts->pdata, texts->len - 1);
}

gboolean forward_spans_are_stored(GKeyFile *body)
{
	return g_key_file_has_group(body, GROUP);
}

GArray *forward_spans_load(GKeyFile *body, guint *n_bad)
{
	g_autoptr(GArray) spans = g_array_new(FALSE, TRUE, sizeof(ForwardSpan));
	g_auto(GStrv) texts = g_key_file_get_string_list(body, GROUP, KEY, NULL, NULL);

	*n_bad = 0;
	for (gsize i = 0; texts != NULL && texts[i] != NULL; i++) {
		ForwardSpan span = { 0 };

		if (forward_span_from_text(texts[i], &span))
			g_array_append_val(spans, span);
		else
			(*n_bad)++;
	}
	return g_steal_pointer(&spans);
}
