/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What N forwarded ports cost, in microseconds: by hostler, whose settling opens them all, and by a bare libnftnl batch
 * of the same map, in turns. One line for each round; tests/bench/forward reads them. In a namespace of its own.
 *
 * usage: bench-forward-settle PORTS ROUNDS [RANGES]     one <range>, or as many, with a counter each */
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "realhost.h"

#define FIRST_PORT 1024
#define ELEMENTS_PER_MESSAGE 500
/* As nft numbers its types; the kernel only asks that there be one. */
#define NFT_TYPE_BITS 6
#define NFT_TYPE_ADDRESS 7U
#define NFT_TYPE_PROTO 12U
#define NFT_TYPE_PORT 13U
#define LARGEST_MESSAGE (128 * 1024)

static const char network[] =
	"<networkstatus><network><name>default</name><uuid>00000000-0000-0000-0000-000000000022</uuid>"
	"<forward mode='nat'/><bridge name='virbr0'/><ip address='192.168.122.1' netmask='255.255.255.0'><dhcp>"
	"<range start='192.168.122.2' end='192.168.122.254'/><host mac='52:54:00:00:22:10' ip='192.168.122.10'/>"
	"<host mac='52:54:00:00:22:11' ip='192.168.122.11'/></dhcp></ip></network></networkstatus>";

/* Of much the same length, one behind the other. */
static char *ranges_xml(guint first, guint n, guint n_ranges)
{
	GString *xml = g_string_new(NULL);

	for (guint i = 0; i < n_ranges; i++)
		g_string_append_printf(xml, "<h:range start='%u' end='%u'/>", first + n * i / n_ranges,
				       first + n * (i + 1) / n_ranges - 1);
	return g_string_free(xml, FALSE);
}

static char *vm_xml(const char *name, guint number, guint first, guint n, guint n_ranges)
{
	g_autofree char *ranges = ranges_xml(first, n, n_ranges);

	return g_strdup_printf("<domain><name>%s</name><uuid>00000000-0000-4000-8000-0000000000%02u</uuid><metadata>"
			       "<h:vm xmlns:h='urn:hostler:1'><h:portForward proto='tcp'>%s"
			       "</h:portForward></h:vm></metadata><devices><interface type='network'>"
			       "<mac address='52:54:00:00:22:%02u'/><source network='default' bridge='virbr0'/>"
			       "</interface></devices></domain>",
			       name, number, ranges, number);
}

static void call(HostlerHost *host, const char *name, HostlerOperation operation, const char *xml)
{
	g_autoptr(GError) error = NULL;

	if (!realhost_call(host, name, operation, xml, &error))
		g_error("%s", error->message);
}

static void report(const char *what)
{
	RealhostTimes times = realhost_times();

	printf("%s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", what,
	       times.all, times.dump, times.commit, times.cpu);
	fflush(stdout);
}

static guint count_elements(void)
{
	g_autofree char *text = realhost_nft((const char *const[]){ "-n", "list", "ruleset", NULL });
	guint n = 0;

	for (const char *at = text; at != NULL && (at = strstr(at, " : 192.168.122.1")) != NULL; at++)
		n++;
	return n;
}

static void stop(HostlerHost *host, const char *name, const char *xml)
{
	realhost_qemu_end(name);
	call(host, name, HOSTLER_OP_STOPPED, xml);
}

/* --- the same by hand --- */

static struct nlmsghdr *head_of(struct mnl_nlmsg_batch *batch, guint16 type, guint16 flags)
{
	return nftnl_nlmsg_build_hdr(mnl_nlmsg_batch_current(batch), type, NFPROTO_IPV4, flags, 1);
}

static void put_table(struct mnl_nlmsg_batch *batch, guint16 type, guint16 flags)
{
	struct nftnl_table *table = nftnl_table_alloc();
	struct nlmsghdr *message = head_of(batch, type, flags);

	nftnl_table_set_str(table, NFTNL_TABLE_NAME, "bare");
	nftnl_table_nlmsg_build_payload(message, table);
	nftnl_table_free(table);
	mnl_nlmsg_batch_next(batch);
}

static struct nftnl_set *new_map(void)
{
	struct nftnl_set *set = nftnl_set_alloc();

	nftnl_set_set_str(set, NFTNL_SET_TABLE, "bare");
	nftnl_set_set_str(set, NFTNL_SET_NAME, "ports");
	nftnl_set_set_u32(set, NFTNL_SET_ID, 1);
	nftnl_set_set_u32(set, NFTNL_SET_FLAGS, NFT_SET_MAP);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, NFT_TYPE_PROTO << NFT_TYPE_BITS | NFT_TYPE_PORT);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, 8);
	nftnl_set_set_u32(set, NFTNL_SET_DATA_TYPE, NFT_TYPE_ADDRESS << NFT_TYPE_BITS | NFT_TYPE_PORT);
	nftnl_set_set_u32(set, NFTNL_SET_DATA_LEN, 8);
	nftnl_set_set_u32(set, NFTNL_SET_FAMILY, NFPROTO_IPV4);
	return set;
}

static void put_map(struct mnl_nlmsg_batch *batch)
{
	struct nftnl_set *set = new_map();
	struct nlmsghdr *message = head_of(batch, NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL);

	nftnl_set_nlmsg_build_payload(message, set);
	nftnl_set_free(set);
	mnl_nlmsg_batch_next(batch);
}

