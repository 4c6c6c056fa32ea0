/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The group [forward] of the stays: who has which ports, and what the kernel is to
 * hold for them. */
#include "plugins/forward/stays.h"

#include "hostler/log.h"

gboolean forward_stay_has_spans(const HostlerRecord *stay)
{
	return forward_spans_are_stored(stay->body);
}

GArray *forward_stay_spans(const HostlerRecord *stay)
{
	guint n_bad;
	GArray *spans = forward_spans_load(stay->body, &n_bad);

	if (n_bad > 0)
		hostler_log(G_LOG_LEVEL_WARNING, "record-invalid",
			    &(HostlerSubject){ .vm = stay->name, .uuid = stay->uuid },
			    "%u entries of [forward] in the stay %s cannot be read; restart the VM to open them",
			    n_bad, stay->uuid);
	return spans;
}

static gint compare_ages(gconstpointer a, gconstpointer b)
{
	const HostlerRecord *x = *(const HostlerRecord *const *)a;
	const HostlerRecord *y = *(const HostlerRecord *const *)b;

	return (x->since > y->since) - (x->since < y->since);
}

static gboolean is_alive(HostlerHost *host, const HostlerRecord *stay)
{
	return forward_stay_has_spans(stay) && hostler_record_alive(host, stay);
}

GPtrArray *forward_stays_alive(HostlerHost *host)
{
	GPtrArray *stays = hostler_records_load(host, HOSTLER_RECORD_STAY);

	for (guint i = stays->len; i > 0; i--) {
		if (!is_alive(host, g_ptr_array_index(stays, i - 1)))
			g_ptr_array_remove_index(stays, i - 1);
	}
	g_ptr_array_sort(stays, compare_ages);
	return stays;
}

static gboolean is_open(const HostlerRecord *stay)
{
	return stay->phase == HOSTLER_PHASE_HELD;
}

GPtrArray *forward_stays_open(HostlerHost *host)
{
	GPtrArray *stays = forward_stays_alive(host);

	for (guint i = stays->len; i > 0; i--) {
		if (!is_open(g_ptr_array_index(stays, i - 1)))
			g_ptr_array_remove_index(stays, i - 1);
	}
	return stays;
}

ForwardDesired *forward_stays_desired(const GPtrArray *stays)
{
	ForwardDesired *desired = forward_desired_new();
	guint n_twice;

	for (guint i = 0; i < stays->len; i++) {
		const HostlerRecord *stay = g_ptr_array_index(stays, i);
		g_autoptr(GArray) spans = forward_stay_spans(stay);

		if (is_open(stay))
			forward_desired_add(desired, stay->uuid, spans);
		else
			forward_desired_reserve(desired, stay->uuid, spans);
	}
	n_twice = forward_desired_finish(desired);
	if (n_twice > 0)
		hostler_log(G_LOG_LEVEL_WARNING, hostler_error_code_name(HOSTLER_ERROR_FORWARD_TAKEN), NULL,
			    "%u ports are wanted by two running VMs and stay with the one that had them first; see "
			    "which: hostler check VM", n_twice);
	return desired;
}
