/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records: text and back, on disk, what is not one, and who is alive. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>

#include "fakehost.h"
#include "hostler/error.h"
#include "hostler/log.h"
#include "hostler/record.h"

#define BDF "0000:01:00.0"
#define UUID "11111111-2222-3333-4444-555555555555"

static HostlerHost *open_host(void)
{
	g_autoptr(GError) error = NULL;
	HostlerHost *host = fakehost_new("[process 100]\nname=libvirtd\nstart=7\n", &error);

	g_assert_no_error(error);
	return host;
}

static HostlerRecord *make_claim(HostlerHost *host)
{
	HostlerRecord *claim = hostler_record_new(host, HOSTLER_RECORD_CLAIM, BDF, UUID, "a\tname; $(x) \"%s\"");

	g_key_file_set_string(claim->body, "found", "driver", "e1000e");
	g_key_file_set_string(claim->body, "found", "power/control", " leading blank\n");
	return claim;
}

static void test_text_and_back(void)
{
	g_autoptr(HostlerHost) host = open_host();
	g_autoptr(HostlerRecord) claim = make_claim(host);
	g_autofree char *text = hostler_record_to_text(claim);
	g_autoptr(GError) error = NULL;
	g_autoptr(HostlerRecord) read = NULL;
	g_autofree char *again = NULL;

	read = hostler_record_from_text(HOSTLER_RECORD_CLAIM, BDF, text, strlen(text), &error);
	g_assert_no_error(error);
	g_assert_cmpstr(read->name, ==, claim->name);
	g_assert_cmpstr(read->uuid, ==, UUID);
	g_assert_cmpint(read->phase, ==, HOSTLER_PHASE_PENDING);
	g_assert_cmpint(read->caller.pid, ==, claim->caller.pid);
	g_assert_cmpuint(read->caller.start, ==, claim->caller.start);
	again = hostler_record_to_text(read);
	g_assert_cmpstr(again, ==, text);
}

static void test_store_and_load(void)
{
	g_autoptr(HostlerHost) host = open_host();
	g_autoptr(HostlerRecord) claim = make_claim(host);
	g_autoptr(HostlerRecord) read = NULL;
	g_autoptr(GPtrArray) all = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_null(hostler_record_load(host, HOSTLER_RECORD_CLAIM, BDF));
	g_assert_true(hostler_record_store(host, claim, &error));
	g_assert_no_error(error);
	read = hostler_record_load(host, HOSTLER_RECORD_CLAIM, BDF);
	g_assert_nonnull(read);
	all = hostler_records_load(host, HOSTLER_RECORD_CLAIM);
	g_assert_cmpuint(all->len, ==, 1);
	hostler_record_remove(host, HOSTLER_RECORD_CLAIM, BDF);
	g_assert_null(hostler_record_load(host, HOSTLER_RECORD_CLAIM, BDF));
}

