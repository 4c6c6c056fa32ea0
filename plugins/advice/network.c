/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NICs that are slower than they need be, or do not reach whom people expect. */
#include "hostler/text.h"
#include "plugins/advice/advice.h"

#define BRIDGE_CALLS "/proc/sys/net/bridge/bridge-nf-call-iptables"

static void say(const HostlerInterface *nic, HostlerSeverity severity, HostlerFindings *findings, const char *mend,
		const char *format, ...) G_GNUC_PRINTF(5, 6);

static void say(const HostlerInterface *nic, HostlerSeverity severity, HostlerFindings *findings, const char *mend,
		const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	hostler_findings_add(findings, severity, HOSTLER_ERROR_ADVICE_NETWORK, nic->mac, mend, "NIC %s %s",
			     nic->mac != NULL ? nic->mac : "without a MAC", text);
}

/* --- macvtap --- */

/* Another NIC, by which host and guest reach each other. */
static gboolean has_way_to_host(const HostlerDomain *domain)
{
	for (guint i = 0; i < domain->interfaces->len; i++) {
		const HostlerInterface *nic = g_ptr_array_index(domain->interfaces, i);

		if (nic->type == HOSTLER_NIC_NETWORK || nic->type == HOSTLER_NIC_BRIDGE)
			return TRUE;
	}
	return FALSE;
}

static void look_at_macvtap(const HostlerDomain *domain, const HostlerInterface *nic, HostlerFindings *findings)
{
	g_autofree char *lower = hostler_text_shown(nic->source);

	if (nic->type != HOSTLER_NIC_DIRECT || has_way_to_host(domain))
		return;
	say(nic, HOSTLER_SEVERITY_NOTE, findings,
	    "virsh attach-interface VM network default --model virtio --config, for a second NIC, or a bridge",
	    "is a macvtap on %s: the guest reaches the network, but not this host, nor this host the guest (ssh and "
	    "ping between the two do not answer)", lower);
}

/* --- models --- */

static gboolean is_virtio(const char *model)
{
	return model != NULL && g_str_has_prefix(model, "virtio");
}

/* What tells that the guest has virtio's drivers, "vda"; NULL: nothing does. */
static const char *find_virtio(const HostlerDomain *domain)
{
	for (guint i = 0; i < domain->disks->len; i++) {
		const HostlerDisk *disk = g_ptr_array_index(domain->disks, i);

		if (is_virtio(disk->bus))
			return disk->target;
	}
	for (guint i = 0; i < domain->interfaces->len; i++) {
		const HostlerInterface *nic = g_ptr_array_index(domain->interfaces, i);

		if (is_virtio(nic->model))
			return nic->mac;
	}
	return NULL;
}

static void look_at_model(const HostlerDomain *domain, const HostlerInterface *nic, HostlerFindings *findings)
{
	static const char *const emulated[] = { "e1000", "e1000e", "e1000-82544gc", "e1000-82545em", "rtl8139",
						NULL };
	const char *virtio = find_virtio(domain);
	g_autofree char *shown = hostler_text_shown(virtio);
	g_autofree char *mend = NULL;

	if (nic->model == NULL || !g_strv_contains(emulated, nic->model))
		return;
	mend = g_strdup_printf("virt-xml VM --edit mac=%s --network model=virtio",
			       nic->mac != NULL ? nic->mac : "MAC");
	if (virtio != NULL)
		say(nic, HOSTLER_SEVERITY_ADVICE, findings, mend,
		    "is an emulated %s, although the guest has virtio's drivers (%s is virtio): each packet costs it "
		    "and the host many times as much", nic->model, shown);
	else
		say(nic, HOSTLER_SEVERITY_NOTE, findings, mend,
		    "is an emulated %s: virtio costs guest and host a fraction of it, if the guest has its drivers "
		    "(Linux and BSD do; Windows with virtio-win)", nic->model);
}

/* --- br_netfilter --- */

static const HostlerInterface *find_bridged(const HostlerDomain *domain)
{
	for (guint i = 0; i < domain->interfaces->len; i++) {
		const HostlerInterface *nic = g_ptr_array_index(domain->interfaces, i);

		if (nic->type == HOSTLER_NIC_BRIDGE)
			return nic;
	}
	return NULL;
}

static void look_at_bridge(HostlerHost *host, const HostlerDomain *domain, HostlerFindings *findings)
{
	const HostlerInterface *nic = find_bridged(domain);
	g_autofree char *calls = nic != NULL ? host->ops->kernel_text(host, BRIDGE_CALLS) : NULL;
	g_autofree char *bridge = NULL;
	g_autofree char *drop = NULL;
	g_autofree char *policy = NULL;

	if (g_strcmp0(calls, "1") != 0)
		return;
	bridge = hostler_text_shown(nic->bridge);
	drop = advice_find_drop(host);
	policy = drop == NULL ? g_strdup("and a rule there may drop it") :
				g_strdup_printf("whose chain %s drops what no rule allows, as Docker has it: the "
						"guest may have no network", drop);
	say(nic, drop != NULL ? HOSTLER_SEVERITY_ADVICE : HOSTLER_SEVERITY_NOTE, findings,
	    "sysctl net.bridge.bridge-nf-call-iptables=0, and the same in /etc/sysctl.d; where Docker needs it: "
	    "iptables -I DOCKER-USER -m physdev --physdev-is-bridged -j ACCEPT",
	    "is on the bridge %s, and br_netfilter sends what is bridged through the host's firewall "
	    "(bridge-nf-call-iptables is 1), %s", bridge, policy);
}

void advice_network(HostlerHost *host, const HostlerDomain *domain, HostlerFindings *findings)
{
	for (guint i = 0; i < domain->interfaces->len; i++) {
		look_at_macvtap(domain, g_ptr_array_index(domain->interfaces, i), findings);
		look_at_model(domain, g_ptr_array_index(domain->interfaces, i), findings);
	}
	look_at_bridge(host, domain, findings);
}
