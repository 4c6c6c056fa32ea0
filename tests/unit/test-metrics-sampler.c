/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which VMs are asked for, and what follows when libvirt is late: with a source
 * that says what the test wants. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "core/log.h"
#include "metrics-stay.h"
#include "plugins/metrics/inventory.h"
#include "qemu-helpers/metrics/asker.h"
#include "qemu-helpers/metrics/questions.h"
#include "qemu-helpers/metrics/sampler.h"
#include "qemu-helpers/metrics/source.h"

#define UUID_A "6f30cf5b-0000-4000-8000-00000000000a"
#define UUID_B "6f30cf5b-0000-4000-8000-00000000000b"
#define UUID_C "6f30cf5b-0000-4000-8000-00000000000c"

/* --- the source, in the place of the one that asks libvirt --- */

typedef struct {
	guint number;
	char *asked; /* "ab": the last characters of the UUIDs, sorted */
} Question;

struct _Source {
	const SourceEvents *events;
	gpointer data;
	GPtrArray *out; /* Question, oldest first */
	guint questions;
};

static Source *last_source;

static void question_free(gpointer data)
{
	Question *question = data;

	g_free(question->asked);
	g_free(question);
}

Source *source_new(const SourceEvents *events, gpointer data)
{
	last_source = g_new0(Source, 1);
	last_source->events = events;
	last_source->data = data;
	last_source->out = g_ptr_array_new_with_free_func(question_free);
	return last_source;
}

void source_free(Source *source)
{
	g_ptr_array_unref(source->out);
	g_free(source);
}

guint source_room(const Source *source)
{
	return SOURCE_MOST_OUT - source->out->len;
}

guint source_ask(Source *source, const char *uri, GPtrArray *uuids, gboolean with_nics, guint within_milliseconds)
{
	g_autoptr(GString) asked = g_string_new(NULL);
	Question *question = g_new(Question, 1);

	for (char c = '0'; c <= 'f'; c++) {
		for (guint i = 0; i < uuids->len; i++) {
			const char *uuid = g_ptr_array_index(uuids, i);

			if (uuid[strlen(uuid) - 1] == c)
				g_string_append_c(asked, c);
		}
	}
	g_assert_cmpuint(source_room(source), >, 0);
	g_assert_cmpuint(within_milliseconds, >=, 400);
	g_assert_cmpuint(within_milliseconds, <=, 5000);
	*question = (Question){ ++source->questions, g_strdup(asked->str) };
	g_ptr_array_add(source->out, question);
	return question->number;
}

/* The oldest question is answered for these VMs. */
static void answer(const char *uuids[], gsize n, gboolean with_disks)
{
	g_autoptr(GPtrArray) samples = g_ptr_array_new_with_free_func((GDestroyNotify)sample_free);
	Question *question = g_ptr_array_steal_index(last_source->out, 0);

	for (gsize i = 0; i < n; i++) {
		Sample *sample = sample_new(uuids[i], sample_clock());

		if (with_disks)
			g_ptr_array_add(sample->meters, meter_new(&meter_disk, "vda", 0));
		g_ptr_array_add(samples, sample);
	}
	last_source->events->answered(last_source->data, question->number, samples, NULL);
	question_free(question);
}

static void fail(const char *message)
{
	g_autoptr(GError) error = g_error_new(HOSTLER_ERROR, HOSTLER_ERROR_METRICS, "%s", message);
	Question *question = g_ptr_array_steal_index(last_source->out, 0);

	last_source->events->answered(last_source->data, question->number, NULL, error);
	question_free(question);
}

/* One that is out, from the oldest. */
static void be_late(guint index)
{
	const Question *question = g_ptr_array_index(last_source->out, index);

	last_source->events->late(last_source->data, question->number);
}

/* All that are out, oldest first: "abc,d". */
static void assert_out(const char *expected)
{
	g_autoptr(GString) out = g_string_new(NULL);

	for (guint i = 0; i < last_source->out->len; i++) {
		const Question *question = g_ptr_array_index(last_source->out, i);

		g_string_append_printf(out, "%s%s", i > 0 ? "," : "", question->asked);
	}
	g_assert_cmpstr(out->str, ==, expected);
}

/* --- the kernel: QEMU's CPU --- */

static guint64 cpu_time;
static gboolean stopped;
static gboolean gone;

Kernel *kernel_new(const char *root, const HostlerProcess *qemu, const char *cgroup)
{
	return NULL;
}

void kernel_free(Kernel *kernel)
{
}

guint64 kernel_cpu_time(const Kernel *kernel)
{
	return cpu_time;
}

void kernel_read(const Kernel *kernel, Sample *sample)
{
	sample->cpu_nanoseconds = cpu_time;
	if (!gone)
		sample->known |= SAMPLE_KNOWS_CPU;
}

gboolean kernel_qemu_is_stopped(const Kernel *kernel)
{
	return stopped;
}

gboolean kernel_lives(const char *root, const HostlerProcess *process)
{
	return TRUE;
}

/* --- the sampler --- */

typedef struct {
	char *folder;
	Log *log;
	Sampler *sampler;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
	fixture->folder = g_dir_make_tmp("hostler-test-XXXXXX", NULL);
	g_assert_nonnull(fixture->folder);
	fixture->log = log_new(fixture->folder);
	fixture->sampler = sampler_new(fixture->log, "test:///", NULL);
	cpu_time = 0;
	stopped = FALSE;
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GDir) folder = g_dir_open(fixture->folder, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(folder)) != NULL) {
		g_autofree char *path = g_build_filename(fixture->folder, name, NULL);

		g_assert_cmpint(g_unlink(path), ==, 0);
	}
	g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
	sampler_free(fixture->sampler);
	log_free(fixture->log);
	g_free(fixture->folder);
}

