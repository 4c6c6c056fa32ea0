/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "hostler/domain.h"
#include "hostler/finding.h"
#include "hostler/host.h"
#include "hostler/record.h"

/* What hostler does for a VM, one folder each. A plugin works from records and
 * from what the kernel says, never from memory. Slots may be NULL. The lock of
 * the VM is held around check (in `prepare`), acquire, started, stopped and
 * released, and so are those of the devices that it has or wants: of those it has
 * claims on, and in `prepare` and `start` of all members of the IOMMU groups as well.
 * Around settle none is: a plugin tries the locks of what it touches there. */

/* How thoroughly to settle. */
typedef enum {
	/* In a hook of some VM or network: nothing that may sleep on a device. What is
	 * left over asks for a settle of its own (HOSTLER_HELPER_SETTLE). */
	HOSTLER_SETTLE_IN_PASSING,
	HOSTLER_SETTLE_IN_FULL, /* `hostler settle` */
} HostlerSettleDepth;

/* Takes `hostler status` line by line: whose it is (any record of that VM; NULL:
 * the host's own), section, key ("0000:01:00.0"), and what is to be said of it.
 * What begins with a word in CAPITALS is shown loudly. */
typedef struct {
	void (*line)(gpointer data, const HostlerRecord *of, const char *section, const char *key, const char *text);
	gpointer data;
} HostlerSink;

typedef struct {
	const char *name;

	/* Whether this VM wants anything of this plugin. Pure. */
	gboolean (*concerns)(const HostlerDomain *domain);

	/* From within the job that reads a device which the VM lists, before any `check`
	 * (look.h): what this plugin asks of the device itself, into a group of `answer`
	 * named as the plugin. Reads only. */
	void (*look)(HostlerHost *host, const char *bdf, GKeyFile *answer);

	/* Reads only; for the whole VM, before anything is touched. */
	void (*check)(HostlerHost *host, const HostlerDomain *domain, HostlerFindings *findings);

	/* The same of the host alone, `hostler check` without a VM. */
	void (*check_host)(HostlerHost *host, HostlerFindings *findings);

	/* `prepare`, and again `start` for what is new then: what this VM's own
	 * records hold already is left as it is. Record first, then act; after FALSE
	 * comes `released`, which undoes what was done. `stay` is pending and stored by the
	 * caller after all plugins have filled their groups, or is NULL at start. */
	gboolean (*acquire)(HostlerHost *host, const HostlerDomain *domain, HostlerRecord *stay, GError **error);

	/* `started`, `reconnect`: fills its groups of the stay, named as the plugin
	 * or NAME-..., then the caller stores it and settles. An error is logged,
	 * never a refusal, and leaves the groups as they were. */
	gboolean (*started)(HostlerHost *host, const HostlerDomain *domain, HostlerRecord *stay, GError **error);

	/* `hostler apply`: the VM runs, and its metadata is another. As `acquire`, on the
	 * stay of the running VM, which the caller has on disk again as it was after FALSE, and
	 * then settles. Without it a change counts from the VM's next start on. */
	gboolean (*apply)(HostlerHost *host, const HostlerDomain *domain, HostlerRecord *stay, GError **error);

	/* From records alone; never fail. `uuid` is canonical. */
	void (*stopped)(HostlerHost *host, const char *uuid);
	void (*released)(HostlerHost *host, const char *uuid);

	/* Makes the host match the records. Idempotent; frees what no live VM owns. */
	void (*settle)(HostlerHost *host, HostlerSettleDepth depth);

	void (*status)(HostlerHost *host, const HostlerSink *sink);
} HostlerPlugin;

/* In the order of acquiring, NULL at the end; core/plugins.c. */
const HostlerPlugin *const *hostler_plugins(void);

extern const HostlerPlugin hostler_plugin_vfio;
extern const HostlerPlugin hostler_plugin_reset;
extern const HostlerPlugin hostler_plugin_forward;
extern const HostlerPlugin hostler_plugin_metrics;
extern const HostlerPlugin hostler_plugin_advice;
