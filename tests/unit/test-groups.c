/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `hostler groups` says of a machine. */
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <unistd.h>

#include "fakehost.h"
#include "hostler/error.h"
#include "hostler/record.h"
#include "qemu-helpers/hostler/group-show.h"

#define UUID "11111111-2222-3333-4444-555555555555"
#define HEAD "[device 0000:00:00.0]\ndevice=0x29c0\nclass=0x060000\nreset_method=-\niommu_group=0\n"
#define PORT                                                                                            \
	"[device 0000:00:01.0]\ndevice=0x1901\nclass=0x060400\ndriver=pcieport\niommu_group=14\n"       \
	"reset_method=pm\n"
#define GPU                                                                                             \
	"[device 0000:01:00.0]\nvendor=0x10de\ndevice=0x1401\nclass=0x030000\nrevision=0xa1\n"          \
	"driver=nouveau\niommu_group=14\nreset_method=pm bus\nport=0000:00:01.0\n"
#define SOUND                                                                                           \
	"[device 0000:01:00.1]\nvendor=0x10de\ndevice=0x0fba\nclass=0x040300\nrevision=0xa1\n"          \
	"driver=snd_hda_intel\niommu_group=14\nreset_method=bus\nport=0000:00:01.0\n"
#define NIC "[device 0001:02:00.0]\ndriver=e1000e\niommu_group=9\nusers=eth0 is up;eth0 has the default route\n"

/* A list of our own, so that another pci.ids does not change what is expected. */
static const char list[] = "10de  NVIDIA Corporation\n"
			   "\t0fba  GM206 High Definition Audio Controller\n"
			   "\t1401  GM206 [GeForce GTX 960]\n"
			   "8086  Intel Corporation\n"
			   "\t10d3  82574L Gigabit Network Connection\n"
			   "\t29c0  82G33 DRAM \x1b[31mController\n"
			   "C 02  Network controller\n"
			   "\t00  Ethernet controller\n"
			   "C 03  Display controller\n"
			   "\t00  VGA compatible controller\n"
			   "C 04  Multimedia controller\n"
			   "\t03  Audio device\n"
			   "C 06  Bridge\n"
			   "\t00  Host bridge\n"
			   "\t04  PCI bridge\n";

typedef enum {
	FORM_PLAIN,
	FORM_TERMINAL,
	FORM_JSON,
} Form;

static HostlerHost *open_host(const char *description)
{
	g_autoptr(GError) error = NULL;
	HostlerHost *host = fakehost_new(description, &error);

	g_assert_no_error(error);
	return host;
}

static char *write_list(const char *text)
{
	g_autofree char *path = NULL;
	int fd = g_file_open_tmp("hostler-ids-XXXXXX", &path, NULL);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(write(fd, text, strlen(text)), ==, (gssize)strlen(text));
	g_assert_cmpint(close(fd), ==, 0);
	return g_steal_pointer(&path);
}

static char *show(HostlerHost *host, Form form)
{
	g_autofree char *path = write_list(list);
	g_autoptr(PciNames) names = pci_names_open(path);
	g_autoptr(GPtrArray) groups = groups_read(host);
	Paper paper = { .terminal = form == FORM_TERMINAL };
	char *text = NULL;
	size_t length;

	paper.out = open_memstream(&text, &length);
	if (form == FORM_JSON)
		groups_print_json(&paper, names, groups);
	else
		groups_print(&paper, names, groups);
	fclose(paper.out);
	g_unlink(path);
	return text;
}

static void assert_shows(HostlerHost *host, Form form, const char *expected)
{
	char *text = show(host, form);

	g_assert_cmpstr(text, ==, expected);
	free(text);
}

/* --- the forms --- */

#define VGA_LINE "VGA compatible controller: NVIDIA Corporation GM206 [GeForce GTX 960] [10de:1401] (rev a1)"
#define SOUND_LINE "Audio device: NVIDIA Corporation GM206 High Definition Audio Controller [10de:0fba] (rev a1)"
#define PORT_LINE "PCI bridge: Intel Corporation Device [8086:1901]"
#define NIC_LINE "Ethernet controller: Intel Corporation 82574L Gigabit Network Connection [8086:10d3]"

