/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jobs with real children: what they hold, and what becomes of those that do not
 * come back. A job that must hang reads a FIFO that nobody writes to. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostler/error.h"
#include "hostler/lock.h"
#include "host/child.h"
#include "host/machine.h"
#include "tree.h"

#define BDF "0000:01:00.0"
#define MEETING 20 /* jobs that wait for one another */
#define LONG_SECONDS 200 /* a limit that no sound run meets, on however slow a machine */

typedef struct {
	HostlerHost *host;
	char *folder;
	char *fifo;    /* what a hanging job reads */
	char *settled; /* what the settle program writes */
} Fixture;

static void write_settle_program(const Fixture *fixture)
{
	Machine *machine = (Machine *)fixture->host;
	const char *settled = fixture->settled;
	g_autofree char *script = g_strdup_printf("#!/bin/sh\necho \"$@\" >%s.part\nmv %s.part %s\n", settled,
						  settled, settled);

	g_free(machine->settle_program);
	machine->settle_program = g_build_filename(fixture->folder, "settle-program", NULL);
	g_assert_true(g_file_set_contents(machine->settle_program, script, -1, NULL));
	g_assert_cmpint(g_chmod(machine->settle_program, 0700), ==, 0);
}

static void set_deadline(Fixture *fixture, int milliseconds)
{
	fixture->host->deadline = g_get_monotonic_time() + milliseconds * 1000;
}

static void set_up(Fixture *fixture, gconstpointer data)
{
	g_autofree char *run_dir = NULL;

	fixture->folder = g_dir_make_tmp("hostler-bounded-XXXXXX", NULL);
	g_assert_nonnull(fixture->folder);
	run_dir = g_build_filename(fixture->folder, "run", NULL);
	fixture->host = machine_open("", run_dir);
	fixture->fifo = g_build_filename(fixture->folder, "fifo", NULL);
	fixture->settled = g_build_filename(fixture->folder, "settled", NULL);
	g_assert_cmpint(mkfifo(fixture->fifo, 0600), ==, 0);
	write_settle_program(fixture);
	set_deadline(fixture, LONG_SECONDS * 1000);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	hostler_host_free(fixture->host);
	tree_remove(fixture->folder);
	g_free(fixture->folder);
	g_free(fixture->fifo);
	g_free(fixture->settled);
}

static void assert_no_child(void)
{
	g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, -1);
	g_assert_cmpint(errno, ==, ECHILD);
}

static gboolean wait_until(gboolean (*met)(const Fixture *), const Fixture *fixture)
{
	for (int i = 0; i < LONG_SECONDS * 100; i++) {
		if (met(fixture))
			return TRUE;
		g_usleep(10 * 1000);
	}
	return FALSE;
}

static gboolean is_settled(const Fixture *fixture)
{
	return g_file_test(fixture->settled, G_FILE_TEST_EXISTS);
}

static gboolean is_in_flight(const Fixture *fixture)
{
	return fixture->host->ops->job_in_flight(fixture->host, BDF);
}

static gboolean is_loose(const Fixture *fixture)
{
	return !is_in_flight(fixture);
}

/* The job that hangs in the FIFO goes on. */
static void let_go(const Fixture *fixture)
{
	int fd = open(fixture->fifo, O_WRONLY | O_CLOEXEC);

	g_assert_cmpint(fd, >=, 0);
	close(fd);
}

/* --- jobs --- */

static gboolean answer_job(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	g_key_file_set_string(answer, "about", "bdf", job->bdf);
	g_key_file_set_string(answer, "about", "power/control", job->data);
	return TRUE;
}

static gboolean refuse_job(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	g_key_file_set_boolean(answer, "about", "tried", TRUE);
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_BUSY, "%s is used by 100%% of nobody", job->bdf);
	return FALSE;
}

static gboolean foreign_error_job(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_IO, "it is on fire");
	return FALSE;
}

static gboolean hang_job(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	char byte;
	int fd = open(job->data, O_RDONLY);

	return fd >= 0 && read(fd, &byte, 1) == 0;
}

static gboolean signal_job(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	raise(GPOINTER_TO_INT(job->data));
	return TRUE;
}

static gboolean leave_job(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	_exit(7);
}

