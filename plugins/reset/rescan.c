/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Remove and rescan. The kernel forgets driver_override with the device, and a
 * driver that is loaded has it in the same moment as it is found; nothing prevents
 * that but that no such driver is there. */
#include "plugins/reset/rescan.h"

#include <string.h>

#include "hostler/error.h"
#include "hostler/log.h"
#include "plugins/reset/claim.h"

#define FOUND_MICROSECONDS (2 * G_USEC_PER_SEC)
#define FOUND_PAUSE (50 * 1000)

/* --- may it be? --- */

static char *object(HostlerHost *host, const HostlerRecord *claim)
{
	g_autofree char *driver = g_key_file_get_string(claim->body, HOSTLER_CLAIM_FOUND, "driver", NULL);

	if (driver == NULL)
		return NULL;
	if (strstr(driver, "vfio") != NULL)
		return g_strdup_printf("%s was found on %s already, so which driver would take it cannot be told",
				       claim->key, driver);
	if (!host->ops->driver_present(host, driver))
		return NULL;
	return g_strdup_printf("the driver %s is loaded and would take %s at once; unload it for the time of the VM: "
			       "modprobe -r %s", driver, claim->key, driver);
}

char *reset_rescan_objection(HostlerHost *host, const ResetSlot *slot)
{
	for (gsize i = 0; slot->functions[i] != NULL; i++) {
		char *objection = object(host, reset_device_find(slot->devices, slot->functions[i])->claim);

		if (objection != NULL)
			return objection;
	}
	return NULL;
}

/* --- the note --- */

void reset_rescan_announce(HostlerHost *host, const ResetSlot *slot)
{
	for (gsize i = 0; slot->functions[i] != NULL; i++) {
		HostlerRecord *claim = reset_device_find(slot->devices, slot->functions[i])->claim;

		g_key_file_set_string(claim->body, HOSTLER_CLAIM_RESET, HOSTLER_CLAIM_RESCAN, slot->port);
		reset_claim_store(host, claim);
	}
}

gboolean reset_rescan_forget(HostlerHost *host, HostlerRecord *claim)
{
	return host->ops->pci_exists(host, claim->key) &&
	       g_key_file_remove_key(claim->body, HOSTLER_CLAIM_RESET, HOSTLER_CLAIM_RESCAN, NULL);
}

/* --- the rung --- */

static gboolean all_found(HostlerHost *host, const ResetSlot *slot)
{
	for (gsize i = 0; slot->functions[i] != NULL; i++) {
		if (!host->ops->pci_exists(host, slot->functions[i]))
			return FALSE;
	}
	return TRUE;
}

static gboolean find(HostlerHost *host, const ResetSlot *slot, GError **said)
{
	gint64 end = host->ops->monotonic(host) + FOUND_MICROSECONDS;
	gboolean found;

	if (!host->ops->pci_write(host, slot->port, "rescan", "1", said))
		return FALSE;
	found = all_found(host, slot);
	while (!found && host->ops->monotonic(host) < end) {
		host->ops->pause(host, FOUND_PAUSE);
		found = all_found(host, slot);
	}
	if (!found)
		g_set_error(said, HOSTLER_ERROR, HOSTLER_ERROR_ABSENT,
			    "not all functions below %s were found again; look once more: hostler settle",
			    slot->port);
	return found;
}

/* The driver that hands it to VMs again, and awake, as before. */
static gboolean take_again(HostlerHost *host, const char *bdf, const char *driver, GError **said)
{
	g_autofree char *other = host->ops->pci_link(host, bdf, "driver", NULL);

	host->ops->pci_write(host, bdf, "power/control", "on", NULL);
	return host->ops->pci_write(host, bdf, "driver_override", driver, said) &&
	       (other == NULL || host->ops->pci_write(host, bdf, "driver/unbind", bdf, said)) &&
	       host->ops->pci_probe(host, bdf, said);
}

static gboolean remove_all(HostlerHost *host, const ResetSlot *slot, GError **said)
{
	gboolean removed = TRUE;

	for (gsize i = 0; removed && slot->functions[i] != NULL; i++)
		removed = host->ops->pci_write(host, slot->functions[i], "remove", "1", said);
	return removed;
}

/* Even when not all went: those that did must come back. */
gboolean reset_remove_and_rescan(HostlerHost *host, const ResetSlot *slot, GError **said)
{
	guint n = g_strv_length(slot->functions);
	g_autoptr(GPtrArray) drivers = g_ptr_array_new_with_free_func(g_free);
	gboolean done;

	for (guint i = 0; i < n; i++)
		g_ptr_array_add(drivers, host->ops->pci_link(host, slot->functions[i], "driver", NULL));
	done = remove_all(host, slot, said);
	done = find(host, slot, done ? said : NULL) && done;
	for (guint i = 0; i < n; i++) {
		const char *driver = g_ptr_array_index(drivers, i);

		if (driver != NULL && host->ops->pci_exists(host, slot->functions[i]))
			done = take_again(host, slot->functions[i], driver, done ? said : NULL) && done;
	}
	return done;
}

/* --- what a lost run left --- */

static gboolean look_below(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	return host->ops->pci_write(host, job->bdf, "rescan", "1", error);
}

/* What the kernel looked for and did not find is gone for good. */
static gboolean look_for(HostlerHost *host, HostlerRecord *claim, const char *port)
{
	const char *const others[] = { claim->key, NULL };
	HostlerJob job = { .bdf = port, .others = others };
	gboolean found;

	host->ops->run_jobs(host, &job, 1, look_below);
	found = job.state == HOSTLER_JOB_DONE && host->ops->pci_exists(host, claim->key);
	if (!found)
		hostler_log(G_LOG_LEVEL_WARNING, "reset-rescan",
			    &(HostlerSubject){ .vm = claim->name, .uuid = claim->uuid, .device = claim->key },
			    "%s was removed to be found again below %s and was not found%s%s", claim->key, port,
			    job.error != NULL ? ": " : "", job.error != NULL ? job.error->message : "");
	if (!found && (job.state == HOSTLER_JOB_DONE || !host->ops->pci_exists(host, port))) {
		g_key_file_remove_key(claim->body, HOSTLER_CLAIM_RESET, HOSTLER_CLAIM_RESCAN, NULL);
		reset_claim_store(host, claim);
	}
	hostler_jobs_clear(&job, 1);
	return found;
}

gboolean reset_rescan_lost(HostlerHost *host, const GPtrArray *claims)
{
	gboolean any = FALSE;

	for (guint i = 0; i < claims->len; i++) {
		HostlerRecord *claim = g_ptr_array_index(claims, i);
		g_autofree char *port =
			g_key_file_get_string(claim->body, HOSTLER_CLAIM_RESET, HOSTLER_CLAIM_RESCAN, NULL);

		if (port != NULL && !host->ops->pci_exists(host, claim->key) &&
		    !host->ops->job_in_flight(host, claim->key))
			any |= look_for(host, claim, port);
	}
	return any;
}