static void test_plain(void)
{
	g_autoptr(HostlerHost) host = open_host(PORT GPU SOUND NIC);

	assert_shows(host, FORM_PLAIN,
		     "IOMMU Group 9 0001:02:00.0 " NIC_LINE "\tdriver e1000e\treset flr\t"
		     "cannot be passed: 0001:02:00.0 is in use: eth0 is up, eth0 has the default route\n"
		     "IOMMU Group 14 00:01.0 " PORT_LINE "\tdriver pcieport\treset pm\tbridge\n"
		     "IOMMU Group 14 01:00.0 " VGA_LINE "\tdriver nouveau\treset pm bus\t"
		     "can be passed: takes along 01:00.1\n"
		     "IOMMU Group 14 01:00.1 " SOUND_LINE "\tdriver snd_hda_intel\treset bus\t"
		     "can be passed: takes along 01:00.0\n");
}

static void test_terminal(void)
{
	g_autoptr(HostlerHost) host = open_host(PORT GPU SOUND NIC);

	assert_shows(host, FORM_TERMINAL,
		     "IOMMU Group 9  cannot be passed: 0001:02:00.0 is in use: eth0 is up, "
		     "eth0 has the default route\n"
		     "  0001:02:00.0  e1000e         flr     " NIC_LINE "\n"
		     "IOMMU Group 14  can be passed: 01:00.0 takes along 01:00.1\n"
		     "  00:01.0       pcieport       pm      " PORT_LINE "\n"
		     "  01:00.0       nouveau        pm bus  " VGA_LINE "\n"
		     "  01:00.1       snd_hda_intel  bus     " SOUND_LINE "\n");
}

static JsonArray *parse(JsonParser *parser, HostlerHost *host)
{
	g_autoptr(GError) error = NULL;
	char *text = show(host, FORM_JSON);

	g_assert_null(strpbrk(text, "\x1b\t"));
	json_parser_load_from_data(parser, text, -1, &error);
	g_assert_no_error(error);
	free(text);
	return json_node_get_array(json_parser_get_root(parser));
}

static void test_json(void)
{
	g_autoptr(HostlerHost) host = open_host(PORT GPU SOUND NIC);
	g_autoptr(JsonParser) parser = json_parser_new();
	JsonArray *groups = parse(parser, host);
	JsonObject *group = json_array_get_object_element(groups, 1);
	JsonObject *gpu = json_array_get_object_element(json_object_get_array_member(group, "members"), 1);
	JsonObject *names = json_object_get_object_member(gpu, "names");
	JsonArray *resets = json_object_get_array_member(gpu, "reset_methods");

	g_assert_cmpuint(json_array_get_length(groups), ==, 2);
	g_assert_false(json_object_get_boolean_member(json_array_get_object_element(groups, 0), "passable"));
	g_assert_cmpint(json_object_get_int_member(group, "group"), ==, 14);
	g_assert_true(json_object_get_boolean_member(group, "passable"));
	g_assert_cmpstr(json_object_get_string_member(group, "why"), ==, "01:00.0 takes along 01:00.1");
	g_assert_cmpstr(json_object_get_string_member(gpu, "bdf"), ==, "0000:01:00.0");
	g_assert_cmpstr(json_object_get_string_member(gpu, "class"), ==, "0300");
	g_assert_cmpstr(json_object_get_string_member(gpu, "vendor"), ==, "10de");
	g_assert_cmpstr(json_object_get_string_member(gpu, "device"), ==, "1401");
	g_assert_cmpstr(json_object_get_string_member(names, "device"), ==, "GM206 [GeForce GTX 960]");
	g_assert_cmpstr(json_object_get_string_member(gpu, "driver"), ==, "nouveau");
	g_assert_cmpstr(json_array_get_string_element(resets, 1), ==, "bus");
	g_assert_cmpuint(json_array_get_length(json_object_get_array_member(gpu, "users")), ==, 0);
	g_assert_false(json_object_get_boolean_member(gpu, "bridge"));
	g_assert_false(json_object_get_boolean_member(gpu, "stuck"));
}

/* --- what can be passed --- */

