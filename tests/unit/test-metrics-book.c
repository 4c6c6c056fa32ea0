/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which lines one run of a VM gets, and what stands in them. */
#include <string.h>

#include "metrics-stay.h"
#include "plugins/metrics/inventory.h"
#include "qemu-helpers/metrics/book.h"
#include "qemu-helpers/metrics/line.h"
#include "qemu-helpers/metrics/recall.h"

typedef struct {
	GString *text;
	GPtrArray *lines; /* JsonNode */
	gboolean full;
} Paper;

static gboolean take_line(gpointer data, const char *file, const char *line)
{
	Paper *paper = data;
	JsonNode *node = line_parse(line, strlen(line));

	g_assert_cmpstr(file, ==, "web-" STAY_UUID ".jsonl");
	g_assert_nonnull(node);
	if (paper->full) {
		json_node_unref(node);
		return FALSE;
	}
	g_string_append(paper->text, line);
	g_ptr_array_add(paper->lines, node);
	return TRUE;
}

static void paper_open(Paper *paper)
{
	*paper = (Paper){ .text = g_string_new(NULL),
			  .lines = g_ptr_array_new_with_free_func((GDestroyNotify)json_node_unref) };
}

static void paper_clear(Paper *paper)
{
	g_string_free(paper->text, TRUE);
	g_ptr_array_unref(paper->lines);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Paper, paper_clear)

static JsonObject *line_at(const Paper *paper, guint index)
{
	g_assert_cmpuint(index, <, paper->lines->len);
	return json_node_get_object(g_ptr_array_index(paper->lines, index));
}

static JsonObject *device_at(JsonObject *line, const char *section, guint index)
{
	return json_array_get_object_element(json_object_get_array_member(line, section), index);
}

/* "start sample gap" */
static void assert_events(const Paper *paper, const char *expected)
{
	g_autoptr(GString) events = g_string_new(NULL);

	for (guint i = 0; i < paper->lines->len; i++)
		g_string_append_printf(events, "%s%s", i > 0 ? " " : "",
				       json_object_get_string_member(line_at(paper, i), "event"));
	g_assert_cmpstr(events->str, ==, expected);
}

static void assert_number(JsonObject *object, const char *name, double expected)
{
	double value = json_object_get_double_member(object, name);

	g_assert_true(json_object_has_member(object, name));
	g_assert_cmpfloat(value, >, expected - 1e-6);
	g_assert_cmpfloat(value, <, expected + 1e-6);
}

static Sample *make_sample(double at, guint64 bytes)
{
	Sample *sample = sample_new(STAY_UUID, at);
	Meter *disk = meter_new(&meter_disk, "vda", 0);
	Meter *nic = meter_new(&meter_nic, "vnet0", 0);

	disk->counts[0] = bytes;
	disk->counts[1] = bytes / 512;
	disk->counts[2] = bytes * 1000;
	disk->known = 7;
	nic->counts[0] = 2 * bytes;
	nic->known = 1;
	sample->known = SAMPLE_KNOWS_CPU;
	sample->cpu_nanoseconds = (guint64)(at * 1e8);
	g_ptr_array_add(sample->meters, disk);
	g_ptr_array_add(sample->meters, nic);
	return sample;
}

static Book *open_book(Paper *paper)
{
	paper_open(paper);
	return book_new(make_stay(STAY_UUID, "web", 10), take_line, paper);
}

static void test_start(void)
{
	g_auto(Paper) paper;
	g_autoptr(Book) book = open_book(&paper);
	JsonObject *line;

	book_begin(book);
	book_begin(book);
	assert_events(&paper, "start");
	line = line_at(&paper, 0);
	g_assert_cmpstr(json_object_get_string_member(line, "vm"), ==, "web");
	g_assert_cmpstr(json_object_get_string_member(line, "uuid"), ==, STAY_UUID);
	g_assert_cmpint(json_object_get_int_member(line, "interval_seconds"), ==, 10);
	g_assert_cmpstr(json_object_get_string_member(device_at(line, "disks", 0), "source"), ==, "/a b.img");
	g_assert_cmpstr(json_object_get_string_member(device_at(line, "disks", 0), "cache"), ==, "none");
	g_assert_cmpstr(json_object_get_string_member(device_at(line, "nics", 1), "unmeasured"), ==, "nobody counts it");
	g_assert_cmpstr(json_object_get_string_member(device_at(line, "devices", 0), "bdf"), ==, "0000:01:00.0");
}

