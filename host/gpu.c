/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NVIDIA's driver waits in its remove function for its last client, for ever
 * and unkillable. It can be asked beforehand (its own kernel-open/nvidia/
 * nv-procfs.c): a 1 written to unbindLock is looked at when the file is closed,
 * and reads back as 1 only if nobody uses the device then; persistence mode and
 * clients that no process has open count as well. */
#include "host/gpu.h"

#include <errno.h>

#include "hostler/error.h"
#include "hostler/text.h"
#include "host/file.h"
#include "host/job-child.h"
#include "host/machine.h"

#define GPUS "/proc/driver/nvidia/gpus"
#define LOCK_MAX_BYTES 64
#define WAIT_MAX_MICROSECONDS (2 * G_USEC_PER_SEC)
#define PAUSE_MICROSECONDS (250 * 1000) /* each try is an error line in its log */

static char *lock_path(HostlerHost *host, const char *bdf)
{
	return hostler_text_is_bdf(bdf) ? machine_path(host, GPUS, bdf, "unbindLock", NULL) : NULL;
}

static gboolean is_locked(const char *path)
{
	g_autofree char *state = file_read_line(path, LOCK_MAX_BYTES);

	return g_strcmp0(state, "1") == 0;
}

static gboolean refuse(HostlerHost *host, const char *bdf, GError **error)
{
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_BUSY,
		    "the nvidia driver still has clients on %s and would not let go of it (unbindLock stays 0); end "
		    "them: fuser -v /dev/nvidia*, systemctl stop nvidia-persistenced, nvidia-smi -pm 0", bdf);
	return FALSE;
}

gboolean host_gpu_unbind_lock(HostlerHost *host, const char *bdf, GError **error)
{
	g_autofree char *path = lock_path(host, bdf);
	gint64 until = host->ops->monotonic(host) + MIN(hostler_host_time_left(host), WAIT_MAX_MICROSECONDS);

	if (path == NULL)
		return TRUE;
	while (job_child_may_act(host, error)) {
		int errnum = file_order(path, "1", 1);

		if (errnum == ENOENT)
			return TRUE;
		if (errnum != 0) {
			machine_error(error, errnum, "cannot ask the nvidia driver whether %s is in use (unbindLock)",
				      bdf);
			return FALSE;
		}
		if (is_locked(path))
			return TRUE;
		if (host->ops->monotonic(host) >= until)
			return refuse(host, bdf, error);
		g_usleep(PAUSE_MICROSECONDS);
	}
	return FALSE;
}

/* Nothing to tell anybody if it fails: the driver then refuses new clients on a
 * few hosts (those of vGPUs) until it is bound anew. */
void host_gpu_unbind_unlock(HostlerHost *host, const char *bdf)
{
	g_autofree char *path = lock_path(host, bdf);

	if (path != NULL && is_locked(path))
		file_order(path, "0", 1);
}
