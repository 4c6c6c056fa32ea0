/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/xml.h"
#include "hostler/domain.h"

/* The parts of /domain that say what the VM is built of. The walk's data is the
 * HostlerDomain. Nothing here refuses: what makes no sense to us is left unknown. */

gboolean hostler_os_begin(HostlerXml *xml, gpointer data, GError **error);
extern const HostlerXmlElement hostler_os_children[];
extern const HostlerXmlElement hostler_features_children[];
extern const HostlerXmlElement hostler_memtune_children[];
extern const HostlerXmlElement hostler_memory_backing_children[];

gboolean hostler_memory_begin(HostlerXml *xml, gpointer data, GError **error);
gboolean hostler_memory_end(HostlerXml *xml, gpointer data, GError **error);

void hostler_platform_clear(HostlerPlatform *platform);