/* How often the VM's log has this event. */
static guint count(const Fixture *fixture, const char *name, const char *uuid, const char *event)
{
	g_autofree char *file = g_strdup_printf("%s/%s-%s.jsonl", fixture->folder, name, uuid);
	g_autofree char *member = g_strdup_printf("\"event\":\"%s\"", event);
	g_autofree char *text = NULL;
	guint n = 0;

	if (!g_file_get_contents(file, &text, NULL, NULL))
		return 0;
	for (const char *p = text; (p = strstr(p, member)) != NULL; p++)
		n++;
	return n;
}

static void enter(Fixture *fixture, const char *uuid, const char *name)
{
	sampler_enter(fixture->sampler, make_stay(uuid, name, 3600));
	sampler_begin(fixture->sampler);
}

static HostlerRecord *make_ended(const char *uuid, const char *name)
{
	HostlerRecord *ended = make_stay(uuid, name, 3600);

	ended->kind = HOSTLER_RECORD_ENDED;
	ended->phase = HOSTLER_PHASE_ENDED;
	g_key_file_set_string(ended->body, "end", "reason", "shutdown");
	return ended;
}

static void test_first_sample(Fixture *fixture, gconstpointer data)
{
	enter(fixture, UUID_A, "a");
	assert_out("a");
	g_assert_cmpuint(count(fixture, "a", UUID_A, "start"), ==, 1);
	g_assert_cmpuint(count(fixture, "a", UUID_A, "sample"), ==, 0);
	answer((const char *[]){ UUID_A }, 1, TRUE);
	g_assert_cmpuint(count(fixture, "a", UUID_A, "sample"), ==, 1);
	enter(fixture, UUID_A, "a");
	assert_out("");
}

/* No stall: there is nobody to be silent. What the kernel knows is written. */
static void test_unreachable(Fixture *fixture, gconstpointer data)
{
	enter(fixture, UUID_A, "a");
	fail("connection refused");
	assert_out("");
	g_assert_cmpuint(count(fixture, "a", UUID_A, "stall"), ==, 0);
	g_assert_cmpuint(count(fixture, "a", UUID_A, "sample"), ==, 1);
	enter(fixture, UUID_B, "b");
	assert_out("");
	g_assert_cmpuint(count(fixture, "b", UUID_B, "sample"), ==, 1);
}

static void test_end(Fixture *fixture, gconstpointer data)
{
	enter(fixture, UUID_A, "a");
	answer((const char *[]){ UUID_A }, 1, TRUE);
	g_assert_true(sampler_leave(fixture->sampler, make_ended(UUID_A, "a")));
	g_assert_cmpuint(count(fixture, "a", UUID_A, "report"), ==, 1);
	g_assert_true(sampler_leave(fixture->sampler, make_ended(UUID_A, "a")));
	g_assert_cmpuint(count(fixture, "a", UUID_A, "report"), ==, 1);
}

/* While the question is out the VM ends: its answer is nobody's any more, and what
 * the kernel told is written before the report. */
static void test_end_meanwhile(Fixture *fixture, gconstpointer data)
{
	enter(fixture, UUID_A, "a");
	sampler_leave(fixture->sampler, make_ended(UUID_A, "a"));
	g_assert_cmpuint(count(fixture, "a", UUID_A, "sample"), ==, 1);
	answer((const char *[]){ UUID_A }, 1, TRUE);
	g_assert_cmpuint(count(fixture, "a", UUID_A, "sample"), ==, 1);
	g_assert_cmpuint(count(fixture, "a", UUID_A, "report"), ==, 1);
}

/* Its report is the last line of its log. That there is room again is said all the same, and
 * so is it when there is none once more. */
static void be_full_twice(Fixture *fixture)
{
	g_autofree char *away = g_strconcat(fixture->folder, "-away", NULL);

	enter(fixture, UUID_A, "a");
	answer((const char *[]){ UUID_A }, 1, TRUE);
	g_assert_cmpint(g_rename(fixture->folder, away), ==, 0);
	g_assert_false(sampler_leave(fixture->sampler, make_ended(UUID_A, "a")));
	g_assert_cmpint(g_rename(away, fixture->folder), ==, 0);
	g_assert_true(sampler_leave(fixture->sampler, make_ended(UUID_A, "a")));
	g_assert_cmpint(g_rename(fixture->folder, away), ==, 0);
	enter(fixture, UUID_B, "b");
	g_assert_cmpint(g_rename(away, fixture->folder), ==, 0);
}

static void test_full_at_the_end(Fixture *fixture, gconstpointer data)
{
	if (g_test_subprocess()) {
		hostler_log_use_journal("/nowhere");
		be_full_twice(fixture);
		return;
	}
	g_test_trap_subprocess(NULL, 0, 0);
	g_test_trap_assert_passed();
	g_test_trap_assert_stderr("*cannot write*can write*again*cannot write*");
}

static void test_vanished(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GHashTable) uuids = g_hash_table_new(g_str_hash, g_str_equal);

	enter(fixture, UUID_A, "a");
	enter(fixture, UUID_B, "b");
	g_hash_table_add(uuids, (gpointer)UUID_B);
	sampler_drop_others(fixture->sampler, uuids);
	g_assert_cmpuint(count(fixture, "a", UUID_A, "report"), ==, 1);
	g_assert_cmpuint(count(fixture, "b", UUID_B, "report"), ==, 0);
}

