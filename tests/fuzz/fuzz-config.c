/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any text as hostler.conf; what is no UTF-8 is refused before it is read. */

#include <string.h>

#include "core/config.h"
#include "hostler/error.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	HostlerConfig config = {.hook_deadline = 20, .metrics_interval = 10, .metrics_log_size = 16};
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	if (!g_utf8_validate_len((const char *)data, size, NULL))
		return 0;
	text = g_strndup((const char *)data, size);
	if (!hostler_config_from_text(&config, "hostler.conf", text, &error))
		fuzz_check_error(error, HOSTLER_ERROR);
	g_assert_cmpuint(config.hook_deadline, >=, 5);
	g_assert_cmpuint(config.hook_deadline, <=, 300);
	g_assert_cmpuint(config.metrics_log_size, >=, 1);
	g_assert_cmpuint(config.metrics_log_size, <=, 1024);
	g_assert_true(config.metrics_prometheus[0] == '/' || config.metrics_prometheus[0] == '\0');
	g_assert_nonnull(memchr(config.metrics_prometheus, '\0', sizeof(config.metrics_prometheus)));
	g_assert_cmpuint(config.metrics_interval, >=, 1);
	g_assert_cmpuint(config.metrics_interval, <=, 3600);
	g_assert_true(config.metrics_enabled == TRUE || config.metrics_enabled == FALSE);
	return 0;
}
