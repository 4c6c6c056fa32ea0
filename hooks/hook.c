/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/hook.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/lifecycle.h"
#include "hostler/domain.h"
#include "hostler/error.h"
#include "hostler/log.h"

#define READ_BYTES (64 * 1024)

/* A hook is over within its deadline; a signal meant for libvirtd's group must
 * not leave a device half way. */
static void ignore_signals(void)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGTERM, SIGQUIT };

	for (gsize i = 0; i < G_N_ELEMENTS(signals); i++)
		signal(signals[i], SIG_IGN);
}

HostlerHost *hook_begin(const char *program, GError **error)
{
	HostlerHost *host;

	hostler_log_open(program, HOSTLER_LOG_JOURNAL);
	ignore_signals();
	umask(022);
	host = hostler_host_open();
	hostler_config_load(&host->config, host->config_file, error);
	host->deadline = host->ops->monotonic(host) + host->config.hook_deadline * G_USEC_PER_SEC;
	return host;
}

static gboolean wait_for_input(HostlerHost *host, GError **error)
{
	struct pollfd stdin_poll = { .fd = STDIN_FILENO, .events = POLLIN };
	gint64 left = hostler_host_time_left(host);
	int ready;

	do
		ready = poll(&stdin_poll, 1, (int)((left + 999) / 1000));
	while (ready < 0 && errno == EINTR && (left = hostler_host_time_left(host)) > 0);
	if (ready > 0)
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_DEADLINE,
		    "libvirt's XML did not end on stdin within the deadline; called by hand, give it: "
		    "virsh dumpxml VM");
	return FALSE;
}

static gboolean read_some(GByteArray *bytes, gboolean *end, GError **error)
{
	guint have = bytes->len;
	ssize_t n;

	g_byte_array_set_size(bytes, have + READ_BYTES);
	n = read(STDIN_FILENO, bytes->data + have, READ_BYTES);
	g_byte_array_set_size(bytes, have + (guint)MAX(n, 0));
	*end = n == 0;
	if (n < 0 && errno != EINTR && errno != EAGAIN) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_XML,
			    "there is no XML on stdin (%s); called by hand, give it: virsh dumpxml VM",
			    g_strerror(errno));
		return FALSE;
	}
	if (bytes->len <= HOSTLER_XML_MAX_BYTES)
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_XML,
		    "the XML is longer than %d MiB; make the VM's <metadata> smaller: virsh edit VM",
		    HOSTLER_XML_MAX_BYTES / 1024 / 1024);
	return FALSE;
}

char *hook_read_stdin(HostlerHost *host, gsize *length, GError **error)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	gboolean end = FALSE;

	while (!end) {
		if (!wait_for_input(host, error) || !read_some(bytes, &end, error))
			return NULL;
	}
	*length = bytes->len;
	g_byte_array_append(bytes, (const guint8 *)"", 1);
	return (char *)g_byte_array_free(g_steal_pointer(&bytes), FALSE);
}

static void report(const GError *error)
{
	if (error != NULL)
		hostler_log(G_LOG_LEVEL_WARNING, hostler_error_code(error), NULL, "%s", error->message);
}

int hook_settle(HostlerHost *host, const GError *config_error)
{
	if (geteuid() != 0) /* a user's own libvirt */
		return 0;
	report(config_error);
	hostler_lifecycle_settle(host, HOSTLER_SETTLE_IN_PASSING);
	return 0;
}
