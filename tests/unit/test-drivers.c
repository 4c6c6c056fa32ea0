/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The doors to drivers and their modules, to NVIDIA's unbind lock and to
 * libvirt's notes, on a tree of files. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "hostler/error.h"
#include "host/vfio.h"
#include "tree.h"

#define BDF "0000:01:00.0"
#define DEVICE "sys/bus/pci/devices/" BDF
#define MODALIAS "pci:v000015B3d0000101Esv000015B3sd00000001bc02sc00i00"
#define LOCK "proc/driver/nvidia/gpus/" BDF "/unbindLock"
#define UUID "0928a1f1-8cc6-4b8d-a1f0-d3179aaef3ca"

static void set_up(Tree *tree, gconstpointer data)
{
	tree_open(tree);
	tree_file(tree, DEVICE "/modalias", MODALIAS "\n");
}

/* --- modules.alias --- */

#define ANY "alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci\n"
#define EXACT "alias vfio_pci:v000015B3d0000101Esv000015B3sd00000001bc02sc00i00 exact\n"
#define MLX5 "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci\n"

static const struct {
	const char *name;
	const char *aliases;
	const char *module; /* NULL: none */
} choices[] = {
	{ "empty", "", NULL },
	{ "others-only", "# Aliases\nalias pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_core\n", NULL },
	{ "any", ANY, "vfio_pci" },
	{ "variant-first", MLX5 ANY, "mlx5_vfio_pci" },
	{ "variant-last", ANY MLX5, "mlx5_vfio_pci" },
	{ "exact-between", MLX5 EXACT ANY, "exact" },
	{ "vendor-only", ANY "alias vfio_pci:v000015B3d*sv*sd*bc*sc*i* v\n", "v" },
	{ "class-against-device", "alias vfio_pci:v000015B3d*sv*sd*bc02sc00i* class\n" MLX5, "class" },
	{ "first-of-equals", MLX5 "alias vfio_pci:v000015B3d*sv*sd00000001bc*sc*i* second\n", "mlx5_vfio_pci" },
	{ "another-vendor", "alias vfio_pci:v00008086d0000101Esv*sd*bc*sc*i* qat_vfio_pci\n" ANY, "vfio_pci" },
	{ "another-interface", "alias vfio_pci:v000015B3d0000101Esv*sd*bc02sc00i01 x\n", NULL },
	{ "lower-case", "alias vfio_pci:v000015b3d0000101esv*sd*bc*sc*i* x\n", NULL },
	{ "no-line-end", "alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci", "vfio_pci" },
	{ "within-a-line", "# alias vfio_pci:v*d*sv*sd*bc*sc*i* x\n", NULL },
	{ "cut-off-fields", "alias vfio_pci:v000015B3d0000101Esv*sd*\n" ANY, "vfio_pci" },
	{ "cut-off-end", ANY "alias vfio_pci:v000015B3d0000101E", "vfio_pci" },
	{ "cut-off-start", ANY "alias vfio_pci:", "vfio_pci" },
	{ "empty-field", "alias vfio_pci:vd*sv*sd*bc*sc*i* x\n" ANY, "vfio_pci" },
	{ "no-module", "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i*\n" ANY, "vfio_pci" },
	{ "blank-module", "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* \n" ANY, "vfio_pci" },
	{ "option-for-modprobe", "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* -r\n" ANY, "vfio_pci" },
	{ "path-as-module", "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* ../x\n" ANY, "vfio_pci" },
	{ "two-modules", "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* x y\n" ANY, "vfio_pci" },
	{ "more-behind-the-alias", "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i*x y\n" ANY, "vfio_pci" },
};

static void test_choice(gconstpointer data)
{
	gsize i = GPOINTER_TO_SIZE(data);
	gsize length = strlen(choices[i].aliases);
	/* Without the NUL behind it, so that a sanitizer sees who reads on. */
	g_autofree char *exact = g_memdup2(choices[i].aliases, MAX(length, 1));
	g_autofree char *module = vfio_best_module(exact, length, MODALIAS);

	g_assert_cmpstr(module, ==, choices[i].module);
}

static void test_bad_modalias(void)
{
	static const char *const modaliases[] = { "", "pci:", "usb:v1d1", "pci:v000015B3d0000101E", "v1d1sv1sd1bc1sc1i1" };

	for (gsize i = 0; i < G_N_ELEMENTS(modaliases); i++)
		g_assert_null(vfio_best_module(ANY, strlen(ANY), modaliases[i]));
}

