/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When the plugin starts hostler-metrics, and what it writes when a VM has started. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fakehost.h"
#include "hostler/log.h"
#include "hostler/plugin.h"
#include "plugins/metrics/helper.h"
#include "plugins/metrics/inventory.h"

#define UUID "6f30cf5b-0000-4000-8000-000000000001"

static HostlerHost *open_host(void)
{
	g_autoptr(GError) error = NULL;
	HostlerHost *host = fakehost_new("", &error);

	g_assert_no_error(error);
	return host;
}

static void store(HostlerHost *host, HostlerRecordKind kind)
{
	g_autoptr(HostlerRecord) record = hostler_record_new(host, kind, UUID, UUID, "web");
	g_autoptr(GError) error = NULL;

	hostler_record_store(host, record, &error);
	g_assert_no_error(error);
}

static gboolean has_started(HostlerHost *host)
{
	return strstr(fakehost_transcript(host), "start hostler-metrics") != NULL;
}

static void test_nothing_to_do(void)
{
	g_autoptr(HostlerHost) host = open_host();

	hostler_plugin_metrics.settle(host, HOSTLER_SETTLE_IN_PASSING);
	g_assert_false(has_started(host));
	store(host, HOSTLER_RECORD_STAY);
	hostler_record_remove(host, HOSTLER_RECORD_STAY, UUID);
	hostler_plugin_metrics.settle(host, HOSTLER_SETTLE_IN_PASSING);
	g_assert_false(has_started(host));
}

static void test_start(gconstpointer kind)
{
	g_autoptr(HostlerHost) host = open_host();

	store(host, (HostlerRecordKind)GPOINTER_TO_INT(kind));
	g_assert_false(metrics_helper_runs(host));
	hostler_plugin_metrics.settle(host, HOSTLER_SETTLE_IN_PASSING);
	g_assert_true(has_started(host));
}

static void test_runs_already(void)
{
	g_autoptr(HostlerHost) host = open_host();
	g_autofree char *folder = hostler_record_path(host, HOSTLER_RECORD_STAY, NULL);
	int fd;

	store(host, HOSTLER_RECORD_STAY);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	g_assert_cmpint(flock(fd, LOCK_EX), ==, 0);
	g_assert_true(metrics_helper_runs(host));
	hostler_plugin_metrics.settle(host, HOSTLER_SETTLE_IN_PASSING);
	g_assert_false(has_started(host));
	close(fd);
	g_assert_false(metrics_helper_runs(host));
}

/* Who turned metrics off still gets the last reports. */
static void test_disabled(void)
{
	g_autoptr(HostlerHost) host = open_host();

	host->config.metrics_enabled = FALSE;
	store(host, HOSTLER_RECORD_STAY);
	hostler_plugin_metrics.settle(host, HOSTLER_SETTLE_IN_PASSING);
	g_assert_false(has_started(host));
	store(host, HOSTLER_RECORD_ENDED);
	hostler_plugin_metrics.settle(host, HOSTLER_SETTLE_IN_PASSING);
	g_assert_true(has_started(host));
}

static void put(const char *folder, const char *name)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);

	g_assert_true(g_file_set_contents(path, "", 0, NULL));
}

/* FALSE: it was not there any more. */
static gboolean take_away(const char *folder, const char *name)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);

	return g_unlink(path) == 0;
}

/* What stands there for Prometheus of a VM that is gone, and nobody measures: it goes, and
 * nothing else does. Who measures sees to it himself. */
