/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which VMs are asked for, and what follows when libvirt is late: with a source
 * that says what the test wants. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "hostler/log.h"
#include "metrics-stay.h"
#include "qemu-helpers/metrics/guest.h"
#include "qemu-helpers/metrics/sampler.h"
#include "qemu-helpers/metrics/source.h"

#define UUID_A "6f30cf5b-0000-4000-8000-00000000000a"
#define UUID_B "6f30cf5b-0000-4000-8000-00000000000b"
#define UUID_C "6f30cf5b-0000-4000-8000-00000000000c"

/* --- the source, in the place of the one that asks libvirt --- */

struct _Source {
	const SourceEvents *events;
	gpointer data;
	gboolean busy;
	char *asked; /* "ab": the last characters of the UUIDs, sorted */
	guint questions;
};

static Source *last_source;

Source *source_new(const char *uri, const SourceEvents *events, gpointer data)
{
	last_source = g_new0(Source, 1);
	last_source->events = events;
	last_source->data = data;
	last_source->asked = g_strdup("");
	return last_source;
}

void source_free(Source *source)
{
	g_free(source->asked);
	g_free(source);
}

gboolean source_is_busy(const Source *source)
{
	return source->busy;
}

void source_ask(Source *source, GPtrArray *uuids, guint within_milliseconds)
{
	g_autoptr(GString) asked = g_string_new(NULL);

	for (char c = '0'; c <= 'f'; c++) {
		for (guint i = 0; i < uuids->len; i++) {
			const char *uuid = g_ptr_array_index(uuids, i);

			if (uuid[strlen(uuid) - 1] == c)
				g_string_append_c(asked, c);
		}
	}
	g_assert_false(source->busy);
	g_assert_cmpuint(within_milliseconds, >=, 1000);
	g_assert_cmpuint(within_milliseconds, <=, 5000);
	g_free(source->asked);
	source->asked = g_strdup(asked->str);
	source->busy = TRUE;
	source->questions++;
}

static void answer(const char *uuids[], gsize n, gboolean with_qemu)
{
	g_autoptr(GPtrArray) samples = g_ptr_array_new_with_free_func((GDestroyNotify)sample_free);

	for (gsize i = 0; i < n; i++) {
		Sample *sample = sample_new(uuids[i], sample_clock());

		sample->answered = with_qemu;
		g_ptr_array_add(samples, sample);
	}
	last_source->busy = FALSE;
	last_source->events->answered(last_source->data, samples, NULL);
}

static void fail(const char *message)
{
	g_autoptr(GError) error = g_error_new(HOSTLER_ERROR, HOSTLER_ERROR_METRICS, "%s", message);

	last_source->busy = FALSE;
	last_source->events->answered(last_source->data, NULL, error);
}

static void be_late(guint thread)
{
	last_source->busy = thread == 0;
	last_source->events->late(last_source->data, thread);
}

static void assert_asked(const char *expected, guint questions)
{
	g_assert_cmpstr(last_source->asked, ==, expected);
	g_assert_cmpuint(last_source->questions, ==, questions);
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
	fixture->sampler = sampler_new(fixture->log, "test:///");
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
	assert_asked("a", 1);
	g_assert_cmpuint(count(fixture, "a", UUID_A, "start"), ==, 1);
	answer((const char *[]){ UUID_A }, 1, TRUE);
	g_assert_cmpuint(count(fixture, "a", UUID_A, "sample"), ==, 1);
	g_assert_false(last_source->busy);
	enter(fixture, UUID_A, "a");
	assert_asked("a", 1);
}

