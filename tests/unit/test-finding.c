/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings, their verdict, and the names of errors. */

#include "hostler/finding.h"

static void test_worst(void)
{
	g_autoptr(HostlerFindings) findings = hostler_findings_new();
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(hostler_findings_worst(findings), ==, HOSTLER_SEVERITY_NOTE);
	g_assert_true(hostler_findings_allow(findings, &error));
	hostler_findings_add(findings, HOSTLER_SEVERITY_ADVICE, HOSTLER_ERROR_VFIO_GROUP, NULL, NULL, "take care");
	hostler_findings_add(findings, HOSTLER_SEVERITY_NOTE, HOSTLER_ERROR_METRICS, NULL, NULL, "by the way");
	g_assert_cmpint(hostler_findings_worst(findings), ==, HOSTLER_SEVERITY_ADVICE);
	g_assert_true(hostler_findings_allow(findings, &error));
	g_assert_no_error(error);
}

static void test_refusal(void)
{
	g_autoptr(HostlerFindings) findings = hostler_findings_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) both = NULL;
	const HostlerFinding *finding;

	hostler_findings_add(findings, HOSTLER_SEVERITY_NOTE, HOSTLER_ERROR_METRICS, NULL, NULL, "by the way");
	hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_VFIO_BUSY, "0000:01:00.0",
			"umount /mnt",
			     "%s holds %s (%d%%)", "0000:01:00.0", "/mnt", 7);
	g_assert_cmpint(hostler_findings_worst(findings), ==, HOSTLER_SEVERITY_REFUSE);
	g_assert_false(hostler_findings_allow(findings, &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_BUSY);
	g_assert_cmpstr(error->message, ==, "0000:01:00.0 holds /mnt (7%); umount /mnt");
	g_assert_cmpstr(hostler_error_code(error), ==, "vfio-device-busy");

	hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_FORWARD_TAKEN, NULL, NULL, "%s",
			"port %s");
	g_assert_false(hostler_findings_allow(findings, &both));
	g_assert_error(both, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_BUSY);
	g_assert_cmpstr(both->message, ==,
			"0000:01:00.0 holds /mnt (7%); umount /mnt (and 1 more: see 'hostler check')");
	finding = g_ptr_array_index(findings->items, 2);
	g_assert_cmpstr(finding->text, ==, "port %s");
	g_assert_null(finding->subject);
	g_assert_false(hostler_findings_allow(findings, NULL));
}

static void test_bare(void)
{
	g_autoptr(HostlerFindings) findings = hostler_findings_new();
	g_autoptr(GError) error = NULL;

	hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_VFIO_IOMMU, NULL, NULL, "no IOMMU");
	g_assert_false(hostler_findings_allow(findings, &error));
	g_assert_cmpstr(error->message, ==, "no IOMMU");
}

/* Both families of a network have the same to say. */
static void test_once(void)
{
	g_autoptr(HostlerFindings) findings = hostler_findings_new();
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i < 2; i++)
		hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_FORWARD_TAKEN, "tcp port 1",
				     "x", "no");
	g_assert_cmpuint(findings->items->len, ==, 1);
	g_assert_false(hostler_findings_allow(findings, &error));
	g_assert_cmpstr(error->message, ==, "no; x");
	hostler_findings_add(findings, HOSTLER_SEVERITY_ADVICE, HOSTLER_ERROR_FORWARD_TAKEN, "tcp port 1", "x", "no");
	hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_FORWARD_TAKEN, "tcp port 2", "x", "no");
	hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_FORWARD_TAKEN, "tcp port 1", NULL,
			     "no");
	g_assert_cmpuint(findings->items->len, ==, 4);
}

static void test_codes(void)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GError) foreign = g_error_new_literal(G_FILE_ERROR, 1, "x");

	for (guint code = 0; code < HOSTLER_N_ERRORS; code++) {
		const char *name = hostler_error_code_name((HostlerErrorCode)code);

		g_assert_cmpstr(name, !=, "internal");
		g_assert_true(g_hash_table_add(names, (gpointer)name)); /* each its own */
	}
	g_assert_cmpstr(hostler_error_code_name(HOSTLER_N_ERRORS), ==, "internal");
	g_assert_cmpstr(hostler_error_code_name((HostlerErrorCode)-1), ==, "internal");
	g_assert_cmpstr(hostler_error_code(foreign), ==, "internal");
	g_assert_cmpstr(hostler_error_code(NULL), ==, "internal");
	g_assert_cmpstr(hostler_error_code_name(HOSTLER_ERROR_XML), ==, "xml-malformed");
	g_assert_cmpstr(hostler_error_code_name(HOSTLER_ERROR_SETTINGS), ==, "settings-invalid");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/finding/worst", test_worst);
	g_test_add_func("/finding/refusal", test_refusal);
	g_test_add_func("/finding/bare", test_bare);
	g_test_add_func("/finding/once", test_once);
	g_test_add_func("/finding/codes", test_codes);
	return g_test_run();
}