/* Whoever begins again knows from the logs who answered last time. */
static void test_restarted(Fixture *fixture, gconstpointer data)
{
	enter(fixture, UUID_A, "a");
	enter(fixture, UUID_B, "b");
	enter(fixture, UUID_C, "c");
	assert_out("a,b,c");
	be_late(0);
	g_ptr_array_remove_index(last_source->out, 0);
	answer((const char *[]){ UUID_B }, 1, TRUE);
	answer((const char *[]){ UUID_C }, 1, TRUE);
	sampler_free(fixture->sampler);
	fixture->sampler = sampler_new(fixture->log, "test:///", NULL);
	sampler_enter(fixture->sampler, make_stay(UUID_A, "a", 3600));
	sampler_enter(fixture->sampler, make_stay(UUID_B, "b", 3600));
	sampler_enter(fixture->sampler, make_stay(UUID_C, "c", 3600));
	sampler_begin(fixture->sampler);
	assert_out("bc,a");
	answer((const char *[]){ UUID_B, UUID_C }, 2, TRUE);
	g_assert_cmpuint(count(fixture, "b", UUID_B, "start"), ==, 1);
	g_assert_cmpuint(count(fixture, "b", UUID_B, "sample"), ==, 2);
	g_assert_cmpuint(count(fixture, "a", UUID_A, "stall"), ==, 1);
}

static gboolean append(gpointer log, const char *file, const char *line)
{
	return log_append(log, file, line);
}

/* What was so long ago that nobody reads it at the beginning is in the report. */
static void test_old_peak(Fixture *fixture, gconstpointer data)
{
	Book *book = book_new(make_stay(UUID_A, "a", 10), append, fixture->log);
	g_autofree char *file = g_build_filename(fixture->folder, book->file, NULL);
	g_autofree char *text = NULL;

	for (guint i = 0; i < 200; i++) {
		Sample *sample = sample_new(UUID_A, STAY_BEGAN + 1 + 10 * i);
		Meter *disk = meter_new(&meter_disk, "vda", 0);

		meter_learn(disk, METER_READ_BYTES, MIN(i, 1) * 102400 + i);
		g_ptr_array_add(sample->meters, disk);
		book_sample(book, sample);
	}
	book_free(book);
	enter(fixture, UUID_A, "a");
	g_assert_true(sampler_leave(fixture->sampler, make_ended(UUID_A, "a")));
	g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
	g_assert_nonnull(strstr(text, "\"peak_per_second\":{\"read_bytes\":10240.1"));
}

/* What stands there for Prometheus says what is now, so it does not outlive us. */
static void test_withdrawn(Fixture *fixture, gconstpointer data)
{
	g_autoptr(Prometheus) prometheus = prometheus_new(fixture->folder);
	g_autofree char *file = g_strdup_printf("%s/hostler-a-%s.prom", fixture->folder, UUID_A);

	sampler_publish(fixture->sampler, prometheus);
	enter(fixture, UUID_A, "a");
	answer((const char *[]){ UUID_A }, 1, TRUE);
	g_assert_true(g_file_test(file, G_FILE_TEST_EXISTS));
	sampler_withdraw(fixture->sampler);
	g_assert_false(g_file_test(file, G_FILE_TEST_EXISTS));
	g_assert_cmpuint(count(fixture, "a", UUID_A, "report"), ==, 0);
}

/* Whoever is new is asked for alone, and one that hangs hides nobody. */
static void test_held_alone(Fixture *fixture, gconstpointer data)
{
	enter(fixture, UUID_A, "a");
	enter(fixture, UUID_B, "b");
	assert_out("a,b");
	be_late(0);
	g_assert_cmpuint(count(fixture, "a", UUID_A, "stall"), ==, 1);
	g_assert_cmpuint(count(fixture, "a", UUID_A, "sample"), ==, 1);
	enter(fixture, UUID_C, "c");
	assert_out("a,b,c");
	answer((const char *[]){ UUID_A }, 1, TRUE);
	g_assert_cmpuint(count(fixture, "a", UUID_A, "sample"), ==, 1);
	answer((const char *[]){ UUID_B }, 1, TRUE);
	g_assert_cmpuint(count(fixture, "b", UUID_B, "sample"), ==, 1);
	g_assert_cmpuint(count(fixture, "b", UUID_B, "stall"), ==, 0);
}

/* --- several that have answered before --- */

#define CROWD 70

typedef struct {
	Asker *asker;
	Guest *guests[CROWD];
	char *uuids[CROWD];
	GString *lines;
} Crowd;

static gboolean take_line(gpointer data, const char *file, const char *line)
{
	g_string_append(data, line);
	return TRUE;
}

static void crowd_open(Crowd *crowd, guint n, gboolean alone)
{
	*crowd = (Crowd){ .asker = asker_new("test:///", NULL), .lines = g_string_new(NULL) };
	cpu_time = 0;
	stopped = FALSE;
	for (guint i = 0; i < n; i++) {
		Book *book;

		crowd->uuids[i] = g_strdup_printf("6f30cf5b-0000-4000-8000-0000000000%02x", i);
		book = book_new(make_stay(crowd->uuids[i], "web", 3600), take_line, crowd->lines);
		crowd->guests[i] = guest_new(book, NULL, sample_clock());
		crowd->guests[i]->alone = alone;
		g_hash_table_insert(asker_guests(crowd->asker), g_strdup(crowd->uuids[i]), crowd->guests[i]);
	}
}

