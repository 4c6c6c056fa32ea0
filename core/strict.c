/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What our own elements do not take, and the words for it. */

#include "core/strict.h"

#include "hostler/text.h"

#define MAX_NAMES 16

/* "; did you mean 'address'?", or what there is to choose from. */
static char *suggest(const char *word, const char *const *names)
{
	const char *nearest = hostler_text_nearest(word, names);
	g_autofree char *all = NULL;

	if (nearest != NULL)
		return g_strdup_printf("; did you mean '%s'?", nearest);
	if (names[0] == NULL)
		return g_strdup("; nothing of the kind is known here");
	all = g_strjoinv(", ", (char **)(gpointer)names);
	return g_strdup_printf("; known here: %s", all);
}

static gboolean refuse_attribute(HostlerXml *xml, const HostlerXmlElement *element, const char *name,
				 GError **error)
{
	const char *names[MAX_NAMES + 1] = {NULL};
	gsize n_names = 0;
	HostlerScopedName scoped = hostler_xml_resolve(xml, name);
	g_autofree char *shown = hostler_text_shown(name);
	g_autofree char *suggestion = NULL;

	if (scoped.prefixed && g_strcmp0(scoped.uri, element->uri) == 0)
		return hostler_xml_fail(xml, error, "attribute '%s' has a prefix; write it without", shown);
	for (const HostlerXmlAttribute *known = element->attributes; known->name != NULL; known++)
		if (known->refusal == NULL && n_names < MAX_NAMES)
			names[n_names++] = known->name;
	suggestion = suggest(name, names);
	return hostler_xml_fail(xml, error, "unknown attribute '%s'%s", shown, suggestion);
}

static const HostlerXmlAttribute *find_attribute(const HostlerXmlAttribute *known, const char *name)
{
	for (; known->name != NULL; known++)
		if (g_str_equal(known->name, name))
			return known;
	return NULL;
}

gboolean hostler_strict_attributes(HostlerXml *xml, const HostlerXmlElement *element, const char **names,
				   GError **error)
{
	for (gsize i = 0; element->attributes != NULL && names[i] != NULL; i++) {
		const HostlerXmlAttribute *known;

		if (hostler_scope_is_declaration(names[i]))
			continue;
		known = find_attribute(element->attributes, names[i]);
		if (known == NULL)
			return refuse_attribute(xml, element, names[i], error);
		if (known->refusal != NULL)
			return hostler_xml_fail(xml, error, "attribute '%s' %s", names[i], known->refusal);
	}
	return TRUE;
}

gboolean hostler_strict_stranger(HostlerXml *xml, const HostlerXmlElement *parent, const char *name, GError **error)
{
	const char *names[MAX_NAMES + 1] = {NULL};
	gsize n_names = 0;
	HostlerScopedName scoped = hostler_xml_resolve(xml, name);
	g_autofree char *shown = hostler_text_shown(name);
	g_autofree char *suggestion = NULL;

	for (const HostlerXmlElement *known = parent->children; known != NULL && known->name != NULL; known++)
		if (n_names < MAX_NAMES)
			names[n_names++] = known->name;
	if (scoped.uri != NULL && g_strcmp0(scoped.uri, parent->uri) != 0) {
		g_autofree char *uri = hostler_text_shown(scoped.uri);

		return hostler_xml_fail(xml, error,
					"unknown element '%s' of namespace '%s' within <%s>; ours are of %s", shown,
					uri, parent->name, parent->uri);
	}
	suggestion = suggest(scoped.local, names);
	return hostler_xml_fail(xml, error, "unknown element '%s' within <%s>%s", shown, parent->name, suggestion);
}