static void test_samples(void)
{
	g_auto(Paper) paper;
	g_autoptr(Book) book = open_book(&paper);
	JsonObject *disk, *nic;

	book_sample(book, make_sample(STAY_BEGAN + 1, 512));
	book_sample(book, make_sample(STAY_BEGAN + 11, 1024));
	book_sample(book, make_sample(STAY_BEGAN + 26, 1024));
	assert_events(&paper, "start sample sample sample");
	g_assert_cmpint(json_object_get_int_member(line_at(&paper, 2), "number"), ==, 2);
	disk = device_at(line_at(&paper, 2), "disks", 0);
	nic = device_at(line_at(&paper, 2), "nics", 0);
	g_assert_cmpint(json_object_get_int_member(disk, "read_bytes"), ==, 1024);
	assert_number(disk, "read_seconds", 1024e-6);
	g_assert_false(json_object_has_member(disk, "write_bytes"));
	g_assert_cmpstr(json_object_get_string_member(disk, "source"), ==, "/a b.img");
	g_assert_cmpstr(json_object_get_string_member(nic, "mac"), ==, "52:54:00:00:00:01");
	g_assert_cmpstr(json_object_get_string_member(nic, "network"), ==, "default");
	g_assert_cmpstr(json_object_get_string_member(nic, "type"), ==, "network");
}

static void test_reset(void)
{
	g_auto(Paper) paper;
	g_autoptr(Book) book = open_book(&paper);

	book_sample(book, make_sample(STAY_BEGAN + 1, 5120));
	book_sample(book, make_sample(STAY_BEGAN + 11, 512));
	book_report(book, STAY_BEGAN + 12, "destroyed");
	g_assert_false(json_object_has_member(device_at(line_at(&paper, 1), "disks", 0), "reset"));
	g_assert_true(json_object_get_boolean_member(device_at(line_at(&paper, 2), "disks", 0), "reset"));
	g_assert_cmpint(json_object_get_int_member(device_at(line_at(&paper, 3), "disks", 0), "read_bytes"), ==, 5632);
}

static void test_gap(void)
{
	g_auto(Paper) paper;
	g_autoptr(Book) book = open_book(&paper);

	book_sample(book, make_sample(STAY_BEGAN + 1, 1));
	book_miss(book, "libvirt was away");
	book_sample(book, make_sample(STAY_BEGAN + 41, 2));
	book_sample(book, make_sample(STAY_BEGAN + 81, 3));
	assert_events(&paper, "start sample gap sample gap sample");
	assert_number(line_at(&paper, 2), "seconds", 40);
	g_assert_cmpstr(json_object_get_string_member(line_at(&paper, 2), "reason"), ==, "libvirt was away");
	g_assert_cmpstr(json_object_get_string_member(line_at(&paper, 4), "reason"), !=, "libvirt was away");
}

/* The kernel's figures go on while libvirt is away. */
static Sample *make_poor_sample(double at, const char *missing)
{
	Sample *sample = make_sample(at, 0);

	g_ptr_array_remove_index(sample->meters, 0);
	sample->missing = g_strdup(missing);
	return sample;
}

static void test_gap_of_disks(void)
{
	g_auto(Paper) paper;
	g_autoptr(Book) book = open_book(&paper);

	book_sample(book, make_sample(STAY_BEGAN + 1, 1));
	book_sample(book, make_poor_sample(STAY_BEGAN + 11, "libvirt is away"));
	book_sample(book, make_poor_sample(STAY_BEGAN + 21, "libvirt is still away"));
	book_sample(book, make_sample(STAY_BEGAN + 31, 2));
	book_sample(book, make_poor_sample(STAY_BEGAN + 41, "late"));
	book_sample(book, make_sample(STAY_BEGAN + 46, 2));
	assert_events(&paper, "start sample sample sample gap sample sample sample");
	g_assert_cmpstr(json_object_get_string_member(line_at(&paper, 2), "missing"), ==, "disks");
	g_assert_cmpstr(json_object_get_string_member(line_at(&paper, 2), "reason"), ==, "libvirt is away");
	g_assert_cmpuint(json_array_get_length(json_object_get_array_member(line_at(&paper, 2), "disks")), ==, 0);
	g_assert_cmpuint(json_array_get_length(json_object_get_array_member(line_at(&paper, 2), "nics")), ==, 1);
	assert_number(line_at(&paper, 4), "seconds", 30);
	g_assert_cmpstr(json_object_get_string_member(line_at(&paper, 4), "missing"), ==, "disks");
	g_assert_cmpstr(json_object_get_string_member(line_at(&paper, 4), "reason"), ==, "libvirt is away");
}

