/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `hostler report`: what it makes of logs, of good ones and of others. */
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "hostler/text.h"
#include "qemu-helpers/hostler/report.h"
#include "qemu-helpers/hostler/run-log.h"

#define UUID "6f30cf5b-0000-4000-8000-00000000000"
#define EVIL "=x\"$(y)\t\xe2\x80\xae'\\%s"

typedef struct {
	char *folder;
	Paper paper;
	char *text;
	size_t length;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	fixture->folder = g_dir_make_tmp("hostler-test-XXXXXX", &error);
	g_assert_no_error(error);
}

static void remove_logs(const Fixture *fixture)
{
	g_autoptr(GDir) dir = g_dir_open(fixture->folder, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_build_filename(fixture->folder, name, NULL);

		g_unlink(path);
	}
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	remove_logs(fixture);
	g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
	g_free(fixture->folder);
	free(fixture->text);
}

/* --- logs --- */

typedef struct {
	const char *name;
	int number;
	const char *storage; /* kind; "" : not known */
	const char *cache;
	guint64 rate;           /* bytes a second, read; half of it written */
	const char *nic;        /* members of the NIC's labels */
} Made;

static const Made made[] = {
	{ "tmpfs", 0, "tmpfs", "writeback", 800000000, "\"type\":\"network\",\"network\":\"default\",\"network_kind\":\"nat\"" },
	{ "ext4", 1, "ext4 on loop", "none", 300000000, "\"type\":\"bridge\",\"bridge\":\"br0\"" },
	{ "ext4-cached", 2, "ext4 on loop", "writeback", 500000000, "\"type\":\"direct\",\"network_kind\":\"macvtap bridge\"" },
	{ "mirror", 3, "ext4 on md raid1 on loop", "none", 200000000, "\"type\":\"network\",\"network_kind\":\"isolated\"" },
	{ "mirror-cached", 4, "ext4 on md raid1 on loop", "writeback", 400000000, "\"type\":\"user\"" },
	{ "parity", 5, "ext4 on md raid5 on loop", "none", 100000000, "\"type\":\"network\",\"network_kind\":\"route\"" },
	{ EVIL, 6, "ext4 on md raid5 on loop", "writeback", 250000000, "\"type\":\"network\",\"network\":\"old\"" },
};

static void append_head(GString *log, const char *event, const Made *vm, const char *run, guint seconds)
{
	g_autoptr(JsonNode) name = json_node_init_string(json_node_alloc(), vm->name);
	g_autofree char *quoted = json_to_string(name, FALSE);

	g_string_append_printf(log,
			       "{\"time\":\"2026-11-23T05:%02u:%02u.000000Z\",\"event\":\"%s\",\"vm\":%s,\"uuid\":\"" UUID "%d\","
			       "\"run\":\"%s\"",
			       seconds / 60, seconds % 60, event, quoted, vm->number, run);
}

static void append_start(GString *log, const Made *vm, const char *run)
{
	append_head(log, "start", vm, run, 0);
	g_string_append_printf(log,
			       ",\"interval_seconds\":10,\"disks\":[{\"target\":\"vda\",\"storage_kind\":\"%s\",\"cache\":\"%s\"}],"
			       "\"nics\":[{\"mac\":\"52:54:00:00:00:0%d\",\"target\":\"vnet%d\",%s}]}\n",
			       vm->storage, vm->cache, vm->number, vm->number, vm->nic);
}

/* QEMU started at 10 s of the boot's clock, as the run's name says. */
static void append_sample(GString *log, const Made *vm, const char *run, guint n)
{
	guint64 bytes = vm->rate * 10 * n;

	append_head(log, "sample", vm, run, n * 10);
	g_string_append_printf(log,
			       ",\"boot_seconds\":%u.0,\"disks\":[{\"target\":\"vda\",\"read_bytes\":%" G_GUINT64_FORMAT
			       ",\"read_ops\":%u,\"read_seconds\":%u.0,\"write_bytes\":%" G_GUINT64_FORMAT "}],"
			       "\"nics\":[{\"target\":\"vnet%d\",\"rx_bytes\":%u,\"tx_bytes\":%u}]}\n",
			       10 + n * 10, bytes, n * 1000, n, bytes / 2, vm->number, n * 20000, n * 10000);
}

