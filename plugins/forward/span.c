/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports that lead to a guest, and how a stay keeps them. Pure. */
#include "plugins/forward/span.h"

#include <string.h>

#include "hostler/text.h"

#define GROUP "forward"
#define KEY "ports"
#define LOOPBACK "loopback"
#define ANY "any"
#define FLOATING "floating"

enum { PROTO, ADDRESS, START, END, TO, BRIDGE, GUEST, N_FIXED };

gboolean forward_bridge_is_plain(const char *bridge)
{
	gsize length = strspn(bridge, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

	return length > 0 && length < IFNAMSIZ && bridge[length] == '\0';
}

/* --- as text --- */

static void put_option(GString *text, const char *key, const char *value)
{
	g_string_append_printf(text, " %s=%s", key, value);
}

static void put_options(GString *text, const ForwardSpan *span)
{
	char net[FORWARD_NET_LENGTH];

	if (*span->mac != '\0')
		put_option(text, "mac", span->mac);
	if (*span->tap != '\0')
		put_option(text, "tap", span->tap);
	if (span->net.address.family != AF_UNSPEC)
		put_option(text, "net", forward_net_text(&span->net, net));
	if (span->sources != NULL)
		put_option(text, "source", span->sources);
	if (*span->rate != '\0')
		put_option(text, "rate", span->rate);
}

char *forward_span_to_text(const ForwardSpan *span)
{
	char address[FORWARD_ADDRESS_LENGTH], guest[FORWARD_ADDRESS_LENGTH] = FLOATING;
	GString *text = g_string_new(NULL);

	if (!forward_span_floats(span))
		forward_address_text(&span->guest, guest);
	g_string_append_printf(text, "%s %s %u %u %u %s %s", hostler_proto_name(span->proto),
			       forward_address_text(&span->address, address), span->start, span->end, span->to,
			       span->bridge, guest);
	put_options(text, span);
	return g_string_free(text, FALSE);
}

/* --- from text --- */

static gboolean read_proto(const char *text, HostlerProto *proto)
{
	for (*proto = HOSTLER_PROTO_TCP; *proto < HOSTLER_N_PROTOS; (*proto)++) {
		if (g_str_equal(text, hostler_proto_name(*proto)))
			return TRUE;
	}
	return FALSE;
}

/* `none` is the word for no address. */
static gboolean read_address_or(const char *none, const char *text, ForwardAddress *address)
{
	*address = (ForwardAddress){ .family = AF_UNSPEC };
	return g_str_equal(text, none) || forward_address_read(text, address);
}

static gboolean read_port(const char *text, guint16 *port)
{
	guint64 value = 0;

	if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT16, &value, NULL))
		return FALSE;
	*port = (guint16)value;
	return TRUE;
}

static gboolean read_mac(const char *text, ForwardSpan *span)
{
	g_autofree char *mac = hostler_text_mac(text);

	return g_strcmp0(mac, text) == 0 && g_strlcpy(span->mac, text, sizeof(span->mac)) == FORWARD_MAC_LENGTH;
}

static gboolean read_tap(const char *text, ForwardSpan *span)
{
	return forward_bridge_is_plain(text) && g_strlcpy(span->tap, text, sizeof(span->tap)) > 0;
}

static gboolean read_sources(const char *text, ForwardSpan *span)
{
	g_auto(GStrv) nets = g_strsplit(text, ",", -1);
	ForwardNet net;

	for (guint i = 0; nets[i] != NULL; i++) {
		if (!forward_net_read(nets[i], &net) || net.address.family != span->family)
			return FALSE;
	}
	span->sources = g_intern_string(text);
	return nets[0] != NULL;
}

static gboolean read_rate(const char *text, ForwardSpan *span)
{
	g_autofree char *count = g_strndup(text, strcspn(text, "/"));
	const char *unit = text + strlen(count);

	return g_ascii_string_to_unsigned(count, 10, 1, 1000000, NULL, NULL) && *unit == '/' && unit[1] != '\0' &&
	       strchr("smhd", unit[1]) != NULL && unit[2] == '\0' &&
	       g_strlcpy(span->rate, text, sizeof(span->rate)) < sizeof(span->rate);
}

