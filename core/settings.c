/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <vm xmlns="urn:hostler:1"> below <metadata> -> HostlerSettings. */

#include "core/settings.h"

#include "core/ports.h"
#include "core/values.h"
#include "hostler/text.h"

#define MAX_RANGES 1024
#define MAX_INTERVAL 3600 /* seconds */

static void free_forward(gpointer data)
{
	HostlerForward *forward = data;

	g_free(forward->address);
	g_free(forward->source);
	g_free(forward->rate);
	g_free(forward->mac);
	g_array_unref(forward->ranges);
	g_free(forward);
}

void hostler_settings_init(HostlerSettings *settings)
{
	*settings = (HostlerSettings){.forwards = g_ptr_array_new_with_free_func(free_forward)};
}

void hostler_settings_clear(HostlerSettings *settings)
{
	g_clear_pointer(&settings->forwards, g_ptr_array_unref);
}

static const char *const protos[] = {
	[HOSTLER_PROTO_TCP] = "tcp", [HOSTLER_PROTO_UDP] = "udp", [HOSTLER_PROTO_SCTP] = "sctp",
	[HOSTLER_N_PROTOS] = NULL,
};

const char *hostler_proto_name(HostlerProto proto)
{
	return protos[proto];
}

/* Which of `choices` the attribute names; `fallback` when it is not there, -1
 * with an error when it names another. */
static int choose(HostlerXml *xml, const char *name, const char *const *choices, int fallback, GError **error)
{
	const char *text = hostler_xml_attribute(xml, name);
	g_autofree char *known = NULL;
	g_autofree char *shown = NULL;

	if (text == NULL)
		return fallback;
	for (int i = 0; choices[i] != NULL; i++)
		if (g_str_equal(choices[i], text))
			return i;
	known = g_strjoinv("' or '", (char **)(gpointer)choices);
	shown = hostler_text_shown(text);
	hostler_xml_fail(xml, error, "%s '%s' is not served; write '%s'", name, shown, known);
	return -1;
}

/* An attribute whose value `read` checks; `form` shows how to write it. */
static gboolean take(HostlerXml *xml, const char *name, char *(*read)(const char *), const char *form, char **value,
		     GError **error)
{
	const char *text = hostler_xml_attribute(xml, name);
	g_autofree char *shown = NULL;

	if (text == NULL)
		return TRUE;
	*value = read(text);
	if (*value != NULL)
		return TRUE;
	shown = hostler_text_shown(text);
	return hostler_xml_fail(xml, error, "%s '%s' is not understood; write %s", name, shown, form);
}

static gboolean begin_forward(HostlerXml *xml, gpointer data, GError **error)
{
	HostlerDomain *domain = data;
	HostlerForward *forward = g_new0(HostlerForward, 1);
	int proto;

	forward->ranges = g_array_new(FALSE, FALSE, sizeof(HostlerPortRange));
	g_ptr_array_add(domain->settings.forwards, forward);
	if (hostler_xml_attribute(xml, "proto") == NULL)
		return hostler_xml_fail(xml, error,
					"attribute 'proto' is missing; write proto='tcp', 'udp' or 'sctp'");
	proto = choose(xml, "proto", protos, -1, error);
	if (proto < 0)
		return FALSE;
	forward->proto = (HostlerProto)proto;
	return take(xml, "address", hostler_value_address,
		    "the one address of the host to listen on, or leave it out for all of them", &forward->address,
		    error) &&
		take(xml, "source", hostler_value_networks, "networks such as '10.0.0.0/8,192.0.2.7'",
		     &forward->source, error) &&
		take(xml, "rate", hostler_value_rate,
		     "a number for each second, minute, hour or day, such as '20/s', '100/m'", &forward->rate,
		     error) &&
		take(xml, "mac", hostler_text_mac, "the MAC of one of the VM's interfaces, '52:54:00:12:34:56'",
		     &forward->mac, error);
}

static gboolean end_forward(HostlerXml *xml, gpointer data, GError **error)
{
	const GPtrArray *forwards = ((HostlerDomain *)data)->settings.forwards;
	const HostlerForward *forward = g_ptr_array_index(forwards, forwards->len - 1);

	for (guint i = 0; i < forward->ranges->len; i++)
		if (!g_array_index(forward->ranges, HostlerPortRange, i).exclude)
			return TRUE;
	return hostler_xml_fail(xml, error, "no range means every port, which is not served; "
				"write a <range start='PORT'/> for each port or range");
}

/* `port` keeps its value when the attribute is not there. */
static gboolean take_port(HostlerXml *xml, const char *name, guint16 *port, GError **error)
{
	const char *text = hostler_xml_attribute(xml, name);
	g_autofree char *shown = NULL;

	if (text == NULL || hostler_value_port(text, port))
		return TRUE;
	shown = hostler_text_shown(text);
	return hostler_xml_fail(xml, error, "%s '%s' is no port; write a number from 1 to 65535", name, shown);
}

static gboolean check_range(HostlerXml *xml, const HostlerPortRange *range, GError **error)
{
	if (range->end < range->start)
		return hostler_xml_fail(xml, error, "end %u is below start %u; write the lower port first",
					range->end, range->start);
	if (range->to + (range->end - range->start) > G_MAXUINT16)
		return hostler_xml_fail(xml, error,
					"ports %u to %u, sent to %u and up, would end beyond 65535; "
					"write a lower 'to' or a shorter range",
					range->start, range->end, range->to);
	if (range->exclude && hostler_xml_attribute(xml, "to") != NULL)
		return hostler_xml_fail(xml, error, "an excluded range goes nowhere; leave 'to' out");
	return TRUE;
}