/* As one that was killed and has still a device to close: its socket goes first. */
static gboolean linger_job(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	close(CHILD_KEPT_FD);
	return hang_job(host, job, answer, error);
}

/* How many have come, counted in memory that parent and children share. */
static volatile gint *met;

/* None answers before all are there. */
static gboolean meet_job(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	g_atomic_int_inc(met);
	while (g_atomic_int_get(met) < MEETING)
		g_usleep(1000);
	return answer_job(host, job, answer, error);
}

static gboolean large_job(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	g_autofree char *text = g_strnfill(700 * 1000, 'x');

	g_key_file_set_string(answer, "about", "text", text);
	return TRUE;
}

static void note_fd(GKeyFile *answer, int fd)
{
	g_autofree char *key = g_strdup_printf("%d", fd);
	struct stat stat;

	if (fstat(fd, &stat) < 0)
		return;
	g_key_file_set_string(answer, "fds", key,
			      S_ISCHR(stat.st_mode) && stat.st_rdev == makedev(1, 3) ? "null" :
			      S_ISSOCK(stat.st_mode)				     ? "socket" :
			      S_ISREG(stat.st_mode)				     ? "file" :
										       "other");
}

static gboolean look_around_job(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	struct sigaction action;
	sigset_t blocked;

	for (int fd = 0; fd < 1024; fd++)
		note_fd(answer, fd);
	sigaction(SIGPIPE, NULL, &action);
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	g_key_file_set_boolean(answer, "signals", "default", action.sa_handler == SIG_DFL);
	g_key_file_set_boolean(answer, "signals", "open", sigismember(&blocked, SIGTERM) == 0);
	g_key_file_set_boolean(answer, "session", "leader", getsid(0) == getpid() && getpgrp() == getpid());
	g_key_file_set_boolean(answer, "session", "flight", host->ops->job_in_flight(host, job->bdf));
	return TRUE;
}

static void run_one(Fixture *fixture, HostlerJob *job, HostlerJobFunc func)
{
	job->bdf = BDF;
	fixture->host->ops->run_jobs(fixture->host, job, 1, func);
	g_assert_nonnull(job->answer);
}

static void assert_error(const HostlerJob *job, HostlerJobState state, HostlerErrorCode code, const char *part)
{
	g_assert_cmpint(job->state, ==, state);
	g_assert_error(job->error, HOSTLER_ERROR, (int)code);
	g_assert_nonnull(strstr(job->error->message, part));
	g_assert_null(strchr(job->error->message, '\n'));
}

static void assert_string(GKeyFile *answer, const char *group, const char *key, const char *expected)
{
	g_autofree char *value = g_key_file_get_string(answer, group, key, NULL);

	g_assert_cmpstr(value, ==, expected);
}

/* --- tests --- */

static void test_answer(Fixture *fixture, gconstpointer data)
{
	char value[] = "auto; on\tx";
	HostlerJob job = { .data = value };

	run_one(fixture, &job, answer_job);
	g_assert_no_error(job.error);
	g_assert_cmpint(job.state, ==, HOSTLER_JOB_DONE);
	assert_string(job.answer, "about", "bdf", BDF);
	assert_string(job.answer, "about", "power/control", value);
	g_assert_false(is_in_flight(fixture));
	hostler_jobs_clear(&job, 1);
	assert_no_child();
}

static void test_refusal(Fixture *fixture, gconstpointer data)
{
	HostlerJob job = { 0 };

	run_one(fixture, &job, refuse_job);
	assert_error(&job, HOSTLER_JOB_FAILED, HOSTLER_ERROR_VFIO_BUSY, BDF " is used by 100% of nobody");
	g_assert_true(g_key_file_get_boolean(job.answer, "about", "tried", NULL));
	hostler_jobs_clear(&job, 1);

	run_one(fixture, &job, foreign_error_job);
	assert_error(&job, HOSTLER_JOB_FAILED, HOSTLER_ERROR_HOST, "it is on fire");
	hostler_jobs_clear(&job, 1);
}