static void test_nul(void)
{
	static const char aliases[] = "alias x\0\nalias vfio_pci:v*d*sv*sd*bc*sc*i* a\0b\n" MLX5;
	g_autofree char *module = vfio_best_module(aliases, sizeof(aliases) - 1, MODALIAS);

	g_assert_cmpstr(module, ==, "mlx5_vfio_pci");
}

static void write_aliases(const Tree *tree, const char *text)
{
	g_autofree char *path = NULL;
	struct utsname kernel;

	g_assert_cmpint(uname(&kernel), ==, 0);
	path = g_build_filename("lib/modules", kernel.release, "modules.alias", NULL);
	tree_file(tree, path, text);
}

static void test_vfio_module(Tree *tree, gconstpointer data)
{
	g_autofree char *without = tree->host->ops->pci_vfio_module(tree->host, BDF, NULL);
	g_autofree char *with = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_cmpstr(without, ==, "vfio_pci");
	write_aliases(tree, ANY MLX5);
	with = tree->host->ops->pci_vfio_module(tree->host, BDF, NULL);
	g_assert_cmpstr(with, ==, "mlx5_vfio_pci");
	g_assert_null(tree->host->ops->pci_vfio_module(tree->host, "0000:02:00.0", &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ABSENT);
}

/* As long as Debian's, 26,000 lines, and one hundred of them ours. */
static void test_quickly(Tree *tree, gconstpointer data)
{
	GString *text = g_string_new("# Aliases extracted from modules themselves.\n");
	g_autofree char *aliases = NULL;
	gint64 fastest = G_MAXINT64;

	for (guint i = 0; i < 26000; i++)
		g_string_append_printf(text, "alias %s:v%08Xd%08Xsv*sd*bc*sc*i* module_%u\n",
				       i % 260 == 0 ? "vfio_pci" : "pci", 0x1000 + i, i, i % 900);
	g_string_append(text, MLX5);
	aliases = g_string_free(text, FALSE);
	g_assert_cmpuint(strlen(aliases), >, 1300000);
	write_aliases(tree, aliases);
	for (guint i = 0; i < 20; i++) {
		gint64 begun = g_get_monotonic_time();
		g_autofree char *module = tree->host->ops->pci_vfio_module(tree->host, BDF, NULL);

		fastest = MIN(fastest, g_get_monotonic_time() - begun);
		g_assert_cmpstr(module, ==, "mlx5_vfio_pci");
	}
	/* For who reads it; a reader that goes over it again for each line of ours would not end in time. */
	g_test_message("%" G_GINT64_FORMAT " microseconds for 1.4 MB", fastest);
}

/* --- on which driver --- */

static gboolean is_on_vfio(const Tree *tree)
{
	g_autoptr(GError) error = NULL;
	gboolean is = tree->host->ops->pci_on_vfio(tree->host, BDF, &error);

	g_assert_no_error(error);
	return is;
}

static void test_on_vfio(Tree *tree, gconstpointer data)
{
	g_autofree char *link = g_build_filename(tree->root, DEVICE, "driver", NULL);
	g_autoptr(GError) error = NULL;

	g_assert_false(is_on_vfio(tree));
	tree_link(tree, DEVICE "/driver", "../../../bus/pci/drivers/e1000e");
	g_assert_false(is_on_vfio(tree));
	g_unlink(link);
	tree_link(tree, DEVICE "/driver", "../../../bus/pci/drivers/vfio-pci");
	g_assert_true(is_on_vfio(tree));
	g_unlink(link);
	tree_link(tree, DEVICE "/driver", "../../../bus/pci/drivers/hisi-acc-vfio-pci");
	g_assert_true(is_on_vfio(tree));
	g_unlink(link);
	/* Any name, if the kernel itself says so. */
	tree_link(tree, DEVICE "/driver", "../../../bus/pci/drivers/nvgrace");
	g_assert_false(is_on_vfio(tree));
	tree_folder(tree, DEVICE "/vfio-dev/vfio0");
	g_assert_true(is_on_vfio(tree));
	g_assert_false(tree->host->ops->pci_on_vfio(tree->host, "0000:02:00.0", &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ABSENT);
}

static void test_names(Tree *tree, gconstpointer data)
{
	HostlerHost *host = tree->host;
	g_autofree char *driver = NULL;
	g_autofree char *same = NULL;
	g_autofree char *module = NULL;

	g_assert_null(host->ops->module_driver(host, "hisi_acc_vfio_pci"));
	tree_folder(tree, "sys/module/hisi_acc_vfio_pci/drivers");
	g_assert_null(host->ops->module_driver(host, "hisi_acc_vfio_pci"));
	tree_link(tree, "sys/module/hisi_acc_vfio_pci/drivers/auxiliary:x", "../../../bus/auxiliary/drivers/x");
	tree_link(tree, "sys/module/hisi_acc_vfio_pci/drivers/pci:hisi-acc-vfio-pci", "../../../bus/pci/drivers/x");
	driver = host->ops->module_driver(host, "hisi_acc_vfio_pci");
	g_assert_cmpstr(driver, ==, "hisi-acc-vfio-pci");
	same = host->ops->module_driver(host, "hisi-acc-vfio-pci");
	g_assert_cmpstr(same, ==, "hisi-acc-vfio-pci");
	g_assert_null(host->ops->module_driver(host, "../module/hisi_acc_vfio_pci"));
	g_assert_null(host->ops->driver_module(host, "e1000e"));
	tree_folder(tree, "sys/bus/pci/drivers/pcieport");
	g_assert_null(host->ops->driver_module(host, "pcieport"));
	tree_link(tree, "sys/bus/pci/drivers/e1000e/module", "../../../../module/e1000e");
	module = host->ops->driver_module(host, "e1000e");
	g_assert_cmpstr(module, ==, "e1000e");
	g_assert_null(host->ops->driver_module(host, "../drivers/e1000e"));
	tree_link(tree, "sys/bus/pci/drivers/odd/module", "../../../../module/-r");
	g_assert_null(host->ops->driver_module(host, "odd"));
}

/* --- NVIDIA's unbind lock --- */

static void assert_lock(const Tree *tree, const char *expected)
{
	g_autofree char *file = g_build_filename(tree->root, LOCK, NULL);
	g_autofree char *text = NULL;

	g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, expected);
}

/* A file keeps what is written to it, as the lock of an idle GPU does. */
static void test_lock(Tree *tree, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(tree->host->ops->gpu_unbind_lock(tree->host, BDF, &error));
	tree->host->ops->gpu_unbind_unlock(tree->host, BDF);
	tree_file(tree, LOCK, "0\n");
	tree->host->ops->gpu_unbind_unlock(tree->host, BDF);
	assert_lock(tree, "0\n");
	g_assert_true(tree->host->ops->gpu_unbind_lock(tree->host, BDF, &error));
	g_assert_no_error(error);
	assert_lock(tree, "1\n");
	tree->host->ops->gpu_unbind_unlock(tree->host, BDF);
	assert_lock(tree, "0\n");
}

/* A file that reads as 0 whatever is written: here, one whose first byte we
 * cannot reach. */
static void test_lock_busy(Tree *tree, gconstpointer data)
{
	gint64 milliseconds = GPOINTER_TO_INT(data);
	gint64 begun = g_get_monotonic_time();
	g_autoptr(GError) error = NULL;
	gint64 took;

	tree_file(tree, LOCK, "00\n");
	tree->host->deadline = begun + milliseconds * 1000;
	g_assert_false(tree->host->ops->gpu_unbind_lock(tree->host, BDF, &error));
	took = (g_get_monotonic_time() - begun) / 1000;
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_BUSY);
	g_assert_nonnull(strstr(error->message, "clients on " BDF));
	g_assert_nonnull(strstr(error->message, "fuser -v /dev/nvidia*"));
	g_assert_cmpint(took, >=, MIN(milliseconds, 2000) - 1);
}

