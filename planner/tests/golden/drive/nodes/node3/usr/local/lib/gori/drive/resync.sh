#!/bin/sh
# Makes BlueChi's proxies anew after the agent has lost and found its controller: a proxy that was there before is
# exported on the old connection only and never hears of its target again.
# Arguments: none for the system's agent, --user for a user's.
scope="${1:-}"
connection() {
    # shellcheck disable=SC2086
    agent="$(busctl $scope get-property org.eclipse.bluechi.Agent /org/eclipse/bluechi org.eclipse.bluechi.Agent Status DisconnectTimestampMonotonic 2>/dev/null)"
    case "$agent" in
        *'"online"'*) printf '%s %s' "$agent" "$(systemctl $scope show --property=InvocationID bluechi-agent.service)" ;;
    esac
}
known=
while sleep 0.2; do
    now="$(connection)"
    [ -n "$now" ] || continue
    if [ -n "$known" ] && [ "$known" != "$now" ]; then
        systemctl $scope try-restart 'bluechi-proxy@*.service'
    fi
    known="$now"
done