static void test_large_answer(Fixture *fixture, gconstpointer data)
{
	g_autofree char *text = NULL;
	HostlerJob job = { 0 };

	run_one(fixture, &job, large_job);
	g_assert_no_error(job.error);
	text = g_key_file_get_string(job.answer, "about", "text", NULL);
	g_assert_cmpuint(strlen(text), ==, 700 * 1000);
	hostler_jobs_clear(&job, 1);
	assert_no_child();
}

static void test_crash(Fixture *fixture, gconstpointer data)
{
	static const int signals[] = { SIGSEGV, SIGKILL, SIGABRT };

	for (gsize i = 0; i < G_N_ELEMENTS(signals); i++) {
		HostlerJob job = { .data = GINT_TO_POINTER(signals[i]) };
		g_autofree char *part = g_strdup_printf("was killed by signal %d", signals[i]);

		run_one(fixture, &job, signal_job);
		assert_error(&job, HOSTLER_JOB_FAILED, HOSTLER_ERROR_HOST, part);
		hostler_jobs_clear(&job, 1);
		g_assert_false(is_in_flight(fixture));
	}
	g_assert_false(is_settled(fixture));
	assert_no_child();
}

static void test_early_exit(Fixture *fixture, gconstpointer data)
{
	HostlerJob job = { 0 };

	run_one(fixture, &job, leave_job);
	assert_error(&job, HOSTLER_JOB_FAILED, HOSTLER_ERROR_HOST, "exited with status 7");
	hostler_jobs_clear(&job, 1);
}

static void test_no_address(Fixture *fixture, gconstpointer data)
{
	HostlerJob job = { .bdf = "../../etc" };

	fixture->host->ops->run_jobs(fixture->host, &job, 1, answer_job);
	assert_error(&job, HOSTLER_JOB_FAILED, HOSTLER_ERROR_ARGUMENTS, "../../etc");
	hostler_jobs_clear(&job, 1);
	g_assert_false(fixture->host->ops->job_in_flight(fixture->host, "../../etc"));
}

/* What is no device: an image, by a name made of its path. */
static gboolean hold_job(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	g_autofree char *lock = g_strdup_printf("%s/devices/%s.inflight", host->run_dir, job->bdf);

	g_key_file_set_boolean(answer, "seen", "held", g_file_test(lock, G_FILE_TEST_EXISTS));
	return TRUE;
}

static void test_name(Fixture *fixture, gconstpointer data)
{
	HostlerJob job = { .bdf = "image-0123456789abcdef" };

	fixture->host->ops->run_jobs(fixture->host, &job, 1, hold_job);
	g_assert_no_error(job.error);
	g_assert_cmpint(job.state, ==, HOSTLER_JOB_DONE);
	g_assert_true(g_key_file_get_boolean(job.answer, "seen", "held", NULL));
	hostler_jobs_clear(&job, 1);
	g_assert_false(fixture->host->ops->job_in_flight(fixture->host, "image-0123456789abcdef"));
}

static void test_no_time(Fixture *fixture, gconstpointer data)
{
	char value[] = "";
	HostlerJob job = { .data = value };

	set_deadline(fixture, 0);
	run_one(fixture, &job, answer_job);
	assert_error(&job, HOSTLER_JOB_FAILED, HOSTLER_ERROR_DEADLINE, "no time was left to begin with " BDF);
	hostler_jobs_clear(&job, 1);
	assert_no_child();
}

static HostlerJob *make_jobs(guint n)
{
	HostlerJob *jobs = g_new0(HostlerJob, n);

	for (guint i = 0; i < n; i++) {
		char *bdf = g_strdup_printf("0000:%02x:00.0", i);

		jobs[i].bdf = bdf;
		jobs[i].data = bdf;
	}
	return jobs;
}

static void assert_done_and_free(HostlerJob *jobs, guint n)
{
	for (guint i = 0; i < n; i++) {
		g_assert_no_error(jobs[i].error);
		assert_string(jobs[i].answer, "about", "bdf", jobs[i].bdf);
		g_free(jobs[i].data);
	}
	hostler_jobs_clear(jobs, n);
	g_free(jobs);
}