static void append_absences(GString *log, const Made *vm, const char *run)
{
	append_head(log, "gap", vm, run, 21);
	g_string_append(log, ",\"seconds\":5}\n");
	append_head(log, "gap", vm, run, 22);
	g_string_append(log, ",\"seconds\":50,\"missing\":\"disks\"}\n");
	append_head(log, "stall", vm, run, 23);
	g_string_append(log, ",\"seconds\":3}\n");
	append_head(log, "resume", vm, run, 24);
	g_string_append(log, ",\"seconds\":7}\n");
}

static char *path_of(const Fixture *fixture, const Made *vm, const char *suffix)
{
	g_autofree char *name = hostler_text_file_name(vm->name, 180);
	g_autofree char *file = g_strdup_printf("%s-" UUID "%d.jsonl%s", name, vm->number, suffix);

	return g_build_filename(fixture->folder, file, NULL);
}

static void store(const Fixture *fixture, const Made *vm, const char *suffix, const GString *log)
{
	g_autofree char *path = path_of(fixture, vm, suffix);

	g_assert_true(g_file_set_contents(path, log->str, (gssize)log->len, NULL));
}

static void make_log(const Fixture *fixture, const Made *vm)
{
	g_autoptr(GString) log = g_string_new(NULL);

	append_start(log, vm, "4512c133-77-1000");
	for (guint n = 1; n <= 6; n++)
		append_sample(log, vm, "4512c133-77-1000", n);
	store(fixture, vm, "", log);
}

static void make_logs(const Fixture *fixture)
{
	for (gsize i = 0; i < G_N_ELEMENTS(made); i++)
		make_log(fixture, &made[i]);
}

static const char *print(Fixture *fixture, const char *vm, ReportForm form, GError **error)
{
	gboolean printed;

	g_clear_pointer(&fixture->text, free);
	fixture->paper.out = open_memstream(&fixture->text, &fixture->length);
	printed = report_print(&fixture->paper, fixture->folder, vm, form, error);
	fclose(fixture->paper.out);
	return printed ? fixture->text : NULL;
}

static void assert_line(const char *text, const char *line)
{
	g_autofree char *whole = g_strconcat("\n", text, NULL);
	g_autofree char *wanted = g_strconcat("\n", line, "\n", NULL);

	if (strstr(whole, wanted) == NULL)
		g_error("no line '%s' in:\n%s", line, text);
}

/* --- the tables --- */

static void test_kinds(Fixture *fixture, gconstpointer data)
{
	static const char *const lines[] = {
		"storage\tKIND\tCACHE\tDISKS\tRUNS\tREAD/s\t(PEAK)\tWRITE/s\t(PEAK)\tOPS/s\t(PEAK)\tREAD LAT\tWRITE LAT\tFLUSH LAT",
		"storage\text4 on loop\tnone\t1\t1\t300 MB\t300 MB\t150 MB\t150 MB\t100\t100\t1 ms\t-\t-",
		"storage\text4 on loop\twriteback\t1\t1\t500 MB\t500 MB\t250 MB\t250 MB\t100\t100\t1 ms\t-\t-",
		"storage\text4 on md raid1 on loop\tnone\t1\t1\t200 MB\t200 MB\t100 MB\t100 MB\t100\t100\t1 ms\t-\t-",
		"storage\text4 on md raid1 on loop\twriteback\t1\t1\t400 MB\t400 MB\t200 MB\t200 MB\t100\t100\t1 ms\t-\t-",
		"storage\text4 on md raid5 on loop\tnone\t1\t1\t100 MB\t100 MB\t50 MB\t50 MB\t100\t100\t1 ms\t-\t-",
		"storage\text4 on md raid5 on loop\twriteback\t1\t1\t250 MB\t250 MB\t125 MB\t125 MB\t100\t100\t1 ms\t-\t-",
		"storage\ttmpfs\twriteback\t1\t1\t800 MB\t800 MB\t400 MB\t400 MB\t100\t100\t1 ms\t-\t-",
		"network\tnat\t1\t1\t2 kB\t2 kB\t1 kB\t1 kB\t0\t0\t0\t-\t-",
		"network\tbridge\t1\t1\t2 kB\t2 kB\t1 kB\t1 kB\t0\t0\t0\t-\t-",
		"network\tisolated\t1\t1\t2 kB\t2 kB\t1 kB\t1 kB\t0\t0\t0\t-\t-",
		"network\tmacvtap bridge\t1\t1\t2 kB\t2 kB\t1 kB\t1 kB\t0\t0\t0\t-\t-",
		"network\tnetwork\t1\t1\t2 kB\t2 kB\t1 kB\t1 kB\t0\t0\t0\t-\t-",
		"network\troute\t1\t1\t2 kB\t2 kB\t1 kB\t1 kB\t0\t0\t0\t-\t-",
		"network\tuser\t1\t1\t2 kB\t2 kB\t1 kB\t1 kB\t0\t0\t0\t-\t-",
	};
	const char *text;

	make_logs(fixture);
	text = print(fixture, NULL, REPORT_WORDS, NULL);
	g_assert_nonnull(text);
	for (gsize i = 0; i < G_N_ELEMENTS(lines); i++)
		assert_line(text, lines[i]);
}

