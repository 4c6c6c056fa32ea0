/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dnsmasq's leases, as libvirt's helper writes them: bytes to whose which address
 * is. Pure. */
#include "plugins/forward/lease.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "hostler/error.h"
#include "hostler/text.h"

/* A list of objects with plain values has two. The parser goes into itself at each. */
#define MOST_DEPTH 4

/* --- what the parser may be given --- */

typedef struct {
	const char *bytes;
	gsize length;
	gsize at;
	guint depth;
} Scan;

/* Behind the string that begins here. */
static void pass_string(Scan *scan)
{
	for (scan->at++; scan->at < scan->length && scan->bytes[scan->at] != '"'; scan->at++) {
		if (scan->bytes[scan->at] == '\\')
			scan->at++;
	}
	scan->at++;
}

/* json-glib also takes comments and single quotes for JSON, in which brackets would
 * not count. */
static gboolean pass_token(Scan *scan)
{
	char c = scan->bytes[scan->at];

	if (c == '"') {
		pass_string(scan);
		return TRUE;
	}
	scan->at++;
	if (c == '[' || c == '{')
		scan->depth++;
	else if ((c == ']' || c == '}') && scan->depth > 0)
		scan->depth--;
	return scan->depth <= MOST_DEPTH && c != '/' && c != '\'' && c != '#';
}

static gboolean is_shallow(const char *bytes, gsize length)
{
	Scan scan = { .bytes = bytes, .length = length };

	while (scan.at < scan.length) {
		if (!pass_token(&scan))
			return FALSE;
	}
	return TRUE;
}

static gboolean fail(GError **error, const char *why)
{
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_RECORD,
		    "this is no list of leases: %s; libvirt writes it anew when a guest asks for an address", why);
	return FALSE;
}

static gboolean check_bytes(const char *bytes, gsize length, GError **error)
{
	if (length > FORWARD_LEASES_MAX_BYTES)
		return fail(error, "it is too long");
	if (length > 0 && memchr(bytes, '\0', length) != NULL)
		return fail(error, "there is a NUL in it");
	if (!g_utf8_validate(bytes, (gssize)length, NULL))
		return fail(error, "it is not UTF-8");
	return is_shallow(bytes, length) || fail(error, "it is not the JSON that libvirt writes");
}

/* --- one lease --- */

static const char *string_of(JsonObject *object, const char *name)
{
	JsonNode *node = json_object_get_member(object, name);

	if (node == NULL || !JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_STRING)
		return NULL;
	return json_node_get_string(node);
}

/* One that never ends is written without. */
static gboolean read_expiry(JsonObject *object, gint64 *expiry)
{
	JsonNode *node = json_object_get_member(object, "expiry-time");

	*expiry = G_MAXINT64;
	if (node == NULL)
		return TRUE;
	if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_INT64)
		return FALSE;
	*expiry = json_node_get_int(node);
	return *expiry > 0 && *expiry < G_MAXINT64;
}

static gboolean read_lease(JsonObject *object, ForwardLease *lease)
{
	const char *address = string_of(object, "ip-address");
	const char *mac = string_of(object, "mac-address");
	g_autofree char *canonical = mac != NULL ? hostler_text_mac(mac) : NULL;

	if (address == NULL || canonical == NULL || !forward_address_read(address, &lease->address) ||
	    !read_expiry(object, &lease->expiry))
		return FALSE;
	g_strlcpy(lease->mac, canonical, sizeof(lease->mac));
	return TRUE;
}

static void each_lease(JsonArray *array, guint index, JsonNode *node, gpointer data)
{
	ForwardLease lease = { .place = index };

	if (JSON_NODE_HOLDS_OBJECT(node) && read_lease(json_node_get_object(node), &lease))
		g_array_append_val((GArray *)data, lease);
}

/* --- whose is an address --- */

static gint compare_leases(gconstpointer a, gconstpointer b)
{
	const ForwardLease *x = a;
	const ForwardLease *y = b;
	gint order = forward_address_compare(&x->address, &y->address);

	if (order != 0)
		return order;
	if (x->expiry != y->expiry)
		return x->expiry > y->expiry ? -1 : 1;
	return x->place > y->place ? -1 : 1;
}

/* `other` comes behind `lease` in order, so it is as new at most. */
static void settle_claim(ForwardLease *lease, const ForwardLease *other)
{
	if (other->expiry == lease->expiry && !g_str_equal(other->mac, lease->mac))
		lease->mac[0] = '\0';
}

static void keep_one_each(GArray *leases)
{
	guint kept = 0;

	g_array_sort(leases, compare_leases);
	for (guint i = 0; i < leases->len; i++) {
		const ForwardLease *lease = &g_array_index(leases, ForwardLease, i);
		ForwardLease *last = kept > 0 ? &g_array_index(leases, ForwardLease, kept - 1) : NULL;

		if (last != NULL && forward_address_compare(&last->address, &lease->address) == 0)
			settle_claim(last, lease);
		else
			g_array_index(leases, ForwardLease, kept++) = *lease;
	}
	g_array_set_size(leases, kept);
}

/* --- all of them --- */

/* The helper writes nothing at all when the last lease has gone. */
static gboolean is_blank(const char *bytes, gsize length)
{
	return strspn(bytes, " \t\r\n") >= length;
}

static gboolean load(JsonParser *parser, const char *bytes, gsize length, GError **error)
{
	g_autoptr(GError) local = NULL;
	JsonNode *root;

	if (!json_parser_load_from_data(parser, bytes, (gssize)length, &local))
		return fail(error, "it is not JSON");
	root = json_parser_get_root(parser);
	return (root != NULL && JSON_NODE_HOLDS_ARRAY(root)) || fail(error, "there is no array in it");
}

GArray *forward_leases_parse(const char *bytes, gsize length, GError **error)
{
	g_autoptr(JsonParser) parser = NULL;
	g_autoptr(GArray) leases = g_array_new(FALSE, TRUE, sizeof(ForwardLease));
	g_autofree char *text = NULL;

	if (!check_bytes(bytes, length, error))
		return NULL;
	text = g_strndup(bytes, length);
	if (is_blank(text, length))
		return g_steal_pointer(&leases);
	parser = json_parser_new_immutable();
	if (!load(parser, text, length, error))
		return NULL;
	json_array_foreach_element(json_node_get_array(json_parser_get_root(parser)), each_lease, leases);
	keep_one_each(leases);
	return g_steal_pointer(&leases);
}

const ForwardLease *forward_leases_find(const GArray *leases, const char *mac, const ForwardNet *net)
{
	const ForwardLease *newest = NULL;

	for (guint i = 0; i < leases->len; i++) {
		const ForwardLease *lease = &g_array_index(leases, ForwardLease, i);

		if (!g_str_equal(lease->mac, mac) || !forward_net_suits_guest(net, &lease->address))
			continue;
		if (newest == NULL || lease->expiry > newest->expiry ||
		    (lease->expiry == newest->expiry && lease->place > newest->place))
			newest = lease;
	}
	return newest;
}

const ForwardLease *forward_leases_of(const GArray *leases, const ForwardAddress *address)
{
	for (guint i = 0; i < leases->len; i++) {
		const ForwardLease *lease = &g_array_index(leases, ForwardLease, i);

		if (forward_address_compare(&lease->address, address) == 0)
			return lease;
	}
	return NULL;
}