static void test_side_by_side(Fixture *fixture, gconstpointer data)
{
	HostlerJob *jobs = make_jobs(MEETING);

	met = mmap(NULL, sizeof(*met), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	g_assert_true(met != MAP_FAILED);
	fixture->host->ops->run_jobs(fixture->host, jobs, MEETING, meet_job);
	assert_done_and_free(jobs, MEETING);
	assert_no_child();
	munmap((void *)met, sizeof(*met));
}

static void test_more_than_at_once(Fixture *fixture, gconstpointer data)
{
	HostlerJob *jobs = make_jobs(150);

	fixture->host->ops->run_jobs(fixture->host, jobs, 150, answer_job);
	assert_done_and_free(jobs, 150);
	assert_no_child();
}

static void test_holds_nothing(Fixture *fixture, gconstpointer data)
{
	int leaks[3];
	HostlerJob job = { 0 };
	g_auto(GStrv) fds = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(leaks); i++)
		leaks[i] = open("/etc/passwd", O_RDONLY);
	g_assert_cmpint(dup2(leaks[0], 200), ==, 200);
	signal(SIGPIPE, SIG_IGN);
	run_one(fixture, &job, look_around_job);
	g_assert_no_error(job.error);
	fds = g_key_file_get_keys(job.answer, "fds", NULL, NULL);
	g_assert_cmpuint(g_strv_length(fds), ==, 5);
	assert_string(job.answer, "fds", "0", "null");
	assert_string(job.answer, "fds", "1", "null");
	assert_string(job.answer, "fds", "2", "null");
	assert_string(job.answer, "fds", "3", "socket");
	assert_string(job.answer, "fds", "4", "file"); /* its own lock */
	g_assert_true(g_key_file_get_boolean(job.answer, "signals", "default", NULL));
	g_assert_true(g_key_file_get_boolean(job.answer, "signals", "open", NULL));
	g_assert_true(g_key_file_get_boolean(job.answer, "session", "leader", NULL));
	g_assert_true(g_key_file_get_boolean(job.answer, "session", "flight", NULL));
	hostler_jobs_clear(&job, 1);
	for (gsize i = 0; i < G_N_ELEMENTS(leaks); i++)
		close(leaks[i]);
	close(200);
}

/* A lock that was taken before the fork is free once we let it go, though the
 * child is still stuck. */
static void assert_lock_not_inherited(const Fixture *fixture, int lock, const char *path)
{
	int other = open(path, O_RDWR | O_CLOEXEC);

	g_assert_cmpint(flock(other, LOCK_EX | LOCK_NB), ==, -1);
	close(lock);
	g_assert_cmpint(flock(other, LOCK_EX | LOCK_NB), ==, 0);
	close(other);
	g_assert_true(is_in_flight(fixture));
}

static void assert_refused_at_once(Fixture *fixture)
{
	char value[] = "";
	HostlerJob job = { .data = value };

	set_deadline(fixture, LONG_SECONDS * 1000);
	run_one(fixture, &job, answer_job);
	assert_error(&job, HOSTLER_JOB_STUCK, HOSTLER_ERROR_STUCK, "an earlier operation on it has not come back");
	g_assert_null(g_key_file_get_start_group(job.answer));
	hostler_jobs_clear(&job, 1);
}

static void test_stuck(Fixture *fixture, gconstpointer data)
{
	g_autofree char *lock_path = g_build_filename(fixture->folder, "lock", NULL);
	g_autofree char *arguments = NULL;
	int lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	HostlerJob job = { .data = fixture->fifo };
	gint64 begun = g_get_monotonic_time();

	g_assert_cmpint(flock(lock, LOCK_EX | LOCK_NB), ==, 0);
	set_deadline(fixture, 1000);
	run_one(fixture, &job, hang_job);
	g_assert_cmpint(g_get_monotonic_time() - begun, >=, 1000 * 1000);
	assert_error(&job, HOSTLER_JOB_STUCK, HOSTLER_ERROR_STUCK, BDF " is stuck");
	g_assert_nonnull(strstr(job.error->message, "pid "));
	g_assert_nonnull(strstr(job.error->message, "since 2"));
	hostler_jobs_clear(&job, 1);
	g_assert_true(wait_until(is_in_flight, fixture)); /* a slow child may come to it only now */
	assert_lock_not_inherited(fixture, lock, lock_path);
	assert_refused_at_once(fixture);
	g_assert_false(is_settled(fixture));

	let_go(fixture);
	g_assert_true(wait_until(is_loose, fixture));
	g_assert_true(wait_until(is_settled, fixture));
	g_assert_true(g_file_get_contents(fixture->settled, &arguments, NULL, NULL));
	g_assert_cmpstr(arguments, ==, "settle --wait\n");
	while (waitpid(-1, NULL, 0) > 0)
		;
}