/* Nobody is left to ask when the VM ends. */
static void test_gap_to_the_end(void)
{
	g_auto(Paper) paper;
	g_autoptr(Book) book = open_book(&paper);

	book_sample(book, make_poor_sample(STAY_BEGAN + 1, "libvirt is away"));
	book_sample(book, make_poor_sample(STAY_BEGAN + 11, "libvirt is away"));
	book_sample(book, make_poor_sample(STAY_BEGAN + 21, "libvirt is away"));
	book_report(book, STAY_BEGAN + 22, "shutdown");
	assert_events(&paper, "start sample sample sample gap report");
	assert_number(line_at(&paper, 4), "seconds", 22);
	g_assert_cmpint(json_object_get_int_member(line_at(&paper, 5), "gaps"), ==, 0);
}

/* What is known why needs no allowance. */
static void test_short_gap(void)
{
	g_auto(Paper) paper;
	g_autoptr(Book) book = NULL;

	paper_open(&paper);
	book = book_new(make_stay(STAY_UUID, "web", 1), take_line, &paper);
	book_sample(book, make_sample(STAY_BEGAN + 1, 1));
	book_sample(book, make_sample(STAY_BEGAN + 3, 2));
	book_miss(book, "it was killed");
	book_sample(book, make_sample(STAY_BEGAN + 5, 3));
	assert_events(&paper, "start sample sample gap sample");
}

/* Nothing is missing when the interval has become shorter since the last sample. */
static void test_other_interval(void)
{
	g_auto(Paper) paper;
	g_autoptr(Book) book = open_book(&paper);

	book_sample(book, make_sample(STAY_BEGAN + 1, 0));
	book_update(book, make_stay(STAY_UUID, "web", 1));
	book_sample(book, make_sample(STAY_BEGAN + 9, 512));
	assert_events(&paper, "start sample sample");
	book_sample(book, make_sample(STAY_BEGAN + 17, 1024));
	assert_events(&paper, "start sample sample gap sample");
}

/* A VM that ran already when hostler came. */
static void test_late_beginning(void)
{
	g_auto(Paper) paper;
	g_autoptr(Book) book = open_book(&paper);

	book_begin(book);
	book_sample(book, make_sample(STAY_BEGAN + 3600, 1));
	assert_events(&paper, "start gap sample");
	assert_number(line_at(&paper, 1), "seconds", 3600);
}

static void test_stall(void)
{
	g_auto(Paper) paper;
	g_autoptr(Book) book = open_book(&paper);

	book_sample(book, make_sample(STAY_BEGAN + 1, 1));
	book_stall(book, STAY_BEGAN + 16, "QEMU is silent");
	book_stall(book, STAY_BEGAN + 26, "QEMU is silent");
	book_sample(book, make_sample(STAY_BEGAN + 101, 2));
	book_sample(book, make_sample(STAY_BEGAN + 111, 2));
	book_stall(book, STAY_BEGAN + 126, "QEMU is silent");
	book_report(book, STAY_BEGAN + 131, "crashed");
	assert_events(&paper, "start sample stall resume sample sample stall report");
	assert_number(line_at(&paper, 2), "seconds", 15);
	assert_number(line_at(&paper, 3), "seconds", 100);
	g_assert_cmpint(json_object_get_int_member(line_at(&paper, 7), "stalls"), ==, 2);
	assert_number(line_at(&paper, 7), "stalled_seconds", 120);
	g_assert_cmpint(json_object_get_int_member(line_at(&paper, 7), "gaps"), ==, 0);
}