static void test_terminal(Fixture *fixture, gconstpointer data)
{
	make_log(fixture, &made[3]);
	fixture->paper.terminal = TRUE;
	assert_line(print(fixture, NULL, REPORT_WORDS, NULL),
		    "ext4 on md raid1 on loop  none       1     1  200 MB  200 MB   100 MB  100 MB    100     100      1 ms"
		    "          -          -");
}

static void test_json(Fixture *fixture, gconstpointer data)
{
	g_autoptr(JsonParser) parser = json_parser_new();
	JsonObject *root, *row;

	make_logs(fixture);
	g_assert_true(json_parser_load_from_data(parser, print(fixture, EVIL, REPORT_JSON, NULL), -1, NULL));
	g_assert_true(g_str_is_ascii(fixture->text));
	root = json_node_get_object(json_parser_get_root(parser));
	g_assert_cmpuint(json_array_get_length(json_object_get_array_member(root, "storage")), ==, 7);
	row = json_array_get_object_element(json_object_get_array_member(root, "storage"), 6);
	g_assert_cmpstr(json_object_get_string_member(row, "storage_kind"), ==, "tmpfs");
	g_assert_cmpint(json_object_get_int_member(row, "read_bytes"), ==, 48000000000);
	g_assert_cmpfloat(fabs(json_object_get_double_member(row, "read_latency_seconds") - 0.001), <, 1e-9);
	row = json_array_get_object_element(json_object_get_array_member(root, "runs"), 0);
	g_assert_cmpstr(json_object_get_string_member(row, "vm"), ==, EVIL);
	g_assert_cmpint(json_object_get_int_member(row, "seconds"), ==, 60);
}

static void test_csv(Fixture *fixture, gconstpointer data)
{
	make_logs(fixture);
	assert_line(print(fixture, NULL, REPORT_CSV, NULL), "storage,tmpfs,writeback,read_bytes_per_second,800000000");
	assert_line(fixture->text, "network,nat,,rx_bytes,120000");
	assert_line(print(fixture, EVIL, REPORT_CSV, NULL), "time,vm,run,kind,device,metric,value");
	assert_line(fixture->text, "2026-11-23T05:00:10.000000Z,\"'=x\"\"$(y)\\x09\\u{202E}'\\%s\",4512c133-77-1000,disk,vda,"
				   "read_seconds,1");
}

/* --- one VM --- */

static void test_run(Fixture *fixture, gconstpointer data)
{
	make_logs(fixture);
	print(fixture, UUID "3", REPORT_WORDS, NULL);
	assert_line(fixture->text, "run\tvm\tmirror");
	assert_line(fixture->text, "run\tlength\thas run for 1 min 0 s at 2026-11-23 05:01 UTC, and no end is in the log");
	assert_line(fixture->text, "run\tvda\text4 on md raid1 on loop, cache none");
	assert_line(fixture->text, "run\tlatency\tmeans; percentiles need libvirt 12.1 and <latency-histogram> in the "
				   "disk's <driver>: man hostler-metrics");
	assert_line(fixture->text, "disks\tvda\tread\t12 GB\t200 MB\t200 MB\t05:00:20\t100\t1 ms");
	assert_line(fixture->text, "vda    read   ############################################################  at most 200 MB/s");
	fixture->paper.blocks = TRUE;
	g_assert_nonnull(strstr(print(fixture, "mirror", REPORT_WORDS, NULL), "rx     ████"));
}