/* Nor is anybody waited for beyond the deadline whose end seemed to be here. */
static void test_lingering(Fixture *fixture, gconstpointer data)
{
	HostlerJob job = { .data = fixture->fifo };

	set_deadline(fixture, 1000);
	run_one(fixture, &job, linger_job);
	assert_error(&job, HOSTLER_JOB_STUCK, HOSTLER_ERROR_STUCK, BDF " is stuck");
	hostler_jobs_clear(&job, 1);
	let_go(fixture);
	g_assert_true(wait_until(is_loose, fixture));
	while (waitpid(-1, NULL, 0) > 0)
		;
}

/* Of three jobs one hangs: the others' answers are there at the deadline. */
static gboolean hang_or_answer_job(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	if (g_str_equal(job->bdf, "0000:01:00.0"))
		return hang_job(host, job, answer, error);
	return answer_job(host, job, answer, error);
}

static gboolean others_answer(Fixture *fixture, int milliseconds)
{
	HostlerJob jobs[3] = {
		{ .bdf = "0000:01:00.1", .data = fixture->fifo },
		{ .bdf = BDF, .data = fixture->fifo },
		{ .bdf = "0000:01:00.2", .data = fixture->fifo },
	};
	gboolean answered;

	set_deadline(fixture, milliseconds);
	fixture->host->ops->run_jobs(fixture->host, jobs, 3, hang_or_answer_job);
	g_assert_cmpint(jobs[1].state, ==, HOSTLER_JOB_STUCK);
	answered = jobs[0].state == HOSTLER_JOB_DONE && jobs[2].state == HOSTLER_JOB_DONE;
	if (answered)
		assert_string(jobs[2].answer, "about", "bdf", "0000:01:00.2");
	hostler_jobs_clear(jobs, 3);
	let_go(fixture);
	while (waitpid(-1, NULL, 0) > 0)
		;
	return answered;
}

/* A slow machine needs a later deadline. */
static void test_one_of_three(Fixture *fixture, gconstpointer data)
{
	int milliseconds = 1000;

	while (!others_answer(fixture, milliseconds)) {
		milliseconds *= 4;
		g_assert_cmpint(milliseconds, <, LONG_SECONDS * 1000);
	}
	g_assert_true(is_settled(fixture));
}

/* What is over is said while the other hangs: it could not come loose else before the deadline. */
static void let_the_other_go(HostlerHost *host, HostlerJob *job)
{
	g_assert_cmpint(job->state, ==, HOSTLER_JOB_DONE);
	assert_string(job->answer, "about", "bdf", job->bdf);
	let_go(job->over_data);
}

static void count_over(HostlerHost *host, HostlerJob *job)
{
	(*(guint *)job->over_data)++;
}

static void test_over(Fixture *fixture, gconstpointer data)
{
	guint n_over = 0;
	HostlerJob jobs[3] = {
		{ .bdf = BDF, .data = fixture->fifo, .over = count_over, .over_data = &n_over },
		{ .bdf = "0000:01:00.1", .data = fixture->fifo, .over = let_the_other_go, .over_data = fixture },
		{ .bdf = "no address", .over = count_over, .over_data = &n_over },
	};

	set_deadline(fixture, LONG_SECONDS * 1000);
	fixture->host->ops->run_jobs(fixture->host, jobs, 3, hang_or_answer_job);
	g_assert_cmpint(jobs[0].state, ==, HOSTLER_JOB_DONE);
	g_assert_cmpint(jobs[1].state, ==, HOSTLER_JOB_DONE);
	g_assert_cmpint(jobs[2].state, ==, HOSTLER_JOB_FAILED);
	g_assert_cmpuint(n_over, ==, 2);
	hostler_jobs_clear(jobs, 3);
	assert_no_child();
}

static void be_a_hook(Fixture *fixture) G_GNUC_NORETURN;

