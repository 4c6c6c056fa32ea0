/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A record as a struct, as text, and whether the VM it speaks of lives. How
 * records lie on disk: records.c. */
#include "hostler/record.h"

#include <string.h>

#include "hostler/error.h"
#include "hostler/text.h"

#define HEAD "record"
#define FORMAT 1

static const char *const phase_names[] = {
	[HOSTLER_PHASE_PENDING] = "pending",
	[HOSTLER_PHASE_HELD] = "held",
	[HOSTLER_PHASE_ENDED] = "ended",
	[HOSTLER_PHASE_STUCK] = "stuck",
};

const char *hostler_phase_name(HostlerPhase phase)
{
	return phase_names[phase];
}

HostlerRecord *hostler_record_new(HostlerHost *host, HostlerRecordKind kind, const char *key, const char *uuid,
				  const char *name)
{
	HostlerRecord *record = g_new0(HostlerRecord, 1);

	record->kind = kind;
	record->key = g_strdup(key);
	record->uuid = g_strdup(uuid);
	record->name = g_strdup(name);
	record->run = g_strdup(host->run);
	record->boot = g_strdup(host->boot_id);
	record->caller = host->caller;
	record->body = g_key_file_new();
	hostler_record_enter(host, record, HOSTLER_PHASE_PENDING);
	return record;
}

void hostler_record_free(HostlerRecord *record)
{
	g_free(record->key);
	g_free(record->uuid);
	g_free(record->name);
	g_free(record->run);
	g_free(record->boot);
	g_clear_pointer(&record->body, g_key_file_unref);
	g_free(record);
}

void hostler_record_enter(HostlerHost *host, HostlerRecord *record, HostlerPhase phase)
{
	record->phase = phase;
	record->since = host->ops->boottime(host);
}

static void write_process(GKeyFile *file, const char *key, const HostlerProcess *process)
{
	g_autofree char *text = g_strdup_printf("%d %" G_GUINT64_FORMAT, process->pid, process->start);

	g_key_file_set_value(file, HEAD, key, text);
}

static gboolean read_process(GKeyFile *file, const char *key, HostlerProcess *process, GError **error)
{
	g_autofree char *text = g_key_file_get_value(file, HEAD, key, error);
	char *space = text != NULL ? strchr(text, ' ') : NULL;
	guint64 pid;

	if (text == NULL)
		return FALSE;
	if (space != NULL)
		*space = '\0';
	if (space == NULL || !g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT, &pid, NULL) ||
	    !g_ascii_string_to_unsigned(space + 1, 10, 0, G_MAXUINT64, &process->start, NULL)) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_RECORD,
			    "'%s' is no process (pid and start time)", key);
		return FALSE;
	}
	process->pid = (int)pid;
	return TRUE;
}

char *hostler_record_to_text(const HostlerRecord *record)
{
	g_autofree char *body = g_key_file_to_data(record->body, NULL, NULL);
	g_autoptr(GKeyFile) head = g_key_file_new();
	g_autofree char *text = NULL;

	g_key_file_set_integer(head, HEAD, "format", FORMAT);
	g_key_file_set_string(head, HEAD, "uuid", record->uuid);
	g_key_file_set_string(head, HEAD, "name", record->name);
	g_key_file_set_string(head, HEAD, "run", record->run);
	g_key_file_set_string(head, HEAD, "boot", record->boot);
	g_key_file_set_string(head, HEAD, "phase", phase_names[record->phase]);
	g_key_file_set_int64(head, HEAD, "since", record->since);
	write_process(head, "caller", &record->caller);
	write_process(head, "qemu", &record->qemu);
	text = g_key_file_to_data(head, NULL, NULL);
	return g_strconcat(text, "\n", body, NULL);
}

/* GKeyFile may return a text and an error at once. */
static gboolean read_text(const HostlerRecord *record, const char *key, char **text, GError **error)
{
	g_autoptr(GError) local = NULL;

	*text = g_key_file_get_string(record->body, HEAD, key, &local);
	if (local == NULL)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&local));
	return FALSE;
}

