/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* One asking: what is looked for, and what was found. */
typedef struct {
	HostlerHost *host;
	const char *bdf;
	HostlerUse use;
	GPtrArray *phrases; /* char * */
	GHashTable *nodes;  /* open.c: what programs may have open */
	GPtrArray *blocks;  /* block.c: block devices below the device */
} Search;

void search_begin(Search *search, HostlerHost *host, const char *bdf, HostlerUse use);
/* The first phrases, and how many more there are. */
GStrv search_end(const Search *search);
void search_clear(Search *search);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Search, search_clear)

/* Anybody's text in the arguments has been through hostler_text_shown(). */
void search_say(Search *search, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The entries of a class folder ("/sys/class/block") that hang below the device,
 * or whose link has `part` on its way. Never NULL. */
GPtrArray *search_below(Search *search, const char *class);
GPtrArray *search_links(Search *search, const char *class, const char *part);
/* Where an entry of a class folder hangs, as the kernel has it; or NULL. */
char *search_link(Search *search, const char *class, const char *name);
/* An attribute of an entry, or NULL. */
char *search_read(Search *search, const char *class, const char *name, const char *attribute);
/* A value of the entry's uevent, "DEVNAME", or NULL. */
char *search_uevent(Search *search, const char *class, const char *name, const char *key);

/* A table below /proc. One that is not there has nothing in it (NULL); one that
 * cannot be read is no reason to believe so. */
gboolean search_table(Search *search, const char *name, char **table, GError **error);
/* Calls `each` with every line's fields, parted by any blanks; ends when it answers FALSE. */
void each_line(const char *table, gboolean (*each)(char **fields, guint n, gpointer data), gpointer data);
