/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes on the host's disks that a VM's cgroup is charged with. */
#include "host-io.h"

#include <string.h>

/* The same bytes are charged on md and device-mapper and, cloned, on the disks
 * below: only these count. */
static gboolean has_disks_below(const char *number)
{
	static GHashTable *known;
	g_autofree char *path = NULL;
	g_autoptr(GDir) below = NULL;
	gboolean *answer;

	if (known == NULL)
		known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	answer = g_hash_table_lookup(known, number);
	if (answer != NULL)
		return *answer;
	path = g_build_filename("/sys/dev/block", number, "slaves", NULL);
	below = g_dir_open(path, 0, NULL);
	answer = g_new(gboolean, 1);
	*answer = below != NULL && g_dir_read_name(below) != NULL;
	g_hash_table_insert(known, g_strdup(number), answer);
	return *answer;
}

static guint64 find_value(char **words, const char *key)
{
	for (gsize i = 0; words[i] != NULL; i++) {
		if (g_str_has_prefix(words[i], key))
			return g_ascii_strtoull(words[i] + strlen(key), NULL, 10);
	}
	return 0;
}

/* "259:0 rbytes=1 wbytes=2 rios=…", a line for each disk. */
void host_io_read(const char *text, Sample *sample)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (gsize i = 0; lines[i] != NULL; i++) {
		g_auto(GStrv) words = g_strsplit(lines[i], " ", -1);

		if (words[0] == NULL || !g_ascii_isdigit(words[0][0]) || strchr(words[0], '/') != NULL ||
		    has_disks_below(words[0]))
			continue;
		sample->host_read_bytes += find_value(words, "rbytes=");
		sample->host_write_bytes += find_value(words, "wbytes=");
	}
}
