/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/xml.h"

/* Our own elements take what their tables name and nothing else. */

/* FALSE with an error at the first attribute that `element` does not take. */
gboolean hostler_strict_attributes(HostlerXml *xml, const HostlerXmlElement *element, const char **names,
				   GError **error);

/* Sets the error for a child that `parent` does not take; returns FALSE. */
gboolean hostler_strict_stranger(HostlerXml *xml, const HostlerXmlElement *parent, const char *name, GError **error);
