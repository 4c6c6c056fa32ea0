/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which VMs go into the next question, and who is at fault when none of them gets
 * an answer. */
#include "asker.h"

#include <math.h>

#include "source.h"

struct _Asker {
	Source *source;
	GHashTable *guests;  /* uuid -> Guest */
	gboolean one_by_one; /* to learn which of several VMs holds the answer up */
	gboolean silence;    /* libvirt itself does not answer */
	guint timer;         /* source id; 0: none is set */
};

/* --- asking --- */

static gboolean on_timer(gpointer data)
{
	Asker *asker = data;

	asker->timer = 0;
	asker_ask(asker);
	return G_SOURCE_REMOVE;
}

static void set_timer(Asker *asker, double now)
{
	GHashTableIter iter;
	gpointer value;
	double due = HUGE_VAL;

	g_clear_handle_id(&asker->timer, g_source_remove);
	g_hash_table_iter_init(&iter, asker->guests);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const Guest *guest = value;

		if (guest->held_by == 0 && guest->due > now)
			due = MIN(due, guest->due);
	}
	if (isfinite(due))
		asker->timer = g_timeout_add((guint)ceil(MAX(due - now, 0) * 1000), on_timer, asker);
}

/* Those too that come due while the question is out. */
static void note_silence(Asker *asker, double now)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, asker->guests);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		Guest *guest = value;

		if (guest_is_due(guest, now))
			book_stall(guest->book, now, "libvirt does not answer");
	}
	set_timer(asker, now);
}

static void put_in(Guest *guest, GPtrArray *uuids, double now)
{
	guest->asked = TRUE;
	guest->named = FALSE;
	if (guest->since <= 0)
		guest->since = now;
	g_ptr_array_add(uuids, guest->book->stay->uuid);
}

void asker_ask(Asker *asker)
{
	g_autoptr(GPtrArray) uuids = g_ptr_array_new();
	double now = sample_clock();
	double patience = HUGE_VAL;
	GHashTableIter iter;
	gpointer value;

	if (source_is_busy(asker->source)) {
		if (asker->silence)
			note_silence(asker, now);
		return;
	}
	g_hash_table_iter_init(&iter, asker->guests);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		Guest *guest = value;

		guest->asked = FALSE;
		if (!guest_is_due(guest, now) || (asker->one_by_one && uuids->len > 0))
			continue;
		patience = MIN(patience, guest_patience(guest));
		put_in(guest, uuids, now);
	}
	if (uuids->len > 0) {
		source_ask(asker->source, uuids, (guint)(patience * 1000));
	} else {
		asker->one_by_one = FALSE;
		set_timer(asker, now);
	}
}

/* --- answers --- */

/* Calls `each` for those in the question that have no answer yet; how many there were. */
static guint each_asked(Asker *asker, void (*each)(Guest *guest, double now, gconstpointer data),
			gconstpointer data)
{
	double now = sample_clock();
	GHashTableIter iter;
	gpointer value;
	guint n = 0;

	g_hash_table_iter_init(&iter, asker->guests);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		Guest *guest = value;

		if (!guest->asked)
			continue;
		n++;
		if (each != NULL)
			each(guest, now, data);
	}
	return n;
}

static void go_without(Guest *guest, double now, gconstpointer data)
{
	guest_go_without(guest, now);
}

static void be_unreachable(Guest *guest, double now, gconstpointer reason)
{
	guest_be_unreachable(guest, now, reason);
}

static void hold(Guest *guest, double now, gconstpointer thread)
{
	guest_hold(guest, *(const guint *)thread, now);
}

static void on_answer(gpointer data, GPtrArray *samples, const GError *error)
{
	Asker *asker = data;
	double now = sample_clock();

	asker->silence = FALSE;
	while (samples != NULL && samples->len > 0) {
		Sample *sample = g_ptr_array_steal_index(samples, samples->len - 1);
		Guest *guest = g_hash_table_lookup(asker->guests, sample->uuid);

		if (guest != NULL && guest->asked)
			guest_take(guest, sample, now);
		else
			sample_free(sample);
	}
	if (error != NULL)
		each_asked(asker, be_unreachable, error->message);
	else
		each_asked(asker, go_without, NULL);
	asker_ask(asker);
}

/* A QEMU that hangs is left out when the question is asked again. One whose libvirt
 * object is locked (somebody's slow hook) is not; asked for alone it shows. */
static void on_late(gpointer data, guint thread)
{
	Asker *asker = data;

	if (thread == 0)
		asker->silence = TRUE;
	else if (each_asked(asker, NULL, NULL) == 1)
		each_asked(asker, hold, &thread);
	else
		asker->one_by_one = TRUE;
	asker_ask(asker);
}

static void on_return(gpointer data, guint thread)
{
	Asker *asker = data;
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, asker->guests);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		Guest *guest = value;

		if (guest->held_by == thread)
			guest->held_by = 0;
	}
	asker_ask(asker);
}

static const SourceEvents source_events = {
	.answered = on_answer,
	.late = on_late,
	.returned = on_return,
};

/* --- whom --- */

static void free_guest(gpointer guest)
{
	guest_free(guest);
}

Asker *asker_new(const char *uri)
{
	Asker *asker = g_new0(Asker, 1);

	asker->source = source_new(uri, &source_events, asker);
	asker->guests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_guest);
	return asker;
}

void asker_free(Asker *asker)
{
	g_clear_handle_id(&asker->timer, g_source_remove);
	source_free(asker->source);
	g_hash_table_unref(asker->guests);
	g_free(asker);
}

GHashTable *asker_guests(Asker *asker)
{
	return asker->guests;
}