static void test_lock_unwritable(Tree *tree, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	tree_folder(tree, LOCK);
	g_assert_false(tree->host->ops->gpu_unbind_lock(tree->host, BDF, &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST);
	g_assert_nonnull(strstr(error->message, "(unbindLock)"));
}

/* --- libvirt's notes --- */

#define STATUS(name, uuid) "<!-- by libvirt -->\n<domstatus state='running'>\n  <domain type='kvm' id='1'>\n" \
	"<name>" name "</name>\n<uuid>" uuid "</uuid></domain></domstatus>\n"
#define NOTES "run/libvirt/qemu/"

static void test_vm_xml(Tree *tree, gconstpointer data)
{
	static const char wanted[] = STATUS("l&apos;ook &lt;&amp;>", UUID);
	g_autofree char *xml = NULL;

	g_assert_null(tree->host->ops->vm_xml(tree->host, UUID));
	tree_folder(tree, NOTES "a.xml");
	tree_file(tree, NOTES "b.xml", STATUS("b", "11111111-2222-3333-4444-555555555555") "<uuid>" UUID "</uuid>");
	tree_file(tree, NOTES "c.xml", "<domstatus><uuid>" UUID "</uuid></domstatus>");
	tree_file(tree, NOTES "d.xml", STATUS("d", UUID "0"));
	tree_file(tree, NOTES "e.xml", "");
	tree_file(tree, NOTES "f.xml.new", wanted);
	tree_file(tree, NOTES "f.pid", wanted);
	tree_link(tree, NOTES "g.xml", "f.pid");
	g_assert_null(tree->host->ops->vm_xml(tree->host, UUID));
	tree_file(tree, NOTES "l'ook <&>.xml", wanted);
	xml = tree->host->ops->vm_xml(tree->host, UUID);
	g_assert_cmpstr(xml, ==, wanted);
}

#define NOTE(state, reason, async, domain) \
	"<domstatus state='" state "' reason='" reason "' pid='7'>\n  <job type='none' async='" async "' flags='0x203'/>\n" \
	"  <domain type='kvm' id='1'>" domain "</domain></domstatus>\n"
#define COMING NOTE("paused", "migration", "migration in", "")

/* As libvirt 9.0 writes them while a VM arrives, while its QEMU ends, when it has arrived, when it leaves, and when one
 * was restored. */
static const struct {
	const char *note;
	gboolean arrives;
	gboolean came; /* the same of one that is known to have come */
} notes[] = {
	{ COMING, TRUE, TRUE },
	{ NOTE("paused", "migration", "none", ""), FALSE, TRUE },
	{ "<domstatus state='paused' reason='migration' pid='7'>\n  <domain type='kvm'/>" COMING, FALSE, TRUE },
	{ NOTE("shutdown", "unknown", "migration in", ""), TRUE, TRUE },
	{ NOTE("shutdown", "unknown", "none", ""), FALSE, FALSE },
	{ NOTE("running", "migrated", "none", COMING), FALSE, FALSE },
	{ NOTE("running", "postcopy", "migration in", ""), FALSE, FALSE },
	{ NOTE("paused", "user", "none", COMING), FALSE, FALSE },
	{ NOTE("paused", "migration", "migration out", ""), FALSE, FALSE },
	{ NOTE("paused", "migration", "start", ""), FALSE, FALSE },
	{ "<domstatus state='paused' reason='migration' pid='7'><job type='none' async='none'/>", FALSE, FALSE },
};

static void test_vm_arrives(Tree *tree, gconstpointer data)
{
	const HostlerHostOps *ops = tree->host->ops;

	g_assert_false(ops->vm_arrives(tree->host, "web", FALSE));
	tree_file(tree, NOTES "web2.xml", COMING);
	tree_file(tree, NOTES "web.pid", COMING);
	tree_folder(tree, NOTES "web3.xml");
	g_assert_false(ops->vm_arrives(tree->host, "web", FALSE));
	g_assert_false(ops->vm_arrives(tree->host, "web3", FALSE));
	for (gsize i = 0; i < G_N_ELEMENTS(notes); i++) {
		tree_file(tree, NOTES "web.xml", notes[i].note);
		g_assert_cmpint(ops->vm_arrives(tree->host, "web", FALSE), ==, notes[i].arrives);
		g_assert_cmpint(ops->vm_arrives(tree->host, "web", TRUE), ==, notes[i].came);
	}
	g_assert_true(ops->vm_arrives(tree->host, "web2", FALSE));
	tree_file(tree, NOTES "l'ook <&>.xml", COMING);
	g_assert_true(ops->vm_arrives(tree->host, "l'ook <&>", FALSE));
}

static void add(const char *path, gconstpointer data, void (*test)(Tree *, gconstpointer))
{
	g_test_add(path, Tree, data, set_up, test, tree_close);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(choices); i++) {
		g_autofree char *path = g_strconcat("/drivers/aliases/", choices[i].name, NULL);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_choice);
	}
	g_test_add_func("/drivers/aliases/bad-modalias", test_bad_modalias);
	g_test_add_func("/drivers/aliases/nul", test_nul);
	add("/drivers/vfio-module", NULL, test_vfio_module);
	add("/drivers/vfio-module-quickly", NULL, test_quickly);
	add("/drivers/on-vfio", NULL, test_on_vfio);
	add("/drivers/names", NULL, test_names);
	add("/drivers/unbind-lock", NULL, test_lock);
	add("/drivers/unbind-lock-busy", GINT_TO_POINTER(20000), test_lock_busy);
	add("/drivers/unbind-lock-no-time", GINT_TO_POINTER(100), test_lock_busy);
	add("/drivers/unbind-lock-unwritable", NULL, test_lock_unwritable);
	add("/drivers/vm-xml", NULL, test_vm_xml);
	add("/drivers/vm-arrives", NULL, test_vm_arrives);
	return g_test_run();
}
