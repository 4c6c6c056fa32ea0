/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One transaction of nf_tables. The kernel works a batch off, and queues all it
 * has to say of it, before sendmsg() returns: what is not there then, does not
 * come any more. */
#include "host/netlink.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "hostler/error.h"
#include "host/machine.h"

#define ACK_BYTES 1280                      /* what the kernel charges for one in the receive buffer */
#define RECEIVE_MIN_BYTES (256 * 1024)
#define RECEIVE_MAX_BYTES (128 * 1024 * 1024)

typedef struct {
	const void *batch;
	gsize length;
	gboolean refused;
	int errnum;       /* of the first refusal */
	guint32 sequence; /* of the message refused */
	char *text;       /* what the kernel adds to it, or NULL */
	gboolean lost;    /* some answers did not fit the receive buffer */
} Commit;

/* --- the batch --- */

static const struct nlmsghdr *find_message(const Commit *commit, guint32 sequence)
{
	const struct nlmsghdr *message = commit->batch;
	int length = (int)commit->length;

	while (mnl_nlmsg_ok(message, length)) {
		if (message->nlmsg_seq == sequence)
			return message;
		message = mnl_nlmsg_next(message, &length);
	}
	return NULL;
}

static const char *message_name(const struct nlmsghdr *message)
{
	static const char *const names[] = {
		[NFT_MSG_NEWTABLE] = "new table",     [NFT_MSG_DELTABLE] = "delete table",
		[NFT_MSG_NEWCHAIN] = "new chain",     [NFT_MSG_DELCHAIN] = "delete chain",
		[NFT_MSG_NEWRULE] = "new rule",       [NFT_MSG_DELRULE] = "delete rule",
		[NFT_MSG_NEWSET] = "new set",         [NFT_MSG_DELSET] = "delete set",
		[NFT_MSG_NEWSETELEM] = "new element", [NFT_MSG_DELSETELEM] = "delete element",
	};
	guint type = message != NULL ? NFNL_MSG_TYPE(message->nlmsg_type) : G_MAXUINT;

	if (message == NULL || NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_NFTABLES)
		return "the batch as a whole";
	return type < G_N_ELEMENTS(names) && names[type] != NULL ? names[type] : "other";
}

static guint count_messages(const void *batch, gsize length)
{
	const struct nlmsghdr *message = batch;
	int left = (int)length;
	guint n = 0;

	while (mnl_nlmsg_ok(message, left)) {
		n++;
		message = mnl_nlmsg_next(message, &left);
	}
	return n;
}

/* --- the answers --- */

