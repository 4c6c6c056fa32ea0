/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Error codes and their stable names in the journal. */

#include "hostler/error.h"

static const char *const names[HOSTLER_N_ERRORS] = {
	[HOSTLER_ERROR_ARGUMENTS] = "arguments",
	[HOSTLER_ERROR_XML] = "xml-malformed",
	[HOSTLER_ERROR_SETTINGS] = "settings-invalid",
	[HOSTLER_ERROR_CONFIG] = "config-invalid",
	[HOSTLER_ERROR_RECORD] = "record-invalid",
	[HOSTLER_ERROR_DEADLINE] = "deadline",
	[HOSTLER_ERROR_HOST] = "host-error",
	[HOSTLER_ERROR_ABSENT] = "absent",
	[HOSTLER_ERROR_STUCK] = "device-stuck",
	[HOSTLER_ERROR_STALE] = "stale",
	[HOSTLER_ERROR_EXISTS] = "exists",
	[HOSTLER_ERROR_CALLER_GONE] = "caller-gone",
	[HOSTLER_ERROR_STOPPING] = "host-stopping",
	[HOSTLER_ERROR_VFIO_ABSENT] = "vfio-device-absent",
	[HOSTLER_ERROR_VFIO_BUSY] = "vfio-device-busy",
	[HOSTLER_ERROR_VFIO_CLAIMED] = "vfio-device-claimed",
	[HOSTLER_ERROR_VFIO_GROUP] = "vfio-group-incomplete",
	[HOSTLER_ERROR_VFIO_IOMMU] = "vfio-no-iommu",
	[HOSTLER_ERROR_VFIO_BIND] = "vfio-bind-failed",
	[HOSTLER_ERROR_VFIO_MODULE] = "vfio-module-missing",
	[HOSTLER_ERROR_VFIO_CHANGED] = "vfio-device-changed",
	[HOSTLER_ERROR_VFIO_DISPLAY] = "vfio-display",
	[HOSTLER_ERROR_VFIO_PLAN] = "vfio-plan",
	[HOSTLER_ERROR_RESET_NONE] = "reset-no-method",
	[HOSTLER_ERROR_RESET_DEAD] = "reset-device-dead",
	[HOSTLER_ERROR_FORWARD_NETWORK] = "forward-network-unsuitable",
	[HOSTLER_ERROR_FORWARD_ADDRESS] = "forward-no-address",
	[HOSTLER_ERROR_FORWARD_TAKEN] = "forward-port-taken",
	[HOSTLER_ERROR_FORWARD_FIREWALL] = "forward-firewall",
	[HOSTLER_ERROR_FORWARD_UNSUPPORTED] = "forward-unsupported",
	[HOSTLER_ERROR_METRICS] = "metrics",
	[HOSTLER_ERROR_ADVICE_ISOLATION] = "advice-isolation",
	[HOSTLER_ERROR_ADVICE_POWER] = "advice-power",
	[HOSTLER_ERROR_ADVICE_GPU] = "advice-gpu",
	[HOSTLER_ERROR_ADVICE_MEMORY] = "advice-memory",
};

G_DEFINE_QUARK(hostler-error-quark, hostler_error)

const char *hostler_error_code_name(HostlerErrorCode code)
{
	if ((guint)code >= HOSTLER_N_ERRORS || names[code] == NULL)
		return "internal";
	return names[code];
}

const char *hostler_error_code(const GError *error)
{
	if (error == NULL || error->domain != HOSTLER_ERROR)
		return "internal";
	return hostler_error_code_name((HostlerErrorCode)error->code);
}
