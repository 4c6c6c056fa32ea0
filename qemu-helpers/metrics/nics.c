/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of the host's interfaces are a VM's, and which way they look. */
#include "nics.h"

#include <arpa/inet.h>
#include <string.h>

#include "plugins/metrics/inventory.h"

/* Errors, rx and tx: a function's are not told. */
#define FUNCTION_UNKNOWN (1u << 2 | 1u << 6)

typedef struct {
	char *target;
	guint place; /* in the XML */
	char *mac;
	struct sockaddr_in6 reserved; /* its address; family 0: none that is known */
	Link link;
	Function function; /* index 0: it is none */
	EchoPeer *peer; /* NULL: none was sent yet */
} Nic;

struct _Nics {
	GPtrArray *nics; /* Nic */
	char *listed;    /* what the stay said of them */
	GHashTable *not_ours; /* set of names that those have which nobody can count */
};

static void nic_free(gpointer data)
{
	Nic *nic = data;

	g_clear_pointer(&nic->peer, echo_peer_free);
	g_free(nic->target);
	g_free(nic->mac);
	g_free(nic);
}

static struct sockaddr_in6 parse_address(const char *text)
{
	struct sockaddr_in6 address = { 0 };
	g_autofree char *mapped = text != NULL ? g_strconcat("::ffff:", text, NULL) : NULL;

	if (text != NULL && (inet_pton(AF_INET6, text, &address.sin6_addr) == 1 ||
			     inet_pton(AF_INET6, mapped, &address.sin6_addr) == 1))
		address.sin6_family = AF_INET6;
	return address;
}

static void note_function(const Nic *nic, HostlerRecord *stay, const char *group)
{
	g_key_file_set_string(stay->body, group, "target", nic->target);
	g_key_file_remove_key(stay->body, group, METRICS_UNMEASURED, NULL);
}

/* FALSE: nobody counts for this NIC. */
static gboolean find_function(Nic *nic, HostlerRecord *stay, const char *group, Links *links)
{
	g_autofree char *type = g_key_file_get_string(stay->body, group, "type", NULL);

	if (g_strcmp0(type, "hostdev") != 0 || nic->mac == NULL || links == NULL)
		return FALSE;
	nic->function = links_find_function(links, nic->mac);
	if (nic->function.index == 0)
		return FALSE;
	nic->target = g_strdup_printf("%s vf %u", nic->function.name, nic->function.number);
	note_function(nic, stay, group);
	return TRUE;
}

/* NULL: it has no interface. */
static Nic *nic_new(HostlerRecord *stay, const char *group, Links *links)
{
	g_autofree char *address = g_key_file_get_string(stay->body, group, METRICS_ADDRESS, NULL);
	Nic *nic = g_new0(Nic, 1);

	nic->mac = g_key_file_get_string(stay->body, group, "mac", NULL);
	nic->reserved = parse_address(address);
	nic->place = (guint)g_ascii_strtoull(group + strlen(METRICS_NICS), NULL, 10);
	if (!g_key_file_has_key(stay->body, group, METRICS_UNMEASURED, NULL))
		nic->target = g_key_file_get_string(stay->body, group, "target", NULL);
	if (nic->target != NULL || find_function(nic, stay, group, links))
		return nic;
	nic_free(nic);
	return NULL;
}

static void list_group(GString *text, GKeyFile *stay, const char *group)
{
	g_auto(GStrv) keys = g_key_file_get_keys(stay, group, NULL, NULL);

	g_string_append_printf(text, "[%s]\n", group);
	for (gsize i = 0; keys != NULL && keys[i] != NULL; i++) {
		g_autofree char *value = g_key_file_get_value(stay, group, keys[i], NULL);

		g_string_append_printf(text, "%s=%s\n", keys[i], value);
	}
}

static char *list_groups(const HostlerRecord *stay)
{
	g_auto(GStrv) groups = g_key_file_get_groups(stay->body, NULL);
	GString *text = g_string_new(NULL);

	for (gsize i = 0; groups[i] != NULL; i++) {
		if (g_str_has_prefix(groups[i], METRICS_NICS))
			list_group(text, stay->body, groups[i]);
	}
	return g_string_free(text, FALSE);
}

gboolean nics_are_listed_by(const Nics *nics, const HostlerRecord *stay)
{
	g_autofree char *listed = list_groups(stay);

	return g_str_equal(listed, nics->listed);
}

/* What libvirt calls such a NIC is no interface, or anybody's that happens to have the name. */
static void bar(Nics *nics, const HostlerRecord *stay, const char *group)
{
	g_autofree char *target = g_key_file_get_string(stay->body, group, "target", NULL);

	if (target != NULL)
		g_hash_table_add(nics->not_ours, g_steal_pointer(&target));
}

Nics *nics_new(HostlerRecord *stay, Links *links)
{
	g_auto(GStrv) groups = g_key_file_get_groups(stay->body, NULL);
	Nics *nics = g_new(Nics, 1);

	/* Before functions are noted in it. */
	nics->listed = list_groups(stay);
	nics->not_ours = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	nics->nics = g_ptr_array_new_with_free_func(nic_free);
	for (gsize i = 0; groups[i] != NULL; i++) {
		Nic *nic = g_str_has_prefix(groups[i], METRICS_NICS) ? nic_new(stay, groups[i], links) : NULL;

		if (nic != NULL)
			g_ptr_array_add(nics->nics, nic);
		else if (g_str_has_prefix(groups[i], METRICS_NICS))
			bar(nics, stay, groups[i]);
	}
	return nics;
}

