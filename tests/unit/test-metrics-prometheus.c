/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files for node_exporter: what stands in them, when they are there, and what
 * is in their way. */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hostler/log.h"
#include "metrics-stay.h"
#include "qemu-helpers/metrics/prometheus.h"

#define EVIL "a\"b\\c\td\xe2\x80\xae$(x) %s"
#define EVIL_LABEL "a\\\"b\\\\c\td\xe2\x80\xae$(x) %s"
#define FILE_NAME "hostler-web-" STAY_UUID ".prom"

typedef struct {
	char *folder;
	char *file;
	Prometheus *prometheus;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	fixture->folder = g_dir_make_tmp("hostler-test-XXXXXX", &error);
	g_assert_no_error(error);
	fixture->file = g_build_filename(fixture->folder, FILE_NAME, NULL);
	fixture->prometheus = prometheus_new(fixture->folder);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	prometheus_free(fixture->prometheus);
	g_unlink(fixture->file);
	g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
	g_free(fixture->folder);
	g_free(fixture->file);
}

static gboolean swallow(gpointer data, const char *file, const char *line)
{
	return TRUE;
}

static Sample *make_sample(const char *target)
{
	Sample *sample = sample_new(STAY_UUID, STAY_BEGAN + 1);
	Meter *disk = meter_new(&meter_disk, target, 0);
	Meter *nic = meter_new(&meter_nic, "vnet0", 0);

	disk->counts[0] = 9007199254740991;
	disk->counts[2] = 1500000000;
	disk->known = 5;
	nic->counts[0] = 7;
	nic->counts[7] = 3;
	nic->known = 0x81;
	sample->known = SAMPLE_KNOWS_CPU;
	sample->cpu_nanoseconds = 2500000000;
	g_ptr_array_add(sample->meters, disk);
	g_ptr_array_add(sample->meters, nic);
	return sample;
}

static void assert_line(const char *text, const char *line)
{
	g_autofree char *wanted = g_strconcat("\n", line, "\n", NULL);

	if (strstr(text, wanted) == NULL)
		g_error("no line '%s' in:\n%s", line, text);
}

static guint count(const char *text, const char *part)
{
	g_auto(GStrv) parts = g_strsplit(text, part, -1);

	return g_strv_length(parts) - 1;
}

static void test_text(void)
{
	g_autoptr(Book) book = book_new(make_stay(STAY_UUID, EVIL, 10), swallow, NULL);
	g_autoptr(Sample) sample = make_sample("vd\na");
	g_autofree char *text = NULL;

	g_key_file_set_string(book->stay->body, "metrics-disk-0", "storage_kind", "ext4 on \"SSD\"");
	text = prometheus_text(book, sample);
	assert_line(text, "libvirt_domain_block_stats_read_bytes_total{domain=\"" EVIL_LABEL "\",target_device=\"vd\\na\"} "
			  "9007199254740991");
	assert_line(text, "libvirt_domain_block_stats_read_time_seconds_total{domain=\"" EVIL_LABEL
			  "\",target_device=\"vd\\na\"} 1.5");
	assert_line(text, "libvirt_domain_interface_stats_receive_bytes_total{domain=\"" EVIL_LABEL
			  "\",target_device=\"vnet0\"} 7");
	assert_line(text, "libvirt_domain_interface_stats_transmit_drops_total{domain=\"" EVIL_LABEL
			  "\",target_device=\"vnet0\"} 3");
	assert_line(text, "libvirt_domain_info_cpu_time_seconds_total{domain=\"" EVIL_LABEL "\"} 2.5");
	assert_line(text, "libvirt_domain_block_stats_info{domain=\"" EVIL_LABEL "\",uuid=\"" STAY_UUID
			  "\",target_device=\"vda\",disk_type=\"file\",source_file=\"/a b.img\",driver_type=\"\","
			  "driver_cache=\"none\",target_bus=\"virtio\",storage_kind=\"ext4 on \\\"SSD\\\"\"} 1");
	assert_line(text, "# TYPE libvirt_domain_interface_stats_info gauge");
	/* One head for each family, none without a line; a NIC without a target is no series. */
	g_assert_cmpuint(count(text, "# HELP "), ==, 7);
	g_assert_cmpuint(count(text, "libvirt_domain_interface_stats_info{"), ==, 1);
	g_assert_null(strstr(text, "write_bytes"));
}

static gboolean is_there(const Fixture *fixture)
{
	return g_file_test(fixture->file, G_FILE_TEST_IS_REGULAR);
}

