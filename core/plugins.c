/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plugins of this program, in the order of acquiring; down is the reverse.
 * Each program is built with the ones it needs (meson: -DHOSTLER_WITH_...). */
#include "hostler/plugin.h"

static const HostlerPlugin *const plugins[] = {
#ifdef HOSTLER_WITH_VFIO
	&hostler_plugin_vfio,
#endif
#ifdef HOSTLER_WITH_RESET
	&hostler_plugin_reset,
#endif
#ifdef HOSTLER_WITH_FORWARD
	&hostler_plugin_forward,
#endif
#ifdef HOSTLER_WITH_METRICS
	&hostler_plugin_metrics,
#endif
#ifdef HOSTLER_WITH_ADVICE
	&hostler_plugin_advice,
#endif
	NULL,
};

const HostlerPlugin *const *hostler_plugins(void)
{
	return plugins;
}