static int find_text(const struct nlattr *attribute, void *data)
{
	char **text = data;

	if (mnl_attr_get_type(attribute) == NLMSGERR_ATTR_MSG &&
	    mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
		*text = g_strdup(mnl_attr_get_str(attribute));
	return *text != NULL ? MNL_CB_STOP : MNL_CB_OK;
}

static char *extended_text(const struct nlmsghdr *message, const struct nlmsgerr *report)
{
	gsize offset = sizeof(*report);
	char *text = NULL;

	if ((message->nlmsg_flags & NLM_F_ACK_TLVS) == 0)
		return NULL;
	if ((message->nlmsg_flags & NLM_F_CAPPED) == 0)
		offset += MNL_ALIGN(mnl_nlmsg_get_payload_len(&report->msg));
	if (offset < mnl_nlmsg_get_payload_len(message))
		mnl_attr_parse(message, (unsigned int)offset, find_text, &text);
	return text;
}

static void take_answer(Commit *commit, const struct nlmsghdr *message)
{
	const struct nlmsgerr *report = mnl_nlmsg_get_payload(message);

	if (message->nlmsg_type != NLMSG_ERROR || mnl_nlmsg_get_payload_len(message) < sizeof(*report))
		return;
	if (commit->refused || report->error == 0 || find_message(commit, message->nlmsg_seq) == NULL)
		return;
	commit->refused = TRUE;
	commit->errnum = -report->error;
	commit->sequence = message->nlmsg_seq;
	commit->text = extended_text(message, report);
}

static void take_answers(Commit *commit, const void *buffer, int length)
{
	const struct nlmsghdr *message = buffer;

	while (mnl_nlmsg_ok(message, length)) {
		take_answer(commit, message);
		message = mnl_nlmsg_next(message, &length);
	}
}

static gboolean receive_all(NetlinkSocket *socket, Commit *commit, GError **error)
{
	g_autofree char *buffer = g_malloc(NETLINK_BUFFER_BYTES);
	ssize_t n;

	while (TRUE) {
		n = mnl_socket_recvfrom(socket, buffer, NETLINK_BUFFER_BYTES);
		if (n >= 0)
			take_answers(commit, buffer, (int)n);
		else if (errno == EAGAIN)
			return TRUE;
		else if (errno == ENOBUFS)
			commit->lost = TRUE;
		else if (errno != EINTR)
			break;
	}
	machine_error(error, errno, "cannot read what nf_tables says of the new rules");
	return FALSE;
}

/* --- the transaction --- */

static void set_buffer(NetlinkSocket *socket, int forced, int option, int bytes)
{
	int fd = mnl_socket_get_fd(socket);

	if (setsockopt(fd, SOL_SOCKET, forced, &bytes, sizeof(bytes)) < 0)
		setsockopt(fd, SOL_SOCKET, option, &bytes, sizeof(bytes));
}

static gboolean send_batch(NetlinkSocket *socket, const Commit *commit, GError **error)
{
	gsize answers = (gsize)count_messages(commit->batch, commit->length) * ACK_BYTES;
	int on = 1;
	ssize_t n;

	set_buffer(socket, SO_SNDBUFFORCE, SO_SNDBUF, (int)commit->length + 4096);
	set_buffer(socket, SO_RCVBUFFORCE, SO_RCVBUF, (int)CLAMP(answers, RECEIVE_MIN_BYTES, RECEIVE_MAX_BYTES));
	mnl_socket_setsockopt(socket, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(socket, NETLINK_CAP_ACK, &on, sizeof(on));
	do
		n = mnl_socket_sendto(socket, commit->batch, commit->length);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)commit->length)
		return TRUE;
	machine_error(error, n < 0 ? errno : EMSGSIZE, "cannot send %zu bytes of rules to nf_tables", commit->length);
	return FALSE;
}

static HostlerErrorCode error_code(int errnum)
{
	if (errnum == ERESTART || errnum == EAGAIN)
		return HOSTLER_ERROR_STALE;
	return errnum == EEXIST ? HOSTLER_ERROR_EXISTS : HOSTLER_ERROR_HOST;
}

/* All else that our batches name is made by them, or the ruleset is another by now and that is said first. */
static const char *hint_of(const Commit *commit, const char *name)
{
	return commit->errnum == ENOENT && g_str_has_prefix(name, "new ") ?
		       "; if the kernel was updated since the last boot, its modules are gone: reboot" :
		       "";
}

static void set_refused(GError **error, const Commit *commit)
{
	const char *name = message_name(find_message(commit, commit->sequence));

	g_set_error(error, HOSTLER_ERROR, error_code(commit->errnum),
		    "nf_tables refused message %u (%s): %s%s%s%s", commit->sequence, name, g_strerror(commit->errnum),
		    commit->text != NULL ? "; it says: " : "", commit->text != NULL ? commit->text : "",
		    hint_of(commit, name));
}

static gboolean judge(const Commit *commit, GError **error)
{
	if (commit->refused) {
		set_refused(error, commit);
		return FALSE;
	}
	if (!commit->lost)
		return TRUE;
	/* Done or not done: only a look at the rules can tell. */
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_STALE,
		    "nf_tables had more to say of the new rules than the socket could hold");
	return FALSE;
}

gboolean host_nft_commit(HostlerHost *host, const void *batch, gsize length, GError **error)
{
	g_autoptr(NetlinkSocket) socket = netlink_open(NETLINK_NETFILTER, error);
	Commit commit = { .batch = batch, .length = length };
	gboolean committed;

	if (socket == NULL)
		return FALSE;
	committed = send_batch(socket, &commit, error) && receive_all(socket, &commit, error) &&
		    judge(&commit, error);
	g_free(commit.text);
	return committed;
}
