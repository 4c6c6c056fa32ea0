/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A walker over GMarkup, which checks little of what makes text a document:
 * two roots, an attribute twice, DOCTYPE and namespaces all pass it by. */

#include "core/xml.h"

#include <string.h>

#include "core/strict.h"
#include "core/wellformed.h"
#include "hostler/domain.h"
#include "hostler/text.h"

/* A line that lists more helps nobody. */
#define MOST_FAULTS 4

typedef struct {
	const HostlerXmlElement *element;
	guint32 seen; /* bit i: child i of the grammar has been there */
	guint n_faults; /* that there were before it */
} Frame;

struct _HostlerXml {
	GMarkupParseContext *context;
	HostlerXmlElement document; /* the parent of the roots */
	gpointer data;
	HostlerScope scope;
	Frame frames[HOSTLER_XML_MAX_DEPTH + 1]; /* by depth; 0 is the document */
	guint depth;   /* of the innermost open element; the root's is 1 */
	guint skipped; /* depth of the open element that we pass over; 0: none */
	guint strict;  /* depth of the outermost open strict element; 0: none */
	gboolean at_start; /* nothing has been seen yet */
	const char **names;  /* attributes, within `begin` only */
	const char **values;
	GString *text;
	guint n_faults; /* within strict elements */
	GString *faults; /* in words, the first of them */
};

HostlerScopedName hostler_xml_resolve(const HostlerXml *xml, const char *name)
{
	return hostler_scope_resolve(&xml->scope, name);
}

const char *hostler_xml_text(const HostlerXml *xml)
{
	return xml->text->str;
}

const char *hostler_xml_attribute(const HostlerXml *xml, const char *name)
{
	for (gsize i = 0; xml->names != NULL && xml->names[i] != NULL; i++)
		if (g_str_equal(xml->names[i], name))
			return xml->values[i];
	return NULL;
}

const char *hostler_xml_require(HostlerXml *xml, const char *name, GError **error)
{
	const char *value = hostler_xml_attribute(xml, name);

	if (value == NULL)
		hostler_xml_fail(xml, error, "attribute '%s' is missing", name);
	return value;
}

void hostler_xml_skip(HostlerXml *xml)
{
	xml->skipped = xml->depth;
}

gboolean hostler_xml_fail(HostlerXml *xml, GError **error, const char *format, ...)
{
	HostlerErrorCode code = xml->strict != 0 ? HOSTLER_ERROR_SETTINGS : HOSTLER_ERROR_XML;
	g_autofree char *element = NULL;
	g_autofree char *message = NULL;
	va_list args;
	int line;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	g_markup_parse_context_get_position(xml->context, &line, NULL);
	if (xml->depth > 0)
		element = hostler_text_shown(g_markup_parse_context_get_element(xml->context));
	g_set_error(error, HOSTLER_ERROR, (int)code, "line %d%s%s%s: %s", line, element != NULL ? ", <" : "",
		    element != NULL ? element : "", element != NULL ? ">" : "", message);
	return FALSE;
}

static gboolean fail_for_faults(const HostlerXml *xml, GError **error)
{
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_SETTINGS, "%s%s", xml->faults->str,
		    xml->n_faults > MOST_FAULTS ? "; and more" : "");
	return FALSE;
}

/* What people wrote for us is read on, for all that is wrong with it to be said at once; what is at fault is
 * passed over. FALSE: the walk is over. */
static gboolean keep_fault(HostlerXml *xml, GError *fault, GError **error)
{
	if (fault == NULL)
		return TRUE;
	if (xml->strict == 0) {
		g_propagate_error(error, fault);
		return FALSE;
	}
	if (++xml->n_faults <= MOST_FAULTS)
		g_string_append_printf(xml->faults, "%s%s", xml->n_faults > 1 ? "; " : "", fault->message);
	g_error_free(fault);
	return xml->n_faults <= MOST_FAULTS || fail_for_faults(xml, error);
}

/* The prefix that `virsh metadata` leaves away from the children of an element
 * means nothing; another namespace that they declare themselves does. */
static gboolean is_named(const HostlerXml *xml, const HostlerXmlElement *known, const HostlerScopedName *name)
{
	if (!g_str_equal(known->name, "*") && !g_str_equal(known->name, name->local))
		return FALSE;
	if (g_strcmp0(known->uri, name->uri) == 0)
		return TRUE;
	return xml->strict != 0 && !name->prefixed && (name->uri == NULL || name->declared <= xml->strict);
}