static void test_released(void)
{
	g_autoptr(HostlerHost) host = open_host();
	g_autofree char *folder = g_dir_make_tmp("hostler-test-XXXXXX", NULL);
	g_autofree char *stays = hostler_record_path(host, HOSTLER_RECORD_STAY, NULL);
	int fd;

	hostler_plugin_metrics.released(host, UUID);
	g_strlcpy(host->config.metrics_prometheus, folder, sizeof(host->config.metrics_prometheus));
	put(folder, "hostler-a-b-" UUID ".prom");
	put(folder, "other-" UUID ".prom");
	put(folder, "hostler-b-6f30cf5b-0000-4000-8000-000000000002.prom");
	store(host, HOSTLER_RECORD_STAY);
	fd = open(stays, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	g_assert_cmpint(flock(fd, LOCK_EX), ==, 0);
	hostler_plugin_metrics.released(host, UUID);
	g_assert_true(take_away(folder, "hostler-a-b-" UUID ".prom"));
	put(folder, "hostler-a-b-" UUID ".prom");
	close(fd);
	hostler_plugin_metrics.released(host, UUID);
	g_assert_false(take_away(folder, "hostler-a-b-" UUID ".prom"));
	g_assert_true(take_away(folder, "other-" UUID ".prom"));
	g_assert_true(take_away(folder, "hostler-b-6f30cf5b-0000-4000-8000-000000000002.prom"));
	g_assert_cmpint(g_rmdir(folder), ==, 0);
	hostler_plugin_metrics.released(host, UUID);
}

static guint interval_of(HostlerHost *host, const char *metrics)
{
	g_autofree char *xml = g_strdup_printf("<domain><name>web</name><uuid>" UUID "</uuid><metadata>"
					       "<h:vm xmlns:h='urn:hostler:1'>%s</h:vm></metadata><devices/></domain>",
					       metrics);
	g_autoptr(GError) error = NULL;
	g_autoptr(HostlerDomain) domain = hostler_domain_from_xml(xml, strlen(xml), &error);
	g_autoptr(HostlerRecord) stay = hostler_record_new(host, HOSTLER_RECORD_STAY, UUID, UUID, "web");

	g_assert_no_error(error);
	g_assert_true(hostler_plugin_metrics.concerns(domain));
	g_assert_true(hostler_plugin_metrics.started(host, domain, stay, &error));
	return metrics_inventory_interval(stay->body);
}

static void test_started(void)
{
	g_autoptr(HostlerHost) host = open_host();
	struct stat info;

	host->config.metrics_interval = 30;
	g_assert_cmpuint(interval_of(host, ""), ==, 30);
	g_assert_cmpuint(interval_of(host, "<h:metrics interval='5'/>"), ==, 5);
	g_assert_cmpint(stat(host->log_dir, &info), ==, 0);
	g_assert_cmpuint(info.st_mode, ==, S_IFDIR | 0750);
	host->config.metrics_enabled = FALSE;
	g_assert_cmpuint(interval_of(host, "<h:metrics interval='5'/>"), ==, 0);
	g_assert_cmpint(g_rmdir(host->log_dir), ==, 0);
}

/* In `stopped` it is asked for once more: as libvirt's note has it, it never came. */
static gboolean ends_as_never_ran(HostlerHost *host, gboolean arrives_at_first, gboolean arrives_at_last)
{
	static const char xml[] = "<domain><name>web</name><uuid>" UUID "</uuid><devices/></domain>";
	g_autoptr(HostlerDomain) domain = hostler_domain_from_xml(xml, strlen(xml), NULL);
	g_autoptr(HostlerRecord) stay = hostler_record_new(host, HOSTLER_RECORD_STAY, UUID, UUID, "web");
	g_autoptr(HostlerRecord) ended = NULL;

	fakehost_vm_arrives_set(host, "web", arrives_at_first);
	g_assert_true(hostler_plugin_metrics.started(host, domain, stay, NULL));
	g_assert_cmpint(metrics_inventory_says(stay->body, METRICS_ARRIVING), ==, arrives_at_first);
	g_assert_true(hostler_record_store(host, stay, NULL));
	fakehost_vm_arrives_set(host, "web", arrives_at_last);
	hostler_plugin_metrics.stopped(host, UUID);
	ended = hostler_record_load(host, HOSTLER_RECORD_STAY, UUID);
	return metrics_inventory_says(ended->body, METRICS_NEVER_RAN);
}

static void test_arriving(void)
{
	g_autoptr(HostlerHost) host = open_host();

	g_assert_false(ends_as_never_ran(host, FALSE, FALSE));
	g_assert_false(ends_as_never_ran(host, TRUE, FALSE));
	g_assert_true(ends_as_never_ran(host, TRUE, TRUE));
	hostler_record_remove(host, HOSTLER_RECORD_STAY, UUID);
	hostler_plugin_metrics.stopped(host, UUID);
	g_assert_cmpint(g_rmdir(host->log_dir), ==, 0);
}

int main(int argc, char **argv)
{
	hostler_log_open("test", HOSTLER_LOG_STDERR);
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/metrics-helper/nothing-to-do", test_nothing_to_do);
	g_test_add_data_func("/metrics-helper/start-for-stay", GINT_TO_POINTER(HOSTLER_RECORD_STAY), test_start);
	g_test_add_data_func("/metrics-helper/start-for-ended", GINT_TO_POINTER(HOSTLER_RECORD_ENDED), test_start);
	g_test_add_func("/metrics-helper/runs-already", test_runs_already);
	g_test_add_func("/metrics-helper/disabled", test_disabled);
	g_test_add_func("/metrics-helper/released", test_released);
	g_test_add_func("/metrics-helper/started", test_started);
	g_test_add_func("/metrics-helper/arriving", test_arriving);
	return g_test_run();
}
