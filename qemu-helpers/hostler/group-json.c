/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IOMMU groups for programs. */
#include "group-show.h"
#include "qemu-helpers/json/ascii.h"

static void add_list(JsonBuilder *builder, const char *name, GStrv list)
{
	json_begin_array(builder, name);
	for (gsize i = 0; list != NULL && list[i] != NULL; i++) {
		g_autofree char *text = paper_text(list[i]);

		json_builder_add_string_value(builder, text);
	}
	json_builder_end_array(builder);
}

/* As setpci and pci.ids write it. */
static void add_id(JsonBuilder *builder, const char *name, guint id)
{
	g_autofree char *text = g_strdup_printf("%04x", id);

	json_add_text(builder, name, text);
}

static void add_names(JsonBuilder *builder, PciNames *names, const Member *member)
{
	g_autofree char *class = pci_names_find(names, PCI_NAME_CLASS, (int)member->class, 0);
	g_autofree char *vendor = pci_names_find(names, PCI_NAME_VENDOR, (int)member->vendor, 0);
	g_autofree char *device = pci_names_find(names, PCI_NAME_DEVICE, (int)member->vendor, (int)member->device);

	json_begin_object(builder, "names");
	json_add_text(builder, "class", class);
	json_add_text(builder, "vendor", vendor);
	json_add_text(builder, "device", device);
	json_builder_end_object(builder);
}

static void add_facts(JsonBuilder *builder, PciNames *names, const Member *member)
{
	g_autofree char *driver = member->driver != NULL ? paper_text(member->driver) : NULL;

	add_id(builder, "class", member->class);
	add_id(builder, "vendor", member->vendor);
	add_id(builder, "device", member->device);
	json_add_count(builder, "revision", member->revision);
	add_names(builder, names, member);
	json_add_text(builder, "driver", driver);
	add_list(builder, "reset_methods", member->reset_methods);
	add_list(builder, "users", member->users);
	json_add_truth(builder, "bridge", member->bridge);
}

static void add_member(JsonBuilder *builder, PciNames *names, const Member *member)
{
	g_autofree char *trouble = member->trouble != NULL ? paper_text(member->trouble) : NULL;

	json_builder_begin_object(builder);
	json_add_text(builder, "bdf", member->bdf);
	json_add_truth(builder, "stuck", member->stuck);
	json_add_text(builder, "trouble", trouble);
	if (trouble == NULL)
		add_facts(builder, names, member);
	json_builder_end_object(builder);
}

static void add_group(JsonBuilder *builder, PciNames *names, const Group *group)
{
	g_autofree char *why = NULL;
	gboolean passable = group_passable(group, &why);
	g_autofree char *why_shown = paper_text(why);

	json_builder_begin_object(builder);
	json_add_count(builder, "group", g_ascii_strtoull(group->number, NULL, 10));
	json_add_truth(builder, "passable", passable);
	json_add_text(builder, "why", why_shown);
	json_begin_array(builder, "members");
	for (guint i = 0; i < group->members->len; i++)
		add_member(builder, names, g_ptr_array_index(group->members, i));
	json_builder_end_array(builder);
	json_builder_end_object(builder);
}

void groups_print_json(const Paper *paper, PciNames *names, const GPtrArray *groups)
{
	g_autoptr(JsonBuilder) builder = json_builder_new_immutable();

	json_builder_begin_array(builder);
	for (guint i = 0; i < groups->len; i++)
		add_group(builder, names, g_ptr_array_index(groups, i));
	json_builder_end_array(builder);
	paper_print_json(paper, builder);
}
