/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"
#include "host/storage/place.h"

/* One look at what an image stands on, from the top down: each layer says what it
 * is and asks for those below. Shared by the files of this folder. */
typedef struct {
	HostlerHost *host;
	GKeyFile *facts;
	guint depth; /* loop devices lie on files, which lie on loop devices */
	gboolean peeks;   /* nothing may be waited for */
	gboolean gave_up; /* a layer could not be told without */
} Ground;

/* A layer and all below it. */
typedef struct {
	char *text; /* "md raid1 (2 of 2) on SSD" */
	char *kind; /* "md raid1 on SSD" */
} Layers;

/* Both are copied; `kind` NULL: as `text`. */
Layers layers_new(const char *text, const char *kind);
/* `top`, and below it what is in `below`, if anything; takes both. */
Layers layers_stack(Layers top, Layers below);
/* Side by side: those that are alike are named once. Takes `more`, which may be empty. */
void layers_beside(Layers *all, Layers more);
void layers_clear(Layers *layers);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Layers, layers_clear)

/* Keeps the first that is said, made fit for a terminal: the one nearest to the image.
 * NULL is not said. */
void ground_tell(Ground *ground, const char *key, const char *value);
/* That a layer has lost a part; `mend` is the command for it. */
void ground_tell_degraded(Ground *ground, const char *mend, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* FALSE: this is too deep to go on. */
gboolean ground_descend(Ground *ground);
/* Asked before whatever may sleep. FALSE: it is not to be done. */
gboolean ground_may_wait(Ground *ground);

/* --- file-system.c --- */
Layers ground_of_path(Ground *ground, const char *path);
Layers ground_of_place(Ground *ground, const Place *place);
/* Whether its mount is of another machine's file system. */
gboolean ground_is_remote(const Place *place);

/* --- block.c: by the name in /sys/class/block --- */
Layers ground_of_block(Ground *ground, const char *name);
/* One line of /sys/class/block/NAME/ATTRIBUTE; NULL: it has no such. */
char *block_read(const Ground *ground, const char *name, const char *attribute);
/* The devices that it is made of, side by side. */
Layers ground_of_members(Ground *ground, const char *name);
/* Their names, sorted; never NULL. */
GPtrArray *block_members(const Ground *ground, const char *name);
/* The kernel's name for a device node, "dm-0" for "/dev/mapper/vg-lv"; NULL: it is none. */
char *block_of_node(const Ground *ground, const char *node);
/* The same for a number, "253:0". */
char *block_of_number(const Ground *ground, const char *number);

/* --- raid.c --- */
Layers ground_of_md(Ground *ground, const char *name);
Layers ground_of_btrfs(Ground *ground, const char *name);
/* "pool/data/set" or "pool": says in which state its pool is. */
void ground_see_pool(Ground *ground, const char *dataset);

/* --- device-mapper.c --- */
Layers ground_of_dm(Ground *ground, const char *name);
