/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/xml.h"
#include "hostler/domain.h"

/* Our element below a domain's <metadata>. */
#define HOSTLER_SETTINGS_URI "urn:hostler:1"

/* What <metadata> may contain of ours; the walk's data is the HostlerDomain. */
extern const HostlerXmlElement hostler_settings_grammar[];

/* What holds without metadata. */
void hostler_settings_init(HostlerSettings *settings);
void hostler_settings_clear(HostlerSettings *settings);