/* A stalled VM's NICs are still counted. */
static void test_stall_with_samples(void)
{
	g_auto(Paper) paper;
	g_autoptr(Book) book = open_book(&paper);

	book_sample(book, make_sample(STAY_BEGAN + 1, 1));
	book_stall(book, STAY_BEGAN + 11, "QEMU is silent");
	book_sample(book, make_poor_sample(STAY_BEGAN + 11, "QEMU is silent"));
	book_stall(book, STAY_BEGAN + 21, "QEMU is silent");
	book_sample(book, make_poor_sample(STAY_BEGAN + 21, "QEMU is silent"));
	book_miss(book, "it was killed");
	book_sample(book, make_poor_sample(STAY_BEGAN + 61, "QEMU is silent"));
	book_sample(book, make_sample(STAY_BEGAN + 71, 2));
	assert_events(&paper, "start sample stall sample sample gap sample resume sample");
	assert_number(line_at(&paper, 2), "seconds", 10);
	assert_number(line_at(&paper, 5), "seconds", 40);
	assert_number(line_at(&paper, 7), "seconds", 70);
}

static void test_report(void)
{
	g_auto(Paper) paper;
	g_autoptr(Book) book = open_book(&paper);
	JsonObject *line, *disk;

	book_sample(book, make_sample(STAY_BEGAN + 1, 0));
	book_sample(book, make_sample(STAY_BEGAN + 11, 10240));
	book_sample(book, make_sample(STAY_BEGAN + 20, 20480));
	g_assert_true(book_report(book, STAY_BEGAN + 25, "-"));
	g_assert_true(book_report(book, STAY_BEGAN + 25, "-"));
	assert_events(&paper, "start sample sample sample report");
	line = line_at(&paper, 4);
	g_assert_cmpstr(json_object_get_string_member(line, "reason"), ==, "unknown");
	assert_number(line, "seconds", 25);
	assert_number(line, "unseen_seconds", 5);
	g_assert_cmpint(json_object_get_int_member(line, "samples"), ==, 3);
	disk = device_at(line, "disks", 0);
	g_assert_cmpstr(json_object_get_string_member(disk, "cache"), ==, "none");
	g_assert_cmpint(json_object_get_int_member(disk, "read_bytes"), ==, 20480);
	assert_number(json_object_get_object_member(disk, "mean_per_second"), "read_bytes", 1024);
	assert_number(json_object_get_object_member(disk, "peak_per_second"), "read_bytes", 10240.0 / 9);
	assert_number(json_object_get_object_member(disk, "mean_latency_seconds"), "read", 512e-6);
	g_assert_false(json_object_has_member(device_at(line, "nics", 0), "mean_latency_seconds"));
	g_assert_false(json_object_has_member(line, "previous"));
	g_assert_cmpstr(json_object_get_string_member(device_at(line, "unmeasured_nics", 0), "type"), ==, "user");
	g_assert_cmpuint(json_array_get_length(json_object_get_array_member(line, "unmeasured_disks")), ==, 0);
}

/* The peak was in the second of three steps, between the last but one sample and the one before. */
static void test_peak_time(void)
{
	g_auto(Paper) paper;
	g_autoptr(Book) book = open_book(&paper);
	gint64 begun = g_get_real_time();
	gint64 ago = (gint64)(sample_clock() - (STAY_BEGAN + 21)) * G_USEC_PER_SEC;
	JsonObject *times;
	gint64 when;

	book_sample(book, make_sample(STAY_BEGAN + 1, 0));
	book_sample(book, make_sample(STAY_BEGAN + 11, 512));
	book_sample(book, make_sample(STAY_BEGAN + 21, 51200));
	book_sample(book, make_sample(STAY_BEGAN + 31, 51200));
	book_report(book, STAY_BEGAN + 32, "shutdown");
	times = json_object_get_object_member(device_at(line_at(&paper, 5), "disks", 0), "peak_time");
	when = line_read_time(json_object_get_string_member(times, "read_bytes"));
	/* To the second: it is written in words. */
	g_assert_cmpint(when, >=, begun - ago - G_USEC_PER_SEC);
	g_assert_cmpint(when, <=, g_get_real_time() - ago + G_USEC_PER_SEC);
	g_assert_false(json_object_has_member(times, "read_seconds"));
	g_assert_false(json_object_has_member(times, "write_bytes"));
}

