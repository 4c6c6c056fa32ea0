/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Adds up runs by the kind of storage and of network. */
#include "kind.h"

#include <string.h>

#include "qemu-helpers/json/read.h"
#include "qemu-helpers/metrics/words.h"

#define MOST_KINDS 500

const Summed kinds_disk_sums = {
	{ "read_bytes", "write_bytes", "read_ops", "write_ops", "flush_ops", "read_seconds", "write_seconds",
	  "flush_seconds" },
};
const Summed kinds_nic_sums = {
	{ "rx_bytes", "tx_bytes", "rx_packets", "tx_packets", "rx_drops", "tx_drops" },
};

static void kind_free(gpointer data)
{
	Kind *kind = data;

	g_hash_table_unref(kind->devices);
	g_free(kind->name);
	g_free(kind->cache);
	g_free(kind);
}

Kinds *kinds_new(void)
{
	Kinds *kinds = g_new(Kinds, 1);

	*kinds = (Kinds){ g_ptr_array_new_with_free_func(kind_free), g_ptr_array_new_with_free_func(kind_free) };
	return kinds;
}

void kinds_free(Kinds *kinds)
{
	g_ptr_array_unref(kinds->disks);
	g_ptr_array_unref(kinds->nics);
	g_free(kinds);
}

/* --- names --- */

/* Of a floppy or a CD. */
static gboolean is_empty_drive(JsonObject *disk)
{
	const char *device = json_text(disk, "device");

	return (g_strcmp0(device, "cdrom") == 0 || g_strcmp0(device, "floppy") == 0) &&
	       json_text(disk, "source") == NULL;
}

char *kinds_name_storage(JsonObject *disk)
{
	const char *kind = json_text(disk, "storage_kind");
	const char *type = json_text(disk, "type");

	if (kind != NULL)
		return g_strdup(kind);
	if (is_empty_drive(disk))
		return g_strdup("drive, empty at the start");
	return type != NULL ? g_strdup_printf("unknown (%s)", type) : g_strdup("unknown");
}

char *kinds_name_network(JsonObject *nic)
{
	const char *kind = json_text(nic, "network_kind");
	const char *type = json_text(nic, "type");

	if (kind == NULL)
		kind = type;
	return g_strdup(kind != NULL ? kind : "unknown");
}

/* --- adding up --- */

static Kind *find_kind(GPtrArray *kinds, const Summed *summed, const char *name, const char *cache)
{
	Kind *kind;

	for (guint i = 0; i < kinds->len; i++) {
		kind = g_ptr_array_index(kinds, i);
		if (g_str_equal(kind->name, name) && g_str_equal(kind->cache, cache))
			return kind;
	}
	if (kinds->len >= MOST_KINDS)
		return g_ptr_array_index(kinds, MOST_KINDS - 1);
	kind = g_new0(Kind, 1);
	kind->summed = summed;
	kind->name = g_strdup(name);
	kind->cache = g_strdup(cache);
	kind->devices = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_ptr_array_add(kinds, kind);
	return kind;
}

static void add_round_trip(Kind *kind, JsonObject *device)
{
	JsonObject *round_trip = json_part(device, "rtt_seconds");
	double mean = json_number(round_trip, "mean", -1);

	if (mean < 0)
		return;
	kind->round_trips += mean;
	kind->with_round_trip++;
	kind->longest_round_trip = MAX(kind->longest_round_trip, json_number(round_trip, "max", mean));
}

static void add_device(Kind *kind, JsonObject *figures, JsonObject *device)
{
	JsonObject *peaks = json_part(device, "peak_per_second");
	const char *mac = json_text(device, "mac");
	const char *target = mac != NULL ? mac : json_text(device, "target");
	const char *uuid = json_text(figures, "uuid");

	g_hash_table_add(kind->devices,
			 g_strdup_printf("%s %s", uuid != NULL ? uuid : "", target != NULL ? target : ""));
	kind->runs++;
	kind->seconds += MAX(json_number(figures, "seconds", 0), 0);
	for (guint i = 0; i < G_N_ELEMENTS(kind->sums) && kind->summed->names[i] != NULL; i++)
		kind->sums[i] += MAX(json_number(device, kind->summed->names[i], 0), 0);
	for (guint i = 0; i < G_N_ELEMENTS(kind->peaks); i++)
		kind->peaks[i] = MAX(kind->peaks[i], json_number(peaks, kind->summed->names[i], 0));
	add_round_trip(kind, device);
}

void kinds_add(Kinds *kinds, const Run *run, JsonObject *figures)
{
	g_autoptr(GPtrArray) disks = json_items(figures, "disks");
	g_autoptr(GPtrArray) nics = json_items(figures, "nics");

	if (!words_ran(figures))
		return;
	for (guint i = 0; i < disks->len; i++) {
		JsonObject *device = g_ptr_array_index(disks, i);
		JsonObject *labels = run_device(run, "disks", device);
		g_autofree char *name = kinds_name_storage(labels);
		const char *cache = json_text(labels, "cache");
		Kind *kind = find_kind(kinds->disks, &kinds_disk_sums, name, cache != NULL ? cache : "default");

		add_device(kind, figures, device);
	}
	for (guint i = 0; i < nics->len; i++) {
		JsonObject *device = g_ptr_array_index(nics, i);
		g_autofree char *name = kinds_name_network(run_device(run, "nics", device));

		add_device(find_kind(kinds->nics, &kinds_nic_sums, name, ""), figures, device);
	}
}

static int compare_kinds(gconstpointer a, gconstpointer b)
{
	const Kind *one = *(const Kind *const *)a;
	const Kind *other = *(const Kind *const *)b;
	int order = strcmp(one->name, other->name);

	return order != 0 ? order : strcmp(one->cache, other->cache);
}

void kinds_sort(Kinds *kinds)
{
	g_ptr_array_sort(kinds->disks, compare_kinds);
	g_ptr_array_sort(kinds->nics, compare_kinds);
}
