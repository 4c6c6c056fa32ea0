/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run for a person who asks what happened in it. */
#include "run-show.h"

#include "kinds.h"
#include "qemu-helpers/json/read.h"
#include "qemu-helpers/metrics/words.h"
#include "run-devices.h"

/* --- what they are --- */

static void print_fact(const Paper *paper, const char *key, const char *text)
{
	g_autofree char *shown = paper_text(text);

	if (paper->terminal)
		fprintf(paper->out, "  %-10s  %s\n", key, shown);
	else
		fprintf(paper->out, "run\t%s\t%s\n", key, shown);
}

static char *describe_disk(JsonObject *labels)
{
	const char *stack = json_text(labels, "storage");
	const char *cache = json_text(labels, "cache");
	const char *source = json_text(labels, "source");
	g_autofree char *kind = kinds_name_storage(labels);

	return g_strdup_printf("%s, cache %s%s%s", stack != NULL ? stack : kind, cache != NULL ? cache : "default",
			       source != NULL ? ", " : "", source != NULL ? source : "");
}

static char *describe_nic(JsonObject *labels)
{
	g_autofree char *kind = kinds_name_network(labels);
	const char *on = json_text(labels, "network");
	const char *model = json_text(labels, "model");

	if (on == NULL)
		on = json_text(labels, "bridge");
	if (on == NULL)
		on = json_text(labels, "source");
	return g_strdup_printf("%s%s%s%s%s", kind, on != NULL ? " on " : "", on != NULL ? on : "",
			       model != NULL ? ", " : "", model != NULL ? model : "");
}

static void print_labels(const Paper *paper, const Run *run, JsonObject *figures, const char *section)
{
	g_autoptr(GPtrArray) devices = json_items(figures, section);

	for (guint i = 0; i < devices->len; i++) {
		JsonObject *device = g_ptr_array_index(devices, i);
		JsonObject *labels = run_device(run, section, device);
		g_autofree char *text = g_str_equal(section, "disks") ? describe_disk(labels) : describe_nic(labels);
		g_autofree char *name = paper_text(json_text(device, "target"));

		print_fact(paper, name, text);
	}
}

static void print_unmeasured(const Paper *paper, JsonObject *figures)
{
	static const char *const sections[] = { "unmeasured_disks", "unmeasured_nics", "unmeasured_devices" };

	for (gsize i = 0; i < G_N_ELEMENTS(sections); i++) {
		g_autoptr(GPtrArray) devices = json_items(figures, sections[i]);

		for (guint j = 0; j < devices->len; j++) {
			JsonObject *device = g_ptr_array_index(devices, j);
			const char *name = json_text(device, "bdf");
			const char *why = json_text(device, "unmeasured");
			g_autofree char *text = NULL;

			if (name == NULL)
				name = json_text(device, "mac");
			if (name == NULL)
				name = json_text(device, "target");
			text = g_strdup_printf("%s: %s", name != NULL ? name : "?",
					       why != NULL ? why : "nobody knows why");
			print_fact(paper, "unmeasured", text);
		}
	}
}

/* --- the run --- */

static void print_share(const Paper *paper, JsonObject *figures)
{
	double share = json_number(figures, "cached_share", -1);
	g_autofree char *text =
		g_strdup_printf("%.0f %% of what the guest read was answered by the host's memory", share * 100);

	if (share >= 0)
		print_fact(paper, "cache", text);
}

/* Who asks for percentiles is told where they come from. */
static void print_how_timed(const Paper *paper, JsonObject *figures)
{
	g_autoptr(GPtrArray) disks = json_items(figures, "disks");

	if (disks->len > 0 && !run_has_percentiles(figures))
		print_fact(paper, "latency",
			   "means; percentiles need libvirt 12.1 and <latency-histogram> in the disk's <driver>: "
			   "man hostler-metrics");
}

static void print_quality(const Paper *paper, JsonObject *figures)
{
	g_autofree char *text =
		g_strdup_printf("%.0f samples, %.0f gaps (%.0f s), %.0f stalls (%.0f s), last %.0f s not seen",
				json_number(figures, "samples", 0), json_number(figures, "gaps", 0),
				json_number(figures, "gap_seconds", 0), json_number(figures, "stalls", 0),
				json_number(figures, "stalled_seconds", 0),
				json_number(figures, "unseen_seconds", 0));

	print_fact(paper, "seen", text);
}

static void print_length(const Paper *paper, const Run *run, JsonObject *figures)
{
	g_autofree char *duration = words_duration(json_number(figures, "seconds", 0));
	g_autofree char *until = run_say_time(figures, "time");
	g_autofree char *never_ran = run->report != NULL && !words_ran(figures) ? words_report(figures) : NULL;
	const char *reason = json_text(figures, "reason");
	g_autofree char *text = NULL;

	if (never_ran != NULL)
		text = g_strdup_printf("%s, %s", never_ran, until != NULL ? until : "?");
	else if (run->report != NULL)
		text = g_strdup_printf("ran for %s until %s, ended: %s", duration, until != NULL ? until : "?",
				       reason != NULL ? reason : "unknown");
	else
		text = g_strdup_printf("has run for %s at %s, and no end is in the log", duration,
				       until != NULL ? until : "?");
	print_fact(paper, "length", text);
}

void run_print(const Paper *paper, const Run *run, JsonObject *figures)
{
	g_autofree char *name = paper_text(json_text(figures, "vm"));
	const char *uuid = json_text(figures, "uuid");
	g_autofree char *id = g_strdup_printf("%s, UUID %s", run->id, uuid != NULL ? uuid : "unknown");

	if (paper->terminal) {
		paper_print(paper, INK_BOLD, 0, name);
		fputs("\n", paper->out);
	} else {
		print_fact(paper, "vm", name);
	}
	print_fact(paper, "run", id);
	print_length(paper, run, figures);
	print_quality(paper, figures);
	print_labels(paper, run, figures, "disks");
	print_labels(paper, run, figures, "nics");
	print_unmeasured(paper, figures);
	print_share(paper, figures);
	print_how_timed(paper, figures);
	run_print_devices(paper, figures, "disks");
	run_print_devices(paper, figures, "nics");
}
