/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `lspci -xxxx` wrote, as anybody attaches it to a bug report. Its rows are
 * read here and not by libpci, which (3.9) writes wherever a row's address says. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hostler/capabilities.h"
#include "hostler/error.h"
#include "hostler/text.h"

typedef struct {
	GPtrArray *devices; /* HostlerDumped */
	GHashTable *known;  /* their addresses */
	char *bdf;          /* whose rows come; NULL: nobody's that we want */
	guint8 bytes[HOSTLER_CONFIG_BYTES];
	gsize length;
	gboolean has_rows; /* anybody's */
} Dump;

static void dumped_free(gpointer data)
{
	HostlerDumped *dumped = data;

	g_free(dumped->bdf);
	g_free(dumped);
}

static int compare_bdfs(gconstpointer a, gconstpointer b)
{
	return strcmp((*(const HostlerDumped *const *)a)->bdf, (*(const HostlerDumped *const *)b)->bdf);
}

/* --- one device --- */

static void end_device(Dump *dump)
{
	HostlerDumped *dumped;

	if (dump->bdf == NULL)
		return;
	dumped = g_new0(HostlerDumped, 1);
	dumped->bdf = g_steal_pointer(&dump->bdf);
	hostler_capabilities_read(dump->bytes, dump->length, &dumped->capabilities);
	g_ptr_array_add(dump->devices, dumped);
	g_hash_table_add(dump->known, dumped->bdf);
}

/* "01:00.0 VGA ...", with the domain if there are several. What sysfs would have no
 * name for, or has had already, is left out. */
static gboolean begin_device(Dump *dump, const char *line)
{
	g_autofree char *word = g_ascii_strdown(line, (gssize)strcspn(line, " "));
	g_autofree char *bdf = g_strconcat(strlen(word) == strlen("01:00.0") ? "0000:" : "", word, NULL);

	if (!hostler_text_is_bdf(bdf))
		return FALSE;
	end_device(dump);
	memset(dump->bytes, 0, sizeof(dump->bytes));
	dump->length = 0;
	if (!g_hash_table_contains(dump->known, bdf))
		dump->bdf = g_steal_pointer(&bdf);
	return TRUE;
}

/* "1a0: 0d 00 01 ...": what is no such row is text of lspci's. */
static gboolean take_row(Dump *dump, const char *line)
{
	gsize digits = strspn(line, "0123456789abcdefABCDEF");
	gsize at = (gsize)g_ascii_strtoull(line, NULL, 16);

	if (digits < 2 || digits > 3 || line[digits] != ':')
		return TRUE;
	for (line += digits + 1; line[0] == ' ' && line[1] != '\0'; line += 3) {
		if (!g_ascii_isxdigit(line[1]) || !g_ascii_isxdigit(line[2]) || at >= HOSTLER_CONFIG_BYTES)
			return FALSE;
		dump->bytes[at++] = (guint8)(g_ascii_xdigit_value(line[1]) << 4 | g_ascii_xdigit_value(line[2]));
	}
	dump->length = MAX(dump->length, at);
	dump->has_rows |= at > 0;
	return *line == '\0' || g_str_equal(line, " ");
}

/* --- the file --- */

static gboolean refuse(const char *file, const char *why, GError **error)
{
	g_autofree char *shown = hostler_text_shown(file);

	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS,
		    "%s is no dump of PCI devices (%s); make one with: sudo lspci -xxxx > FILE", shown, why);
	return FALSE;
}

/* Neither a pipe nor a device keeps us. */
static char *read_file(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	g_autofree char *text = NULL;
	struct stat stat;
	gsize have = 0;
	ssize_t n = -1;

	if (fd >= 0 && fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) && stat.st_size <= HOSTLER_DUMP_MAX_BYTES) {
		text = g_malloc0((gsize)stat.st_size + 1);
		while ((n = read(fd, text + have, (gsize)stat.st_size - have)) > 0 || (n < 0 && errno == EINTR))
			have += (gsize)MAX(n, 0);
	}
	if (fd >= 0)
		close(fd);
	return n == 0 ? g_steal_pointer(&text) : NULL;
}

static gboolean parse(Dump *dump, char *text, const char *file, GError **error)
{
	char *next;

	for (char *line = text; line != NULL; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		line[strcspn(line, "\r")] = '\0';
		if (begin_device(dump, line))
			continue;
		if (*line == '\0')
			end_device(dump);
		else if (dump->bdf != NULL && !take_row(dump, line))
			return refuse(file, "a row in it is malformed", error);
		if (dump->devices->len > HOSTLER_DUMP_MAX_DEVICES)
			return refuse(file, "there are too many devices in it", error);
	}
	end_device(dump);
	if (dump->devices->len == 0)
		return refuse(file, "there is no device in it", error);
	return dump->has_rows || refuse(file, "there is no configuration space in it", error);
}

GPtrArray *hostler_dump_read(const char *file, GError **error)
{
	g_autofree char *text = read_file(file);
	g_autofree Dump *dump = g_new0(Dump, 1);
	g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) devices = g_ptr_array_new_with_free_func(dumped_free);
	gboolean whole;

	if (text == NULL) {
		refuse(file, "no regular file of at most 16 MiB that can be read", error);
		return NULL;
	}
	dump->devices = devices;
	dump->known = known;
	whole = parse(dump, text, file, error);
	g_free(dump->bdf);
	g_ptr_array_sort(devices, compare_bdfs);
	return whole ? g_steal_pointer(&devices) : NULL;
}