static void crowd_close(Crowd *crowd)
{
	asker_free(crowd->asker);
	g_string_free(crowd->lines, TRUE);
	for (guint i = 0; i < CROWD; i++)
		g_free(crowd->uuids[i]);
}

static guint count_lines(const Crowd *crowd, const char *event)
{
	g_autofree char *member = g_strdup_printf("\"event\":\"%s\"", event);
	guint n = 0;

	for (const char *p = crowd->lines->str; (p = strstr(p, member)) != NULL; p++)
		n++;
	return n;
}

/* They go together, but not all in one call, and one call after the other. */
static void test_company(void)
{
	Crowd crowd;
	gsize first;

	crowd_open(&crowd, CROWD, FALSE);
	asker_ask(crowd.asker);
	g_assert_cmpuint(last_source->out->len, ==, 1);
	first = strlen(((Question *)g_ptr_array_index(last_source->out, 0))->asked);
	g_assert_cmpuint(first, ==, 62); /* 2.5 s for all, 40 ms for each */
	answer((const char **)crowd.uuids, CROWD, TRUE);
	g_assert_cmpuint(count_lines(&crowd, "sample"), ==, 62);
	g_assert_cmpuint(last_source->out->len, ==, 1);
	answer((const char **)crowd.uuids, CROWD, TRUE);
	g_assert_cmpuint(count_lines(&crowd, "sample"), ==, CROWD);
	g_assert_cmpuint(count_lines(&crowd, "stall"), ==, 0);
	crowd_close(&crowd);
}

/* Those that are asked for wait so much longer. */
static void let_pass(const Crowd *crowd, double seconds)
{
	for (guint i = 0; i < CROWD; i++) {
		if (crowd->guests[i]->question != 0)
			crowd->guests[i]->asked_at -= seconds;
	}
}

/* A slow call, which has 2.5 s, holds up the next one for an eighth of that. */
static void test_slow_company(void)
{
	Crowd crowd;
	double now, next;

	crowd_open(&crowd, CROWD, FALSE);
	asker_ask(crowd.asker);
	now = sample_clock();
	next = questions_next(asker_guests(crowd.asker), now);
	g_assert_cmpfloat(next, >, now);
	g_assert_cmpfloat(next, <=, now + 2.5 / 8);
	let_pass(&crowd, 0.1);
	asker_ask(crowd.asker);
	g_assert_cmpuint(last_source->out->len, ==, 1);
	let_pass(&crowd, 0.4);
	g_assert_false(isfinite(questions_next(asker_guests(crowd.asker), now)));
	asker_ask(crowd.asker);
	g_assert_cmpuint(last_source->out->len, ==, 2);
	g_assert_false(isfinite(questions_next(asker_guests(crowd.asker), now)));
	crowd_close(&crowd);
}

/* Whoever is asked for alone waits for no company, and a late one holds up nobody. */
static void test_beside_company(void)
{
	Crowd crowd;

	crowd_open(&crowd, CROWD, FALSE);
	crowd.guests[0]->alone = TRUE;
	asker_ask(crowd.asker);
	g_assert_cmpuint(last_source->out->len, ==, 2);
	be_late(0);
	g_assert_cmpuint(last_source->out->len, ==, 3);
	g_assert_cmpuint(strlen(((Question *)g_ptr_array_index(last_source->out, 2))->asked), ==, 7);
	crowd_close(&crowd);
}

/* A call about three is late. Each is asked for alone: two have their samples, and
 * libvirt says that another call has the third. */
static void test_late_company(void)
{
	Crowd crowd;

	crowd_open(&crowd, 3, FALSE);
	asker_ask(crowd.asker);
	assert_out("012");
	be_late(0);
	g_assert_cmpuint(count_lines(&crowd, "stall"), ==, 0);
	g_assert_cmpuint(last_source->out->len, ==, 3);
	for (guint i = 0; i < 3; i++) {
		Question *late = g_ptr_array_steal_index(last_source->out, 0);
		const Question *next = g_ptr_array_index(last_source->out, 0);
		gboolean hangs = *next->asked == '1';

		answer((const char **)crowd.uuids, 3, !hangs);
		g_ptr_array_insert(last_source->out, 0, late);
	}
	assert_out("012");
	g_assert_cmpuint(count_lines(&crowd, "sample"), ==, 2);
	g_assert_null(crowd.guests[0]->begun);
	g_assert_null(crowd.guests[2]->begun);
	g_assert_nonnull(crowd.guests[1]->begun);
	g_assert_cmpuint(crowd.guests[1]->question, ==, 0);
	/* Its answer comes after all: too late, and nobody's. */
	answer((const char **)crowd.uuids, 3, TRUE);
	g_assert_cmpuint(count_lines(&crowd, "sample"), ==, 2);
	crowd_close(&crowd);
}

/* Those that hang never get the last thread. */
static void test_last_thread(void)
{
	Crowd crowd;

	crowd_open(&crowd, 6, TRUE);
	crowd.guests[5]->alone = FALSE;
	crowd.guests[5]->due = HUGE_VAL;
	asker_ask(crowd.asker);
	g_assert_cmpuint(last_source->out->len, ==, 3);
	for (guint i = 0; i < 3; i++)
		be_late(i);
	g_assert_cmpuint(count_lines(&crowd, "stall"), ==, 3);
	g_assert_cmpuint(last_source->out->len, ==, 3);
	crowd.guests[5]->due = 0;
	asker_ask(crowd.asker);
	g_assert_cmpuint(last_source->out->len, ==, 4);
	g_assert_cmpstr(((Question *)g_ptr_array_index(last_source->out, 3))->asked, ==, "5");
	crowd_close(&crowd);
}

