/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* The admin's command: one file for each thing it does. */

typedef struct {
	gboolean json;
	gboolean wait; /* settle: until what is in its grace is over, too */
	const char *xml_file; /* --xml; "-" is stdin; may be NULL */
	const char *dump_file; /* --dump; may be NULL */
	const char *vm;       /* name or UUID; may be NULL */
	const GError *config_error; /* hostler.conf cannot be used; the host has the defaults */
} Request;

/* The exit status. `check` and `groups` have their own below; all say COULD_NOT, with `error` set,
 * when they could not do their work. */
enum {
	EXIT_FINE = 0,
	EXIT_ADVICE = 1,
	EXIT_NO_IOMMU = 1, /* of `groups` */
	EXIT_REFUSED = 2,
	EXIT_COULD_NOT = 3,
};

int command_apply(HostlerHost *host, const Request *request, GError **error);
int command_check(HostlerHost *host, const Request *request, GError **error);
int command_groups(HostlerHost *host, const Request *request, GError **error);
int command_status(HostlerHost *host, const Request *request, GError **error);
int command_settle(HostlerHost *host, const Request *request, GError **error);
