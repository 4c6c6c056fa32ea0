/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* A refusal is one line for a person: what, where, who, and the command that
 * mends it. The code is for machines: it becomes HOSTLER_CODE in the journal. */

#define HOSTLER_ERROR hostler_error_quark()
GQuark hostler_error_quark(void);

typedef enum {
	HOSTLER_ERROR_ARGUMENTS,        /* "arguments" */
	HOSTLER_ERROR_XML,              /* "xml-malformed" */
	HOSTLER_ERROR_SETTINGS,         /* "settings-invalid": our metadata element */
	HOSTLER_ERROR_CONFIG,           /* "config-invalid" */
	HOSTLER_ERROR_RECORD,           /* "record-invalid" */
	HOSTLER_ERROR_DEADLINE,         /* "deadline" */
	HOSTLER_ERROR_HOST,             /* "host-error": the machine said no */
	HOSTLER_ERROR_ABSENT,           /* "absent": no such device, attribute, file */
	HOSTLER_ERROR_STUCK,            /* "device-stuck" */
	HOSTLER_ERROR_STALE,            /* "stale": changed while we worked on it; look again */
	HOSTLER_ERROR_EXISTS,           /* "exists": nf_tables has it already */
	HOSTLER_ERROR_CALLER_GONE,      /* "caller-gone": libvirtd was killed */
	HOSTLER_ERROR_STOPPING,         /* "host-stopping": the host is going down */
	HOSTLER_ERROR_VFIO_ABSENT,      /* "vfio-device-absent" */
	HOSTLER_ERROR_VFIO_BUSY,        /* "vfio-device-busy" */
	HOSTLER_ERROR_VFIO_CLAIMED,     /* "vfio-device-claimed" */
	HOSTLER_ERROR_VFIO_GROUP,       /* "vfio-group-incomplete" */
	HOSTLER_ERROR_VFIO_IOMMU,       /* "vfio-no-iommu" */
	HOSTLER_ERROR_VFIO_BIND,        /* "vfio-bind-failed" */
	HOSTLER_ERROR_VFIO_MODULE,      /* "vfio-module-missing" */
	HOSTLER_ERROR_VFIO_CHANGED,     /* "vfio-device-changed" */
	HOSTLER_ERROR_VFIO_DISPLAY,     /* "vfio-display": the desktop could not be put aside */
	HOSTLER_ERROR_VFIO_PLAN,        /* "vfio-plan": no error, a line of what `prepare` will do */
	HOSTLER_ERROR_RESET_DEAD,       /* "reset-device-dead" */
	HOSTLER_ERROR_RESET_NONE,       /* "reset-no-method" */
	HOSTLER_ERROR_FORWARD_NETWORK,  /* "forward-network-unsuitable" */
	HOSTLER_ERROR_FORWARD_ADDRESS,  /* "forward-no-address" */
	HOSTLER_ERROR_FORWARD_TAKEN,    /* "forward-port-taken" */
	HOSTLER_ERROR_FORWARD_FIREWALL, /* "forward-firewall" */
	HOSTLER_ERROR_FORWARD_UNSUPPORTED, /* "forward-unsupported" */
	HOSTLER_ERROR_METRICS,          /* "metrics" */
	HOSTLER_ERROR_ADVICE_ISOLATION, /* "advice-isolation": what the IOMMU's groups are worth */
	HOSTLER_ERROR_ADVICE_POWER,     /* "advice-power" */
	HOSTLER_ERROR_ADVICE_GPU,       /* "advice-gpu" */
	HOSTLER_ERROR_ADVICE_MEMORY,    /* "advice-memory" */
	HOSTLER_N_ERRORS
} HostlerErrorCode;

/* "vfio-device-busy"; "internal" for an error of another domain. */
const char *hostler_error_code(const GError *error);
const char *hostler_error_code_name(HostlerErrorCode code);
