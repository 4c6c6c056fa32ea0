/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The desktop comes back: modules before the devices do, the rest after. From
 * the claim alone, and again until it has worked. */
#include "hostler/error.h"
#include "hostler/log.h"
#include "plugins/vfio/bind.h"
#include "plugins/vfio/claim.h"
#include "plugins/vfio/display-record.h"
#include "plugins/vfio/display-release.h"
#include "plugins/vfio/display.h"

/* A claim keeps its device from other VMs: what cannot be mended for so long is
 * left to a person. */
#define TRY_SECONDS 600

static void say(const HostlerRecord *claim, const char *code, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void say(const HostlerRecord *claim, const char *code, const char *format, ...)
{
	HostlerSubject subject = { .vm = claim->name, .uuid = claim->uuid, .device = claim->key };
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	hostler_log(G_LOG_LEVEL_MESSAGE, code, &subject, "%s", text);
}

/* --- modules --- */

static gboolean load_each(HostlerHost *host, HostlerRecord *claim, GError **error)
{
	g_auto(GStrv) modules = vfio_display_list(claim, VFIO_DISPLAY_MODULES);

	for (guint i = modules != NULL ? g_strv_length(modules) : 0; i > 0; i--) {
		if (!host->ops->module_load(host, modules[i - 1], error))
			return FALSE;
	}
	vfio_display_forget(host, claim, VFIO_DISPLAY_MODULES, NULL);
	return TRUE;
}

/* nvidia does not stay loaded on a host without a free card of its kind: so the
 * card leaves vfio-pci first, and is taken by the driver when that comes. */
static gboolean free_card(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	const HostlerRecord *claim = job->data;
	g_autofree char *driver = g_key_file_get_string(claim->body, VFIO_FOUND, "driver", NULL);
	g_autofree char *enable = host->ops->pci_read(host, job->bdf, "enable", error);

	return g_strcmp0(enable, "0") == 0 && hostler_claim_matches(host, claim, error) &&
	       vfio_set_override(host, job->bdf, driver, error) && vfio_unbind(host, job->bdf, error);
}

void vfio_display_load(HostlerHost *host, const GPtrArray *claims)
{
	for (guint i = 0; i < claims->len; i++) {
		HostlerRecord *claim = g_ptr_array_index(claims, i);

		if (!load_each(host, claim, NULL)) {
			vfio_display_job(host, claim, claim, free_card, NULL, NULL);
			load_each(host, claim, NULL);
		}
	}
}

/* --- the display manager --- */

static gboolean start_manager(HostlerHost *host, HostlerRecord *claim, GError **error)
{
	g_autofree char *unit = g_key_file_get_string(claim->body, VFIO_DISPLAY, VFIO_DISPLAY_UNIT, NULL);
	g_autoptr(GError) local = NULL;

	if (unit == NULL)
		return TRUE;
	if (host->ops->display_manager_switch(host, unit, TRUE, &local))
		say(claim, "vfio-display-started", "%s runs again", unit);
	else if (g_error_matches(local, HOSTLER_ERROR, HOSTLER_ERROR_STOPPING))
		say(claim, "vfio-display-left", "%s is not started: %s", unit, local->message);
	else if (g_error_matches(local, HOSTLER_ERROR, HOSTLER_ERROR_DEADLINE))
		say(claim, "vfio-display-started", "%s is told to start, and not waited for: %s", unit,
		    local->message);
	else {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_DISPLAY,
			    "the desktop is not back: %s; start it: systemctl start %s", local->message, unit);
		return FALSE;
	}
	g_key_file_remove_key(claim->body, VFIO_DISPLAY, VFIO_DISPLAY_UNIT, NULL);
	hostler_record_store(host, claim, NULL);
	return TRUE;
}

/* --- all of it --- */

/* TRUE: it has failed for too long. */
static gboolean give_up(HostlerHost *host, HostlerRecord *claim)
{
	gint64 since = g_key_file_get_int64(claim->body, VFIO_DISPLAY, VFIO_DISPLAY_FAILING, NULL);
	gint64 now = host->ops->boottime(host);

	if (since != 0)
		return now - since >= TRY_SECONDS;
	g_key_file_set_int64(claim->body, VFIO_DISPLAY, VFIO_DISPLAY_FAILING, now);
	hostler_record_store(host, claim, NULL);
	return FALSE;
}

/* Consoles may take half of the time that is left: without a desktop nobody
 * sees them, without them there still is a desktop. */
static HostlerJobState rebind_consoles(HostlerHost *host, HostlerRecord *claim, GError **error)
{
	gint64 deadline = host->deadline;
	HostlerJobState state;

	host->deadline -= hostler_host_time_left(host) / 2;
	state = vfio_release_rebind_consoles(host, claim, error);
	host->deadline = deadline;
	return state;
}

static void complain(HostlerHost *host, HostlerRecord *claim, HostlerPhase phase, const GError *error)
{
	if (error != NULL)
		vfio_claim_say(host, claim, phase, error);
}

gboolean vfio_display_restore(HostlerHost *host, HostlerRecord *claim)
{
	g_autoptr(GError) modules = NULL;
	g_autoptr(GError) dark = NULL;
	g_autoptr(GError) idle = NULL;
	HostlerJobState state;
	gboolean done;

	if (!g_key_file_has_group(claim->body, VFIO_DISPLAY))
		return TRUE;
	/* A driver's module need not load on a host that has no such card any more. */
	done = load_each(host, claim, &modules) || !host->ops->pci_exists(host, claim->key);
	state = rebind_consoles(host, claim, &dark);
	done = start_manager(host, claim, &idle) && done && state == HOSTLER_JOB_DONE;
	complain(host, claim, claim->phase, modules);
	complain(host, claim, claim->phase, idle);
	complain(host, claim, state == HOSTLER_JOB_STUCK ? HOSTLER_PHASE_STUCK : claim->phase, dark);
	return done || give_up(host, claim);
}
