/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A random host: IOMMU groups of one or two slots, each of one to four functions,
 * below ports; and VMs whose wishes overlap. */
#include <string.h>

#include "messages.h"
#include "soak.h"

typedef struct {
	GString *host;
	GString *domains;
	GPtrArray *bdfs;     /* char *, all that a VM may list */
	GArray *groups;	     /* guint, the group of each */
	GArray *used;	     /* gboolean, of each */
	guint n_groups;
} World;

/* --- devices --- */

static void add_driver(Soak *soak, World *world, gboolean *used)
{
	static const char *const drivers[] = { "e1000e", "nvme", "snd_hda_intel", "xhci_hcd" };
	const char *native = drivers[soak_pick(soak, G_N_ELEMENTS(drivers))];
	guint kind = soak_pick(soak, 100);

	*used = FALSE;
	if (kind < 50)
		g_string_append_printf(world->host, "driver=%s\n", native);
	else if (kind < 65)
		g_string_append_printf(world->host, "native=%s\n", soak_chance(soak, 50) ? native : "");
	else if (kind < 75)
		g_string_append_printf(world->host, "driver=vfio-pci\nnative=%s\n", native);
	else if (kind < 85)
		g_string_append_printf(world->host, "driver=vfio-pci\nnative=%s\ndriver_override=vfio-pci\n", native);
	else if (kind < 92)
		g_string_append_printf(world->host, "driver=%s\ndriver_override=%s\n", native, native);
	else {
		g_string_append_printf(world->host, "driver=%s\nusers=eth0 has the default route\n", native);
		*used = TRUE;
	}
}

static void add_rest(Soak *soak, World *world)
{
	static const char *const methods[] = { "flr", "pm", "flr bus", "pm bus", "bus", "" };
	const char *method = methods[soak_pick(soak, G_N_ELEMENTS(methods))];

	g_string_append_printf(world->host, "reset_method=%s\n", method);
	if (soak_chance(soak, 20))
		g_string_append(world->host, "resets=bus\n");
	if (soak_chance(soak, 20))
		g_string_append(world->host, "refuses=pm\n");
	if (soak_chance(soak, 30))
		g_string_append(world->host, "msi=no\n");
	g_string_append_printf(world->host, "power/control=%s\nd3cold_allowed=%u\n",
			       soak_chance(soak, 70) ? "auto" : "on", soak_pick(soak, 2));
}

static void add_function(Soak *soak, World *world, guint bus, guint slot, guint function)
{
	char *bdf = g_strdup_printf("0000:%02x:%02x.%u", bus, slot, function);
	gboolean used;

	g_string_append_printf(world->host, "[device %s]\niommu_group=%u\nport=0000:00:%02x.0\n", bdf, world->n_groups,
			       bus);
	add_driver(soak, world, &used);
	add_rest(soak, world);
	g_ptr_array_add(world->bdfs, bdf);
	g_array_append_val(world->groups, world->n_groups);
	g_array_append_val(world->used, used);
}

static void add_group(Soak *soak, World *world)
{
	guint bus = ++world->n_groups;
	guint n_slots = soak_chance(soak, 25) ? 2 : 1;

	g_string_append_printf(world->host, "[device 0000:00:%02x.0]\nclass=0x060400\ndriver=pcieport\niommu_group=%u\n"
			       "reset_method=%s\n", bus, soak_chance(soak, 50) ? world->n_groups : 100 + bus,
			       soak_chance(soak, 50) ? "bus" : "");
	for (guint slot = 0; slot < n_slots; slot++) {
		guint n = n_slots == 2 ? 1 + soak_pick(soak, 2) : 1 + soak_pick(soak, 4);

		for (guint function = 0; function < n; function++)
			add_function(soak, world, bus, slot, function);
	}
}

/* --- VMs --- */

static void add_hostdev(World *world, const char *bdf)
{
	g_string_append_printf(world->domains,
			       "    <hostdev mode='subsystem' type='pci' managed='yes'><source><address "
			       "domain='0x%.4s' bus='0x%.2s' slot='0x%.2s' function='0x%s'/></source></hostdev>\n",
			       bdf, bdf + 5, bdf + 8, bdf + 11);
}

