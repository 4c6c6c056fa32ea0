/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VFIO's reset of a whole slot (Linux, drivers/vfio/pci/vfio_pci_core.c). The kernel
 * wants to be shown every IOMMU group that the reset would reach, opened by us,
 * and gives out a device only when its group has a container with an IOMMU. All
 * of that is let go before this returns: QEMU could not open the group else. */
#include "host/hot-reset.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "hostler/error.h"
#include "host/job-child.h"
#include "host/machine.h"

#define VFIO "/dev/vfio"
#define MAX_FUNCTIONS 64 /* below one port; 8 are usual */

/* In the order in which they are opened. */
typedef struct {
	int container;
	GArray *groups; /* int */
	int device;
} Files;

/* Nothing was reset. */
static gboolean G_GNUC_PRINTF(3, 4) deny(GError **error, int errnum, const char *format, ...)
{
	g_autofree char *what = NULL;
	va_list arguments;

	va_start(arguments, format);
	what = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ABSENT, "%s: %s", what, g_strerror(errnum));
	return FALSE;
}

static int open_file(HostlerHost *host, const char *name, GError **error)
{
	g_autofree char *path = machine_path(host, VFIO, name, NULL);
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);

	if (fd < 0)
		deny(error, errno, "cannot open " VFIO "/%s", name);
	return fd;
}

/* Those of one card may be in several groups, or all in one. */
static GPtrArray *list_groups(HostlerHost *host, const char *const *bdfs, GError **error)
{
	g_autoptr(GPtrArray) groups = g_ptr_array_new_with_free_func(g_free);

	for (gsize i = 0; bdfs[i] != NULL; i++) {
		g_autofree char *group = host->ops->pci_group(host, bdfs[i]);

		if (group == NULL) {
			deny(error, ENODEV, "no IOMMU group has %s", bdfs[i]);
			return NULL;
		}
		if (!g_ptr_array_find_with_equal_func(groups, group, g_str_equal, NULL))
			g_ptr_array_add(groups, g_steal_pointer(&group));
	}
	return g_steal_pointer(&groups);
}

static gboolean add_group(HostlerHost *host, Files *files, const char *name, GError **error)
{
	int group = open_file(host, name, error);

	if (group < 0)
		return FALSE;
	g_array_append_val(files->groups, group);
	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &files->container) == 0)
		return TRUE;
	return deny(error, errno, "VFIO does not take IOMMU group %s", name);
}

static gboolean open_all(HostlerHost *host, Files *files, const char *const *bdfs, GError **error)
{
	g_autoptr(GPtrArray) groups = list_groups(host, bdfs, error);

	files->container = groups != NULL ? open_file(host, "vfio", error) : -1;
	if (files->container < 0)
		return FALSE;
	for (guint i = 0; i < groups->len; i++) {
		if (!add_group(host, files, g_ptr_array_index(groups, i), error))
			return FALSE;
	}
	if (ioctl(files->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) < 0)
		return deny(error, errno, "VFIO has no IOMMU for %s", bdfs[0]);
	for (guint i = 0; files->device < 0 && i < files->groups->len; i++)
		files->device = ioctl(g_array_index(files->groups, int, i), VFIO_GROUP_GET_DEVICE_FD, bdfs[0]);
	return files->device >= 0 || deny(error, errno, "VFIO does not give out %s", bdfs[0]);
}

static void close_all(const Files *files)
{
	if (files->device >= 0)
		close(files->device);
	for (guint i = 0; i < files->groups->len; i++)
		close(g_array_index(files->groups, int, i));
	if (files->container >= 0)
		close(files->container);
}

/* --- whom would it reach? --- */

static gboolean is_one_of(const struct vfio_pci_dependent_device *device, const char *const *bdfs, GError **error)
{
	g_autofree char *bdf = g_strdup_printf("%04x:%02x:%02x.%x", device->segment, device->bus, device->devfn >> 3,
					       device->devfn & 7u);

	if (g_strv_contains(bdfs, bdf))
		return TRUE;
	return deny(error, EPERM, "VFIO would reset %s with them", bdf);
}

static gboolean reaches_only(int device, const char *const *bdfs, GError **error)
{
	gsize size = sizeof(struct vfio_pci_hot_reset_info) +
		     MAX_FUNCTIONS * sizeof(struct vfio_pci_dependent_device);
	g_autofree struct vfio_pci_hot_reset_info *info = g_malloc0(size);

	info->argsz = (guint32)size;
	if (ioctl(device, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, info) < 0)
		return deny(error, errno, "VFIO cannot reset the whole slot of %s", bdfs[0]);
	for (guint i = 0; i < MIN(info->count, MAX_FUNCTIONS); i++) {
		if (!is_one_of(&info->devices[i], bdfs, error))
			return FALSE;
	}
	return TRUE;
}

/* --- the reset --- */

/* What the kernel says before it acts: these are not all, or not ours. */
static gboolean is_denial(int errnum)
{
	return errnum == EINVAL || errnum == EPERM || errnum == EBADF || errnum == ENODEV || errnum == EBUSY ||
	       errnum == EAGAIN;
}

static gboolean reset(const Files *files, const char *bdf, GError **error)
{
	gsize fds_size = files->groups->len * sizeof(gint32);
	g_autofree struct vfio_pci_hot_reset *order = g_malloc0(sizeof(*order) + fds_size);
	int errnum;

	order->argsz = (guint32)(sizeof(*order) + fds_size);
	order->count = files->groups->len;
	memcpy(order->group_fds, files->groups->data, fds_size);
	if (ioctl(files->device, VFIO_DEVICE_PCI_HOT_RESET, order) == 0)
		return TRUE;
	errnum = errno;
	if (is_denial(errnum))
		return deny(error, errnum, "VFIO does not reset the whole slot of %s", bdf);
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST, "VFIO failed to reset the whole slot of %s: %s", bdf,
		    g_strerror(errnum));
	return FALSE;
}

gboolean host_pci_hot_reset(HostlerHost *host, const char *const *bdfs, GError **error)
{
	g_autoptr(GArray) groups = g_array_new(FALSE, FALSE, sizeof(int));
	Files files = { .container = -1, .groups = groups, .device = -1 };
	gboolean done = job_child_may_act(host, error) && open_all(host, &files, bdfs, error) &&
			reaches_only(files.device, bdfs, error) && job_child_may_act(host, error) &&
			reset(&files, bdfs[0], error);

	close_all(&files);
	return done;
}
