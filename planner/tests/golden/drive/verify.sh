#!/bin/sh
# Checks this bundle with systemd and, where it is installed, Ansible. Changes nothing outside a folder that it makes
# and removes. Any line that systemd-analyze prints counts as a failure: it exits 0 on much that is wrong.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
bad=0
for stubs in "$here"/verify/*/; do
    node="$(basename "$stubs")"
    mkdir -p "$work/$node"
    cp -r "$stubs"/. "$work/$node/"
    for units in "$here/nodes/$node/etc/systemd/system" "$here/nodes/$node"/home/*/.config/systemd/user "$here/nodes/$node"/*/.config/systemd/user; do
        if [ -d "$units" ]; then cp -r "$units"/. "$work/$node/"; fi
    done
    # BlueChi is not on every machine that checks a bundle; its programs are not what is checked.
    find "$work/$node" -type f -exec sed -i 's#=-\{0,1\}/usr/libexec/bluechi-[a-z]*#=/bin/true#' {} +
    set --
    for unit in "$work/$node"/*.service "$work/$node"/*.target "$work/$node"/*.timer; do
        # Templates cannot be loaded, and a colon means something else to systemd-analyze; units with one in their
        # name are loaded because the plan's target wants them.
        case "$(basename "$unit")" in *@.service | *:*) continue ;; esac
        if [ -f "$unit" ]; then set -- "$@" "$unit"; fi
    done
    out="$(SYSTEMD_UNIT_PATH="$work/$node:/usr/lib/systemd/system:/lib/systemd/system" SYSTEMD_LOG_LEVEL=warning \
        systemd-analyze verify --man=no --recursive-errors=yes "$@" 2>&1)" || bad=1
    if [ -n "$out" ]; then
        printf '%s:\n%s\n' "$node" "$out"
        bad=1
    fi
done
if command -v ansible-playbook >/dev/null 2>&1; then
    for book in site stop; do
        ansible-playbook --syntax-check -i "$here/ansible/inventory.yml" "$here/ansible/$book.yml" || bad=1
    done
else
    echo "ansible-playbook is not installed: the playbooks were not checked"
fi
exit "$bad"