/* One with a key that this program does not know is not guessed at: it may limit who comes. */
static gboolean read_option(const char *text, ForwardSpan *span)
{
	if (g_str_has_prefix(text, "mac="))
		return read_mac(text + strlen("mac="), span);
	if (g_str_has_prefix(text, "tap="))
		return read_tap(text + strlen("tap="), span);
	if (g_str_has_prefix(text, "net="))
		return forward_net_read(text + strlen("net="), &span->net) &&
		       span->net.address.family == span->family;
	if (g_str_has_prefix(text, "source="))
		return read_sources(text + strlen("source="), span);
	return g_str_has_prefix(text, "rate=") && read_rate(text + strlen("rate="), span);
}

/* The options come later, but `net` may be all that knows the family. */
static sa_family_t find_family(char **fields, const ForwardSpan *span)
{
	ForwardNet net;

	if (span->guest.family != AF_UNSPEC)
		return span->guest.family;
	for (guint i = N_FIXED; fields[i] != NULL; i++) {
		if (g_str_has_prefix(fields[i], "net=") && forward_net_read(fields[i] + strlen("net="), &net))
			return net.address.family;
	}
	return AF_UNSPEC;
}

static gboolean read_fixed(char **fields, ForwardSpan *span)
{
	if (g_strv_length(fields) < N_FIXED || !read_proto(fields[PROTO], &span->proto) ||
	    !read_address_or(ANY, fields[ADDRESS], &span->address) || !read_port(fields[START], &span->start) ||
	    !read_port(fields[END], &span->end) || !read_port(fields[TO], &span->to) ||
	    !forward_bridge_is_plain(fields[BRIDGE]) || !read_address_or(FLOATING, fields[GUEST], &span->guest))
		return FALSE;
	g_strlcpy(span->bridge, fields[BRIDGE], sizeof(span->bridge));
	span->family = find_family(fields, span);
	return span->family != AF_UNSPEC && span->start <= span->end &&
	       span->to + (span->end - span->start) <= G_MAXUINT16 &&
	       (span->address.family == AF_UNSPEC || span->address.family == span->family);
}

gboolean forward_span_from_text(const char *text, ForwardSpan *span)
{
	g_auto(GStrv) fields = g_strsplit(text, " ", -1);

	*span = (ForwardSpan){ 0 };
	if (!read_fixed(fields, span))
		return FALSE;
	for (guint i = N_FIXED; fields[i] != NULL; i++) {
		if (!read_option(fields[i], span))
			return FALSE;
	}
	return !forward_span_floats(span) || *span->mac != '\0';
}

gboolean forward_span_floats(const ForwardSpan *span)
{
	return span->guest.family == AF_UNSPEC;
}

char *forward_span_shown(const ForwardSpan *span)
{
	char address[FORWARD_ADDRESS_LENGTH];
	g_autofree char *ports = NULL;

	if (span->start == span->end)
		ports = g_strdup_printf("%s port %u", hostler_proto_name(span->proto), span->start);
	else
		ports = g_strdup_printf("%s ports %u-%u", hostler_proto_name(span->proto), span->start, span->end);
	if (span->address.family == AF_UNSPEC)
		return g_steal_pointer(&ports);
	return g_strdup_printf("%s of %s", ports, forward_address_text(&span->address, address));
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

void forward_loopback_store(GKeyFile *body, gboolean on)
{
	if (on)
		g_key_file_set_boolean(body, GROUP, LOOPBACK, TRUE);
	else
		g_key_file_remove_key(body, GROUP, LOOPBACK, NULL);
}

gboolean forward_loopback_is_stored(GKeyFile *body)
{
	return g_key_file_get_boolean(body, GROUP, LOOPBACK, NULL);
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
