/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps in words. Pure. */
#include "plugins/forward/change.h"

static const char *protocol_name(guint8 protocol)
{
	return protocol == IPPROTO_TCP ? "tcp" : protocol == IPPROTO_UDP ? "udp" : "sctp";
}

/* "ip taken_tcp tcp any 80-90", "ip ports tcp any 80 -> 10.0.0.2:80", "ip sources tcp any 80-90 10.0.0.0/8". */
static char *element_text(const char *verb, const ForwardChange *change)
{
	const ForwardElement *element = change->element;
	const ForwardSetInfo *set = &forward_sets[element->set];
	GString *text = g_string_new(NULL);
	char address[FORWARD_NET_LENGTH];

	g_string_printf(text, "%s %s %s %s %s %u", verb, forward_families[change->family].name, set->name,
			protocol_name(element->protocol), forward_address_text(&element->address, address),
			element->port);
	if (element->last_port != element->port)
		g_string_append_printf(text, "-%u", element->last_port);
	if (set->by_source)
		g_string_append_printf(text, " %s", forward_net_text(&element->source, address));
	if (set->is_map)
		g_string_append_printf(text, " -> %s %u", forward_address_text(&element->guest, address),
				       element->guest_port);
	if (set->has_rate)
		g_string_append_printf(text, " %s", element->rate);
	g_string_append_printf(text, " of %s", element->uuid);
	return g_string_free(text, FALSE);
}

static char *table_text(const char *verb, const ForwardChange *change)
{
	gboolean is_new = change->kind == FORWARD_ADD_TABLE;

	return g_strdup_printf("%s table %s%s%s%s", verb, forward_families[change->family].name,
			       is_new && (change->features & FORWARD_WITH_ADDRESSES) ? " with addresses" : "",
			       is_new && (change->features & FORWARD_WITH_LIMITS) ? " with limits" : "",
			       is_new && (change->features & FORWARD_WITH_LOOPBACK) ? " with loopback" : "");
}

char *forward_change_to_text(const ForwardChange *change)
{
	static const char *const ways[] = { "out", "in", "back", "self", "loopback", "guard", "guard-from" };
	const ForwardPlaceInfo *place = &forward_places[change->place];
	const char *family = forward_families[change->family].name;

	switch (change->kind) {
	case FORWARD_DELETE_RULE:
		return g_strdup_printf("delete %s %s %s handle %" G_GUINT64_FORMAT " %s", family, place->table,
				       place->chain, change->handle, change->bridge);
	case FORWARD_DELETE_TABLE:
		return table_text("delete", change);
	case FORWARD_DELETE_ELEMENT:
		return element_text("delete", change);
	case FORWARD_ADD_TABLE:
		return table_text("add", change);
	case FORWARD_ADD_ELEMENT:
		return element_text("add", change);
	case FORWARD_INSERT_RULE:
		return g_strdup_printf("insert %s %s %s %s %s", family, place->table, place->chain,
				       ways[change->way], change->bridge);
	}
	g_return_val_if_reached(NULL);
}
