/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostler-display: asks systemd about the display manager, stops it and starts
 * it. A program of its own, so that no hook loads a library for D-Bus; it is
 * executed only where display='release' asks for it (host/display-manager.c). */
#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>

#include "hostler/display-program.h"

#define MANAGER "org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"
#define DISPLAY_MANAGER "display-manager.service"
#define SECONDS_MAX 300

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus_message, sd_bus_message_unref)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(sd_bus_error, sd_bus_error_free)

typedef struct {
	sd_bus *bus;
	gint64 until; /* monotonic, microseconds */
	char *job;    /* object path of ours; NULL: not known yet */
	GHashTable *ended; /* job's path -> its result */
} Order;

static guint64 time_left(const Order *order)
{
	return (guint64)MAX(order->until - g_get_monotonic_time(), 1);
}

/* The one line that goes back: the reason. */
static int fail(int status, const char *what, const sd_bus_error *error, int errnum)
{
	const char *why = error != NULL && error->message != NULL ? error->message : g_strerror(-errnum);

	printf("%s: %s\n", what, why);
	return status;
}

/* --- which --- */

/* A host on its way down starts nothing, and a stop is ordered already. */
static gboolean is_stopping(const Order *order)
{
	g_autofree char *state = NULL;

	return sd_bus_get_property_string(order->bus, MANAGER, "SystemState", NULL, &state) >= 0 &&
	       g_str_equal(state, "stopping");
}

static int get_text(const Order *order, const char *path, const char *property, char **text)
{
	g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
	g_autofree char *what = g_strdup_printf("systemd does not tell the %s of " DISPLAY_MANAGER, property);
	int result = sd_bus_get_property_string(order->bus, "org.freedesktop.systemd1", path,
						"org.freedesktop.systemd1.Unit", property, &error, text);

	return result < 0 ? fail(HOSTLER_DISPLAY_FAILED, what, &error, result) : 0;
}

/* display-manager.service is a link: its Id is whose it is, "gdm.service". */
static int which(Order *order, const char *unused)
{
	static const char *const running[] = { "active", "activating", "reloading", NULL };
	g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
	g_autoptr(sd_bus_message) reply = NULL;
	g_autofree char *id = NULL;
	g_autofree char *state = NULL;
	const char *path;
	int result = sd_bus_call_method(order->bus, MANAGER, "LoadUnit", &error, &reply, "s", DISPLAY_MANAGER);

	if (result >= 0)
		result = sd_bus_message_read(reply, "o", &path);
	if (result < 0)
		return fail(HOSTLER_DISPLAY_FAILED, "systemd does not know " DISPLAY_MANAGER, &error, result);
	result = get_text(order, path, "Id", &id);
	if (result == 0)
		result = get_text(order, path, "ActiveState", &state);
	if (result == 0 && g_strv_contains(running, state))
		printf("%s\n", id);
	return result;
}

/* --- stop and start --- */

/* The end of a job may be told before the answer that says which job is ours. */
static int on_job_removed(sd_bus_message *message, void *data, sd_bus_error *error)
{
	Order *order = data;
	const char *job, *unit, *result;
	guint32 id;

	if (sd_bus_message_read(message, "uoss", &id, &job, &unit, &result) >= 0)
		g_hash_table_insert(order->ended, g_strdup(job), g_strdup(result));
	return 0;
}

static int wait_for_end(Order *order, const char *what)
{
	const char *result;
	int n;

	while ((result = g_hash_table_lookup(order->ended, order->job)) == NULL) {
		if (g_get_monotonic_time() >= order->until)
			return fail(HOSTLER_DISPLAY_TIME_OVER, what, NULL, -ETIMEDOUT);
		n = sd_bus_process(order->bus, NULL);
		if (n == 0)
			n = sd_bus_wait(order->bus, time_left(order));
		if (n < 0)
			return fail(HOSTLER_DISPLAY_FAILED, what, NULL, n);
	}
	if (g_str_equal(result, "done") || g_str_equal(result, "skipped"))
		return HOSTLER_DISPLAY_DONE;
	printf("%s: systemd ended the job with '%s'\n", what, result);
	return HOSTLER_DISPLAY_FAILED;
}

/* Mode "fail": another job for this unit, such as that of a shutdown, is not
 * thrown out for ours. */
static int give_order(Order *order, const char *method, const char *unit, const char *what)
{
	g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
	g_autoptr(sd_bus_message) reply = NULL;
	const char *job;
	int result = sd_bus_match_signal(order->bus, NULL, MANAGER, "JobRemoved", on_job_removed, order);

	if (result >= 0)
		result = sd_bus_call_method(order->bus, MANAGER, "Subscribe", &error, NULL, NULL);
	if (result >= 0)
		result = sd_bus_call_method(order->bus, MANAGER, method, &error, &reply, "ss", unit, "fail");
	if (result >= 0)
		result = sd_bus_message_read(reply, "o", &job);
	if (result < 0)
		return fail(HOSTLER_DISPLAY_FAILED, what, &error, result);
	order->job = g_strdup(job);
	return wait_for_end(order, what);
}

static int stop(Order *order, const char *unit)
{
	g_autofree char *what = g_strdup_printf("%s does not stop", unit);

	return give_order(order, "StopUnit", unit, what);
}

static int start(Order *order, const char *unit)
{
	g_autofree char *what = g_strdup_printf("%s does not start", unit);

	return give_order(order, "StartUnit", unit, what);
}

/* --- */

static const struct {
	const char *name;
	gboolean takes_unit;
	int (*func)(Order *order, const char *unit);
} verbs[] = {
	{ "which", FALSE, which },
	{ "stop", TRUE, stop },
	{ "start", TRUE, start },
};

static int obey(Order *order, gsize verb, const char *unit)
{
	int result = sd_bus_open_system(&order->bus);

	if (result < 0)
		return fail(HOSTLER_DISPLAY_FAILED, "the system bus does not answer", NULL, result);
	sd_bus_set_method_call_timeout(order->bus, time_left(order));
	if (!is_stopping(order))
		return verbs[verb].func(order, unit);
	printf("the host is shutting down\n");
	return HOSTLER_DISPLAY_STOPPING;
}

static int run(gint64 seconds, gsize verb, const char *unit)
{
	Order order = { .until = g_get_monotonic_time() + seconds * G_USEC_PER_SEC };
	int status;

	order.ended = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	status = obey(&order, verb, unit);
	sd_bus_flush_close_unref(order.bus);
	g_hash_table_unref(order.ended);
	g_free(order.job);
	return status;
}

int main(int argc, char **argv)
{
	gint64 seconds = argc > 2 ? g_ascii_strtoll(argv[1], NULL, 10) : 0;

	for (gsize i = 0; seconds > 0 && seconds <= SECONDS_MAX && i < G_N_ELEMENTS(verbs); i++) {
		if (!g_str_equal(argv[2], verbs[i].name) || argc != (verbs[i].takes_unit ? 4 : 3))
			continue;
		/* Without systemd there is no display manager that could be known. */
		return sd_booted() > 0 || verbs[i].takes_unit ? run(seconds, i, argv[3]) : HOSTLER_DISPLAY_DONE;
	}
	fprintf(stderr, "usage: hostler-display SECONDS {which | stop UNIT | start UNIT}\n");
	return HOSTLER_DISPLAY_USAGE;
}
