/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the hooks' libraries alone cost: linked, loaded, unused. */
int main(void)
{
	return 0;
}
