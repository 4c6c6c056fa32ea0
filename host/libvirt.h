/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/host.h"

/* What libvirt keeps in /run/libvirt: read as files, never asked over RPC. */

char *host_vm_running(HostlerHost *host);
gboolean host_qemu_find(HostlerHost *host, const char *name, HostlerProcess *process);
char *host_vm_xml(HostlerHost *host, const char *uuid);
gboolean host_vm_arrives(HostlerHost *host, const char *name, gboolean came);
GPtrArray *host_network_xmls(HostlerHost *host);
