#!/bin/sh
# Starts what is down although everything it needs is up: a target that restarts takes its hard sources down, and
# neither systemd nor BlueChi brings them back. A unit that failed by itself is left to its own Restart=.
# Arguments: the plan's target, and a file of lines "NODE UNIT NEEDED_NODE NEEDED_UNIT", one for each hard edge, all
# lines of a unit together.
target="$1"
list="$2"
state() {
    path="$(busctl call org.eclipse.bluechi /org/eclipse/bluechi org.eclipse.bluechi.Controller GetNode s "$1" 2>/dev/null | cut -d'"' -f2)"
    [ -n "$path" ] || return 1
    busctl call org.eclipse.bluechi "$path" org.eclipse.bluechi.Node GetUnitProperty sss "$2" org.freedesktop.systemd1.Unit ActiveState 2>/dev/null | cut -d'"' -f2
}
settle() {
    if [ -n "$unit" ] && [ "$up" = yes ] && [ "$(state "$node" "$target")" = active ] && [ "$(state "$node" "$unit")" = inactive ]; then
        bluechictl start "$node" "$unit" &
    fi
}
node=
unit=
up=yes
while read -r n u needed_node needed_unit; do
    if [ "$n/$u" != "$node/$unit" ]; then
        settle
        node="$n"
        unit="$u"
        up=yes
    fi
    if [ "$up" = yes ] && [ "$(state "$needed_node" "$needed_unit")" != active ]; then
        up=no
    fi
done < "$list"
settle
wait