/* Three that hang leave no room to ask for a fourth: nobody says that it does not answer. */
static void test_no_room(void)
{
	Crowd crowd;
	double later;

	crowd_open(&crowd, 4, TRUE);
	asker_ask(crowd.asker);
	g_assert_cmpuint(last_source->out->len, ==, 3);
	for (guint i = 0; i < 3; i++)
		be_late(i);
	later = sample_clock() + 20;
	for (guint i = 0; i < 4; i++)
		guest_end_late(crowd.guests[i], later);
	g_assert_cmpuint(count_lines(&crowd, "stall"), ==, 3);
	g_assert_cmpuint(count_lines(&crowd, "sample"), ==, 4);
	g_assert_nonnull(strstr(crowd.lines->str, "libvirt was not asked"));
	/* One comes back. Its answer leaves room, and the fourth has all the time that there is. */
	answer((const char **)crowd.uuids, 4, TRUE);
	g_assert_cmpuint(last_source->out->len, ==, 3);
	for (guint i = 0; i < 4; i++)
		guest_end_late(crowd.guests[i], sample_clock() + 5);
	g_assert_cmpuint(count_lines(&crowd, "stall"), ==, 3);
	crowd_close(&crowd);
}

/* --- one guest --- */

static gboolean swallow(gpointer data, const char *file, const char *line)
{
	return TRUE;
}

static Guest *make_guest(guint interval, double now)
{
	cpu_time = 0;
	stopped = FALSE;
	return guest_new(book_new(make_stay(STAY_UUID, "web", interval), swallow, NULL), NULL, now);
}

static Sample *make_answer(guint64 bytes)
{
	Sample *sample = sample_new(STAY_UUID, 1);
	Meter *disk = meter_new(&meter_disk, "vda", 0);

	meter_learn(disk, 0, bytes);
	g_ptr_array_add(sample->meters, disk);
	return sample;
}

/* All of one interval meet, and never in less than a quarter of it. */
static void test_grid(void)
{
	static const struct {
		guint interval;
		double now, due;
	} cases[] = {
		{ 10, 2000.0, 2010 }, { 10, 2000.1, 2010 }, { 10, 2007.4, 2010 }, { 10, 2007.6, 2020 },
		{ 10, 2009.9, 2020 }, { 1, 2000.02, 2001 }, { 1, 2000.8, 2002 },  { 7, 2000.0, 2002 },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		Guest *guest = make_guest(cases[i].interval, cases[i].now);

		g_assert_true(guest_is_due(guest, cases[i].now));
		guest_begin(guest, NULL, NULL, cases[i].now);
		g_assert_cmpfloat(fabs(guest->due - cases[i].due), <, 1e-9);
		guest_free(guest);
	}
}

/* `hostler apply` changes the interval of a VM that runs. */
static void test_other_interval(void)
{
	Guest *guest = make_guest(3600, 2000);

	guest_begin(guest, NULL, NULL, 2000);
	g_assert_cmpfloat(fabs(guest->due - 3600), <, 1e-9);
	guest_update(guest, make_stay(STAY_UUID, "web", 10), NULL, 2001);
	g_assert_cmpfloat(fabs(guest->due - 2010), <, 1e-9);
	guest_update(guest, make_stay(STAY_UUID, "web", 3600), NULL, 2002);
	g_assert_cmpfloat(fabs(guest->due - 2010), <, 1e-9);
	guest_rest(guest);
	guest_update(guest, make_stay(STAY_UUID, "web", 10), NULL, 2003);
	g_assert_false(guest_is_due(guest, 1e12));
	guest_free(guest);
}

/* In company it is short enough that each can be asked again before the sample is due. */
static void test_patience(void)
{
	static const struct {
		guint interval;
		double alone, company;
	} cases[] = { { 1, 1, 0.4 }, { 2, 1, 0.8 }, { 6, 3, 2.4 }, { 10, 5, 2.5 }, { 3600, 5, 2.5 } };

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		Guest *guest = make_guest(cases[i].interval, 2000);

		g_assert_cmpfloat(fabs(guest_patience(guest, TRUE) - cases[i].alone), <, 1e-9);
		g_assert_cmpfloat(fabs(guest_patience(guest, FALSE) - cases[i].company), <, 1e-9);
		guest_free(guest);
	}
}

/* Whoever used no CPU since an answer that was like the one before is not asked for. */
static void test_still(void)
{
	Guest *guest = make_guest(10, 2000);

	cpu_time = 5;
	for (guint i = 0; i < 2; i++) {
		guest_begin(guest, NULL, NULL, 2000 + 10 * i);
		g_assert_true(guest_wants(guest, 2000 + 10 * i));
		guest_take(guest, make_answer(7));
	}
	g_assert_cmpuint(guest->book->samples, ==, 2);
	guest_begin(guest, NULL, NULL, 2020);
	g_assert_false(guest_wants(guest, 2020));
	g_assert_cmpuint(guest->book->samples, ==, 3);
	g_assert_cmpfloat(guest->book->complete_at, >=, 2020);
	cpu_time = 6;
	guest_begin(guest, NULL, NULL, 2030);
	g_assert_true(guest_wants(guest, 2030));
	guest_take(guest, make_answer(8));
	guest_begin(guest, NULL, NULL, 2040);
	g_assert_true(guest_wants(guest, 2040));
	guest_free(guest);
}

