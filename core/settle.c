/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes the host match the records. Never waits for another run of ours: what
 * that one has in its hands it settles itself. */
#include "core/settle.h"

#include "core/lifecycle.h"
#include "hostler/lock.h"
#include "hostler/record.h"

/* QEMU's end that no hook told of: `release` may still come and know the reason. */
static void settle_stay(HostlerHost *host, HostlerRecord *stay)
{
	if (hostler_record_alive(host, stay) || hostler_record_in_grace(host, stay))
		return;
	if (stay->phase != HOSTLER_PHASE_HELD) {
		hostler_stay_end(host, stay->uuid, NULL);
		return;
	}
	hostler_record_enter(host, stay, HOSTLER_PHASE_ENDED);
	hostler_record_store(host, stay, NULL);
}

static void try_stay(HostlerHost *host, const char *uuid)
{
	g_autoptr(HostlerLock) lock = hostler_lock_try(host, uuid, NULL);
	g_autoptr(HostlerRecord) stay = lock != NULL ? hostler_record_load(host, HOSTLER_RECORD_STAY, uuid) : NULL;

	if (stay != NULL)
		settle_stay(host, stay);
}

static void settle_stays(HostlerHost *host)
{
	g_autoptr(GPtrArray) stays = hostler_records_load(host, HOSTLER_RECORD_STAY);

	for (guint i = 0; i < stays->len; i++)
		try_stay(host, ((const HostlerRecord *)g_ptr_array_index(stays, i))->uuid);
}

void settle_all(HostlerHost *host, HostlerSettleDepth depth)
{
	const HostlerPlugin *const *plugins = hostler_plugins();

	hostler_records_tidy(host);
	hostler_locks_tidy(host);
	for (guint i = 0; plugins[i] != NULL; i++) {
		if (plugins[i]->settle != NULL)
			plugins[i]->settle(host, depth);
	}
	settle_stays(host);
}

void hostler_lifecycle_settle(HostlerHost *host, HostlerSettleDepth depth)
{
	/* Nothing was ever recorded since boot: there is nothing to take back. */
	if (g_file_test(host->run_dir, G_FILE_TEST_IS_DIR))
		settle_all(host, depth);
}
