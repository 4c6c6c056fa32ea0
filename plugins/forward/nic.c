/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which network card of a VM a forward leads to, and in which words a card that
 * cannot be served is refused. Pure. */
#include "plugins/forward/nic.h"

#include "hostler/text.h"

#define USE_NAT "put the card on a NAT network (<interface type='network'><source network='default'/>), or remove " \
		"<portForward>: virsh edit VM"

static const HostlerNetwork *find_network(const GPtrArray *networks, const char *name)
{
	for (guint i = 0; name != NULL && i < networks->len; i++) {
		const HostlerNetwork *network = g_ptr_array_index(networks, i);

		if (g_str_equal(network->name, name))
			return network;
	}
	return NULL;
}

static gboolean is_nat(const HostlerNetwork *network)
{
	return network != NULL && g_strcmp0(network->forward, "nat") == 0;
}

/* Behind a bridge of the host, by way of which all of the guests' traffic goes: where
 * it is not NAT, who comes by the guest's own address and who comes by a forward meet. */
static gboolean is_served(const HostlerNetwork *network)
{
	static const char *const modes[] = { "nat", "route", "open", NULL };

	return network != NULL && network->forward != NULL && g_strv_contains(modes, network->forward);
}

static const HostlerInterface *find_by_mac(const HostlerDomain *domain, const char *mac)
{
	for (guint i = 0; i < domain->interfaces->len; i++) {
		const HostlerInterface *interface = g_ptr_array_index(domain->interfaces, i);

		if (interface->mac != NULL && g_ascii_strcasecmp(interface->mac, mac) == 0)
			return interface;
	}
	return NULL;
}

/* The first on a NAT network; without one the first on another that can be served;
 * without that the first on any network, whose refusal says most. */
static const HostlerInterface *find_first(const HostlerDomain *domain, const GPtrArray *networks)
{
	const HostlerInterface *second_best = domain->interfaces->len > 0 ? domain->interfaces->pdata[0] : NULL;

	for (guint i = 0; i < domain->interfaces->len; i++) {
		const HostlerInterface *interface = g_ptr_array_index(domain->interfaces, i);

		if (interface->type != HOSTLER_NIC_NETWORK)
			continue;
		if (is_nat(find_network(networks, interface->network)))
			return interface;
		if (second_best->type != HOSTLER_NIC_NETWORK ||
		    (is_served(find_network(networks, interface->network)) &&
		     !is_served(find_network(networks, second_best->network))))
			second_best = interface;
	}
	return second_best;
}

/* --- refusals --- */

/* A network's name as an argument in a command that people paste. */
static char *shell_word(const char *shown)
{
	return forward_bridge_is_plain(shown) ? g_strdup(shown) : g_shell_quote(shown);
}

static void refuse_absent(const HostlerForward *forward, HostlerFindings *findings)
{
	if (forward->mac != NULL)
		hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_FORWARD_NETWORK, NULL,
				     "virsh domiflist VM shows the cards it has; correct mac= of <portForward>",
				     "a port is to be forwarded to its network card %s, which it does not have",
				     forward->mac);
	else
		hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_FORWARD_NETWORK, NULL, USE_NAT,
				     "a port is to be forwarded to it, but it has no network card");
}

static char *describe_card(const HostlerInterface *interface)
{
	if (interface->mac == NULL)
		return g_strdup("its network card");
	return g_strdup_printf("its network card %s", interface->mac);
}

static void refuse_type(const HostlerInterface *interface, HostlerFindings *findings)
{
	g_autofree char *card = describe_card(interface);
	g_autofree char *type = hostler_text_shown(interface->type_name);
	const char *mend = USE_NAT;

	if (interface->type == HOSTLER_NIC_USER)
		mend = "use libvirt's own <portForward> inside this <interface> (passt back end) instead";
	else if (interface->type == HOSTLER_NIC_BRIDGE || interface->type == HOSTLER_NIC_DIRECT)
		mend = "the guest has an address of its own there: reach it directly, and remove <portForward>";
	hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_FORWARD_NETWORK, NULL, mend,
			     "a port cannot be forwarded to it: %s is of type '%s', not on a NAT network of libvirt",
			     card, type);
}

static void refuse_stopped(const char *name, HostlerFindings *findings)
{
	g_autofree char *shown = hostler_text_shown(name);
	g_autofree char *word = shell_word(shown);
	g_autofree char *mend = g_strdup_printf("virsh net-start %s", word);

	hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_FORWARD_NETWORK, NULL, mend,
			     "a port cannot be forwarded to it: its network '%s' is not running", shown);
}

static const char *explain_mode(const char *mode)
{
	if (mode == NULL)
		return "is isolated: nothing outside reaches it, and that is meant";
	return "lets its guests into the host's own network, where they have addresses of their own";
}

static void refuse_mode(const HostlerNetwork *network, HostlerFindings *findings)
{
	g_autofree char *shown = hostler_text_shown(network->name);
	g_autofree char *mode = hostler_text_shown(network->forward != NULL ? network->forward : "none");

	hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_FORWARD_NETWORK, NULL, USE_NAT,
			     "a port cannot be forwarded to it: its network '%s' (forward mode %s) %s", shown, mode,
			     explain_mode(network->forward));
}

