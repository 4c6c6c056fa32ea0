/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a device mapper's device is: its uuid in sysfs says who made it, its table,
 * which only the ioctl tells, what of. */
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "host/machine.h"
#include "host/storage/layers.h"

#define CONTROL "/dev/mapper/control"
#define ANSWER_BYTES (16 * 1024)

typedef struct {
	char *target; /* "linear", "crypt", "raid"; NULL: nobody could be asked */
	char *status; /* what that target says of itself */
} Table;

static void table_clear(Table *table)
{
	g_clear_pointer(&table->target, g_free);
	g_clear_pointer(&table->status, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Table, table_clear)

/* --- the ioctl --- */

/* Of a device whose parts are of several targets the first. */
static void take(Table *table, const char *answer, const struct dm_ioctl *head)
{
	struct dm_target_spec target;
	gsize at = head->data_start;

	if (head->target_count == 0 || at + sizeof(target) > ANSWER_BYTES)
		return;
	memcpy(&target, answer + at, sizeof(target));
	table->target = g_strndup(target.target_type, sizeof(target.target_type));
	table->status = g_strndup(answer + at + sizeof(target), ANSWER_BYTES - at - sizeof(target));
}

/* Without NOFLUSH a thin pool would write its metadata first. */
static void ask(const Ground *ground, guint dev_major, guint dev_minor, Table *table)
{
	g_autofree char *path = machine_path(ground->host, CONTROL, NULL);
	g_autofree char *answer = g_malloc0(ANSWER_BYTES);
	struct dm_ioctl head = {
		.version = { 4, 0, 0 },
		.data_size = ANSWER_BYTES,
		.data_start = sizeof(head),
		.flags = DM_NOFLUSH_FLAG,
		.dev = makedev(dev_major, dev_minor),
	};
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);

	if (fd < 0)
		return;
	memcpy(answer, &head, sizeof(head));
	if (ioctl(fd, DM_TABLE_STATUS, answer) == 0) {
		memcpy(&head, answer, sizeof(head));
		take(table, answer, &head);
	}
	close(fd);
}

static void read_table(const Ground *ground, const char *name, Table *table)
{
	g_autofree char *number = block_read(ground, name, "dev");
	g_auto(GStrv) parts = g_strsplit(number != NULL ? number : "", ":", 2);

	if (g_strv_length(parts) == 2)
		ask(ground, (guint)g_ascii_strtoull(parts[0], NULL, 10), (guint)g_ascii_strtoull(parts[1], NULL, 10),
		    table);
}

/* --- what it says --- */

/* Of "raid": "raid1 2 AA 512/512 idle 0 0 -"; D is a disk that is lost. */
static char *describe_raid(Ground *ground, const char *name, const Table *table)
{
	g_auto(GStrv) words = g_strsplit(table->status, " ", -1);
	guint lost = 0, all;

	if (g_strv_length(words) < 3)
		return NULL;
	all = (guint)strlen(words[2]);
	for (guint i = 0; i < all; i++)
		lost += words[2][i] == 'D';
	if (lost > 0)
		ground_tell_degraded(ground, "lvs -a -o +health_status,devices; lvconvert --repair VG/LV",
				     "%s (%s) has %u of %u members", name, words[0], all - lost, all);
	return g_strdup_printf("%s (%u of %u)", words[0], all - lost, all);
}

/* "raid1 (2 of 2)" -> "raid1" */
static Layers name_layer(const char *maker, const char *what)
{
	g_autofree char *text = what != NULL ? g_strdup_printf("%s %s", maker, what) : g_strdup(maker);
	const char *detail = strstr(text, " (");
	g_autofree char *kind = g_strndup(text, detail != NULL ? (gsize)(detail - text) : strlen(text));

	return layers_new(text, kind);
}

static gboolean is_lvm(const Ground *ground, const char *name)
{
	g_autofree char *uuid = block_read(ground, name, "dm/uuid");

	return uuid != NULL && g_str_has_prefix(uuid, "LVM-");
}

/* A mirror or a pool is made of hidden volumes: one layer, for who sees LVM. */
static void gather(Ground *ground, const char *name, Layers *all)
{
	g_autoptr(GPtrArray) members = block_members(ground, name);

	if (!ground_descend(ground))
		return;
	for (guint i = 0; i < members->len; i++) {
		const char *member = g_ptr_array_index(members, i);

		if (is_lvm(ground, member))
			gather(ground, member, all);
		else
			layers_beside(all, ground_of_block(ground, member));
	}
	ground->depth--;
}

static Layers describe_lvm(Ground *ground, const char *name, const Table *table)
{
	gboolean is_raid = g_strcmp0(table->target, "raid") == 0;
	gboolean is_plain = table->target == NULL || g_str_equal(table->target, "linear");
	g_autofree char *raid = is_raid ? describe_raid(ground, name, table) : NULL;
	Layers below = { 0 };

	gather(ground, name, &below);
	return layers_stack(name_layer("LVM", raid != NULL ? raid : is_plain ? NULL : table->target), below);
}

static Layers describe_other(Ground *ground, const char *name, const char *uuid, const Table *table)
{
	g_autofree char *raid = g_strcmp0(table->target, "raid") == 0 ? describe_raid(ground, name, table) : NULL;
	g_autofree char *plain = g_strconcat("dm-", table->target, NULL);
	Layers below = ground_of_members(ground, name);

	if (g_str_has_prefix(uuid, "CRYPT-") || g_strcmp0(table->target, "crypt") == 0)
		return layers_stack(layers_new("dm-crypt", NULL), below);
	if (g_str_has_prefix(uuid, "mpath-") || g_strcmp0(table->target, "multipath") == 0)
		return layers_stack(layers_new("dm-multipath", NULL), below);
	if (g_str_has_prefix(uuid, "part") && below.text != NULL)
		return below; /* a partition, made by kpartx */
	return layers_stack(raid != NULL ? name_layer("dm", raid) :
					   layers_new(table->target != NULL ? plain : "device mapper", NULL),
			    below);
}

Layers ground_of_dm(Ground *ground, const char *name)
{
	g_autofree char *uuid = block_read(ground, name, "dm/uuid");
	g_auto(Table) table = { 0 };

	read_table(ground, name, &table);
	if (is_lvm(ground, name))
		return describe_lvm(ground, name, &table);
	return describe_other(ground, name, uuid != NULL ? uuid : "", &table);
}
