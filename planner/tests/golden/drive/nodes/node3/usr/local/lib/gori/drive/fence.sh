#!/bin/sh
# Stops the proxies of units that must not run on when a node is lost: BlueChi tells their agents with a virtual
# event, which they ignore.
# Arguments: the node that is watched, and a file of lines "NODE SOURCE_NODE PROXY_UNIT".
node="$1"
list="$2"
while :; do
    until bluechi-is-online node "$node"; do sleep 0.1; done
    bluechi-is-online node "$node" --monitor
    while read -r lost source proxy; do
        if [ "$lost" = "$node" ]; then
            bluechictl stop "$source" "$proxy" &
        fi
    done < "$list"
    wait
done
