/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When libvirt is asked for a VM's disks, and what an answer, or none, means for it. */
#include "guest.h"

#include <math.h>

#include "plugins/metrics/inventory.h"

/* Somebody else's command holds the VM for a moment; ask again. */
#define RETRY_SECONDS 0.25
/* To know when a VM arrives, and that it has not. libvirt knows without QEMU. */
#define ARRIVAL_SECONDS 1.0

gboolean guest_wants(const Guest *guest, double now)
{
	return guest->since > 0 && guest->question == 0 && guest->ask_at <= now;
}

void guest_be_asked(Guest *guest, guint question, guint nics_generation, double now)
{
	guest->question = question;
	guest->named = FALSE;
	guest->nics_asked = nics_generation;
	if (guest->asked_at <= 0)
		guest->asked_at = now;
}

static gboolean are_same(const Sample *one, const Sample *other)
{
	if (one->meters->len != other->meters->len || one->state != other->state)
		return FALSE;
	for (guint i = 0; i < one->meters->len; i++) {
		if (!meter_equals(g_ptr_array_index(one->meters, i), g_ptr_array_index(other->meters, i)))
			return FALSE;
	}
	return TRUE;
}

/* One that leaves for another host is paused at last for the same reason as one that comes: also one that had come
 * itself, but of that QEMU has told of disks. That it is shutting down says nothing. */
static void hear_of_arrival(Guest *guest, const Sample *answer)
{
	gboolean is_asked_about = metrics_inventory_says(guest->book->stay->body, METRICS_ARRIVING);
	gboolean has_come = guest->disks != NULL || sample_has_disks(answer);
	gboolean is_here = answer->state == VIR_DOMAIN_RUNNING || answer->state == VIR_DOMAIN_PAUSED;

	if (is_asked_about && answer->arriving && !has_come)
		book_hear(guest->book, answer->at, TRUE);
	else if (is_here || has_come)
		book_hear(guest->book, answer->at, FALSE);
}

/* Its first sample with disks is of the moment at which it came. */
static void meet(Guest *guest, const Sample *answer)
{
	gboolean was_arriving = guest->book->arriving_at > 0;

	hear_of_arrival(guest, answer);
	if (guest->book->arriving_at > 0 && guest->begun != NULL)
		guest->begun->state = answer->state;
	else if (was_arriving && guest->book->arriving_at <= 0 && guest->begun == NULL && isfinite(guest->due))
		guest->due = answer->at;
}

void guest_take(Guest *guest, Sample *answer)
{
	guest->named = TRUE;
	meet(guest, answer);
	if (!sample_has_disks(answer)) {
		sample_free(answer);
		return;
	}
	if (answer->targets != NULL) {
		nics_learn(guest->nics, answer->targets);
		guest->nics_known = guest->nics_asked;
	}
	guest->question = 0;
	guest->since = 0;
	guest->alone = FALSE;
	guest->held = FALSE;
	guest->quiet = guest->disks != NULL && are_same(guest->disks, answer);
	guest->cpu_time = kernel_cpu_time(guest->kernel);
	g_clear_pointer(&guest->disks, sample_free);
	guest->disks = answer;
	if (guest->begun != NULL)
		sample_add_disks(guest->begun, answer);
	guest_write(guest, NULL);
}

static void await(Guest *guest, double now)
{
	guest->ask_at = now + ARRIVAL_SECONDS;
	guest->asked_at = 0;
	guest_write(guest, GUEST_ARRIVING);
}

void guest_go_without(Guest *guest, double now)
{
	guest->question = 0;
	guest->held = FALSE;
	guest->alone = TRUE;
	if (!guest->named) {
		guest->since = 0;
		guest_write(guest, "libvirt did not know the VM");
	} else if (book_is_arriving(guest->book, now)) {
		await(guest, now);
	} else if (guest->book->stalled_at > 0 || now - guest->asked_at >= guest_patience(guest, TRUE)) {
		guest_stall(guest, now,
			    "QEMU does not answer libvirt, or another command of libvirt's keeps it busy");
	} else {
		guest->ask_at = now + RETRY_SECONDS;
	}
}

void guest_be_unreachable(Guest *guest, const char *reason)
{
	guest->question = 0;
	guest->held = FALSE;
	guest->alone = TRUE;
	guest->since = 0;
	guest_write(guest, reason);
}

void guest_be_late(Guest *guest, double now, gboolean in_company)
{
	guest->alone = TRUE;
	if (in_company) {
		guest->question = 0;
		guest->ask_at = now;
		guest->asked_at = 0;
	} else {
		guest->held = TRUE;
		guest_stall(guest, now, GUEST_HELD);
	}
}