static void refuse_bridge(const HostlerNetwork *network, const char *bridge, HostlerFindings *findings)
{
	g_autofree char *name = hostler_text_shown(network->name);
	g_autofree char *shown = hostler_text_shown(bridge);
	g_autofree char *word = shell_word(name);
	g_autofree char *mend = g_strdup_printf("rename it to letters, digits and _ . -: virsh net-edit %s", word);

	hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_FORWARD_NETWORK, NULL, mend,
			     "a port cannot be forwarded to it: the name '%s' of the bridge of its network '%s' "
			     "means something else to nft and iptables", shown, name);
}

static void refuse_nameless(const HostlerNetwork *network, HostlerFindings *findings)
{
	g_autofree char *shown = hostler_text_shown(network->name);

	hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_FORWARD_ADDRESS, NULL,
			     "virsh define gives it one",
			     "a port is to be forwarded to its network card on network '%s', which has no MAC", shown);
}

void forward_nic_refuse_family(const ForwardNic *nic, sa_family_t family, HostlerFindings *findings)
{
	const char *word = family == AF_INET6 ? "IPv6" : "IPv4";
	g_autofree char *shown = hostler_text_shown(nic->network->name);
	g_autofree char *name = shell_word(shown);
	g_autofree char *mend = g_strdup_printf("give the network one (virsh net-edit %s), or put the card on a "
						"network that has one: virsh edit VM", name);

	hostler_findings_add(findings, HOSTLER_SEVERITY_REFUSE, HOSTLER_ERROR_FORWARD_NETWORK, NULL, mend,
			     "a port cannot be forwarded to it: its network '%s' has no %s address", shown, word);
}

/* --- the card itself --- */

static gboolean read_bridge(const HostlerNetwork *network, const HostlerInterface *interface, ForwardNic *nic,
			    HostlerFindings *findings)
{
	const char *bridge = interface->bridge != NULL ? interface->bridge : network->bridge;

	if (bridge == NULL || !forward_bridge_is_plain(bridge)) {
		refuse_bridge(network, bridge, findings);
		return FALSE;
	}
	g_strlcpy(nic->bridge, bridge, sizeof(nic->bridge));
	return TRUE;
}

static gboolean read_mac(const HostlerNetwork *network, const HostlerInterface *interface, ForwardNic *nic,
			 HostlerFindings *findings)
{
	if (interface->mac == NULL) {
		refuse_nameless(network, findings);
		return FALSE;
	}
	g_strlcpy(nic->mac, interface->mac, sizeof(nic->mac));
	if (interface->target != NULL && forward_bridge_is_plain(interface->target))
		g_strlcpy(nic->tap, interface->target, sizeof(nic->tap));
	nic->network = network;
	return TRUE;
}

static gboolean read_net(const HostlerSubnet *subnet, sa_family_t family, ForwardNet *net)
{
	net->prefix = (guint8)subnet->prefix;
	return subnet->ipv6 == (family == AF_INET6) && subnet->address != NULL &&
	       forward_address_read(subnet->address, &net->address);
}

static gboolean read_reserved(const HostlerSubnet *subnet, const char *mac, ForwardAddress *guest)
{
	const char *ip = hostler_subnet_reserved(subnet, mac);

	return ip != NULL && forward_address_read(ip, guest);
}

gboolean forward_nic_place(const ForwardNic *nic, sa_family_t family, ForwardNet *net, ForwardAddress *guest)
{
	gboolean found = FALSE;

	*guest = (ForwardAddress){ .family = AF_UNSPEC };
	for (guint i = 0; i < nic->network->subnets->len; i++) {
		const HostlerSubnet *subnet = g_ptr_array_index(nic->network->subnets, i);
		ForwardAddress reserved;
		ForwardNet one;

		if (!read_net(subnet, family, &one))
			continue;
		if (read_reserved(subnet, nic->mac, &reserved)) {
			*net = one;
			*guest = reserved;
			return TRUE;
		}
		if (!found)
			*net = one;
		found = TRUE;
	}
	return found;
}

gboolean forward_nic_choose(const HostlerDomain *domain, const HostlerForward *forward, const GPtrArray *networks,
			    ForwardNic *nic, HostlerFindings *findings)
{
	const HostlerInterface *interface =
		forward->mac != NULL ? find_by_mac(domain, forward->mac) : find_first(domain, networks);
	const HostlerNetwork *network;

	if (interface == NULL) {
		refuse_absent(forward, findings);
		return FALSE;
	}
	if (interface->type != HOSTLER_NIC_NETWORK) {
		refuse_type(interface, findings);
		return FALSE;
	}
	network = find_network(networks, interface->network);
	if (network == NULL) {
		refuse_stopped(interface->network, findings);
		return FALSE;
	}
	if (!is_served(network)) {
		refuse_mode(network, findings);
		return FALSE;
	}
	return read_bridge(network, interface, nic, findings) && read_mac(network, interface, nic, findings);
}