/* Its end is in the log, and what it came to in the run before. */
static void test_report_line(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GString) log = g_string_new(NULL);
	const Made *vm = &made[1];

	append_start(log, vm, "r-1-1000");
	append_head(log, "report", vm, "r-1-1000", 90);
	g_string_append(log, ",\"reason\":\"crashed\",\"seconds\":90,\"samples\":8,\"unseen_seconds\":4,\"cached_share\":0.25,"
			     "\"disks\":[{\"target\":\"vda\",\"read_bytes\":1000000,\"peak_per_second\":{\"read_bytes\":500000,"
			     "\"read_ops\":7},\"mean_latency_seconds\":{\"read\":0.002}}],\"unmeasured_nics\":[{\"mac\":\"m\","
			     "\"unmeasured\":\"passed through\"}],"
			     "\"previous\":[{\"time\":\"2026-11-22T05:00:00Z\",\"disks\":[{\"target\":\"vda\",\"read_bytes\":9}]}]}\n");
	store(fixture, vm, "", log);
	print(fixture, "ext4", REPORT_WORDS, NULL);
	assert_line(fixture->text, "run\tlength\tran for 1 min 30 s until 2026-11-23 05:01 UTC, ended: crashed");
	assert_line(fixture->text, "run\tseen\t8 samples, 0 gaps (0 s), 0 stalls (0 s), last 4 s not seen");
	assert_line(fixture->text, "run\tcache\t25 % of what the guest read was answered by the host's memory");
	assert_line(fixture->text, "run\tunmeasured\tm: passed through");
	assert_line(fixture->text, "disks\tvda\tread\t1 MB\t-\t500 kB\t-\t7\t2 ms");
	assert_line(fixture->text, "disks\tvda (2026-11-22 05:00 UTC)\tread\t9 B\t-\t-\t-\t-\t-");
	assert_line(fixture->text, "storage\text4 on loop\tnone\t1\t1\t11.1 kB\t500 kB\t0 B\t0 B\t0\t7\t-\t-\t-");
}

/* A VM that did not arrive from another host ran nowhere that could be compared. */
static void test_never_ran(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GString) log = g_string_new(NULL);
	const Made *vm = &made[1];

	append_start(log, vm, "r-1-1000");
	append_head(log, "report", vm, "r-1-1000", 90);
	g_string_append(log, ",\"reason\":\"migration failed\",\"seconds\":90,\"samples\":8,"
			     "\"disks\":[{\"target\":\"vda\",\"read_bytes\":0}],\"nics\":[{\"target\":\"vnet0\"}]}\n");
	store(fixture, vm, "", log);
	print(fixture, "ext4", REPORT_WORDS, NULL);
	assert_line(fixture->text, "run\tlength\tnever ran here: its migration to this host failed after 1 min 30 s, "
				   "2026-11-23 05:01 UTC");
	g_assert_null(strstr(fixture->text, "storage\text4"));
	g_assert_null(strstr(fixture->text, "network\t"));
}

/* Where bins were counted there are three columns more, and flushes; the last bin has no end. */
static void test_percentiles(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GString) log = g_string_new(NULL);
	const Made *vm = &made[1];

	append_start(log, vm, "r-1-1000");
	append_head(log, "report", vm, "r-1-1000", 90);
	g_string_append(log, ",\"seconds\":90,\"disks\":[{\"target\":\"vda\",\"read_bytes\":1000000,"
			     "\"mean_latency_seconds\":{\"read\":0.002},\"percentile_latency_seconds\":{"
			     "\"read\":{\"p50\":0.001,\"p95\":0.01,\"over\":0.1},\"flush\":{\"over\":0.5}}},"
			     "{\"target\":\"vdb\",\"read_bytes\":1}],"
			     "\"previous\":[{\"time\":\"2026-11-22T05:00:00Z\",\"disks\":[{\"target\":\"vda\",\"read_bytes\":9,"
			     "\"percentile_latency_seconds\":{\"read\":{\"p50\":0.1,\"p95\":0.1,\"p99\":0.1}}}]}]}\n");
	store(fixture, vm, "", log);
	print(fixture, "ext4", REPORT_WORDS, NULL);
	assert_line(fixture->text, "disks\tvda\tread\t1 MB\t-\t-\t-\t-\t2 ms\t<1 ms\t<10 ms\t>=100 ms");
	assert_line(fixture->text, "disks\tvda (2026-11-22 05:00 UTC)\tread\t9 B\t-\t-\t-\t-\t-\t<100 ms\t<100 ms\t<100 ms");
	assert_line(fixture->text, "disks\tvda\tflush\t-\t-\t-\t-\t-\t-\t>=500 ms\t>=500 ms\t>=500 ms");
	assert_line(fixture->text, "disks\tvdb\tread\t1 B\t-\t-\t-\t-\t-\t-\t-\t-");
	g_assert_null(strstr(fixture->text, "run\tlatency"));
	print(fixture, "ext4", REPORT_CSV, NULL);
	assert_line(fixture->text, "2026-11-23T05:01:30.000000Z,ext4,r-1-1000,disk,vda,read_latency_p95_seconds,0.01");
	assert_line(fixture->text, "2026-11-23T05:01:30.000000Z,ext4,r-1-1000,disk,vda,flush_latency_over_seconds,0.5");
}