/* `owned`: with a comment of 36 bytes, as the issue wants it. */
static void add_element(struct nftnl_set *set, guint port, gboolean owned)
{
	struct nftnl_set_elem *element = nftnl_set_elem_alloc();
	guint16 key[4] = { IPPROTO_TCP, 0, htons((guint16)port), 0 };
	static const char comment[] = "\0\45" "00000000-0000-4000-8000-000000000010\0";
	guint16 data[4] = { htons(192 << 8 | 168), htons(122 << 8 | 10), htons((guint16)port), 0 };

	nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, key, sizeof(key));
	nftnl_set_elem_set(element, NFTNL_SET_ELEM_DATA, data, sizeof(data));
	if (owned)
		nftnl_set_elem_set(element, NFTNL_SET_ELEM_USERDATA, comment, sizeof(comment) - 1);
	nftnl_set_elem_add(set, element);
}

static void put_elements(struct mnl_nlmsg_batch *batch, guint first, guint n, gboolean owned)
{
	struct nftnl_set *set = new_map();
	struct nlmsghdr *message = head_of(batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL);

	for (guint i = 0; i < n; i++)
		add_element(set, first + i, owned);
	nftnl_set_elems_nlmsg_build_payload(message, set);
	nftnl_set_free(set);
	mnl_nlmsg_batch_next(batch);
}

static void commit(HostlerHost *host, struct mnl_nlmsg_batch *batch)
{
	g_autoptr(GError) error = NULL;

	nftnl_batch_end(mnl_nlmsg_batch_current(batch), 1);
	mnl_nlmsg_batch_next(batch);
	if (!host->ops->nft_commit(host, mnl_nlmsg_batch_head(batch), mnl_nlmsg_batch_size(batch), &error))
		g_error("%s", error->message);
	mnl_nlmsg_batch_stop(batch);
}

static struct mnl_nlmsg_batch *begin(char *bytes, gsize size)
{
	struct mnl_nlmsg_batch *batch = mnl_nlmsg_batch_start(bytes, size);

	nftnl_batch_begin(mnl_nlmsg_batch_current(batch), 1);
	mnl_nlmsg_batch_next(batch);
	return batch;
}

static void bare(HostlerHost *host, guint n, gboolean owned)
{
	gsize size = LARGEST_MESSAGE + 200 * (gsize)n;
	g_autofree char *bytes = g_malloc(size + LARGEST_MESSAGE);
	gint64 cpu_begun = realhost_cpu(), begun = g_get_monotonic_time();
	struct mnl_nlmsg_batch *batch = begin(bytes, size);

	put_table(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);
	put_map(batch);
	for (guint i = 0; i < n; i += ELEMENTS_PER_MESSAGE)
		put_elements(batch, FIRST_PORT + i, MIN(n - i, ELEMENTS_PER_MESSAGE), owned);
	commit(host, batch);
	printf("%s %" G_GINT64_FORMAT " 0 0 %" G_GINT64_FORMAT "\n", owned ? "owned" : "bare",
	       g_get_monotonic_time() - begun, realhost_cpu() - cpu_begun);
	batch = begin(bytes, size);
	put_table(batch, NFT_MSG_DELTABLE, 0);
	commit(host, batch);
}

/* --- a round --- */

/* What was deleted the kernel frees later, on a CPU and under locks that the next step would wait for. */
static void pause_for_kernel(void)
{
	g_usleep(300 * 1000);
}

static void bare_apart(HostlerHost *host, guint n)
{
	pause_for_kernel();
	bare(host, n, FALSE);
	pause_for_kernel();
	bare(host, n, TRUE);
	pause_for_kernel();
}

static void start_many(HostlerHost *host, const char *xml, guint n)
{
	bare_apart(host, n);
	call(host, "many", HOSTLER_OP_PREPARE, xml);
	report("reserve");
	bare_apart(host, n);
	realhost_qemu_begin("many");
	call(host, "many", HOSTLER_OP_STARTED, xml);
	report("open");
	if (count_elements() < n)
		g_error("%u ports are not open after the start", n);
}

static void heal(HostlerHost *host, guint n)
{
	g_autofree char *said = realhost_nft((const char *const[]){ "delete", "table", "ip", "hostler", NULL });

	bare_apart(host, n);
	realhost_settle(host);
	report("all");
	if (said == NULL || count_elements() < n)
		g_error("%u ports are not open, so the figures say nothing", n);
}

static void one_more(HostlerHost *host, guint port)
{
	g_autofree char *one = vm_xml("one", 11, port, 1, 1);

	call(host, "one", HOSTLER_OP_PREPARE, one);
	report("prepare-one");
	realhost_qemu_begin("one");
	call(host, "one", HOSTLER_OP_STARTED, one);
	report("add-one");
	stop(host, "one", one);
	report("remove-one");
	call(host, "one", HOSTLER_OP_RELEASE, one);
}

static void measure(HostlerHost *host, guint n, guint n_ranges)
{
	g_autofree char *many = vm_xml("many", 10, FIRST_PORT, n, n_ranges);

	start_many(host, many, n);
	heal(host, n);
	realhost_settle(host);
	report("nothing");
	one_more(host, FIRST_PORT + n);
	stop(host, "many", many);
	report("close");
	call(host, "many", HOSTLER_OP_RELEASE, many);
}

int main(int argc, char **argv)
{
	guint n = argc == 3 || argc == 4 ? (guint)atoi(argv[1]) : 0;
	guint n_ranges = argc == 4 ? (guint)atoi(argv[3]) : 1;
	HostlerHost *host;

	if (n == 0 || n > 60000 || n_ranges == 0 || n_ranges > n) {
		fprintf(stderr, "usage: bench-forward-settle PORTS ROUNDS [RANGES]\n");
		return 2;
	}
	host = realhost_new();
	realhost_set_network("default", network);
	realhost_nft_commands("add table ip filter\n"
			      "add chain ip filter FORWARD { type filter hook forward priority 0; }\n");
	for (int i = 0; i < atoi(argv[2]); i++)
		measure(host, n, n_ranges);
	hostler_host_free(host);
	return 0;
}
