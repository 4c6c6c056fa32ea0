/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hostler says of hosts that people have: for each folder beside this file
 * `hostler check`, `check VM`, `check --dump` and `groups`, by the running machine's
 * own doors on a tree of files. With HOSTLER_HOSTS_UPDATE=1 what is said becomes
 * what is expected. */
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "core/lifecycle.h"
#include "host/machine.h"
#include "hostler/capabilities.h"
#include "plugins/advice/dump.h"
#include "qemu-helpers/hostler/group-show.h"
#include "qemu-helpers/hostler/verdict.h"
#include "tests/hosts/tree.h"

#define AT_LEAST 12 /* hosts */
#define SECONDS 60  /* on a machine with much else to do */

typedef struct {
	char *folder;
	char *root;
	HostlerHost *host;
} World;

static void open_world(World *world, const char *folder)
{
	g_autofree char *run = NULL;

	world->folder = g_strdup(folder);
	world->root = g_dir_make_tmp("hostler-hosts-XXXXXX", NULL);
	tree_unfold(folder, world->root);
	run = g_build_filename(world->root, "run", NULL);
	world->host = machine_open(world->root, run);
	world->host->deadline = world->host->ops->monotonic(world->host) + SECONDS * G_USEC_PER_SEC;
}

static void close_world(World *world)
{
	hostler_host_free(world->host);
	tree_remove(world->root);
	g_free(world->root);
	g_free(world->folder);
}

/* --- what is said --- */

static void compare(const World *world, const char *name, const char *said)
{
	g_autofree char *file = g_build_filename(world->folder, name, NULL);
	g_autofree char *expected = NULL;

	if (g_getenv("HOSTLER_HOSTS_UPDATE") != NULL)
		g_assert_true(g_file_set_contents(file, said, -1, NULL));
	g_assert_true(g_file_get_contents(file, &expected, NULL, NULL));
	g_assert_cmpstr(said, ==, expected);
}

static void compare_findings(const World *world, const char *name, const VerdictSubject *subject,
			     const HostlerFindings *findings)
{
	Paper paper = { 0 };
	char *said = NULL;
	size_t length;

	paper.out = open_memstream(&said, &length);
	verdict_print(&paper, subject, findings);
	fclose(paper.out);
	compare(world, name, said);
	free(said);
}

static void say_of_host(const World *world)
{
	g_autoptr(HostlerFindings) findings = hostler_findings_new();

	hostler_lifecycle_check_host(world->host, findings);
	compare_findings(world, "check.expected", &(VerdictSubject){ .name = "this host", .kind = VERDICT_HOST },
			 findings);
}

static void say_of_vm(const World *world)
{
	g_autoptr(HostlerFindings) findings = hostler_findings_new();
	g_autofree char *file = g_build_filename(world->folder, "vm.xml", NULL);
	g_autofree char *xml = NULL;
	g_autoptr(HostlerDomain) domain = NULL;
	g_autoptr(GError) error = NULL;

	if (!g_file_get_contents(file, &xml, NULL, NULL))
		return;
	domain = hostler_domain_from_xml(xml, strlen(xml), &error);
	g_assert_no_error(error);
	hostler_lifecycle_check(world->host, domain, findings);
	compare_findings(world, "check-vm.expected", &(VerdictSubject){ .name = domain->name }, findings);
}

static void say_of_dump(const World *world)
{
	g_autoptr(HostlerFindings) findings = hostler_findings_new();
	g_autofree char *file = g_build_filename(world->folder, "dump", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) dump = hostler_dump_read(file, &error);

	g_assert_no_error(error);
	advice_explain_dump(dump, findings);
	compare_findings(world, "dump.expected", &(VerdictSubject){ .name = "dump", .kind = VERDICT_DUMP }, findings);
}

static void say_groups(const World *world)
{
	g_autofree char *list = g_build_filename(world->folder, "..", "pci.ids", NULL);
	g_autoptr(PciNames) names = pci_names_open(list);
	g_autoptr(GPtrArray) groups = groups_read(world->host);
	Paper paper = { 0 };
	char *said = NULL;
	size_t length;

	paper.out = open_memstream(&said, &length);
	groups_print(&paper, names, groups);
	fclose(paper.out);
	compare(world, "groups.expected", said);
	free(said);
}

static void test_host(gconstpointer data)
{
	World world;

	open_world(&world, data);
	say_of_host(&world);
	say_of_vm(&world);
	say_of_dump(&world);
	say_groups(&world);
	close_world(&world);
}

int main(int argc, char **argv)
{
	g_autoptr(GDir) dir = g_dir_open(g_getenv("HOSTS_DIR"), 0, NULL);
	const char *name;
	guint n = 0;

	g_test_init(&argc, &argv, NULL);
	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *folder = g_build_filename(g_getenv("HOSTS_DIR"), name, NULL);
		g_autofree char *path = g_strconcat("/hosts/", name, NULL);

		if (!g_file_test(folder, G_FILE_TEST_IS_DIR))
			continue;
		g_test_add_data_func_full(path, g_steal_pointer(&folder), test_host, g_free);
		n++;
	}
	g_assert_cmpuint(n, >=, AT_LEAST);
	return g_test_run();
}