/* What was rotated away comes first; what is said twice, to carry it over, is one. */
static guint count(const char *text, const char *what)
{
	guint n = 0;

	for (const char *found = text; (found = strstr(found, what)) != NULL; found++)
		n++;
	return n;
}

static void test_rotated(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GString) log = g_string_new(NULL);
	g_autoptr(GString) older = g_string_new(NULL);

	append_start(older, &made[1], "b-1-1000");
	append_sample(older, &made[1], "b-1-1000", 1);
	append_sample(older, &made[1], "b-1-1000", 2);
	append_absences(older, &made[1], "b-1-1000");
	g_string_append_len(older, "\0\0{\"time\":\"", 11);
	append_start(log, &made[1], "b-1-1000");
	append_absences(log, &made[1], "b-1-1000");
	append_sample(log, &made[1], "b-1-1000", 2);
	append_sample(log, &made[1], "b-1-1000", 3);
	store(fixture, &made[1], ".1", older);
	store(fixture, &made[1], "", log);
	assert_line(print(fixture, "ext4", REPORT_WORDS, NULL), "run\tseen\t3 samples, 1 gaps (5 s), 1 stalls (7 s), last 0 s not seen");
	assert_line(fixture->text, "storage\text4 on loop\tnone\t1\t1\t300 MB\t300 MB\t150 MB\t150 MB\t100\t100\t1 ms\t-\t-");
	g_assert_nonnull(print(fixture, "ext4", REPORT_CSV, NULL));
	g_assert_cmpuint(count(fixture->text, ",disk,vda,read_bytes,"), ==, 3);
}

/* logrotate has come, and the VM has not run since. */
static void test_put_aside(Fixture *fixture, gconstpointer data)
{
	g_autofree char *log = path_of(fixture, &made[1], "");
	g_autofree char *older = path_of(fixture, &made[1], ".1");

	make_log(fixture, &made[1]);
	make_log(fixture, &made[2]);
	g_assert_cmpint(rename(log, older), ==, 0);
	assert_line(print(fixture, "ext4", REPORT_WORDS, NULL), "run\tseen\t6 samples, 0 gaps (0 s), 0 stalls (0 s), last 0 s not seen");
	assert_line(fixture->text, "storage\text4 on loop\tnone\t1\t1\t300 MB\t300 MB\t150 MB\t150 MB\t100\t100\t1 ms\t-\t-");
	g_assert_nonnull(print(fixture, UUID "1", REPORT_WORDS, NULL));
	/* Both parts are one log. */
	make_log(fixture, &made[1]);
	print(fixture, NULL, REPORT_WORDS, NULL);
	assert_line(fixture->text, "storage\text4 on loop\tnone\t1\t1\t300 MB\t300 MB\t150 MB\t150 MB\t100\t100\t1 ms\t-\t-");
}

/* What the log does not say is not made up, nor shown as a program's "(null)". */
static void test_without_start(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GString) log = g_string_new(NULL);

	append_sample(log, &made[1], "b-1-1000", 1);
	append_sample(log, &made[1], "b-1-1000", 2);
	append_head(log, "report", &made[0], "b-2-1000", 30);
	g_string_append(log, ",\"unmeasured_nics\":[{\"mac\":\"x\"}],\"disks\":[{\"read_bytes\":1}]}\n");
	store(fixture, &made[1], "", log);
	assert_line(print(fixture, "ext4", REPORT_WORDS, NULL), "run\tunmeasured\tx: nobody knows why");
	g_assert_null(strstr(fixture->text, "(null)"));
	g_string_truncate(log, 0);
	append_sample(log, &made[1], "b-1-1000", 1);
	store(fixture, &made[1], "", log);
	assert_line(print(fixture, "ext4", REPORT_WORDS, NULL), "run\trun\tb-1-1000, UUID unknown");
	g_assert_null(strstr(fixture->text, "(null)"));
}

