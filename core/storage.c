/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the disks of a VM stand on. A NAS that is gone keeps whoever asks for as
 * long as it likes, so each image has a job of its own, unless the kernel has in
 * its memory all there is to know. */
#include "hostler/storage.h"

#include <string.h>

#include "hostler/error.h"

#define SECONDS 5

typedef struct {
	const char *path;
	HostlerStorageDepth depth;
} Look;

/* --- without a look --- */

static void set_stack(GKeyFile *facts, const char *stack, const char *kind)
{
	g_key_file_set_string(facts, HOSTLER_STORAGE, HOSTLER_STORAGE_STACK, stack);
	g_key_file_set_string(facts, HOSTLER_STORAGE, HOSTLER_STORAGE_KIND, kind);
}

/* "rbd:pool/image"; QEMU speaks to the server itself. */
static void tell_network(GKeyFile *facts, const HostlerDisk *disk)
{
	const char *colon = strchr(disk->source, ':');
	g_autofree char *protocol = g_strndup(disk->source, colon != NULL ? (gsize)(colon - disk->source) : 0);
	g_autofree char *stack = g_strdup_printf("%s network disk", protocol);

	set_stack(facts, stack, stack);
	if (disk->server != NULL)
		g_key_file_set_string(facts, HOSTLER_STORAGE, HOSTLER_STORAGE_SERVER, disk->server);
}

static void tell_type(GKeyFile *facts, const HostlerDisk *disk)
{
	if (g_str_equal(disk->type, "network"))
		tell_network(facts, disk);
	else if (g_str_equal(disk->type, "nvme"))
		set_stack(facts, "NVMe driven by QEMU itself", "NVMe driven by QEMU itself");
	else if (g_str_equal(disk->type, "volume"))
		set_stack(facts, "unknown: libvirt alone knows where this pool has its volumes", "unknown");
	else if (g_str_equal(disk->type, "vhostuser") || g_str_equal(disk->type, "vhostvdpa"))
		set_stack(facts, "unknown: served by another process", "unknown");
}

static gboolean has_path(const HostlerDisk *disk)
{
	static const char *const types[] = { "file", "block", "dir", NULL };

	return disk->source != NULL && disk->source[0] == '/' && g_strv_contains(types, disk->type);
}

/* --- with one --- */

static gboolean look(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	const Look *data = job->data;

	return host->ops->storage_read(host, data->path, data->depth == HOSTLER_STORAGE_TRIES, answer, error);
}

/* The name of a lock file, as a BDF is: which image hangs is remembered by it. */
static char *name_job(const char *path)
{
	g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, path, -1);

	return g_strdup_printf("image-%.16s", sum);
}

/* `seconds`: how long was waited. One that hangs since an earlier look had its time then,
 * and is not waited for again. */
static GKeyFile *take_facts(const HostlerJob *job, int seconds)
{
	g_autofree char *stack = NULL;
	GKeyFile *facts;

	if (job->state == HOSTLER_JOB_DONE)
		return g_key_file_ref(job->answer);
	facts = g_key_file_new();
	if (job->state == HOSTLER_JOB_STUCK) {
		stack = g_strdup("unknown: did not answer");
		g_key_file_set_integer(facts, HOSTLER_STORAGE, HOSTLER_STORAGE_SILENT,
				       seconds > 0 ? seconds : SECONDS);
	} else if (g_error_matches(job->error, HOSTLER_ERROR, HOSTLER_ERROR_DEADLINE)) {
		stack = g_strdup("unknown: not looked at, no time was left");
	} else {
		stack = g_strdup_printf("unknown: %s", job->error->message);
		if (!g_error_matches(job->error, HOSTLER_ERROR, HOSTLER_ERROR_ABSENT))
			g_key_file_set_string(facts, HOSTLER_STORAGE, HOSTLER_STORAGE_UNSEEN, job->error->message);
	}
	set_stack(facts, stack, "unknown");
	return facts;
}

