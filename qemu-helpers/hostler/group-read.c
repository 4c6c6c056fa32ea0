/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads all devices of all IOMMU groups, side by side. */
#include <string.h>

#include "group.h"
#include "hostler/error.h"
#include "hostler/record.h"
#include "hostler/text.h"

#define ANSWER "device" /* group of a job's answer */
#define BRIDGES 0x06    /* class of all bridges */
#define PORT 0x0604     /* class of those on the way to a device */

/* --- in the job --- */

/* An attribute that this kernel or this device does not have is no fault. */
static gboolean take_attribute(HostlerHost *host, const char *bdf, const char *attribute, GKeyFile *answer,
			       GError **error)
{
	g_autoptr(GError) local = NULL;
	g_autofree char *value = host->ops->pci_read(host, bdf, attribute, &local);

	if (value != NULL)
		g_key_file_set_string(answer, ANSWER, attribute, value);
	if (value != NULL || g_error_matches(local, HOSTLER_ERROR, HOSTLER_ERROR_ABSENT))
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&local));
	return FALSE;
}

/* Shown text from here on: what is no UTF-8 would be lost in a key file, and a
 * device in use be taken for a free one. */
static gboolean take_driver(HostlerHost *host, const char *bdf, GKeyFile *answer, GError **error)
{
	g_autoptr(GError) local = NULL;
	g_autofree char *driver = host->ops->pci_link(host, bdf, "driver", &local);
	g_autofree char *shown = hostler_text_shown(driver);

	if (driver != NULL)
		g_key_file_set_string(answer, ANSWER, "driver", shown);
	if (local == NULL)
		g_key_file_set_boolean(answer, ANSWER, "on_vfio", host->ops->pci_on_vfio(host, bdf, &local));
	if (local == NULL)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&local));
	return FALSE;
}

static gboolean take_users(HostlerHost *host, const char *bdf, GKeyFile *answer, GError **error)
{
	g_auto(GStrv) users = host->ops->pci_users(host, bdf, HOSTLER_USE_NEEDED, error);

	if (users == NULL)
		return FALSE;
	for (gsize i = 0; users[i] != NULL; i++) {
		g_autofree char *user = users[i];

		users[i] = hostler_text_shown(user);
	}
	g_key_file_set_string_list(answer, ANSWER, "users", (const char *const *)users, g_strv_length(users));
	return TRUE;
}

static guint take_number(GKeyFile *answer, const char *attribute)
{
	g_autofree char *value = g_key_file_get_string(answer, ANSWER, attribute, NULL);

	return value != NULL ? (guint)g_ascii_strtoull(value, NULL, 16) : 0;
}

static gboolean read_device(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	static const char *const attributes[] = { "class", "vendor", "device", "revision", "reset_method", "enable" };

	for (gsize i = 0; i < G_N_ELEMENTS(attributes); i++) {
		if (!take_attribute(host, job->bdf, attributes[i], answer, error))
			return FALSE;
	}
	return take_driver(host, job->bdf, answer, error) &&
	       (take_number(answer, "class") >> 8 == PORT || take_users(host, job->bdf, answer, error));
}

/* --- members --- */

static void member_free(gpointer data)
{
	Member *member = data;

	g_free(member->bdf);
	g_free(member->trouble);
	g_free(member->driver);
	g_strfreev(member->reset_methods);
	g_strfreev(member->users);
	g_free(member);
}

static Member *member_new(const char *bdf)
{
	Member *member = g_new0(Member, 1);

	member->bdf = g_strdup(bdf);
	return member;
}

static GStrv take_words(GKeyFile *answer, const char *attribute)
{
	g_autofree char *value = g_key_file_get_string(answer, ANSWER, attribute, NULL);
	g_auto(GStrv) words = g_strsplit(value != NULL ? value : "", " ", -1);
	g_autoptr(GStrvBuilder) given = g_strv_builder_new();

	for (gsize i = 0; words[i] != NULL; i++) {
		if (*words[i] != '\0')
			g_strv_builder_add(given, words[i]);
	}
	return g_strv_builder_end(given);
}