static void assert_why(const char *description, gboolean passable, const char *expected)
{
	g_autoptr(HostlerHost) host = open_host(description);
	g_autoptr(GPtrArray) groups = groups_read(host);
	g_autofree char *why = NULL;

	g_assert_cmpint(group_passable(g_ptr_array_index(groups, 0), &why), ==, passable);
	g_assert_cmpstr(why, ==, expected);
}

static void test_passable(void)
{
	assert_why(PORT, FALSE, "only bridges");
	assert_why(HEAD, FALSE, "only bridges");
	assert_why(PORT GPU, TRUE, "alone");
	assert_why("[device 0000:00:1f.0]\nclass=0x060100\ndriver=lpc_ich\niommu_group=2\n"
		   "[device 0000:00:1f.2]\nclass=0x010601\niommu_group=2\n", TRUE, "must list, too, 00:1f.0");
	assert_why(GPU SOUND, TRUE, "01:00.0 takes along 01:00.1");
	assert_why(GPU "[device 0000:01:00.1]\niommu_group=14\n", TRUE, "01:00.0 takes along 01:00.1");
	assert_why(GPU "[device 0000:01:00.1]\niommu_group=14\ndriver=vfio-pci\n", TRUE,
		   "01:00.0 takes along 01:00.1");
	assert_why(GPU "[device 0000:01:00.1]\niommu_group=14\ndriver=pci-stub\n", TRUE, "alone");
	assert_why(GPU SOUND "[device 0000:02:00.0]\niommu_group=14\ndriver=e1000e\n", TRUE,
		   "01:00.0 takes along 01:00.1; must list, too, 02:00.0");
	assert_why(GPU SOUND "users=a program plays\n", FALSE, "01:00.1 is in use: a program plays");
	assert_why("[device 0000:03:00.0]\niommu_group=1\ndriver=vfio-pci\nenable=1\n", FALSE,
		   "03:00.0 is in use: a program has it open through vfio-pci");
}

/* A device with a claim is its VM's, whatever the host says. */
static void test_claimed(void)
{
	g_autoptr(HostlerHost) host = open_host(GPU);
	g_autoptr(HostlerRecord) claim =
		hostler_record_new(host, HOSTLER_RECORD_CLAIM, "0000:01:00.0", UUID, "w\x1b" "b");
	g_autoptr(GPtrArray) groups = NULL;
	g_autofree char *why = NULL;

	g_assert_true(hostler_record_store(host, claim, NULL));
	groups = groups_read(host);
	g_assert_false(group_passable(g_ptr_array_index(groups, 0), &why));
	g_assert_cmpstr(why, ==, "01:00.0 is in use: it belongs to VM 'w\\x1bb'");
}

/* --- trouble --- */

static gboolean read_vendor(HostlerHost *host, HostlerJob *job, GKeyFile *answer, GError **error)
{
	g_free(host->ops->pci_read(host, job->bdf, "vendor", error));
	return TRUE;
}

/* A second hang would be one more child in the kernel, and a minute of waiting. */
static void test_stuck(void)
{
	g_autoptr(HostlerHost) host = open_host(GPU SOUND);
	HostlerJob job = { .bdf = "0000:01:00.1" };

	g_assert_true(fakehost_fault(host, "read 0000:01:00.1 vendor hang", NULL));
	host->ops->run_jobs(host, &job, 1, read_vendor);
	hostler_jobs_clear(&job, 1);
	g_assert_true(host->ops->job_in_flight(host, "0000:01:00.1"));
	fakehost_begin(host);
	g_assert_true(fakehost_fault(host, "read 0000:01:00.1 #* vanish", NULL));
	assert_shows(host, FORM_PLAIN,
		     "IOMMU Group 14 01:00.0 " VGA_LINE "\tdriver nouveau\treset pm bus\tcannot be passed: "
		     "0000:01:00.1 is stuck: an earlier operation on it has not come back from the kernel\n"
		     "IOMMU Group 14 01:00.1 STUCK: 0000:01:00.1 is stuck: an earlier operation on it has not come "
		     "back from the kernel\tcannot be passed: 0000:01:00.1 is stuck: an earlier operation on it has "
		     "not come back from the kernel\n");
	g_assert_true(host->ops->pci_exists(host, "0000:01:00.1"));
}

