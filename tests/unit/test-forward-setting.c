/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings of bridges that are ours for a time: whose note is left when a bridge is not there, or cannot be set. */
#include <glib.h>

#include "core/folders.h"
#include "fakehost.h"
#include "hostler/error.h"
#include "plugins/forward/setting.h"

static HostlerErrorCode fails_with; /* 0: it does not */
static GString *turned;

static gboolean turn(HostlerHost *host, const char *bridge, gboolean on, GError **error)
{
	g_string_append_printf(turned, "%s %s;", bridge, on ? "on" : "off");
	if (fails_with == 0)
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, fails_with, "it cannot be");
	return FALSE;
}

static const ForwardSetting setting = {
	.name = "arp_accept", .folder = "arp_accept", .use = "tests", .code = "forward-lease", .turn = turn,
};

/* begin_and_end: what is written for a bridge that is wanted, and then not. */
static void check(HostlerErrorCode first, HostlerErrorCode second, guint n_ours, const char *expected)
{
	g_autoptr(HostlerHost) host = fakehost_new("", NULL);
	g_autoptr(GPtrArray) wanted = g_ptr_array_new();
	g_autoptr(GPtrArray) nothing = g_ptr_array_new();
	g_autoptr(GPtrArray) ours = NULL;

	g_assert_true(hostler_folders_make(host, NULL));
	turned = g_string_new(NULL);
	g_ptr_array_add(wanted, (gpointer) "virbr0");
	fails_with = first;
	forward_setting_begin(host, &setting, wanted);
	fails_with = second;
	forward_setting_begin(host, &setting, wanted);
	ours = forward_setting_ours(host, &setting);
	g_assert_cmpuint(ours->len, ==, n_ours);
	fails_with = 0;
	forward_setting_end(host, &setting, nothing);
	g_assert_cmpstr(turned->str, ==, expected);
	g_string_free(turned, TRUE);
}

static void test_set(void)
{
	check(0, 0, 1, "virbr0 on;virbr0 on;virbr0 off;");
}

/* Nothing was set, so nothing is to be put back: the next bridge of that name may have it from its admin. */
static void test_absent(void)
{
	check(HOSTLER_ERROR_ABSENT, HOSTLER_ERROR_ABSENT, 0, "virbr0 on;virbr0 on;");
	check(HOSTLER_ERROR_HOST, HOSTLER_ERROR_HOST, 0, "virbr0 on;virbr0 on;");
}

/* One that was ours is so until it is put back. */
static void test_gone_meanwhile(void)
{
	check(0, HOSTLER_ERROR_ABSENT, 1, "virbr0 on;virbr0 on;virbr0 off;");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* What cannot be set is said in the log, and that is no failure. */
	g_log_set_always_fatal(G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
	g_test_add_func("/forward/setting/set", test_set);
	g_test_add_func("/forward/setting/absent", test_absent);
	g_test_add_func("/forward/setting/gone-meanwhile", test_gone_meanwhile);
	return g_test_run();
}