static Sample *make_host_sample(double at, guint64 guest, guint64 host)
{
	Sample *sample = make_sample(at, guest);

	sample->known |= SAMPLE_KNOWS_HOST_IO;
	sample->host_read_bytes = host;
	return sample;
}

static void test_cached_share(void)
{
	static const struct {
		guint64 guest;
		guint64 host;
		const char *server; /* of the disk */
		double share;
	} cases[] = {
		{ 100000000, 25000000, NULL, 0.75 }, { 100000000, 0, NULL, 1 },	  { 100000000, 300000000, NULL, 0 },
		{ 1000000, 0, NULL, -1 },	     { 100000000, 0, "nas", -1 },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(Paper) paper;
		g_autoptr(Book) book = open_book(&paper);

		if (cases[i].server != NULL)
			g_key_file_set_string(book->stay->body, "metrics-disk-0", "server", cases[i].server);
		book_sample(book, make_host_sample(STAY_BEGAN + 1, cases[i].guest, cases[i].host));
		book_report(book, STAY_BEGAN + 2, "shutdown");
		g_assert_cmpint(json_object_has_member(line_at(&paper, 2), "cached_share"), ==, cases[i].share >= 0);
		if (cases[i].share >= 0)
			assert_number(line_at(&paper, 2), "cached_share", cases[i].share);
	}
}

/* Four earlier runs are in the log, one of them twice; the last three are looked back on. */
static void test_previous(void)
{
	g_auto(Paper) paper;
	g_autoptr(Book) book = open_book(&paper);
	JsonArray *previous;
	JsonObject *first;

	for (int run = 1; run <= 4; run++) {
		g_autofree char *line = g_strdup_printf(
			"{\"event\":\"report\",\"run\":\"r%d\",\"seconds\":%d,\"disks\":[{\"target\":\"vda\",\"source\":\"/x\","
			"\"read_bytes\":7,\"mean_latency_seconds\":{\"read\":0.5}},8],\"nics\":9,\"previous\":[1]}\n", run, run);

		book_recall(book, line);
		if (run == 4)
			book_recall(book, line);
	}
	book_report(book, STAY_BEGAN + 2, "destroyed");
	previous = json_object_get_array_member(line_at(&paper, 1), "previous");
	g_assert_cmpuint(json_array_get_length(previous), ==, 3);
	first = json_array_get_object_element(previous, 0);
	g_assert_cmpstr(json_object_get_string_member(first, "run"), ==, "r2");
	g_assert_cmpuint(json_array_get_length(json_object_get_array_member(first, "disks")), ==, 1);
	g_assert_cmpint(json_object_get_int_member(device_at(first, "disks", 0), "read_bytes"), ==, 7);
	g_assert_false(json_object_has_member(device_at(first, "disks", 0), "source"));
	g_assert_false(json_object_has_member(first, "previous"));
}

/* Also of a VM that ended before it was ever seen. */
static void test_bare_report(void)
{
	g_auto(Paper) paper;
	g_autoptr(Book) book = open_book(&paper);

	book_report(book, STAY_BEGAN + 2, "failed");
	assert_events(&paper, "start report");
	g_assert_cmpstr(json_object_get_string_member(line_at(&paper, 1), "reason"), ==, "failed");
	assert_number(line_at(&paper, 1), "unseen_seconds", 2);
}

static void test_full_disk(void)
{
	g_auto(Paper) paper;
	g_autoptr(Book) book = open_book(&paper);

	paper.full = TRUE;
	book_begin(book);
	book_sample(book, make_sample(STAY_BEGAN + 1, 1));
	book_sample(book, make_sample(STAY_BEGAN + 11, 2));
	g_assert_false(book_report(book, STAY_BEGAN + 12, NULL));
	paper.full = FALSE;
	book_sample(book, make_sample(STAY_BEGAN + 31, 3));
	g_assert_true(book_report(book, STAY_BEGAN + 32, NULL));
	assert_events(&paper, "start gap sample report");
	g_assert_cmpstr(json_object_get_string_member(line_at(&paper, 1), "reason"), ==, "the log could not be written");
	g_assert_cmpint(json_object_get_int_member(line_at(&paper, 3), "samples"), ==, 3);
}

