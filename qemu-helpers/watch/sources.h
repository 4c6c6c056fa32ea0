/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <poll.h>

#include "hostler/host.h"

/* What hostler-watch is woken by. */

typedef enum {
	SOURCE_SIGNALS,    /* it is to end */
	SOURCE_FILES,      /* a stay, or a link in watch/ */
	SOURCE_RULES,      /* nf_tables */
	SOURCE_LEASES,     /* what dnsmasq leased */
	SOURCE_NEIGHBOURS, /* a guest was heard of */
	N_SOURCES
} Source;

typedef struct {
	HostlerHost *host;
	struct pollfd fds[N_SOURCES];
	GStrv guests; /* without a reserved address: MACs and addresses; the last two matter only for them */
} Sources;

gboolean sources_open(Sources *sources, HostlerHost *host, const char *links, GError **error);

/* Waits for `milliseconds` (-1: for ever). Whether there is reason to settle; `ends`
 * is set when there is one to end. */
gboolean sources_wait(Sources *sources, int milliseconds, gboolean *ends);
