/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A call about several VMs is cheaper than one for each, but one that hangs in it
 * hides all. So only VMs that answered last time go together; those of a late call,
 * and whoever is new, are asked for alone. */
#include "questions.h"

#include <math.h>

/* That libvirt may take for one VM of several, on a busy host: as many go together as
 * have time for it. */
#define SECONDS_EACH 0.04

/* Questions about several go one after the other, for side by side they cost the QEMUs
 * up to half as much again (tests/bench/metrics-cost). A slow one holds up the next only for
 * this part of its time. */
#define PART_ALONE 0.125

gboolean questions_are_wanted(GHashTable *guests, double now)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, guests);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		if (guest_wants(value, now))
			return TRUE;
	}
	return FALSE;
}

/* When the next question about several may go out. */
static double company_goes_at(GHashTable *guests)
{
	double last = -HUGE_VAL, patience = HUGE_VAL;
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, guests);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const Guest *guest = value;

		if (guest->question == 0 || guest->alone)
			continue;
		last = MAX(last, guest->asked_at);
		patience = MIN(patience, guest_patience(guest, FALSE));
	}
	return isfinite(last) ? last + patience * PART_ALONE : 0;
}

double questions_next(GHashTable *guests, double now)
{
	double at = company_goes_at(guests);
	GHashTableIter iter;
	gpointer value;

	if (at <= now)
		return HUGE_VAL;
	g_hash_table_iter_init(&iter, guests);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const Guest *guest = value;

		if (!guest->alone && guest_wants(guest, now))
			return at;
	}
	return HUGE_VAL;
}

/* The next few that go together. */
static GPtrArray *choose_company(GHashTable *guests, double now)
{
	GPtrArray *company = g_ptr_array_new();
	double patience = HUGE_VAL;
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, guests);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		Guest *guest = value;

		if (guest->alone || !guest_wants(guest, now))
			continue;
		patience = MIN(patience, guest_patience(guest, FALSE));
		if (company->len >= MAX((guint)(patience / SECONDS_EACH), 1))
			break;
		g_ptr_array_add(company, guest);
	}
	return company;
}

/* The one that has waited longest of those that are asked for alone. */
static GPtrArray *choose_one(GHashTable *guests, double now)
{
	GPtrArray *company = g_ptr_array_new();
	GHashTableIter iter;
	gpointer value;
	Guest *first = NULL;

	g_hash_table_iter_init(&iter, guests);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		Guest *guest = value;

		if (guest->alone && guest_wants(guest, now) && (first == NULL || guest->ask_at < first->ask_at))
			first = guest;
	}
	if (first != NULL)
		g_ptr_array_add(company, first);
	return company;
}

static void send_out(Source *source, const char *uri, GPtrArray *company, gboolean alone, guint generation,
		     double now)
{
	g_autoptr(GPtrArray) uuids = g_ptr_array_new();
	double patience = HUGE_VAL;
	gboolean with_nics = FALSE;
	guint question;

	for (guint i = 0; i < company->len; i++) {
		const Guest *guest = g_ptr_array_index(company, i);

		g_ptr_array_add(uuids, guest->book->stay->uuid);
		patience = MIN(patience, guest_patience(guest, alone));
		with_nics = with_nics || guest->nics_known != generation;
	}
	question = source_ask(source, uri, uuids, with_nics, (guint)(patience * 1000));
	for (guint i = 0; i < company->len; i++)
		guest_be_asked(g_ptr_array_index(company, i), question, generation, now);
}

/* Those that nobody knows to answer never get the last thread. FALSE: there is nobody
 * to ask for, no room, or it is not time yet. */
static gboolean ask_some(GHashTable *guests, Source *source, const char *uri, gboolean alone, guint generation,
			 double now)
{
	g_autoptr(GPtrArray) company = NULL;

	if (source_room(source) <= (alone ? 1 : 0) || (!alone && company_goes_at(guests) > now))
		return FALSE;
	company = alone ? choose_one(guests, now) : choose_company(guests, now);
	if (company->len == 0)
		return FALSE;
	send_out(source, uri, company, alone, generation, now);
	return TRUE;
}

void questions_send(GHashTable *guests, Source *source, const char *uri, guint generation, double now)
{
	while (ask_some(guests, source, uri, FALSE, generation, now))
		;
	while (ask_some(guests, source, uri, TRUE, generation, now))
		;
}
