/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The netfilter doors on the kernel itself, in a network namespace that nobody
 * else sees and that ends with this program. */
#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "hostler/error.h"
#include "host/machine.h"

#define MAX_BYTES (8 * 1024 * 1024)

static HostlerHost *host;

static void set_up(void)
{
	int flags = geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET;

	if (unshare(flags) < 0)
		g_error("no network namespace to test in: %s", g_strerror(errno));
	host = machine_open("", "/nonexistent");
}

/* --- batches --- */

typedef struct {
	char *bytes;
	struct mnl_nlmsg_batch *batch;
	guint32 sequence;
} Batch;

static Batch batch_begin(gboolean by_generation, guint32 generation)
{
	char *bytes = g_malloc(2 * MAX_BYTES);
	Batch batch = { bytes, mnl_nlmsg_batch_start(bytes, MAX_BYTES), 1 };
	struct nlmsghdr *begin = nftnl_batch_begin(mnl_nlmsg_batch_current(batch.batch), batch.sequence++);

	if (by_generation)
		mnl_attr_put_u32(begin, NFNL_BATCH_GENID, htonl(generation));
	mnl_nlmsg_batch_next(batch.batch);
	return batch;
}

static void batch_table(Batch *batch, guint type, const char *name, guint flags)
{
	void *place = mnl_nlmsg_batch_current(batch->batch);
	struct nlmsghdr *message = nftnl_nlmsg_build_hdr(place, (guint16)type, NFPROTO_IPV4,
							 (guint16)(flags | NLM_F_ACK), batch->sequence++);
	struct nftnl_table *table = nftnl_table_alloc();

	nftnl_table_set_str(table, NFTNL_TABLE_NAME, name);
	nftnl_table_nlmsg_build_payload(message, table);
	nftnl_table_free(table);
	g_assert_true(mnl_nlmsg_batch_next(batch->batch));
}

static gboolean batch_commit(Batch *batch, GError **error)
{
	gboolean committed;

	nftnl_batch_end(mnl_nlmsg_batch_current(batch->batch), batch->sequence++);
	mnl_nlmsg_batch_next(batch->batch);
	committed = host->ops->nft_commit(host, mnl_nlmsg_batch_head(batch->batch),
					  mnl_nlmsg_batch_size(batch->batch), error);
	mnl_nlmsg_batch_stop(batch->batch);
	g_free(batch->bytes);
	return committed;
}

static void change_table(guint type, const char *name)
{
	Batch batch = batch_begin(FALSE, 0);
	g_autoptr(GError) error = NULL;

	batch_table(&batch, type, name, NLM_F_CREATE);
	batch_commit(&batch, &error);
	g_assert_no_error(error);
}

/* --- dumps --- */

static int note_table(const struct nlmsghdr *message, void *data)
{
	struct nftnl_table *table = nftnl_table_alloc();

	g_assert_cmpint(nftnl_table_nlmsg_parse(message, table), ==, 0);
	g_ptr_array_add(data, g_strdup(nftnl_table_get_str(table, NFTNL_TABLE_NAME)));
	nftnl_table_free(table);
	return MNL_CB_OK;
}

static GPtrArray *list_tables(void)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *buffer = g_malloc0(MNL_SOCKET_BUFFER_SIZE);
	struct nlmsghdr *request = nftnl_nlmsg_build_hdr(buffer, NFT_MSG_GETTABLE, NFPROTO_UNSPEC, NLM_F_DUMP, 77);
	g_autoptr(GError) error = NULL;

	host->ops->nft_dump(host, request, note_table, names, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(request->nlmsg_seq, ==, 77);
	return names;
}

static int note_generation(const struct nlmsghdr *message, void *data)
{
	const struct nlattr *attribute;

	mnl_attr_for_each(attribute, message, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attribute) == NFTA_GEN_ID)
			*(guint32 *)data = ntohl(mnl_attr_get_u32(attribute));
	}
	return MNL_CB_OK;
}

static guint32 current_generation(void)
{
	g_autofree char *buffer = g_malloc0(MNL_SOCKET_BUFFER_SIZE);
	struct nlmsghdr *request = nftnl_nlmsg_build_hdr(buffer, NFT_MSG_GETGEN, NFPROTO_UNSPEC, 0, 1);
	g_autoptr(GError) error = NULL;
	guint32 generation = 0;

	host->ops->nft_dump(host, request, note_generation, &generation, &error);
	g_assert_no_error(error);
	return generation;
}

/* --- tests --- */

