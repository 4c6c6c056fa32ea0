/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the host's firewall drops what it forwards unless a rule allows it. */
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "hostler/text.h"
#include "plugins/advice/advice.h"

#define REQUEST_BYTES 256

typedef struct nftnl_chain NftChain;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NftChain, nftnl_chain_free)

static gboolean drops(const NftChain *chain)
{
	guint32 family = nftnl_chain_get_u32(chain, NFTNL_CHAIN_FAMILY);

	return (family == NFPROTO_IPV4 || family == NFPROTO_INET) && nftnl_chain_is_set(chain, NFTNL_CHAIN_HOOKNUM) &&
	       nftnl_chain_get_u32(chain, NFTNL_CHAIN_HOOKNUM) == NF_INET_FORWARD &&
	       nftnl_chain_get_u32(chain, NFTNL_CHAIN_POLICY) == NF_DROP;
}

static int see_chain(const struct nlmsghdr *message, void *data)
{
	g_autoptr(NftChain) chain = nftnl_chain_alloc();
	g_autofree char *table = NULL;
	g_autofree char *name = NULL;
	char **found = data;

	if (nftnl_chain_nlmsg_parse(message, chain) < 0 || *found != NULL || !drops(chain))
		return MNL_CB_OK;
	table = hostler_text_shown(nftnl_chain_get_str(chain, NFTNL_CHAIN_TABLE));
	name = hostler_text_shown(nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME));
	*found = g_strdup_printf("%s of table %s", name, table);
	return MNL_CB_OK;
}

char *advice_find_drop(HostlerHost *host)
{
	char request[REQUEST_BYTES] __attribute__((aligned(NLMSG_ALIGNTO))) = { 0 };
	struct nlmsghdr *header = nftnl_nlmsg_build_hdr(request, NFT_MSG_GETCHAIN, NFPROTO_UNSPEC, NLM_F_DUMP, 0);
	char *found = NULL;

	/* Who may not ask is told less. */
	host->ops->nft_dump(host, header, see_chain, &found, NULL);
	return found;
}
