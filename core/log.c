/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages: to the journal where there is one, else a line on stderr; never on
 * stdout, and never waiting for whoever reads. */

#include "core/log.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "hostler/text.h"

/* In characters: the line then fits into PIPE_BUF, which a pipe takes at once or not at all. */
#define LONGEST_MESSAGE 1000
#define LONGEST_FIELD 4096   /* bytes */
#define MAX_FIELDS 8
#define STDERR_PATIENCE 100 /* ms */

static const char *journal = "/run/systemd/journal/socket";
static const char *program_name = "hostler";
static HostlerLogWhere destination = HOSTLER_LOG_STDERR;
static gboolean debug_wanted;

void hostler_log_use_journal(const char *socket)
{
	journal = socket;
}

typedef struct {
	GLogLevelFlags level;
	const char *name;
	const char *priority; /* of syslog(3) */
} Level;

static const Level *find_level(GLogLevelFlags flags)
{
	static const Level levels[] = {
		{G_LOG_LEVEL_ERROR, "error", "3"},   {G_LOG_LEVEL_CRITICAL, "error", "3"},
		{G_LOG_LEVEL_WARNING, "warning", "4"}, {G_LOG_LEVEL_MESSAGE, "notice", "5"},
		{G_LOG_LEVEL_INFO, "info", "6"},     {G_LOG_LEVEL_DEBUG, "debug", "7"},
	};
	gsize i = 0;

	while (i + 1 < G_N_ELEMENTS(levels) && !(flags & levels[i].level))
		i++;
	return &levels[i];
}

/* The journal's own framing: KEY=value, or for a value of more than one line
 * KEY, a 64-bit little-endian length and the bytes. */
static void append_field(GString *datagram, const char *key, const char *value, gsize length)
{
	guint64 size = GUINT64_TO_LE(length);

	g_string_append(datagram, key);
	if (memchr(value, '\n', length) == NULL) {
		g_string_append_c(datagram, '=');
	} else {
		g_string_append_c(datagram, '\n');
		g_string_append_len(datagram, (const char *)&size, sizeof(size));
	}
	g_string_append_len(datagram, value, (gssize)length);
	g_string_append_c(datagram, '\n');
}

static gboolean is_ours(const char *key)
{
	return g_str_equal(key, "MESSAGE") || g_str_equal(key, "PRIORITY") || g_str_equal(key, "SYSLOG_IDENTIFIER");
}

/* Not g_log_writer_journald(): that waits for ever on a journal that does not
 * read (measured), and a hook has a deadline. */
static gboolean send_to_journal(const GString *datagram)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	gssize sent;
	int fd;

	if (strlen(journal) >= sizeof(address.sun_path))
		return FALSE;
	strcpy(address.sun_path, journal);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return FALSE;
	sent = sendto(fd, datagram->str, datagram->len, MSG_DONTWAIT | MSG_NOSIGNAL, &address, sizeof(address));
	close(fd);
	return sent == (gssize)datagram->len;
}

static gboolean write_journal(const Level *level, const char *message, const GLogField *fields, gsize n_fields)
{
	g_autoptr(GString) datagram = g_string_new(NULL);

	append_field(datagram, "MESSAGE", message, strlen(message));
	append_field(datagram, "PRIORITY", level->priority, strlen(level->priority));
	append_field(datagram, "SYSLOG_IDENTIFIER", program_name, strlen(program_name));
	for (gsize i = 0; i < n_fields; i++) {
		const char *value = fields[i].value;
		gsize length = fields[i].length < 0 ? strlen(value) : (gsize)fields[i].length;

		if (!is_ours(fields[i].key))
			append_field(datagram, fields[i].key, value, MIN(length, LONGEST_FIELD));
	}
	return send_to_journal(datagram);
}

static void write_stderr(const Level *level, const char *message)
{
	g_autofree char *line = g_strdup_printf("%s: %s: %s\n", program_name, level->name, message);
	struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};

	/* A line that nobody reads is lost; the caller is not. */
	if (poll(&ready, 1, STDERR_PATIENCE) == 1 && (ready.revents & POLLOUT)) {
		gssize written = write(STDERR_FILENO, line, strlen(line));

		(void)written;
	}
}

static char *find_message(const GLogField *fields, gsize n_fields)
{
	for (gsize i = 0; i < n_fields; i++) {
		g_autofree char *text = NULL;

		if (!g_str_equal(fields[i].key, "MESSAGE"))
			continue;
		text = fields[i].length < 0 ? g_strdup(fields[i].value) :
					      g_strndup(fields[i].value, (gsize)fields[i].length);
		return hostler_text_line(text, LONGEST_MESSAGE);
	}
	return g_strdup("(no message)");
}

static GLogWriterOutput write_message(GLogLevelFlags flags, const GLogField *fields, gsize n_fields, gpointer data)
{
	const Level *level = find_level(flags);
	g_autofree char *message = NULL;

	if (level->level == G_LOG_LEVEL_DEBUG && !debug_wanted)
		return G_LOG_WRITER_HANDLED;
	message = find_message(fields, n_fields);
	if (!write_journal(level, message, fields, n_fields) && (destination == HOSTLER_LOG_STDERR || debug_wanted))
		write_stderr(level, message);
	return G_LOG_WRITER_HANDLED;
}

/* A program started with one of these closed would get a record or a device
 * file as "stderr". */
static void fill_standard_fds(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
			return;
}

void hostler_log_open(const char *program, HostlerLogWhere where)
{
	static gboolean opened;

	program_name = program;
	destination = where;
	debug_wanted = secure_getenv("HOSTLER_DEBUG") != NULL;
	if (opened)
		return;
	opened = TRUE;
	fill_standard_fds();
	/* Our reader may be a libvirtd that was killed: a lost message, not our end. */
	signal(SIGPIPE, SIG_IGN);
	g_log_writer_default_set_use_stderr(TRUE);
	g_log_set_writer_func(write_message, NULL, NULL);
}

static void add_field(GLogField *fields, gsize *n_fields, const char *key, const char *value)
{
	if (value == NULL)
		return;
	fields[*n_fields] = (GLogField){key, value, -1};
	(*n_fields)++;
}

void hostler_log(GLogLevelFlags level, const char *code, const HostlerSubject *subject, const char *format, ...)
{
	static const HostlerSubject nobody;
	const HostlerSubject *who = subject != NULL ? subject : &nobody;
	GLogField fields[MAX_FIELDS];
	gsize n_fields = 0;
	g_autofree char *message = NULL;
	va_list args;

	if ((level & G_LOG_LEVEL_DEBUG) && !debug_wanted)
		return;
	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	add_field(fields, &n_fields, "MESSAGE", message);
	add_field(fields, &n_fields, "PRIORITY", find_level(level)->priority);
	add_field(fields, &n_fields, "GLIB_DOMAIN", "hostler");
	add_field(fields, &n_fields, "HOSTLER_CODE", code);
	add_field(fields, &n_fields, "HOSTLER_VM", who->vm);
	add_field(fields, &n_fields, "HOSTLER_UUID", who->uuid);
	add_field(fields, &n_fields, "HOSTLER_DEVICE", who->device);
	g_log_structured_array(level, fields, n_fields);
}
