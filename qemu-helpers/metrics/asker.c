/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The round of samples, and what libvirt's answers mean for whom. */
#include "asker.h"

#include <math.h>

#include "daemon.h"
#include "hostler/log.h"
#include "questions.h"

/* Between attempts to reach libvirt. */
#define RECONNECT_SECONDS 2.0

struct _Asker {
	char *uri;
	Links *links; /* NULL: the kernel cannot be asked */
	Echo *echo;   /* the caller's; NULL: round trips are not measured */
	Source *source;
	GHashTable *guests; /* uuid -> Guest */
	guint timer;        /* source id; 0: none is set */
	double reach_at;    /* libvirt is not tried again before */
	char *trouble;      /* why not */
};

typedef void (*GuestFunc)(Asker *asker, Guest *guest, double now);

static void for_each(Asker *asker, GuestFunc func, double now)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, asker->guests);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		func(asker, value, now);
}

/* --- questions --- */

static void be_unreachable(Asker *asker, Guest *guest, double now)
{
	if (guest_wants(guest, now))
		guest_be_unreachable(guest, asker->trouble);
}

static void give_up_for_now(Asker *asker, double now, const char *trouble)
{
	char *copy = g_strdup(trouble);

	g_free(asker->trouble);
	asker->trouble = copy;
	asker->reach_at = now + RECONNECT_SECONDS;
	for_each(asker, be_unreachable, now);
}

/* Its pid file may be anywhere; then the hooks' parent is asked about. */
static const char *find_uri(Asker *asker)
{
	const char *uri = asker->uri != NULL ? asker->uri : daemon_find("/run");
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, asker->guests);
	while (uri == NULL && g_hash_table_iter_next(&iter, NULL, &value)) {
		const Guest *guest = value;

		if (kernel_lives("/", &guest->book->stay->caller))
			uri = "qemu:///system";
	}
	return uri;
}

static void ask_libvirt(Asker *asker, double now)
{
	guint generation = asker->links != NULL ? links_generation(asker->links) : 0;
	const char *uri;

	if (!questions_are_wanted(asker->guests, now))
		return;
	if (now < asker->reach_at) {
		for_each(asker, be_unreachable, now);
		return;
	}
	uri = find_uri(asker);
	if (uri == NULL) {
		give_up_for_now(asker, now, "libvirt's daemon does not run");
		return;
	}
	questions_send(asker->guests, asker->source, uri, generation, now);
}

/* --- the round --- */

static void begin_sample(Asker *asker, Guest *guest, double now)
{
	guest_begin(guest, asker->links, asker->echo, now);
}

static void end_sample(Asker *asker, Guest *guest, double now)
{
	guest_end_late(guest, now);
}

static gboolean is_any_due(Asker *asker, double now)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, asker->guests);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		if (guest_is_due(value, now))
			return TRUE;
	}
	return FALSE;
}

static gboolean on_timer(gpointer data)
{
	Asker *asker = data;

	asker->timer = 0;
	asker_ask(asker);
	return G_SOURCE_REMOVE;
}

/* From now on, not from when the round began. */
static void set_timer(Asker *asker)
{
	double now = sample_clock();
	GHashTableIter iter;
	gpointer value;
	double next = questions_next(asker->guests, now);

	g_clear_handle_id(&asker->timer, g_source_remove);
	g_hash_table_iter_init(&iter, asker->guests);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		next = MIN(next, guest_next(value, now));
	if (isfinite(next))
		asker->timer = g_timeout_add((guint)ceil(MAX(next - now, 0) * 1000), on_timer, asker);
}

void asker_ask(Asker *asker)
{
	double now = sample_clock();

	if (is_any_due(asker, now)) {
		if (asker->links != NULL)
			links_read(asker->links);
		for_each(asker, begin_sample, now);
	}
	for_each(asker, end_sample, now);
	ask_libvirt(asker, now);
	set_timer(asker);
}

/* --- answers --- */

static void hand_out(Asker *asker, guint question, GPtrArray *samples)
{
	while (samples->len > 0) {
		Sample *sample = g_ptr_array_steal_index(samples, samples->len - 1);
		Guest *guest = g_hash_table_lookup(asker->guests, sample->uuid);

		if (guest != NULL && guest->question == question)
			guest_take(guest, sample);
		else
			sample_free(sample);
	}
}

/* For those in the question that have no figures yet; how many there were. */
static guint each_asked(Asker *asker, guint question, GuestFunc func, double now)
{
	GHashTableIter iter;
	gpointer value;
	guint n = 0;

	g_hash_table_iter_init(&iter, asker->guests);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		Guest *guest = value;

		if (guest->question != question)
			continue;
		n++;
		if (func != NULL)
			func(asker, guest, now);
	}
	return n;
}

static void go_without(Asker *asker, Guest *guest, double now)
{
	guest_go_without(guest, now);
}

static void be_cut_off(Asker *asker, Guest *guest, double now)
{
	guest_be_unreachable(guest, asker->trouble);
}

static void on_answer(gpointer data, guint question, GPtrArray *samples, const GError *error)
{
	Asker *asker = data;
	double now = sample_clock();

	if (error == NULL) {
		hand_out(asker, question, samples);
		each_asked(asker, question, go_without, now);
	} else {
		give_up_for_now(asker, now, error->message);
		each_asked(asker, question, be_cut_off, now);
	}
	asker_ask(asker);
}

static void be_late_alone(Asker *asker, Guest *guest, double now)
{
	guest_be_late(guest, now, FALSE);
}

static void be_late_in_company(Asker *asker, Guest *guest, double now)
{
	guest_be_late(guest, now, TRUE);
}

/* In a late call about several VMs one hangs: a QEMU, which libvirt leaves out when
 * it is asked again (NOWAIT), or a VM whose libvirt object is locked (somebody's slow
 * hook), which is not left out. Each alone tells. */
static void on_late(gpointer data, guint question)
{
	Asker *asker = data;
	gboolean alone = each_asked(asker, question, NULL, 0) == 1;

	each_asked(asker, question, alone ? be_late_alone : be_late_in_company, sample_clock());
	asker_ask(asker);
}

static const SourceEvents source_events = {
	.answered = on_answer,
	.late = on_late,
};

/* --- whom --- */

static void free_guest(gpointer guest)
{
	guest_free(guest);
}

Asker *asker_new(const char *uri, Echo *echo)
{
	Asker *asker = g_new0(Asker, 1);
	g_autoptr(GError) error = NULL;

	asker->uri = g_strdup(uri);
	asker->echo = echo;
	asker->links = links_new(&error);
	if (asker->links == NULL)
		hostler_log(G_LOG_LEVEL_WARNING, "metrics", NULL, "no figures of NICs: %s", error->message);
	asker->source = source_new(&source_events, asker);
	asker->guests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_guest);
	return asker;
}

void asker_free(Asker *asker)
{
	g_clear_handle_id(&asker->timer, g_source_remove);
	source_free(asker->source);
	g_hash_table_unref(asker->guests);
	g_clear_pointer(&asker->links, links_free);
	g_free(asker->trouble);
	g_free(asker->uri);
	g_free(asker);
}

GHashTable *asker_guests(Asker *asker)
{
	return asker->guests;
}

Links *asker_links(Asker *asker)
{
	return asker->links;
}
