/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rungs are called. */
#include "plugins/reset/rung.h"

static const char *const names[] = {
	[RESET_RUNG_DEVICE_SPECIFIC] = "device_specific",
	[RESET_RUNG_ACPI] = "acpi",
	[RESET_RUNG_FLR] = "flr",
	[RESET_RUNG_AF_FLR] = "af_flr",
	[RESET_RUNG_PM] = "pm",
	[RESET_RUNG_BUS] = "bus",
	[RESET_RUNG_CXL_BUS] = "cxl_bus",
	[RESET_RUNG_HOT_RESET] = "hot_reset",
	[RESET_RUNG_SLOT] = "slot",
	[RESET_RUNG_D3COLD] = "d3cold",
	[RESET_RUNG_REMOVE_RESCAN] = "remove_rescan",
	[RESET_RUNG_SUSPEND] = NULL, /* no quirk may name it */
};

const char *reset_rung_name(ResetRung rung)
{
	return rung == RESET_RUNG_SUSPEND ? "suspend" : names[rung];
}

gboolean reset_rung_find(const char *name, ResetRung *rung)
{
	for (guint i = 0; names[i] != NULL; i++) {
		if (!g_str_equal(names[i], name))
			continue;
		*rung = (ResetRung)i;
		return TRUE;
	}
	return FALSE;
}

const char *const *reset_rung_names(void)
{
	return names;
}

gboolean reset_rung_is_method(ResetRung rung)
{
	return rung < RESET_RUNG_HOT_RESET;
}