/* As after a kill: a sample at once, with a burst that is no rate. Chart and table tell of one peak. */
static void test_too_close(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GString) log = g_string_new(NULL);

	append_start(log, &made[1], "b-1-1000");
	append_sample(log, &made[1], "b-1-1000", 1);
	append_sample(log, &made[1], "b-1-1000", 2);
	append_head(log, "sample", &made[1], "b-1-1000", 30);
	g_string_append(log, ",\"boot_seconds\":30.1,\"disks\":[{\"target\":\"vda\",\"read_bytes\":6300000000}]}\n");
	append_sample(log, &made[1], "b-1-1000", 3);
	append_sample(log, &made[1], "b-1-1000", 4);
	store(fixture, &made[1], "", log);
	assert_line(print(fixture, "ext4", REPORT_WORDS, NULL),
		    "disks\tvda\tread\t12 GB\t300 MB\t300 MB\t05:00:20\t101\t1 ms");
	assert_line(fixture->text, "vda    read   ############################################################  at most 300 MB/s");
}

/* A CD drive without a disc is no storage that nobody knows. */
static void test_empty_drive(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GString) log = g_string_new(NULL);

	append_head(log, "start", &made[1], "b-1-1000", 0);
	g_string_append(log, ",\"disks\":[{\"target\":\"sda\",\"type\":\"file\",\"device\":\"cdrom\"},"
			     "{\"target\":\"vda\",\"type\":\"file\",\"device\":\"disk\"}]}\n");
	append_head(log, "sample", &made[1], "b-1-1000", 10);
	g_string_append(log, ",\"boot_seconds\":20.0,\"disks\":[{\"target\":\"sda\",\"read_bytes\":0},"
			     "{\"target\":\"vda\",\"read_bytes\":0}]}\n");
	store(fixture, &made[1], "", log);
	assert_line(print(fixture, "ext4", REPORT_WORDS, NULL), "run\tsda\tdrive, empty at the start, cache default");
	assert_line(fixture->text, "run\tvda\tunknown (file), cache default");
	g_assert_nonnull(strstr(fixture->text, "storage\tdrive, empty at the start\tdefault\t1\t1\t"));
}

/* Who looks because a VM hangs is told for how long. */
static void test_stalled_now(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GString) log = g_string_new(NULL);

	append_start(log, &made[1], "b-1-1000");
	append_absences(log, &made[1], "b-1-1000");
	append_sample(log, &made[1], "b-1-1000", 1);
	append_head(log, "stall", &made[1], "b-1-1000", 25);
	g_string_append(log, ",\"seconds\":5,\"reason\":\"silent\"}\n");
	append_head(log, "sample", &made[1], "b-1-1000", 70);
	g_string_append(log, ",\"boot_seconds\":80.0,\"missing\":\"disks\",\"reason\":\"silent\",\"disks\":[]}\n");
	store(fixture, &made[1], "", log);
	assert_line(print(fixture, "ext4", REPORT_WORDS, NULL),
		    "run\tseen\t2 samples, 1 gaps (5 s), 2 stalls (67 s), last 0 s not seen");
}

/* Of a VM that runs, too: who asks why a card has no figures does not wait for its end. */
static void test_unmeasured(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GString) log = g_string_new(NULL);

	append_head(log, "start", &made[1], "b-1-1000", 0);
	g_string_append(log, ",\"disks\":[{\"target\":\"vda\"},{\"target\":\"vdb\",\"unmeasured\":\"not seen\"}],"
			     "\"nics\":[{\"mac\":\"52:54:00:00:00:09\",\"unmeasured\":\"user-mode\"}],"
			     "\"devices\":[{\"bdf\":\"0000:01:00.0\",\"unmeasured\":\"passed through\"}]}\n");
	append_sample(log, &made[1], "b-1-1000", 1);
	store(fixture, &made[1], "", log);
	assert_line(print(fixture, "ext4", REPORT_WORDS, NULL), "run\tunmeasured\tvdb: not seen");
	assert_line(fixture->text, "run\tunmeasured\t52:54:00:00:00:09: user-mode");
	assert_line(fixture->text, "run\tunmeasured\t0000:01:00.0: passed through");
	g_assert_null(strstr(fixture->text, "run\tunmeasured\tvda"));
	g_assert_nonnull(strstr(print(fixture, "ext4", REPORT_JSON, NULL),
				"\"unmeasured_devices\":[{\"bdf\":\"0000:01:00.0\","));
}