static void be_a_hook(Fixture *fixture)
{
	HostlerJob job = { .data = fixture->fifo };

	set_deadline(fixture, LONG_SECONDS * 1000);
	run_one(fixture, &job, hang_job);
	_exit(0);
}

/* The hook is killed while its child is in the kernel. */
static void test_parent_killed(Fixture *fixture, gconstpointer data)
{
	pid_t hook = fork();

	if (hook == 0)
		be_a_hook(fixture);
	g_assert_cmpint(hook, >, 0);
	g_assert_true(wait_until(is_in_flight, fixture));
	kill(hook, SIGKILL);
	g_assert_cmpint(waitpid(hook, NULL, 0), ==, hook);
	g_assert_true(is_in_flight(fixture));
	let_go(fixture);
	g_assert_true(wait_until(is_settled, fixture));
	g_assert_false(is_in_flight(fixture));
}

/* --- what a job does that has come loose --- */

static const struct {
	const char *path, *before, *after;
} doors[] = {
	{ "/sys/bus/pci/devices/" BDF "/driver_override", "as it was ..", "e1000e=changed" },
	{ "/sys/bus/pci/drivers_probe", "as it was ..", BDF },
	{ "/sys/bus/pci/devices/" BDF "/config", "as it was ..", "AS it was .." },
	{ "/proc/driver/nvidia/gpus/" BDF "/unbindLock", "0", "1" },
	{ "/sbin/asked", "nothing", "-r -- nvidia\n" },
};

static char *plant(const Fixture *fixture, const char *name, const char *text)
{
	char *path = machine_path(fixture->host, name, NULL);
	g_autofree char *folder = g_path_get_dirname(path);

	g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	return path;
}

/* Says what it was asked for, and unloads nothing. */
static void plant_modprobe(const Fixture *fixture)
{
	g_autofree char *asked = machine_path(fixture->host, "/sbin/asked", NULL);
	g_autofree char *script = g_strdup_printf("#!/bin/sh\necho \"$*\" >'%s'\n", asked);
	g_autofree char *modprobe = plant(fixture, "/sbin/modprobe", script);

	g_assert_cmpint(chmod(modprobe, 0700), ==, 0);
	g_free(plant(fixture, "/sys/module/nvidia/refcnt", "0\n"));
}

/* The device is in a tree of files below the fixture's folder from now on. */
static void plant_device(Fixture *fixture)
{
	Machine *machine = (Machine *)fixture->host;

	g_free(machine->root);
	machine->root = g_strdup(fixture->folder);
	for (gsize i = 0; i < G_N_ELEMENTS(doors); i++)
		g_free(plant(fixture, doors[i].path, doors[i].before));
	plant_modprobe(fixture);
}

static void assert_doors(const Fixture *fixture, gboolean opened)
{
	for (gsize i = 0; i < G_N_ELEMENTS(doors); i++) {
		g_autofree char *path = machine_path(fixture->host, doors[i].path, NULL);
		g_autofree char *text = NULL;

		g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
		g_assert_cmpstr(text, ==, opened ? doors[i].after : doors[i].before);
	}
}

/* Each door by itself: that one is shut says nothing of the others. */
static gboolean hang_then_act_job(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	const HostlerHostOps *ops = host->ops;

	hang_job(host, job, answer, error);
	ops->pci_write(host, job->bdf, "driver_override", "e1000e=changed", NULL);
	ops->pci_probe(host, job->bdf, NULL);
	ops->gpu_unbind_lock(host, job->bdf, NULL);
	ops->module_unload(host, "nvidia", NULL);
	return ops->pci_config_write(host, job->bdf, 0, (const guint8 *)"AS", 2, error);
}

/* It ended at its deadline, and by now the VM may have the device again, or libvirt
 * resets it. */
