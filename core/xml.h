/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "core/scope.h"
#include "hostler/error.h"

/* A walk through a document along the paths of a grammar: a tree of const
 * tables that says which elements we read, from the root down. What the grammar
 * does not name is passed over, whatever it contains, unless its parent is
 * strict. */

typedef struct _HostlerXml HostlerXml;
typedef struct _HostlerXmlElement HostlerXmlElement;

typedef struct {
	const char *name;    /* NULL ends a table */
	const char *refusal; /* NULL; or why this one is not taken and what to write instead */
} HostlerXmlAttribute;

struct _HostlerXmlElement {
	const char *name; /* local name; "*": any; NULL ends a table */
	const char *uri;  /* namespace; NULL: none */
	gboolean once;    /* a second one beside it is refused */
	gboolean text;    /* its text is kept for `end`; it may have no children */
	gboolean strict;  /* ours: unknown attributes, elements and text are refused */
	const HostlerXmlAttribute *attributes; /* of a strict element; NULL: not looked at */
	const HostlerXmlElement *children;     /* at most 32; NULL: none */
	gboolean (*begin)(HostlerXml *xml, gpointer data, GError **error);
	gboolean (*end)(HostlerXml *xml, gpointer data, GError **error);
};

/* FALSE with HOSTLER_ERROR_XML, or HOSTLER_ERROR_SETTINGS within a strict
 * element, and the line: of the latter all that is wrong, four faults at most.
 * Refused besides what the grammar refuses: empty, cut off or malformed text,
 * broken UTF-8 and NUL, DOCTYPE, processing instructions where we read, an
 * attribute twice, more than HOSTLER_XML_MAX_BYTES or HOSTLER_XML_MAX_DEPTH,
 * anything after the root. */
gboolean hostler_xml_walk(const char *text, gsize length, const HostlerXmlElement *roots, gpointer data,
			  GError **error);

/* --- within `begin` --- */
/* The attribute of that name without a prefix, or NULL. */
const char *hostler_xml_attribute(const HostlerXml *xml, const char *name);
/* As above, but an error when it is not there. */
const char *hostler_xml_require(HostlerXml *xml, const char *name, GError **error);
/* This element is none of ours after all: its children and `end` are passed over. */
void hostler_xml_skip(HostlerXml *xml);

/* --- within `end` --- */
/* Never NULL. */
const char *hostler_xml_text(const HostlerXml *xml);

/* --- within both --- */
/* Sets an error that names line and element; returns FALSE. Text from the
 * document goes through hostler_text_shown() first. */
gboolean hostler_xml_fail(HostlerXml *xml, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* --- for strict.c --- */
HostlerScopedName hostler_xml_resolve(const HostlerXml *xml, const char *name);