static void test_unreadable(void)
{
	g_autoptr(HostlerHost) host = open_host(GPU);

	g_assert_true(fakehost_fault(host, "read 0000:01:00.0 class #* EIO", NULL));
	assert_shows(host, FORM_TERMINAL,
		     "IOMMU Group 14  cannot be passed: cannot read class of 0000:01:00.0: Input/output error\n"
		     "  01:00.0  -  -  UNREADABLE: cannot read class of 0000:01:00.0: Input/output error\n");
}

static void test_no_iommu(void)
{
	g_autoptr(HostlerHost) host = open_host("[device 0000:01:00.0]\ndriver=e1000e\n");

	assert_shows(host, FORM_PLAIN, "");
	assert_shows(host, FORM_TERMINAL, "");
	assert_shows(host, FORM_JSON, "[]\n");
}

/* Names come from a driver's author, from a list that can be edited, and from
 * people who mount and name things. */
static void test_hostile(void)
{
	g_autoptr(HostlerHost) host = open_host(HEAD);

	fakehost_set(host, "0000:00:00.0", "class", "0x020000");
	fakehost_set(host, "0000:00:00.0", "driver", "e\x1b[2J\t\n%s\xe2\x80\xae" "\xff");
	fakehost_set(host, "0000:00:00.0", "users", "a\tb\xe2\x80\xae" "\xff");
	assert_shows(host, FORM_PLAIN,
		     "IOMMU Group 0 00:00.0 Ethernet controller: Intel Corporation "
		     "82G33 DRAM \\x1b[31mController [8086:29c0]\t"
		     "driver e\\x1b[2J\\x09\\x0a%s\\u{202E}\\xff\tno reset\t"
		     "cannot be passed: 00:00.0 is in use: a\\x09b\\u{202E}\\xff\n");
}

/* --- names --- */

static void test_unknown(void)
{
	g_autoptr(HostlerHost) host = open_host("[device 0000:05:00.0]\nvendor=0x1234\ndevice=0x1111\n"
						"class=0x123400\niommu_group=2\n");
	g_autofree char *path = write_list(list);
	g_autoptr(PciNames) names = pci_names_open(path);
	g_autofree char *class = pci_names_find(names, PCI_NAME_CLASS, 0x1234, 0);
	g_autofree char *vendor = pci_names_find(names, PCI_NAME_VENDOR, 0x1234, 0);
	g_autofree char *device = pci_names_find(names, PCI_NAME_DEVICE, 0x1234, 0xa);

	g_unlink(path);
	g_assert_null(class);
	g_assert_null(vendor);
	g_assert_null(device);
	assert_shows(host, FORM_PLAIN,
		     "IOMMU Group 2 05:00.0 Class [1234]: Device [1234:1111]\tno driver\treset flr\t"
		     "can be passed: alone\n");
}

/* libpci would end the program at a list that it does not understand. */
static void assert_no_names(const char *path)
{
	g_autoptr(PciNames) names = pci_names_open(path);

	for (int i = 0; i < 2; i++)
		g_assert_null(pci_names_find(names, PCI_NAME_VENDOR, 0x8086, 0));
}

static void test_bad_list(void)
{
	g_autofree char *path = write_list("8086  Intel Corporation\n\t\t\tthis is no list\nxyz\n");

	assert_no_names(path);
	g_unlink(path);
	assert_no_names(path);
	assert_no_names("/");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/groups/plain", test_plain);
	g_test_add_func("/groups/terminal", test_terminal);
	g_test_add_func("/groups/json", test_json);
	g_test_add_func("/groups/passable", test_passable);
	g_test_add_func("/groups/claimed", test_claimed);
	g_test_add_func("/groups/stuck", test_stuck);
	g_test_add_func("/groups/unreadable", test_unreadable);
	g_test_add_func("/groups/no-iommu", test_no_iommu);
	g_test_add_func("/groups/hostile", test_hostile);
	g_test_add_func("/groups/unknown", test_unknown);
	g_test_add_func("/groups/bad-list", test_bad_list);
	return g_test_run();
}