static void test_late(Fixture *fixture, gconstpointer data)
{
	HostlerJob job = { .data = fixture->fifo };

	plant_device(fixture);
	set_deadline(fixture, 200);
	run_one(fixture, &job, hang_then_act_job);
	g_assert_cmpint(job.state, ==, HOSTLER_JOB_STUCK);
	hostler_jobs_clear(&job, 1);
	let_go(fixture);
	g_assert_true(wait_until(is_settled, fixture));
	assert_doors(fixture, FALSE);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static void be_a_hook_that_acts(Fixture *fixture) G_GNUC_NORETURN;

static void be_a_hook_that_acts(Fixture *fixture)
{
	HostlerJob job = { .data = fixture->fifo };

	set_deadline(fixture, LONG_SECONDS * 1000);
	run_one(fixture, &job, hang_then_act_job);
	_exit(job.state == HOSTLER_JOB_DONE ? 0 : 1);
}

static void test_late_and_alone(Fixture *fixture, gconstpointer data)
{
	pid_t hook;

	plant_device(fixture);
	hook = fork();
	if (hook == 0)
		be_a_hook_that_acts(fixture);
	g_assert_true(wait_until(is_in_flight, fixture));
	kill(hook, SIGKILL);
	g_assert_cmpint(waitpid(hook, NULL, 0), ==, hook);
	let_go(fixture);
	g_assert_true(wait_until(is_settled, fixture));
	assert_doors(fixture, FALSE);
}

/* Slow, but waited for: it does what it was begun for. */
static void test_slow(Fixture *fixture, gconstpointer data)
{
	int status;
	pid_t hook;

	plant_device(fixture);
	hook = fork();
	if (hook == 0)
		be_a_hook_that_acts(fixture);
	g_assert_true(wait_until(is_in_flight, fixture));
	let_go(fixture);
	g_assert_cmpint(waitpid(hook, &status, 0), ==, hook);
	g_assert_cmpint(status, ==, 0);
	assert_doors(fixture, TRUE);
	g_assert_false(is_settled(fixture));
}

/* A lock file that a killed child left behind is no lock. */
static void test_left_file(Fixture *fixture, gconstpointer data)
{
	g_autofree char *folder = g_build_filename(fixture->host->run_dir, "devices", NULL);
	g_autofree char *path = g_build_filename(folder, BDF ".inflight", NULL);
	char value[] = "";
	HostlerJob job = { .data = value };

	g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
	g_assert_true(g_file_set_contents(path, "1 2\n", -1, NULL));
	run_one(fixture, &job, answer_job);
	g_assert_no_error(job.error);
	g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
	hostler_jobs_clear(&job, 1);
}

/* A pid beyond what Linux gives. */
#define NOBODY "4194305"

/* Nor does it lie about for ever, whether or not there is a claim. */
static void test_left_file_tidied(Fixture *fixture, gconstpointer data)
{
	g_autofree char *folder = g_build_filename(fixture->host->run_dir, "devices", NULL);
	g_autofree char *path = g_build_filename(folder, BDF ".inflight", NULL);
	int fd;

	g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
	g_assert_true(g_file_set_contents(path, NOBODY " 2\n", -1, NULL));
	fd = open(path, O_RDWR | O_CLOEXEC);
	g_assert_cmpint(flock(fd, LOCK_EX | LOCK_NB), ==, 0);
	hostler_locks_tidy(fixture->host);
	g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
	close(fd);
	hostler_locks_tidy(fixture->host);
	g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
	g_assert_false(is_in_flight(fixture));
}

static void add(const char *path, void (*test)(Fixture *, gconstpointer))
{
	g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("/bounded/answer", test_answer);
	add("/bounded/refusal", test_refusal);
	add("/bounded/large-answer", test_large_answer);
	add("/bounded/crash", test_crash);
	add("/bounded/early-exit", test_early_exit);
	add("/bounded/no-address", test_no_address);
	add("/bounded/name", test_name);
	add("/bounded/no-time", test_no_time);
	add("/bounded/side-by-side", test_side_by_side);
	add("/bounded/more-than-at-once", test_more_than_at_once);
	add("/bounded/holds-nothing", test_holds_nothing);
	add("/bounded/stuck", test_stuck);
	add("/bounded/lingering", test_lingering);
	add("/bounded/one-of-three", test_one_of_three);
	add("/bounded/over", test_over);
	add("/bounded/parent-killed", test_parent_killed);
	add("/bounded/late", test_late);
	add("/bounded/late-and-alone", test_late_and_alone);
	add("/bounded/slow", test_slow);
	add("/bounded/left-file", test_left_file);
	add("/bounded/left-file-tidied", test_left_file_tidied);
	return g_test_run();
}
