#!/bin/sh
# Makes BlueChi's proxies anew after the agent has lost and found its controller: a proxy that was there before is
# exported on the old connection only and never hears of its target again. The agent announces every connection on the
# bus. To ask for it now and then would miss a short loss, of which nothing is left to see: the agent clears its
# DisconnectTimestamp when it is back.
# Arguments: none for the system's agent, --user for a user's.
scope="${1:-}"
# Whether proxies may be there that are older than the agent's next connection.
# shellcheck disable=SC2086
has_proxies() {
    case "$(busctl $scope get-property org.eclipse.bluechi.Agent /org/eclipse/bluechi org.eclipse.bluechi.Agent Status 2>/dev/null)" in
        *'"online"'*) return 0 ;;
    esac
    systemctl $scope is-active --quiet 'bluechi-proxy@*.service'
}
# shellcheck disable=SC2086
busctl $scope monitor --match="type='signal',sender='org.eclipse.bluechi.Agent',path='/org/eclipse/bluechi',interface='org.freedesktop.DBus.Properties',member='PropertiesChanged'" 2>&1 |
    while read -r line; do
        # The first line says that the bus is being listened to; whoever looks before could miss what comes between.
        if [ -z "${known:-}" ]; then
            if has_proxies; then known=old; else known=none; fi
        fi
        case "$line" in
            *'"online"'*)
                # At the first connection after a boot every proxy is as new as the connection.
                if [ "$known" = old ]; then
                    systemctl $scope --no-block try-restart 'bluechi-proxy@*.service'
                fi
                known=old
                ;;
        esac
    done