static gboolean read_phase(HostlerRecord *record, GError **error)
{
	g_autofree char *name = NULL;

	if (!read_text(record, "phase", &name, error))
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(phase_names); i++) {
		if (g_str_equal(name, phase_names[i])) {
			record->phase = (HostlerPhase)i;
			return TRUE;
		}
	}
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_RECORD, "unknown phase");
	return FALSE;
}

static gboolean read_uuid(HostlerRecord *record, GError **error)
{
	g_autofree char *text = NULL;

	if (!read_text(record, "uuid", &text, error))
		return FALSE;
	record->uuid = hostler_text_uuid(text);
	if (record->uuid == NULL ||
	    (record->kind != HOSTLER_RECORD_CLAIM && !g_str_equal(record->uuid, record->key))) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_RECORD, "uuid is none, or not the file's own");
		return FALSE;
	}
	return TRUE;
}

static gboolean read_since(HostlerRecord *record, GError **error)
{
	g_autoptr(GError) local = NULL;

	record->since = g_key_file_get_int64(record->body, HEAD, "since", &local);
	if (local != NULL) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	return TRUE;
}

static gboolean read_format(HostlerRecord *record, GError **error)
{
	g_autoptr(GError) local = NULL;
	int format = g_key_file_get_integer(record->body, HEAD, "format", &local);

	if (local != NULL) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	if (format != FORMAT) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_RECORD, "format %d is not %d", format, FORMAT);
		return FALSE;
	}
	return TRUE;
}

static gboolean read_head(HostlerRecord *record, GError **error)
{
	return read_format(record, error) && read_uuid(record, error) &&
	       read_text(record, "name", &record->name, error) && read_text(record, "run", &record->run, error) &&
	       read_text(record, "boot", &record->boot, error) &&
	       read_phase(record, error) && read_since(record, error) &&
	       read_process(record->body, "caller", &record->caller, error) &&
	       read_process(record->body, "qemu", &record->qemu, error);
}

HostlerRecord *hostler_record_from_text(HostlerRecordKind kind, const char *key, const char *text, gsize length,
					GError **error)
{
	g_autoptr(HostlerRecord) record = g_new0(HostlerRecord, 1);

	record->kind = kind;
	record->key = g_strdup(key);
	record->body = g_key_file_new();
	if (!g_key_file_load_from_data(record->body, text, length, G_KEY_FILE_NONE, error) ||
	    !read_head(record, error)) {
		g_prefix_error(error, "record %s: ", key);
		return NULL;
	}
	g_key_file_remove_group(record->body, HEAD, NULL);
	return g_steal_pointer(&record);
}

/* Between libvirtd's death and its `reconnect` a VM that runs may have no more
 * than its pid file to speak for it. */
static gboolean is_running_unseen(HostlerHost *host, const HostlerRecord *record)
{
	HostlerProcess process;

	return host->ops->qemu_find(host, record->name, &process);
}

gboolean hostler_record_alive(HostlerHost *host, const HostlerRecord *record)
{
	switch (record->phase) {
	case HOSTLER_PHASE_PENDING:
		return hostler_process_alive(host, &record->caller) || is_running_unseen(host, record);
	case HOSTLER_PHASE_HELD:
		return hostler_process_alive(host, &record->qemu);
	case HOSTLER_PHASE_ENDED:
	case HOSTLER_PHASE_STUCK:
		return FALSE;
	}
	g_return_val_if_reached(FALSE);
}

/* libvirt resets a device between `stopped` and `release`: long enough for both
 * to be over. */
#define GRACE_SECONDS 30

gboolean hostler_record_in_grace(HostlerHost *host, const HostlerRecord *record)
{
	return record->phase == HOSTLER_PHASE_ENDED && host->ops->boottime(host) - record->since < GRACE_SECONDS;
}
