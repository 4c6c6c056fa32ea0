/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be said of a VM's devices before they are touched: which are dead,
 * which nothing will reset, and what a quirk asks for. */
#include "plugins/reset/check.h"

#include "hostler/look.h"
#include "hostler/record.h"
#include "plugins/reset/judge.h"
#include "plugins/reset/plan.h"

#define LOOK "reset" /* the plugin's group of a look */

static const char vendor_reset_mend[] =
	"install https://github.com/gnif/vendor-reset (dkms install .), name it in /etc/modules and in the initramfs "
	"so that it is loaded before the host's driver, and reboot; it knows neither the RX 6000 series nor APUs";

static void say_quirk_errors(const ResetQuirks *quirks, HostlerFindings *findings)
{
	for (guint i = 0; i < quirks->errors->len; i++) {
		const GError *error = g_ptr_array_index(quirks->errors, i);

		hostler_findings_add(findings, HOSTLER_SEVERITY_ADVICE, HOSTLER_ERROR_CONFIG, NULL, NULL,
				     "%s; nothing of it is used", error->message);
	}
}

/* A module that gives the device its only good reset. */
static void say_needs(HostlerHost *host, const char *bdf, const ResetQuirk *quirk, HostlerFindings *findings)
{
	gboolean is_vendor_reset;
	g_autofree char *mend = NULL;

	if (quirk == NULL || quirk->needs == NULL || host->ops->module_loaded(host, quirk->needs))
		return;
	is_vendor_reset = g_str_equal(quirk->needs, "vendor_reset");
	mend = is_vendor_reset ? g_strdup(vendor_reset_mend) : g_strdup_printf("modprobe %s", quirk->needs);
	hostler_findings_add(findings, HOSTLER_SEVERITY_ADVICE, HOSTLER_ERROR_RESET_NONE, bdf, mend,
			     "%s is reset well by the module %s alone, which is not loaded (%s, line %u%s%s)", bdf,
			     quirk->needs, quirk->file, quirk->line, quirk->note != NULL ? ": " : "",
			     quirk->note != NULL ? quirk->note : "");
}

/* A slot has a port above it; whether all below it are the VM's is seen later. */
static gboolean may_be_reset(HostlerHost *host, const char *bdf, const ResetPlan *plan, const char *methods)
{
	g_autofree char *allowed = reset_plan_methods(plan, methods);
	g_autofree char *port = host->ops->pci_port(host, bdf);
	gboolean has_slot = FALSE;

	for (guint i = 0; i < plan->n_rungs; i++)
		has_slot |= !reset_rung_is_method(plan->rungs[i]);
	return *allowed != '\0' || (plan->quirk != NULL && has_slot && port != NULL);
}

static void say_none(HostlerHost *host, const char *bdf, const ResetQuirk *quirk, HostlerFindings *findings)
{
	g_autofree char *port = host->ops->pci_port(host, bdf);

	if (quirk == NULL && port != NULL)
		hostler_findings_add(findings, HOSTLER_SEVERITY_NOTE, HOSTLER_ERROR_RESET_NONE, bdf, NULL,
				     "the kernel knows no way to reset %s alone; it is reset with its whole slot if "
				     "the VM has all of that, else what one guest leaves in it the next one finds",
				     bdf);
	else if (quirk == NULL)
		hostler_findings_add(findings, HOSTLER_SEVERITY_NOTE, HOSTLER_ERROR_RESET_NONE, bdf, NULL,
				     "the kernel knows no way to reset %s; what one guest leaves in it the next one "
				     "finds", bdf);
	else
		hostler_findings_add(findings, HOSTLER_SEVERITY_NOTE, HOSTLER_ERROR_RESET_NONE, bdf, NULL,
				     "the kernel knows no way to reset %s that is safe for it (%s, line %u%s%s); "
				     "what one guest leaves in it the next one finds", bdf, quirk->file, quirk->line,
				     quirk->note != NULL ? ": " : "", quirk->note != NULL ? quirk->note : "");
}

static void judge(HostlerHost *host, const char *bdf, GKeyFile *look, const ResetQuirks *quirks,
		  HostlerFindings *findings)
{
	g_autofree char *methods = g_key_file_get_string(look, HOSTLER_CLAIM_FOUND, "reset_method", NULL);
	ResetIdentity identity = reset_identity_read(look);
	ResetPlan plan;

	reset_plan_make(&plan, quirks, &identity);
	if (!may_be_reset(host, bdf, &plan, methods != NULL ? methods : ""))
		say_none(host, bdf, plan.quirk, findings);
	say_needs(host, bdf, plan.quirk, findings);
}

void reset_look(HostlerHost *host, const char *bdf, GKeyFile *answer)
{
	g_autoptr(GError) error = NULL;

	g_key_file_set_boolean(answer, LOOK, "answers", reset_is_alive(host, bdf, &error));
	if (g_error_matches(error, HOSTLER_ERROR, HOSTLER_ERROR_RESET_DEAD))
		g_key_file_set_string(answer, LOOK, "dead", error->message);
}

/* What vfio could not look at it has refused. */
void reset_check(HostlerHost *host, const HostlerDomain *domain, HostlerFindings *findings)
{
	const ResetQuirks *quirks = reset_quirks_of(host);

	say_quirk_errors(quirks, findings);
	for (guint i = 0; i < domain->devices->len; i++) {
		const char *bdf = ((const HostlerPciDevice *)g_ptr_array_index(domain->devices, i))->bdf;
		GKeyFile *look = hostler_look_find(host, bdf);
		g_autofree char *dead = look != NULL ? g_key_file_get_string(look, LOOK, "dead", NULL) : NULL;

		if (dead != NULL)
			hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_RESET_DEAD, bdf, NULL,
					     "%s", dead);
		if (look != NULL && g_key_file_get_boolean(look, LOOK, "answers", NULL))
			judge(host, bdf, look, quirks, findings);
	}
}

void reset_check_host(HostlerHost *host, HostlerFindings *findings)
{
	say_quirk_errors(reset_quirks_of(host), findings);
}
