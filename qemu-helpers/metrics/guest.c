/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a VM is sampled, and how long a sample waits for its disks. */
#include "guest.h"

#include <math.h>

#include "plugins/metrics/inventory.h"

/* VMs that are due this much later come along. */
#define COMPANY_SECONDS 0.05
#define NOT_IN_TIME "libvirt has not answered in time"
#define NOT_ASKED "libvirt was not asked: it still has to answer for other VMs"

/* Half the interval, within these. */
#define SHORTEST_PATIENCE 1.0
#define LONGEST_PATIENCE 5.0

/* --- who it is --- */

static gboolean has_disks(const HostlerRecord *stay)
{
	g_auto(GStrv) groups = g_key_file_get_groups(stay->body, NULL);

	for (gsize i = 0; groups[i] != NULL; i++) {
		if (g_str_has_prefix(groups[i], METRICS_DISKS) &&
		    !g_key_file_has_key(stay->body, groups[i], METRICS_UNMEASURED, NULL))
			return TRUE;
	}
	return FALSE;
}

/* As an earlier hostler-metrics wrote. */
static gboolean answered_last(const Book *book)
{
	return book->stalled_at <= 0 && book->complete_at > 0 && book->complete_at >= book->seen_at;
}

Guest *guest_new(Book *book, Links *links, double now)
{
	g_autofree char *cgroup = g_key_file_get_string(book->stay->body, METRICS_GROUP, METRICS_CGROUP, NULL);
	Guest *guest = g_new0(Guest, 1);

	guest->book = book;
	guest->kernel = kernel_new("/", &book->stay->qemu, cgroup);
	guest->nics = nics_new(book->stay, links);
	guest->has_disks = has_disks(book->stay);
	guest->alone = !answered_last(book);
	guest->hurry = book->recalled;
	guest->due = now;
	/* Nobody will ask. */
	if (!guest->has_disks)
		book_hear(book, now, FALSE);
	return guest;
}

void guest_free(Guest *guest)
{
	g_clear_pointer(&guest->begun, sample_free);
	g_clear_pointer(&guest->disks, sample_free);
	kernel_free(guest->kernel);
	nics_free(guest->nics);
	book_free(guest->book);
	g_free(guest);
}

/* --- samples --- */

double guest_patience(const Guest *guest, gboolean alone)
{
	if (alone)
		return CLAMP(guest->book->interval / 2.0, SHORTEST_PATIENCE, LONGEST_PATIENCE);
	return CLAMP(guest->book->interval * 0.4, 0, LONGEST_PATIENCE / 2);
}

/* For how long a sample waits for its disks: it must be written before the next one
 * is due. The first one of somebody who was killed, and may be again, before that. */
static double longest_wait(const Guest *guest)
{
	return MIN(guest->book->interval * (guest->hurry ? 0.25 : 0.8), LONGEST_PATIENCE);
}

void guest_write(Guest *guest, const char *missing)
{
	Sample *sample = g_steal_pointer(&guest->begun);

	if (sample == NULL)
		return;
	sample->arriving = missing != NULL && book_is_arriving(guest->book, sample->at);
	sample->missing = g_strdup(sample->arriving ? GUEST_ARRIVING : missing);
	guest->hurry = FALSE;
	book_sample(guest->book, sample);
}

void guest_stall(Guest *guest, double now, const char *reason)
{
	guest->since = 0;
	guest->alone = TRUE;
	if (!book_is_arriving(guest->book, now))
		book_stall(guest->book, now, reason);
	guest_write(guest, reason);
}

/* QEMU was gone when it began: what it did since the sample before nobody has seen. */
static void drop_empty(Guest *guest)
{
	if (guest->begun != NULL && guest->begun->known == 0 && guest->begun->meters->len == 0)
		g_clear_pointer(&guest->begun, sample_free);
}

void guest_rest(Guest *guest)
{
	drop_empty(guest);
	guest_write(guest, "the VM has ended");
	guest->due = HUGE_VAL;
	guest->since = 0;
	guest->question = 0;
}

void guest_end(Guest *guest, HostlerRecord *ended)
{
	nics_carry_over(guest->nics, ended);
	book_update(guest->book, ended);
	guest_rest(guest);
}

/* All VMs of one interval are due at the same moment, so that few questions do for
 * them. Never sooner than a quarter of an interval: a rate over less is noise. */
static double next_due(const Guest *guest, double now)
{
	double interval = guest->book->interval;

	return (floor((now + interval / 4) / interval) + 1) * interval;
}

