/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether IOMMU groups are what the hardware makes of them. A kernel with the
 * "ACS override" patch puts devices into groups of their own that can still reach
 * each other's memory; one without it ignores the argument in silence. */
#include <string.h>

#include "plugins/advice/advice.h"
#include "plugins/advice/isolation.h"

#define ARGUMENT "pcie_acs_override="
#define MOST_NAMED 4

typedef struct {
	const HostlerDomain *domain;
	const GPtrArray *devices;
	const char *argument; /* "" when it is not there */
	HostlerFindings *findings;
} Search;

static gboolean is_wanted(const Search *search, const AdviceDevice *device)
{
	return search->domain == NULL || advice_listed(search->domain, device->bdf) != NULL;
}

/* --- one set of devices that nothing keeps apart --- */

/* Those of the set that a VM can have (AdviceDevice). */
static GPtrArray *members_of(const Search *search, guint set)
{
	GPtrArray *members = g_ptr_array_new();

	for (guint i = 0; i < search->devices->len; i++) {
		AdviceDevice *device = g_ptr_array_index(search->devices, i);

		if (device->set == set && device->group != NULL && !advice_is_bridge(device))
			g_ptr_array_add(members, device);
	}
	return members;
}

/* Two in one VM may reach each other: only who stays outside matters. */
static gboolean is_parted(const Search *search, const GPtrArray *members)
{
	for (guint i = 0; i < members->len; i++) {
		const AdviceDevice *one = g_ptr_array_index(members, i);

		for (guint j = 0; is_wanted(search, one) && j < members->len; j++) {
			const AdviceDevice *other = g_ptr_array_index(members, j);
			gboolean with_it = search->domain != NULL && is_wanted(search, other);

			if (!with_it && !g_str_equal(one->group, other->group))
				return TRUE;
		}
	}
	return FALSE;
}

static char *name_members(const GPtrArray *members)
{
	g_autoptr(GString) text = g_string_new(NULL);
	guint named = members->len <= MOST_NAMED + 1 ? members->len : MOST_NAMED;

	for (guint i = 0; i < named; i++) {
		const AdviceDevice *device = g_ptr_array_index(members, i);
		g_autofree char *name = advice_describe(device);

		g_string_append_printf(text, "%s%s in group %s", i == 0 ? "" : ", ", name, device->group);
	}
	if (named < members->len)
		g_string_append_printf(text, " and %u more", members->len - named);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

/* The first to say why: the port that they share, or one of the functions. */
static char *name_reason(const Search *search, guint set)
{
	for (guint i = 0; i < search->devices->len; i++) {
		const AdviceDevice *device = g_ptr_array_index(search->devices, i);

		if (device->set == set && device->capabilities.known && !isolation_is_apart(device)) {
			g_autofree char *name = advice_describe(device);

			return g_strdup_printf("%s %s", name, isolation_why_not(device));
		}
	}
	return g_strdup("a port on their way says nothing of ACS");
}

static void say_faked(const Search *search, const char *subject, const char *members, const char *reason)
{
	hostler_findings_add(search->findings, HOSTLER_SEVERITY_ADVICE, HOSTLER_ERROR_ADVICE_ISOLATION, subject,
			     "give all of them to one VM that you trust with the host, or take the argument out of "
			     "the kernel's command line",
			     "ACS is faked by %s: %s, but the hardware does not keep them apart (%s); a VM that has "
			     "one can read and write what the others do by DMA", search->argument, members, reason);
}

static void look_at(const Search *search, guint set)
{
	g_autoptr(GPtrArray) members = members_of(search, set);
	g_autofree char *names = NULL;
	g_autofree char *reason = NULL;
	const char *subject;

	if (members->len < 2 || !is_parted(search, members))
		return;
	names = name_members(members);
	reason = name_reason(search, set);
	subject = ((const AdviceDevice *)g_ptr_array_index(members, 0))->bdf;
	if (*search->argument != '\0')
		say_faked(search, subject, names, reason);
	else
		hostler_findings_add(search->findings, HOSTLER_SEVERITY_NOTE, HOSTLER_ERROR_ADVICE_ISOLATION, subject,
				     NULL,
				     "the kernel keeps apart %s, though %s: it knows better of these devices, or was "
				     "built to pretend", names, reason);
}

/* --- the argument --- */

/* Whom an override on `device` would put into another group: those below a port,
 * and the other functions of one that is no port. */
static gboolean is_company(const AdviceDevice *device, const AdviceDevice *other)
{
	if (g_strcmp0(other->port, device->bdf) == 0)
		return TRUE;
	return other != device && !advice_is_bridge(device) && advice_same_slot(other->bdf, device->bdf);
}

/* How many are company, and how many of them share its group all the same. */
static guint count_company(const GPtrArray *devices, const AdviceDevice *device, guint *sharing)
{
	guint n = 0;

	*sharing = 0;
	for (guint i = 0; i < devices->len; i++) {
		const AdviceDevice *other = g_ptr_array_index(devices, i);

		if (!is_company(device, other))
			continue;
		n++;
		*sharing += g_strcmp0(other->group, device->group) == 0;
	}
	return n;
}

static void say_ignored(const Search *search, const AdviceDevice *device)
{
	g_autofree char *name = advice_describe(device);

	hostler_findings_add(search->findings, HOSTLER_SEVERITY_ADVICE, HOSTLER_ERROR_ADVICE_ISOLATION, device->bdf,
			     "take the argument out; groups get smaller by other slots of the board, a newer "
			     "firmware, or a kernel that is patched for it (and then only pretends)",
			     "the kernel was booted with %s and ignores it: %s %s and still shares group %s; it is "
			     "no argument of an unpatched kernel", search->argument, name, isolation_why_not(device),
			     device->group);
}

static void look_at_argument(const Search *search)
{
	gboolean ports = strstr(search->argument, "downstream") != NULL;
	gboolean functions = strstr(search->argument, "multifunction") != NULL;
	guint candidates = 0;

	for (guint i = 0; i < search->devices->len; i++) {
		const AdviceDevice *device = g_ptr_array_index(search->devices, i);
		guint sharing;

		if (!isolation_can_be_faked(device, ports, functions) || device->group == NULL)
			continue;
		candidates += count_company(search->devices, device, &sharing) > 0;
		if (sharing > 0) {
			say_ignored(search, device);
			return;
		}
	}
	if (candidates == 0 && ports + functions > 0)
		hostler_findings_add(search->findings, HOSTLER_SEVERITY_NOTE, HOSTLER_ERROR_ADVICE_ISOLATION, NULL,
				     "take the argument out of the kernel's command line",
				     "the kernel was booted with %s, but there is nothing to fake: every device that "
				     "it is for has ACS of its own", search->argument);
}

void advice_acs(HostlerHost *host, const HostlerDomain *domain, const GPtrArray *devices, HostlerFindings *findings)
{
	g_autofree char *argument = advice_argument(host, ARGUMENT);
	Search search = { .domain = domain, .devices = devices, .argument = argument, .findings = findings };

	for (guint i = 0; i < devices->len; i++)
		look_at(&search, i);
	if (*argument != '\0' && domain == NULL)
		look_at_argument(&search);
}
