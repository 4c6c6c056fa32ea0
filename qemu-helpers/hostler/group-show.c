/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IOMMU groups in the words that people know from lspci and the wikis. */
#include "group-show.h"

#include "qemu-helpers/json/ascii.h"

/* --- a member --- */

/* "VGA compatible controller: NVIDIA Corporation GM206 [10de:1401] (rev a1)"; in
 * the place of names that nobody knows what lspci puts there. */
static char *describe_known(PciNames *names, const Member *member)
{
	g_autofree char *class = pci_names_find(names, PCI_NAME_CLASS, (int)member->class, 0);
	g_autofree char *vendor = pci_names_find(names, PCI_NAME_VENDOR, (int)member->vendor, 0);
	g_autofree char *device = pci_names_find(names, PCI_NAME_DEVICE, (int)member->vendor, (int)member->device);
	g_autoptr(GString) text = g_string_new(NULL);

	if (class != NULL)
		g_string_append_printf(text, "%s: ", class);
	else
		g_string_append_printf(text, "Class [%04x]: ", member->class);
	g_string_append_printf(text, "%s%s%s [%04x:%04x]", vendor != NULL ? vendor : "", vendor != NULL ? " " : "",
			       device != NULL ? device : "Device", member->vendor, member->device);
	if (member->revision != 0)
		g_string_append_printf(text, " (rev %02x)", member->revision);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static char *describe(PciNames *names, const Member *member)
{
	if (member->trouble == NULL)
		return describe_known(names, member);
	return g_strdup_printf("%s: %s", member->stuck ? "STUCK" : "UNREADABLE", member->trouble);
}

static char *describe_resets(const Member *member)
{
	return member->reset_methods != NULL ? g_strjoinv(" ", member->reset_methods) : g_strdup("");
}

/* --- for a pipe: a line each, the group's number first --- */

static char *say_fate(const Group *group, const Member *member)
{
	g_autofree char *why = NULL;
	g_autofree char *along = NULL;

	if (member->bridge)
		return g_strdup("bridge");
	if (!group_passable(group, &why))
		return g_strdup_printf("cannot be passed: %s", why);
	along = group_along(group, member);
	return g_strdup_printf("can be passed: %s", along);
}

static void print_line(const Paper *paper, PciNames *names, const Group *group, const Member *member)
{
	g_autofree char *what = describe(names, member);
	g_autofree char *resets = describe_resets(member);
	g_autofree char *fate = say_fate(group, member);
	g_autofree char *what_shown = paper_text(what);
	g_autofree char *resets_shown = paper_text(resets);
	g_autofree char *driver_shown = paper_text(member->driver);
	g_autofree char *fate_shown = paper_text(fate);

	fprintf(paper->out, "IOMMU Group %s %s %s", group->number, member_address(member), what_shown);
	if (member->trouble == NULL) {
		fprintf(paper->out, "\t%s%s", *driver_shown != '\0' ? "driver " : "no driver", driver_shown);
		fprintf(paper->out, "\t%s%s", *resets_shown != '\0' ? "reset " : "no reset", resets_shown);
	}
	fprintf(paper->out, "\t%s\n", fate_shown);
}

/* --- for a person: a heading for each group, columns that are the same for all --- */

typedef struct {
	int address;
	int driver;
	int resets;
} Widths;

static int wider(int width, const char *text)
{
	return MAX(width, (int)g_utf8_strlen(text, -1));
}

static const char *or_dash(const char *text)
{
	return *text != '\0' ? text : "-";
}

static Widths measure(const GPtrArray *groups)
{
	Widths widths = { 0 };

	for (guint i = 0; i < groups->len; i++) {
		const Group *group = g_ptr_array_index(groups, i);

		for (guint j = 0; j < group->members->len; j++) {
			const Member *member = g_ptr_array_index(group->members, j);
			g_autofree char *resets = describe_resets(member);
			g_autofree char *resets_shown = paper_text(resets);
			g_autofree char *driver_shown = paper_text(member->driver);

			widths.address = wider(widths.address, member_address(member));
			widths.driver = wider(widths.driver, or_dash(driver_shown));
			widths.resets = wider(widths.resets, or_dash(resets_shown));
		}
	}
	return widths;
}

static void print_heading(const Paper *paper, const Group *group)
{
	g_autofree char *why = NULL;
	gboolean passable = group_passable(group, &why);
	g_autofree char *why_shown = paper_text(why);
	g_autofree char *title = g_strdup_printf("IOMMU Group %s", group->number);

	paper_print(paper, INK_BOLD, 0, title);
	fputs("  ", paper->out);
	paper_print(paper, passable ? INK_GREEN : INK_YELLOW, 0, passable ? "can be passed" : "cannot be passed");
	fprintf(paper->out, ": %s\n", why_shown);
}

static void print_row(const Paper *paper, PciNames *names, const Widths *widths, const Member *member)
{
	g_autofree char *what = describe(names, member);
	g_autofree char *resets = describe_resets(member);
	g_autofree char *what_shown = paper_text(what);
	g_autofree char *resets_shown = paper_text(resets);
	g_autofree char *driver_shown = paper_text(member->driver);

	fputs("  ", paper->out);
	paper_print(paper, INK_PLAIN, widths->address + 2, member_address(member));
	paper_print(paper, INK_PLAIN, widths->driver + 2, or_dash(driver_shown));
	paper_print(paper, INK_PLAIN, widths->resets + 2, or_dash(resets_shown));
	paper_print(paper, member->trouble != NULL ? INK_RED : INK_PLAIN, 0, what_shown);
	fputs("\n", paper->out);
}

static void print_group(const Paper *paper, PciNames *names, const Widths *widths, const Group *group)
{
	if (paper->terminal)
		print_heading(paper, group);
	for (guint i = 0; i < group->members->len; i++) {
		const Member *member = g_ptr_array_index(group->members, i);

		if (paper->terminal)
			print_row(paper, names, widths, member);
		else
			print_line(paper, names, group, member);
	}
}

void groups_print(const Paper *paper, PciNames *names, const GPtrArray *groups)
{
	Widths widths = measure(groups);

	for (guint i = 0; i < groups->len; i++)
		print_group(paper, names, &widths, g_ptr_array_index(groups, i));
}
