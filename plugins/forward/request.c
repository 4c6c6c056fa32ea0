/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests for what nf_tables holds. Pure. */
#include "plugins/forward/request.h"

#include <libnftnl/common.h>

struct nlmsghdr *forward_request_one(ForwardRequest *request, ForwardFamily family, guint16 type)
{
	return nftnl_nlmsg_build_hdr(request->bytes, type, forward_families[family].family, NLM_F_ACK, 0);
}

struct nlmsghdr *forward_request_all(ForwardRequest *request, ForwardFamily family, guint16 type)
{
	return nftnl_nlmsg_build_hdr(request->bytes, type, forward_families[family].family, NLM_F_DUMP, 0);
}
