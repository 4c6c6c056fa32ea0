/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/config.h"

/* Sets what `text` sets in `config`, which may be half done when an error is
 * found; `file` is for words. For tests and fuzzing. */
gboolean hostler_config_from_text(HostlerConfig *config, const char *file, const char *text, GError **error);