/* However many samples met the full disk: it was one gap, and no longer than it was. */
static void test_long_full(void)
{
	g_auto(Paper) paper;
	g_autoptr(Book) book = open_book(&paper);

	book_sample(book, make_sample(STAY_BEGAN + 1, 1));
	paper.full = TRUE;
	for (guint i = 1; i <= 10; i++)
		book_sample(book, make_sample(STAY_BEGAN + 1 + i * 20, 1 + i));
	paper.full = FALSE;
	book_sample(book, make_sample(STAY_BEGAN + 221, 12));
	g_assert_true(book_report(book, STAY_BEGAN + 222, NULL));
	assert_events(&paper, "start sample gap sample report");
	assert_number(line_at(&paper, 2), "seconds", 220);
	g_assert_cmpint(json_object_get_int_member(line_at(&paper, 4), "gaps"), ==, 1);
	assert_number(line_at(&paper, 4), "gap_seconds", 220);
}

/* Another hostler-metrics wrote the first lines. */
static void test_recall(void)
{
	g_auto(Paper) first_paper;
	g_auto(Paper) paper;
	g_autoptr(Book) first = open_book(&first_paper);
	g_autoptr(Book) book = open_book(&paper);

	book_sample(first, make_sample(STAY_BEGAN + 1, 0));
	book_sample(first, make_sample(STAY_BEGAN + 11, 102400));
	book_stall(first, STAY_BEGAN + 26, "QEMU is silent");
	g_string_append(first_paper.text, "not JSON\n{\"run\":\"another\",\"event\":\"report\"}\n[]\n{\"event\":7}\n");
	book_recall(book, first_paper.text->str);
	book_begin(book);
	book_sample(book, make_sample(STAY_BEGAN + 51, 102400));
	book_report(book, STAY_BEGAN + 52, "shutdown");
	assert_events(&paper, "resume sample report");
	assert_number(line_at(&paper, 0), "seconds", 40);
	g_assert_cmpint(json_object_get_int_member(line_at(&paper, 1), "number"), ==, 3);
	assert_number(json_object_get_object_member(device_at(line_at(&paper, 2), "disks", 0), "peak_per_second"),
		      "read_bytes", 10240);
	g_assert_cmpint(json_object_get_int_member(line_at(&paper, 2), "stalls"), ==, 1);
}

/* --- a VM that migrates to this host --- */

static Book *open_arriving(Paper *paper)
{
	HostlerRecord *stay = make_stay(STAY_UUID, "web", 10);

	paper_open(paper);
	g_key_file_set_boolean(stay->body, METRICS_GROUP, METRICS_ARRIVING, TRUE);
	return book_new(stay, take_line, paper);
}

static Sample *make_arriving_sample(double at)
{
	Sample *sample = make_poor_sample(at, "the VM is still arriving");

	sample->arriving = TRUE;
	return sample;
}

/* It has done nothing here that anybody could have missed. */
static void test_arriving(void)
{
	g_auto(Paper) paper;
	g_autoptr(Book) book = open_arriving(&paper);

	g_assert_true(book_is_arriving(book, STAY_BEGAN + 1));
	g_assert_false(book_is_arriving(book, STAY_BEGAN + 60));
	for (guint i = 0; i < 9; i++)
		book_sample(book, make_arriving_sample(STAY_BEGAN + 1 + 10 * i));
	book_sample(book, make_sample(STAY_BEGAN + 91, 1));
	assert_events(&paper, "start sample sample sample sample sample sample sample sample sample sample");
	g_assert_true(json_object_get_boolean_member(line_at(&paper, 9), "arriving"));
	g_assert_cmpstr(json_object_get_string_member(line_at(&paper, 9), "missing"), ==, "disks");
	g_assert_false(json_object_has_member(line_at(&paper, 10), "arriving"));
}

/* Of which libvirt was last heard `heard` seconds before its end that it was arriving; < 0: it has arrived. */
static const struct {
	const char *name, *reason;
	double heard;
	gboolean never_ran; /* the hook says so */
	const char *expected;
} ends[] = {
	{ "hook-knows", "crashed", -1, TRUE, "migration failed" },
	{ "moved-on-later", "migrated", -1, TRUE, "migrated" },
	{ "crashed-just-arrived", "crashed", 1, FALSE, "crashed" },
	{ "source-lost", "destroyed", 1, FALSE, "migration failed" },
	{ "no-hook", NULL, 1, FALSE, "migration failed" },
	{ "no-reason", "-", 1, FALSE, "migration failed" },
	{ "long-ago", "destroyed", 60, FALSE, "destroyed" },
	{ "arrived", "destroyed", -1, FALSE, "destroyed" },
	{ "arrived-no-hook", NULL, -1, FALSE, "unknown" },
	{ "moved-on", "migrated", 1, FALSE, "migrated" },
};

