/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When libvirt is asked for a VM's disks, and what an answer, or none, means for it. */
#include "guest.h"

/* Somebody else's command holds the VM for a moment; ask again. */
#define RETRY_SECONDS 0.25

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

void guest_take(Guest *guest, Sample *answer)
{
	guest->named = TRUE;
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

void guest_go_without(Guest *guest, double now)
{
	guest->question = 0;
	guest->held = FALSE;
	guest->alone = TRUE;
	if (!guest->named) {
		guest->since = 0;
		guest_write(guest, "libvirt did not know the VM");
	} else if (guest->book->stalled_at > 0 || now - guest->asked_at >= guest_patience(guest, TRUE)) {
		guest_stall(guest, now, "QEMU does not answer libvirt");
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
