/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an answer, or none, means for one VM. */
#include "guest.h"

#include <math.h>

/* VMs that are due this much later come along. */
#define COMPANY_SECONDS 0.05
/* Somebody else's command holds the VM for a moment; ask again. */
#define RETRY_SECONDS 0.25
/* Between attempts to reach libvirt, at most. */
#define RECONNECT_SECONDS 5.0

/* Half the interval, within these. */
#define SHORTEST_PATIENCE 1.0
#define LONGEST_PATIENCE 5.0

Guest *guest_new(Book *book, double now)
{
	Guest *guest = g_new0(Guest, 1);

	guest->book = book;
	guest->due = now;
	return guest;
}

void guest_free(Guest *guest)
{
	book_free(guest->book);
	g_free(guest);
}

double guest_patience(const Guest *guest)
{
	return CLAMP(guest->book->interval / 2.0, SHORTEST_PATIENCE, LONGEST_PATIENCE);
}

gboolean guest_is_due(const Guest *guest, double now)
{
	return guest->held_by == 0 && guest->due <= now + COMPANY_SECONDS;
}

void guest_rest(Guest *guest)
{
	guest->due = HUGE_VAL;
	guest->asked = FALSE;
}

/* All VMs of one interval are due at the same moment, so that one question does
 * for them. Never sooner than half an interval: a rate over less is noise. */
static void wait_for_next(Guest *guest, double now)
{
	double interval = guest->book->interval;

	guest->asked = FALSE;
	guest->since = 0;
	guest->due = (floor((now + interval / 2) / interval) + 1) * interval;
}

void guest_take(Guest *guest, Sample *sample, double now)
{
	guest->named = TRUE;
	if (!sample->answered) {
		sample_free(sample);
		return;
	}
	wait_for_next(guest, now);
	book_sample(guest->book, sample);
}

void guest_go_without(Guest *guest, double now)
{
	if (!guest->named) {
		book_miss(guest->book, "libvirt did not know the VM");
		wait_for_next(guest, now);
	} else if (guest->book->stalled_at > 0 || now - guest->since >= guest_patience(guest)) {
		book_stall(guest->book, now, "QEMU does not answer libvirt");
		wait_for_next(guest, now);
	} else {
		guest->asked = FALSE;
		guest->due = now + RETRY_SECONDS;
	}
}

void guest_be_unreachable(Guest *guest, double now, const char *reason)
{
	guest->asked = FALSE;
	guest->since = 0;
	guest->due = now + MIN(guest->book->interval, RECONNECT_SECONDS);
	book_miss(guest->book, reason);
}

void guest_hold(Guest *guest, guint thread, double now)
{
	guest->held_by = thread;
	book_stall(guest->book, now, "libvirt does not answer for this VM");
	wait_for_next(guest, now);
}