static gboolean has_target(const Nics *nics, const char *target)
{
	for (guint i = 0; i < nics->nics->len; i++) {
		const Nic *nic = g_ptr_array_index(nics->nics, i);

		if (g_str_equal(nic->target, target))
			return TRUE;
	}
	return FALSE;
}

void nics_learn(Nics *nics, const GPtrArray *targets)
{
	for (guint i = 0; i < targets->len; i++) {
		const char *target = g_ptr_array_index(targets, i);
		Nic *nic;

		if (target == NULL || has_target(nics, target) || g_hash_table_contains(nics->not_ours, target))
			continue;
		nic = g_new0(Nic, 1);
		nic->target = g_strdup(target);
		nic->place = i;
		g_ptr_array_add(nics->nics, nic);
	}
}

void nics_carry_over(const Nics *nics, HostlerRecord *stay)
{
	for (guint i = 0; i < nics->nics->len; i++) {
		const Nic *nic = g_ptr_array_index(nics->nics, i);
		g_autofree char *group = g_strdup_printf(METRICS_NICS "%u", nic->place);

		if (nic->function.index != 0)
			note_function(nic, stay, group);
	}
}

void nics_free(Nics *nics)
{
	g_ptr_array_unref(nics->nics);
	g_hash_table_unref(nics->not_ours);
	g_free(nics->listed);
	g_free(nics);
}

/* In the order of meter_nic's counters: rx, then tx. What the host drops because the
 * guest does not fetch it is the guest's loss on the way in. */
static void fill(Meter *meter, const struct rtnl_link_stats64 *stats, gboolean guest_side)
{
	const guint64 in[] = { stats->rx_bytes, stats->rx_packets, stats->rx_errors,
			       stats->rx_dropped + stats->rx_missed_errors };
	const guint64 out[] = { stats->tx_bytes, stats->tx_packets, stats->tx_errors, stats->tx_dropped };

	for (guint i = 0; i < G_N_ELEMENTS(in); i++) {
		meter_learn(meter, i, guest_side ? in[i] : out[i]);
		meter_learn(meter, i + G_N_ELEMENTS(in), guest_side ? out[i] : in[i]);
	}
}

/* Looked up by its name until it was there once. */
static gboolean find(Nic *nic, Links *links, struct rtnl_link_stats64 *stats)
{
	if (nic->function.index != 0)
		return links_read_function(links, &nic->function, stats);
	if (nic->link.index == 0)
		nic->link = links_look_up(links, nic->target);
	return nic->link.index != 0 && links_find(links, nic->link.index, stats);
}

/* Its interface was there and is no more, so it was unplugged: one that bears the name
 * from now on may be another VM's. Those of a QEMU that ends, and has given back its
 * memory by then, go as well. */
static gboolean is_gone(const Nic *nic, Links *links, const Sample *sample)
{
	return nic->link.index != 0 && links_are_known(links) && sample->resident_bytes > 0 &&
	       links_look_up(links, nic->target).index != nic->link.index;
}

static Meter *read_nic(const Nic *nic, const struct rtnl_link_stats64 *stats)
{
	Meter *meter = meter_new(&meter_nic, nic->target, nic->place);

	fill(meter, stats, nic->link.guest_side || nic->function.index != 0);
	if (nic->function.index != 0)
		meter->known &= ~FUNCTION_UNKNOWN;
	if (nic->peer != NULL)
		meter->rtt = echo_peer_take(nic->peer);
	return meter;
}

void nics_read(Nics *nics, Links *links, Sample *sample)
{
	for (guint i = 0; i < nics->nics->len;) {
		Nic *nic = g_ptr_array_index(nics->nics, i);
		struct rtnl_link_stats64 stats;

		if (find(nic, links, &stats)) {
			g_ptr_array_add(sample->meters, read_nic(nic, &stats));
		} else if (is_gone(nic, links, sample)) {
			Meter *last = meter_new(&meter_nic, nic->target, nic->place);

			last->gone = TRUE;
			g_ptr_array_add(sample->meters, last);
			g_ptr_array_remove_index(nics->nics, i);
			continue;
		}
		i++;
	}
}

/* --- round trips --- */

/* What the network keeps for it, else what the host has met. */
static gboolean find_address(const Nic *nic, Links *links, struct sockaddr_in6 *address)
{
	*address = nic->reserved;
	return nic->reserved.sin6_family != 0 ||
	       (nic->mac != NULL && links_find_neighbour(links, nic->link.over, nic->mac, address));
}

/* A macvtap does not talk with its host. */
void nics_send_echoes(Nics *nics, Links *links, Echo *echo)
{
	for (guint i = 0; i < nics->nics->len; i++) {
		Nic *nic = g_ptr_array_index(nics->nics, i);
		struct sockaddr_in6 address;

		if (nic->link.index == 0 || nic->link.guest_side || !find_address(nic, links, &address))
			continue;
		if (nic->peer == NULL)
			nic->peer = echo_peer_new(echo);
		echo_peer_send(nic->peer, &address, nic->link.over);
	}
}