static void test_end_of_arriving(gconstpointer data)
{
	gsize i = GPOINTER_TO_SIZE(data);
	double end = STAY_BEGAN + 100;
	g_auto(Paper) paper;
	g_autoptr(Book) book = open_arriving(&paper);

	if (ends[i].never_ran)
		g_key_file_set_boolean(book->stay->body, METRICS_GROUP, METRICS_NEVER_RAN, TRUE);
	book_hear(book, end - ends[i].heard, ends[i].heard >= 0);
	book_report(book, end, ends[i].reason);
	g_assert_cmpstr(json_object_get_string_member(line_at(&paper, 1), "reason"), ==, ends[i].expected);
}

/* Whatever the hook and libvirt take it for at its end, it has read and written here. */
static void test_ran_here(void)
{
	g_auto(Paper) paper;
	g_autoptr(Book) book = open_arriving(&paper);

	book_sample(book, make_arriving_sample(STAY_BEGAN + 1));
	book_sample(book, make_sample(STAY_BEGAN + 11, 1));
	g_key_file_set_boolean(book->stay->body, METRICS_GROUP, METRICS_NEVER_RAN, TRUE);
	book_hear(book, STAY_BEGAN + 20, TRUE);
	book_report(book, STAY_BEGAN + 21, "destroyed");
	g_assert_cmpstr(json_object_get_string_member(line_at(&paper, 3), "reason"), ==, "destroyed");
}

/* The last sample says whether it had arrived when somebody else kept the book. */
static void test_recall_arriving(void)
{
	g_auto(Paper) first_paper;
	g_auto(Paper) paper;
	g_autoptr(Book) first = open_book(&first_paper);
	g_autoptr(Book) book = open_arriving(&paper);

	book_sample(first, make_arriving_sample(STAY_BEGAN + 101));
	book_recall(book, first_paper.text->str);
	g_assert_true(book_is_arriving(book, STAY_BEGAN + 102));
	g_assert_null(book->without);
	book_sample(first, make_sample(STAY_BEGAN + 111, 1));
	book_recall(book, first_paper.text->str);
	g_assert_false(book_is_arriving(book, STAY_BEGAN + 112));
}

/* A hook that looked again says that it is here; that of one that ended is not asked. */
static void test_arrived_by_hook(void)
{
	g_auto(Paper) paper;
	g_autoptr(Book) book = open_arriving(&paper);

	book_update(book, make_stay(STAY_UUID, "web", 10));
	g_assert_false(book_is_arriving(book, STAY_BEGAN + 1));
}

/* What a long log told of peaks is read when the run ends, and not before. */
static void test_recall_peaks(void)
{
	g_auto(Paper) first_paper;
	g_auto(Paper) paper;
	g_autoptr(Book) first = open_book(&first_paper);
	g_autoptr(Book) book = open_book(&paper);
	g_autofree char *all = NULL;
	JsonObject *peak;

	book_sample(first, make_sample(STAY_BEGAN + 1, 0));
	book_sample(first, make_sample(STAY_BEGAN + 11, 102400));
	all = g_strdup(first_paper.text->str);
	g_string_truncate(first_paper.text, 0);
	book_sample(first, make_sample(STAY_BEGAN + 21, 102410));
	book_recall(book, first_paper.text->str);
	g_assert_true(book->recalled);
	book_sample(book, make_sample(STAY_BEGAN + 31, 102430));
	book_recall_peaks(book, all);
	book_report(book, STAY_BEGAN + 32, "shutdown");
	assert_events(&paper, "sample report");
	peak = json_object_get_object_member(device_at(line_at(&paper, 1), "disks", 0), "peak_per_second");
	assert_number(peak, "read_bytes", 10240);
	g_assert_cmpint(json_object_get_int_member(line_at(&paper, 1), "samples"), ==, 4);
	g_assert_cmpint(json_object_get_int_member(device_at(line_at(&paper, 1), "disks", 0), "read_bytes"), ==, 102430);
}