/* What nobody would read is not written: the record that was there stays. */
static void test_too_long(void)
{
	g_autoptr(HostlerHost) host = open_host();
	g_autoptr(HostlerRecord) claim = make_claim(host);
	g_autoptr(HostlerRecord) read = NULL;
	g_autofree char *long_text = g_strnfill(1024 * 1024, 'x');
	g_autofree char *driver = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(hostler_record_store(host, claim, NULL));
	g_key_file_set_string(claim->body, "found", "driver", long_text);
	g_assert_false(hostler_record_store(host, claim, &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_RECORD);
	g_assert_nonnull(strstr(error->message, "virsh edit " UUID));
	read = hostler_record_load(host, HOSTLER_RECORD_CLAIM, BDF);
	g_assert_nonnull(read);
	driver = g_key_file_get_string(read->body, "found", "driver", NULL);
	g_assert_cmpstr(driver, ==, "e1000e");
}

/* --- what is no record is moved away and counts as none --- */

typedef struct {
	const char *name;
	const char *find; /* in the text of a good record */
	const char *put;  /* in its place; NULL: the file is cut there */
} Damage;

static const Damage damages[] = {
	{ "truncated", "caller", NULL },
	{ "empty", "[record]", NULL },
	{ "format", "format=1", "format=2" },
	{ "uuid", "uuid=1", "uuid=x" },
	{ "phase", "phase=pending", "phase=asleep" },
	{ "process", "qemu=0 0", "qemu=0" },
	{ "negative pid", "qemu=0 0", "qemu=-1 0" },
	{ "since", "since=", "since=x" },
	{ "other boot", "boot=", "boot=other" },
	{ "binary", "[record]", "\x01\xff[record]" },
};

static char *damage_text(const char *text, const Damage *damage)
{
	const char *at = strstr(text, damage->find);
	g_autofree char *head = NULL;

	g_assert_nonnull(at);
	head = g_strndup(text, (gsize)(at - text));
	return damage->put == NULL ? g_steal_pointer(&head) :
				     g_strconcat(head, damage->put, at + strlen(damage->find), NULL);
}

static void test_damage(gconstpointer data)
{
	g_autoptr(HostlerHost) host = open_host();
	g_autoptr(HostlerRecord) claim = make_claim(host);
	g_autofree char *path = hostler_record_path(host, HOSTLER_RECORD_CLAIM, BDF);
	g_autofree char *bad = g_build_filename(host->run_dir, "bad", NULL);
	g_autofree char *text = hostler_record_to_text(claim);
	g_autofree char *damaged = damage_text(text, data);
	g_autoptr(GDir) folder = NULL;

	g_assert_true(hostler_record_store(host, claim, NULL));
	g_assert_true(g_file_set_contents(path, damaged, -1, NULL));
	g_assert_null(hostler_record_load(host, HOSTLER_RECORD_CLAIM, BDF));
	g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
	folder = g_dir_open(bad, 0, NULL);
	g_assert_nonnull(g_dir_read_name(folder));
}

static void test_symlink(void)
{
	g_autoptr(HostlerHost) host = open_host();
	g_autoptr(HostlerRecord) claim = make_claim(host);
	g_autofree char *path = hostler_record_path(host, HOSTLER_RECORD_CLAIM, BDF);
	g_autofree char *elsewhere = g_strconcat(path, ".elsewhere", NULL);

	g_assert_true(hostler_record_store(host, claim, NULL));
	g_assert_cmpint(g_rename(path, elsewhere), ==, 0);
	g_assert_cmpint(symlink(elsewhere, path), ==, 0);
	g_assert_null(hostler_record_load(host, HOSTLER_RECORD_CLAIM, BDF));
}

/* --- alive or not --- */

static void test_alive(void)
{
	g_autoptr(HostlerHost) host = open_host();
	g_autoptr(HostlerRecord) claim = make_claim(host);

	claim->caller = (HostlerProcess){ 100, 7 };
	g_assert_true(hostler_record_alive(host, claim));
	claim->caller.start = 8; /* the pid came round again */
	g_assert_false(hostler_record_alive(host, claim));
	claim->qemu = (HostlerProcess){ 100, 7 };
	hostler_record_enter(host, claim, HOSTLER_PHASE_HELD);
	g_assert_true(hostler_record_alive(host, claim));
	hostler_record_enter(host, claim, HOSTLER_PHASE_ENDED);
	g_assert_false(hostler_record_alive(host, claim));
	g_assert_true(hostler_record_in_grace(host, claim));
	claim->since -= 31;
	g_assert_false(hostler_record_in_grace(host, claim));
}

static void assert_end(HostlerHost *host, const char *told, const char *expected)
{
	g_autoptr(HostlerRecord) stay = hostler_record_new(host, HOSTLER_RECORD_STAY, UUID, UUID, "a\tname");
	g_autoptr(HostlerRecord) ended = NULL;
	g_autofree char *reason = NULL;

	host->config.metrics_enabled = TRUE;
	stay->qemu = (HostlerProcess){ 100, 7 };
	g_assert_true(hostler_record_store(host, stay, NULL));
	hostler_stay_end(host, UUID, told);
	ended = hostler_record_load(host, HOSTLER_RECORD_ENDED, UUID);
	g_assert_nonnull(ended);
	reason = g_key_file_get_string(ended->body, "end", "reason", NULL);
	g_assert_cmpstr(reason, ==, expected);
}

/* libvirt says why, or its log does, or nobody. */
static void test_end(void)
{
	g_autoptr(HostlerHost) host = open_host();

	assert_end(host, "-", "-");
	assert_end(host, NULL, "-");
	fakehost_shutoff_reason_set(host, "a\tname", "crashed");
	assert_end(host, "shutdown", "shutdown");
	assert_end(host, "-", "crashed");
	assert_end(host, NULL, "crashed");
}

static void assert_end_since(HostlerHost *host, HostlerPhase phase, gint64 since, gint64 expected)
{
	g_autoptr(HostlerRecord) stay = hostler_record_new(host, HOSTLER_RECORD_STAY, UUID, UUID, "web");
	g_autoptr(HostlerRecord) ended = NULL;

	host->config.metrics_enabled = TRUE;
	stay->qemu = (HostlerProcess){ 100, 7 };
	stay->phase = phase;
	stay->since = since;
	g_assert_true(hostler_record_store(host, stay, NULL));
	hostler_stay_end(host, UUID, NULL);
	ended = hostler_record_load(host, HOSTLER_RECORD_ENDED, UUID);
	g_assert_nonnull(ended);
	g_assert_cmpint(ended->phase, ==, HOSTLER_PHASE_ENDED);
	g_assert_cmpint(ended->since, ==, expected);
}

/* QEMU is gone since `stopped`, however long its devices take until `release` is over. */
static void test_end_since(void)
{
	g_autoptr(HostlerHost) host = open_host();
	gint64 now = host->ops->boottime(host);

	assert_end_since(host, HOSTLER_PHASE_ENDED, now - 20, now - 20);
	assert_end_since(host, HOSTLER_PHASE_HELD, now - 20, now);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* A record that is none is said as a warning, which is what is wanted here. */
	g_log_set_always_fatal(G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
	hostler_log_open("test-record", HOSTLER_LOG_JOURNAL);
	g_test_add_func("/record/text-and-back", test_text_and_back);
	g_test_add_func("/record/store-and-load", test_store_and_load);
	g_test_add_func("/record/too-long", test_too_long);
	for (gsize i = 0; i < G_N_ELEMENTS(damages); i++) {
		g_autofree char *path = g_strdup_printf("/record/damage/%s", damages[i].name);

		g_test_add_data_func(path, &damages[i], test_damage);
	}
	g_test_add_func("/record/symlink", test_symlink);
	g_test_add_func("/record/alive", test_alive);
	g_test_add_func("/record/end", test_end);
	g_test_add_func("/record/end-since", test_end_since);
	return g_test_run();
}
