/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settling until nothing is to be expected of libvirt any more. */
#include "settle-wait.h"

#include "core/lifecycle.h"
#include "hostler/lock.h"
#include "hostler/record.h"

/* VMs that end one after the other may keep us; in the end somebody calls again. */
#define WAIT_MAX_SECONDS 300
/* Who has the lock looks at the records in its turns, which are shorter. */
#define OTHER_SECONDS 2

void settle_now(HostlerHost *host)
{
	host->deadline = host->ops->monotonic(host) + host->config.hook_deadline * G_USEC_PER_SEC;
	hostler_lifecycle_settle(host, HOSTLER_SETTLE_IN_FULL);
}

static guint count_kind(HostlerHost *host, HostlerRecordKind kind)
{
	g_autoptr(GPtrArray) records = hostler_records_load(host, kind);
	guint n = 0;

	for (guint i = 0; i < records->len; i++)
		n += hostler_record_in_grace(host, g_ptr_array_index(records, i));
	return n;
}

static guint count_in_grace(HostlerHost *host)
{
	return count_kind(host, HOSTLER_RECORD_CLAIM) + count_kind(host, HOSTLER_RECORD_STAY);
}

/* Not a settle each second: what fails is tried again by each of them. */
static void wait_for_change(HostlerHost *host, guint n, gint64 end)
{
	while (n > 0 && count_in_grace(host) == n && host->ops->monotonic(host) < end)
		host->ops->pause(host, G_USEC_PER_SEC);
}

static HostlerLock *take_turn(HostlerHost *host)
{
	host->deadline = host->ops->monotonic(host) + OTHER_SECONDS * G_USEC_PER_SEC;
	return hostler_lock_wait(host, "settle", NULL);
}

/* Counted before and after: what was in its grace when it was settled may be so no
 * more a moment later, and must not be left like that. */
static void settle_again(HostlerHost *host, gint64 end)
{
	guint before, after;

	do {
		before = count_in_grace(host);
		settle_now(host);
		after = count_in_grace(host);
		wait_for_change(host, after, end);
	} while (before + after > 0 && host->ops->monotonic(host) < end);
}

void settle_until_over(HostlerHost *host)
{
	gint64 end = host->ops->monotonic(host) + WAIT_MAX_SECONDS * G_USEC_PER_SEC;
	g_autoptr(HostlerLock) lock = NULL;
	guint before = count_in_grace(host);

	settle_now(host);
	if (before + count_in_grace(host) == 0)
		return;
	lock = take_turn(host);
	if (lock != NULL)
		settle_again(host, end);
}
