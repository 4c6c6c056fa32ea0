/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* libvirt's XML of a VM: what it would be started with. */

/* Asks libvirt, read-only. `vm` is its name or UUID. */
char *domain_xml_from_libvirt(const char *vm, GError **error);
/* The same of a VM that runs, as it is now. */
char *domain_xml_of_running(const char *vm, GError **error);
/* "-" is stdin. */
char *domain_xml_from_file(const char *file, GError **error);