/* No CPU is known of: nothing can be said. */
static void test_unknown_cpu(void)
{
	Guest *guest = make_guest(10, 2000);

	for (guint i = 0; i < 4; i++) {
		guest_begin(guest, NULL, NULL, 2000 + 10 * i);
		g_assert_true(guest_wants(guest, 2000 + 10 * i));
		guest_take(guest, make_answer(7));
	}
	guest_free(guest);
}

/* A QEMU that the kernel says is stopped holds no thread. */
static void test_stopped(void)
{
	Guest *guest = make_guest(10, 2000);

	stopped = TRUE;
	guest_begin(guest, NULL, NULL, 2000);
	g_assert_false(guest_wants(guest, 2000));
	g_assert_cmpuint(guest->book->stalls, ==, 1);
	g_assert_cmpuint(guest->book->samples, ==, 1);
	stopped = FALSE;
	guest_begin(guest, NULL, NULL, 2010);
	g_assert_true(guest_wants(guest, 2010));
	guest_take(guest, make_answer(7));
	g_assert_cmpfloat(guest->book->stalled_at, <=, 0);
	guest_free(guest);
}

/* Nothing libvirt could tell. */
static void test_no_disks(void)
{
	HostlerRecord *stay = make_stay(STAY_UUID, "web", 10);
	Guest *guest;

	g_key_file_remove_group(stay->body, "metrics-disk-0", NULL);
	guest = guest_new(book_new(stay, swallow, NULL), NULL, 2000);
	guest_begin(guest, NULL, NULL, 2000);
	g_assert_false(guest_wants(guest, 2000));
	g_assert_cmpuint(guest->book->samples, ==, 1);
	g_assert_cmpfloat(guest->book->complete_at, >=, 2000);
	guest_free(guest);
}

/* A sample is written before the next one is due, and a question that nobody answers
 * is a stall in the end. */
static void test_late_sample(void)
{
	Guest *guest = make_guest(1, 2000);

	guest_begin(guest, NULL, NULL, 2000);
	g_assert_cmpfloat(fabs(guest_next(guest, 2000) - 2000.8), <, 1e-6);
	guest_end_late(guest, 2000.5);
	g_assert_nonnull(guest->begun);
	guest_end_late(guest, 2000.81);
	g_assert_null(guest->begun);
	g_assert_cmpuint(guest->book->samples, ==, 1);
	g_assert_cmpuint(guest->book->stalls, ==, 0);
	guest_begin(guest, NULL, NULL, 2001);
	guest_be_asked(guest, 3, 1, 2001);
	guest_end_late(guest, 2001.81);
	g_assert_cmpuint(guest->book->stalls, ==, 0);
	g_assert_cmpfloat(fabs(guest_next(guest, 2001.81) - 2002), <, 1e-6);
	guest_end_late(guest, 2002.81);
	g_assert_cmpuint(guest->book->samples, ==, 2);
	g_assert_cmpuint(guest->book->stalls, ==, 1);
	guest_free(guest);
}

/* The first sample after a restart is not held up for its disks as long as others are. */
static void test_hurry(void)
{
	Book *book = book_new(make_stay(STAY_UUID, "web", 1), swallow, NULL);
	Guest *guest;

	book->recalled = TRUE;
	guest = guest_new(book, NULL, 2000);
	guest_begin(guest, NULL, NULL, 2000);
	guest_be_asked(guest, 3, 1, 2000);
	guest_end_late(guest, 2000.2);
	g_assert_cmpuint(book->samples, ==, 0);
	guest_end_late(guest, 2000.26);
	g_assert_cmpuint(book->samples, ==, 1);
	guest_take(guest, make_answer(7));
	g_assert_cmpuint(book->samples, ==, 1);
	guest_begin(guest, NULL, NULL, 2001);
	guest_end_late(guest, 2001.5);
	g_assert_cmpuint(book->samples, ==, 1);
	guest_free(guest);
}

/* Somebody else's command is no stall; a QEMU that stays silent is. */
static void test_silent_qemu(void)
{
	Guest *guest = make_guest(10, 2000);

	guest_begin(guest, NULL, NULL, 2000);
	guest_be_asked(guest, 3, 1, 2000);
	guest->named = TRUE;
	guest_go_without(guest, 2001);
	g_assert_cmpfloat(guest->book->stalled_at, <=, 0);
	g_assert_false(guest_wants(guest, 2001));
	g_assert_true(guest_wants(guest, 2001.3));
	guest_go_without(guest, 2005.5);
	g_assert_cmpfloat(guest->book->stalled_at, >, 0);
	/* From now on it is asked once in an interval. */
	g_assert_false(guest_wants(guest, 2006));
	guest_begin(guest, NULL, NULL, 2010);
	g_assert_true(guest_wants(guest, 2010));
	guest_go_without(guest, 2010.1);
	g_assert_false(guest_wants(guest, 2011));
	guest_free(guest);
}

/* Its call does not come back; then it does, without a sample to wait for it. */
static void test_held(void)
{
	Guest *guest = make_guest(10, 2000);

	guest_begin(guest, NULL, NULL, 2000);
	guest_be_asked(guest, 3, 1, 2000);
	guest_be_late(guest, 2005, FALSE);
	g_assert_cmpuint(guest->book->stalls, ==, 1);
	guest_begin(guest, NULL, NULL, 2010);
	g_assert_false(guest_wants(guest, 2010));
	g_assert_cmpuint(guest->book->samples, ==, 2);
	guest_take(guest, make_answer(7));
	guest_begin(guest, NULL, NULL, 2020);
	g_assert_true(guest_wants(guest, 2020));
	guest_rest(guest);
	g_assert_false(guest_is_due(guest, 1e12));
	guest_free(guest);
}