/* Besides the host itself: the VM that our records give it to, or, for what
 * libvirt or another program bound, whoever has it open. */
static GStrv find_users(HostlerHost *host, const Member *member, GKeyFile *answer)
{
	g_autoptr(HostlerRecord) claim = hostler_record_load(host, HOSTLER_RECORD_CLAIM, member->bdf);
	g_auto(GStrv) phrases = g_key_file_get_string_list(answer, ANSWER, "users", NULL, NULL);
	g_autofree char *enable = g_key_file_get_string(answer, ANSWER, "enable", NULL);
	g_autoptr(GStrvBuilder) users = g_strv_builder_new();

	if (claim != NULL) {
		g_autofree char *name = hostler_text_shown(claim->name);
		g_autofree char *phrase = g_strdup_printf("it belongs to VM '%s'", name);

		g_strv_builder_add(users, phrase);
	} else if (member->on_vfio && enable != NULL && !g_str_equal(enable, "0")) {
		g_strv_builder_add(users, "a program has it open through vfio-pci");
	}
	for (gsize i = 0; phrases != NULL && phrases[i] != NULL; i++)
		g_strv_builder_add(users, phrases[i]);
	return g_strv_builder_end(users);
}

static void member_fill(HostlerHost *host, Member *member, const HostlerJob *job)
{
	if (job->state != HOSTLER_JOB_DONE) {
		member->stuck = job->state == HOSTLER_JOB_STUCK;
		member->trouble = g_strdup(job->error->message);
		return;
	}
	member->class = take_number(job->answer, "class") >> 8;
	member->vendor = take_number(job->answer, "vendor");
	member->device = take_number(job->answer, "device");
	member->revision = take_number(job->answer, "revision");
	member->bridge = member->class >> 8 == BRIDGES;
	member->port = member->class == PORT;
	member->driver = g_key_file_get_string(job->answer, ANSWER, "driver", NULL);
	member->on_vfio = g_key_file_get_boolean(job->answer, ANSWER, "on_vfio", NULL);
	member->reset_methods = take_words(job->answer, "reset_method");
	member->users = find_users(host, member, job->answer);
}

/* --- groups --- */

static void group_free(gpointer data)
{
	Group *group = data;

	g_free(group->number);
	g_ptr_array_unref(group->members);
	g_free(group);
}

/* A group that is gone by now has no members to speak of. */
static Group *list_members(HostlerHost *host, const char *number, GPtrArray *all)
{
	g_auto(GStrv) bdfs = host->ops->group_members(host, number, NULL);
	Group *group = g_new0(Group, 1);

	group->number = g_strdup(number);
	group->members = g_ptr_array_new_with_free_func(member_free);
	for (gsize i = 0; bdfs != NULL && bdfs[i] != NULL; i++) {
		g_ptr_array_add(group->members, member_new(bdfs[i]));
		g_ptr_array_add(all, g_ptr_array_index(group->members, i));
	}
	return group;
}

static void read_members(HostlerHost *host, const GPtrArray *members)
{
	g_autofree HostlerJob *jobs = g_new0(HostlerJob, members->len);

	for (guint i = 0; i < members->len; i++)
		jobs[i].bdf = ((const Member *)g_ptr_array_index(members, i))->bdf;
	host->ops->run_jobs(host, jobs, members->len, read_device);
	for (guint i = 0; i < members->len; i++)
		member_fill(host, g_ptr_array_index(members, i), &jobs[i]);
	hostler_jobs_clear(jobs, members->len);
}

GPtrArray *groups_read(HostlerHost *host)
{
	g_auto(GStrv) numbers = host->ops->groups(host);
	g_autoptr(GPtrArray) members = g_ptr_array_new();
	GPtrArray *groups = g_ptr_array_new_with_free_func(group_free);

	for (gsize i = 0; numbers[i] != NULL; i++)
		g_ptr_array_add(groups, list_members(host, numbers[i], members));
	read_members(host, members);
	return groups;
}
