/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's bytes against the host's: what the page cache was good for. */
#include "cached.h"

#include "plugins/metrics/inventory.h"

/* QEMU reads a little for itself; below this that would be most of it. */
#define LEAST_BYTES (16 * 1024 * 1024)

/* Reads over a network, and those of ZFS's own threads, are not charged to the VM. */
static gboolean is_charged_elsewhere(const Book *book, const char *group)
{
	GKeyFile *stay = book->stay->body;
	g_autofree char *type = g_key_file_get_string(stay, group, "type", NULL);
	g_autofree char *file_system = g_key_file_get_string(stay, group, "file_system", NULL);

	return g_strcmp0(type, "network") == 0 || g_strcmp0(file_system, "zfs") == 0 ||
	       g_key_file_has_key(stay, group, "server", NULL);
}

static gboolean has_other_disks(const Book *book)
{
	g_auto(GStrv) groups = g_key_file_get_groups(book->stay->body, NULL);

	for (gsize i = 0; groups[i] != NULL; i++) {
		if (g_str_has_prefix(groups[i], METRICS_DISKS) && is_charged_elsewhere(book, groups[i]))
			return TRUE;
	}
	return FALSE;
}

static guint64 sum_guest_reads(const Book *book)
{
	guint64 sum = 0;

	for (guint i = 0; i < book->tallies->len; i++) {
		const Tally *tally = g_ptr_array_index(book->tallies, i);

		if (tally->last->kind == &meter_disk && meter_knows(tally->last, METER_READ_BYTES))
			sum += tally_total(tally, METER_READ_BYTES);
	}
	return sum;
}

double book_cached_share(const Book *book)
{
	guint64 guest = sum_guest_reads(book);

	if (!book->host_known || guest < LEAST_BYTES || has_other_disks(book))
		return -1;
	return CLAMP(1 - (double)book->host_read_bytes / (double)guest, 0, 1);
}