/* What was plugged in or out since it was written is known only here. */
static void update_nics(Guest *guest, HostlerRecord *stay, Links *links)
{
	if (nics_are_listed_by(guest->nics, stay)) {
		nics_carry_over(guest->nics, stay);
		return;
	}
	nics_free(guest->nics);
	guest->nics = nics_new(stay, links);
	guest->nics_known = 0;
}

/* An interval that is shorter now counts from now on, not from when the longer one is over. */
void guest_update(Guest *guest, HostlerRecord *stay, Links *links, double now)
{
	update_nics(guest, stay, links);
	book_update(guest->book, stay);
	guest->has_disks = has_disks(guest->book->stay);
	if (isfinite(guest->due))
		guest->due = MIN(guest->due, next_due(guest, now));
}

/* An answer that differed from the one before was perhaps overtaken by a request; so
 * what is still must have been still twice. */
static gboolean disks_are_still(const Guest *guest)
{
	guint64 cpu_time = kernel_cpu_time(guest->kernel);

	return guest->disks != NULL && guest->quiet && cpu_time > 0 && cpu_time == guest->cpu_time;
}

/* A VM that used no CPU would not answer, or be woken. */
static void ask_for_round_trip(Guest *guest, Links *links, Echo *echo)
{
	guint64 cpu_time = kernel_cpu_time(guest->kernel);

	if (cpu_time != guest->cpu_begun || cpu_time == 0)
		nics_send_echoes(guest->nics, links, echo);
	guest->cpu_begun = cpu_time;
}

static const char *why_late(const Guest *guest)
{
	return guest->asked_at > 0 ? NOT_IN_TIME : NOT_ASKED;
}

static void begin_sample(Guest *guest, Links *links, Echo *echo, double now)
{
	guest_write(guest, why_late(guest));
	guest->begun = sample_new(guest->book->stay->uuid, now);
	guest->due = next_due(guest, now);
	kernel_read(guest->kernel, guest->begun);
	if (links != NULL)
		nics_read(guest->nics, links, guest->begun);
	if (links != NULL && echo != NULL)
		ask_for_round_trip(guest, links, echo);
}

gboolean guest_is_due(const Guest *guest, double now)
{
	return guest->due <= now + COMPANY_SECONDS;
}

/* One that is arriving is wanted all the time. */
static void want_disks(Guest *guest, double now)
{
	if (guest->since <= 0) {
		guest->since = now;
		guest->ask_at = now;
		guest->asked_at = 0;
	} else if (guest->question == 0 && book_is_arriving(guest->book, now)) {
		guest->ask_at = MIN(guest->ask_at, now);
	}
}

void guest_begin(Guest *guest, Links *links, Echo *echo, double now)
{
	if (!guest_is_due(guest, now))
		return;
	begin_sample(guest, links, echo, now);
	if (!guest->has_disks) {
		guest_write(guest, NULL);
	} else if (kernel_qemu_is_stopped(guest->kernel)) {
		guest_stall(guest, now, "QEMU is stopped, by SIGSTOP or a debugger");
	} else if (guest->held) {
		guest_stall(guest, now, GUEST_HELD);
	} else if (disks_are_still(guest)) {
		sample_add_disks(guest->begun, guest->disks);
		guest_write(guest, NULL);
	} else {
		want_disks(guest, now);
	}
}

/* When it must have been answered; HUGE_VAL: it was not asked for, so nobody is silent. */
static double answer_is_due(const Guest *guest)
{
	if (guest->since <= 0 || guest->asked_at <= 0)
		return HUGE_VAL;
	return guest->asked_at + guest_patience(guest, TRUE) + longest_wait(guest);
}

/* The sample first: what stalls has written it already. */
void guest_end_late(Guest *guest, double now)
{
	if (guest->begun != NULL && now >= guest->begun->at + longest_wait(guest))
		guest_write(guest, why_late(guest));
	if (now >= answer_is_due(guest))
		guest_stall(guest, now, "libvirt does not answer");
}

double guest_next(const Guest *guest, double now)
{
	double next = guest->due;

	if (guest->begun != NULL)
		next = MIN(next, guest->begun->at + longest_wait(guest));
	next = MIN(next, answer_is_due(guest));
	if (guest->since > 0 && guest->question == 0 && guest->ask_at > now)
		next = MIN(next, guest->ask_at);
	return next;
}
