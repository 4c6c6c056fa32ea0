/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hostler-watch may do: change nf_tables, and nothing else. */
#include "qemu-helpers/watch/rights.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hostler/error.h"

#define RIGHTS (1U << CAP_NET_ADMIN)

static gboolean has_no_other_rights(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return syscall(SYS_capget, &header, data) == 0 && data[0].effective == RIGHTS &&
	       data[0].permitted == RIGHTS && data[1].permitted == 0;
}

/* Netlink sockets are all that it opens in its life. The unit leaves nothing to
 * take away and forbids capset(); so what counts is what is left. */
gboolean rights_drop(GError **error)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{ .effective = RIGHTS, .permitted = RIGHTS },
	};

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	syscall(SYS_capset, &header, data);
	if (has_no_other_rights() && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST,
		    "hostler-watch needs CAP_NET_ADMIN, and no other right; let its unit start it: "
		    "systemctl start hostler-watch.path");
	return FALSE;
}
