/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of one run of a VM, and when that is worth a line. */
#include "book.h"

#include <string.h>
#include <unistd.h>

#include "entries.h"
#include "hostler/log.h"
#include "hostler/text.h"
#include "line.h"
#include "plugins/metrics/inventory.h"
#include "prometheus.h"
#include "words.h"

/* For so long a VM that was still arriving is taken for one that still is. */
#define HEARD_SECONDS 10

/* A pid comes round again, and start times begin anew with each boot. */
static char *name_run(const HostlerRecord *stay)
{
	return g_strdup_printf("%.8s-%d-%" G_GUINT64_FORMAT, stay->boot, stay->qemu.pid, stay->qemu.start);
}

static void take_stay(Book *book, HostlerRecord *stay)
{
	g_clear_pointer(&book->stay, hostler_record_free);
	g_free(book->file);
	book->stay = stay;
	book->file = metrics_log_name(stay->name, stay->uuid);
	book->interval = MAX(metrics_inventory_interval(stay->body), 1);
	book->longest_interval = MAX(book->longest_interval, book->interval);
}

Book *book_new(HostlerRecord *stay, BookWrite write, gpointer data)
{
	Book *book = g_new0(Book, 1);

	take_stay(book, stay);
	book->run = name_run(stay);
	book->began = (double)stay->qemu.start / (double)sysconf(_SC_CLK_TCK);
	book->write = write;
	book->data = data;
	book->tallies = g_ptr_array_new_with_free_func((GDestroyNotify)tally_free);
	book->earlier = g_ptr_array_new_with_free_func((GDestroyNotify)json_node_unref);
	if (stay->phase == HOSTLER_PHASE_HELD)
		book_hear(book, (double)stay->since, metrics_inventory_says(stay->body, METRICS_ARRIVING));
	book_miss(book, "hostler-metrics was not running");
	return book;
}

void book_free(Book *book)
{
	g_ptr_array_unref(book->tallies);
	g_ptr_array_unref(book->earlier);
	hostler_record_free(book->stay);
	g_free(book->missing);
	g_free(book->without);
	g_free(book->file);
	g_free(book->run);
	g_free(book);
}

gboolean book_is_of(const Book *book, const HostlerRecord *stay)
{
	g_autofree char *run = name_run(stay);

	return g_str_equal(run, book->run);
}

/* A hook that was called again looked again. */
void book_update(Book *book, HostlerRecord *stay)
{
	take_stay(book, stay);
	if (!metrics_inventory_says(stay->body, METRICS_ARRIVING))
		book_hear(book, 0, FALSE);
}

void book_hear(Book *book, double at, gboolean arriving)
{
	book->arriving_at = arriving ? at : 0;
}

gboolean book_is_arriving(const Book *book, double at)
{
	return book->arriving_at > 0 && at - book->arriving_at <= HEARD_SECONDS;
}

/* --- counting --- */

Tally *book_find_tally(const Book *book, const Meter *meter)
{
	return tally_find(book->tallies, meter);
}

static void count_meter(Book *book, Meter *meter, double at, gint64 when)
{
	Tally *tally = book_find_tally(book, meter);

	if (tally != NULL)
		tally_add(tally, meter, at, when);
	else
		g_ptr_array_add(book->tallies, tally_new(meter, at));
}

void book_count(Book *book, Sample *sample, gint64 when)
{
	while (sample->meters->len > 0)
		count_meter(book, g_ptr_array_steal_index(sample->meters, 0), sample->at, when);
	if ((sample->known & SAMPLE_KNOWS_CPU) != 0)
		book->cpu_seconds = (double)sample->cpu_nanoseconds / 1e9;
	if ((sample->known & SAMPLE_KNOWS_HOST_IO) != 0) {
		book->host_known = TRUE;
		book->host_read_bytes = sample->host_read_bytes;
	}
	book->samples++;
	sample_free(sample);
}

/* --- events --- */

/* Takes the line. */
static gboolean write_line(Book *book, char *line)
{
	gboolean written = book->write(book->data, book->file, line);

	g_free(line);
	return written;
}

void book_begin(Book *book)
{
	if (!book->begun)
		book->begun = write_line(book, entry_start(book));
}

/* A clock that was set meanwhile moves what is still to come, not what was. */
static gint64 wall_clock(double at)
{
	return g_get_real_time() - (gint64)((sample_clock() - at) * G_USEC_PER_SEC);
}

/* A sample that comes later than this leaves out one or more. Where it is known why,
 * there is no need to allow for a busy host. */
static double longest_wait(const Book *book)
{
	gboolean is_known = book->missing != NULL && book->seen_at > 0;
	double interval = book->longest_interval;

	return 1.5 * interval + (is_known ? MIN(0.25 * interval, 1) : 1);
}

static void resume(Book *book, double at)
{
	double seconds = at - book->stalled_at;

	write_line(book, entry_absence(book, "resume", seconds, NULL, NULL));
	book->stalled_seconds += seconds;
	book->stalled_at = 0;
}