/* A disk that was unplugged before is in no sample since, and in the report all the same. */
static void test_recall_unplugged(void)
{
	g_auto(Paper) first_paper;
	g_auto(Paper) paper;
	g_autoptr(Book) first = open_book(&first_paper);
	g_autoptr(Book) book = open_book(&paper);
	g_autofree char *all = NULL;
	JsonObject *report;

	book_sample(first, make_sample(STAY_BEGAN + 1, 512));
	all = g_strdup(first_paper.text->str);
	g_string_truncate(first_paper.text, 0);
	book_sample(first, make_poor_sample(STAY_BEGAN + 11, "libvirt is away"));
	book_recall(book, first_paper.text->str);
	book_recall_peaks(book, all);
	book_report(book, STAY_BEGAN + 12, "shutdown");
	report = line_at(&paper, paper.lines->len - 1);
	g_assert_cmpint(json_object_get_int_member(device_at(report, "disks", 0), "read_bytes"), ==, 512);
}

/* Killed between the report and the removal of the record. */
static void test_recall_report(void)
{
	g_auto(Paper) first_paper;
	g_auto(Paper) paper;
	g_autoptr(Book) first = open_book(&first_paper);
	g_autoptr(Book) book = open_book(&paper);

	book_report(first, STAY_BEGAN + 9, "shutdown");
	book_recall(book, first_paper.text->str);
	g_assert_true(book_report(book, STAY_BEGAN + 9, "shutdown"));
	assert_events(&paper, "");
}

static void test_runs(void)
{
	g_auto(Paper) paper;
	g_autoptr(Book) book = open_book(&paper);
	HostlerRecord *again = make_stay(STAY_UUID, "web", 20);
	g_autoptr(HostlerRecord) next = make_stay(STAY_UUID, "web", 20);

	next->qemu.start++;
	g_assert_true(book_is_of(book, again));
	g_assert_false(book_is_of(book, next));
	book_update(book, again);
	g_assert_cmpuint(book->interval, ==, 20);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/metrics-book/start", test_start);
	g_test_add_func("/metrics-book/samples", test_samples);
	g_test_add_func("/metrics-book/reset", test_reset);
	g_test_add_func("/metrics-book/gap", test_gap);
	g_test_add_func("/metrics-book/other-interval", test_other_interval);
	g_test_add_func("/metrics-book/late-beginning", test_late_beginning);
	g_test_add_func("/metrics-book/gap-of-disks", test_gap_of_disks);
	g_test_add_func("/metrics-book/gap-to-the-end", test_gap_to_the_end);
	g_test_add_func("/metrics-book/short-gap", test_short_gap);
	g_test_add_func("/metrics-book/stall", test_stall);
	g_test_add_func("/metrics-book/stall-with-samples", test_stall_with_samples);
	g_test_add_func("/metrics-book/report", test_report);
	g_test_add_func("/metrics-book/peak-time", test_peak_time);
	g_test_add_func("/metrics-book/cached-share", test_cached_share);
	g_test_add_func("/metrics-book/previous", test_previous);
	g_test_add_func("/metrics-book/bare-report", test_bare_report);
	g_test_add_func("/metrics-book/full-disk", test_full_disk);
	g_test_add_func("/metrics-book/long-full", test_long_full);
	g_test_add_func("/metrics-book/recall", test_recall);
	g_test_add_func("/metrics-book/arriving", test_arriving);
	g_test_add_func("/metrics-book/ran-here", test_ran_here);
	g_test_add_func("/metrics-book/recall-arriving", test_recall_arriving);
	g_test_add_func("/metrics-book/arrived-by-hook", test_arrived_by_hook);
	for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
		g_autofree char *path = g_strconcat("/metrics-book/end-of-arriving/", ends[i].name, NULL);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_end_of_arriving);
	}
	g_test_add_func("/metrics-book/recall-peaks", test_recall_peaks);
	g_test_add_func("/metrics-book/recall-unplugged", test_recall_unplugged);
	g_test_add_func("/metrics-book/recall-report", test_recall_report);
	g_test_add_func("/metrics-book/runs", test_runs);
	return g_test_run();
}