static const HostlerXmlElement *find_child(const HostlerXml *xml, const HostlerXmlElement *parent,
					   const HostlerScopedName *name)
{
	const HostlerXmlElement *known = parent->children;

	while (known != NULL && known->name != NULL && !is_named(xml, known, name))
		known++;
	return known != NULL && known->name != NULL ? known : NULL;
}

static gboolean pass_over(HostlerXml *xml, const char *name, GError **error)
{
	const HostlerXmlElement *parent = xml->frames[xml->depth - 1].element;

	if (xml->depth == 1)
		return hostler_xml_fail(xml, error, "the root must be <%s>", xml->document.children[0].name);
	if (xml->strict != 0)
		return hostler_strict_stranger(xml, parent, name, error);
	if (parent->text)
		return hostler_xml_fail(xml, error, "an element within <%s>, which takes text only", parent->name);
	xml->skipped = xml->depth;
	return TRUE;
}

static gboolean begin_element(HostlerXml *xml, const HostlerXmlElement *element, const char **names,
			      const char **values, GError **error)
{
	Frame *parent = &xml->frames[xml->depth - 1];
	guint32 bit = 1u << (element - parent->element->children);
	gboolean done = TRUE;

	if (element->strict && xml->strict == 0)
		xml->strict = xml->depth;
	if (element->once && (parent->seen & bit))
		return hostler_xml_fail(xml, error, "a second <%s> in one place; join them into one", element->name);
	parent->seen |= bit;
	xml->frames[xml->depth] = (Frame){.element = element, .n_faults = xml->n_faults};
	if (element->text)
		g_string_truncate(xml->text, 0);
	if (!hostler_strict_attributes(xml, element, names, error))
		return FALSE;
	xml->names = names;
	xml->values = values;
	if (element->begin != NULL)
		done = element->begin(xml, xml->data, error);
	xml->names = xml->values = NULL;
	return done;
}

static gboolean open_element(HostlerXml *xml, const char *name, const char **names, const char **values,
			     GError **error)
{
	HostlerScopedName scoped;
	const HostlerXmlElement *element;

	if (!hostler_scope_enter(&xml->scope, xml->depth, names, values))
		return hostler_xml_fail(xml, error, "too many xmlns declarations");
	scoped = hostler_xml_resolve(xml, name);
	element = find_child(xml, xml->frames[xml->depth - 1].element, &scoped);
	if (element == NULL)
		return pass_over(xml, name, error);
	return begin_element(xml, element, names, values, error);
}

static void see_start(GMarkupParseContext *context, const char *name, const char **names, const char **values,
		      gpointer data, GError **error)
{
	HostlerXml *xml = data;
	const char *complaint = hostler_wellformed_attributes(names);
	GError *fault = NULL;

	if (xml->depth == 0 && xml->frames[0].seen != 0)
		complaint = "a second root element; one document at a time";
	else if (xml->depth == HOSTLER_XML_MAX_DEPTH)
		complaint = "elements are nested deeper than 256";
	if (complaint != NULL) {
		hostler_xml_fail(xml, error, "%s", complaint);
		return;
	}
	xml->depth++;
	xml->at_start = FALSE;
	if (xml->skipped != 0 || open_element(xml, name, names, values, &fault))
		return;
	if (fault != NULL && keep_fault(xml, fault, error))
		xml->skipped = xml->depth;
}

static void see_end(GMarkupParseContext *context, const char *name, gpointer data, GError **error)
{
	HostlerXml *xml = data;

	if (xml->skipped == 0) {
		const Frame *frame = &xml->frames[xml->depth];
		GError *fault = NULL;

		/* What is at fault within it was left out, and is not missing. */
		if (frame->element->end != NULL && frame->n_faults == xml->n_faults)
			frame->element->end(xml, xml->data, &fault);
		if (!keep_fault(xml, fault, error))
			return;
	}
	if (xml->skipped == xml->depth)
		xml->skipped = 0;
	if (xml->strict == xml->depth)
		xml->strict = 0;
	hostler_scope_leave(&xml->scope, xml->depth);
	xml->depth--;
}

