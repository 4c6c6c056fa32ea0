/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which rungs a device may take, in which order. */
#include "plugins/reset/plan.h"

#include <string.h>

#include "hostler/record.h"

/* A device that nothing is known of gets what the kernel would do, one by one,
 * and then its slot. What may lose it for good (power, remove and rescan) is only
 * done where somebody has seen it work. */
static const ResetRung usual[] = {
	RESET_RUNG_DEVICE_SPECIFIC, RESET_RUNG_ACPI, RESET_RUNG_FLR,	 RESET_RUNG_AF_FLR,
	RESET_RUNG_PM,		    RESET_RUNG_BUS,  RESET_RUNG_CXL_BUS, RESET_RUNG_HOT_RESET,
	RESET_RUNG_SLOT,
};

/* The slot is reset by the same signal as the bus of a lone function. */
#define BUS_BY_OTHER_MEANS (RESET_RUNG_BIT(RESET_RUNG_SLOT) | RESET_RUNG_BIT(RESET_RUNG_HOT_RESET))

static guint32 read_number(GKeyFile *from, const char *key)
{
	g_autofree char *text = g_key_file_get_string(from, HOSTLER_CLAIM_IDENTITY, key, NULL);

	return text != NULL ? (guint32)g_ascii_strtoull(text, NULL, 16) : 0;
}

ResetIdentity reset_identity_read(GKeyFile *from)
{
	return (ResetIdentity){
		.vendor = (guint16)read_number(from, "vendor"),
		.device = (guint16)read_number(from, "device"),
		.subsystem_vendor = (guint16)read_number(from, "subsystem_vendor"),
		.subsystem_device = (guint16)read_number(from, "subsystem_device"),
		.class = read_number(from, "class"),
	};
}

void reset_plan_make(ResetPlan *plan, const ResetQuirks *quirks, const ResetIdentity *device)
{
	const ResetQuirk *quirk = reset_quirks_find(quirks, device);
	gboolean has_order = quirk != NULL && quirk->n_rungs > 0;
	const ResetRung *rungs = has_order ? quirk->rungs : usual;
	guint n_rungs = has_order ? quirk->n_rungs : G_N_ELEMENTS(usual);

	*plan = (ResetPlan){ .quirk = quirk, .never = quirk != NULL ? quirk->never : 0 };
	if (plan->never & RESET_RUNG_BIT(RESET_RUNG_BUS))
		plan->never |= BUS_BY_OTHER_MEANS;
	for (guint i = 0; i < n_rungs; i++) {
		if ((plan->never & RESET_RUNG_BIT(rungs[i])) == 0)
			plan->rungs[plan->n_rungs++] = rungs[i];
	}
}

gboolean reset_list_has(const char *list, const char *method)
{
	g_auto(GStrv) all = g_strsplit(list, " ", -1);

	return g_strv_contains((const char *const *)all, method);
}

char *reset_plan_methods(const ResetPlan *plan, const char *list)
{
	GString *methods = g_string_new(NULL);

	for (guint i = 0; i < plan->n_rungs; i++) {
		const char *name = reset_rung_name(plan->rungs[i]);

		if (reset_rung_is_method(plan->rungs[i]) && reset_list_has(list, name))
			g_string_append_printf(methods, "%s%s", methods->len > 0 ? " " : "", name);
	}
	return g_string_free(methods, FALSE);
}