static void test_commit(void)
{
	g_autoptr(GPtrArray) none = list_tables();
	g_autoptr(GPtrArray) one = NULL;
	g_autoptr(GPtrArray) gone = NULL;

	g_assert_cmpuint(none->len, ==, 0);
	change_table(NFT_MSG_NEWTABLE, "one");
	one = list_tables();
	g_assert_cmpuint(one->len, ==, 1);
	g_assert_cmpstr(g_ptr_array_index(one, 0), ==, "one");
	change_table(NFT_MSG_DELTABLE, "one");
	gone = list_tables();
	g_assert_cmpuint(gone->len, ==, 0);
}

/* All or nothing, and the message at fault by its number. */
static void test_refused(void)
{
	Batch batch = batch_begin(FALSE, 0);
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) tables = NULL;

	batch_table(&batch, NFT_MSG_NEWTABLE, "good", NLM_F_CREATE);
	batch_table(&batch, NFT_MSG_DELTABLE, "missing", 0);
	g_assert_false(batch_commit(&batch, &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST);
	g_assert_cmpstr(error->message, ==, "nf_tables refused message 3 (delete table): No such file or directory");
	tables = list_tables();
	g_assert_cmpuint(tables->len, ==, 0);
}

/* As of each part of nf_tables that is a module, and not there any more once a kernel was updated. */
static void test_no_module(void)
{
	Batch batch = batch_begin(FALSE, 0);
	g_autoptr(GError) error = NULL;
	struct nftnl_chain *chain = nftnl_chain_alloc();

	batch_table(&batch, NFT_MSG_NEWTABLE, "good", NLM_F_CREATE);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, "good");
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, "odd");
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, "no-such-type");
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, NF_INET_PRE_ROUTING);
	nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, 0);
	nftnl_chain_nlmsg_build_payload(
		nftnl_nlmsg_build_hdr(mnl_nlmsg_batch_current(batch.batch), NFT_MSG_NEWCHAIN, NFPROTO_IPV4,
				      NLM_F_CREATE | NLM_F_ACK, batch.sequence++), chain);
	nftnl_chain_free(chain);
	g_assert_true(mnl_nlmsg_batch_next(batch.batch));
	g_assert_false(batch_commit(&batch, &error));
	g_assert_cmpstr(error->message, ==,
			"nf_tables refused message 3 (new chain): No such file or directory; if the kernel was updated "
			"since the last boot, its modules are gone: reboot");
}

