/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the log says is a part of what happens. */
#include "messages.h"

#include "fakehost.h"

static HostlerHost *listener;

static const char *find_field(const GLogField *fields, gsize n_fields, const char *key)
{
	for (gsize i = 0; i < n_fields; i++) {
		if (g_str_equal(fields[i].key, key))
			return fields[i].value;
	}
	return "";
}

static GLogWriterOutput write_message(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
	if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL) || listener == NULL)
		return g_log_writer_standard_streams(level, fields, n_fields, data);
	if (level & (G_LOG_LEVEL_WARNING | G_LOG_LEVEL_MESSAGE))
		fakehost_note(listener, "%s %s: %s", level & G_LOG_LEVEL_WARNING ? "warning" : "notice",
			      find_field(fields, n_fields, "HOSTLER_CODE"), find_field(fields, n_fields, "MESSAGE"));
	return G_LOG_WRITER_HANDLED;
}

void messages_catch(void)
{
	g_log_set_writer_func(write_message, NULL, NULL);
}

void messages_to(HostlerHost *host)
{
	listener = host;
}