static gboolean is_blank(const char *text, gsize length)
{
	for (gsize i = 0; i < length; i++)
		if (!g_ascii_isspace(text[i]))
			return FALSE;
	return TRUE;
}

static void see_text(GMarkupParseContext *context, const char *text, gsize length, gpointer data, GError **error)
{
	HostlerXml *xml = data;
	g_autofree char *shown = NULL;
	g_autofree char *start = NULL;

	if (xml->skipped != 0)
		return;
	if (xml->frames[xml->depth].element->text) {
		g_string_append_len(xml->text, text, (gssize)length);
		return;
	}
	if ((xml->depth > 0 && xml->strict == 0) || is_blank(text, length))
		return;
	start = g_strndup(text, MIN(length, HOSTLER_TEXT_SHOWN));
	shown = hostler_text_shown(g_strstrip(start));
	if (xml->depth == 0)
		hostler_xml_fail(xml, error, "text outside the root element: '%s'", shown);
	else
		hostler_xml_fail(xml, error, "text '%s' has no meaning here; settings are attributes", shown);
}

/* Comments, processing instructions and DOCTYPE come here whole. */
static void see_aside(GMarkupParseContext *context, const char *text, gsize length, gpointer data, GError **error)
{
	HostlerXml *xml = data;
	const char *complaint = hostler_wellformed_aside(text, length, xml->at_start, xml->skipped == 0);

	xml->at_start = FALSE;
	if (complaint != NULL)
		hostler_xml_fail(xml, error, "%s", complaint);
}

/* GMarkup's own message, which quotes the document, in our form. */
static char *describe(const HostlerXml *xml, const GError *parsing)
{
	const char *colon = strstr(parsing->message, ": ");

	if (xml->depth == 0 && xml->frames[0].seen != 0)
		return g_strdup("something follows the end of the root element");
	return hostler_text_shown(g_str_has_prefix(parsing->message, "Error on line ") && colon != NULL ?
				  colon + strlen(": ") : parsing->message);
}

static void take_error(HostlerXml *xml, GError *parsing, GError **error)
{
	g_autofree char *words = NULL;
	int line;

	if (parsing->domain == HOSTLER_ERROR) {
		g_propagate_error(error, parsing);
		return;
	}
	g_markup_parse_context_get_position(xml->context, &line, NULL);
	words = describe(xml, parsing);
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_XML, "line %d: malformed XML: %s", line, words);
	g_error_free(parsing);
}

static gboolean run(HostlerXml *xml, const char *text, gsize length, GError **error)
{
	GError *parsing = NULL;

	if (!g_markup_parse_context_parse(xml->context, text, (gssize)length, &parsing) ||
	    !g_markup_parse_context_end_parse(xml->context, &parsing)) {
		take_error(xml, parsing, error);
		return FALSE;
	}
	if (xml->frames[0].seen == 0)
		return hostler_xml_fail(xml, error, "the document has no element");
	return xml->n_faults == 0 || fail_for_faults(xml, error);
}

gboolean hostler_xml_walk(const char *text, gsize length, const HostlerXmlElement *roots, gpointer data,
			  GError **error)
{
	static const GMarkupParser parser = {see_start, see_end, see_text, see_aside, NULL};
	HostlerXml *xml;
	gboolean done;
	guint line;
	const char *complaint = hostler_wellformed_bytes(text, length, &line);

	if (complaint != NULL) {
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_XML, "line %u: %s", line, complaint);
		return FALSE;
	}
	xml = g_new0(HostlerXml, 1);
	xml->context = g_markup_parse_context_new(&parser, G_MARKUP_TREAT_CDATA_AS_TEXT, xml, NULL);
	xml->document = (HostlerXmlElement){.name = "document", .children = roots};
	xml->frames[0].element = &xml->document;
	xml->at_start = text[0] == '<';
	xml->data = data;
	xml->text = g_string_new(NULL);
	xml->faults = g_string_new(NULL);
	hostler_scope_init(&xml->scope);
	done = run(xml, text, length, error);
	hostler_scope_clear(&xml->scope);
	g_string_free(xml->text, TRUE);
	g_string_free(xml->faults, TRUE);
	g_markup_parse_context_free(xml->context);
	g_free(xml);
	return done;
}