static void test_stale(void)
{
	guint32 generation = current_generation();
	Batch batch = batch_begin(TRUE, generation - 1);
	g_autoptr(GError) error = NULL;

	batch_table(&batch, NFT_MSG_NEWTABLE, "late", NLM_F_CREATE);
	g_assert_false(batch_commit(&batch, &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_STALE);
	g_clear_error(&error);

	batch = batch_begin(TRUE, generation);
	batch_table(&batch, NFT_MSG_NEWTABLE, "in-time", NLM_F_CREATE);
	g_assert_true(batch_commit(&batch, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(current_generation(), !=, generation);
	change_table(NFT_MSG_DELTABLE, "in-time");
}

/* Larger than a socket holds by default, in both directions. */
static void test_large(void)
{
	Batch batch = batch_begin(FALSE, 0);
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) before = list_tables();
	g_autoptr(GPtrArray) tables = NULL;
	guint n = geteuid() == 0 ? 8000 : 1000; /* without real root the buffers stay small */

	for (guint i = 0; i < n; i++) {
		g_autofree char *name = g_strdup_printf("table-%u", i);

		batch_table(&batch, NFT_MSG_NEWTABLE, name, NLM_F_CREATE);
	}
	g_assert_true(batch_commit(&batch, &error));
	g_assert_no_error(error);
	tables = list_tables();
	g_assert_cmpuint(tables->len, ==, before->len + n);
}

static void test_missing_is_empty(void)
{
	g_autofree char *buffer = g_malloc0(MNL_SOCKET_BUFFER_SIZE);
	struct nlmsghdr *request = nftnl_nlmsg_build_hdr(buffer, NFT_MSG_GETTABLE, NFPROTO_IPV4, NLM_F_ACK, 1);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;

	mnl_attr_put_strz(request, NFTA_TABLE_NAME, "no-such-table");
	g_assert_true(host->ops->nft_dump(host, request, note_table, names, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(names->len, ==, 0);
}

static int stop_at_once(const struct nlmsghdr *message, void *data)
{
	++*(int *)data;
	return MNL_CB_STOP;
}

static int not_understood(const struct nlmsghdr *message, void *data)
{
	return MNL_CB_ERROR;
}

static void test_callback(void)
{
	g_autofree char *buffer = g_malloc0(MNL_SOCKET_BUFFER_SIZE);
	struct nlmsghdr *request = nftnl_nlmsg_build_hdr(buffer, NFT_MSG_GETTABLE, NFPROTO_UNSPEC, NLM_F_DUMP, 1);
	g_autoptr(GError) error = NULL;
	int called = 0;

	change_table(NFT_MSG_NEWTABLE, "a");
	change_table(NFT_MSG_NEWTABLE, "b");
	g_assert_true(host->ops->nft_dump(host, request, stop_at_once, &called, &error));
	g_assert_no_error(error);
	g_assert_cmpint(called, ==, 1);
	g_assert_false(host->ops->nft_dump(host, request, not_understood, NULL, &error));
	g_assert_error(error, HOSTLER_ERROR, HOSTLER_ERROR_HOST);
}

static void test_listen(void)
{
	g_autoptr(GError) error = NULL;
	int fd = host->ops->nft_listen(host, &error);
	struct pollfd readable = { .fd = fd, .events = POLLIN };

	g_assert_no_error(error);
	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(poll(&readable, 1, 0), ==, 0);
	change_table(NFT_MSG_NEWTABLE, "news");
	g_assert_cmpint(poll(&readable, 1, 10 * 1000), ==, 1);
	close(fd);
}

/* --- sockets --- */

static int listen_on(int type, guint16 *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	g_assert_cmpint(bind(fd, (const struct sockaddr *)&address, sizeof(address)), ==, 0);
	g_assert_cmpint(getsockname(fd, (struct sockaddr *)&address, &length), ==, 0);
	if (type == SOCK_STREAM)
		g_assert_cmpint(listen(fd, 1), ==, 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static const HostlerListener *find_listener(const GArray *listeners, guint16 port)
{
	for (guint i = 0; i < listeners->len; i++) {
		if (g_array_index(listeners, HostlerListener, i).port == port)
			return &g_array_index(listeners, HostlerListener, i);
	}
	return NULL;
}

static void test_listeners(gconstpointer data)
{
	int protocol = GPOINTER_TO_INT(data);
	g_autoptr(GError) error = NULL;
	guint16 port = 0;
	int fd = listen_on(protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM, &port);
	g_autoptr(GArray) listeners = host->ops->listeners(host, protocol, &error);
	g_autoptr(GArray) after = NULL;
	const HostlerListener *found;

	g_assert_no_error(error);
	found = find_listener(listeners, port);
	g_assert_nonnull(found);
	g_assert_cmpint(found->family, ==, AF_INET);
	g_assert_cmpuint(found->inode, !=, 0);
	close(fd);
	after = host->ops->listeners(host, protocol, &error);
	g_assert_no_error(error);
	g_assert_null(find_listener(after, port));
}

/* --- neighbours --- */

#define CARD "virbr9"

static void ask_kernel(struct nlmsghdr *message)
{
	struct mnl_socket *socket = mnl_socket_open(NETLINK_ROUTE);
	union {
		struct nlmsghdr header;
		char bytes[1024];
	} answer;

	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
	g_assert_cmpint(mnl_socket_sendto(socket, message, message->nlmsg_len), >, 0);
	g_assert_cmpint(mnl_socket_recvfrom(socket, &answer, sizeof(answer)), >, 0);
	g_assert_cmpint(((const struct nlmsgerr *)mnl_nlmsg_get_payload(&answer.header))->error, ==, 0);
	mnl_socket_close(socket);
}

static void make_bridge(void)
{
	char buffer[256] __attribute__((aligned(NLMSG_ALIGNTO))) = { 0 };
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *header;
	struct nlattr *info;

	message->nlmsg_type = RTM_NEWLINK;
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	*header = (struct ifinfomsg){ .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	mnl_attr_put_strz(message, IFLA_IFNAME, CARD);
	info = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, "bridge");
	mnl_attr_nest_end(message, info);
	ask_kernel(message);
}

static void put_neighbour(const char *text, const guint8 *mac, guint16 state)
{
	char buffer[256] __attribute__((aligned(NLMSG_ALIGNTO))) = { 0 };
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	gboolean is_v6 = strchr(text, ':') != NULL;
	guint8 address[16];
	struct ndmsg *header;

	message->nlmsg_type = RTM_NEWNEIGH;
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	*header = (struct ndmsg){ .ndm_family = is_v6 ? AF_INET6 : AF_INET,
				  .ndm_ifindex = (int)if_nametoindex(CARD),
				  .ndm_state = state };
	g_assert_cmpint(inet_pton(header->ndm_family, text, address), ==, 1);
	mnl_attr_put(message, NDA_DST, is_v6 ? 16 : 4, address);
	mnl_attr_put(message, NDA_LLADDR, HOSTLER_MAC_BYTES, mac);
	ask_kernel(message);
}

static const guint8 ours[HOSTLER_MAC_BYTES] = { 0x52, 0x54, 0, 0, 0, 1 };
static const guint8 others[HOSTLER_MAC_BYTES] = { 0x52, 0x54, 0, 0, 0, 2 };

static const HostlerNeighbour *find_neighbour(const GArray *neighbours, const char *text)
{
	for (guint i = 0; i < neighbours->len; i++) {
		const HostlerNeighbour *neighbour = &g_array_index(neighbours, HostlerNeighbour, i);
		char shown[INET6_ADDRSTRLEN];

		inet_ntop(neighbour->family, neighbour->address, shown, sizeof(shown));
		if (g_str_equal(shown, text))
			return neighbour;
	}
	return NULL;
}

static void test_neighbours(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) neighbours = NULL;
	g_autoptr(GArray) elsewhere = NULL;
	const HostlerNeighbour *found;

	make_bridge();
	put_neighbour("192.168.122.50", ours, NUD_PERMANENT);
	put_neighbour("192.168.122.51", others, NUD_STALE);
	put_neighbour("2001:db8::50", ours, NUD_REACHABLE);
	put_neighbour("192.168.122.52", ours, NUD_FAILED);
	neighbours = host->ops->neighbours(host, CARD, &error);
	g_assert_no_error(error);
	found = find_neighbour(neighbours, "192.168.122.50");
	g_assert_nonnull(found);
	g_assert_cmpmem(found->mac, sizeof(found->mac), ours, sizeof(ours));
	g_assert_true(found->fresh);
	g_assert_false(find_neighbour(neighbours, "192.168.122.51")->fresh);
	g_assert_true(find_neighbour(neighbours, "2001:db8::50")->fresh);
	g_assert_null(find_neighbour(neighbours, "192.168.122.52"));
	elsewhere = host->ops->neighbours(host, "no-such-bridge", &error);
	g_assert_no_error(error);
	g_assert_cmpuint(elsewhere->len, ==, 0);
}

static void test_neighbours_heard(void)
{
	static const char *const guests[] = { "52:54:00:00:00:01", "192.168.122.62", NULL };
	g_autoptr(GError) error = NULL;
	int fd = host->ops->neighbours_listen(host, &error);
	struct pollfd readable = { .fd = fd, .events = POLLIN };

	g_assert_no_error(error);
	g_assert_false(host->ops->neighbours_heard(host, fd, guests));
	put_neighbour("192.168.122.60", others, NUD_REACHABLE);
	g_assert_cmpint(poll(&readable, 1, 10 * 1000), ==, 1);
	g_assert_false(host->ops->neighbours_heard(host, fd, guests));
	put_neighbour("192.168.122.61", ours, NUD_REACHABLE);
	g_assert_cmpint(poll(&readable, 1, 10 * 1000), ==, 1);
	g_assert_true(host->ops->neighbours_heard(host, fd, guests));
	put_neighbour("192.168.122.62", others, NUD_REACHABLE);
	g_assert_cmpint(poll(&readable, 1, 10 * 1000), ==, 1);
	g_assert_true(host->ops->neighbours_heard(host, fd, guests));
	g_assert_cmpint(poll(&readable, 1, 0), ==, 0);
	close(fd);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	set_up();
	g_test_add_data_func("/netlink/listeners/tcp", GINT_TO_POINTER(IPPROTO_TCP), test_listeners);
	g_test_add_data_func("/netlink/listeners/udp", GINT_TO_POINTER(IPPROTO_UDP), test_listeners);
	g_test_add_func("/netlink/neighbours", test_neighbours);
	g_test_add_func("/netlink/neighbours-heard", test_neighbours_heard);
	g_test_add_func("/netlink/commit", test_commit);
	g_test_add_func("/netlink/refused", test_refused);
	g_test_add_func("/netlink/no-module", test_no_module);
	g_test_add_func("/netlink/stale", test_stale);
	g_test_add_func("/netlink/missing-is-empty", test_missing_is_empty);
	g_test_add_func("/netlink/callback", test_callback);
	g_test_add_func("/netlink/listen", test_listen);
	g_test_add_func("/netlink/large", test_large);
	return g_test_run();
}