static void test_come_and_go(Fixture *fixture, gconstpointer data)
{
	g_autofree char *left = g_build_filename(fixture->folder, "hostler-old.prom", NULL);
	g_autofree char *other = g_build_filename(fixture->folder, "other.prom", NULL);
	g_autofree char *half = g_build_filename(fixture->folder, ".hostler.tmp", NULL);
	g_autoptr(Book) book = book_new(make_stay(STAY_UUID, "web", 10), swallow, NULL);
	struct stat info;

	g_assert_true(g_file_set_contents(left, "", 0, NULL));
	g_assert_true(g_file_set_contents(other, "", 0, NULL));
	g_assert_true(g_file_set_contents(half, "half", -1, NULL));
	book->prometheus = fixture->prometheus;
	book_begin(book);
	g_assert_true(g_file_test(left, G_FILE_TEST_EXISTS));
	book_sample(book, make_sample("vda"));
	g_assert_cmpint(lstat(fixture->file, &info), ==, 0);
	g_assert_cmpuint(info.st_mode & 07777, ==, 0644);
	g_assert_false(g_file_test(left, G_FILE_TEST_EXISTS));
	prometheus_sweep(fixture->prometheus);
	g_assert_true(is_there(fixture));
	g_assert_false(g_file_test(half, G_FILE_TEST_EXISTS));
	book_report(book, STAY_BEGAN + 2, "shutdown");
	g_assert_false(is_there(fixture));
	g_assert_cmpint(g_unlink(other), ==, 0);
}

/* Whoever comes after one that was killed removes its files before there are any of his
 * own, and nothing where everybody may write. */
static void test_sweep(Fixture *fixture, gconstpointer data)
{
	g_autofree char *other = g_build_filename(fixture->folder, "hostler.prom", NULL);

	g_assert_true(g_file_set_contents(fixture->file, "", 0, NULL));
	g_assert_true(g_file_set_contents(other, "", 0, NULL));
	g_assert_cmpint(g_chmod(fixture->folder, 0777), ==, 0);
	prometheus_sweep(fixture->prometheus);
	g_assert_true(is_there(fixture));
	g_assert_cmpint(g_chmod(fixture->folder, 0700), ==, 0);
	prometheus_sweep(fixture->prometheus);
	g_assert_false(is_there(fixture));
	g_assert_cmpint(g_unlink(other), ==, 0);
}

/* A folder that is gone, or everybody's, and is mended. */
static void test_obstacles(Fixture *fixture, gconstpointer data)
{
	g_autofree char *away = g_strconcat(fixture->folder, "-away", NULL);
	g_autofree char *half = g_build_filename(fixture->folder, ".hostler.tmp", NULL);
	g_autoptr(Book) book = book_new(make_stay(STAY_UUID, "web", 10), swallow, NULL);
	g_autoptr(Sample) sample = make_sample("vda");

	g_assert_cmpint(g_rename(fixture->folder, away), ==, 0);
	prometheus_show(fixture->prometheus, book, sample);
	prometheus_hide(fixture->prometheus, book);
	g_assert_cmpint(g_rename(away, fixture->folder), ==, 0);
	prometheus_show(fixture->prometheus, book, sample);
	g_assert_true(is_there(fixture));
	prometheus_hide(fixture->prometheus, book);
	g_assert_cmpint(g_chmod(fixture->folder, 0777), ==, 0);
	prometheus_show(fixture->prometheus, book, sample);
	g_assert_false(is_there(fixture));
	g_assert_cmpint(g_chmod(fixture->folder, 0700), ==, 0);
	g_assert_cmpint(g_mkdir(half, 0700), ==, 0);
	prometheus_show(fixture->prometheus, book, sample);
	g_assert_false(is_there(fixture));
	g_assert_cmpint(g_rmdir(half), ==, 0);
	/* A link is not written through: it is replaced. */
	g_assert_cmpint(symlink("/dev/null", fixture->file), ==, 0);
	prometheus_show(fixture->prometheus, book, sample);
	g_assert_true(is_there(fixture));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* That something cannot be written is a warning, and wanted here. */
	g_log_set_always_fatal(G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
	hostler_log_open("test", HOSTLER_LOG_STDERR);
	g_test_add_func("/metrics-prometheus/text", test_text);
	g_test_add("/metrics-prometheus/come-and-go", Fixture, NULL, set_up, test_come_and_go, tear_down);
	g_test_add("/metrics-prometheus/sweep", Fixture, NULL, set_up, test_sweep, tear_down);
	g_test_add("/metrics-prometheus/obstacles", Fixture, NULL, set_up, test_obstacles, tear_down);
	return g_test_run();
}
