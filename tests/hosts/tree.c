/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host's few lines -> /sys, /proc and /lib/modules as its kernel shows them. */
#include "tree.h"

#include "tree-parts.h"

#define RELEASE "6.1.0-18-amd64"

/* --- the kernel --- */

static void put_memory(const Tree *tree)
{
	g_autofree char *available = tree_get(tree, "kernel", "available", "1000000");
	g_autofree char *pages = tree_get(tree, "kernel", "huge_pages", "0");
	g_autofree char *meminfo = g_strdup_printf("MemTotal:       999999999 kB\nMemAvailable:   %s kB\n"
						   "Hugepagesize:       2048 kB\n", available);
	const char *folder = "sys/kernel/mm/hugepages/hugepages-2048kB";

	tree_put(tree, meminfo, "proc/meminfo");
	tree_put(tree, pages, "%s/nr_hugepages", folder);
	tree_put(tree, pages, "%s/free_hugepages", folder);
	tree_put(tree, "0\n", "%s/resv_hugepages", folder);
}

static void put_modules(const Tree *tree)
{
	g_autofree char *release = tree_get(tree, "kernel", "release", RELEASE);
	g_autofree char *line = g_strconcat(release, "\n", NULL);
	g_autofree char *vfio = tree_get(tree, "kernel", "vfio", "there");

	tree_put(tree, line, "proc/sys/kernel/osrelease");
	if (g_str_equal(vfio, "there"))
		tree_put(tree, "kernel/drivers/vfio/pci/vfio-pci.ko: kernel/drivers/vfio/vfio.ko\n",
		    "lib/modules/%s/modules.dep", release);
}

static void put_framebuffer(const Tree *tree)
{
	g_autofree char *iomem = tree_get(tree, "kernel", "iomem", "");
	g_autofree char *name = tree_get(tree, "kernel", "framebuffer", "");
	g_autofree char *driver = g_strndup(name, strcspn(name, "."));
	g_auto(GStrv) words = g_strsplit(iomem, " ", 2);
	g_autofree char *line = words[0] != NULL ? g_strdup_printf("%s : %s\n", words[0], words[1]) : g_strdup("");
	g_autofree char *path = g_strdup_printf("sys/bus/platform/drivers/%s/%s", driver, name);

	tree_put(tree, line, "proc/iomem");
	if (*name != '\0')
		tree_put_link(tree, path, "/nowhere");
}

static void put_kernel(const Tree *tree)
{
	g_autofree char *cmdline = tree_get(tree, "kernel", "cmdline", "");
	g_autofree char *cpu = tree_get(tree, "kernel", "cpu", "");
	g_autofree char *line = g_strconcat(cmdline, "\n", NULL);
	g_autofree char *cpuinfo = g_strdup_printf("processor\t: 0\nvendor_id\t: %s\n", cpu);

	tree_put(tree, line, "proc/cmdline");
	tree_put(tree, cpuinfo, "proc/cpuinfo");
	tree_put(tree, "", "proc/self/mountinfo");
	tree_put_link(tree, "proc/self/ns/mnt", "mnt:[1]");
	tree_put_folder(tree, "sys/kernel/iommu_groups");
	put_memory(tree);
	put_modules(tree);
	put_framebuffer(tree);
}

void tree_unfold(const char *folder, const char *root)
{
	Tree tree = { .root = root, .host = g_key_file_new() };
	g_autofree char *host = g_build_filename(folder, "host", NULL);
	g_autofree char *dump = g_build_filename(folder, "dump", NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) groups = NULL;
	g_autoptr(GError) error = NULL;

	g_key_file_load_from_file(tree.host, host, G_KEY_FILE_NONE, &error);
	g_assert_no_error(error);
	g_assert_true(g_file_get_contents(dump, &text, NULL, NULL));
	tree.dump = g_strconcat("\n", text, NULL);
	put_kernel(&tree);
	groups = g_key_file_get_groups(tree.host, NULL);
	for (gsize i = 0; groups[i] != NULL; i++) {
		if (g_str_has_prefix(groups[i], "device "))
			tree_put_device(&tree, groups[i]);
	}
	g_free(tree.dump);
	g_key_file_unref(tree.host);
}
