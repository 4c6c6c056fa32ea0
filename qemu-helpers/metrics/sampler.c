/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VMs come and go: each run has a book, which is opened where the log left off. */
#include "sampler.h"

#include "asker.h"
#include "recall.h"

/* So much of a log is read again line by line when a run goes on, of all VMs before the
 * first one is sampled again: log_tail() has the last sample in any case. */
#define TAIL_BYTES (4 * 1024)
/* And so much when all are, one VM after the other, for what only the report tells. */
#define PEAK_BYTES (256 * 1024)
#define PEAK_MILLISECONDS 250

struct _Sampler {
	Log *log;
	Prometheus *prometheus; /* may be NULL */
	Asker *asker;
	GHashTable *guests; /* the asker's */
	guint peaks;        /* source id; 0: nothing is left to be read */
};

Sampler *sampler_new(Log *log, const char *uri, Echo *echo)
{
	Sampler *sampler = g_new0(Sampler, 1);

	sampler->log = log;
	sampler->asker = asker_new(uri, echo);
	sampler->guests = asker_guests(sampler->asker);
	return sampler;
}

void sampler_free(Sampler *sampler)
{
	g_clear_handle_id(&sampler->peaks, g_source_remove);
	asker_free(sampler->asker);
	g_free(sampler);
}

void sampler_publish(Sampler *sampler, Prometheus *prometheus)
{
	sampler->prometheus = prometheus;
}

void sampler_withdraw(Sampler *sampler)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, sampler->guests);
	while (sampler->prometheus != NULL && g_hash_table_iter_next(&iter, NULL, &value))
		prometheus_hide(sampler->prometheus, ((const Guest *)value)->book);
}

static gboolean write_to_log(gpointer data, const char *file, const char *line)
{
	Sampler *sampler = data;

	return log_append(sampler->log, file, line);
}

/* Takes the stay. */
static Book *open_book(Sampler *sampler, HostlerRecord *stay)
{
	Book *book = book_new(stay, write_to_log, sampler);
	g_autofree char *tail = log_tail(sampler->log, book->file, TAIL_BYTES);

	book->prometheus = sampler->prometheus;
	book_recall(book, tail);
	return book;
}

/* FALSE: there was nothing left to be read. */
static gboolean read_peaks(Sampler *sampler, Book *book)
{
	g_autofree char *tail = NULL;

	if (!book->recalled)
		return FALSE;
	tail = log_tail(sampler->log, book->file, PEAK_BYTES);
	book_recall_peaks(book, tail);
	return TRUE;
}

static gboolean write_report(Sampler *sampler, Book *book, double at, const char *reason)
{
	if (!book->reported)
		read_peaks(sampler, book);
	if (!book_report(book, at, reason))
		return FALSE;
	log_forget(sampler->log, book->file);
	return TRUE;
}

void sampler_enter(Sampler *sampler, HostlerRecord *stay)
{
	Guest *guest = g_hash_table_lookup(sampler->guests, stay->uuid);

	if (guest != NULL && book_is_of(guest->book, stay)) {
		guest_update(guest, stay, asker_links(sampler->asker), sample_clock());
		return;
	}
	if (guest != NULL)
		write_report(sampler, guest->book, sample_clock(), NULL);
	guest = guest_new(open_book(sampler, stay), asker_links(sampler->asker), sample_clock());
	book_begin(guest->book);
	g_hash_table_replace(sampler->guests, g_strdup(guest->book->stay->uuid), guest);
}

static gboolean read_more_peaks(gpointer data)
{
	Sampler *sampler = data;
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, sampler->guests);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		if (read_peaks(sampler, ((const Guest *)value)->book))
			return G_SOURCE_CONTINUE;
	}
	sampler->peaks = 0;
	return G_SOURCE_REMOVE;
}

void sampler_begin(Sampler *sampler)
{
	asker_ask(sampler->asker);
	if (sampler->peaks == 0)
		sampler->peaks = g_timeout_add_full(G_PRIORITY_LOW, PEAK_MILLISECONDS, read_more_peaks, sampler,
						    NULL);
}

void sampler_rest(Sampler *sampler, const char *uuid)
{
	Guest *guest = g_hash_table_lookup(sampler->guests, uuid);

	if (guest != NULL)
		guest_rest(guest);
}

gboolean sampler_leave(Sampler *sampler, HostlerRecord *ended)
{
	g_autofree char *reason = g_key_file_get_string(ended->body, "end", "reason", NULL);
	g_autofree char *uuid = g_strdup(ended->uuid);
	Guest *guest = g_hash_table_lookup(sampler->guests, uuid);
	double at = (double)ended->since;

	if (guest == NULL || !book_is_of(guest->book, ended)) {
		g_autoptr(Book) stranger = open_book(sampler, ended);

		return write_report(sampler, stranger, at, reason);
	}
	guest_end(guest, ended);
	return write_report(sampler, guest->book, at, reason) && g_hash_table_remove(sampler->guests, uuid);
}

void sampler_drop_others(Sampler *sampler, GHashTable *uuids)
{
	GHashTableIter iter;
	gpointer uuid, value;

	g_hash_table_iter_init(&iter, sampler->guests);
	while (g_hash_table_iter_next(&iter, &uuid, &value)) {
		Guest *guest = value;

		if (g_hash_table_contains(uuids, uuid))
			continue;
		if (!write_report(sampler, guest->book, sample_clock(), NULL))
			log_forget(sampler->log, guest->book->file);
		g_hash_table_iter_remove(&iter);
	}
}
