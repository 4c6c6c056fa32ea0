/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Figures in words, and a report in one line. */
#include "words.h"

#include <math.h>

#include "hostler/text.h"
#include "qemu-helpers/json/read.h"

/* A line of the journal with more devices than this is read by nobody. */
#define MOST_DEVICES 8

/* --- figures --- */

static char *scale(double value, const char *const *units, gsize n_units)
{
	gsize unit = 0;

	while (value >= 999.5 && unit + 1 < n_units) {
		value /= 1000;
		unit++;
	}
	if (value >= 99.95 || fabs(value - round(value)) < 0.005)
		return g_strdup_printf("%.0f%s", value, units[unit]);
	return g_strdup_printf(value >= 9.995 ? "%.1f%s" : "%.2f%s", value, units[unit]);
}

char *words_bytes(double bytes)
{
	static const char *const units[] = { " B", " kB", " MB", " GB", " TB", " PB" };

	return scale(MAX(bytes, 0), units, G_N_ELEMENTS(units));
}

char *words_count(double count)
{
	static const char *const units[] = { "", "k", "M", "G", "T" };

	return scale(MAX(count, 0), units, G_N_ELEMENTS(units));
}

char *words_seconds(double seconds)
{
	static const char *const units[] = { " ns", " us", " ms", " s" };

	return scale(MAX(seconds, 0) * 1e9, units, G_N_ELEMENTS(units));
}

char *words_duration(double seconds)
{
	guint64 whole = (guint64)CLAMP(seconds, 0, 1e15);

	if (whole >= 48 * 3600)
		return g_strdup_printf("%" G_GUINT64_FORMAT " d %" G_GUINT64_FORMAT " h", whole / 86400,
				       whole / 3600 % 24);
	if (whole >= 3600)
		return g_strdup_printf("%" G_GUINT64_FORMAT " h %" G_GUINT64_FORMAT " min", whole / 3600,
				       whole / 60 % 60);
	if (whole >= 60)
		return g_strdup_printf("%" G_GUINT64_FORMAT " min %" G_GUINT64_FORMAT " s", whole / 60, whole % 60);
	return g_strdup_printf("%" G_GUINT64_FORMAT " s", whole);
}

/* --- a report --- */

/* "read 1.2 GB (at most 210 MB/s)" */
static void say_flow(GString *text, JsonObject *device, const char *verb, const char *counter)
{
	double total = json_number(device, counter, -1);
	double peak = json_number(json_part(device, "peak_per_second"), counter, 0);
	g_autofree char *amount = words_bytes(total);
	g_autofree char *rate = words_bytes(peak);

	if (total < 0)
		return;
	g_string_append_printf(text, "%s%s %s", g_str_has_suffix(text->str, ": ") ? "" : ", ", verb, amount);
	if (peak >= 1)
		g_string_append_printf(text, " (at most %s/s)", rate);
}

static void begin_device(GString *text, JsonObject *device)
{
	g_autofree char *name = hostler_text_shown(json_text(device, "target"));

	g_string_append_printf(text, "; %s: ", *name != '\0' ? name : "(no name)");
}

static void say_devices(GString *text, JsonObject *report, const char *section, const char *const *flows)
{
	g_autoptr(GPtrArray) devices = json_items(report, section);

	for (guint i = 0; i < MIN(devices->len, MOST_DEVICES); i++) {
		JsonObject *device = g_ptr_array_index(devices, i);

		begin_device(text, device);
		say_flow(text, device, flows[0], flows[1]);
		say_flow(text, device, flows[2], flows[3]);
		if (g_str_has_suffix(text->str, ": "))
			g_string_append(text, "no figures");
	}
	if (devices->len > MOST_DEVICES)
		g_string_append_printf(text, "; and %u %s more", devices->len - MOST_DEVICES, section);
}

/* Less than a second is said of no run. */
static void say_seconds(GString *text, const char *what, double seconds)
{
	g_autofree char *duration = words_duration(seconds);

	if (seconds >= 1)
		g_string_append_printf(text, "; %s%s", what, duration);
}

gboolean words_ran(JsonObject *report)
{
	return g_strcmp0(json_text(report, "reason"), WORDS_NEVER_RAN) != 0;
}

char *words_report(JsonObject *report)
{
	static const char *const of_disk[] = { "read", "read_bytes", "wrote", "write_bytes" };
	static const char *const of_nic[] = { "received", "rx_bytes", "sent", "tx_bytes" };
	g_autofree char *duration = words_duration(json_number(report, "seconds", 0));
	g_autofree char *reason = hostler_text_shown(json_text(report, "reason"));
	GString *text = NULL;

	if (!words_ran(report))
		return g_strdup_printf("never ran here: its migration to this host failed after %s", duration);
	text = g_string_new(NULL);
	g_string_append_printf(text, "ran for %s", duration);
	if (*reason != '\0')
		g_string_append_printf(text, ", ended: %s", reason);
	say_devices(text, report, "disks", of_disk);
	say_devices(text, report, "nics", of_nic);
	say_seconds(text, "no samples for ",
		    json_number(report, "gap_seconds", 0) + json_number(report, "stalled_seconds", 0));
	say_seconds(text, "not seen at the end: ", json_number(report, "unseen_seconds", 0));
	return g_string_free(text, FALSE);
}