/* No stall: there is nobody to be silent. */
static void test_unreachable(Fixture *fixture, gconstpointer data)
{
	enter(fixture, UUID_A, "a");
	fail("connection refused");
	assert_asked("a", 1);
	g_assert_cmpuint(count(fixture, "a", UUID_A, "stall"), ==, 0);
	g_assert_cmpuint(count(fixture, "a", UUID_A, "start"), ==, 1);
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

/* While the question is out the VM ends: its answer is nobody's any more. */
static void test_end_meanwhile(Fixture *fixture, gconstpointer data)
{
	enter(fixture, UUID_A, "a");
	sampler_leave(fixture->sampler, make_ended(UUID_A, "a"));
	answer((const char *[]){ UUID_A }, 1, TRUE);
	g_assert_cmpuint(count(fixture, "a", UUID_A, "sample"), ==, 0);
	g_assert_cmpuint(count(fixture, "a", UUID_A, "report"), ==, 1);
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

/* Asked for alone and not answered: it waits for the thread that it holds. */
static void test_held_alone(Fixture *fixture, gconstpointer data)
{
	enter(fixture, UUID_A, "a");
	be_late(7);
	g_assert_cmpuint(count(fixture, "a", UUID_A, "stall"), ==, 1);
	assert_asked("a", 1);
	last_source->events->returned(last_source->data, 6);
	enter(fixture, UUID_B, "b");
	assert_asked("b", 2);
}

/* Two are asked for and nobody comes back. Then each alone: one of them answers. */
static void test_one_by_one(Fixture *fixture, gconstpointer data)
{
	const char *innocent, *culprit;

	enter(fixture, UUID_A, "a");
	enter(fixture, UUID_B, "x");
	enter(fixture, UUID_C, "x");
	answer((const char *[]){ UUID_A }, 1, TRUE);
	assert_asked("bc", 2);
	be_late(7);
	g_assert_cmpuint(strlen(last_source->asked), ==, 1);
	innocent = *last_source->asked == 'b' ? UUID_B : UUID_C;
	culprit = *last_source->asked == 'b' ? UUID_C : UUID_B;
	answer(&innocent, 1, TRUE);
	g_assert_cmpuint(strlen(last_source->asked), ==, 1);
	g_assert_cmpint(*last_source->asked, ==, culprit[strlen(culprit) - 1]);
	be_late(8);
	g_assert_cmpuint(last_source->questions, ==, 4);
	g_assert_cmpuint(count(fixture, "x", innocent, "stall"), ==, 0);
	g_assert_cmpuint(count(fixture, "x", innocent, "sample"), ==, 1);
	g_assert_cmpuint(count(fixture, "x", culprit, "stall"), ==, 1);
}

static void test_silence_of_libvirt(Fixture *fixture, gconstpointer data)
{
	enter(fixture, UUID_A, "a");
	be_late(0);
	be_late(0);
	g_assert_cmpuint(count(fixture, "a", UUID_A, "stall"), ==, 1);
	enter(fixture, UUID_B, "b");
	g_assert_cmpuint(count(fixture, "b", UUID_B, "stall"), ==, 1);
	answer((const char *[]){ UUID_A }, 1, TRUE);
	g_assert_cmpuint(count(fixture, "a", UUID_A, "resume"), ==, 1);
	g_assert_cmpuint(count(fixture, "a", UUID_A, "sample"), ==, 1);
	assert_asked("b", 2);
}

/* --- one guest --- */

static gboolean swallow(gpointer data, const char *file, const char *line)
{
	return TRUE;
}

static Guest *make_guest(guint interval, double now)
{
	return guest_new(book_new(make_stay(STAY_UUID, "web", interval), swallow, NULL), now);
}

/* All of one interval meet, and never in less than half of it. */
static void test_grid(void)
{
	static const struct {
		guint interval;
		double now, due;
	} cases[] = {
		{ 10, 2000.0, 2010 }, { 10, 2000.1, 2010 }, { 10, 2004.9, 2010 }, { 10, 2005.1, 2020 },
		{ 10, 2009.9, 2020 }, { 1, 2000.02, 2001 }, { 1, 2000.7, 2002 },  { 7, 2002.0, 2009 },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		Guest *guest = make_guest(cases[i].interval, cases[i].now);
		Sample *sample = sample_new(STAY_UUID, cases[i].now);

		g_assert_true(guest_is_due(guest, cases[i].now));
		sample->answered = TRUE;
		guest_take(guest, sample, cases[i].now);
		g_assert_cmpfloat(fabs(guest->due - cases[i].due), <, 1e-9);
		guest_free(guest);
	}
}

static void test_patience(void)
{
	static const struct {
		guint interval;
		double seconds;
	} cases[] = { { 1, 1 }, { 2, 1 }, { 6, 3 }, { 10, 5 }, { 3600, 5 } };

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		Guest *guest = make_guest(cases[i].interval, 2000);

		g_assert_cmpfloat(fabs(guest_patience(guest) - cases[i].seconds), <, 1e-9);
		guest_free(guest);
	}
}

/* Somebody else's command is no stall; a QEMU that stays silent is. */
static void test_silent_qemu(void)
{
	Guest *guest = make_guest(10, 2000);

	guest->asked = TRUE;
	guest->named = TRUE;
	guest->since = 2000;
	guest_go_without(guest, 2001);
	g_assert_cmpfloat(guest->book->stalled_at, <=, 0);
	g_assert_cmpfloat(guest->due, <, 2001.5);
	guest->asked = TRUE;
	guest_go_without(guest, 2005.5);
	g_assert_cmpfloat(guest->book->stalled_at, >, 0);
	g_assert_cmpfloat(guest->due, >=, 2010);
	/* From now on it is asked once in an interval. */
	guest->asked = TRUE;
	guest->since = 2010;
	guest_go_without(guest, 2010.1);
	g_assert_cmpfloat(guest->due, >=, 2020);
	guest_free(guest);
}

static void test_held(void)
{
	Guest *guest = make_guest(10, 2000);

	guest_hold(guest, 3, 2001);
	g_assert_false(guest_is_due(guest, 2100));
	g_assert_cmpuint(guest->book->stalls, ==, 1);
	guest->held_by = 0;
	g_assert_true(guest_is_due(guest, 2100));
	guest_rest(guest);
	g_assert_false(guest_is_due(guest, 1e12));
	guest_free(guest);
}

int main(int argc, char **argv)
{
	hostler_log_open("test", HOSTLER_LOG_STDERR);
	g_test_init(&argc, &argv, NULL);
	g_test_add("/metrics-sampler/first-sample", Fixture, NULL, set_up, test_first_sample, tear_down);
	g_test_add("/metrics-sampler/unreachable", Fixture, NULL, set_up, test_unreachable, tear_down);
	g_test_add("/metrics-sampler/end", Fixture, NULL, set_up, test_end, tear_down);
	g_test_add("/metrics-sampler/end-meanwhile", Fixture, NULL, set_up, test_end_meanwhile, tear_down);
	g_test_add("/metrics-sampler/vanished", Fixture, NULL, set_up, test_vanished, tear_down);
	g_test_add("/metrics-sampler/held-alone", Fixture, NULL, set_up, test_held_alone, tear_down);
	g_test_add("/metrics-sampler/one-by-one", Fixture, NULL, set_up, test_one_by_one, tear_down);
	g_test_add("/metrics-sampler/silence-of-libvirt", Fixture, NULL, set_up, test_silence_of_libvirt, tear_down);
	g_test_add_func("/metrics-guest/grid", test_grid);
	g_test_add_func("/metrics-guest/patience", test_patience);
	g_test_add_func("/metrics-guest/silent-qemu", test_silent_qemu);
	g_test_add_func("/metrics-guest/held", test_held);
	return g_test_run();
}