static void assert_refused(Fixture *fixture, const char *vm, const char *says)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(print(fixture, vm, REPORT_WORDS, &error));
	g_assert_nonnull(strstr(error->message, says));
	g_assert_null(strchr(error->message, '\n'));
}

static void test_refusals(Fixture *fixture, gconstpointer data)
{
	g_autofree char *path = path_of(fixture, &made[0], "");
	g_autofree char *other = path_of(fixture, &made[1], "");

	assert_refused(fixture, "nobody\n", "there is no log of a VM 'nobody\\x0a'; see which there are: ls '/");
	make_log(fixture, &made[1]);
	g_assert_cmpint(symlink(other, path), ==, 0);
	assert_refused(fixture, "tmpfs", "cannot read tmpfs-");
	g_unlink(path);
	g_assert_true(g_file_set_contents(path, "{}\nnot a line\n", -1, NULL));
	assert_refused(fixture, "tmpfs", "tells of no run");
	/* The others are shown all the same. */
	assert_line(print(fixture, NULL, REPORT_WORDS, NULL),
		    "storage\text4 on loop\tnone\t1\t1\t300 MB\t300 MB\t150 MB\t150 MB\t100\t100\t1 ms\t-\t-");
	remove_logs(fixture);
	assert_refused(fixture, NULL, "no VM has been measured here yet");
	g_assert_nonnull(strstr(print(fixture, NULL, REPORT_CSV, NULL), "table,kind,"));
}

/* What keeps somebody from reading them is not taken for their absence. */
static void test_no_folder(Fixture *fixture, gconstpointer data)
{
	g_autofree char *path = path_of(fixture, &made[0], "");
	g_autofree char *absent = g_build_filename(fixture->folder, "absent", NULL);
	g_autoptr(GError) error = NULL;

	g_assert_false(report_print(&fixture->paper, absent, NULL, REPORT_WORDS, &error));
	g_assert_nonnull(strstr(error->message, "No such file or directory; no VM has been measured here yet"));
	g_clear_error(&error);
	make_log(fixture, &made[0]);
	g_assert_false(report_print(&fixture->paper, path, NULL, REPORT_WORDS, &error));
	g_assert_nonnull(strstr(error->message, ": Not a directory"));
	g_assert_null(strstr(error->message, "measured"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/report/kinds", Fixture, NULL, set_up, test_kinds, tear_down);
	g_test_add("/report/terminal", Fixture, NULL, set_up, test_terminal, tear_down);
	g_test_add("/report/json", Fixture, NULL, set_up, test_json, tear_down);
	g_test_add("/report/csv", Fixture, NULL, set_up, test_csv, tear_down);
	g_test_add("/report/run", Fixture, NULL, set_up, test_run, tear_down);
	g_test_add("/report/report-line", Fixture, NULL, set_up, test_report_line, tear_down);
	g_test_add("/report/never-ran", Fixture, NULL, set_up, test_never_ran, tear_down);
	g_test_add("/report/percentiles", Fixture, NULL, set_up, test_percentiles, tear_down);
	g_test_add("/report/rotated", Fixture, NULL, set_up, test_rotated, tear_down);
	g_test_add("/report/put-aside", Fixture, NULL, set_up, test_put_aside, tear_down);
	g_test_add("/report/without-start", Fixture, NULL, set_up, test_without_start, tear_down);
	g_test_add("/report/too-close", Fixture, NULL, set_up, test_too_close, tear_down);
	g_test_add("/report/empty-drive", Fixture, NULL, set_up, test_empty_drive, tear_down);
	g_test_add("/report/stalled-now", Fixture, NULL, set_up, test_stalled_now, tear_down);
	g_test_add("/report/unmeasured", Fixture, NULL, set_up, test_unmeasured, tear_down);
	g_test_add("/report/refusals", Fixture, NULL, set_up, test_refusals, tear_down);
	g_test_add("/report/no-folder", Fixture, NULL, set_up, test_no_folder, tear_down);
	return g_test_run();
}