/* How many seconds it took. */
static int run(HostlerHost *host, HostlerJob *jobs, gsize n_jobs)
{
	gint64 deadline = host->deadline;
	gint64 began = host->ops->monotonic(host);

	host->deadline = MIN(deadline, began + SECONDS * G_USEC_PER_SEC);
	host->ops->run_jobs(host, jobs, n_jobs, look);
	host->deadline = deadline;
	return (int)((host->ops->monotonic(host) - began) / G_USEC_PER_SEC);
}

/* NULL: it takes a job. */
static GKeyFile *peek(HostlerHost *host, const HostlerDisk *disk, HostlerStorageDepth depth)
{
	g_autoptr(GKeyFile) facts = g_key_file_new();

	if (!has_path(disk))
		return g_steal_pointer(&facts);
	if (depth == HOSTLER_STORAGE_LABELS && host->ops->storage_peek(host, disk->source, facts))
		return g_steal_pointer(&facts);
	return NULL;
}

static void look_at_all(HostlerHost *host, const GPtrArray *disks, HostlerStorageDepth depth, GPtrArray *all)
{
	g_autofree HostlerJob *jobs = g_new0(HostlerJob, disks->len + 1);
	g_autofree Look *looks = g_new0(Look, disks->len + 1);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	int seconds = 0;
	gsize n = 0;

	for (guint i = 0; i < disks->len; i++) {
		const HostlerDisk *disk = g_ptr_array_index(disks, i);

		g_ptr_array_add(all, peek(host, disk, depth));
		if (g_ptr_array_index(all, i) != NULL)
			continue;
		looks[n] = (Look){ disk->source, depth };
		g_ptr_array_add(names, name_job(disk->source));
		jobs[n] = (HostlerJob){ .bdf = g_ptr_array_index(names, n), .data = &looks[n] };
		n++;
	}
	if (n > 0)
		seconds = run(host, jobs, n);
	for (guint i = 0, at = 0; i < disks->len; i++) {
		if (g_ptr_array_index(all, i) == NULL)
			g_ptr_array_index(all, i) = take_facts(&jobs[at++], seconds);
	}
	hostler_jobs_clear(jobs, n);
}

/* What could not be looked at has its name all the same, so that a run is compared with
 * others even if the NAS was gone when it began. */
static void name_unseen(HostlerHost *host, const char *path, GKeyFile *facts)
{
	g_autoptr(GKeyFile) named = g_key_file_new();
	g_autofree char *kind = hostler_storage_get(facts, HOSTLER_STORAGE_KIND);
	g_auto(GStrv) keys = NULL;

	if (g_strcmp0(kind, "unknown") != 0)
		return;
	if (!host->ops->storage_peek(host, path, named) && !hostler_storage_is_remote(named))
		return;
	keys = g_key_file_get_keys(named, HOSTLER_STORAGE, NULL, NULL);
	for (gsize i = 0; keys != NULL && keys[i] != NULL; i++) {
		g_autofree char *value = hostler_storage_get(named, keys[i]);

		g_key_file_set_string(facts, HOSTLER_STORAGE, keys[i], value);
	}
}

GPtrArray *hostler_storage_survey(HostlerHost *host, const HostlerDomain *domain, HostlerStorageDepth depth)
{
	GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)g_key_file_unref);

	look_at_all(host, domain->disks, depth, all);
	for (guint i = 0; i < domain->disks->len; i++) {
		const HostlerDisk *disk = g_ptr_array_index(domain->disks, i);

		if (has_path(disk))
			name_unseen(host, disk->source, g_ptr_array_index(all, i));
		else if (disk->source != NULL)
			tell_type(g_ptr_array_index(all, i), disk);
	}
	return all;
}

/* --- reading them --- */

char *hostler_storage_get(GKeyFile *facts, const char *key)
{
	return g_key_file_get_string(facts, HOSTLER_STORAGE, key, NULL);
}

gboolean hostler_storage_is_remote(GKeyFile *facts)
{
	return g_key_file_has_key(facts, HOSTLER_STORAGE, HOSTLER_STORAGE_EXPORT, NULL);
}
