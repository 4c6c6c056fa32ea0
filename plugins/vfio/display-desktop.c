/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The desktop itself: its display manager is stopped, its programs are waited
 * for. They end in their own time. */
#include "hostler/error.h"
#include "hostler/log.h"
#include "plugins/vfio/device.h"
#include "plugins/vfio/display-record.h"
#include "plugins/vfio/display-release.h"

/* As long as systemd itself gives a service before it kills it, and some. */
#define STOP_SECONDS 100
#define POLL_MICROSECONDS (G_USEC_PER_SEC / 2)

static gboolean refuse_to_stop(const VfioRelease *release, const GError *reason, GError **error)
{
	gboolean down = g_error_matches(reason, HOSTLER_ERROR, HOSTLER_ERROR_STOPPING);

	g_set_error(error, HOSTLER_ERROR, down ? HOSTLER_ERROR_STOPPING : HOSTLER_ERROR_VFIO_DISPLAY,
		    "the desktop on %s is not put aside: %s%s", release->claim->key, reason->message,
		    down ? "" : "; see: systemctl status display-manager");
	return FALSE;
}

gboolean vfio_release_stop_manager(const VfioRelease *release, GError **error)
{
	HostlerHost *host = release->host;
	HostlerRecord *claim = release->claim;
	HostlerSubject subject = { .vm = claim->name, .uuid = claim->uuid, .device = claim->key };
	g_autoptr(GError) local = NULL;
	g_autofree char *unit = NULL;

	vfio_release_give_time(release, VFIO_RELEASE_STEP_SECONDS);
	unit = host->ops->display_manager(host, &local);
	if (unit == NULL)
		return local == NULL || refuse_to_stop(release, local, error);
	g_key_file_set_string(claim->body, VFIO_DISPLAY, VFIO_DISPLAY_UNIT, unit);
	if (!hostler_record_store(host, claim, error))
		return FALSE;
	vfio_release_give_time(release, STOP_SECONDS);
	if (!host->ops->display_manager_switch(host, unit, FALSE, &local))
		return refuse_to_stop(release, local, error);
	hostler_log(G_LOG_LEVEL_MESSAGE, "vfio-display-stopped", &subject, "%s is stopped: %s goes to a VM", unit,
		    claim->key);
	return TRUE;
}

/* Who still has one of the devices open, in words; NULL in `left`: nobody. */
static gboolean find_clients(const VfioRelease *release, char **left, GError **error)
{
	g_autoptr(VfioDevices) devices = vfio_devices_read_users(release->host, release->bdfs);
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < devices->n; i++) {
		const HostlerJob *device = &devices->jobs[i];
		g_auto(GStrv) users = NULL;

		if (device->state != HOSTLER_JOB_DONE) {
			g_propagate_error(error, g_error_copy(device->error));
			return FALSE;
		}
		users = g_key_file_get_string_list(device->answer, VFIO_NOW, "users", NULL, NULL);
		for (gsize j = 0; users != NULL && users[j] != NULL; j++)
			g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "", users[j]);
	}
	*left = text->len > 0 ? g_strdup(text->str) : NULL;
	return TRUE;
}

static gboolean refuse_clients(const VfioRelease *release, const char *unit, const char *left, GError **error)
{
	if (unit != NULL)
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_DISPLAY,
			    "%s is still in use although %s was stopped: %s; end it (kill PID) and start the VM "
			    "again", release->claim->key, unit, left);
	else
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_DISPLAY,
			    "%s is in use and no display manager runs that could be stopped: %s; end it (kill PID, "
			    "or log out) and start the VM again", release->claim->key, left);
	return FALSE;
}

/* A desktop ends in its own time, and only one that was told to. */
gboolean vfio_release_wait(const VfioRelease *release, GError **error)
{
	HostlerHost *host = release->host;
	g_autofree char *unit = g_key_file_get_string(release->claim->body, VFIO_DISPLAY, VFIO_DISPLAY_UNIT, NULL);
	/* A step is kept for the consoles. */
	gint64 until = unit != NULL ? release->until - VFIO_RELEASE_STEP_SECONDS * G_USEC_PER_SEC : 0;

	while (TRUE) {
		g_autofree char *left = NULL;

		vfio_release_give_time(release, VFIO_RELEASE_STEP_SECONDS);
		if (!find_clients(release, &left, error))
			return FALSE;
		if (left == NULL)
			return TRUE;
		if (host->ops->monotonic(host) >= until)
			return refuse_clients(release, unit, left, error);
		if (!hostler_host_caller_lives(host)) {
			g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_CALLER_GONE,
				    "libvirtd ended while %s was waited for; start the VM again", unit);
			return FALSE;
		}
		host->ops->pause(host, POLL_MICROSECONDS);
	}
}