/* A sample that was begun when QEMU was gone tells nothing, and would hide how long nobody saw the VM; one that was begun
 * before tells what the kernel knew. */
static void test_empty(void)
{
	Guest *guest = make_guest(10, 2000);

	guest_begin(guest, NULL, NULL, 2000);
	guest_take(guest, make_answer(7));
	guest_begin(guest, NULL, NULL, 2010);
	guest_rest(guest);
	g_assert_cmpuint(guest->book->samples, ==, 2);
	guest_free(guest);
	guest = make_guest(10, 2000);
	guest_begin(guest, NULL, NULL, 2000);
	guest_take(guest, make_answer(7));
	gone = TRUE;
	guest_begin(guest, NULL, NULL, 2010);
	guest_rest(guest);
	gone = FALSE;
	g_assert_cmpuint(guest->book->samples, ==, 1);
	g_assert_cmpfloat(guest->book->seen_at, <, 2001);
	guest_free(guest);
}

/* --- a guest that migrates to this host --- */

static GString *arriving_lines;

static Guest *make_arriving_guest(double now)
{
	HostlerRecord *stay = make_stay(STAY_UUID, "web", 10);

	cpu_time = 0;
	stopped = FALSE;
	stay->since = (gint64)now - 1;
	g_key_file_set_boolean(stay->body, METRICS_GROUP, METRICS_ARRIVING, TRUE);
	arriving_lines = g_string_new(NULL);
	return guest_new(book_new(stay, take_line, arriving_lines), NULL, now);
}

/* The last line. */
static void assert_said(const char *part, gboolean said)
{
	const char *last = g_strrstr_len(arriving_lines->str, (gssize)arriving_lines->len - 1, "\n");

	g_assert_cmpint(strstr(last != NULL ? last : arriving_lines->str, part) != NULL, ==, said);
}

static void arriving_guest_free(Guest *guest)
{
	guest_free(guest);
	g_string_free(arriving_lines, TRUE);
}

static void answer_without_disks(Guest *guest, double now, int state, gboolean arriving)
{
	Sample *answer = sample_new(STAY_UUID, now);

	guest_be_asked(guest, 3, 1, now);
	answer->state = state;
	answer->arriving = arriving;
	guest_take(guest, answer);
	guest_go_without(guest, now);
}

/* No stall, though it has no disks for minutes; asked for each second, and sampled once it is here. */
static void test_arriving(void)
{
	Guest *guest = make_arriving_guest(2000);

	for (double now = 2000; now < 2095; now += 1) {
		guest_begin(guest, NULL, NULL, now);
		g_assert_true(guest_wants(guest, now));
		answer_without_disks(guest, now, VIR_DOMAIN_PAUSED, TRUE);
		g_assert_null(guest->begun);
		assert_said("\"state\":\"paused\",\"arriving\":true", TRUE);
		assert_said("\"reason\":\"the VM is still arriving from another host\"", TRUE);
		g_assert_false(guest_wants(guest, now + 0.5));
		g_assert_cmpfloat(guest_next(guest, now), <=, now + 1);
		guest_end_late(guest, now + 0.9);
	}
	g_assert_cmpuint(guest->book->stalls, ==, 0);
	g_assert_cmpuint(guest->book->samples, ==, 10);
	guest_be_asked(guest, 3, 1, 2096);
	guest_take(guest, make_answer(7));
	g_assert_false(book_is_arriving(guest->book, 2096));
	g_assert_true(guest_is_due(guest, 2096));
	guest_begin(guest, NULL, NULL, 2096);
	guest_take(guest, make_answer(7));
	g_assert_cmpuint(guest->book->samples, ==, 11);
	assert_said("arriving", FALSE);
	arriving_guest_free(guest);
}

/* A sample does not wait for the next second. */
static void test_due_arrival(void)
{
	Guest *guest = make_arriving_guest(2000);

	guest_begin(guest, NULL, NULL, 2000);
	answer_without_disks(guest, 2009.5, VIR_DOMAIN_PAUSED, TRUE);
	g_assert_false(guest_wants(guest, 2010));
	guest_begin(guest, NULL, NULL, 2010);
	g_assert_true(guest_wants(guest, 2010));
	arriving_guest_free(guest);
}

/* It runs here and says nothing: that is a stall as any other. */
static void test_silent_arrival(void)
{
	Guest *guest = make_arriving_guest(2000);

	guest_begin(guest, NULL, NULL, 2000);
	answer_without_disks(guest, 2000, VIR_DOMAIN_PAUSED, TRUE);
	answer_without_disks(guest, 2001, VIR_DOMAIN_RUNNING, FALSE);
	g_assert_cmpuint(guest->book->stalls, ==, 0);
	g_assert_true(guest_wants(guest, 2001.3));
	answer_without_disks(guest, 2006.5, VIR_DOMAIN_RUNNING, FALSE);
	g_assert_cmpuint(guest->book->stalls, ==, 1);
	arriving_guest_free(guest);
}

