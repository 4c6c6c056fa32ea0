/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From /proc and the VM's cgroup. */
#include "kernel.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host-io.h"

#define TEXT_BYTES 2048
#define IO_TEXT_BYTES (16 * 1024)
#define NANOSECONDS 1000000000ULL

/* Fields of /proc/PID/stat, counted from the one behind the command's name, the
 * third in proc(5). */
enum { FIELD_STATE = 0, FIELD_START = 19, FIELD_RESIDENT = 21, FIELDS };

struct _Kernel {
	HostlerProcess qemu;
	clockid_t clock;
	int stat; /* descriptors; -1: cannot be read */
	int cpu_stat;
	int memory_current;
	int io_stat;
};

static int open_file(const char *root, const char *folder, const char *name)
{
	g_autofree char *path = g_build_filename("/", root, folder, name, NULL);

	return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
}

/* FALSE: it is not there, or its process or cgroup is gone. */
static gboolean read_text(int fd, char *text, gsize size)
{
	ssize_t length = fd >= 0 ? pread(fd, text, size - 1, 0) : -1;

	text[MAX(length, 0)] = '\0';
	return length >= 0;
}

/* --- /proc/PID/stat --- */

typedef struct {
	char state;
	guint64 start;
	guint64 resident; /* pages */
} Stat;

static gboolean parse_stat(const char *text, Stat *stat)
{
	/* The command's name is anybody's text, and only it may hold a parenthesis. */
	const char *p = strrchr(text, ')');
	guint64 fields[FIELDS] = { 0 };

	if (p == NULL || p[1] != ' ' || p[2] == '\0')
		return FALSE;
	stat->state = p[2];
	p += 3;
	for (guint i = 1; i < FIELDS; i++) {
		if (*p != ' ')
			return FALSE;
		fields[i] = g_ascii_strtoull(p + 1, NULL, 10);
		p += 1 + strcspn(p + 1, " \n");
	}
	stat->start = fields[FIELD_START];
	stat->resident = fields[FIELD_RESIDENT];
	return TRUE;
}

/* FALSE also when another process has come by its number. */
static gboolean read_stat(int fd, const HostlerProcess *process, Stat *stat)
{
	char text[TEXT_BYTES];

	return read_text(fd, text, sizeof(text)) && parse_stat(text, stat) && stat->start == process->start;
}

/* --- one QEMU --- */

Kernel *kernel_new(const char *root, const HostlerProcess *qemu, const char *cgroup)
{
	g_autofree char *process = g_strdup_printf("/proc/%d", qemu->pid);
	g_autofree char *folder = cgroup != NULL ? g_build_filename("/sys/fs/cgroup", cgroup, NULL) : NULL;
	Kernel *kernel = g_new(Kernel, 1);
	Stat stat;

	*kernel = (Kernel){ .qemu = *qemu, .stat = open_file(root, process, "stat"),
			    .cpu_stat = -1, .memory_current = -1, .io_stat = -1 };
	/* A clock goes by the number alone. */
	if (!read_stat(kernel->stat, qemu, &stat) || clock_getcpuclockid(qemu->pid, &kernel->clock) != 0)
		kernel->clock = -1;
	if (folder != NULL) {
		kernel->cpu_stat = open_file(root, folder, "cpu.stat");
		kernel->memory_current = open_file(root, folder, "memory.current");
		kernel->io_stat = open_file(root, folder, "io.stat");
	}
	return kernel;
}

void kernel_free(Kernel *kernel)
{
	const int files[] = { kernel->stat, kernel->cpu_stat, kernel->memory_current, kernel->io_stat };

	for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
		if (files[i] >= 0)
			close(files[i]);
	}
	g_free(kernel);
}

gboolean kernel_lives(const char *root, const HostlerProcess *process)
{
	g_autofree char *folder = g_strdup_printf("/proc/%d", process->pid);
	int fd = open_file(root, folder, "stat");
	Stat stat;
	gboolean lives = read_stat(fd, process, &stat) && strchr("ZXx", stat.state) == NULL;

	if (fd >= 0)
		close(fd);
	return lives;
}

gboolean kernel_qemu_is_stopped(const Kernel *kernel)
{
	Stat stat;

	return read_stat(kernel->stat, &kernel->qemu, &stat) && (stat.state == 'T' || stat.state == 't');
}

/* --- CPU --- */

guint64 kernel_cpu_time(const Kernel *kernel)
{
	struct timespec used;

	if (kernel->clock == -1 || clock_gettime(kernel->clock, &used) < 0)
		return 0;
	return (guint64)used.tv_sec * NANOSECONDS + (guint64)used.tv_nsec;
}

/* The value behind "name " in the text of a cgroup's file. */
static gboolean find_value(const char *text, const char *name, guint64 *value)
{
	gsize length = strlen(name);

	for (const char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
		line += *line == '\n' ? 1 : 0;
		if (strncmp(line, name, length) == 0 && line[length] == ' ') {
			*value = g_ascii_strtoull(line + length, NULL, 10);
			return TRUE;
		}
	}
	return FALSE;
}

/* The cgroup's includes what the kernel does for the VM's network (vhost). */
static void read_cpu(const Kernel *kernel, Sample *sample)
{
	char text[TEXT_BYTES];
	guint64 microseconds = 0;

	if (read_text(kernel->cpu_stat, text, sizeof(text)) && find_value(text, "usage_usec", &microseconds))
		sample->cpu_nanoseconds = microseconds * 1000;
	else
		sample->cpu_nanoseconds = kernel_cpu_time(kernel);
	if (sample->cpu_nanoseconds > 0)
		sample->known |= SAMPLE_KNOWS_CPU;
}

/* --- memory --- */

static void read_memory(const Kernel *kernel, Sample *sample)
{
	char text[TEXT_BYTES];
	Stat stat;

	if (read_stat(kernel->stat, &kernel->qemu, &stat)) {
		sample->resident_bytes = stat.resident * (guint64)sysconf(_SC_PAGESIZE);
		sample->known |= SAMPLE_KNOWS_RESIDENT;
	}
	if (read_text(kernel->memory_current, text, sizeof(text))) {
		sample->host_memory_bytes = g_ascii_strtoull(text, NULL, 10);
		sample->known |= SAMPLE_KNOWS_HOST_MEMORY;
	}
}

static void read_io(const Kernel *kernel, Sample *sample)
{
	g_autofree char *text = kernel->io_stat >= 0 ? g_malloc(IO_TEXT_BYTES) : NULL;

	if (text == NULL || !read_text(kernel->io_stat, text, IO_TEXT_BYTES))
		return;
	/* The sum without those disks that did not fit would go backwards one day. */
	if (strlen(text) == IO_TEXT_BYTES - 1)
		return;
	host_io_read(text, sample);
	sample->known |= SAMPLE_KNOWS_HOST_IO;
}

void kernel_read(const Kernel *kernel, Sample *sample)
{
	read_cpu(kernel, sample);
	read_memory(kernel, sample);
	read_io(kernel, sample);
}