static guint count_ranges(const GPtrArray *forwards)
{
	guint n = 0;

	for (guint i = 0; i < forwards->len; i++)
		n += ((const HostlerForward *)g_ptr_array_index(forwards, i))->ranges->len;
	return n;
}

static gboolean begin_range(HostlerXml *xml, gpointer data, GError **error)
{
	static const char *const answers[] = {"no", "yes", NULL};
	const GPtrArray *forwards = ((HostlerDomain *)data)->settings.forwards;
	HostlerForward *forward = g_ptr_array_index(forwards, forwards->len - 1);
	HostlerPortRange range = {0};
	int exclude = choose(xml, "exclude", answers, 0, error);

	if (exclude < 0 || hostler_xml_require(xml, "start", error) == NULL ||
	    !take_port(xml, "start", &range.start, error))
		return FALSE;
	range.exclude = exclude;
	range.end = range.to = range.start;
	if (!take_port(xml, "end", &range.end, error) || !take_port(xml, "to", &range.to, error) ||
	    !check_range(xml, &range, error))
		return FALSE;
	g_array_append_val(forward->ranges, range);
	if (count_ranges(forwards) > MAX_RANGES)
		return hostler_xml_fail(xml, error, "more than %d ranges; join neighbours with 'end'", MAX_RANGES);
	return TRUE;
}

static gboolean begin_passthrough(HostlerXml *xml, gpointer data, GError **error)
{
	/* In the order of their enums. */
	static const char *const displays[] = {"keep", "release", NULL};
	static const char *const companions[] = {"bind", "refuse", "group", NULL};
	static const char *const resets[] = {"auto", "off", NULL};
	HostlerSettings *settings = &((HostlerDomain *)data)->settings;
	int display = choose(xml, "display", displays, HOSTLER_DISPLAY_KEEP, error);
	int companion = display < 0 ? -1 : choose(xml, "companions", companions, HOSTLER_COMPANIONS_BIND, error);
	int reset = companion < 0 ? -1 : choose(xml, "reset", resets, HOSTLER_RESET_AUTO, error);

	if (reset < 0)
		return FALSE;
	settings->display = (HostlerDisplay)display;
	settings->companions = (HostlerCompanions)companion;
	settings->reset = (HostlerReset)reset;
	return TRUE;
}

static gboolean begin_metrics(HostlerXml *xml, gpointer data, GError **error)
{
	HostlerSettings *settings = &((HostlerDomain *)data)->settings;
	const char *text = hostler_xml_attribute(xml, "interval");
	guint64 interval = 0;
	g_autofree char *shown = NULL;

	if (text == NULL || g_ascii_string_to_unsigned(text, 10, 1, MAX_INTERVAL, &interval, NULL)) {
		settings->metrics_interval = (guint)interval;
		return TRUE;
	}
	shown = hostler_text_shown(text);
	return hostler_xml_fail(xml, error, "interval '%s' is not served; write seconds from 1 to %d", shown,
				MAX_INTERVAL);
}

static gboolean end_vm(HostlerXml *xml, gpointer data, GError **error)
{
	const HostlerDomain *domain = data;
	guint port;
	const HostlerForward *clash = hostler_ports_find_clash(domain->settings.forwards, &port);

	if (clash == NULL)
		return TRUE;
	return hostler_xml_fail(xml, error, "%s port %u of %s is in two ranges; take it out of one",
				hostler_proto_name(clash->proto), port,
				clash->address != NULL ? clash->address : "every address");
}

static gboolean refuse_element(HostlerXml *xml, gpointer data, GError **error)
{
	return hostler_xml_fail(xml, error, "unknown element; the one of %s directly below <metadata> is <vm>",
				HOSTLER_SETTINGS_URI);
}

static const HostlerXmlAttribute no_attributes[] = {{NULL, NULL}};

static const HostlerXmlAttribute forward_attributes[] = {
	{"proto", NULL},
	{"address", NULL},
	{"source", NULL},
	{"rate", NULL},
	{"mac", NULL},
	{"dev", "has no meaning here; write address='…' with the host's address to listen on"},
	{NULL, NULL},
};

static const HostlerXmlAttribute range_attributes[] = {
	{"start", NULL}, {"end", NULL}, {"to", NULL}, {"exclude", NULL}, {NULL, NULL},
};

static const HostlerXmlAttribute passthrough_attributes[] = {
	{"display", NULL}, {"companions", NULL}, {"reset", NULL}, {NULL, NULL},
};

static const HostlerXmlAttribute metrics_attributes[] = {{"interval", NULL}, {NULL, NULL}};

static const HostlerXmlElement forward_children[] = {
	{.name = "range", .uri = HOSTLER_SETTINGS_URI, .strict = TRUE, .attributes = range_attributes,
	 .begin = begin_range},
	{.name = NULL},
};

static const HostlerXmlElement vm_children[] = {
	{.name = "portForward", .uri = HOSTLER_SETTINGS_URI, .strict = TRUE, .attributes = forward_attributes,
	 .children = forward_children, .begin = begin_forward, .end = end_forward},
	{.name = "passthrough", .uri = HOSTLER_SETTINGS_URI, .once = TRUE, .strict = TRUE,
	 .attributes = passthrough_attributes, .begin = begin_passthrough},
	{.name = "metrics", .uri = HOSTLER_SETTINGS_URI, .once = TRUE, .strict = TRUE,
	 .attributes = metrics_attributes, .begin = begin_metrics},
	{.name = NULL},
};

const HostlerXmlElement hostler_settings_grammar[] = {
	{.name = "vm", .uri = HOSTLER_SETTINGS_URI, .once = TRUE, .strict = TRUE, .attributes = no_attributes,
	 .children = vm_children, .end = end_vm},
	{.name = "*", .uri = HOSTLER_SETTINGS_URI, .strict = TRUE, .begin = refuse_element},
	{.name = NULL},
};
