/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as what lspci wrote: refused in a line, or devices in order, which can be
 * explained whatever they say of each other. */

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hostler/capabilities.h"
#include "hostler/error.h"
#include "hostler/text.h"
#include "plugins/advice/dump.h"
#include "tests/fuzz/fuzz.h"

static void check_findings(const GPtrArray *devices)
{
	g_autoptr(HostlerFindings) findings = hostler_findings_new();

	advice_explain_dump(devices, findings);
	g_assert_cmpuint(findings->items->len, >=, devices->len);
	for (guint i = 0; i < findings->items->len; i++) {
		const HostlerFinding *finding = g_ptr_array_index(findings->items, i);

		g_assert_true(g_str_is_ascii(finding->text));
		g_assert_cmpint(finding->severity, !=, HOSTLER_SEVERITY_REFUSE);
	}
}

static void check_order(const GPtrArray *devices)
{
	g_assert_cmpuint(devices->len, >, 0);
	for (guint i = 0; i < devices->len; i++) {
		const HostlerDumped *dumped = g_ptr_array_index(devices, i);

		g_assert_true(hostler_text_is_bdf(dumped->bdf));
		if (i > 0)
			g_assert_cmpstr(((HostlerDumped *)g_ptr_array_index(devices, i - 1))->bdf, <, dumped->bdf);
	}
}

/* libpci wants a file; this one costs no disk. */
int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) devices = NULL;
	int fd = memfd_create("dump", MFD_CLOEXEC);
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);

	g_assert_cmpint(write(fd, data, size), ==, (gssize)size);
	devices = hostler_dump_read(path, &error);
	close(fd);
	if (devices == NULL) {
		fuzz_check_error(error, HOSTLER_ERROR);
		return 0;
	}
	check_order(devices);
	check_findings(devices);
	return 0;
}