/* FALSE when not all of the group is taken, or something stands on it. */
static gboolean add_devices_of(Soak *soak, World *world, guint group)
{
	gboolean all = soak_chance(soak, 80);
	gboolean whole = TRUE;

	for (guint i = 0; i < world->bdfs->len; i++) {
		if (g_array_index(world->groups, guint, i) != group)
			continue;
		if (all || soak_chance(soak, 60))
			add_hostdev(world, g_ptr_array_index(world->bdfs, i));
		else
			whole = FALSE;
		whole &= !g_array_index(world->used, gboolean, i);
	}
	return whole;
}

static void add_vm(Soak *soak, World *world, guint i)
{
	gboolean whole = TRUE;
	guint n_groups = 1 + soak_pick(soak, 2);
	guint first = soak_pick(soak, world->n_groups);

	g_string_append_printf(world->domains, "--- domain vm%u\n<domain type='kvm'>\n  <name>vm%u</name>\n"
			       "  <uuid>1111111%u-2222-3333-4444-555555555555</uuid>\n", i, i, i);
	if (soak_chance(soak, 20))
		g_string_append(world->domains, "  <metadata><hostler:vm xmlns:hostler='urn:hostler:1'>"
				"<hostler:passthrough reset='off'/></hostler:vm></metadata>\n");
	g_string_append(world->domains, "  <devices>\n");
	for (guint j = 0; j < MIN(n_groups, world->n_groups); j++)
		whole &= add_devices_of(soak, world, 1 + (first + j) % world->n_groups);
	g_string_append(world->domains, "  </devices>\n</domain>\n");
	soak->vms[i] = (SoakVm){ .whole = whole };
}

static Case *make_case(Soak *soak)
{
	World world = { .host = g_string_new(""), .domains = g_string_new("") };
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	Case *test_case;
	guint n_groups = 2 + soak_pick(soak, 3);

	world.bdfs = g_ptr_array_new_with_free_func(g_free);
	world.groups = g_array_new(FALSE, FALSE, sizeof(guint));
	world.used = g_array_new(FALSE, FALSE, sizeof(gboolean));
	for (guint i = 0; i < n_groups && world.bdfs->len + n_groups + 4 <= SOAK_MAX_DEVICES; i++)
		add_group(soak, &world);
	soak->n_vms = 2 + soak_pick(soak, SOAK_MAX_VMS - 1);
	for (guint i = 0; i < soak->n_vms; i++)
		add_vm(soak, &world, i);
	text = g_strdup_printf("--- host\n%s%s--- do\n--- expect\n", world.host->str, world.domains->str);
	test_case = case_parse("soak", text, &error);
	g_assert_no_error(error);
	g_string_free(world.host, TRUE);
	g_string_free(world.domains, TRUE);
	g_ptr_array_unref(world.bdfs);
	g_array_unref(world.groups);
	g_array_unref(world.used);
	return test_case;
}

/* --- both --- */

void soak_world_new(Soak *soak)
{
	soak->test_case = make_case(soak);
	soak->play = play_open(soak->test_case);
	soak->fake = (FakeHost *)soak->play->host;
	soak->n_devices = soak->fake->devices->len;
	g_assert_cmpuint(soak->n_devices, <=, SOAK_MAX_DEVICES);
	for (guint i = 0; i < soak->n_devices; i++)
		soak->devices[i] = (SoakDevice){ .device = g_ptr_array_index(soak->fake->devices, i) };
	for (guint i = 0; i < soak->n_vms; i++)
		soak->vms[i].domain = g_ptr_array_index(soak->test_case->domains, i);
	soak->libvirtd = TRUE;
	soak->forgotten = soak->owed = FALSE;
	soak->operations = g_string_new("");
	soak->quiet_at = 0;
}

void soak_world_end(Soak *soak)
{
	g_string_free(soak->operations, TRUE);
	play_free(soak->play);
	case_free(soak->test_case);
}