static void note_gap(Book *book, double at)
{
	double seconds = at - MAX(book->seen_at, book->began);
	const char *reason = book->missing != NULL ? book->missing : "no sample could be taken in time";

	/* What cannot be written is told with the next sample, which makes it longer. */
	if (seconds <= longest_wait(book) || !write_line(book, entry_absence(book, "gap", seconds, reason, NULL)))
		return;
	book->gaps++;
	book->gap_seconds += seconds;
}

/* Samples went on, but for the disks. */
static void note_gap_of_disks(Book *book, double at)
{
	double seconds = at - MAX(book->complete_at, book->began);

	if (book->without != NULL && book->stalled_at <= 0 && seconds > longest_wait(book))
		write_line(book, entry_absence(book, "gap", seconds, book->without, "disks"));
	g_clear_pointer(&book->without, g_free);
}

/* While it stalled there may have been samples without disks, or none. */
static void note_what_was_missing(Book *book, const Sample *sample)
{
	if (book->stalled_at <= 0 || book->seen_at > book->stalled_at)
		note_gap(book, sample->at);
	if (sample_lacks_disks(sample)) {
		if (book->without == NULL)
			book->without = g_strdup(sample->missing);
		return;
	}
	note_gap_of_disks(book, sample->at);
	if (book->stalled_at > 0)
		resume(book, sample->at);
}

void book_sample(Book *book, Sample *sample)
{
	book_begin(book);
	note_what_was_missing(book, sample);
	g_clear_pointer(&book->missing, g_free);
	if (!write_line(book, entry_sample(book, sample)))
		book_miss(book, "the log could not be written");
	else
		book_see(book, sample);
	if (book->prometheus != NULL)
		prometheus_show(book->prometheus, book, sample);
	book_count(book, sample, wall_clock(sample->at));
}

void book_see(Book *book, const Sample *sample)
{
	book->seen_at = sample->at;
	book->longest_interval = book->interval;
	if (!sample_lacks_disks(sample))
		book->complete_at = sample->at;
}

void book_miss(Book *book, const char *reason)
{
	g_free(book->missing);
	book->missing = g_strdup(reason);
}

void book_stall(Book *book, double at, const char *reason)
{
	if (book->stalled_at > 0)
		return;
	book_begin(book);
	note_gap_of_disks(book, at);
	book->stalled_at = MAX(book->complete_at, book->began);
	book->stalls++;
	write_line(book, entry_absence(book, "stall", at - book->stalled_at, reason, NULL));
}

/* Once more for those who read the journal: journalctl HOSTLER_VM=... */
static void say_report(const Book *book, const char *line)
{
	HostlerSubject subject = { .vm = book->stay->name, .uuid = book->stay->uuid };
	g_autofree char *name = hostler_text_shown(book->stay->name);
	g_autoptr(JsonNode) report = line_parse(line, strlen(line));
	g_autofree char *words = report != NULL ? words_report(json_node_get_object(report)) : NULL;

	if (words != NULL)
		hostler_log(G_LOG_LEVEL_MESSAGE, "metrics-report", &subject, "VM '%s' %s", name, words);
}

/* Which QEMU does not before the guest runs here. */
static gboolean has_told_of_disks(const Book *book)
{
	for (guint i = 0; i < book->tallies->len; i++) {
		const Tally *tally = g_ptr_array_index(book->tallies, i);

		if (tally->last->kind == &meter_disk && tally->last->known != 0)
			return TRUE;
	}
	return FALSE;
}

/* What libvirt says of one that was still arriving is how its QEMU ended, as if that had been the VM's end. Of a QEMU
 * that crashed the hook knows better than we: a VM that has just arrived was lost with it. But one that ran here may
 * have been left as one that arrives is: when nobody knew whether it had reached the next host. */
static const char *find_reason(const Book *book, double at, const char *reason)
{
	static const char *const of_qemu[] = { "-", "unknown", "destroyed", "failed", "crashed", NULL };
	gboolean by_hook = metrics_inventory_says(book->stay->body, METRICS_NEVER_RAN);
	gboolean by_libvirt = g_strcmp0(reason, "crashed") != 0 && book_is_arriving(book, at);

	if ((by_hook || by_libvirt) && !has_told_of_disks(book) &&
	    (reason == NULL || g_strv_contains(of_qemu, reason)))
		return WORDS_NEVER_RAN;
	return reason;
}

gboolean book_report(Book *book, double at, const char *reason)
{
	g_autofree char *line = NULL;

	if (book->prometheus != NULL)
		prometheus_hide(book->prometheus, book);
	if (book->reported)
		return TRUE;
	book_begin(book);
	note_gap_of_disks(book, at);
	line = entry_report(book, at, find_reason(book, at, reason));
	book->reported = book->write(book->data, book->file, line);
	if (book->reported)
		say_report(book, line);
	return book->reported;
}
