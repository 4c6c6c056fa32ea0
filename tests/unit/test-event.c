/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libvirt says on the hook's command line. */

#include "hostler/event.h"

static void test_operations(void)
{
	static const struct {
		const char *operation;
		const char *step;
		HostlerOperation expected;
		gboolean may_refuse;
	} table[] = {
		{"prepare", "begin", HOSTLER_OP_PREPARE, TRUE},
		{"start", "begin", HOSTLER_OP_START, TRUE},
		{"started", "begin", HOSTLER_OP_STARTED, FALSE},
		{"stopped", "end", HOSTLER_OP_STOPPED, FALSE},
		{"release", "end", HOSTLER_OP_RELEASE, FALSE},
		{"reconnect", "begin", HOSTLER_OP_RECONNECT, FALSE},
		{"migrate", "begin", HOSTLER_OP_MIGRATE, FALSE},
		{"restore", "begin", HOSTLER_OP_RESTORE, FALSE},
		{"attach", "begin", HOSTLER_OP_ATTACH, FALSE},
		/* of a later libvirt */
		{"prepare", "end", HOSTLER_OP_UNKNOWN, FALSE},
		{"start", "", HOSTLER_OP_UNKNOWN, FALSE},
		{"release", "begin", HOSTLER_OP_UNKNOWN, FALSE},
		{"Prepare", "begin", HOSTLER_OP_UNKNOWN, FALSE},
		{"hotplug", "begin", HOSTLER_OP_UNKNOWN, FALSE},
		{"", "", HOSTLER_OP_UNKNOWN, FALSE},
		{"port-created", "begin", HOSTLER_OP_UNKNOWN, FALSE}, /* of the network hook */
	};

	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		char *argv[] = {(char *)"hook", (char *)"a vm", (char *)table[i].operation, (char *)table[i].step,
				(char *)"crashed", NULL};
		HostlerEvent event;

		g_assert_true(hostler_event_from_argv(&event, 5, argv));
		g_assert_cmpstr(event.object, ==, "a vm");
		g_assert_cmpint(event.operation, ==, table[i].expected);
		g_assert_cmpstr(event.reason, ==, "crashed");
		g_assert_cmpint(hostler_event_may_refuse(&event), ==, table[i].may_refuse);
	}
}

static void test_count(void)
{
	char *argv[] = {(char *)"hook", (char *)"vm", (char *)"prepare", (char *)"begin", (char *)"-", (char *)"more",
			NULL};
	HostlerEvent event;

	for (int argc = 0; argc < 5; argc++)
		g_assert_false(hostler_event_from_argv(&event, argc, argv));
	g_assert_true(hostler_event_from_argv(&event, 5, argv));
	g_assert_true(hostler_event_from_argv(&event, 6, argv));
	g_assert_cmpstr(event.reason, ==, "-");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/event/operations", test_operations);
	g_test_add_func("/event/count", test_count);
	return g_test_run();
}
