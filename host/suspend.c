/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Suspend to RAM, and the alarm of the clock that ends it. */
#include "host/suspend.h"

#include <errno.h>
#include <string.h>

#include "host/file.h"
#include "host/job-child.h"
#include "host/machine.h"

#define POWER "/sys/power"
#define ALARM "/sys/class/rtc/rtc0/wakealarm"
#define TEXT_MAX_BYTES 4096

static char *read_power(HostlerHost *host, const char *name)
{
	g_autofree char *path = machine_path(host, POWER, name, NULL);

	return file_read_line(path, TEXT_MAX_BYTES);
}

/* "s2idle [deep]": the one in brackets is taken. */
static gboolean lists(const char *text, const char *word)
{
	g_auto(GStrv) words = g_strsplit_set(text != NULL ? text : "", " []", -1);

	return g_strv_contains((const char *const *)words, word);
}

/* NULL: none is. */
static char *find_taken(const char *text)
{
	const char *begin = text != NULL ? strchr(text, '[') : NULL;
	const char *end = begin != NULL ? strchr(begin, ']') : NULL;

	return end != NULL ? g_strndup(begin + 1, (gsize)(end - begin - 1)) : NULL;
}

/* s2idle, which is all that many laptops know, leaves the devices their power. */
char *host_suspend_objection(HostlerHost *host)
{
	g_autofree char *states = read_power(host, "state");
	g_autofree char *kinds = read_power(host, "mem_sleep");
	g_autofree char *alarm = machine_path(host, ALARM, NULL);

	if (!lists(states, "mem"))
		return g_strdup("its kernel offers no suspend to RAM (no mem in " POWER "/state)");
	if (!lists(kinds, "deep"))
		return g_strdup("its firmware offers no suspend that takes the power from devices (no deep in " POWER
				"/mem_sleep)");
	if (!g_file_test(alarm, G_FILE_TEST_EXISTS))
		return g_strdup("it has no clock that could wake it (" ALARM " is missing)");
	return NULL;
}

static gboolean order(HostlerHost *host, const char *path, const char *value, GError **error)
{
	g_autofree char *file = machine_path(host, path, NULL);
	int errnum = file_order(file, value, strlen(value));

	if (errnum != 0)
		machine_error(error, errnum, "cannot write '%s' to %s", value, path);
	return errnum == 0;
}

/* An alarm of somebody else's would be lost: the kernel takes no second one before
 * the first is cleared, and we clear only ours. */
gboolean host_suspend(HostlerHost *host, guint seconds, GError **error)
{
	g_autofree char *alarm = g_strdup_printf("+%u", seconds);
	g_autofree char *kinds = read_power(host, "mem_sleep");
	g_autofree char *taken = find_taken(kinds);
	gboolean was_other = g_strcmp0(taken, "deep") != 0;
	gboolean slept;

	if (!job_child_may_act(host, error))
		return FALSE;
	if (was_other && !order(host, POWER "/mem_sleep", "deep", error))
		return FALSE;
	slept = order(host, ALARM, alarm, error);
	if (slept) {
		slept = order(host, POWER "/state", "mem", error);
		order(host, ALARM, "0", NULL);
	}
	if (was_other && taken != NULL)
		order(host, POWER "/mem_sleep", taken, NULL);
	return slept;
}