/* Slow hooks hold the VM when it has just begun to arrive; later nobody knows why libvirt is silent. */
static void test_held_arrival(void)
{
	Guest *guest = make_arriving_guest(2000);

	guest_begin(guest, NULL, NULL, 2000);
	guest_be_asked(guest, 3, 1, 2000);
	guest_be_late(guest, 2005, FALSE);
	g_assert_cmpuint(guest->book->samples, ==, 1);
	g_assert_cmpuint(guest->book->stalls, ==, 0);
	guest_begin(guest, NULL, NULL, 2010);
	g_assert_cmpuint(guest->book->stalls, ==, 1);
	arriving_guest_free(guest);
}

/* As it leaves for another host it is paused for the same reason. */
static void test_leaving(void)
{
	Guest *guest = make_guest(10, 2000);

	guest_begin(guest, NULL, NULL, 2000);
	answer_without_disks(guest, 2000, VIR_DOMAIN_PAUSED, TRUE);
	g_assert_false(book_is_arriving(guest->book, 2000));
	answer_without_disks(guest, 2005.5, VIR_DOMAIN_PAUSED, TRUE);
	g_assert_cmpuint(guest->book->stalls, ==, 1);
	guest_free(guest);
}

/* So is one that came the same way before, and it ran here. */
static void test_moving_on(void)
{
	Guest *guest = make_arriving_guest(2000);
	Sample *answer = make_answer(7);

	guest_begin(guest, NULL, NULL, 2000);
	answer->state = VIR_DOMAIN_PAUSED;
	answer->arriving = TRUE;
	guest_take(guest, answer);
	g_assert_false(book_is_arriving(guest->book, 2000));
	guest_begin(guest, NULL, NULL, 2010);
	cpu_time = 1;
	guest_begin(guest, NULL, NULL, 2020);
	answer_without_disks(guest, 2020, VIR_DOMAIN_PAUSED, TRUE);
	g_assert_false(book_is_arriving(guest->book, 2020));
	book_report(guest->book, 2021, "destroyed");
	assert_said("\"reason\":\"destroyed\"", TRUE);
	arriving_guest_free(guest);
}

/* That its QEMU is shut down does not say that it has come. */
static void test_end_of_arrival(void)
{
	Guest *guest = make_arriving_guest(2000);

	guest_begin(guest, NULL, NULL, 2000);
	answer_without_disks(guest, 2000, VIR_DOMAIN_PAUSED, TRUE);
	answer_without_disks(guest, 2001, VIR_DOMAIN_SHUTDOWN, FALSE);
	g_assert_true(book_is_arriving(guest->book, 2001));
	arriving_guest_free(guest);
}

int main(int argc, char **argv)
{
	hostler_log_open("test", HOSTLER_LOG_STDERR);
	g_test_init(&argc, &argv, NULL);
	g_test_add("/metrics-sampler/first-sample", Fixture, NULL, set_up, test_first_sample, tear_down);
	g_test_add("/metrics-sampler/unreachable", Fixture, NULL, set_up, test_unreachable, tear_down);
	g_test_add("/metrics-sampler/end", Fixture, NULL, set_up, test_end, tear_down);
	g_test_add("/metrics-sampler/end-meanwhile", Fixture, NULL, set_up, test_end_meanwhile, tear_down);
	g_test_add("/metrics-sampler/full-at-the-end", Fixture, NULL, set_up, test_full_at_the_end, tear_down);
	g_test_add("/metrics-sampler/vanished", Fixture, NULL, set_up, test_vanished, tear_down);
	g_test_add("/metrics-sampler/restarted", Fixture, NULL, set_up, test_restarted, tear_down);
	g_test_add("/metrics-sampler/old-peak", Fixture, NULL, set_up, test_old_peak, tear_down);
	g_test_add("/metrics-sampler/withdrawn", Fixture, NULL, set_up, test_withdrawn, tear_down);
	g_test_add("/metrics-sampler/held-alone", Fixture, NULL, set_up, test_held_alone, tear_down);
	g_test_add_func("/metrics-asker/company", test_company);
	g_test_add_func("/metrics-asker/slow-company", test_slow_company);
	g_test_add_func("/metrics-asker/beside-company", test_beside_company);
	g_test_add_func("/metrics-asker/late-company", test_late_company);
	g_test_add_func("/metrics-asker/last-thread", test_last_thread);
	g_test_add_func("/metrics-asker/no-room", test_no_room);
	g_test_add_func("/metrics-guest/grid", test_grid);
	g_test_add_func("/metrics-guest/other-interval", test_other_interval);
	g_test_add_func("/metrics-guest/patience", test_patience);
	g_test_add_func("/metrics-guest/still", test_still);
	g_test_add_func("/metrics-guest/unknown-cpu", test_unknown_cpu);
	g_test_add_func("/metrics-guest/stopped", test_stopped);
	g_test_add_func("/metrics-guest/no-disks", test_no_disks);
	g_test_add_func("/metrics-guest/late-sample", test_late_sample);
	g_test_add_func("/metrics-guest/hurry", test_hurry);
	g_test_add_func("/metrics-guest/silent-qemu", test_silent_qemu);
	g_test_add_func("/metrics-guest/held", test_held);
	g_test_add_func("/metrics-guest/empty", test_empty);
	g_test_add_func("/metrics-guest/arriving", test_arriving);
	g_test_add_func("/metrics-guest/due-arrival", test_due_arrival);
	g_test_add_func("/metrics-guest/silent-arrival", test_silent_arrival);
	g_test_add_func("/metrics-guest/held-arrival", test_held_arrival);
	g_test_add_func("/metrics-guest/leaving", test_leaving);
	g_test_add_func("/metrics-guest/moving-on", test_moving_on);
	g_test_add_func("/metrics-guest/end-of-arrival", test_end_of_arrival);
	return g_test_run();
}
